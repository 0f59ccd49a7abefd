"""The engine's inner state is read where Unicorn does not tell it: segment descriptors, the state of the last CPU
exception.

Unicorn has no register for the descriptor a segment register was loaded with, nor for an exception's error code, and it
never forgets a contributory exception, so that the next one of a run comes as a double fault. All three lie in the
context that ``uc_context_save`` copies out. Where, is found once with an engine of our own, not assumed.
"""

import ctypes
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import unicorn
from msgspec import Struct
from unicorn import x86_const as x86
from unicorn.unicorn_py3.unicorn import uclib

from fwsim.errors import FwsimError

_ORDER = ("es", "cs", "ss", "ds", "fs", "gs")
_SEGMENT = struct.Struct("<IIQII")  # selector, padding, base, limit, flags
_BIG, _LONG = 1 << 22, 1 << 21  # D/B and L of a descriptor's high dword (Intel SDM vol. 3, 3.4.5)
_NONE = 0xFFFFFFFF
_MODE_AT = 4
"""Where a uc_struct has its mode (Unicorn include/uc_priv.h: uc_arch arch, uc_mode mode); checked when it is set."""


class Segment(Struct, frozen=True):
    """A segment register with the descriptor it was loaded with; ``limit`` in bytes."""

    selector: int
    base: int
    limit: int
    flags: int

    @property
    def bits(self) -> int:
        """Width of code, or of the stack pointer: 16, 32 or 64."""
        return 64 if self.flags & _LONG else 32 if self.flags & _BIG else 16


class _Layout(Struct, frozen=True):
    segments: int
    error_code: int
    is_int: int
    old_exception: int


class Inner:
    """The hidden state of one engine; every method may be called between runs, the reading ones from hooks as well."""

    def __init__(self, uc: unicorn.Uc) -> None:
        self._handle = ctypes.c_void_p(uc._uch.value)
        self._context = ctypes.c_void_p()
        if uclib.uc_context_alloc(self._handle, ctypes.byref(self._context)) != unicorn.UC_ERR_OK:
            raise FwsimError("the engine refused to make a context", hint="report it as a bug of fwsim")
        self.size = int(uclib.uc_context_size(self._handle))
        self._uc = uc
        self._mode = ctypes.c_int.from_address(uc._uch.value + _MODE_AT)

    def __del__(self) -> None:
        if self._context:
            uclib.uc_context_free(self._context)

    def save(self) -> memoryview:
        """The engine's state as it is now, in place: writable bytes that ``put`` takes back."""
        uclib.uc_context_save(self._handle, self._context)
        assert self._context.value is not None
        return memoryview((ctypes.c_uint8 * self.size).from_address(self._context.value)).cast("B")

    def put(self) -> None:
        """Make the saved state, as changed meanwhile, the engine's own."""
        uclib.uc_context_restore(self._handle, self._context)

    @contextmanager
    def as_mode(self, mode: int) -> Iterator[None]:
        """Meanwhile the engine takes register numbers as one opened in ``mode`` (UC_MODE_32, UC_MODE_64) does."""
        before = self._mode.value
        self._mode.value = mode
        try:
            yield
        finally:
            self._mode.value = before

    def set_mode(self, mode: int) -> None:
        """The same, from now on. What the CPU runs does not depend on it: code goes from mode to mode by itself.

        An engine opened for 32-bit code runs 64-bit code as well, but shows only the low halves of its registers, and
        none of R8 to R15; one opened for 64-bit code cannot start in real mode, and loads a segment register without
        its descriptor. Raises FwsimError where Unicorn keeps its mode at another place.
        """
        self._mode.value = mode
        if self._uc.ctl_get_mode() != mode:
            raise other_unicorn()

    def segment(self, name: str) -> Segment:
        """A segment register by its lower-case name."""
        at = segment_at(name)
        selector, _, base, limit, flags = _SEGMENT.unpack_from(self.save(), at)
        return Segment(selector & 0xFFFF, base, limit, flags)

    def set_base(self, name: str, base: int) -> None:
        """Give a segment register another base than its selector's: what only a reset, or unreal mode, leaves."""
        at = segment_at(name)
        state = self.save()
        selector, padding, _, limit, flags = _SEGMENT.unpack_from(state, at)
        _SEGMENT.pack_into(state, at, selector, padding, base, limit, flags)
        self.put()

    def exception(self) -> tuple[bool, int]:
        """Of the last exception: whether it was an INT instruction, and its error code (0 where it has none)."""
        state, layout = self.save(), _layout()
        error, is_int = (struct.unpack_from("<I", state, at)[0] for at in (layout.error_code, layout.is_int))
        return bool(is_int), error

    def forget_exception(self) -> None:
        """The last exception has been dealt with: the next one is a first one again."""
        state = self.save()
        struct.pack_into("<I", state, _layout().old_exception, _NONE)
        self.put()


def segment_at(name: str) -> int:
    """Where a saved state has a segment register, its selector first."""
    return _layout().segments + _SEGMENT.size * _ORDER.index(name)


@cache
def _layout() -> _Layout:
    """Where the hidden state lies in a context, from a #GP with a known error code in an engine of our own."""
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
    inner = Inner(uc)
    uc.mem_map(0, 0x1000)
    uc.reg_write(x86.UC_X86_REG_CR0, 0x60000010)
    for name, selector in zip(_ORDER, range(0x1231, 0x1237), strict=True):
        uc.reg_write(getattr(x86, f"UC_X86_REG_{name.upper()}"), selector)
    before = bytes(inner.save())
    first = struct.pack("<IIQ", 0x1231, 0, 0x12310)
    segments = [at for at in range(0, len(before) - 144, 4) if before[at : at + 16] == first]
    for name in _ORDER:
        uc.reg_write(getattr(x86, f"UC_X86_REG_{name.upper()}"), 0)
    # gdt: code at 8; then lgdt [0x40]; mov cr0, PE; jmp 8:0x60; mov ax, 0x1238; mov ds, ax: #GP(0x1238)
    uc.mem_write(0x08, struct.pack("<Q", 0x00CF9A000000FFFF))
    uc.mem_write(0x40, struct.pack("<HI", 0x0F, 0))
    uc.mem_write(0x50, bytes.fromhex("0f01164000 b81100 0f22c0 ea60000800"))
    uc.mem_write(0x60, bytes.fromhex("66b83812 8ed8 f4"))
    uc.hook_add(unicorn.UC_HOOK_INTR, lambda uc, number, data: uc.emu_stop())
    uc.emu_start(0x50, 0xFFFFFFFF)
    after = bytes(inner.save())
    words = range(0, len(after) - 8, 4)
    errors = [at for at in words if _word(after, at) == 0x1238 and at > max(segments, default=0)]  # not EAX
    olds = [at for at in words if _word(before, at) == _NONE and _word(after, at) == 13]
    if (len(segments), len(errors), len(olds)) != (1, 1, 1):
        raise other_unicorn()
    return _Layout(segments[0], errors[0], errors[0] + 4, olds[0])


def other_unicorn() -> FwsimError:
    """What is raised where the state is not where it was found to be."""
    return FwsimError(
        "this Unicorn keeps its state in another way", found=f"unicorn {unicorn.__version__}",
        expected="unicorn 2.1.4", hint="install the version that fwsim asks for",
    )  # fmt: skip


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
