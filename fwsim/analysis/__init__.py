"""This room draws what follows from a run: why a value is what it is, leaks, needs, differences, replays."""
