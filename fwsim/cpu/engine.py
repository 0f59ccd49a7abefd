"""The engine runs code: one Unicorn for real, protected and long mode, with native hooks and slices between them."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import unicorn
from numpy.typing import NDArray
from unicorn import x86_const as x86
from unicorn.unicorn_py3.unicorn import uclib

from fwsim.cpu.inner import Inner, Segment
from fwsim.errors import FwsimError
from fwsim.memory.ram import Ram
from fwsim.native import (
    INT_WORDS,
    R_CS,
    R_FN_READ,
    R_FN_STOP,
    R_FN_TRAP,
    R_FN_WRITE,
    R_GENERAL,
    R_GENERAL_COUNT,
    R_HOSTED,
    R_IDS_CSIP,
    R_IDS_GENERAL,
    R_IDS_INT,
    R_INT_VALUES,
    R_IP,
    R_PTRS_CSIP,
    R_PTRS_GENERAL,
    R_PTRS_INT,
    R_RAM,
    R_STOP,
    R_UC,
    STOP_ABORT,
    STOP_NONE,
    STOP_PLACE,
    STOP_TRAP_ERROR,
    address_of,
)

_INT_IDS = (  # in the order of I_*
    x86.UC_X86_REG_CR0,
    x86.UC_X86_REG_EFLAGS,
    x86.UC_X86_REG_SS,
    x86.UC_X86_REG_ESP,
    x86.UC_X86_REG_CS,
    x86.UC_X86_REG_EIP,
    x86.UC_X86_REG_EAX,
    x86.UC_X86_REG_EBX,
    x86.UC_X86_REG_ECX,
    x86.UC_X86_REG_EDX,
    x86.UC_X86_REG_IDTR,
)
_NUMBERED = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")
GENERAL = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "cs", "ds", "es", "fs", "gs", "ss", "eflags")
STEP_REGISTERS = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eflags", "cs", "ds", "es", "ss",
                  "cr0")  # fmt: skip
LONG_STEP_REGISTERS = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
                       "r14", "r15", "eflags", "cs")  # fmt: skip
_NAMES = (
    *GENERAL, "cr0", "cr3", "ax", "bx", "cx", "dx", "si", "di", "bp", "sp",
    "al", "ah", "bl", "bh", "cl", "ch", "dl", "dh",
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
)  # fmt: skip
_IDS = {name: getattr(x86, f"UC_X86_REG_{name.upper()}") for name in _NAMES}
Addresses = set[int]
_FOREVER = (1 << 64) - 1
_TRAP_TYPE = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)
_BATCH_TYPE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
READ_ONLY = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC
ALL = unicorn.UC_PROT_ALL
CPU_ERRORS = {
    unicorn.UC_ERR_INSN_INVALID: "invalid instruction",
    unicorn.UC_ERR_FETCH_UNMAPPED: "execution of an address where nothing is",
    unicorn.UC_ERR_FETCH_PROT: "execution of an address that holds no code",
    unicorn.UC_ERR_READ_UNMAPPED: "read of an address where nothing is",
    unicorn.UC_ERR_WRITE_UNMAPPED: "write to an address where nothing is",
    unicorn.UC_ERR_EXCEPTION: "CPU exception",
}


NothingThereError = unicorn.UcError
"""What reading or writing from outside raises where nothing is mapped."""


@dataclass(frozen=True)
class Hooks:
    """Addresses of the native callbacks (numba cfuncs) that the machine composes; ``None``: not installed."""

    port_in: int
    port_out: int
    interrupt: int
    block: int
    rdtsc: int
    dropped: int
    """A write to read-only memory; returns 1: it is dropped."""


@dataclass(frozen=True)
class CpuSnapshot:
    """Everything the CPU is: an opaque context of the engine, and where it would go on."""

    context: Any
    ip: int


class Engine:
    """A CPU with its address space.

    ``mode`` is "real" (starts in real mode, may go to protected mode and back) or "long" (starts in 64-bit mode with
    flat, identity-mapped memory, as UEFI leaves it). ``root`` is the native state block, ``trap`` its Python side.
    """

    def __init__(self, root: NDArray[np.uint64], trap: Callable[[int, int, int, int], int], mode: str = "real") -> None:
        self.root = root
        self.mode = mode
        self.uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64 if mode == "long" else unicorn.UC_MODE_32)
        self._handle = ctypes.c_void_p(self.uc._uch.value)
        self._keep: list[Any] = []
        self.error: BaseException | None = None
        self._places: set[int] = set()
        self._trap = trap
        self._install_words()
        self.inner = Inner(self.uc)
        if mode == "real":
            self.uc.reg_write(x86.UC_X86_REG_CR0, 0x60000010)  # CD, NW, ET: the reset value (Intel SDM vol. 3, 9.1.1)
            self.uc.reg_write(x86.UC_X86_REG_IDTR, (0, 0, 0x3FF, 0))
            for name in ("ds", "es", "fs", "gs", "ss", "cs"):
                self.uc.reg_write(_IDS[name], 0)

    # --- native state ----------------------------------------------------------------------------------------------
    def _install_words(self) -> None:
        root = self.root
        assert self._handle.value is not None
        root[R_UC] = self._handle.value
        functions = ((R_FN_READ, "uc_reg_read_batch"), (R_FN_WRITE, "uc_reg_write_batch"), (R_FN_STOP, "uc_emu_stop"))
        for word, name in functions:
            root[word] = ctypes.cast(getattr(uclib, name), ctypes.c_void_p).value or 0
        callback = _TRAP_TYPE(self._guarded_trap)
        root[R_FN_TRAP] = ctypes.cast(callback, ctypes.c_void_p).value or 0
        ids = np.array([x86.UC_X86_REG_CS, x86.UC_X86_REG_RIP if self.mode == "long" else x86.UC_X86_REG_EIP], np.int32)
        targets = np.array([address_of(root) + 8 * R_CS, address_of(root) + 8 * R_IP], np.uint64)
        int_ids = np.array(_INT_IDS, np.int32)
        int_values = np.zeros(INT_WORDS, np.uint64)
        int_targets = np.array([address_of(int_values) + 8 * i for i in range(len(_INT_IDS))], np.uint64)
        wide = self.mode == "long"
        names = [f"r{name}" if wide else f"e{name}" for name in _NUMBERED] + [f"r{i}" for i in range(8, 16) if wide]
        general_ids = np.array([_IDS[name] for name in names], np.int32)
        general = np.zeros(16, np.uint64)
        general_targets = np.array([address_of(general) + 8 * i for i in range(len(names))], np.uint64)
        root[R_GENERAL_COUNT] = len(names)
        for word, array in (
            (R_IDS_GENERAL, general_ids),
            (R_PTRS_GENERAL, general_targets),
            (R_GENERAL, general),
            (R_IDS_CSIP, ids),
            (R_PTRS_CSIP, targets),
            (R_IDS_INT, int_ids),
            (R_INT_VALUES, int_values),
            (R_PTRS_INT, int_targets),
        ):
            root[word] = address_of(array)
            self._keep.append(array)
        self._keep.append(callback)

    def _guarded_trap(self, kind: int, a: int, b: int, c: int) -> int:
        """Exceptions do not cross native code: keep the first, stop, and let ``run`` raise it."""
        try:
            return self._trap(kind, a, b, c)
        except BaseException as error:
            return self._stopped_by(error)

    def _stopped_by(self, error: BaseException) -> int:
        """Stop; ``run`` raises the first error that was met."""
        if self.error is None:
            self.error = error
        self.stop(STOP_TRAP_ERROR)
        return 0

    def install(self, hooks: Hooks) -> None:
        """Install the native callbacks; the root block's address is what they get as user data."""
        self._hook(unicorn.UC_HOOK_INSN, hooks.port_in, x86.UC_X86_INS_IN)
        self._hook(unicorn.UC_HOOK_INSN, hooks.port_out, x86.UC_X86_INS_OUT)
        self._hook(unicorn.UC_HOOK_INSN, hooks.rdtsc, x86.UC_X86_INS_RDTSC)
        self._hook(unicorn.UC_HOOK_INTR, hooks.interrupt)
        self._hook(unicorn.UC_HOOK_BLOCK, hooks.block)
        self._hook(unicorn.UC_HOOK_MEM_WRITE_PROT, hooks.dropped)

    def answer_cpuid(self, answer: Callable[[int, int], tuple[int, int, int, int]]) -> None:
        """CPUID is answered by ``answer(eax, ecx)``: EAX, EBX, ECX, EDX."""

        def asked(uc: Any, data: Any) -> int:
            for name, value in zip(("eax", "ebx", "ecx", "edx"), answer(self.get("eax"), self.get("ecx")), strict=True):
                self.set(name, value)
            return 1

        self.uc.hook_add(unicorn.UC_HOOK_INSN, asked, None, 1, 0, x86.UC_X86_INS_CPUID)

    def stop(self, reason: int) -> None:
        """Stop the code that runs, for a STOP_* ``reason``."""
        self.root[R_STOP] = reason
        uclib.uc_emu_stop(self._handle)

    def stop_at(self, address: int, when: Callable[[], bool] = lambda: True) -> None:
        """Stop with STOP_PLACE before the code at linear ``address`` runs, once, where ``when`` says so then."""
        handle = 0

        def reached(uc: Any, at: int, size: int, data: Any) -> None:
            if not when():
                return
            self.stop(STOP_PLACE)
            self._places.discard(handle)
            self.uc.hook_del(handle)

        handle = self.uc.hook_add(unicorn.UC_HOOK_CODE, reached, None, address, address)
        self._places.add(handle)

    def stop_nowhere(self) -> None:
        """Nobody waits at any place any more."""
        for handle in self._places:
            self.uc.hook_del(handle)
        self._places.clear()

    def power_on(self, signature: int) -> None:
        """The registers after a reset: CS F000 with base FFFF0000, EIP FFF0, EDX the CPU's ``signature``.

        Source: Intel SDM vol. 3, table 9-1.
        """
        for name in GENERAL:
            self.set(name, 0)
        self.set("edx", signature)
        self.set("eflags", 2)
        self.set("cs", 0xF000)
        self.inner.set_base("cs", 0xFFFF0000)
        self.set("eip", 0xFFF0)

    def watch_steps(self, step: int, memory: int, data: int) -> None:
        """Install native callbacks before each instruction (uc_cb_hookcode_t) and at each memory write
        (uc_cb_hookmem_t), with user data ``data``. Not at reads: a far return then goes to its own IP (2.1.4).
        """
        self._hook(unicorn.UC_HOOK_CODE, step, data=data)
        self._hook(unicorn.UC_HOOK_MEM_WRITE, memory, data=data)

    def _hook(self, kind: int, callback: int, *extra: int, data: int = 0) -> None:
        handle = ctypes.c_size_t()
        arguments = [ctypes.c_int(number) for number in extra]
        status = uclib.uc_hook_add(
            self._handle,
            ctypes.byref(handle),
            ctypes.c_int(kind),
            ctypes.c_void_p(callback),
            ctypes.c_void_p(data or address_of(self.root)),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
            *arguments,
        )
        _check(status, "install a hook")

    # --- address space ---------------------------------------------------------------------------------------------
    def map_ram(self, start: int, ram: Ram, offset: int, size: int, protection: int = ALL) -> None:
        """Map ``size`` bytes of ``ram`` from ``offset`` at guest-physical ``start`` (all multiples of 4096)."""
        self.uc.mem_map_ptr(start, size, protection, ctypes.c_void_p(ram.address + offset))
        self._keep.append(ram)
        if start == 0:
            self.root[R_RAM] = ram.address + offset

    def map_bytes(self, start: int, memory: NDArray[np.uint8]) -> None:
        """Map a page-aligned numpy array as memory at ``start``."""
        self.uc.mem_map_ptr(start, memory.nbytes, ALL, ctypes.c_void_p(address_of(memory)))
        self._keep.append(memory)

    def map_native(self, start: int, size: int, read: int, write: int, data: int) -> None:
        """Map device memory served by native callbacks ``read``/``write`` (uc_cb_mmio_*_t) with user data ``data``."""
        status = uclib.uc_mmio_map(
            self._handle,
            ctypes.c_uint64(start),
            ctypes.c_size_t(size),
            ctypes.c_void_p(read),
            ctypes.c_void_p(data),
            ctypes.c_void_p(write),
            ctypes.c_void_p(data),
        )
        _check(status, f"map {size:#x} bytes at {start:#x}")

    def map_python(self, start: int, size: int, read: Callable[[int], int], write: Callable[[int, int], None]) -> None:
        """Put device memory over what is mapped there: ``read(offset)`` and ``write(offset, value)`` are of dwords.

        Slow. A narrower access is part of its dword; an error is raised where the engine returns to ``run``.
        """

        def reads(uc: Any, offset: int, width: int, data: Any) -> int:
            try:
                return read(offset & ~3) >> 8 * (offset & 3) & (1 << 8 * width) - 1
            except BaseException as error:
                return self._stopped_by(error)

        def writes(uc: Any, offset: int, width: int, value: int, data: Any) -> None:
            try:
                write(offset & ~3, value & 0xFFFFFFFF)
            except BaseException as error:
                self._stopped_by(error)

        self.unmap(start, size)
        self.uc.mmio_map(start, size, reads, None, writes, None)

    def unmap(self, start: int, size: int) -> None:
        """Unmap whatever lies there."""
        _check(uclib.uc_mem_unmap(self._handle, ctypes.c_uint64(start), ctypes.c_size_t(size)), f"unmap {start:#x}")

    def protect(self, start: int, size: int, protection: int) -> None:
        """Change what may be done with mapped memory: ``ALL`` or ``READ_ONLY`` (writes are dropped then)."""
        self.uc.mem_protect(start, size, protection)

    def read(self, address: int, length: int) -> bytes:
        """Bytes at a guest-physical address, whatever lies there: a device answers as it answers code."""
        self.root[R_HOSTED] = 1
        try:
            return bytes(self.uc.mem_read(address, length))
        finally:
            self.root[R_HOSTED] = 0

    def write(self, address: int, data: bytes) -> None:
        """Store bytes at a guest-physical address; a device takes them as it takes them from code."""
        self.root[R_HOSTED] = 1
        try:
            self.uc.mem_write(address, data)
        finally:
            self.root[R_HOSTED] = 0

    def number(self, address: int, width: int) -> int:
        """The little-endian number of ``width`` bytes at a guest-physical address."""
        return int.from_bytes(self.read(address, width), "little")

    def put(self, address: int, value: int, width: int) -> None:
        """Store the low ``width`` bytes of ``value`` at a guest-physical address."""
        self.write(address, (value & (1 << 8 * width) - 1).to_bytes(width, "little"))

    # --- registers -------------------------------------------------------------------------------------------------
    def get(self, name: str) -> int:
        """One register by its lower-case name."""
        value: int = self.uc.reg_read(_IDS[name])
        return value

    def set(self, name: str, value: int) -> None:
        """Write one register."""
        self.uc.reg_write(_IDS[name], value)

    def registers(self) -> dict[str, int]:
        """The general registers, segments, EIP and EFLAGS."""
        return {name: self.get(name) for name in GENERAL}

    def register_batch(self, names: Sequence[str], words: int = 1) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """What native code needs to read these registers at once: ids, pointers, and the values they point to.

        ``words``: 64-bit words of each (3 for a table's: selector, base, limit).
        """
        ids = np.array([getattr(x86, f"UC_X86_REG_{name.upper()}") for name in names], np.int32)
        values = np.zeros(words * len(names), np.uint64)
        pointers = np.array([address_of(values) + 8 * words * i for i in range(len(names))], np.uint64)
        return ids, pointers, values

    @property
    def protected(self) -> bool:
        """Whether CR0.PE is set."""
        return bool(self.get("cr0") & 1)

    def linear_ip(self) -> int:
        """Linear address of the next instruction, by the code segment's cached base."""
        if self.mode == "long":
            return self.get("rip")
        return self.segment("cs").base + self.get("eip") & 0xFFFFFFFF

    def segment(self, name: str) -> Segment:
        """A segment register with the descriptor it was loaded with: also right in unreal mode."""
        return self.inner.segment(name)

    def table(self, name: str) -> tuple[int, int]:
        """Base and limit of "gdtr", "idtr" or "ldtr"."""
        value = self.uc.reg_read(getattr(x86, f"UC_X86_REG_{name.upper()}"))
        return int(value[1]), int(value[2])

    def set_table(self, name: str, base: int, limit: int) -> None:
        """Load "gdtr" or "idtr"."""
        self.uc.reg_write(getattr(x86, f"UC_X86_REG_{name.upper()}"), (0, base, limit, 0))

    # --- running ---------------------------------------------------------------------------------------------------
    def run(self) -> int:
        """Run from the current CS:IP until something stops the engine; return the STOP_* reason (STOP_NONE: HLT).

        The address it runs from is EIP itself: the engine adds the segment base. Raises what a trap raised, and
        CpuFaultError for what the CPU cannot execute.
        """
        self.root[R_STOP] = STOP_NONE
        begin = self.get("rip" if self.mode == "long" else "eip")
        status = uclib.uc_emu_start(
            self._handle, ctypes.c_uint64(begin), ctypes.c_uint64(_FOREVER), ctypes.c_uint64(0), ctypes.c_size_t(0)
        )
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        if status != unicorn.UC_ERR_OK:
            raise CpuFaultError(status)
        return int(self.root[R_STOP])

    def abort(self) -> None:
        """From a callback: stop here, and let ``run`` return STOP_ABORT."""
        self.root[R_STOP] = STOP_ABORT
        uclib.uc_emu_stop(self._handle)

    @contextmanager
    def blocks_seen(self) -> Iterator[Addresses]:
        """Collect the linear address of every block that runs meanwhile: slow, for looking at a loop."""
        seen: Addresses = set()
        handle = self.uc.hook_add(unicorn.UC_HOOK_BLOCK, lambda uc, address, size, data: seen.add(address))
        self.flush_code()
        try:
            yield seen
        finally:
            self.uc.hook_del(handle)
            self.flush_code()

    def watch(self, start: int, size: int, told: Callable[[int, int, bool], None]) -> None:
        """Tell each access that code makes to memory there: address, bytes, whether it writes. Slow, from now on."""
        kinds = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE

        def access(uc: Any, kind: int, address: int, width: int, value: int, data: Any) -> None:
            told(address, width, kind == unicorn.UC_MEM_WRITE)

        self.uc.hook_add(kinds, access, None, start, start + size - 1)

    def flush_code(self) -> None:
        """Forget translated code: after the host wrote into memory that had been executed."""
        self.uc.ctl_flush_tb()

    def forget_code(self, start: int, size: int) -> None:
        """Forget what was translated from these bytes; also from inside of an access, as a device's DMA is."""
        self.uc.ctl_remove_cache(start, start + size)

    def snapshot(self) -> CpuSnapshot:
        """The CPU's registers; memory is the machine's to keep."""
        return CpuSnapshot(self.uc.context_save(), self.get("rip" if self.mode == "long" else "eip"))

    def restore(self, snapshot: CpuSnapshot) -> None:
        """Go back to a snapshot's registers."""
        self.uc.context_restore(snapshot.context)
        self.set("cr3", self.get("cr3"))
        self.set("rip" if self.mode == "long" else "eip", snapshot.ip)
        self.flush_code()


