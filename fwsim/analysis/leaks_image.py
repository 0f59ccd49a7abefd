"""Addresses of the host in a ROM's image are found only at places with evidence, as code is full of numbers."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.hypervisor.interface import RomChange
from fwsim.hypervisor.qemu.shadow_patch import variable

Area = tuple[int, int]


class Baked(Struct, frozen=True):
    """A dword of an image: ``held`` in the guest's (0: cleared), ``host`` before; ``how`` one knows what it is."""

    offset: int
    held: int
    host: int
    how: str


def baked_in(file: bytes, offered: bytes, host: Area, patch: RomChange | None = None) -> list[Baked]:
    """Host addresses in the image that the guest was ``offered``, made of ``file`` (by a POST on the host, perhaps).

    Evidence is the routine that every Intel vBIOS loads its saved base with, as QEMU looks for it, or that the POST
    on the host stored the dword: a page address in the host's stolen memory that the file does not have there.
    ``patch`` is what the hypervisor did to it.
    """
    found = {each.offset: each for each in left_behind(file, offered, host, "the POST on the host")}
    at, _ = variable(offered)
    if patch is not None and patch.offset is not None and patch.held:
        found[patch.offset] = Baked(patch.offset, 0, patch.held, "cleared in the image by the hypervisor")
    elif at is not None and (held := _dword(offered, at)):
        found[at] = Baked(at, held, held, "the routine that loads the saved base reads it")
    return [found[at] for at in sorted(found)]


def left_behind(before: bytes, after: bytes, host: Area, who: str = "this guest's POST") -> list[Baked]:
    """Dwords that are other in ``after``, and page addresses in the host's stolen memory there."""
    size = min(len(before), len(after)) - 3
    if size <= 0:
        return []
    old, new = _dwords(before, size), _dwords(after, size)
    changed = (old != new) & (new >= host[0]) & (new < min(host[1], 1 << 32)) & (new & 0xFFF == 0)
    return [Baked(at, int(new[at]), int(new[at]), f"{who} stored it") for at in np.flatnonzero(changed).tolist()]


def _dwords(image: bytes, size: int) -> NDArray[np.uint64]:
    """The dword at each of the first ``size`` offsets."""
    wide = np.frombuffer(image, np.uint8).astype(np.uint64)
    found = np.zeros(size, np.uint64)
    for lane in range(4):
        found |= wide[lane : lane + size] << np.uint64(8 * lane)
    return found


def _dword(image: bytes, at: int) -> int:
    return int.from_bytes(image[at : at + 4], "little")
