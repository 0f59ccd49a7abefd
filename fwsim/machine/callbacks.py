"""The native callbacks lead each port and memory access to what answers it, composed from every room's share."""

from typing import Any

import numpy as np

from fwsim.cpu.around_access import enter_memory, enter_port, on_block, on_interrupt, tick
from fwsim.devices.bus import (
    P_ECAM,
    config_in,
    config_out,
    pci_address_in,
    pci_address_out,
    pci_data_in,
    pci_data_out,
)
from fwsim.devices.config_traps import VIA_WINDOW
from fwsim.devices.igd import layout as g
from fwsim.devices.igd.access import gtt_load, is_clock, mmio_beside, mmio_read, mmio_write
from fwsim.devices.igd.gtt_path import NO_INDEX, gtt_write
from fwsim.devices.igd.overlay import overlaid, overlaid_write
from fwsim.devices.igd.port_pair import iobar_in, iobar_out
from fwsim.devices.timers import pit_in, pit_out, pm_timer, port61_in, port61_out
from fwsim.devices.vga.ports import vga_in, vga_out
from fwsim.devices.vga.window import vga_read, vga_write
from fwsim.native import (
    BAR_IGD,
    I_EAX,
    I_EDX,
    PORT_61,
    PORT_BAR,
    PORT_DISPI,
    PORT_IOBAR,
    PORT_OPEN,
    PORT_PCI_ADDRESS,
    PORT_PCI_DATA,
    PORT_PIT,
    PORT_PM_TIMER,
    PORT_SINK,
    PORT_STORE,
    PORT_TRAP,
    PORT_VGA,
    R_BAR0,
    R_BAR_BASES,
    R_FN_ADAPTER_IN,
    R_FN_ADAPTER_OUT,
    R_FN_WRITE,
    R_IDS_INT,
    R_IGD,
    R_INT_VALUES,
    R_LATCH,
    R_PCI,
    R_PORTS,
    R_PTRS_INT,
    R_STOP,
    R_TIME,
    R_UC,
    TRAP_DMA_FAULT,
    TRAP_PORT_IN,
    TRAP_PORT_OUT,
    TSC_PER_US,
    call,
    callback,
    native,
    trap,
    u8s,
    u16s,
    u32s,
    u64s,
)
from fwsim.trace.event import Flag, Op, Space
from fwsim.trace.progress import IN_GTT, IN_MEMORY, IN_MMIO, IN_TSC, forced, looked_up, seen, seen_here
from fwsim.trace.record import record, record_here

_READ, _WRITE = int(Op.READ), int(Op.WRITE)
_PORT, _MEMORY, _MMIO, _GTT = int(Space.PORT), int(Space.MEMORY), int(Space.MMIO), int(Space.GTT)
_UNHANDLED, _MIRRORED, _ASSISTED = int(Flag.UNHANDLED), int(Flag.MIRRORED), int(Flag.ASSISTED)


@native
def _ones(size: int) -> Any:
    return (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1)


@native
def _latched_in(root: int, port: int, size: int) -> Any:
    latch = u8s(u64s(root)[R_LATCH])
    value = np.uint64(0)
    for lane in range(size):
        value |= np.uint64(latch[(port + lane) & 0xFFFF]) << np.uint64(8 * lane)
    return value


