"""How running code came to its end."""

from msgspec import Struct


class Ending(Struct):
    """Why running stopped. ``reason`` as in summary.json; completed: the code came back to who had started it.

    ``cs`` and ``ip`` are the instruction's where it stopped; both 0 where no code ran.
    """

    reason: str
    cs: int = 0
    ip: int = 0
    detail: str = ""
