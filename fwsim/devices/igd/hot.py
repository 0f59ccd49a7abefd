"""How does the IGD answer a register access? Storage, the behaviour rows, GMBUS, the GTT and the pages it leads to."""

import numpy as np

from fwsim.devices.igd.layout import (
    B_COUNT,
    B_IN_USE,
    B_NAK,
    B_OFFSET,
    B_PHASE,
    B_PIN,
    B_WRITES_DATA,
    G_BUS,
    G_DMA,
    G_DMA_COUNT,
    G_EDID,
    G_EDID_SIZE,
    G_FIRST,
    G_GTT,
    G_GTT_SIZE,
    G_HIGH_MASK,
    G_HIGH_SHIFT,
    G_LOW_MASK,
    G_MMIO,
    G_MMIO_SIZE,
    G_PAGES,
    G_PTE_WIDTH,
    G_ROWS,
    OP_CLEAR,
    OP_FOLLOW,
    OP_FRAME,
    OP_GMBUS,
    OP_READ_ONLY,
    OP_SCANLINE,
    OP_SET,
    ROW_WORDS,
    W_AT,
    W_COND2_AT,
    W_COND2_MASK,
    W_COND2_VALUE,
    W_COND_AT,
    W_COND_MASK,
    W_COND_VALUE,
    W_MASK,
    W_NEXT,
    W_OP,
    W_VALUE,
    W_WHEN,
    WHEN_READ,
    WHEN_WRITE,
)
from fwsim.native import R_IGD, R_TIME, native, u8s, u16s, u32s, u64s

FRAME_NS = 16_666_667  # 60 Hz
_ALL = 0xFFFFFFFF


@native
def dma_page(root: int, address: int) -> int:
    """Host address of the byte the device reaches at bus address ``address``; 0 where DMA finds nothing."""
    igd = u64s(u64s(root)[R_IGD])
    regions = u64s(igd[G_DMA])
    for i in range(igd[G_DMA_COUNT]):
        at = np.uint64(3 * i)
        if regions[at] <= np.uint64(address) < regions[at + np.uint64(1)]:
            return regions[at + np.uint64(2)] + (np.uint64(address) - regions[at])
    return np.uint64(0)


@native
def gtt_store(root: int, offset: int, value: int) -> None:
    """Store one GTT dword at byte ``offset``, and remember where its entry now leads. Past the end: ignored."""
    igd = u64s(u64s(root)[R_IGD])
    if np.uint64(offset) >= igd[G_GTT_SIZE]:
        return
    gtt = u32s(igd[G_GTT])
    gtt[np.uint64(offset) >> np.uint64(2)] = np.uint32(value)
    if igd[G_PTE_WIDTH] == np.uint64(8):
        number = np.uint64(offset) >> np.uint64(3)
        entry = u64s(igd[G_GTT])[number]
    else:
        number = np.uint64(offset) >> np.uint64(2)
        entry = np.uint64(gtt[number])
    page = np.uint64(0)
    if entry & np.uint64(1):
        page = dma_page(root, (entry & igd[G_LOW_MASK]) | ((entry & igd[G_HIGH_MASK]) << igd[G_HIGH_SHIFT]))
    u64s(igd[G_PAGES])[number] = page


@native
def gtt_load(root: int, offset: int) -> int:
    """One GTT dword; past the end reads as 0."""
    igd = u64s(u64s(root)[R_IGD])
    if np.uint64(offset) >= igd[G_GTT_SIZE]:
        return np.uint64(0)
    return np.uint64(u32s(igd[G_GTT])[np.uint64(offset) >> np.uint64(2)])


@native
def _holds(regs: int, rows: int, at: int) -> bool:
    """Whether both conditions of the row at word ``at`` hold (an empty mask always does)."""
    first = regs[rows[at + W_COND_AT] >> np.uint32(2)] & rows[at + W_COND_MASK]
    second = regs[rows[at + W_COND2_AT] >> np.uint32(2)] & rows[at + W_COND2_MASK]
    return first == rows[at + W_COND_VALUE] and second == rows[at + W_COND2_VALUE]


