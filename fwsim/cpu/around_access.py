"""Native code around every access, block and INT keeps time, CS:IP and budgets, and dispatches INT through the IVT."""

from typing import Any

import numpy as np

from fwsim.native import (
    I_CR0,
    I_CS,
    I_EAX,
    I_EBX,
    I_ECX,
    I_EDX,
    I_EFLAGS,
    I_EIP,
    I_ESP,
    I_IDT_BASE,
    I_IDT_LIMIT,
    I_IDTR,
    I_SS,
    IPS_WORDS,
    R_ACCESS,
    R_AT_CS,
    R_AT_IP,
    R_BLOCK,
    R_BLOCK_FROM,
    R_BLOCK_SIZE,
    R_CODE,
    R_CODE_LIMIT,
    R_CODE_MARK,
    R_CODE_NEXT,
    R_CS,
    R_EA,
    R_FN_READ,
    R_FN_WRITE,
    R_GENERAL,
    R_GENERAL_COUNT,
    R_HOSTED,
    R_IDLE_LIMIT,
    R_IDS_INT,
    R_INT_VALUES,
    R_IP,
    R_IP_MASK,
    R_IPS,
    R_IRQ_TIME,
    R_LOOK_TIME,
    R_ORDINAL,
    R_ORDINAL_AT,
    R_PTRS_INT,
    R_RAM,
    R_RETRY,
    R_STEP,
    R_TIME,
    R_TIME_LIMIT,
    R_UC,
    R_WANTED,
    R_WATCH_MODES,
    SPIN_RUNS,
    STOP_CODE,
    STOP_FAULT,
    STOP_IDLE,
    STOP_IRQ,
    STOP_MODE,
    STOP_NONE,
    STOP_PLACE,
    STOP_SPIN,
    STOP_TIME,
    TRAP_MMIO_IP,
    call,
    inlined,
    native,
    stop,
    trap,
    u16s,
    u64s,
)
from fwsim.trace.event import Op, Space
from fwsim.trace.progress import IN_INTERRUPT, seen
from fwsim.trace.record import record

_CALL = int(Op.CALL)
_INTERRUPT = int(Space.INTERRUPT)
_IF = 0x200
_TF = 0x100
LOOK = 1 << 20
HOSTED, HOSTED_FOR_CODE = 1, 2
"""R_HOSTED: an access of the host's own; one that a service makes for code, whose CS:IP stand in the root block."""


@inlined
def _next_look(root: int, code: int) -> Any:
    """The count of code bytes at which a block has to look closer, ``code`` being executed by now."""
    words = u64s(root)
    return min(code + np.uint64(LOOK), words[R_CODE_MARK] + words[R_IDLE_LIMIT], words[R_CODE_LIMIT])


@inlined
def tick(root: int) -> None:
    """One access: a step of virtual time. What time and code may cause is worked out here: a block asks one thing."""
    words = u64s(root)
    words[R_TIME] += words[R_STEP]
    words[R_CODE_MARK] = words[R_CODE]
    words[R_CODE_NEXT] = _next_look(root, words[R_CODE])
    if words[R_TIME] >= words[R_IRQ_TIME]:
        words[R_CODE_NEXT] = np.uint64(0)
    if words[R_TIME] >= words[R_TIME_LIMIT]:
        stop(root, STOP_TIME, 0)


@inlined
def _read_place(words: Any) -> None:
    """CS:IP as the engine has them now."""
    words[R_CS] = np.uint64(u16s(words[R_AT_CS])[0])
    words[R_IP] = u64s(words[R_AT_IP])[0] & words[R_IP_MASK]


@inlined
def enter_port(root: int) -> None:
    """Before a port access: time, and the accessing instruction's CS:IP.

    Unicorn 2.1.4 has EIP on the instruction itself in IN and OUT hooks (measured for every form, REP included).
    """
    tick(root)
    _read_place(u64s(root))


