"""The least native code gives a recorded run's code its answers in order, so that it takes the same path again."""

from typing import Any, Final

import numpy as np

from fwsim.native import (
    I_CR0,
    I_CS,
    I_EAX,
    I_EDX,
    I_EFLAGS,
    I_EIP,
    I_ESP,
    I_IDT_BASE,
    I_IDTR,
    I_SS,
    R_CODE,
    R_CODE_NEXT,
    R_FN_READ,
    R_FN_WRITE,
    R_HYP,
    R_IDS_INT,
    R_INT_VALUES,
    R_PTRS_INT,
    R_RAM,
    R_STEP,
    R_TIME,
    R_UC,
    STOP_ABORT,
    STOP_FAULT,
    STOP_IRQ,
    TSC_PER_US,
    call,
    callback,
    inlined,
    native,
    stop,
    u16s,
    u32s,
    u64s,
)

A_VALUES, A_NEXT, A_COUNT, ANSWER_WORDS = range(4)
ANSWERS: Final = R_HYP
"""The root word with the address of ANSWER_WORDS words: the answers' address, how many were given, how many are."""
_IF_TF = 0x300


@native
def _ones(size: int) -> Any:
    return (np.uint64(1) << np.uint64(8 * size)) - np.uint64(1) if size < 8 else np.uint64(0xFFFFFFFFFFFFFFFF)


@inlined
def _answer(root: int) -> Any:
    """The next recorded answer; with none left the code has gone another way."""
    answers = u64s(u64s(root)[ANSWERS])
    number = answers[A_NEXT]
    answers[A_NEXT] = number + np.uint64(1)
    if number >= answers[A_COUNT]:
        stop(root, STOP_ABORT, number)
        return np.uint64(0)
    return np.uint64(u32s(answers[A_VALUES])[number])


@inlined
def _tick(root: int) -> None:
    words = u64s(root)
    words[R_TIME] += words[R_STEP]


@callback("u32(u64, u32, i32, u64)")
def port_in(uc: Any, port: int, size: int, root: int) -> Any:
    """IN: the next answer."""
    _tick(root)
    return np.uint32(_answer(root))


@callback("void(u64, u32, i32, u32, u64)")
def port_out(uc: Any, port: int, size: int, value: int, root: int) -> None:
    """OUT: counted, as virtual time is; that also shows that as many were made."""
    _tick(root)


@callback("void(u64, u64, u32, u64)")
def block(uc: Any, address: int, size: int, root: int) -> None:
    """A block of code begins: nothing."""


@callback("void(u64, u64, u32, u64)")
def counting_block(uc: Any, address: int, size: int, root: int) -> None:
    """A block of code begins: stop where an interrupt came in the recorded run, by the count of code bytes."""
    words = u64s(root)
    code = words[R_CODE] + np.uint64(size)
    if code > words[R_CODE_NEXT]:
        stop(root, STOP_IRQ, 0)
        return
    words[R_CODE] = code


@callback("void(u64, u32, u64)")
def interrupt(uc: Any, vector: int, root: int) -> None:
    """INT n through the IVT, without a check; vectors to 14 may be exceptions, which stop the engine."""
    words = u64s(root)
    if vector <= 14:
        stop(root, STOP_FAULT, np.uint64(vector))
        return
    call(words[R_FN_READ], words[R_UC], words[R_IDS_INT], words[R_PTRS_INT], I_IDTR + 1)
    values = u64s(words[R_INT_VALUES])
    low = np.uint64(0xFFFF)
    if values[I_CR0] & np.uint64(1):
        stop(root, STOP_FAULT, np.uint64(vector))
        return
    _tick(root)
    offset = (values[I_ESP] - np.uint64(6)) & low
    values[I_ESP] = (values[I_ESP] & ~low) | offset
    frame = u16s(words[R_RAM] + (values[I_SS] << np.uint64(4)) + offset)
    frame[0] = np.uint16(values[I_EIP])
    frame[1] = np.uint16(values[I_CS])
    frame[2] = np.uint16(values[I_EFLAGS])
    target = u16s(words[R_RAM] + values[I_IDT_BASE] + np.uint64(vector) * np.uint64(4))
    values[I_EFLAGS] &= ~np.uint64(_IF_TF)
    values[I_EIP] = np.uint64(target[0])
    values[I_CS] = np.uint64(target[1])
    first = words[R_IDS_INT] + np.uint64(4 * I_EFLAGS), words[R_PTRS_INT] + np.uint64(8 * I_EFLAGS)
    call(words[R_FN_WRITE], words[R_UC], first[0], first[1], I_EIP - I_EFLAGS + 1)


@callback("i32(u64, u64)")
def rdtsc(uc: Any, root: int) -> Any:
    """RDTSC: virtual time, which went on as in the recorded run."""
    _tick(root)
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
    """A write to read-only memory is dropped."""
    _tick(root)
    return True


@callback("u64(u64, u64, u32, u64)")
def register_read(uc: Any, offset: int, size: int, root: int) -> Any:
    """BAR0, read by memory access: dwords were recorded, two of them for a wider access."""
    _tick(root)
    value = _answer(root)
    if size == 8:
        return value | (_answer(root) << np.uint64(32))
    return (value >> (np.uint64(8) * (np.uint64(offset) & np.uint64(3)))) & _ones(size)


@callback("void(u64, u64, u32, u64, u64)")
def register_write(uc: Any, offset: int, size: int, value: int, root: int) -> None:
    """BAR0, written by memory access."""
    _tick(root)


@callback("u64(u64, u64, u32, u64)")
def nothing_read(uc: Any, offset: int, size: int, root: int) -> Any:
    """Where nothing answers: all ones."""
    return _ones(size)


@callback("void(u64, u64, u32, u64, u64)")
def nothing_write(uc: Any, offset: int, size: int, value: int, root: int) -> None:
    """Where nothing answers: dropped."""
