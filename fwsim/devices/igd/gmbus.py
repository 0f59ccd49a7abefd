"""GMBUS is a hardware I2C master with one EDID behind each pin pair; the same wires can be driven bit by bit.

Source: Intel PRM, display: GMBUS0-5 and GPIOCTL.
"""

from typing import Any

import numpy as np

from fwsim.devices.igd.layout import (
    B_COUNT,
    B_IN_USE,
    B_NAK,
    B_OFFSET,
    B_PHASE,
    B_PIN,
    B_STOP,
    B_WRITES_DATA,
    G_BUS,
    G_EDID,
    G_EDID_SIZE,
    G_WIRES,
    PINS,
)
from fwsim.devices.vga.i2c import i2c_set
from fwsim.devices.vga.state import V_I2C
from fwsim.native import R_IGD, native, u8s, u64s


@native
def gmbus_write(root: int, which: int, value: int) -> None:
    """GMBUS``which`` is written."""
    igd = u64s(u64s(root)[R_IGD])
    bus = u64s(igd[G_BUS])
    if which == 0:
        bus[B_PIN] = np.uint64(value & np.uint32(PINS - 1))
        bus[B_PHASE] = np.uint64(0)
        bus[B_NAK] = np.uint64(0)
    elif which == 1:
        _gmbus_command(root, value)
    elif which == 2 and value & np.uint32(1 << 15):
        bus[B_IN_USE] = np.uint64(0)
    elif which == 3 and bus[B_PHASE] == np.uint64(2):
        bus[B_OFFSET] = np.uint64(value & np.uint32(0xFF))
        _done(bus)
    elif which == 3:  # data given before the command that sends it
        bus[B_WRITES_DATA] = np.uint64(value & np.uint32(0xFF)) + np.uint64(1)


@native
def _done(bus: Any) -> None:
    """The bytes are written: the bus is idle after a stop, or waits for the next cycle."""
    bus[B_COUNT] = np.uint64(0)
    bus[B_PHASE] = np.uint64(0) if bus[B_STOP] else np.uint64(3)


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
    if (value & np.uint32(7 << 25)) == np.uint32(4 << 25):  # stop by itself
        bus[B_PHASE] = np.uint64(0)
        bus[B_COUNT] = np.uint64(0)
        return
    pin = bus[B_PIN]
    if (value >> np.uint32(1)) & np.uint32(0x7F) != np.uint32(0x50) or u64s(igd[G_EDID_SIZE])[pin] == np.uint64(0):
        bus[B_NAK] = np.uint64(1)
        bus[B_PHASE] = np.uint64(0)
        return
    bus[B_NAK] = np.uint64(0)
    bus[B_STOP] = np.uint64((value >> np.uint32(27)) & np.uint32(1))
    if value & np.uint32(2 << 25):
        bus[B_OFFSET] = np.uint64((value >> np.uint32(8)) & np.uint32(0xFF))
    bus[B_COUNT] = np.uint64((value >> np.uint32(16)) & np.uint32(0x1FF))
    if value & np.uint32(1):
        bus[B_PHASE] = np.uint64(1)
    elif bus[B_WRITES_DATA]:  # GMBUS3 was filled before the command
        bus[B_OFFSET] = bus[B_WRITES_DATA] - np.uint64(1)
        _done(bus)
        bus[B_WRITES_DATA] = np.uint64(0)
    else:
        bus[B_PHASE] = np.uint64(2)


@native
def gmbus_read(root: int, which: int, held: int) -> Any:
    """What GMBUS``which`` reads; ``held`` is what was written there."""
    igd = u64s(u64s(root)[R_IGD])
    bus = u64s(igd[G_BUS])
    if which == 2:
        value = np.uint32(0)
        if bus[B_PHASE] != np.uint64(0):
            value |= np.uint32(1 << 9)  # active
        value |= np.uint32(1 << 11)  # ready: a cycle that was not acknowledged has ended with a stop
        if bus[B_NAK]:
            value |= np.uint32(1 << 10)
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
def _gmbus_take(igd: Any, bus: Any, pin: int) -> Any:
    """Up to four bytes of the EDID, in bus order from bit 0 up."""
    data = u8s(igd[G_EDID] + pin * np.uint64(256))
    value = np.uint32(0)
    for lane in range(4):
        if bus[B_COUNT] == np.uint64(0):
            break
        value |= np.uint32(data[bus[B_OFFSET] & np.uint64(0xFF)]) << np.uint32(8 * lane)
        bus[B_OFFSET] += np.uint64(1)
        bus[B_COUNT] -= np.uint64(1)
    if bus[B_COUNT] == np.uint64(0) and bus[B_STOP]:
        bus[B_PHASE] = np.uint64(0)
    return value


_OUTPUT, _VALUE, _LEVEL = 2, 8, 16  # of the clock; the data wire's lie eight bits up


@native
def _wire(held: int, value: int) -> Any:
    """Direction and level of one wire as they are kept: each changes only where its mask bit is written as 1."""
    kept = held & np.uint32(_OUTPUT | _VALUE)
    if value & np.uint32(1):
        kept = (kept & ~np.uint32(_OUTPUT)) | (value & np.uint32(_OUTPUT))
    if value & np.uint32(4):
        kept = (kept & ~np.uint32(_VALUE)) | (value & np.uint32(_VALUE))
    return kept


@native
def _released(kept: int) -> Any:
    """1 unless the wire is driven, and driven low."""
    return np.int64(0) if kept & np.uint32(_OUTPUT | _VALUE) == np.uint32(_OUTPUT) else np.int64(1)


@native
def gpio_write(root: int, pin: int, held: int, value: int) -> Any:
    """GPIOCTL is written; ``held`` is what it held. Returns what it reads from now on."""
    igd = u64s(u64s(root)[R_IGD])
    clock = _wire(held, value)
    data = _wire(held >> np.uint32(8), value >> np.uint32(8))
    slave = u64s(igd[G_WIRES] + np.uint64(16) * np.uint64(pin) - np.uint64(8 * V_I2C))
    level = i2c_set(slave, _released(clock), _released(data))
    shown = clock | (data << np.uint32(8))
    if _released(clock):
        shown |= np.uint32(_LEVEL)
    if level:
        shown |= np.uint32(_LEVEL << 8)
    return shown
