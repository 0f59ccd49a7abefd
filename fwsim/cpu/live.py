"""Native code reads the engine's registers where the engine has them: to ask for CS:IP takes as long as the rest.

Unicorn's handle points to the CPU, and that to its registers. Where the two pointers lie is found once, with an engine
of our own; for each engine what they lead to is held against what Unicorn says of its registers, and a difference is an
error: nothing is assumed.
"""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import unicorn
from unicorn import x86_const as x86

from fwsim.cpu.inner import Inner, other_unicorn, segment_at

_MARKED = (x86.UC_X86_REG_EAX, x86.UC_X86_REG_EDI, x86.UC_X86_REG_EIP)
_MARKS = (0x6A09E667, 0x3B67AE85, 0x3C6EF372)
"""Values that no engine has by chance (SHA-256's own constants)."""
_HANDLE, _CPU, _FAR = 1 << 12, 1 << 11, 1 << 17
"""Bytes looked through of what the handle points to and of the CPU, and how far behind those the registers may lie."""
_write = ctypes.CDLL(None).write
_write.restype = ctypes.c_ssize_t
_write.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)


class Live(NamedTuple):
    """Addresses in this process, valid as long as the engine is."""

    general: int
    """RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15, 64 bits each."""
    ip: int
    """RIP, 64 bits."""
    cs: int
    """The selector, 16 bits."""


def live(uc: unicorn.Uc, inner: Inner) -> Live:
    """Where an x86 engine has its registers; ``inner`` is its own. Between runs, before the engine has run at all.

    Raises FwsimError where that is not as it was found.
    """
    with _marked(uc, inner) as saved:
        image = saved.image
        general = _led_to(uc._uch.value)
        if _bytes_at(general, len(image)) != image:
            raise other_unicorn()
    return Live(general, general + saved.ip, general + saved.cs)


class _Saved(NamedTuple):
    image: bytes
    """The registers as the engine saves them, from RAX to the segments."""
    ip: int
    cs: int
    """Where RIP and CS are in it."""


@contextmanager
def _marked(uc: unicorn.Uc, inner: Inner) -> Iterator[_Saved]:
    """What the engine saves, while some of its registers have marks in them."""
    before = [uc.reg_read(register) for register in _MARKED]
    for register, mark in zip(_MARKED, _MARKS, strict=True):
        uc.reg_write(register, mark)
    state = bytes(inner.save())
    general, ip = (state.find(mark.to_bytes(8, "little")) for mark in (_MARKS[0], _MARKS[-1]))
    cs, end = segment_at("cs"), segment_at("gs")
    if not 0 <= general < ip < cs:
        raise other_unicorn()
    yield _Saved(state[general:end], ip - general, cs - general)
    for register, value in zip(_MARKED, before, strict=True):
        uc.reg_write(register, value)


@cache
def _chain() -> tuple[int, int]:
    """Offsets of the two pointers: in what the handle points to, and in what the first points to."""
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
    with _marked(uc, Inner(uc)) as saved:
        for first, cpu in enumerate(_words(uc._uch.value, _HANDLE)):
            for second, at in enumerate(_words(cpu, _CPU)):
                if cpu < at < cpu + _FAR and _bytes_at(at, len(saved.image)) == saved.image:
                    return 8 * first, 8 * second
    raise other_unicorn()


def _led_to(handle: int) -> int:
    at = handle
    for offset in _chain():
        at = next(iter(_words(at + offset, 8)), 0)
    return at


def _words(address: int, size: int) -> tuple[int, ...]:
    found = _bytes_at(address, size)
    return struct.unpack_from(f"<{len(found) // 8}Q", found)


def _bytes_at(address: int, size: int) -> bytes:
    """What this process has there, as far as anything is: the kernel copies it, and refuses where nothing is.

    ``size`` is at most what a pipe takes, 4096 bytes.
    """
    out, into = os.pipe()
    try:
        copied = _write(into, address, size)
        return os.read(out, copied) if copied > 0 else b""
    finally:
        os.close(out)
        os.close(into)
