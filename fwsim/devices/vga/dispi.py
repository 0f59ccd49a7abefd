"""The Bochs display interface (dispi): ports 1CE/1CF, the same registers in BAR2, banks and clearing.

Source: Bochs ``iodev/display/vbe.h`` and QEMU ``docs/specs/standard-vga.rst`` (index list, BAR2 layout).
"""

from itertools import count
from typing import Any

import numpy as np

from fwsim.devices.vga.ports import vga_in, vga_out
from fwsim.devices.vga.state import (
    V_BANK0,
    V_BANK1,
    V_DAC_BITS,
    V_DISPI,
    V_DISPI_INDEX,
    V_EDID,
    V_PLANE_BASE,
    V_PLANE_MASK,
    V_VRAM,
    V_VRAM_SIZE,
    V_WINDOW,
    WINDOW_LINEAR,
    WINDOW_PLANES,
)
from fwsim.native import R_VGA, native, u8s, u16s, u64s

_next = count().__next__
D_ID = _next()
D_XRES = _next()  # pixels
D_YRES = _next()
D_BPP = _next()  # 4, 8, 15, 16, 24, 32
D_ENABLE = _next()
D_BANK = _next()  # 64 KiB units
D_VIRT_WIDTH = _next()  # pixels of one line in memory
D_VIRT_HEIGHT = _next()
D_X_OFFSET = _next()
D_Y_OFFSET = _next()
D_MEMORY = _next()  # read-only: video memory in 64 KiB units

ENABLED, GETCAPS, DAC_8BIT, LFB, NO_CLEAR = 0x01, 0x02, 0x20, 0x40, 0x80
MAX_XRES, MAX_YRES, MAX_BPP = 16000, 12000, 32
ID_FIRST, ID_LAST = 0xB0C0, 0xB0C5
_OPEN16 = 0xFFFF

# Layout of BAR2 (4 KiB of memory space) of stdvga and bochs-display.
BAR2_EDID, BAR2_VGA, BAR2_DISPI, BAR2_QEXT = 0x000, 0x400, 0x500, 0x600
_BAR2_VGA_END = 0x420
_BAR2_DISPI_END = BAR2_DISPI + 2 * (D_MEMORY + 1)


@native
def line_bytes(width: int, bpp: int) -> Any:
    """Bytes of one line of ``width`` pixels in video memory; in the 4-bit planar modes, bytes within each plane."""
    if bpp == 4:
        return width >> 3
    return width * ((bpp + 7) >> 3)


@native
def _fix_geometry(words: Any, regs: Any) -> None:
    """Bring a mode into what memory can hold: width in steps of 8, virtual width no less than the visible."""
    bpp = np.int64(regs[D_BPP])
    if not (bpp == 4 or bpp == 15 or bpp == 16 or bpp == 24 or bpp == 32):
        bpp = np.int64(8)
    size = np.int64(words[V_VRAM_SIZE]) // (4 if bpp == 4 else 1)
    width: Any = min(max(np.int64(regs[D_XRES]) & ~7, 8), MAX_XRES)
    virtual: Any = min(max(np.int64(regs[D_VIRT_WIDTH]) & ~7, width), MAX_XRES)
    line = line_bytes(virtual, bpp)
    lines = size // line
    height: Any = min(max(np.int64(regs[D_YRES]), 1), min(MAX_YRES, lines))
    left, top = np.int64(regs[D_X_OFFSET]), np.int64(regs[D_Y_OFFSET])
    if line_bytes(left, bpp) + (top + height) * line > size:
        top = np.int64(0)
        if line_bytes(left, bpp) + height * line > size:
            left = np.int64(0)
    regs[D_BPP] = np.uint16(bpp)
    regs[D_XRES] = np.uint16(width)
    regs[D_YRES] = np.uint16(height)
    regs[D_VIRT_WIDTH] = np.uint16(virtual)
    regs[D_VIRT_HEIGHT] = np.uint16(min(lines, 0xFFFF))
    regs[D_X_OFFSET] = np.uint16(left)
    regs[D_Y_OFFSET] = np.uint16(top)


@native
def _set_window(words: Any, regs: Any) -> None:
    """What A0000 shows: a 64 KiB bank of linear memory, or of each plane in 4-bit modes; plain VGA while disabled."""
    bank = np.int64(regs[D_BANK])
    on = np.int64(regs[D_ENABLE]) & ENABLED
    planar = np.int64(regs[D_BPP]) == 4
    words[V_WINDOW] = np.uint64(WINDOW_LINEAR if on and not planar else WINDOW_PLANES)
    words[V_BANK0] = np.uint64(bank << 16)
    words[V_BANK1] = np.uint64((bank << 16) + 0x8000)
    words[V_PLANE_BASE] = np.uint64(bank << 16 if on and planar else 0)
    words[V_PLANE_MASK] = np.uint64((np.int64(words[V_VRAM_SIZE]) >> 2) - 1 if on and planar else 0xFFFF)


@native
def _enable(words: Any, regs: Any, value: int) -> None:
    """Register 4: turning the interface on takes the geometry as set, from the origin, and clears unless bit 7 set."""
    was = np.int64(regs[D_ENABLE]) & ENABLED
    regs[D_ENABLE] = np.uint16(value)
    words[V_DAC_BITS] = np.uint64(8 if value & DAC_8BIT else 6)
    if value & ENABLED and not was:
        regs[D_VIRT_WIDTH] = np.uint16(0)
        regs[D_X_OFFSET] = np.uint16(0)
        regs[D_Y_OFFSET] = np.uint16(0)
        _fix_geometry(words, regs)
        if not value & NO_CLEAR:
            bpp = np.int64(regs[D_BPP])
            count = line_bytes(np.int64(regs[D_VIRT_WIDTH]), bpp) * np.int64(regs[D_YRES]) * (4 if bpp == 4 else 1)
            memory = u8s(words[V_VRAM])
            for at in range(count):
                memory[at] = np.uint8(0)
    elif not value & ENABLED:
        regs[D_BANK] = np.uint16(0)
    _set_window(words, regs)


