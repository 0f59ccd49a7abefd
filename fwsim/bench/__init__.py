"""This room measures how fast fwsim is: each figure beside a reference measured in the same run."""

from fwsim.bench.figures import Figure, measure

__all__ = ["Figure", "measure"]