@callback("u32(u64, u32, i32, u64)")
def port_in(uc: Any, port: int, size: int, root: int) -> Any:
    """IN: time passes, the device answers, the event is recorded. After a stop the rest of the block is unheard."""
    words = u64s(root)
    if words[R_STOP]:
        return np.uint32(0xFFFFFFFF)
    enter_port(root)
    kind = u8s(words[R_PORTS])[port & 0xFFFF]
    if kind == PORT_PCI_DATA:
        return np.uint32(pci_data_in(root, port, size))
    if kind == PORT_IOBAR:
        return np.uint32(iobar_in(root, port, u64s(words[R_BAR_BASES])[BAR_IGD], size))
    if kind == PORT_PCI_ADDRESS:
        return np.uint32(pci_address_in(root, port, size))
    flags = 0
    clock = False
    value = _ones(size)
    if kind == PORT_VGA:
        value = np.uint64(vga_in(root, port, size))
        clock = port == 0x3DA or port == 0x3BA
    elif kind == PORT_PM_TIMER:
        value = pm_timer(root) & _ones(size)
        clock = True
    elif kind == PORT_PIT:
        value = pit_in(root, port)
        clock = True
    elif kind == PORT_61:
        value = port61_in(root)
        clock = True
    elif kind == PORT_TRAP:
        value = trap(root, TRAP_PORT_IN, port, size, 0)
    elif kind in (PORT_BAR, PORT_DISPI):
        value = call(words[R_FN_ADAPTER_IN], root, port, size, 0)
    elif kind == PORT_STORE:
        value = _latched_in(root, port, size)
    elif kind == PORT_OPEN:
        flags = _UNHANDLED
    answer = forced(root, port, value)
    if answer != value:
        flags |= _ASSISTED
    answer = record_here(root, _PORT, _READ, size, port, answer, value, flags)
    seen_here(root, port, looked_up(root, port, answer), clock)
    return np.uint32(answer)


@callback("void(u64, u32, i32, u32, u64)")
def port_out(uc: Any, port: int, size: int, value: int, root: int) -> None:
    """OUT: time passes, the event is recorded, the device acts."""
    words = u64s(root)
    if words[R_STOP]:
        return
    enter_port(root)
    kind = u8s(words[R_PORTS])[port & 0xFFFF]
    if kind == PORT_PCI_DATA:
        pci_data_out(root, port, size, value)
        return
    if kind == PORT_IOBAR:
        iobar_out(root, port, u64s(words[R_BAR_BASES])[BAR_IGD], size, value)
        return
    if kind == PORT_PCI_ADDRESS:
        pci_address_out(root, port, size, value)
        return
    entry = looked_up(root, port, value)
    record_here(root, _PORT, _WRITE, size, port, value, value, _UNHANDLED if kind == PORT_OPEN else 0)
    seen_here(root, port, entry, kind in (PORT_PIT, PORT_61))
    if kind == PORT_VGA:
        vga_out(root, port, size, value)
    elif kind == PORT_PIT:
        pit_out(root, port, value)
    elif kind == PORT_61:
        port61_out(root, value)
    elif kind == PORT_TRAP:
        trap(root, TRAP_PORT_OUT, port, size, value)
    elif kind in (PORT_BAR, PORT_DISPI):
        call(words[R_FN_ADAPTER_OUT], root, port, size, value)
    elif kind in (PORT_STORE, PORT_SINK):
        latch = u8s(words[R_LATCH])
        for lane in range(size):
            latch[(port + lane) & 0xFFFF] = np.uint8(value >> (8 * lane))


@callback("void(u64, u32, u64)")
def interrupt(uc: Any, vector: int, root: int) -> None:
    """INT n or a CPU exception."""
    on_interrupt(root, vector)


@callback("void(u64, u64, u32, u64)")
def block(uc: Any, address: int, size: int, root: int) -> None:
    """Entry of a block of code."""
    on_block(root, address, size)


@callback("i32(u64, u64)")
def rdtsc(uc: Any, root: int) -> Any:
    """RDTSC: virtual time at 2 GHz in EDX:EAX; 1 tells the engine not to answer itself."""
    tick(root)
    seen(root, IN_TSC, 0, True)
    words = u64s(root)
    count = words[R_TIME] // np.uint64(1000) * np.uint64(TSC_PER_US)
    values = u64s(words[R_INT_VALUES])
    values[I_EAX] = count & np.uint64(0xFFFFFFFF)
    values[I_EDX] = count >> np.uint64(32)
    for register in (I_EAX, I_EDX):
        number, value = words[R_IDS_INT] + np.uint64(4 * register), words[R_PTRS_INT] + np.uint64(8 * register)
        call(words[R_FN_WRITE], words[R_UC], number, value, 1)
    return 1