@native
def enter_memory(root: int, address: int, size: int, write: int) -> None:
    """Before a memory-mapped register access at a guest-physical address: time and CS:IP.

    The engine's EIP is stale here. Python finds the instruction in the running block; what it found serves the same
    access of the same block again, where more than one could be it only while its registers make the same address.
    """
    words = u64s(root)
    tick(root)
    if words[R_HOSTED]:
        if words[R_HOSTED] == np.uint64(HOSTED):
            words[R_CS] = np.uint64(0)
            words[R_IP] = np.uint64(0)
        return
    if words[R_ORDINAL_AT] != words[R_CODE]:
        words[R_ORDINAL_AT] = words[R_CODE]
        words[R_ORDINAL] = np.uint64(0)
    before = words[R_IP]
    _read_place(words)
    key = (words[R_BLOCK] << np.uint64(20)) ^ (words[R_BLOCK_SIZE] << np.uint64(12)) ^ (words[R_CS] << np.uint64(44))
    key = (key ^ (words[R_ORDINAL] << np.uint64(2)) ^ (np.uint64(write) << np.uint64(1))) | np.uint64(1)
    slot = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(54)
    table = u64s(words[R_IPS] + slot * np.uint64(8 * IPS_WORDS))
    if table[0] != key or (table[2] and not _reaches(root, table, np.uint64(address))):
        words[R_IP] = before
        table[1] = trap(root, TRAP_MMIO_IP, address, size, write)
        table[0] = key
        for word in range(5):
            table[2 + word] = words[R_EA + word]
    words[R_ORDINAL] += np.uint64(1)
    words[R_ACCESS] = (np.uint64(address) << np.uint64(1)) | np.uint64(write)
    words[R_IP] = table[1]


@native
def _reaches(root: int, table: Any, address: int) -> Any:
    """Whether the instruction in this slot makes ``address`` with the registers as they are now."""
    words = u64s(root)
    general = u64s(words[R_GENERAL])
    total = table[3]
    base = table[2] & np.uint64(0xFF)
    index = (table[2] >> np.uint64(8)) & np.uint64(0xFF)
    if base:
        total += general[base - np.uint64(1)]
    if index:
        total += general[index - np.uint64(1)] * ((table[2] >> np.uint64(16)) & np.uint64(0xFF))
    return np.uint64(address) - ((total & table[5]) + table[4]) < table[6]


@inlined
def on_block(root: int, address: int, size: int) -> None:
    """At the entry of each block of code: the budget of code bytes, and due interrupts.

    Every word touched here costs a percent of the speed of short loops: what can be worked out later is.
    """
    words = u64s(root)
    code = words[R_CODE] + np.uint64(size)
    words[R_CODE] = code
    if words[R_BLOCK] != np.uint64(address):
        words[R_BLOCK] = np.uint64(address)
        words[R_BLOCK_SIZE] = np.uint64(size)
        words[R_BLOCK_FROM] = code
    if code >= words[R_CODE_NEXT]:
        _due(root, code, size)


@native
def _due(root: int, code: int, size: int) -> None:
    """Stop for a budget, an interrupt or a spin: before the block, which is therefore not counted yet."""
    words = u64s(root)
    reason = STOP_NONE
    if code >= words[R_CODE_LIMIT]:
        reason = STOP_CODE
    elif words[R_WANTED]:
        reason = STOP_PLACE
        words[R_WANTED] = np.uint64(0)
    elif words[R_TIME] >= words[R_IRQ_TIME] and (_device_may_ask(words) or _interruptible(root)):
        reason = STOP_IRQ
    elif code - words[R_CODE_MARK] >= words[R_IDLE_LIMIT]:
        reason = STOP_IDLE
    elif code - words[R_BLOCK_FROM] >= np.uint64(size) * np.uint64(SPIN_RUNS):
        reason = STOP_SPIN
        words[R_BLOCK_FROM] = code
    words[R_CODE_NEXT] = _next_look(root, code)
    if words[R_TIME] >= words[R_IRQ_TIME]:
        words[R_CODE_NEXT] = np.uint64(0)
    if reason != STOP_NONE:
        words[R_CODE] -= np.uint64(size)
        stop(root, reason, 0)


