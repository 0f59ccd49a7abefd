"""A step is one line of a folded trace: the events it stands for, what they did, and from which verbosity it shows."""

from typing import NamedTuple


class Step(NamedTuple):
    """``n`` events from the event ``first`` (in the order of ``COLUMNS``) on, said in ``lines``.

    ``level``: shown from this verbosity on. ``decode``: a register (space, address) and its value, for verbosity 2.
    """

    level: int
    first: tuple[int, ...]
    n: int
    lines: tuple[str, ...]
    decode: tuple[str, int, int] | None = None
