"""A register access of the IGD is answered natively: storage by its form, the behaviour rows, and the GTT with the
pages it leads to.
"""

from typing import Any

import numpy as np

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.aux_channel import aux_send
from fwsim.devices.igd.gmbus import gmbus_read, gmbus_write, gpio_write
from fwsim.devices.igd.layout import (
    F_FROZEN,
    F_HIDDEN,
    F_LOCK,
    F_READ_CLEARS,
    F_READ_ONLY,
    F_ROW,
    F_WRITE_CLEARS,
    FORM_WORDS,
    G_DMA,
    G_DMA_COUNT,
    G_FORMS,
    G_GTT,
    G_GTT_SIZE,
    G_HIGH_MASK,
    G_HIGH_SHIFT,
    G_KINDS,
    G_LOW_MASK,
    G_MMIO,
    G_MMIO_SIZE,
    G_PAGES,
    G_PLAIN_READS,
    G_PTE_WIDTH,
    G_ROWS,
    G_STATE,
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
from fwsim.devices.igd.panel import panel_control, panel_status
from fwsim.devices.igd.sideband import PUNIT, message_send, sideband_send, unit_read
from fwsim.native import R_IGD, R_LOOK_TIME, R_TIME, TRAP_IRQ, inlined, native, trap, u16s, u32s, u64s

FRAME_NS = 16_666_667  # 60 Hz
_ALL = 0xFFFFFFFF


@inlined
def dma_page(root: int, address: int) -> Any:
    """Host address of the byte the device reaches at bus address ``address``; 0 where DMA finds nothing."""
    igd = u64s(u64s(root)[R_IGD])
    regions = u64s(igd[G_DMA])
    for i in range(igd[G_DMA_COUNT]):
        at = np.uint64(3 * i)
        if regions[at] <= np.uint64(address) < regions[at + np.uint64(1)]:
            return regions[at + np.uint64(2)] + (np.uint64(address) - regions[at])
    return np.uint64(0)


@inlined
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
        address = (entry & igd[G_LOW_MASK]) | ((entry & igd[G_HIGH_MASK]) << igd[G_HIGH_SHIFT])
        if entry & np.uint64(2) and igd[w.G_LOCAL_SIZE]:  # no DMA: the IOMMU does not see it
            page = igd[w.G_LOCAL] + address if address < igd[w.G_LOCAL_SIZE] else np.uint64(0)
        else:
            page = dma_page(root, address)
    u64s(igd[G_PAGES])[number] = page


@native
def gtt_load(root: int, offset: int) -> Any:
    """One GTT dword; past the end reads as 0."""
    igd = u64s(u64s(root)[R_IGD])
    if np.uint64(offset) >= igd[G_GTT_SIZE]:
        return np.uint64(0)
    return np.uint64(u32s(igd[G_GTT])[np.uint64(offset) >> np.uint64(2)])


@native
def is_clock(igd: Any, offset: int) -> Any:
    """Whether the register at byte ``offset`` changes by itself: scan lines, frames, vertical blanks, panel power."""
    if np.uint64(offset) >= igd[G_MMIO_SIZE]:
        return False
    kind = u16s(igd[G_KINDS])[np.uint64(offset) >> np.uint64(2)]
    rows = u32s(igd[G_ROWS])
    row = u32s(igd[G_FORMS])[np.uint64(kind) * np.uint64(FORM_WORDS) + np.uint64(F_ROW)]
    while row:
        at = np.uint64(row - np.uint32(1)) * np.uint64(ROW_WORDS)
        op = rows[at + W_OP]
        if op in (w.OP_SCANLINE, w.OP_FRAME, w.OP_VBLANK, w.OP_PANEL_STATUS):
            return True
        row = rows[at + W_NEXT]
    return False


@native
def _holds(regs: Any, rows: Any, at: int) -> Any:
    """Whether both conditions of the row at word ``at`` hold (an empty mask always does)."""
    first = regs[rows[at + W_COND_AT] >> np.uint32(2)] & rows[at + W_COND_MASK]
    second = regs[rows[at + W_COND2_AT] >> np.uint32(2)] & rows[at + W_COND2_MASK]
    return first == rows[at + W_COND_VALUE] and second == rows[at + W_COND2_VALUE]


@native
def _first_holds(regs: Any, rows: Any, at: int) -> Any:
    return regs[rows[at + W_COND_AT] >> np.uint32(2)] & rows[at + W_COND_MASK] == rows[at + W_COND_VALUE]


@native
def _scanline(root: int, vtotal: int) -> Any:
    lines = np.uint64((vtotal >> np.uint32(16)) & np.uint32(0x1FFF)) + np.uint64(1)
    if lines < np.uint64(2):
        lines = np.uint64(525)
    return u64s(root)[R_TIME] % np.uint64(FRAME_NS) * lines // np.uint64(FRAME_NS)


@native
def _frame(root: int, part: int) -> Any:
    frames = u64s(root)[R_TIME] // np.uint64(FRAME_NS)
    if part == w.FRAME_HIGH:
        return (frames >> np.uint64(8)) & np.uint64(0xFFFF)
    if part == w.FRAME_LOW:
        return (frames & np.uint64(0xFF)) << np.uint64(24)
    return frames & np.uint64(_ALL)


@native
def _vblank(root: int, row: int) -> Any:
    """Whether a frame has begun since this row was last asked."""
    words = u64s(root)
    state = u64s(u64s(words[R_IGD])[G_STATE])
    slot = np.uint64(w.STATE_ROWS) + np.uint64(row)
    frame = words[R_TIME] // np.uint64(FRAME_NS) + np.uint64(1)
    begun = state[slot] != frame
    state[slot] = frame
    return begun


@native
def _copied(rows: Any, at: int, source: int, held: int) -> Any:
    """``held`` with the bits of the row's mask from ``source``, moved as the row says."""
    shift, mask = rows[at + W_VALUE], rows[at + W_MASK]
    moved = source << shift if shift < np.uint32(32) else source >> (shift - np.uint32(32))
    return np.uint32((held & ~mask) | (moved & mask))


@native
def _power_unit(root: int, number: int) -> Any:
    """A register of the power unit behind the sideband."""
    return np.uint32(unit_read(u64s(u64s(root)[R_IGD]), np.uint64(PUNIT) | np.uint64(number)))


@native
def mmio_read(root: int, offset: int) -> Any:
    """Read the register dword at byte ``offset``; past the register file: all ones."""
    igd = u64s(u64s(root)[R_IGD])
    if np.uint64(offset) >= igd[G_MMIO_SIZE]:
        return np.uint64(_ALL)
    regs = u32s(igd[G_MMIO])
    number = np.uint64(offset) >> np.uint64(2)
    kind = u16s(igd[G_KINDS])[number]
    if np.uint64(kind) < igd[G_PLAIN_READS]:
        return np.uint64(regs[number])
    return _formed_read(root, igd, regs, number, kind)


@native
def _formed_read(root: int, igd: Any, regs: Any, number: int, kind: int) -> Any:
    """Read a dword that does something when it is read."""
    forms = u32s(igd[G_FORMS])
    form = np.uint64(kind) * np.uint64(FORM_WORDS)
    row = forms[form + np.uint64(F_ROW)]
    if row:
        rows = u32s(igd[G_ROWS])
        while row:
            at = np.uint64(row - np.uint32(1)) * np.uint64(ROW_WORDS)
            if rows[at + W_WHEN] == WHEN_READ:
                _act_on_read(root, regs, rows, at)
            row = rows[at + W_NEXT]
    held = regs[number]
    clears = forms[form + np.uint64(F_READ_CLEARS)]
    if clears:
        regs[number] = held & ~clears
    return np.uint64(held & ~forms[form + np.uint64(F_HIDDEN)])


@native
def _act_on_read(root: int, regs: Any, rows: Any, at: int) -> None:
    op = rows[at + W_OP]
    target = np.uint64(rows[at + W_AT] >> np.uint32(2))
    if op in (w.OP_SET, w.OP_FOLLOW):
        if _holds(regs, rows, at):
            regs[target] = (regs[target] & ~rows[at + W_MASK]) | rows[at + W_VALUE]
        elif op == w.OP_FOLLOW:
            regs[target] = regs[target] & ~rows[at + W_MASK]
    elif op == w.OP_COPY:
        regs[target] = _copied(rows, at, regs[rows[at + W_COND_AT] >> np.uint32(2)], regs[target])
    elif op == w.OP_SCANLINE:
        if _first_holds(regs, rows, at):
            regs[target] = np.uint32(_scanline(root, regs[rows[at + W_COND2_AT] >> np.uint32(2)]))
    elif op == w.OP_FRAME:
        if _holds(regs, rows, at):
            regs[target] = np.uint32(_frame(root, rows[at + W_VALUE]))
    elif op == w.OP_VBLANK:
        if _holds(regs, rows, at) and _vblank(root, at // np.uint64(ROW_WORDS)):
            regs[target] = regs[target] | rows[at + W_MASK]
    elif op == w.OP_GMBUS:
        regs[target] = np.uint32(gmbus_read(root, rows[at + W_MASK], regs[target]))
    elif op == w.OP_UNIT:
        regs[target] = regs[target] & ~rows[at + W_MASK]
        if _power_unit(root, rows[at + W_COND_AT]) & rows[at + W_COND_MASK] == rows[at + W_COND_VALUE]:
            regs[target] = regs[target] | rows[at + W_VALUE]
    elif op == w.OP_UNIT_COPY:
        regs[target] = _copied(rows, at, _power_unit(root, rows[at + W_COND_AT]), regs[target])
    elif op == w.OP_PANEL_STATUS:
        regs[target] = np.uint32(panel_status(root, rows[at + W_VALUE], regs[rows[at + W_COND_AT] >> np.uint32(2)]))


@native
def mmio_write(root: int, offset: int, value: int) -> None:
    """Write the register dword at byte ``offset``; past the register file: dropped."""
    igd = u64s(u64s(root)[R_IGD])
    if np.uint64(offset) >= igd[G_MMIO_SIZE]:
        return
    regs = u32s(igd[G_MMIO])
    number = np.uint64(offset) >> np.uint64(2)
    kind = u16s(igd[G_KINDS])[number]
    if kind:
        _formed_write(root, igd, regs, number, kind, np.uint32(value))
    else:
        regs[number] = np.uint32(value)


@native
def _formed_write(root: int, igd: Any, regs: Any, number: int, kind: int, value: int) -> None:
    """Write a dword that is more than storage: first the bits that take the value, then what that sets off."""
    forms = u32s(igd[G_FORMS])
    form = np.uint64(kind) * np.uint64(FORM_WORDS)
    old = regs[number]
    kept = forms[form + np.uint64(F_READ_ONLY)]
    if old & forms[form + np.uint64(F_LOCK)]:
        kept |= forms[form + np.uint64(F_FROZEN)]
    cleared = forms[form + np.uint64(F_WRITE_CLEARS)]
    regs[number] = (value & ~(kept | cleared)) | (old & (kept | (cleared & ~value)))
    row = forms[form + np.uint64(F_ROW)]
    if row:
        rows = u32s(igd[G_ROWS])
        while row:
            at = np.uint64(row - np.uint32(1)) * np.uint64(ROW_WORDS)
            if rows[at + W_WHEN] == WHEN_WRITE:
                _act_on_write(root, regs, rows, at, number, value, old)
            row = rows[at + W_NEXT]


@native
def mmio_beside(root: int, offset: int) -> Any:
    """What a write narrower than the dword at byte ``offset`` leaves in its other bytes; past the file: 0."""
    igd = u64s(u64s(root)[R_IGD])
    if np.uint64(offset) >= igd[G_MMIO_SIZE]:
        return np.uint64(0)
    number = np.uint64(offset) >> np.uint64(2)
    form = np.uint64(u16s(igd[G_KINDS])[number]) * np.uint64(FORM_WORDS)
    return np.uint64(u32s(igd[G_MMIO])[number] & ~u32s(igd[G_FORMS])[form + np.uint64(F_WRITE_CLEARS)])


@native
def _act_on_write(root: int, regs: Any, rows: Any, at: int, number: int, value: int, old: int) -> None:
    op = rows[at + W_OP]
    target = np.uint64(rows[at + W_AT] >> np.uint32(2))
    if op in (w.OP_SET, w.OP_FOLLOW):
        if _holds(regs, rows, at):
            regs[target] = (regs[target] & ~rows[at + W_MASK]) | rows[at + W_VALUE]
        elif op == w.OP_FOLLOW:
            regs[target] = regs[target] & ~rows[at + W_MASK]
    elif op == w.OP_WELLS:
        _power_wells(regs, target, rows[at + W_MASK])
    elif op == w.OP_GMBUS:
        gmbus_write(root, rows[at + W_MASK], value)
    elif op == w.OP_GPIO:
        regs[number] = np.uint32(gpio_write(root, rows[at + W_VALUE], old, value))
    elif op == w.OP_AUX:
        regs[number] = np.uint32(aux_send(root, rows[at + W_VALUE], regs, number, value))
    elif op == w.OP_SIDEBAND:
        regs[number] = np.uint32(sideband_send(root, regs, number, value))
    elif op == w.OP_MESSAGE:
        regs[number] = np.uint32(message_send(root, rows[at + W_VALUE], regs, number, value))
    elif op == w.OP_PANEL_CONTROL:
        held = regs[rows[at + W_COND_AT] >> np.uint32(2)] & rows[at + W_COND_MASK]
        panel_control(root, rows[at + W_VALUE], regs, number, old, held >> rows[at + W_COND_VALUE])
    elif op == w.OP_IRQ:
        enabled = regs[rows[at + W_COND_AT] >> np.uint32(2)] & rows[at + W_COND_MASK]
        if enabled or u64s(root)[R_LOOK_TIME]:
            trap(root, TRAP_IRQ, 0, 0, 0)


@native
def _power_wells(regs: Any, first: int, states: int) -> None:
    """Four registers, one for each who may ask: a well is on while any requests it (the bit above its state)."""
    wanted = np.uint32(0)
    for i in range(4):
        wanted |= regs[first + np.uint64(i)]
    for i in range(4):
        at = first + np.uint64(i)
        regs[at] = (regs[at] & ~states) | ((wanted >> np.uint32(1)) & states)
