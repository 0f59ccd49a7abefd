"""REP STOS over plain memory is done at one stroke: the engine makes a block of each of its rounds, 50 ns a byte.

OVMF clears 75 MB of memory byte by byte on its way, a third of its time in the engine. What the code sees is the same:
the memory, RDI and RCX. Only 64-bit code is helped, whose memory is mapped to itself, and only in RAM of the guest's.
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
    R_RAM,
    R_UC,
    TRAP_FILL,
    address_of,
    call,
    callback,
    trap,
    u8s,
    u64s,
)

_LEAST = 64
"""Rounds from which on it is worth it."""
_LOWEST = 1 << 20
_DF = 0x400
# --- the words of the block that native code gets --------------------------------------------------------------------
_ROOT, _FN_MEMORY, _BUFFER, _IDS, _POINTERS, _VALUES, _END = range(7)
_RCX, _RDI, _RAX, _FLAGS = range(4)
"""In the order of the registers: the first two are written."""


@callback("void(u64, u64, u64, u64)")
def _translated(uc: Any, block: int, before: int, data: int) -> None:
    """A block was translated (uc_tb: pc first): tell of one that begins with F3 AA, as all rounds but the first do."""
    words = u64s(data)
    start = u64s(block)[0]
    if call(words[_FN_MEMORY], uc, start, words[_BUFFER], 2) & np.uint64(0xFFFFFFFF):
        return
    code = u8s(words[_BUFFER])
    if code[0] == np.uint8(0xF3) and code[1] == np.uint8(0xAA):
        trap(words[_ROOT], TRAP_FILL, start, 2, 0)


@callback("void(u64, u64, u32, u64)")
def _reached(uc: Any, address: int, size: int, data: int) -> None:
    """REP STOSB is next: all its rounds, where they are plain memory; the engine then finds none left to do."""
    words = u64s(data)
    root = u64s(words[_ROOT])
    code = u8s(words[_BUFFER])
    if call(words[_FN_MEMORY], uc, address, words[_BUFFER], 2) & np.uint64(0xFFFFFFFF):
        return
    call(root[R_FN_READ], root[R_UC], words[_IDS], words[_POINTERS], _FLAGS + 1)
    values = u64s(words[_VALUES])
    count, at = values[_RCX], values[_RDI]
    stosb = code[0] == np.uint8(0xF3) and code[1] == np.uint8(0xAA)
    if not stosb or count < np.uint64(_LEAST) or values[_FLAGS] & np.uint64(_DF):
        return
    if at < np.uint64(_LOWEST) or at >= words[_END] or count > words[_END] - at:
        return
    memory, value = u8s(root[R_RAM] + at), np.uint8(values[_RAX])
    for number in range(count):
        memory[number] = value
    values[_RDI] += count
    values[_RCX] = np.uint64(0)
    call(root[R_FN_WRITE], root[R_UC], words[_IDS], words[_POINTERS], _RDI + 1)


class Fills:
    """Helps ``engine``'s 64-bit code with RAM that ends at guest-physical ``end`` and begins at 0."""

    def __init__(self, engine: Engine, end: int) -> None:
        self._engine = engine
        self._sites: set[int] = set()
        self._ids, self._pointers, self._values = engine.register_batch(("rcx", "rdi", "rax", "eflags"))
        self._buffer: NDArray[np.uint8] = np.zeros(8, np.uint8)
        memory = ctypes.cast(uclib.uc_mem_read, ctypes.c_void_p).value or 0
        self._block: NDArray[np.uint64] = np.array(
            [address_of(engine.root), memory, address_of(self._buffer), address_of(self._ids),
             address_of(self._pointers), address_of(self._values), end], np.uint64,
        )  # fmt: skip
        engine.watch_translation(_translated.address, address_of(self._block))

    def found(self, address: int, size: int, unused: int) -> int:
        """REP STOSB is at ``address``, about to run: it is watched from now on, if it is 64-bit code's."""
        if address not in self._sites and self._engine.segment("cs").bits == 64:
            self._sites.add(address)
            self._engine.watch_place(address, _reached.address, address_of(self._block))
            self._engine.forget_block(address, size)
        return 0