@native
def dispi_read(root: int, index: int) -> Any:
    """Register ``index`` (16 bits); with GETCAPS set, the resolution registers tell the largest values."""
    words = u64s(u64s(root)[R_VGA])
    if words[V_DISPI] == np.uint64(0) or index > D_MEMORY:
        return np.int64(_OPEN16 if words[V_DISPI] == np.uint64(0) else 0)
    regs = u16s(words[V_DISPI])
    if index == D_MEMORY:
        return np.int64(words[V_VRAM_SIZE]) >> 16
    if np.int64(regs[D_ENABLE]) & GETCAPS:
        if index == D_XRES:
            return np.int64(MAX_XRES)
        if index == D_YRES:
            return np.int64(MAX_YRES)
        if index == D_BPP:
            return np.int64(MAX_BPP)
    return np.int64(regs[index])


@native
def dispi_write(root: int, index: int, value: int) -> None:
    """Write register ``index``; the id only takes B0C0h to B0C5h, the bank is cut to what memory has."""
    words = u64s(u64s(root)[R_VGA])
    if words[V_DISPI] == np.uint64(0):
        return
    regs = u16s(words[V_DISPI])
    value &= 0xFFFF
    if index == D_ID:
        if ID_FIRST <= value <= ID_LAST:
            regs[D_ID] = np.uint16(value)
    elif index == D_ENABLE:
        _enable(words, regs, value)
    elif index == D_BANK:
        size = np.int64(words[V_VRAM_SIZE]) >> (18 if np.int64(regs[D_BPP]) == 4 else 16)
        regs[D_BANK] = np.uint16(value & (size - 1))
        _set_window(words, regs)
    elif index < D_MEMORY and index != D_VIRT_HEIGHT:
        regs[index] = np.uint16(value)
        if np.int64(regs[D_ENABLE]) & ENABLED:
            _fix_geometry(words, regs)
            _set_window(words, regs)


@native
def dispi_in(root: int, port: int, width: int) -> Any:
    """Read ports 1CE (index), 1CF and 1D0 (data), 16 bits at a time; 32 bits at 1CE are index and data."""
    words = u64s(u64s(root)[R_VGA])
    mask = (1 << (8 * np.int64(width))) - 1
    index = np.int64(words[V_DISPI_INDEX])
    if words[V_DISPI] == np.uint64(0):
        return np.uint32(mask)
    if port == 0x1CE:
        return np.uint32((index | (np.int64(dispi_read(root, index)) << 16)) & mask)
    if port == 0x1CF or port == 0x1D0:
        return np.uint32(np.int64(dispi_read(root, index)) & mask)
    return np.uint32(mask)


@native
def dispi_out(root: int, port: int, width: int, value: int) -> None:
    """Write ports 1CE (index), 1CF and 1D0 (data), 16 bits at a time; 32 bits at 1CE are index and data."""
    words = u64s(u64s(root)[R_VGA])
    data = np.int64(value)
    if port == 0x1CE:
        words[V_DISPI_INDEX] = np.uint64(data & 0xFFFF)
        if width == 4:
            dispi_write(root, data & 0xFFFF, (data >> 16) & 0xFFFF)
    elif port == 0x1CF or port == 0x1D0:
        dispi_write(root, np.int64(words[V_DISPI_INDEX]), data & 0xFFFF)


@native
def _bar2_byte(root: int, offset: int) -> Any:
    words = u64s(u64s(root)[R_VGA])
    if offset < BAR2_VGA:
        return np.int64(u8s(words[V_EDID])[offset]) if offset < 128 and words[V_EDID] else np.int64(0)
    if offset < _BAR2_VGA_END:
        return np.int64(vga_in(root, 0x3C0 + offset - BAR2_VGA, 1))
    if BAR2_DISPI <= offset < _BAR2_DISPI_END:
        return (np.int64(dispi_read(root, (offset - BAR2_DISPI) >> 1)) >> (8 * (offset & 1))) & 0xFF
    if BAR2_QEXT <= offset < BAR2_QEXT + 8:  # size of the block, then the byte order: little endian
        return (0x1E1E1E1E_00000008 >> (8 * (offset - BAR2_QEXT))) & 0xFF
    return np.int64(0)


@native
def bar2_read(root: int, offset: int, width: int) -> Any:
    """Read BAR2 of stdvga or bochs-display: EDID at 0, VGA ports 3C0-3DF at 400h, dispi at 500h, byte order at 604h."""
    value = np.uint64(0)
    for step in range(np.int64(width)):
        value |= np.uint64(_bar2_byte(root, np.int64(offset) + step)) << np.uint64(8 * step)
    return value


@native
def bar2_write(root: int, offset: int, width: int, value: int) -> None:
    """Write BAR2 of stdvga or bochs-display; dispi registers take 16-bit writes (a 32-bit one is two)."""
    at = np.int64(offset)
    data = np.uint64(value)
    if BAR2_VGA <= at < _BAR2_VGA_END:
        vga_out(root, 0x3C0 + at - BAR2_VGA, min(np.int64(width), 4), np.int64(data & np.uint64(0xFFFFFFFF)))
    elif BAR2_DISPI <= at < _BAR2_DISPI_END and not at & 1:
        count: Any = max(np.int64(width) >> 1, 1)
        for step in range(count):
            part = (data >> np.uint64(16 * step)) & np.uint64(0xFFFF)
            dispi_write(root, ((at - BAR2_DISPI) >> 1) + step, np.int64(part))