class Batch:
    """Some registers, read and written at once: ``values`` has them in the order of ``names``."""

    def __init__(self, engine: Engine, names: Sequence[str]) -> None:
        self._ids, self._pointers, self.values = engine.register_batch(names)
        self._read, self._write = (_BATCH_TYPE(int(engine.root[word])) for word in (R_FN_READ, R_FN_WRITE))
        self._arguments = (
            engine._handle, ctypes.c_void_p(address_of(self._ids)), ctypes.c_void_p(address_of(self._pointers)),
            ctypes.c_int(len(names)),
        )  # fmt: skip

    def read(self) -> list[int]:
        """What they hold now."""
        self._read(*self._arguments)
        found: list[int] = self.values.tolist()
        return found

    def write(self, values: Sequence[int]) -> None:
        """Let them hold ``values``, one each."""
        self.values[:] = values
        self._write(*self._arguments)


class CpuFaultError(Exception):
    """The engine cannot go on: an invalid instruction, nothing there to execute, ..."""

    def __init__(self, status: int) -> None:
        super().__init__(CPU_ERRORS.get(status, f"engine error {status}"))
        self.status = status

    @property
    def invalid_opcode(self) -> bool:
        """Whether it is #UD, which the engine reports in this way only."""
        return bool(self.status == unicorn.UC_ERR_INSN_INVALID)


def _check(status: int, what: str) -> None:
    if status != unicorn.UC_ERR_OK:
        hint = "report the scenario as a bug of fwsim"
        raise FwsimError(f"the engine refused to {what}", found=f"unicorn error {status}", hint=hint)
