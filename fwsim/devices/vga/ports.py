"""Ports 3B0-3DF reach indexed register banks, DAC, attribute flip-flop, input status, and the extensions' banks.

Sources: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem" (1992); FreeVGA; Intel i965 PRM volume 3
(ST00 comparator, GR10 and GR11, CR22 and CR24); Cirrus Logic CL-GD5446 Technical Reference (SR6, SR8, GR9-GRB, hidden
DAC).
"""

from typing import Any

import numpy as np

from fwsim.devices.vga.i2c import i2c_set
from fwsim.devices.vga.state import (
    ATTR,
    CRTC,
    DAC,
    GFX,
    KIND_CIRRUS,
    KIND_IGD,
    SEQ,
    V_ATTR_INDEX,
    V_BANK0,
    V_BANK1,
    V_CRTC_INDEX,
    V_DAC_BITS,
    V_DAC_LATCH,
    V_DAC_MASK,
    V_DAC_READ,
    V_DAC_STATE,
    V_DAC_STEP,
    V_DAC_WRITE,
    V_ENABLE,
    V_FEATURE,
    V_FLIP,
    V_GFX_INDEX,
    V_GMADR,
    V_HIDDEN,
    V_HIDDEN_READS,
    V_KIND,
    V_LATCH,
    V_MISC,
    V_MONITOR,
    V_REGS,
    V_SEQ_INDEX,
    V_VRAM_SIZE,
    V_WINDOW,
    WINDOW_LINEAR,
    WINDOW_PLANES,
)
from fwsim.devices.vga.window import use_pages
from fwsim.native import R_TIME, R_VGA, native, u8s, u64s

# 640x480 at 60 Hz: a dot clock of 25.175 MHz, 800 dots a line, 525 lines a frame (IBM PS/2 VGA timing).
LINE_NS = 31_778
VISIBLE_NS = 25_422
FRAME_LINES = 525
VISIBLE_LINES = 480
SYNC_FIRST, SYNC_LAST = 490, 491

_MISC_COLOUR = 0x01
_DDC_ON, _DDC_CLOCK_IN, _DDC_DATA_IN = 0x40, 0x04, 0x80  # cirrus SR8; bits 0 and 1 drive clock and data
_SENSE_LEVEL = 0x14  # of 3Fh: the comparator's threshold (0.34 V; Linux intel_crt.c probes with 50h of FFh)


