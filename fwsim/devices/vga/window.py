"""An access to A0000-BFFFF goes by memory maps, chains, latches, write modes, and the banked linear windows.

Sources: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem" (1992); FreeVGA, "Accessing the Display
Memory".
"""

from typing import Any

import numpy as np

from fwsim.devices.vga.state import (
    GFX,
    SEQ,
    V_BANK0,
    V_BANK1,
    V_LATCH,
    V_MISC,
    V_PAGE_COUNT,
    V_PAGES,
    V_PLANE_BASE,
    V_PLANE_MASK,
    V_REGS,
    V_USED,
    V_VRAM,
    V_VRAM_SIZE,
    V_WINDOW,
    WINDOW_LINEAR,
    WINDOW_PAGES,
    WINDOW_PLANES,
)
from fwsim.native import R_VGA, native, u8s, u16s, u32s, u64s

_MISC_RAM = 0x02
_MISC_PAGE = 0x20
_OPEN = -1


@native
def _decode(misc: int, gr6: int, offset: int) -> Any:
    """Offset within the mapped part of the window, or -1 where the card does not answer."""
    if not misc & _MISC_RAM:
        return _OPEN
    select = (gr6 >> 2) & 3
    if select == 0:
        return offset
    if select == 1:
        return offset if offset < 0x10000 else _OPEN
    low = 0x10000 if select == 2 else 0x18000
    return offset - low if low <= offset < low + 0x8000 else _OPEN


@native
def _plane_address(misc: int, seq4: int, gr6: int, at: int) -> Any:
    """Byte address within each plane of offset ``at`` of the mapped part.

    Chain-4 drops A1:A0. Odd/even chaining puts A16 (128 KiB map) or the inverted page bit of the miscellaneous register
    in the place of A0: mode 3 sets that bit (misc 67h), and its text lies at even plane addresses.
    """
    if seq4 & 0x08:
        return at & 0xFFFC
    if gr6 & 0x02:
        high = (at >> 16) & 1 if not gr6 & 0x0C else (0 if misc & _MISC_PAGE else 1)
        return (at & 0xFFFE) | high
    return at & 0xFFFF


@native
def _fill(planes: int) -> Any:
    """A 32-bit mask with all ones in the byte of each plane of the 4-bit set ``planes``."""
    return (
        (0xFF if planes & 1 else 0)
        | (0xFF00 if planes & 2 else 0)
        | (0xFF0000 if planes & 4 else 0)
        | (0xFF000000 if planes & 8 else 0)
    )


@native
def _read_planes(words: Any, offset: int) -> Any:
    """One byte through the latches: read mode 0 (a plane) or 1 (colour compare)."""
    regs = u8s(words[V_REGS])
    misc = np.int64(words[V_MISC])
    gr6 = np.int64(regs[GFX + 6])
    at = _decode(misc, gr6, offset)
    if at < 0:
        return 0xFF
    seq4 = np.int64(regs[SEQ + 4])
    cell = (np.int64(words[V_PLANE_BASE]) + _plane_address(misc, seq4, gr6, at)) & np.int64(words[V_PLANE_MASK])
    latch = np.int64(u32s(words[V_VRAM])[cell])
    words[V_LATCH] = np.uint64(latch)
    gr5 = np.int64(regs[GFX + 5])
    if gr5 & 0x08:
        care = _fill(np.int64(regs[GFX + 7]) & 15)
        differ = (latch ^ _fill(np.int64(regs[GFX + 2]) & 15)) & care
        return ~(differ | (differ >> 8) | (differ >> 16) | (differ >> 24)) & 0xFF
    plane = np.int64(regs[GFX + 4]) & 3
    if seq4 & 0x08:
        plane = at & 3
    elif gr5 & 0x10:
        plane = (plane & 2) | (at & 1)
    return (latch >> (plane * 8)) & 0xFF


@native
def _combine(regs: Any, mode: int, data: int, latch: int) -> Any:
    """What the four planes get: rotate, set/reset, logical operation and bit mask of ``mode`` (write modes 0 to 3)."""
    if mode == 1:
        return latch
    gr3 = np.int64(regs[GFX + 3])
    mask: Any = np.int64(regs[GFX + 8])
    turn: Any = gr3 & 7
    source: Any = _fill(data & 15)
    if mode != 2:
        data = ((data >> turn) | (data << (8 - turn))) & 0xFF
        source = _fill(np.int64(regs[GFX + 0]) & 15)
        if mode == 0:
            enable = _fill(np.int64(regs[GFX + 1]) & 15)
            source = (source & enable) | (data * 0x01010101 & ~enable)
        else:
            mask &= data
    function = (gr3 >> 3) & 3
    if function == 1:
        source &= latch
    elif function == 2:
        source |= latch
    elif function == 3:
        source ^= latch
    wide = mask * 0x01010101
    return ((source & wide) | (latch & ~wide)) & 0xFFFFFFFF


