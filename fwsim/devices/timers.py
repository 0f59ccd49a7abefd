"""The timers tell virtual time: the 8254's three counters, port 61h and the ACPI power management timer.

Sources: Intel 8254 data sheet (control word, modes, latch, read-back); IBM PS/2 Technical Reference (port 61h: bit 0
gate of counter 2, bit 1 speaker, bit 4 refresh toggle, bit 5 output of counter 2); ACPI 6.4, 4.8.2.1 (3.579545 MHz).
"""

from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.native import R_IRQ_TIME, R_LOOK_TIME, R_PLATFORM, R_TIME, R_TIMER_TIME, native, u64s

PIT_HZ = 1_193_182
PM_HZ = 3_579_545
REFRESH_NS = 15_085  # one refresh request; bit 4 toggles at each
_SECOND = 1_000_000_000

# words of one counter
_next = count().__next__
C_MODE = _next()
C_RELOAD = _next()
C_START = _next()  # virtual time at which counting began
C_ACCESS = _next()  # 1 low byte, 2 high byte, 3 both
C_READ_HIGH = _next()
C_WRITE_HIGH = _next()
C_LOW = _next()
C_LATCHED = _next()
C_LATCH = _next()
C_STATUS = _next()  # status byte latched by read-back, | 100h
C_PAUSED = _next()  # clocks counted when the gate fell, + 1; 0: it counts
C_NULL = _next()  # 1: a control word came, the count has not
C_WORDS = _next()
PF_61 = 3 * C_WORDS
PF_PM_BITS = PF_61 + 1  # 24 or 32: width of the PM timer
PF_IRQ0 = PF_61 + 2  # 1: counter 0 raises IRQ0
PLATFORM_WORDS = PF_61 + 3


def new_platform() -> NDArray[np.uint64]:
    """The block with the counters as a PC's firmware leaves them: counter 0 mode 3 at 18.2 Hz, 1 refresh, 2 free."""
    block = np.zeros(PLATFORM_WORDS, np.uint64)
    for counter, (mode, reload) in enumerate(((3, 0x10000), (2, 18), (3, 0x10000))):
        block[counter * C_WORDS + C_MODE] = mode
        block[counter * C_WORDS + C_RELOAD] = reload
        block[counter * C_WORDS + C_ACCESS] = 3
    block[PF_PM_BITS] = 24
    return block


@native
def pm_timer(root: int) -> Any:
    """The 24-bit PM timer's value (QEMU's PIIX4 and ICH9 have 24 bits)."""
    return u64s(root)[R_TIME] * np.uint64(PM_HZ) // np.uint64(_SECOND) & np.uint64(0xFFFFFF)


@native
def _elapsed(root: int, at: int) -> Any:
    block = u64s(u64s(root)[R_PLATFORM])
    if block[at + C_PAUSED]:
        return block[at + C_PAUSED] - np.uint64(1)
    return (u64s(root)[R_TIME] - block[at + C_START]) * np.uint64(PIT_HZ) // np.uint64(_SECOND)


@native
def _count(root: int, at: int) -> Any:
    """The counter's value now: modes 2 and 3 start over (3 counts by two), the others wrap at 65536."""
    block = u64s(u64s(root)[R_PLATFORM])
    ticks = _elapsed(root, at)
    reload = block[at + C_RELOAD]
    mode = block[at + C_MODE]
    if mode < np.uint64(2) or mode > np.uint64(3):
        return (reload - ticks) & np.uint64(0xFFFF)
    phase = ticks % reload
    if mode == np.uint64(3):
        phase = (phase * np.uint64(2)) % reload
    return (reload - phase) & np.uint64(0xFFFF)


