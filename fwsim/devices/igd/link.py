"""A DisplayPort sink's link: how it answers and trains, where it does not do so at once."""

from msgspec import Struct


class Link(Struct, frozen=True):
    """A DisplayPort sink's way with its source: how often it defers a request before it answers, and from which
    voltage swing (0 to 3; 4: from none) and pre-emphasis (0 to 3) on it locks on a training pattern.
    """

    defers: int = 0
    swing: int = 0
    pre_emphasis: int = 0