@native
def _scanline(root: int, vtotal: int) -> int:
    lines = np.uint64(vtotal >> np.uint32(16)) + np.uint64(1)
    if lines < np.uint64(2):
        lines = np.uint64(525)
    return u64s(root)[R_TIME] % np.uint64(FRAME_NS) * lines // np.uint64(FRAME_NS)


@native
def mmio_read(root: int, offset: int) -> int:
    """Read the register dword at byte ``offset``; past the register file: all ones."""
    igd = u64s(u64s(root)[R_IGD])
    if np.uint64(offset) >= igd[G_MMIO_SIZE]:
        return np.uint64(_ALL)
    regs = u32s(igd[G_MMIO])
    number = np.uint64(offset) >> np.uint64(2)
    row = u16s(igd[G_FIRST])[number]
    if row:
        rows = u32s(igd[G_ROWS])
        while row:
            at = np.uint64(row - 1) * np.uint64(ROW_WORDS)
            if rows[at + W_WHEN] == WHEN_READ:
                _act_on_read(root, regs, rows, at)
            row = rows[at + W_NEXT]
    return np.uint64(regs[number])


@native
def _act_on_read(root: int, regs: int, rows: int, at: int) -> None:
    op = rows[at + W_OP]
    target = rows[at + W_AT] >> np.uint32(2)
    if op in (OP_SET, OP_FOLLOW):
        if _holds(regs, rows, at):
            regs[target] = (regs[target] & ~rows[at + W_MASK]) | rows[at + W_VALUE]
        elif op == OP_FOLLOW:
            regs[target] = regs[target] & ~rows[at + W_MASK]
    elif op == OP_SCANLINE:
        regs[target] = np.uint32(_scanline(root, regs[rows[at + W_COND_AT] >> np.uint32(2)]))
    elif op == OP_FRAME:
        regs[target] = np.uint32(u64s(root)[R_TIME] // np.uint64(FRAME_NS))
    elif op == OP_GMBUS:
        regs[target] = np.uint32(_gmbus_read(root, rows[at + W_MASK], regs[target]))


@native
def mmio_write(root: int, offset: int, value: int) -> None:
    """Write the register dword at byte ``offset``; past the register file: dropped."""
    igd = u64s(u64s(root)[R_IGD])
    if np.uint64(offset) >= igd[G_MMIO_SIZE]:
        return
    regs = u32s(igd[G_MMIO])
    number = np.uint64(offset) >> np.uint64(2)
    first = u16s(igd[G_FIRST])[number]
    data = np.uint32(value)
    rows = u32s(igd[G_ROWS])
    old = regs[number]
    row = first
    while row:  # which bits take the value
        at = np.uint64(row - 1) * np.uint64(ROW_WORDS)
        if rows[at + W_OP] == OP_READ_ONLY:
            data = (data & ~rows[at + W_MASK]) | (old & rows[at + W_MASK])
        elif rows[at + W_OP] == OP_CLEAR:
            data = (data & ~rows[at + W_MASK]) | (old & rows[at + W_MASK] & ~np.uint32(value))
        row = rows[at + W_NEXT]
    regs[number] = data
    row = first
    while row:  # what that sets off
        at = np.uint64(row - 1) * np.uint64(ROW_WORDS)
        if rows[at + W_WHEN] == WHEN_WRITE:
            op = rows[at + W_OP]
            target = rows[at + W_AT] >> np.uint32(2)
            if op in (OP_SET, OP_FOLLOW):
                if _holds(regs, rows, at):
                    regs[target] = (regs[target] & ~rows[at + W_MASK]) | rows[at + W_VALUE]
                elif op == OP_FOLLOW:
                    regs[target] = regs[target] & ~rows[at + W_MASK]
            elif op == OP_GMBUS:
                _gmbus_write(root, rows[at + W_MASK], np.uint32(value))
        row = rows[at + W_NEXT]


# --- GMBUS (Intel PRM, display: GMBUS0-5): a hardware I2C master with one EDID behind each pin pair ----------------


@native
def _gmbus_write(root: int, which: int, value: int) -> None:
    igd = u64s(u64s(root)[R_IGD])
    bus = u64s(igd[G_BUS])
    if which == 0:
        bus[B_PIN] = np.uint64(value & np.uint32(7))
        bus[B_PHASE] = np.uint64(0)
        bus[B_NAK] = np.uint64(0)
    elif which == 1:
        _gmbus_command(root, value)
    elif which == 2 and value & np.uint32(1 << 15):
        bus[B_IN_USE] = np.uint64(0)
    elif which == 3 and bus[B_PHASE] == np.uint64(2):
        bus[B_OFFSET] = np.uint64(value & np.uint32(0xFF))
        bus[B_COUNT] = np.uint64(0)
        bus[B_PHASE] = np.uint64(3)
    elif which == 3:  # data given before the command that sends it
        bus[B_WRITES_DATA] = np.uint64(value & np.uint32(0xFF)) + np.uint64(1)


@native
def _gmbus_command(root: int, value: int) -> None:
    """GMBUS1: bit 31 clears the engine; bits 27:25 stop, index, wait; 24:16 bytes; 15:8 index; 7:1 slave; 0 read."""
    igd = u64s(u64s(root)[R_IGD])
    bus = u64s(igd[G_BUS])
    if value & np.uint32(1 << 31):
        bus[B_PHASE] = np.uint64(0)
        bus[B_NAK] = np.uint64(0)
        bus[B_COUNT] = np.uint64(0)
        return
    if not value & np.uint32(1 << 30):  # software ready: the command starts
        return
    if not value & np.uint32(7 << 25) or (value & np.uint32(7 << 25)) == np.uint32(4 << 25):
        if value & np.uint32(4 << 25):  # stop by itself
            bus[B_PHASE] = np.uint64(0)
            bus[B_COUNT] = np.uint64(0)
            return
    pin = bus[B_PIN]
    if (value >> np.uint32(1)) & np.uint32(0x7F) != np.uint32(0x50) or u64s(igd[G_EDID_SIZE])[pin] == np.uint64(0):
        bus[B_NAK] = np.uint64(1)
        bus[B_PHASE] = np.uint64(0)
        return
    bus[B_NAK] = np.uint64(0)
    if value & np.uint32(2 << 25):
        bus[B_OFFSET] = np.uint64((value >> np.uint32(8)) & np.uint32(0xFF))
    bus[B_COUNT] = np.uint64((value >> np.uint32(16)) & np.uint32(0x1FF))
    if value & np.uint32(1):
        bus[B_PHASE] = np.uint64(1)
    elif bus[B_WRITES_DATA]:  # GMBUS3 was filled before the command
        bus[B_OFFSET] = bus[B_WRITES_DATA] - np.uint64(1)
        bus[B_PHASE] = np.uint64(3)
        bus[B_WRITES_DATA] = np.uint64(0)
    else:
        bus[B_PHASE] = np.uint64(2)


@native
def _gmbus_read(root: int, which: int, held: int) -> int:
    igd = u64s(u64s(root)[R_IGD])
    bus = u64s(igd[G_BUS])
    if which == 2:
        value = np.uint32(0)
        if bus[B_PHASE] != np.uint64(0):
            value |= np.uint32(1 << 9)  # active
        if bus[B_NAK]:
            value |= np.uint32(1 << 10)
        else:
            value |= np.uint32(1 << 11)  # ready
        if bus[B_PHASE] == np.uint64(3) or (bus[B_PHASE] == np.uint64(1) and bus[B_COUNT] == np.uint64(0)):
            value |= np.uint32(1 << 14)  # waiting for the next cycle
        if bus[B_IN_USE]:
            value |= np.uint32(1 << 15)
        bus[B_IN_USE] = np.uint64(1)
        return value
    if which == 3 and bus[B_PHASE] == np.uint64(1):
        return _gmbus_take(igd, bus, bus[B_PIN])
    return held


@native
def _gmbus_take(igd: int, bus: int, pin: int) -> int:
    """Up to four bytes of the EDID, in bus order from bit 0 up."""
    data = u8s(igd[G_EDID] + pin * np.uint64(256))
    value = np.uint32(0)
    for lane in range(4):
        if bus[B_COUNT] == np.uint64(0):
            break
        value |= np.uint32(data[bus[B_OFFSET] & np.uint64(0xFF)]) << np.uint32(8 * lane)
        bus[B_OFFSET] += np.uint64(1)
        bus[B_COUNT] -= np.uint64(1)
    return value