@callback("bool(u64, i32, u64, i32, i64, u64)")
def dropped(uc: Any, access: int, address: int, size: int, value: int, root: int) -> Any:
    """A write to read-only memory: recorded, and dropped."""
    enter_memory(root, address, size, 1)
    data = np.uint64(value) & (_ones(size) if size < 8 else np.uint64(0xFFFFFFFFFFFFFFFF))
    record(root, _MEMORY, _WRITE, size, address, data, data, _UNHANDLED)
    seen(root, IN_MEMORY | address, data, False)
    return True


# --- memory windows ------------------------------------------------------------------------------------------------


@callback("u64(u64, u64, u32, u64)")
def vga_window_read(uc: Any, offset: int, size: int, root: int) -> Any:
    """A0000-BFFFF, read. Memory: not recorded."""
    return np.uint64(vga_read(root, offset, size))


@callback("void(u64, u64, u32, u64, u64)")
def vga_window_write(uc: Any, offset: int, size: int, value: int, root: int) -> None:
    """A0000-BFFFF, written."""
    vga_write(root, offset, size, value)


@callback("u64(u64, u64, u32, u64)")
def open_bus_read(uc: Any, offset: int, size: int, root: int) -> Any:
    """Where nothing answers: all ones."""
    return _ones(size) if size < 8 else np.uint64(0xFFFFFFFFFFFFFFFF)


@callback("void(u64, u64, u32, u64, u64)")
def open_bus_write(uc: Any, offset: int, size: int, value: int, root: int) -> None:
    """Where nothing answers: dropped."""


@callback("u64(u64, u64, u32, u64)")
def ecam_read(uc: Any, offset: int, size: int, root: int) -> Any:
    """The configuration window, read as by CF8 and CFC: the engine makes aligned bytes, words and dwords of all."""
    enter_memory(root, u64s(u64s(root)[R_PCI])[P_ECAM] + np.uint64(offset), size, 0)
    return np.uint64(config_in(root, offset, size, VIA_WINDOW))


@callback("void(u64, u64, u32, u64, u64)")
def ecam_write(uc: Any, offset: int, size: int, value: int, root: int) -> None:
    """The configuration window, written."""
    enter_memory(root, u64s(u64s(root)[R_PCI])[P_ECAM] + np.uint64(offset), size, 1)
    config_out(root, offset, size, np.uint64(value) & _ones(size), VIA_WINDOW)


@native
def _in_gtt(igd: Any, offset: int) -> Any:
    """Whether a dword of BAR0 is the GTT's: it lies behind the registers, or to generation 2 in their midst."""
    if np.uint64(offset) < igd[g.G_GTT_AT]:
        return False
    return np.uint64(offset) >= igd[g.G_MMIO_SIZE] or np.uint64(offset) - igd[g.G_GTT_AT] < igd[g.G_GTT_SIZE]


@native
def _register_read(root: int, offset: int) -> Any:
    """One dword of BAR0: registers and the GTT."""
    igd = u64s(u64s(root)[R_IGD])
    if _in_gtt(igd, offset):
        value = gtt_load(root, np.uint64(offset) - igd[g.G_GTT_AT])
        value = record(root, _GTT, _READ, 4, np.uint64(offset) - igd[g.G_GTT_AT], value, value, 0)
        seen(root, IN_GTT | offset, value, False)
        return value
    real = mmio_read(root, offset)
    shown = overlaid(root, offset, real)
    value = forced(root, IN_MMIO | offset, shown)
    flags = _MIRRORED if shown != real else 0
    value = record(root, _MMIO, _READ, 4, offset, value, real, flags if value == shown else flags | _ASSISTED)
    seen(root, IN_MMIO | offset, value, is_clock(igd, offset))
    return value