@native
def _input_status(words: Any, time: int) -> Any:
    """3DA: bit 0 display off (either retrace), bit 3 vertical retrace, by virtual time in nanoseconds."""
    line = (time // LINE_NS) % FRAME_LINES
    off = line >= VISIBLE_LINES or time % LINE_NS >= VISIBLE_NS
    retrace = SYNC_FIRST <= line <= SYNC_LAST
    words[V_FLIP] = np.uint64(0)
    return (0x01 if off else 0) | (0x08 if retrace else 0)


@native
def _sense(words: Any, regs: Any) -> Any:
    """3C2 bit 4: the DAC drives the border colour above the comparator's threshold into a monitor."""
    if words[V_MONITOR] == np.uint64(0):
        return 0
    at = DAC + 3 * (np.int64(regs[ATTR + 0x11]) & np.int64(words[V_DAC_MASK]))
    level = max(np.int64(regs[at]), np.int64(regs[at + 1]), np.int64(regs[at + 2]))
    if words[V_DAC_BITS] == np.uint64(8):
        level >>= 2
    return 0x10 if level >= _SENSE_LEVEL else 0


@native
def _attr_mask(index: int) -> Any:
    """The bits an attribute register has."""
    if index < 0x10:
        return 0x3F
    if index == 0x10:
        return 0xEF
    if index == 0x12:
        return 0x3F
    return 0xFF if index == 0x11 or index > 0x14 else 0x0F


@native
def _write_attr(words: Any, regs: Any, value: int) -> None:
    """3C0: index, then data. The palette (00-0F) can only be written while bit 5 of the index is clear."""
    if words[V_FLIP] == np.uint64(0):
        words[V_ATTR_INDEX] = np.uint64(value & 0x3F)
    else:
        index = np.int64(words[V_ATTR_INDEX])
        at = index & 0x1F
        if at >= 0x10 or not index & 0x20:
            regs[ATTR + at] = np.uint8(value & _attr_mask(at))
    words[V_FLIP] ^= np.uint64(1)


@native
def _write_dac(words: Any, regs: Any, value: int) -> None:
    """3C9: red and green wait in a latch; blue completes the entry and steps to the next."""
    if words[V_DAC_BITS] != np.uint64(8):
        value &= 0x3F
    step = np.int64(words[V_DAC_STEP])
    if step < 2:
        latch = np.int64(words[V_DAC_LATCH])
        latch = (latch & 0xFF00) | value if step == 0 else (latch & 0xFF) | (value << 8)
        words[V_DAC_LATCH] = np.uint64(latch)
        words[V_DAC_STEP] = np.uint64(step + 1)
        return
    index = np.int64(words[V_DAC_WRITE])
    latch = np.int64(words[V_DAC_LATCH])
    at = DAC + 3 * index
    regs[at] = np.uint8(latch & 0xFF)
    regs[at + 1] = np.uint8(latch >> 8)
    regs[at + 2] = np.uint8(value)
    words[V_DAC_STEP] = np.uint64(0)
    words[V_DAC_WRITE] = np.uint64((index + 1) & 0xFF)


@native
def _read_dac(words: Any, regs: Any) -> Any:
    """3C9: red, green, blue, then the next entry."""
    step = np.int64(words[V_DAC_STEP])
    index = np.int64(words[V_DAC_READ])
    value = np.int64(regs[DAC + 3 * index + step])
    if step == 2:
        words[V_DAC_READ] = np.uint64((index + 1) & 0xFF)
        words[V_DAC_STEP] = np.uint64(0)
    else:
        words[V_DAC_STEP] = np.uint64(step + 1)
    return value


@native
def _cirrus_bank(words: Any, regs: Any, half: int) -> Any:
    """Byte offset of one 32 KiB half of the cirrus window (GRB bit 0: two banks; bit 5: 16 KiB steps, else 4 KiB)."""
    grb = np.int64(regs[GFX + 0x0B])
    page = np.int64(regs[GFX + 0x0A]) if grb & 1 and half else np.int64(regs[GFX + 0x09])
    bank = page << (14 if grb & 0x20 else 12)
    if not grb & 1 and half:
        bank += 0x8000
    return bank & (np.int64(words[V_VRAM_SIZE]) - 1)


@native
def cirrus_window(words: Any, regs: Any) -> None:
    """Recompute the window after SR7 or GR9-GRB changed: linear in the extended modes (SR7 bit 0), else plain VGA."""
    words[V_WINDOW] = np.uint64(WINDOW_LINEAR if np.int64(regs[SEQ + 7]) & 1 else WINDOW_PLANES)
    words[V_BANK0] = np.uint64(_cirrus_bank(words, regs, 0))
    words[V_BANK1] = np.uint64(_cirrus_bank(words, regs, 1))


@native
def _write_seq(words: Any, regs: Any, value: int) -> None:
    """3C5; on a cirrus SR6 is the lock: x12h (bits 7:5 and 3 ignored) opens it and reads 12h, anything else 0Fh."""
    index = np.int64(words[V_SEQ_INDEX])
    cirrus = np.int64(words[V_KIND]) == KIND_CIRRUS
    if cirrus:
        index &= 0x1F
        if index == 6:
            value = 0x12 if value & 0x17 == 0x12 else 0x0F
    if index == 0:
        value &= 0x03
    elif index == 1 and not cirrus:
        value &= 0x3F
    elif index == 2:
        value &= 0x0F if not cirrus else 0xFF
    elif index == 3:
        value &= 0x3F
    elif index == 4:
        value &= 0x0E
    if cirrus and index == 8 and value & _DDC_ON:
        data = np.int64(i2c_set(words, value & 1, (value >> 1) & 1))
        value = (value & ~(_DDC_CLOCK_IN | _DDC_DATA_IN)) | (_DDC_CLOCK_IN if value & 1 else 0)
        value |= _DDC_DATA_IN if data else 0
    regs[SEQ + index] = np.uint8(value)
    if cirrus and index == 7:
        cirrus_window(words, regs)


@native
def _write_gfx(words: Any, regs: Any, value: int) -> None:
    """3CF, with the bank registers of the cirrus (9-B) and the IGD (10h bit 0: on; 11h: 64 KiB page)."""
    index = np.int64(words[V_GFX_INDEX])
    kind = np.int64(words[V_KIND])
    if kind == KIND_CIRRUS:
        index &= 0x3F
        if index == 0x31:  # the blitter is always idle: start, busy and reset read 0
            value &= 0xF0
    elif index in (0, 1, 2, 7):
        value &= 0x0F
    if index == 4:
        value &= 0x03
    regs[GFX + index] = np.uint8(value)
    if kind == KIND_CIRRUS and 9 <= index <= 0x0B:
        cirrus_window(words, regs)
    elif kind == KIND_IGD and 0x10 <= index <= 0x11:
        use_pages(words, np.int64(regs[GFX + 0x10]) & 1, np.int64(regs[GFX + 0x11]))


@native
def _read_gfx(words: Any, regs: Any) -> Any:
    """3CF; on gen 3 15h reads bits 31:24 of GMADR: it is where two 945GM images take the frame buffer of 4F01 from."""
    index = np.int64(words[V_GFX_INDEX])
    if index == 0x15 and words[V_GMADR]:
        return np.int64(words[V_GMADR]) & 0xFF
    return np.int64(regs[GFX + index])


@native
def _write_crtc(words: Any, regs: Any, value: int) -> None:
    """3D5. Index 11h bit 7 protects 00-07, except bit 4 of 07 (line compare bit 8); readback indices are read-only."""
    index = np.int64(words[V_CRTC_INDEX])
    if index <= 7 and np.int64(regs[CRTC + 0x11]) & 0x80:
        if index == 7:
            regs[CRTC + 7] = np.uint8((np.int64(regs[CRTC + 7]) & ~0x10) | (value & 0x10))
        return
    if index == 0x22 or index == 0x24:
        return
    if np.int64(words[V_KIND]) == KIND_CIRRUS and 0x26 <= index <= 0x28:
        return
    regs[CRTC + index] = np.uint8(value)


@native
def _read_crtc(words: Any, regs: Any) -> Any:
    """3D5; 22h reads the latch of the plane GR4 selects, 24h the attribute flip-flop in bit 7."""
    index = np.int64(words[V_CRTC_INDEX])
    if index == 0x22:
        return (np.int64(words[V_LATCH]) >> (8 * (np.int64(regs[GFX + 4]) & 3))) & 0xFF
    if index == 0x24:
        return 0x80 if words[V_FLIP] else 0
    if index == 0x26 and np.int64(words[V_KIND]) == KIND_CIRRUS:
        return np.int64(words[V_ATTR_INDEX])
    return np.int64(regs[CRTC + index])


@native
def _read_mask(words: Any) -> Any:
    """3C6: the pixel mask; on a cirrus the fifth read in a row reads the hidden DAC register."""
    if np.int64(words[V_KIND]) == KIND_CIRRUS:
        words[V_HIDDEN_READS] += np.uint64(1)
        if words[V_HIDDEN_READS] > np.uint64(4):
            words[V_HIDDEN_READS] = np.uint64(0)
            return np.int64(words[V_HIDDEN])
    return np.int64(words[V_DAC_MASK])


@native
def _write_mask(words: Any, value: int) -> None:
    if words[V_HIDDEN_READS] == np.uint64(4):
        words[V_HIDDEN] = np.uint64(value)
    else:
        words[V_DAC_MASK] = np.uint64(value)
    words[V_HIDDEN_READS] = np.uint64(0)


@native
def _answers(words: Any, port: int) -> Any:
    """Miscellaneous bit 0 says whether the CRTC and status ports are at 3Dx (colour) or 3Bx (mono)."""
    if 0x3C0 <= port <= 0x3CF:
        return True
    colour = np.int64(words[V_MISC]) & _MISC_COLOUR != 0
    return (0x3D0 <= port <= 0x3DF) if colour else (0x3B0 <= port <= 0x3BB)


@native
def _read_byte(words: Any, port: int, time: int) -> Any:
    regs = u8s(words[V_REGS])
    if not _answers(words, port):
        return 0xFF
    if port != 0x3C6:
        words[V_HIDDEN_READS] = np.uint64(0)
    if port == 0x3DA or port == 0x3BA:
        return _input_status(words, time)
    if port == 0x3D4 or port == 0x3B4:
        return np.int64(words[V_CRTC_INDEX])
    if port == 0x3D5 or port == 0x3B5:
        return _read_crtc(words, regs)
    if port == 0x3C0:
        return np.int64(words[V_ATTR_INDEX])
    if port == 0x3C1:
        return np.int64(regs[ATTR + (np.int64(words[V_ATTR_INDEX]) & 0x1F)])
    if port == 0x3C2:
        return _sense(words, regs)
    if port == 0x3C3:
        return np.int64(words[V_ENABLE])
    if port == 0x3C4:
        return np.int64(words[V_SEQ_INDEX])
    if port == 0x3C5:
        return np.int64(regs[SEQ + np.int64(words[V_SEQ_INDEX])])
    if port == 0x3C6:
        return _read_mask(words)
    if port == 0x3C7:
        return np.int64(words[V_DAC_STATE])
    if port == 0x3C8:
        return np.int64(words[V_DAC_WRITE])
    if port == 0x3C9:
        return _read_dac(words, regs)
    if port == 0x3CA:
        return np.int64(words[V_FEATURE])
    if port == 0x3CC:
        return np.int64(words[V_MISC])
    if port == 0x3CE:
        return np.int64(words[V_GFX_INDEX])
    if port == 0x3CF:
        return _read_gfx(words, regs)
    return 0xFF


@native
def _write_byte(words: Any, port: int, value: int) -> None:
    regs = u8s(words[V_REGS])
    if not _answers(words, port):
        return
    if port != 0x3C6:
        words[V_HIDDEN_READS] = np.uint64(0)
    if port == 0x3C5:
        _write_seq(words, regs, value)
    elif port == 0x3CF:
        _write_gfx(words, regs, value)
    elif port == 0x3D5 or port == 0x3B5:
        _write_crtc(words, regs, value)
    elif port == 0x3C0:
        _write_attr(words, regs, value)
    elif port == 0x3C9:
        _write_dac(words, regs, value)
    elif port == 0x3C4:
        words[V_SEQ_INDEX] = np.uint64(value)
    elif port == 0x3CE:
        words[V_GFX_INDEX] = np.uint64(value)
    elif port == 0x3D4 or port == 0x3B4:
        words[V_CRTC_INDEX] = np.uint64(value)
    elif port == 0x3C2:
        words[V_MISC] = np.uint64(value & 0xEF)
    elif port == 0x3C3:
        words[V_ENABLE] = np.uint64(value)
    elif port == 0x3C6:
        _write_mask(words, value)
    elif port == 0x3C7:
        words[V_DAC_READ] = np.uint64(value)
        words[V_DAC_STATE] = np.uint64(3)
        words[V_DAC_STEP] = np.uint64(0)
    elif port == 0x3C8:
        words[V_DAC_WRITE] = np.uint64(value)
        words[V_DAC_STATE] = np.uint64(0)
        words[V_DAC_STEP] = np.uint64(0)
    elif port == 0x3DA or port == 0x3BA:
        words[V_FEATURE] = np.uint64(value)


@native
def vga_in(root: int, port: int, width: int) -> Any:
    """Read ``width`` bytes (1, 2, 4) at ``port`` (3B0 to 3DF), byte by byte as the bus does: a uint32."""
    table = u64s(root)
    words = u64s(table[R_VGA])
    time = np.int64(table[R_TIME])
    value = np.int64(0)
    for step in range(np.int64(width)):
        value |= np.int64(_read_byte(words, np.int64(port) + step, time)) << (8 * step)
    return np.uint32(value)


@native
def vga_out(root: int, port: int, width: int, value: int) -> None:
    """Write the low ``width`` bytes (1, 2, 4) of ``value`` at ``port`` (3B0 to 3DF), byte by byte as the bus does."""
    words = u64s(u64s(root)[R_VGA])
    data = np.int64(value)
    for step in range(np.int64(width)):
        _write_byte(words, np.int64(port) + step, (data >> (8 * step)) & 0xFF)
