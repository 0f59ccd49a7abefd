"""RDMSR of registers that the engine does not have: it is found where code is translated, and answered where it runs.

Unicorn 2.1.4 answers 0 for IA32_APIC_BASE, forgets what is written to it, and has no hook for RDMSR. A hook on each
instruction would cost more than all the rest. But it tells of each block that it translates (UC_HOOK_EDGE_GENERATED):
a block with the bytes 0F 32 in it is translated once more, with a hook on that one place.
"""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from unicorn.unicorn_py3.unicorn import uclib

from fwsim.cpu.engine import Engine
from fwsim.native import (
    R_FN_READ,
    R_FN_WRITE,
    R_UC,
    TRAP_RDMSR,
    address_of,
    call,
    callback,
    trap,
    u8s,
    u16s,
    u64s,
)

APIC_BASE = 0x1B
_LONGEST = 4096
"""Bytes of a block that are looked at: no block is longer than a page."""
# --- the words of the block that native code gets: the root, uc_mem_read, a buffer, registers, then the MSRs ---------
_ROOT, _FN_MEMORY, _FN_IP, _IP_ID, _BUFFER, _IDS, _POINTERS, _VALUES, _COUNT, _FIRST = range(10)
_MOST = 8
_RAX, _RDX, _RIP, _RCX = range(4)
"""In the order of the registers. RIP is written by uc_reg_write: by the batch it is of no effect (Unicorn 2.1.4)."""


@callback("void(u64, u64, u64, u64)")
def _translated(uc: Any, block: int, before: int, data: int) -> None:
    """A block was translated (uc_tb: pc, instructions, size): tell each RDMSR in it, before it runs."""
    words = u64s(data)
    start = u64s(block)[0]
    size = min(np.uint64(u16s(block)[5]), np.uint64(_LONGEST))
    if size < np.uint64(2) or call(words[_FN_MEMORY], uc, start, words[_BUFFER], size) & np.uint64(0xFFFFFFFF):
        return
    code = u8s(words[_BUFFER])
    for at in range(size - np.uint64(1)):
        if code[at] == np.uint8(0x0F) and code[at + 1] == np.uint8(0x32):
            trap(words[_ROOT], TRAP_RDMSR, start + np.uint64(at), start, size)


@callback("void(u64, u64, u32, u64)")
def _reached(uc: Any, address: int, size: int, data: int) -> None:
    """RDMSR is next, if it still is there: answer it in the engine's place, and go on behind it."""
    words = u64s(data)
    root = u64s(words[_ROOT])
    code = u8s(words[_BUFFER])
    if call(words[_FN_MEMORY], uc, address, words[_BUFFER], 2) & np.uint64(0xFFFFFFFF):
        return
    if code[0] != np.uint8(0x0F) or code[1] != np.uint8(0x32):
        return
    call(root[R_FN_READ], root[R_UC], words[_IDS], words[_POINTERS], _RCX + 1)
    values = u64s(words[_VALUES])
    number = values[_RCX] & np.uint64(0xFFFFFFFF)
    for at in range(words[_COUNT]):
        if words[_FIRST + 2 * at] == number:
            value = words[_FIRST + 2 * at + 1]
            values[_RAX] = value & np.uint64(0xFFFFFFFF)
            values[_RDX] = value >> np.uint64(32)
            values[_RIP] += np.uint64(2)
            call(root[R_FN_WRITE], root[R_UC], words[_IDS], words[_POINTERS], _RDX + 1)
            call(words[_FN_IP], root[R_UC], words[_IP_ID], words[_VALUES] + np.uint64(8 * _RIP), 0)
            return


class Msrs:
    """Machine-specific registers of ``engine``, one with 64-bit registers: by number, what code reads there.

    Linear addresses of code are taken for physical ones: firmware maps its memory to itself.
    """

    def __init__(self, engine: Engine, values: dict[int, int]) -> None:
        assert engine.wide
        assert len(values) <= _MOST
        self._engine = engine
        self._sites: set[int] = set()
        self._ids, self._pointers, self._values = engine.register_batch(("rax", "rdx", "rip", "rcx"))
        self._buffer: NDArray[np.uint8] = np.zeros(_LONGEST, np.uint8)
        self._block: NDArray[np.uint64] = np.zeros(_FIRST + 2 * _MOST, np.uint64)
        memory = ctypes.cast(uclib.uc_mem_read, ctypes.c_void_p).value or 0
        for word, value in (
            (_ROOT, address_of(engine.root)), (_FN_MEMORY, memory), (_BUFFER, address_of(self._buffer)),
            (_FN_IP, ctypes.cast(uclib.uc_reg_write, ctypes.c_void_p).value or 0), (_IP_ID, int(self._ids[_RIP])),
            (_IDS, address_of(self._ids)), (_POINTERS, address_of(self._pointers)),
            (_VALUES, address_of(self._values)), (_COUNT, len(values)),
        ):  # fmt: skip
            self._block[word] = value
        for at, (number, value) in enumerate(values.items()):
            self._block[_FIRST + 2 * at], self._block[_FIRST + 2 * at + 1] = number, value
        engine.watch_translation(_translated.address, address_of(self._block))

    def found(self, address: int, start: int, size: int) -> int:
        """The block of ``size`` bytes at ``start`` has RDMSR's bytes at ``address``: they are watched from now on."""
        if address not in self._sites:
            self._sites.add(address)
            self._engine.watch_place(address, _reached.address, address_of(self._block))
            self._engine.forget_block(start, size)
        return 0
