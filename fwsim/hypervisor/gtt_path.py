"""What does the hypervisor do to a GTT write, or to a read of a mirrored register? The native half."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.igd import layout as g
from fwsim.devices.igd.access import gtt_load, gtt_store, mmio_read, mmio_write
from fwsim.devices.igd.access import is_clock as is_clock
from fwsim.native import R_HYP, R_IGD, STOP_ABORT, TRAP_GTT_FIRST, inlined, native, stop, trap, u8s, u16s, u32s, u64s
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.progress import forced, seen
from fwsim.trace.record import record, record_as

(
    H_KIND,  # KIND_*
    H_LATCH,  # QEMU's own copy of the index port; all ones: none
    H_LIMIT,  # first index QEMU's trap leaves alone
    H_GEN8,  # 1: 64-bit entries by QEMU's reckoning of the generation
    H_HOST_BASE,  # host BDSM, rounded down to 1 MiB
    H_HOST_SIZE,  # bytes of host stolen memory
    H_GUEST_SIZE,  # bytes of guest stolen memory
    H_BDSM_AT,  # address of the guest's emulated BDSM (uint32 or two of them); 0: none is emulated
    H_BDSM_WIDE,  # 1: it is 64 bits wide
    H_MIRROR_BDSM,  # 4 or 8: BAR0 0x1080C0 reads the emulated BDSM; 0: the device's own
    H_GGC_AT,  # address of an emulated GGC that BAR0 0x108040 reads; 0: the device's own
    H_RAW,  # address: uint32 per GTT dword, as the guest wrote it (ranged)
    HYP_WORDS,
) = range(13)
Words = NDArray[np.uint64] | NDArray[np.uint32]
KIND_NONE, KIND_PASS, KIND_QEMU_OLD, KIND_RANGED = range(4)

_READ, _WRITE = int(Op.READ), int(Op.WRITE)
_PORT, _GTT, _MMIO = int(Space.PORT), int(Space.GTT), int(Space.MMIO)
_REWRITTEN, _INDEXED, _FAULTED = int(Flag.REWRITTEN), int(Flag.INDEXED), int(Flag.FAULTED)
_ASSISTED = int(Flag.ASSISTED)
_HYPERVISOR = int(Actor.HYPERVISOR)
_NO_INDEX = np.uint64(0xFFFFFFFFFFFFFFFF)


@inlined
def guest_bdsm(root: int) -> Any:
    """The base the guest's firmware wrote into the emulated BDSM; 0 while it has not."""
    hyp = u64s(u64s(root)[R_HYP])
    if hyp[H_BDSM_AT] == np.uint64(0):
        return np.uint64(0)
    base = np.uint64(u32s(hyp[H_BDSM_AT])[0])
    if hyp[H_BDSM_WIDE]:
        base |= np.uint64(u32s(hyp[H_BDSM_AT])[1]) << np.uint64(32)
    return base


@native
def _qemu_old(root: int, index: int, value: int) -> Any:
    """QEMU up to 9.1 (hw/vfio/igd.c): every write at index 4n+1 below the limit is moved by guest base - host base.

    Whatever it is; the high dword of a 64-bit entry becomes 0. Returns the dword to write; 64 ones: abort.
    """
    hyp = u64s(u64s(root)[R_HYP])
    if index % np.uint64(4) != np.uint64(1) or index >= hyp[H_LIMIT]:
        return np.uint64(value)
    if hyp[H_GEN8] == np.uint64(0) or index % np.uint64(8) == np.uint64(1):
        base = guest_bdsm(root)
        if base == np.uint64(0):
            return _NO_INDEX
        return (np.uint64(value) - hyp[H_HOST_BASE] + base) & np.uint64(0xFFFFFFFF)
    return np.uint64(0)


@inlined
def _ranged_move(root: int, entry: int) -> Any:
    """An entry that points into the host's stolen memory moves to the same offset in the guest's; others stay."""
    words = u64s(root)
    hyp = u64s(words[R_HYP])
    igd = u64s(words[R_IGD])
    low, high, shift = igd[g.G_LOW_MASK], igd[g.G_HIGH_MASK], igd[g.G_HIGH_SHIFT]
    target = (entry & low) | ((entry & high) << shift)
    offset = target - hyp[H_HOST_BASE]
    base = guest_bdsm(root) & ~np.uint64(0xFFFFF)
    if entry & np.uint64(1) == np.uint64(0) or base == np.uint64(0):
        return entry
    if target < hyp[H_HOST_BASE] or offset >= hyp[H_HOST_SIZE] or offset >= hyp[H_GUEST_SIZE]:
        return entry
    moved = base + offset
    return (entry & ~(low | high)) | (moved & low) | ((moved >> shift) & high)


@inlined
def _ranged(root: int, offset: int, value: int) -> Any:
    """Our trap layer: what the guest wrote is kept, and the whole entry is judged at each write of either dword."""
    words = u64s(root)
    hyp = u64s(words[R_HYP])
    igd = u64s(words[R_IGD])
    number = np.uint64(offset) >> np.uint64(2)
    raw = u32s(hyp[H_RAW])
    raw[number] = np.uint32(value)
    if igd[g.G_PTE_WIDTH] != np.uint64(8):
        return _ranged_move(root, np.uint64(value))
    even = number & ~np.uint64(1)
    entry = np.uint64(raw[even]) | (np.uint64(raw[even | np.uint64(1)]) << np.uint64(32))
    moved = _ranged_move(root, entry)
    own = number & np.uint64(1)
    other = (moved >> np.uint64(32)) if own == np.uint64(0) else (moved & np.uint64(0xFFFFFFFF))
    other_at = (number ^ np.uint64(1)) << np.uint64(2)
    if gtt_load(root, other_at) != other:  # the other half was judged with a stale half
        gtt_store(root, other_at, other)
        before = np.uint64(raw[number ^ np.uint64(1)])
        record_as(root, _HYPERVISOR, _GTT, _WRITE, 4, other_at, other, before, _REWRITTEN)
    return (moved & np.uint64(0xFFFFFFFF)) if own == np.uint64(0) else (moved >> np.uint64(32))


