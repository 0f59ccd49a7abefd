"""A VGA holds registers, DAC, latches and video memory, laid out so that native code can reach them.

Video memory is interleaved: byte 4n+p is byte n of plane p, so one 32-bit word holds what the four latches load. Linear
modes (dispi, cirrus) see the same bytes one after another, as one array ``vram``.
"""

import mmap
from itertools import count

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.native import address_of
from fwsim.units import KIB

_next = count().__next__
V_KIND = _next()  # KIND_*: which extensions answer
V_REGS = _next()  # address of the register bytes: SEQ, GFX, CRTC, ATTR, DAC below
V_VRAM = _next()  # address of video memory
V_VRAM_SIZE = _next()  # bytes, a power of two
V_PLANE_BASE = _next()  # added to a plane address (dispi: bank * 64 KiB in planar modes)
V_PLANE_MASK = _next()  # plane addresses wrap at it: 0xFFFF on a VGA
V_LATCH = _next()  # four latches, plane 0 in the low byte
V_SEQ_INDEX = _next()
V_GFX_INDEX = _next()
V_CRTC_INDEX = _next()
V_ATTR_INDEX = _next()  # bit 5: palette address source
V_FLIP = _next()  # 0: the next write of 3C0 is an index; 1: it is data
V_MISC = _next()
V_FEATURE = _next()
V_ENABLE = _next()  # 3C3
V_DAC_MASK = _next()  # 3C6
V_DAC_READ = _next()  # index of the next read of 3C9
V_DAC_WRITE = _next()
V_DAC_STATE = _next()  # what 3C7 reads: 0 after a write of 3C8, 3 after one of 3C7
V_DAC_STEP = _next()  # which of red, green, blue is next
V_DAC_LATCH = _next()  # red and green, until blue completes the entry
V_DAC_BITS = _next()  # 6, or 8 where the card widened the DAC
V_MONITOR = _next()  # 1: a colour monitor loads the DAC's outputs
V_WINDOW = _next()  # WINDOW_*: what A0000 shows
V_BANK0 = _next()  # byte offset in video memory (or in the page table's space) of the window's lower 32 KiB
V_BANK1 = _next()  # and of its upper 32 KiB
V_PAGES = _next()  # address of a uint64 table: host address of each 4 KiB page, 0 = nothing there; 0: no table
V_PAGE_COUNT = _next()
V_USED = _next()  # address of a uint8 for each page of that table: 1 once the window showed it to an access; 0: none
V_HIDDEN = _next()  # cirrus: hidden DAC register
V_HIDDEN_READS = _next()  # cirrus: reads of 3C6 in a row
V_DISPI_INDEX = _next()
V_DISPI = _next()  # address of the dispi registers (uint16[16]); 0: no dispi
V_MMIO = _next()  # address of the adapter's own registers, 64 KiB; 0: none
V_I2C = _next()  # bit-banged DDC: see i2c.py
V_EDID = _next()  # address of 128 bytes of EDID; 0: no monitor answers
V_GMADR = _next()  # gen 3: 100h + bits 31:24 of the aperture's address, which GR15 then reads; 0: GR15 only stores
VGA_WORDS = _next()

KIND_VGA, KIND_CIRRUS, KIND_IGD, KIND_ATI, KIND_BANSHEE = range(5)
WINDOW_PLANES, WINDOW_LINEAR, WINDOW_PAGES = range(3)

# Where each register bank starts in the register bytes.
SEQ, GFX, CRTC, ATTR, DAC = 0, 256, 512, 768, 1024
REG_BYTES = DAC + 768

_WIRED = (V_KIND, V_DISPI, V_MMIO, V_PAGES, V_PAGE_COUNT, V_USED, V_EDID, V_MONITOR, V_GMADR)
"""Words that say what the card is and what it is connected to: a reset leaves them."""
_ADDRESSES = (V_REGS, V_VRAM, V_DISPI, V_MMIO, V_PAGES, V_PAGE_COUNT, V_USED, V_EDID)
DISPI_ID5 = 0xB0C5
I2C_IDLE = 3  # both lines high: see i2c.py

_PAGE = 4096


def allocate(size: int) -> NDArray[np.uint8]:
    """``size`` zero bytes that start at a page boundary, so that an engine can map them as guest memory."""
    return np.frombuffer(mmap.mmap(-1, size), dtype=np.uint8)


class VgaState(Struct, frozen=True):
    """A VGA as it was at one moment; ``memory`` holds the pages that were not all zero, by page number."""

    block: NDArray[np.uint64]
    regs: NDArray[np.uint8]
    dispi: NDArray[np.uint16]
    mmio: NDArray[np.uint8]
    pages: NDArray[np.intp]
    memory: NDArray[np.uint8]


