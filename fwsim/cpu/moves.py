"""What a service did with a value is said beside the recorded steps: where it came from, and where it went."""

from __future__ import annotations

from msgspec import Struct


class Move(Struct, frozen=True):
    """``size`` bytes came from ``kind`` at ``source``, and went to memory or to a device.

    ``kind``: "memory" (``source`` is an address), "event" (the number of the read that gave it), "register" (its
    number), "service" (the service made it). ``to``: where in memory it was stored, -1 for a device; then the writes
    that it went out by are the events from ``events[0]`` on, before ``events[1]``. A ``fill`` is those bytes again and
    again.
    """

    kind: str
    source: int
    size: int
    to: int = -1
    events: tuple[int, int] = (0, 0)
    fill: bool = False