@native
def _write_planes(words: Any, offset: int, data: int) -> None:
    """One byte to the planes that the map mask and the chains choose."""
    regs = u8s(words[V_REGS])
    misc = np.int64(words[V_MISC])
    gr6 = np.int64(regs[GFX + 6])
    at = _decode(misc, gr6, offset)
    if at < 0:
        return
    seq4 = np.int64(regs[SEQ + 4])
    planes = np.int64(regs[SEQ + 2]) & 15
    if seq4 & 0x08:
        planes &= 1 << (at & 3)
    elif not seq4 & 0x04:
        planes &= 0xA if at & 1 else 0x5
    if not planes:
        return
    cell = (np.int64(words[V_PLANE_BASE]) + _plane_address(misc, seq4, gr6, at)) & np.int64(words[V_PLANE_MASK])
    memory = u32s(words[V_VRAM])
    value = _combine(regs, np.int64(regs[GFX + 5]) & 3, data, np.int64(words[V_LATCH]))
    keep = _fill(planes)
    memory[cell] = np.uint32((value & keep) | (np.int64(memory[cell]) & ~keep & 0xFFFFFFFF))


@native
def _banked(words: Any, offset: int) -> Any:
    """Where a byte of the banked window is in what the banks choose from."""
    return np.int64(words[V_BANK1] if offset & 0x8000 else words[V_BANK0]) + (offset & 0x7FFF)


@native
def _linear_address(words: Any, offset: int) -> Any:
    """Host address of a byte of the banked window, 0 where nothing is."""
    at = _banked(words, offset)
    if np.int64(words[V_WINDOW]) == WINDOW_LINEAR:
        return np.int64(words[V_VRAM]) + (at & (np.int64(words[V_VRAM_SIZE]) - 1))
    page = at >> 12
    if words[V_PAGES] == np.uint64(0) or page >= np.int64(words[V_PAGE_COUNT]):
        return 0
    if words[V_USED] != np.uint64(0):
        u8s(words[V_USED])[page] = np.uint8(1)
    host = np.int64(u64s(words[V_PAGES])[page])
    return host + (at & 0xFFF) if host else 0


@native
def vga_read(root: int, offset: int, width: int) -> Any:
    """Read ``width`` bytes (1, 2, 4, 8) at A0000 + ``offset`` (0 to 1FFFFh): a uint64, all ones where nothing is."""
    words = u64s(u64s(root)[R_VGA])
    window = np.int64(words[V_WINDOW])
    result = np.uint64(0)
    for step in range(np.int64(width)):
        at = np.int64(offset) + step
        if window == WINDOW_PLANES or at >= 0x10000:
            byte = np.uint64(_read_planes(words, at))
        else:
            host = _linear_address(words, at)
            byte = np.uint64(u8s(host)[0]) if host else np.uint64(0xFF)
        result |= byte << np.uint64(8 * step)
    return result


@native
def vga_write(root: int, offset: int, width: int, value: int) -> None:
    """Write the low ``width`` bytes (1, 2, 4, 8) of ``value`` at A0000 + ``offset`` (0 to 1FFFFh)."""
    words = u64s(u64s(root)[R_VGA])
    window = np.int64(words[V_WINDOW])
    data = np.uint64(value)
    if window != WINDOW_PLANES and width == 4 and np.int64(offset) & 3 == 0 and offset < 0x10000:
        host = _linear_address(words, np.int64(offset))
        if host:
            u32s(host)[0] = np.uint32(data & np.uint64(0xFFFFFFFF))
        return
    for step in range(np.int64(width)):
        at = np.int64(offset) + step
        byte = np.int64((data >> np.uint64(8 * step)) & np.uint64(0xFF))
        if window == WINDOW_PLANES or at >= 0x10000:
            _write_planes(words, at, byte)
        else:
            host = _linear_address(words, at)
            if host:
                u8s(host)[0] = np.uint8(byte)


@native
def vga_fill(root: int, offset: int, width: int, value: int, count: int) -> None:
    """``vga_write`` ``count`` times, each time ``width`` bytes (1, 2, 4) further on: at a multiple of ``width``, and
    within the window. A linear window is filled a page at a time.
    """
    words = u64s(u64s(root)[R_VGA])
    at, step = np.int64(offset), np.int64(width)
    end = at + step * np.int64(count)
    data = np.uint64(value)
    if np.int64(words[V_WINDOW]) != WINDOW_PLANES:
        while at < end and at < 0x10000 and _banked(words, at) & (step - 1) == 0:
            room = min(end - at, 0x1000 - (_banked(words, at) & 0xFFF), 0x8000 - (at & 0x7FFF))
            host = _linear_address(words, at)
            if host:
                _repeat(host, step, data, room // step)
            at += room
    while at < end:
        vga_write(root, at, step, data)
        at += step


@native
def _repeat(host: int, width: int, data: int, count: int) -> None:
    """``count`` times the low ``width`` bytes of ``data``, from the host's address ``host`` on."""
    if width == 4:
        dwords = u32s(host)
        for number in range(count):
            dwords[number] = np.uint32(data & np.uint64(0xFFFFFFFF))
    elif width == 2:
        halves = u16s(host)
        for number in range(count):
            halves[number] = np.uint16(data & np.uint64(0xFFFF))
    else:
        single = u8s(host)
        for number in range(count):
            single[number] = np.uint8(data & np.uint64(0xFF))


@native
def use_pages(words: Any, on: int, page: int) -> None:
    """The IGD's paged window: A0000-AFFFF shows the 64 KiB page ``page`` of what the page table maps."""
    words[V_WINDOW] = np.uint64(WINDOW_PAGES if on else WINDOW_PLANES)
    words[V_BANK0] = np.uint64(page << 16)
    words[V_BANK1] = np.uint64((page << 16) + 0x8000)