class Vga:
    """A VGA: put ``address_of(vga.block)`` in the root word ``R_VGA`` and keep the object alive.

    ``kind`` chooses the extension registers that answer; ``vram_size`` is in bytes, a power of two from 256 KiB up
    (FwsimError otherwise), and its first 256 KiB are the four planes. ``dispi``: the Bochs interface at 1CE/1CF
    answers.
    """

    def __init__(self, kind: int = KIND_VGA, vram_size: int = 256 * KIB, *, dispi: bool = False) -> None:
        if vram_size < 256 * KIB or vram_size & (vram_size - 1):
            raise FwsimError(
                "impossible size of video memory", found=f"{vram_size} bytes", expected="a power of two, at least 256K"
            )
        self.block: NDArray[np.uint64] = np.zeros(VGA_WORDS, np.uint64)
        self.regs: NDArray[np.uint8] = np.zeros(REG_BYTES, np.uint8)
        self.vram = allocate(vram_size)
        self.dispi: NDArray[np.uint16] = np.zeros(16, np.uint16)
        self.mmio: NDArray[np.uint8] = np.zeros(64 * KIB, np.uint8)
        self.edid: NDArray[np.uint8] = np.zeros(128, np.uint8)
        self.block[V_KIND] = kind
        self.block[V_MONITOR] = 1
        self.block[V_MMIO] = address_of(self.mmio)
        self.block[V_DISPI] = address_of(self.dispi) if dispi else 0
        self.reset()

    @property
    def planes(self) -> NDArray[np.uint8]:
        """The four planes: ``planes[address, plane]``."""
        return self.vram[: 256 * KIB].reshape(65536, 4)

    @property
    def seq(self) -> NDArray[np.uint8]:
        """Sequencer registers (3C5), by index."""
        return self.regs[SEQ : SEQ + 256]

    @property
    def gfx(self) -> NDArray[np.uint8]:
        """Graphics controller registers (3CF), by index."""
        return self.regs[GFX : GFX + 256]

    @property
    def crtc(self) -> NDArray[np.uint8]:
        """CRT controller registers (3D5), by index."""
        return self.regs[CRTC : CRTC + 256]

    @property
    def attr(self) -> NDArray[np.uint8]:
        """Attribute controller registers (3C0), by index."""
        return self.regs[ATTR : ATTR + 256]

    @property
    def dac(self) -> NDArray[np.uint8]:
        """The palette as written: 256 rows of red, green, blue, six bits wide unless V_DAC_BITS says eight."""
        return self.regs[DAC : DAC + 768].reshape(256, 3)

    def word(self, index: int) -> int:
        """One V_* word of the block."""
        return int(self.block[index])

    def set_monitor(self, edid: bytes | None) -> None:
        """Attach a monitor whose first EDID block is ``edid`` (128 bytes), or detach it (None)."""
        if edid is not None:
            self.edid[:] = np.frombuffer(edid[:128].ljust(128, b"\0"), np.uint8)
        self.block[V_EDID] = 0 if edid is None else address_of(self.edid)
        self.block[V_MONITOR] = 0 if edid is None else 1

    def reset(self, *, memory: bool = True) -> None:
        """Power-on state: registers zero, ``memory`` cleared, colour ports enabled by nobody yet (misc 0)."""
        kept = {word: self.word(word) for word in _WIRED}
        self.block[:] = 0
        self.regs[:] = 0
        if memory:
            self.vram[:] = 0
        self.mmio[:] = 0
        self.dispi[:] = 0
        for word, value in kept.items():
            self.block[word] = value
        self.block[V_REGS] = address_of(self.regs)
        self.block[V_VRAM] = address_of(self.vram)
        self.block[V_VRAM_SIZE] = len(self.vram)
        self.block[V_PLANE_MASK] = 0xFFFF
        self.block[V_DAC_MASK] = 0xFF
        self.block[V_DAC_BITS] = 6
        self.block[V_ENABLE] = 1
        self.block[V_BANK1] = 0x8000
        self.block[V_I2C] = I2C_IDLE
        if kept[V_DISPI]:
            self.dispi[0] = DISPI_ID5
        if kept[V_KIND] == KIND_CIRRUS:
            self._reset_cirrus()
        if kept[V_KIND] == KIND_BANSHEE:  # vidSerialParallelPort: the DDC pins are released; its BIOS relies on it
            self.mmio.view("<u4")[0x78 >> 2] = 3 << 19

    def _reset_cirrus(self) -> None:
        """A CL-GD5446 on PCI with 4 MiB (GD5446 Technical Reference: SR0F, SR15, SR17, SR1F, GR18, CR27)."""
        self.seq[0x06] = 0x0F
        self.seq[0x0F] = 0x98
        self.seq[0x15] = 0x04
        self.seq[0x17] = 0x20
        self.seq[0x1F] = 0x2D
        self.gfx[0x18] = 0x0F
        self.crtc[0x27] = 0xB8

    def snapshot(self) -> VgaState:
        """A copy of everything that can change."""
        memory = self.vram.reshape(-1, _PAGE)
        pages = np.flatnonzero(memory.any(axis=1))
        return VgaState(
            self.block.copy(), self.regs.copy(), self.dispi.copy(), self.mmio.copy(), pages, memory[pages].copy()
        )

    def restore(self, state: VgaState) -> None:
        """Back to ``state``, in place: the addresses that native code holds stay good."""
        addresses = {word: self.word(word) for word in _ADDRESSES}
        self.block[:] = state.block
        for word, value in addresses.items():
            self.block[word] = value
        self.regs[:] = state.regs
        self.dispi[:] = state.dispi
        self.mmio[:] = state.mmio
        self.vram[:] = 0
        self.vram.reshape(-1, _PAGE)[state.pages] = state.memory