@native
def _output(root: int, at: int) -> Any:
    """The counter's OUT pin."""
    block = u64s(u64s(root)[R_PLATFORM])
    ticks = _elapsed(root, at)
    reload = block[at + C_RELOAD]
    mode = block[at + C_MODE]
    if block[at + C_NULL]:
        return np.uint64(mode != np.uint64(0))
    if mode < np.uint64(2):
        return np.uint64(ticks >= reload)
    if mode == np.uint64(2):
        return np.uint64(ticks % reload != reload - np.uint64(1))
    if mode == np.uint64(3):
        return np.uint64(ticks % reload < (reload + np.uint64(1)) // np.uint64(2))
    return np.uint64(ticks != reload)


@native
def port61_in(root: int) -> Any:
    """Port 61h: what was written in bits 3:0, the refresh toggle, the output of counter 2."""
    block = u64s(u64s(root)[R_PLATFORM])
    toggle = u64s(root)[R_TIME] // np.uint64(REFRESH_NS) & np.uint64(1)
    return (block[PF_61] & np.uint64(15)) | (toggle << np.uint64(4)) | (_output(root, 2 * C_WORDS) << np.uint64(5))


@native
def port61_out(root: int, value: int) -> None:
    """Port 61h: bit 0 is the gate of counter 2: it holds modes 0 and 4, and starts the others over when it rises."""
    block = u64s(u64s(root)[R_PLATFORM])
    at = np.uint64(2 * C_WORDS)
    rises = value & 1 and block[PF_61] & np.uint64(1) == np.uint64(0)
    falls = not value & 1 and block[PF_61] & np.uint64(1) != np.uint64(0)
    levels = block[at + C_MODE] == np.uint64(0) or block[at + C_MODE] == np.uint64(4)  # the gate only holds these
    if falls and block[at + C_MODE] != np.uint64(1) and block[at + C_MODE] != np.uint64(5):
        block[at + C_PAUSED] = _elapsed(root, at) + np.uint64(1)
    if rises:
        done = block[at + C_PAUSED] - np.uint64(1) if levels and block[at + C_PAUSED] else np.uint64(0)
        block[at + C_START] = u64s(root)[R_TIME] - done * np.uint64(_SECOND) // np.uint64(PIT_HZ)
        block[at + C_PAUSED] = np.uint64(0)
    block[PF_61] = np.uint64(value & 15)


@native
def pit_in(root: int, port: int) -> Any:
    """Ports 40h-42h: latched status, latched count or the running one, by the access mode; 43h reads nothing."""
    if port == 0x43:
        return np.uint64(0xFF)
    block = u64s(u64s(root)[R_PLATFORM])
    at = np.uint64((port - 0x40) * C_WORDS)
    if block[at + C_STATUS]:
        status = block[at + C_STATUS] & np.uint64(0xFF)
        block[at + C_STATUS] = np.uint64(0)
        return status
    value = block[at + C_LATCH] if block[at + C_LATCHED] else _count(root, at)
    access = block[at + C_ACCESS]
    high = access == np.uint64(2) or (access == np.uint64(3) and block[at + C_READ_HIGH] != np.uint64(0))
    if access == np.uint64(3):
        block[at + C_READ_HIGH] ^= np.uint64(1)
    if access != np.uint64(3) or high:
        block[at + C_LATCHED] = np.uint64(0)
    return (value >> np.uint64(8)) & np.uint64(0xFF) if high else value & np.uint64(0xFF)


@native
def _load(root: int, at: int, value: int) -> None:
    words = u64s(root)
    block = u64s(words[R_PLATFORM])
    block[at + C_RELOAD] = np.uint64(value) if value else np.uint64(0x10000)
    block[at + C_START] = words[R_TIME]
    block[at + C_NULL] = np.uint64(0)
    waits = at == np.uint64(2 * C_WORDS) and block[PF_61] & np.uint64(1) == np.uint64(0)
    block[at + C_PAUSED] = np.uint64(waits)
    if at == np.uint64(0) and block[PF_IRQ0]:
        due = words[R_TIME] + block[C_RELOAD] * np.uint64(_SECOND) // np.uint64(PIT_HZ)
        words[R_TIMER_TIME] = due
        words[R_IRQ_TIME] = min(due, words[R_LOOK_TIME]) if words[R_LOOK_TIME] else due


@native
def _read_back(root: int, at: int, command: int) -> None:
    """Read-back of one counter: bit 5 clear latches its count, bit 4 clear its status; what is latched stays so."""
    block = u64s(u64s(root)[R_PLATFORM])
    if not command >> 5 & 1 and block[at + C_LATCHED] == np.uint64(0):
        block[at + C_LATCH] = _count(root, at)
        block[at + C_LATCHED] = np.uint64(1)
    if not command >> 4 & 1 and block[at + C_STATUS] == np.uint64(0):
        pins = (_output(root, at) << np.uint64(7)) | (block[at + C_NULL] << np.uint64(6))
        block[at + C_STATUS] = (
            pins | (block[at + C_ACCESS] << np.uint64(4)) | (block[at + C_MODE] << np.uint64(1)) | np.uint64(0x100)
        )


@native
def pit_out(root: int, port: int, value: int) -> None:
    """Ports 40h-43h: control words (counter, access, mode), latch and read-back commands, and counts."""
    block = u64s(u64s(root)[R_PLATFORM])
    if port == 0x43:
        select = np.uint64(value >> 6 & 3)
        if select == np.uint64(3):
            for counter in range(3):
                if value >> (1 + counter) & 1:
                    _read_back(root, np.uint64(counter * C_WORDS), value)
            return
        at = select * np.uint64(C_WORDS)
        access = np.uint64(value >> 4 & 3)
        if access == np.uint64(0):
            if block[at + C_LATCHED] == np.uint64(0):
                block[at + C_LATCH] = _count(root, at)
                block[at + C_LATCHED] = np.uint64(1)
            return
        mode = np.uint64(value >> 1 & 7)
        block[at + C_MODE] = mode - np.uint64(4) if mode > np.uint64(5) else mode
        block[at + C_ACCESS] = access
        block[at + C_READ_HIGH] = np.uint64(0)
        block[at + C_WRITE_HIGH] = np.uint64(0)
        block[at + C_LATCHED] = np.uint64(0)
        block[at + C_STATUS] = np.uint64(0)
        block[at + C_NULL] = np.uint64(1)
        return
    at = np.uint64((port - 0x40) * C_WORDS)
    access = block[at + C_ACCESS]
    data = np.uint64(value & 0xFF)
    if access == np.uint64(1):
        _load(root, at, data)
    elif access == np.uint64(2):
        _load(root, at, data << np.uint64(8))
    elif block[at + C_WRITE_HIGH] == np.uint64(0):
        block[at + C_LOW] = data
        block[at + C_WRITE_HIGH] = np.uint64(1)
    else:
        block[at + C_WRITE_HIGH] = np.uint64(0)
        _load(root, at, block[at + C_LOW] | (data << np.uint64(8)))