@inlined
def gtt_write(root: int, offset: int, value: int, index: int, flags: int) -> None:
    """A GTT dword on its way to the device: ``index`` as in the index port, or all ones for a write through BAR0."""
    words = u64s(root)
    igd = u64s(words[R_IGD])
    hyp = u64s(words[R_HYP])
    if np.uint64(offset) >= igd[g.G_GTT_SIZE]:
        record(root, _GTT, _WRITE, 4, offset, value, value, flags | 16)
        return
    written = np.uint64(value)
    if hyp[H_KIND] == np.uint64(KIND_QEMU_OLD) and index != _NO_INDEX:
        written = _qemu_old(root, hyp[H_LATCH], value)
    elif hyp[H_KIND] == np.uint64(KIND_RANGED):
        written = _ranged(root, offset, value)
    if igd[g.G_OWNER]:
        if igd[g.G_WRITES] == np.uint64(0) or written == _NO_INDEX:
            trap(root, TRAP_GTT_FIRST, np.uint64(offset) | np.uint64(1), value, written)
        igd[g.G_WRITES] += np.uint64(1)
        if written != _NO_INDEX:
            u8s(igd[g.G_TOUCHED])[np.uint64(offset) >> igd[g.G_PTE_SHIFT]] = np.uint8(1)
        igd[g.G_LAST_INDEX] = np.uint64(offset) | np.uint64(1)
        igd[g.G_LAST_VALUE] = np.uint64(value)
        igd[g.G_LAST_WRITTEN] = written
    if written == _NO_INDEX:
        record(root, _GTT, _WRITE, 4, offset, value, value, flags | _FAULTED)
        stop(root, STOP_ABORT, 0)
        return
    if written != np.uint64(value):
        flags |= _REWRITTEN
        if igd[g.G_OWNER]:
            igd[g.G_REWRITTEN] += np.uint64(1)
    record(root, _GTT, _WRITE, 4, offset, written, value, flags)
    gtt_store(root, offset, written)


@inlined
def iobar_out(root: int, port: int, base: int, size: int, value: int) -> None:
    """OUT to the I/O BAR: +0 is the index (bits 31:2 a byte offset, bit 0 the GTT, not the registers), +4 the data."""
    words = u64s(root)
    igd = u64s(words[R_IGD])
    hyp = u64s(words[R_HYP])
    at = port - base
    if at == 0 and size == 4:
        igd[g.G_INDEX] = np.uint64(value)
        hyp[H_LATCH] = np.uint64(value)
        record(root, _PORT, _WRITE, size, port, value, value, 0)
    elif at == 4 and size == 4:
        index = igd[g.G_INDEX]
        offset = index & np.uint64(0xFFFFFFFC)
        if index & np.uint64(1):
            gtt_write(root, offset, value, index, _INDEXED)
            seen(root, (4 << 32) | offset, value, False)
        else:
            record(root, _MMIO, _WRITE, 4, offset, value, value, _INDEXED)
            mmio_write(root, offset, value)
            seen(root, (3 << 32) | offset, value, False)
        hyp[H_LATCH] = _NO_INDEX
    else:
        record(root, _PORT, _WRITE, size, port, value, value, 16)


@native
def iobar_in(root: int, port: int, base: int, size: int) -> Any:
    """IN from the I/O BAR. Reads make QEMU's old trap forget the index it latched."""
    words = u64s(root)
    igd = u64s(words[R_IGD])
    hyp = u64s(words[R_HYP])
    at = port - base
    hyp[H_LATCH] = _NO_INDEX
    if at == 0 and size == 4:
        value = igd[g.G_INDEX]
        return record(root, _PORT, _READ, size, port, value, value, 0)
    if at == 4 and size == 4:
        index = igd[g.G_INDEX]
        offset = index & np.uint64(0xFFFFFFFC)
        if index & np.uint64(1):
            value = gtt_load(root, offset)
            value = record(root, _GTT, _READ, 4, offset, value, value, _INDEXED)
            seen(root, (4 << 32) | offset, value, False)
        else:
            real = mmio_read(root, offset)
            value = forced(root, (3 << 32) | offset, real)
            flags = _INDEXED if value == real else _INDEXED | _ASSISTED
            value = record(root, _MMIO, _READ, 4, offset, value, real, flags)
            seen(root, (3 << 32) | offset, value, is_clock(igd, offset))
        return value
    value = (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1)
    return record(root, _PORT, _READ, size, port, value, value, 16)


@native
def mirror_read(root: int, offset: int, value: int) -> Any:
    """A read of BAR0 by memory access where QEMU answers from the emulated registers (hw/vfio/igd.c, BAR0 quirks)."""
    hyp = u64s(u64s(root)[R_HYP])
    if hyp[H_MIRROR_BDSM] and offset == np.uint64(0x1080C0):
        return guest_bdsm(root) & np.uint64(0xFFFFFFFF)
    if hyp[H_MIRROR_BDSM] == np.uint64(8) and offset == np.uint64(0x1080C4):
        return guest_bdsm(root) >> np.uint64(32)
    if hyp[H_GGC_AT] and offset == np.uint64(0x108040):
        return (np.uint64(value) & np.uint64(0xFFFF0000)) | np.uint64(u16s(hyp[H_GGC_AT])[0])
    return np.uint64(value)