@native
def _register_write(root: int, offset: int, value: int) -> None:
    igd = u64s(u64s(root)[R_IGD])
    if _in_gtt(igd, offset):
        at = np.uint64(offset) - igd[g.G_GTT_AT]
        gtt_write(root, at, value, NO_INDEX, 0)
        seen(root, IN_GTT | at, value, False)
        return
    passes = overlaid_write(root, offset, value)
    record(root, _MMIO, _WRITE, 4, offset, value, value, 0 if passes == _ones(4) else _MIRRORED)
    if passes:
        mmio_write(root, offset, (np.uint64(value) & passes) | (mmio_beside(root, offset) & ~passes))
    seen(root, IN_MMIO | offset, value, False)


@callback("u64(u64, u64, u32, u64)")
def bar0_read(uc: Any, offset: int, size: int, root: int) -> Any:
    """BAR0, read by memory access: dwords as they are, narrower ones from the dword they lie in, wider ones in two."""
    enter_memory(root, u64s(root)[R_BAR0] + np.uint64(offset), size, 0)
    at = np.uint64(offset) & ~np.uint64(3)
    value = _register_read(root, at)
    if size == 8:
        return value | (_register_read(root, at + np.uint64(4)) << np.uint64(32))
    return (value >> (np.uint64(8) * (np.uint64(offset) & np.uint64(3)))) & _ones(size)


@callback("void(u64, u64, u32, u64, u64)")
def bar0_write(uc: Any, offset: int, size: int, value: int, root: int) -> None:
    """BAR0, written by memory access."""
    enter_memory(root, u64s(root)[R_BAR0] + np.uint64(offset), size, 1)
    at = np.uint64(offset) & ~np.uint64(3)
    if size < 4:
        igd = u64s(u64s(root)[R_IGD])
        held = gtt_load(root, at - igd[g.G_GTT_AT]) if _in_gtt(igd, at) else overlaid(root, at, mmio_beside(root, at))
        shift = np.uint64(8) * (np.uint64(offset) & np.uint64(3))
        value = (held & ~(_ones(size) << shift)) | ((np.uint64(value) & _ones(size)) << shift)
    _register_write(root, at, np.uint64(value) & np.uint64(0xFFFFFFFF))
    if size == 8:
        _register_write(root, at + np.uint64(4), np.uint64(value) >> np.uint64(32))


@native
def _aperture_page(root: int, offset: int, write: int) -> Any:
    """Host address of the aperture byte at ``offset``; 0, after telling of the fault, where it leads nowhere."""
    igd = u64s(u64s(root)[R_IGD])
    number = np.uint64(offset) >> np.uint64(12)
    if number >= igd[g.G_GTT_SIZE] >> igd[g.G_PTE_SHIFT]:
        return np.uint64(0)
    u8s(igd[g.G_USED])[number] = np.uint8(1)
    page = u64s(igd[g.G_PAGES])[number]
    if page == np.uint64(0):
        trap(root, TRAP_DMA_FAULT, number, write, 0)
        return np.uint64(0)
    return page + (np.uint64(offset) & np.uint64(0xFFF))


@callback("u64(u64, u64, u32, u64)")
def aperture_read(uc: Any, offset: int, size: int, root: int) -> Any:
    """GMADR, read: through the GTT to memory."""
    at = _aperture_page(root, offset, 0)
    if at == np.uint64(0):
        return _ones(size) if size < 8 else np.uint64(0xFFFFFFFFFFFFFFFF)
    if size == 1:
        return np.uint64(u8s(at)[0])
    if size == 2:
        return np.uint64(u16s(at)[0])
    if size == 4:
        return np.uint64(u32s(at)[0])
    return u64s(at)[0]


@callback("void(u64, u64, u32, u64, u64)")
def aperture_write(uc: Any, offset: int, size: int, value: int, root: int) -> None:
    """GMADR, written."""
    at = _aperture_page(root, offset, 1)
    if at == np.uint64(0):
        return
    if size == 1:
        u8s(at)[0] = np.uint8(value)
    elif size == 2:
        u16s(at)[0] = np.uint16(value)
    elif size == 4:
        u32s(at)[0] = np.uint32(value)
    else:
        u64s(at)[0] = np.uint64(value)
