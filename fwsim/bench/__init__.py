"""This room measures how fast fwsim is: each figure beside a reference measured in the same run."""
