"""What does native code do around every access, block and INT? Time, CS:IP, budgets, and the dispatch through the IVT."""

import numpy as np

from fwsim.native import (
    IPS_SLOTS,
    R_BLOCK,
    R_BLOCK_RUNS,
    R_BLOCK_SIZE,
    R_CODE,
    R_CODE_LIMIT,
    R_CODE_MARK,
    R_CODE_NEXT,
    R_CS,
    R_FN_READ,
    R_FN_WRITE,
    R_IDLE_LIMIT,
    R_IDS_CSIP,
    R_IDS_INT,
    R_INT_VALUES,
    R_IP,
    R_IPS,
    R_IRQ_TIME,
    R_ORDINAL,
    R_PTRS_CSIP,
    R_PTRS_INT,
    R_RAM,
    R_STEP,
    R_TIME,
    R_TIME_LIMIT,
    R_UC,
    SPIN_RUNS,
    STOP_CODE,
    STOP_FAULT,
    STOP_IDLE,
    STOP_IRQ,
    STOP_SPIN,
    STOP_TIME,
    TRAP_INTERRUPT,
    TRAP_MMIO_IP,
    call,
    native,
    stop,
    trap,
    u8s,
    u16s,
    u64s,
)
from fwsim.trace.event import Op, Space
from fwsim.trace.hot import record
from fwsim.trace.progress import seen

_CALL = int(Op.CALL)
_INTERRUPT = int(Space.INTERRUPT)
_IF = 0x200
_TF = 0x100


@native
def tick(root: int) -> None:
    """One access: a step of virtual time. What time and code may cause is worked out here, so that a block asks one thing."""
    words = u64s(root)
    words[R_TIME] += words[R_STEP]
    words[R_CODE_MARK] = words[R_CODE]
    words[R_CODE_NEXT] = min(words[R_CODE] + words[R_IDLE_LIMIT], words[R_CODE_LIMIT])
    if words[R_TIME] >= words[R_IRQ_TIME]:
        words[R_CODE_NEXT] = np.uint64(0)
    if words[R_TIME] >= words[R_TIME_LIMIT]:
        stop(root, STOP_TIME, 0)


@native
def enter_port(root: int) -> None:
    """Before a port access: time, and the accessing instruction's CS:IP.

    Unicorn 2.1.4 has EIP on the instruction itself in IN and OUT hooks (measured for every form, REP included).
    """
    words = u64s(root)
    tick(root)
    call(words[R_FN_READ], words[R_UC], words[R_IDS_CSIP], words[R_PTRS_CSIP], 2)


@native
def enter_memory(root: int, address: int, size: int, write: int) -> None:
    """Before a memory-mapped register access: time and CS:IP.

    The engine's EIP is stale here; Python finds the instruction among the running block's once for each (block, ordinal).
    """
    words = u64s(root)
    tick(root)
    call(words[R_FN_READ], words[R_UC], words[R_IDS_CSIP], words[R_PTRS_CSIP], 2)
    key = (words[R_BLOCK] << np.uint64(12)) | (words[R_ORDINAL] & np.uint64(0xFFF))
    words[R_ORDINAL] += np.uint64(1)
    table = u64s(words[R_IPS])
    slot = (key ^ (key >> np.uint64(17))) % np.uint64(IPS_SLOTS) * np.uint64(2)
    if table[slot] != key:
        table[slot + np.uint64(1)] = trap(root, TRAP_MMIO_IP, address, size, write)
        table[slot] = key
    words[R_IP] = table[slot + np.uint64(1)]


@native
def on_block(root: int, address: int, size: int) -> None:
    """At the entry of each block of code: the budget of code bytes, and due interrupts."""
    words = u64s(root)
    code = words[R_CODE] + np.uint64(size)
    words[R_CODE] = code
    words[R_ORDINAL] = np.uint64(0)
    if words[R_BLOCK] == np.uint64(address):
        words[R_BLOCK_RUNS] += np.uint64(1)
        if words[R_BLOCK_RUNS] == np.uint64(SPIN_RUNS):
            stop(root, STOP_SPIN, 0)
    else:
        words[R_BLOCK] = np.uint64(address)
        words[R_BLOCK_SIZE] = np.uint64(size)
        words[R_BLOCK_RUNS] = np.uint64(0)
    if code >= words[R_CODE_NEXT]:
        _due(root, code)


@native
def _due(root: int, code: int) -> None:
    words = u64s(root)
    if code >= words[R_CODE_LIMIT]:
        stop(root, STOP_CODE, 0)
    elif words[R_TIME] >= words[R_IRQ_TIME]:
        stop(root, STOP_IRQ, 0)
    elif code - words[R_CODE_MARK] >= words[R_IDLE_LIMIT]:
        stop(root, STOP_IDLE, 0)


@native
def on_interrupt(root: int, vector: int) -> None:
    """INT n or a CPU exception. Real mode: push FLAGS, CS, IP and go where the IVT says; the rest is Python's.

    Values read: CR0, EFLAGS, SS, ESP, CS, EIP, EAX, EBX, ECX, EDX. EIP is already behind an INT instruction.
    """
    words = u64s(root)
    call(words[R_FN_READ], words[R_UC], words[R_IDS_INT], words[R_PTRS_INT], 10)
    values = u64s(words[R_INT_VALUES])
    base = values[4] << np.uint64(4)
    ip = values[5] & np.uint64(0xFFFF)
    code = u8s(words[R_RAM] + base)
    length = 0
    if values[0] & np.uint64(1) == np.uint64(0) and ip >= np.uint64(1):
        if ip >= np.uint64(2) and code[ip - np.uint64(2)] == 0xCD and code[ip - np.uint64(1)] == vector:
            length = 2
        elif vector == 3 and code[ip - np.uint64(1)] == 0xCC:
            length = 1
    if length == 0:
        if trap(root, TRAP_INTERRUPT, vector, 0, 0) == np.uint64(0):
            stop(root, STOP_FAULT, vector)
        return
    words[R_CS] = values[4]
    words[R_IP] = ip - np.uint64(length)
    tick(root)
    low = np.uint64(0xFFFF)
    packed = (
        (values[6] & low)
        | ((values[7] & low) << np.uint64(16))
        | ((values[8] & low) << np.uint64(32))
        | ((values[9] & low) << np.uint64(48))
    )
    record(root, _INTERRUPT, _CALL, 2, vector, packed, packed, 0)
    seen(root, (6 << 32) | vector, packed, False)
    stack = values[3] - np.uint64(6)
    values[3] = (values[3] & ~low) | (stack & low)
    frame = u16s(words[R_RAM] + (values[2] << np.uint64(4)) + (stack & low))
    frame[0] = np.uint16(ip)
    frame[1] = np.uint16(values[4])
    frame[2] = np.uint16(values[1])
    target = u16s(words[R_RAM] + np.uint64(vector) * np.uint64(4))
    values[1] &= ~np.uint64(_IF | _TF)
    values[5] = np.uint64(target[0])
    values[4] = np.uint64(target[1])
    skip = np.uint64(8)  # write EFLAGS, SS, ESP, CS, EIP: CR0 stays as it is
    call(words[R_FN_WRITE], words[R_UC], words[R_IDS_INT] + np.uint64(4), words[R_PTRS_INT] + skip, 5)
