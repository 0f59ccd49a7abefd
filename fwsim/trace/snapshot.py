"""The registers as a run left them become an image of the MMIO BAR, as ``intel_reg --mmio=FILE`` reads it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.event import Op, Space

SIZE = 2 << 20
"""The registers' part of BAR0: all of it that fwsim has registers in."""


def mmio_image(events: NDArray[np.void]) -> tuple[NDArray[np.uint8], int]:
    """(the image, registers known): each register's last value, read or written, and 0 where nobody looked."""
    mask = (events["space"] == Space.MMIO) & (events["op"] <= Op.WRITE) & (events["address"] <= SIZE - 4)
    found = events[mask]
    addresses = found["address"] & ~np.uint64(3)
    image = np.zeros(SIZE // 4, dtype="<u4")
    known, last = np.unique(addresses[::-1], return_index=True)
    image[(known // 4).astype(np.int64)] = found["value"][::-1][last] & np.uint64(0xFFFFFFFF)
    return image.view(np.uint8), len(known)
