"""The registers of a 3dfx Voodoo Banshee's I/O BAR: VGA alias, DAC, bank window, desktop surface.

Source: 3dfx Voodoo Banshee Specification, revision 1.0 (1999), "IO Register Remap".
"""

from typing import Any

import numpy as np

from fwsim.devices.vga.i2c import i2c_set
from fwsim.devices.vga.ports import vga_in, vga_out
from fwsim.devices.vga.state import (
    DAC,
    V_BANK0,
    V_BANK1,
    V_DAC_BITS,
    V_MMIO,
    V_REGS,
    V_WINDOW,
    WINDOW_LINEAR,
    WINDOW_PLANES,
)
from fwsim.native import R_VGA, native, u8s, u32s, u64s

# vidSerialParallelPort: the DDC pins (Linux tdfxfb: enable, clock and data out, clock and data in).
SERIAL_PORT = 0x78
DDC_ON, DDC_CLOCK, DDC_DATA, DDC_CLOCK_IN, DDC_DATA_IN = 1 << 18, 1 << 19, 1 << 20, 1 << 21, 1 << 22
STATUS, VGA_INIT0, VGA_INIT1 = 0x00, 0x28, 0x2C
DAC_ADDRESS, DAC_DATA = 0x50, 0x54
VID_PROC_CFG, VID_SCREEN_SIZE = 0x5C, 0x98
VID_DESKTOP_START, VID_DESKTOP_STRIDE = 0xE4, 0xE8
IO_SIZE = 0x100
_VGA_FIRST, _VGA_END = 0xB0, 0xE0  # alias of 3B0-3DF
_FIFO_EMPTY = 0x1F  # STATUS: room in the PCI FIFO, nothing busy


@native
def _write(words: Any, at: int, data: int) -> None:
    """One dword register: vgaInit1 moves the window in 32 KiB steps, vgaInit0 bit 2 widens the DAC."""
    regs = u32s(words[V_MMIO])
    if at == SERIAL_PORT and data & DDC_ON:
        seen = np.int64(i2c_set(words, 1 if data & DDC_CLOCK else 0, 1 if data & DDC_DATA else 0))
        data &= ~(DDC_CLOCK_IN | DDC_DATA_IN)
        data |= (DDC_CLOCK_IN if data & DDC_CLOCK else 0) | (DDC_DATA_IN if seen else 0)
    regs[at >> 2] = np.uint32(data & 0xFFFFFFFF)
    if at == VGA_INIT0:
        words[V_DAC_BITS] = np.uint64(8 if data & 4 else 6)
    elif at == VGA_INIT1:
        bank = (data & 0x3FF) << 15
        words[V_WINDOW] = np.uint64(WINDOW_LINEAR if data & (1 << 20) else WINDOW_PLANES)
        words[V_BANK0] = np.uint64(bank)
        words[V_BANK1] = np.uint64(bank + 0x8000)
    elif at == DAC_DATA:
        entry = DAC + 3 * (np.int64(regs[DAC_ADDRESS >> 2]) & 0xFF)
        drop = 0 if words[V_DAC_BITS] == np.uint64(8) else 2
        palette = u8s(words[V_REGS])
        for colour in range(3):
            palette[entry + colour] = np.uint8(((data >> (16 - 8 * colour)) & 0xFF) >> drop)


@native
def banshee_in(root: int, offset: int, width: int) -> Any:
    """Read ``width`` bytes (1, 2, 4) at ``offset`` (0 to FFh) of the I/O BAR: a uint32."""
    at = np.int64(offset)
    if _VGA_FIRST <= at < _VGA_END:
        return vga_in(root, 0x300 + at, width)
    words = u64s(u64s(root)[R_VGA])
    value = np.int64(_FIFO_EMPTY) if at & ~3 == STATUS else np.int64(u32s(words[V_MMIO])[(at & 0xFF) >> 2])
    return np.uint32((value >> (8 * (at & 3))) & ((1 << (8 * np.int64(width))) - 1))


@native
def banshee_out(root: int, offset: int, width: int, value: int) -> None:
    """Write ``width`` bytes (1, 2, 4) at ``offset`` (0 to FFh) of the I/O BAR."""
    at = np.int64(offset)
    data = np.int64(value)
    if _VGA_FIRST <= at < _VGA_END:
        vga_out(root, 0x300 + at, width, data)
        return
    words = u64s(u64s(root)[R_VGA])
    if width < 4:
        shift = 8 * (at & 3)
        mask = ((1 << (8 * np.int64(width))) - 1) << shift
        data = (np.int64(u32s(words[V_MMIO])[(at & 0xFF) >> 2]) & ~mask) | ((data << shift) & mask)
    _write(words, at & 0xFC, data)