@inlined
def _device_may_ask(words: Any) -> Any:
    """Whether a device is to be looked at now, whatever IF is."""
    return words[R_LOOK_TIME] and words[R_TIME] >= words[R_LOOK_TIME]


@native
def _interruptible(root: int) -> Any:
    """Whether IF is set; else the interrupt stays pending, and is looked at again a little later."""
    words = u64s(root)
    at = words[R_IDS_INT] + np.uint64(4 * I_EFLAGS), words[R_PTRS_INT] + np.uint64(8 * I_EFLAGS)
    call(words[R_FN_READ], words[R_UC], at[0], at[1], 1)
    if u64s(words[R_INT_VALUES])[I_EFLAGS] & np.uint64(_IF):
        return True
    words[R_IRQ_TIME] = words[R_TIME] + words[R_RETRY]
    return False


@native
def on_interrupt(root: int, vector: int) -> None:
    """INT n or a CPU exception. INT 10h and the like in real mode: push FLAGS, CS, IP and go where the IVT says.

    Values read: I_*. EIP is already behind an INT instruction. What
    may be an exception (vectors to 14), protected mode, a short IDT or a stack outside plain RAM: Python's.
    """
    words = u64s(root)
    call(words[R_FN_READ], words[R_UC], words[R_IDS_INT], words[R_PTRS_INT], I_IDTR + 1)
    values = u64s(words[R_INT_VALUES])
    low = np.uint64(0xFFFF)
    number = np.uint64(vector)
    offset = (values[I_ESP] - np.uint64(6)) & low
    at = (values[I_SS] << np.uint64(4)) + offset
    table = values[I_IDT_BASE]
    limit = values[I_IDT_LIMIT] & np.uint64(0xFFFFFFFF)
    plain = number > np.uint64(14) and values[I_CR0] & np.uint64(1) == np.uint64(0)
    plain = plain and words[R_GENERAL_COUNT] == np.uint64(8)  # with 64-bit registers, CS is set with its base by Python
    plain = plain and number * np.uint64(4) + np.uint64(3) <= limit and table < np.uint64(0x90000)
    if not plain or offset > np.uint64(0xFFFA) or at >= np.uint64(0xA0000):
        stop(root, STOP_FAULT, number)
        return
    ip = values[I_EIP] & low
    words[R_CS] = values[I_CS]
    words[R_IP] = (ip - np.uint64(2)) & low
    tick(root)
    packed = (
        (values[I_EAX] & low)
        | ((values[I_EBX] & low) << np.uint64(16))
        | ((values[I_ECX] & low) << np.uint64(32))
        | ((values[I_EDX] & low) << np.uint64(48))
    )
    record(root, _INTERRUPT, _CALL, 2, number, packed, packed, 0)
    seen(root, np.uint64(IN_INTERRUPT) | number, packed, False)
    values[I_ESP] = (values[I_ESP] & ~low) | offset
    frame = u16s(words[R_RAM] + at)
    frame[0] = np.uint16(ip)
    frame[1] = np.uint16(values[I_CS])
    frame[2] = np.uint16(values[I_EFLAGS])
    target = u16s(words[R_RAM] + table + number * np.uint64(4))
    values[I_EFLAGS] &= ~np.uint64(_IF | _TF)
    values[I_EIP] = np.uint64(target[0])
    values[I_CS] = np.uint64(target[1])
    first = words[R_IDS_INT] + np.uint64(4 * I_EFLAGS), words[R_PTRS_INT] + np.uint64(8 * I_EFLAGS)
    call(words[R_FN_WRITE], words[R_UC], first[0], first[1], I_EIP - I_EFLAGS + 1)  # CR0 stays as it is
    if words[R_WATCH_MODES] and number == np.uint64(0x10):
        ax = packed & low
        if ax < np.uint64(0x100) or ax == np.uint64(0x4F02):
            stop(root, STOP_MODE, packed & np.uint64(0xFFFFFFFF))
