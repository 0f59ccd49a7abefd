"""The registers of QEMU's ATI cards: MM_INDEX/MM_DATA, the DDC pins, the CRTC that replaces VGA scan-out.

Source: ATI Rage 128 and Radeon register reference guides. The I/O BAR is the first 256 bytes of the MMIO BAR.
"""

from typing import Any

import numpy as np

from fwsim.devices.vga.i2c import i2c_set
from fwsim.devices.vga.state import V_MMIO, V_VRAM, V_VRAM_SIZE
from fwsim.native import R_VGA, native, u32s, u64s

MM_INDEX, MM_DATA = 0x00, 0x04
CRTC_GEN_CNTL, CRTC_EXT_CNTL = 0x50, 0x54
GPIO_VGA_DDC, GPIO_DVI_DDC, GPIO_MONID = 0x60, 0x64, 0x68
CONFIG_MEMSIZE = 0xF8
CRTC_H_TOTAL_DISP, CRTC_V_TOTAL_DISP, CRTC_OFFSET, CRTC_PITCH = 0x200, 0x208, 0x224, 0x22C
MMIO_SIZE = 0x4000

CRTC_EXT_DISP_EN, CRTC_EN = 1 << 24, 1 << 25
DISPLAY_DIS = 1 << 10
_VRAM_BIT = 1 << 31  # of MM_INDEX: MM_DATA reaches video memory, not registers


@native
def _ddc(words: Any, value: int, base: int) -> Any:
    """A DDC pin register: from bit ``base``, data and clock: level +0, +1, driver on +16, +17, read +8, +9."""
    clock = (value >> (base + 1)) & 1 if value & (1 << (base + 17)) else 1
    data = (value >> base) & 1 if value & (1 << (base + 16)) else 1
    seen = np.int64(i2c_set(words, clock, data))
    return (value & ~0xF00) | (clock << (base + 9)) | (seen << (base + 8))


@native
def _read(words: Any, offset: int) -> Any:
    if offset == CONFIG_MEMSIZE:
        return np.int64(words[V_VRAM_SIZE])
    if offset >= MMIO_SIZE:
        return np.int64(0)
    return np.int64(u32s(words[V_MMIO])[offset >> 2])


@native
def _write(words: Any, offset: int, value: int) -> None:
    if offset >= MMIO_SIZE or offset == CONFIG_MEMSIZE:
        return
    if offset in (GPIO_VGA_DDC, GPIO_DVI_DDC):
        value = _ddc(words, value, 0)
    elif offset == GPIO_MONID:
        value = _ddc(words, value, 1)
    u32s(words[V_MMIO])[offset >> 2] = np.uint32(value & 0xFFFFFFFF)


@native
def _reach(words: Any, offset: int) -> Any:
    """The dword a register access lands in: MM_DATA follows MM_INDEX; bit 31 marks video memory."""
    if offset == MM_DATA:
        index = np.int64(u32s(words[V_MMIO])[MM_INDEX >> 2])
        if index & _VRAM_BIT:
            return _VRAM_BIT | (index & 0x7FFFFFFC & (np.int64(words[V_VRAM_SIZE]) - 1))
        return index & 0x7FFFFFFC
    return offset


@native
def _read_dword(words: Any, offset: int) -> Any:
    at = np.int64(_reach(words, offset))
    if at & _VRAM_BIT:
        return np.int64(u32s(words[V_VRAM])[(at & ~_VRAM_BIT) >> 2])
    return np.int64(_read(words, at))


@native
def ati_read(root: int, offset: int, width: int) -> Any:
    """Read ``width`` bytes (1, 2, 4) of the MMIO BAR, or of the I/O BAR (``offset`` below 100h): a uint64."""
    words = u64s(u64s(root)[R_VGA])
    shift = 8 * (np.int64(offset) & 3)
    value = np.int64(_read_dword(words, np.int64(offset) & ~3)) >> shift
    return np.uint64(value & ((1 << (8 * np.int64(width))) - 1))


@native
def ati_write(root: int, offset: int, width: int, value: int) -> None:
    """Write ``width`` bytes (1, 2, 4) of the MMIO BAR, or of the I/O BAR (``offset`` below 100h)."""
    words = u64s(u64s(root)[R_VGA])
    at = np.int64(offset) & ~3
    data = np.int64(value)
    if width < 4:
        shift = 8 * (np.int64(offset) & 3)
        mask = ((1 << (8 * np.int64(width))) - 1) << shift
        data = (np.int64(_read_dword(words, at)) & ~mask) | ((data << shift) & mask)
    target = np.int64(_reach(words, at))
    if target & _VRAM_BIT:
        u32s(words[V_VRAM])[(target & ~_VRAM_BIT) >> 2] = np.uint32(data & 0xFFFFFFFF)
    else:
        _write(words, target, data)
