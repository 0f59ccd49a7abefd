"""What a BIOS service may touch: registers, memory, PCI, time, and the flags on the caller's stack."""

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.cpu.engine import Engine
from fwsim.devices.diskette import Diskette
from fwsim.devices.pci import PciBus
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ram import Ram
from fwsim.native import R_STEP, R_TIME

CARRY, ZERO = 0x0001, 0x0040


class Context(Struct, dict=True):
    """The machine as a service sees it. ``e820`` is (start, size, type) after POST, ``post_e820`` before.

    ``kept``: (start, size) of memory that an option ROM was given for good.
    """

    cpu: Engine
    ram: Ram
    pci: PciBus
    root: NDArray[np.uint64]
    low: int
    high: int
    e820: list[tuple[int, int, int]] = field(default_factory=list)
    int15: dict[int, dict[str, int]] = field(default_factory=dict)
    post_e820: list[tuple[int, int, int]] = field(default_factory=list)
    intel_vga: bool = False
    kept: list[tuple[int, int]] = field(default_factory=list)
    medium: Diskette | None = None
    """What is in drive A."""
    posted: bool = False
    """POST is over: no longer are option ROMs called."""

    def __post_init__(self) -> None:
        """What is asked for most: reading one register, writing one, and the root block's words as plain numbers."""
        self.get, self.set = self.cpu.get, self.cpu.set
        self.words = self.root.data

    def memory_map(self) -> list[tuple[int, int, int]]:
        """(start, size, type) as INT 15h E820 gives it now; during POST the firmware still keeps more for itself."""
        rows = self.e820 if self.posted else self.post_e820
        if not self.kept:
            return rows
        made = E820Map(rows)
        for start, size in self.kept:
            made.add(start, size, E820Type.RESERVED)
        return [(entry.start, entry.size, entry.type) for entry in made]

    def ram_end(self) -> int:
        """End of RAM below 4 GiB as the firmware counts it: of the last RAM in the map (SeaBIOS src/malloc.c)."""
        ends = [start + size for start, size, kind in self.memory_map() if kind == E820Type.RAM]
        return max((end for end in ends if end < 1 << 32), default=self.low)

    def flag(self, mask: int, on: bool) -> None:
        """Change a flag in the FLAGS image that IRET will pop."""
        at = (self.get("ss") << 4) + (self.get("sp") + 4 & 0xFFFF)
        flags = self.ram.word(at, 2)
        self.ram.put(at, flags | mask if on else flags & ~mask, 2)

    def fail(self, ah: int) -> None:
        """AH = ``ah``, CF = 1."""
        self.set("ah", ah)
        self.flag(CARRY, True)

    def succeed(self, ah: int = 0) -> None:
        """AH = ``ah``, CF = 0."""
        self.set("ah", ah)
        self.flag(CARRY, False)

    @property
    def time_ns(self) -> int:
        """Virtual time."""
        return self.words[R_TIME]

    def wait(self, nanoseconds: int) -> None:
        """Let virtual time pass."""
        self.words[R_TIME] += nanoseconds

    def config_read(self, bdf: int, offset: int, width: int) -> int:
        """A configuration read of the firmware's: two accesses (CF8, CFC) of time, and one event."""
        self.wait(2 * self.words[R_STEP])
        return self.pci.read(self.root, bdf, offset, width)

    def config_write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """A configuration write of the firmware's."""
        self.wait(2 * self.words[R_STEP])
        self.pci.write(self.root, bdf, offset, width, value)

    def far(self, segment: str, offset: str) -> int:
        """Linear address of segment:offset, both register names."""
        return (self.get(segment) << 4) + (self.get(offset) & 0xFFFF)
