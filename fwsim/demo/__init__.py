"""The demonstrations: one program, two machines, side by side."""
