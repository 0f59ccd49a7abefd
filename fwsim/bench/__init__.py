"""How fast is it? Each figure beside a reference measured in the same run."""

from fwsim.bench.figures import Figure, measure

__all__ = ["Figure", "measure"]
