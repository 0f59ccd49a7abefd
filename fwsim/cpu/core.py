"""What every CPU of the engine has: an address space, hooks, a run that native code stops, a snapshot.

Unicorn executes x86 and AArch64 code alike; what differs is in ``engine.py`` (x86) and ``arm.py``.
"""

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import unicorn
from msgspec import Struct
from numpy.typing import NDArray
from unicorn.unicorn_py3.unicorn import uclib

from fwsim.cpu.ctrl_c import running, watch
from fwsim.cpu.layout import Layout, Put
from fwsim.errors import FwsimError
from fwsim.memory.ram import Ram
from fwsim.native import (
    R_FN_LOOK,
    R_FN_READ,
    R_FN_STOP,
    R_FN_TRAP,
    R_FN_WRITE,
    R_HOSTED,
    R_RAM,
    R_STOP,
    R_UC,
    STOP_ABORT,
    STOP_AGAIN,
    STOP_NONE,
    STOP_PLACE,
    STOP_TRAP_ERROR,
    address_of,
)

Addresses = set[int]
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


class CpuSnapshot(Struct, frozen=True):
    """Everything the CPU is: an opaque context of the engine, and where it would go on."""

    context: Any
    ip: int


class Core:
    """One CPU with its address space. ``root`` is the native state block, ``trap`` its Python side.

    ``ids``: the engine's number of each register that has a name here; ``ip`` names the program counter. ``forever`` is
    where no code ever is.
    """

    arch: ClassVar[str]
    prefix: ClassVar[str]
    """Of the engine's names of registers,"""
    constants: ClassVar[Any]
    """and the module that has their numbers."""

    def __init__(
        self, root: NDArray[np.uint64], trap: Callable[[int, int, int, int], int], uc: Any, *,
        ids: Mapping[str, int], ip: str, forever: int,
    ) -> None:  # fmt: skip
        self.root = root
        self.words = root.data
        """The root block for Python: its words are plain numbers, several times as fast as those of an array."""
        self._uc = uc
        self._layout: Layout | None = Layout()
        """What is to be mapped before the engine is first asked for memory; None once it is."""
        self._handle = ctypes.c_void_p(uc._uch.value)
        self._keep: list[Any] = []
        self.error: BaseException | None = None
        self._places: set[int] = set()
        self._trap = trap
        self._ids, self._ip = ids, ip
        self._hosted_else = 0
        """R_HOSTED while no access of the host's own is made."""
        self._runs = 0
        """How many runs of code go on, one inside of the other."""
        self._held: list[int] | None = None
        """The registers as they are until code runs on, for a CPU that keeps them; None: not asked for since."""
        self._cell = ctypes.c_uint64()
        self._at_cell = ctypes.byref(self._cell)
        self._begin, self._rest = ctypes.c_uint64(), (ctypes.c_uint64(forever), ctypes.c_uint64(0), ctypes.c_size_t(0))
        self._install_common()
        watch()

    @property
    def uc(self) -> Any:
        """The engine itself, everything mapped."""
        if self._layout is not None:
            self._lay_out(self._layout)
        return self._uc

    def _lay_out(self, layout: Layout) -> None:
        self._layout = None
        layout.put()

    # --- native state ----------------------------------------------------------------------------------------------
    def _install_common(self) -> None:
        root = self.root
        assert self._handle.value is not None
        root[R_UC] = self._handle.value
        functions = ((R_FN_READ, "uc_reg_read_batch"), (R_FN_WRITE, "uc_reg_write_batch"), (R_FN_STOP, "uc_emu_stop"),
                     (R_FN_LOOK, "uc_mem_read"))  # fmt: skip
        for word, name in functions:
            root[word] = ctypes.cast(getattr(uclib, name), ctypes.c_void_p).value or 0
        callback = _TRAP_TYPE(self._guarded_trap)
        root[R_FN_TRAP] = ctypes.cast(callback, ctypes.c_void_p).value or 0
        self._keep.append(callback)

    def _point(self, *arrays: tuple[int, NDArray[Any]]) -> None:
        """Give root words the addresses of arrays, which are kept."""
        for word, array in arrays:
            self.root[word] = address_of(array)
            self._keep.append(array)

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

    def _interrupted(self) -> None:
        """Ctrl-C, told by another thread while code runs: what it does until it stops is recorded as ever."""
        if self.error is None:
            self.error = KeyboardInterrupt()
        uclib.uc_emu_stop(self._handle)

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
            self._uc.hook_del(handle)

        handle = self._uc.hook_add(unicorn.UC_HOOK_CODE, reached, None, address, address)
        self._places.add(handle)

    def stop_nowhere(self) -> None:
        """Nobody waits at any place any more."""
        for handle in self._places:
            self._uc.hook_del(handle)
        self._places.clear()

    def watch_steps(self, step: int, memory: int, data: int) -> None:
        """Install native callbacks before each instruction (uc_cb_hookcode_t) and at each memory write
        (uc_cb_hookmem_t), with user data ``data``. Not at reads: a far return then goes to its own IP (2.1.4).
        """
        self.root[R_FN_LOOK] = 0
        self._hook(unicorn.UC_HOOK_CODE, step, data=data)
        self._hook(unicorn.UC_HOOK_MEM_WRITE, memory, data=data)

    def watch_translation(self, translated: int, data: int) -> None:
        """Install a native callback after the translation of each block (uc_hook_edge_gen_t), with user data ``data``.

        It is not called for the first block of all that the engine runs (Unicorn 2.1.4).
        """
        self._hook(unicorn.UC_HOOK_EDGE_GENERATED, translated, data=data)

    def watch_place(self, address: int, reached: int, data: int) -> None:
        """Install a native callback before the instruction at linear ``address`` (uc_cb_hookcode_t), for code that is
        translated from now on.
        """
        self._hook(unicorn.UC_HOOK_CODE, reached, data=data, first=address, last=address)

    def forget_block(self, start: int, size: int) -> None:
        """Translate a block anew, though it was about to run: for ``watch_translation``'s callback."""
        self.uc.ctl_remove_cache(start, start + size)
        self.root[R_STOP] = STOP_AGAIN
        uclib.uc_emu_stop(self._handle)

    def _hook(self, kind: int, callback: int, *extra: int, data: int = 0, first: int = 1, last: int = 0) -> None:
        handle = ctypes.c_size_t()
        arguments = [ctypes.c_int(number) for number in extra]
        status = uclib.uc_hook_add(
            self._handle,
            ctypes.byref(handle),
            ctypes.c_int(kind),
            ctypes.c_void_p(callback),
            ctypes.c_void_p(data or address_of(self.root)),
            ctypes.c_uint64(first),
            ctypes.c_uint64(last),
            *arguments,
        )
        _check(status, "install a hook")

    # --- address space ---------------------------------------------------------------------------------------------
    def _map(self, start: int, size: int, put: Put) -> None:
        """Map by ``put``, now or when the engine is first asked for memory."""
        if self._layout is None:
            put(start, size, 0)
        elif not self._layout.add(start, size, put):
            _check(unicorn.UC_ERR_MAP, f"map {size:#x} bytes at {start:#x}")

    def _map_memory(self, start: int, size: int, protection: int, address: int) -> None:
        self._map(
            start, size,
            lambda at, length, skip: self._uc.mem_map_ptr(at, length, protection, ctypes.c_void_p(address + skip)),
        )  # fmt: skip

    def map_ram(self, start: int, ram: Ram, offset: int, size: int, protection: int = ALL) -> None:
        """Map ``size`` bytes of ``ram`` from ``offset`` at guest-physical ``start`` (all multiples of 4096)."""
        self._map_memory(start, size, protection, ram.address + offset)
        self._keep.append(ram)
        if start == 0:
            self.root[R_RAM] = ram.address + offset

    def map_bytes(self, start: int, memory: NDArray[np.uint8]) -> None:
        """Map a page-aligned numpy array as memory at ``start``."""
        self._map_memory(start, memory.nbytes, ALL, address_of(memory))
        self._keep.append(memory)

    def map_native(self, start: int, size: int, read: int, write: int, data: int) -> None:
        """Map device memory served by native callbacks ``read``/``write`` (uc_cb_mmio_*_t) with user data ``data``."""

        def put(at: int, length: int, skip: int) -> None:
            status = uclib.uc_mmio_map(
                self._handle,
                ctypes.c_uint64(at),
                ctypes.c_size_t(length),
                ctypes.c_void_p(read),
                ctypes.c_void_p(data),
                ctypes.c_void_p(write),
                ctypes.c_void_p(data),
            )
            _check(status, f"map {length:#x} bytes at {at:#x}")

        self._map(start, size, put)

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
        self._map(start, size, lambda at, length, skip: self._uc.mmio_map(at, length, reads, None, writes, None))

    def unmap(self, start: int, size: int) -> None:
        """Unmap whatever lies there."""
        if self._layout is None:
            status = uclib.uc_mem_unmap(self._handle, ctypes.c_uint64(start), ctypes.c_size_t(size))
        else:
            status = unicorn.UC_ERR_OK if self._layout.remove(start, size) else unicorn.UC_ERR_NOMEM
        _check(status, f"unmap {start:#x}")

    def protect(self, start: int, size: int, protection: int) -> None:
        """Change what may be done with mapped memory: ``ALL`` or ``READ_ONLY`` (writes are dropped then)."""
        self.uc.mem_protect(start, size, protection)

    def read(self, address: int, length: int) -> bytes:
        """Bytes at a guest-physical address, whatever lies there: a device answers as it answers code."""
        self.root[R_HOSTED] = 1
        try:
            return bytes(self.uc.mem_read(address, length))
        finally:
            self.root[R_HOSTED] = self._hosted_else

    def write(self, address: int, data: bytes) -> None:
        """Store bytes at a guest-physical address; a device takes them as it takes them from code."""
        self.root[R_HOSTED] = 1
        try:
            self.uc.mem_write(address, data)
        finally:
            self.root[R_HOSTED] = self._hosted_else

    def number(self, address: int, width: int) -> int:
        """The little-endian number of ``width`` bytes at a guest-physical address."""
        return int.from_bytes(self.read(address, width), "little")

    def put(self, address: int, value: int, width: int) -> None:
        """Store the low ``width`` bytes of ``value`` at a guest-physical address."""
        self.write(address, (value & (1 << 8 * width) - 1).to_bytes(width, "little"))

    # --- registers -------------------------------------------------------------------------------------------------
    def get(self, name: str) -> int:
        """One register by its lower-case name."""
        cell = self._cell
        cell.value = 0  # the engine stores as many bytes as the register has
        if status := uclib.uc_reg_read(self._handle, self._ids[name], self._at_cell):
            raise unicorn.UcError(status)
        return cell.value

    def set(self, name: str, value: int) -> None:
        """Write one register."""
        self._cell.value = value
        if status := uclib.uc_reg_write(self._handle, self._ids[name], self._at_cell):
            raise unicorn.UcError(status)

    @property
    def ip(self) -> int:
        """The next instruction's address as the CPU counts it, in the full width."""
        return self.get(self._ip)

    def linear_ip(self) -> int:
        """Guest-physical, or linear, address of the next instruction."""
        return self.ip

    def register_batch(self, names: Sequence[str], words: int = 1) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """What native code needs to read these registers at once: ids, pointers, and the values they point to.

        ``words``: 64-bit words of each (3 for a table's: selector, base, limit).
        """
        ids = np.array([getattr(self.constants, f"{self.prefix}{name.upper()}") for name in names], np.int32)
        values = np.zeros(words * len(names), np.uint64)
        pointers = np.array([address_of(values) + 8 * words * i for i in range(len(names))], np.uint64)
        return ids, pointers, values

    # --- running ---------------------------------------------------------------------------------------------------
    def run(self) -> int:
        """Run from the current CS:IP until something stops the engine; return the STOP_* reason (STOP_NONE: HLT).

        The address it runs from is EIP itself: the engine adds the segment base. Raises what a trap raised, and
        CpuFaultError for what the CPU cannot execute.
        """
        status = self._start()
        while self.words[R_STOP] == STOP_AGAIN and self.error is None:
            status = self._start()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        if status != unicorn.UC_ERR_OK:
            raise CpuFaultError(status)
        return self.words[R_STOP]

    def _start(self) -> int:
        if self._layout is not None:
            self._lay_out(self._layout)
        self.words[R_STOP] = STOP_NONE
        self._begin.value = self.ip
        self._held = None
        self._runs += 1
        running.append(self._interrupted)
        try:
            return int(uclib.uc_emu_start(self._handle, self._begin, *self._rest))
        except KeyboardInterrupt:
            self.error = None
            raise
        finally:
            running.pop()
            self._runs -= 1

    def abort(self) -> None:
        """From a callback: stop here, and let ``run`` return STOP_ABORT."""
        self.root[R_STOP] = STOP_ABORT
        uclib.uc_emu_stop(self._handle)

    @contextmanager
    def blocks_seen(self) -> Iterator[Addresses]:
        """Collect the linear address of every block that runs meanwhile: slow, for looking at a loop."""
        seen: Addresses = set()
        handle = self._uc.hook_add(unicorn.UC_HOOK_BLOCK, lambda uc, address, size, data: seen.add(address))
        self.flush_code()
        try:
            yield seen
        finally:
            self._uc.hook_del(handle)
            self.flush_code()

    def watch(self, start: int, size: int, told: Callable[[int, int, bool], None]) -> None:
        """Tell each access that code makes to memory there: address, bytes, whether it writes. Slow, from now on."""
        kinds = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE

        def access(uc: Any, kind: int, address: int, width: int, value: int, data: Any) -> None:
            told(address, width, kind == unicorn.UC_MEM_WRITE)

        self._uc.hook_add(kinds, access, None, start, start + size - 1)

    def flush_code(self) -> None:
        """Forget translated code: after the host wrote into memory that had been executed."""
        self._uc.ctl_flush_tb()

    def forget_code(self, start: int, size: int) -> None:
        """Forget what was translated from these bytes; also from inside of an access, as a device's DMA is."""
        self.uc.ctl_remove_cache(start, start + size)

    def snapshot(self) -> CpuSnapshot:
        """The CPU's registers; memory is the machine's to keep."""
        return CpuSnapshot(self.uc.context_save(), self.ip)

    def restore(self, snapshot: CpuSnapshot) -> None:
        """Go back to a snapshot's registers."""
        self.uc.context_restore(snapshot.context)
        self._restored()
        self.set(self._ip, snapshot.ip)
        self.flush_code()

    def _restored(self) -> None:
        """A context was put back: what the engine does not do by itself."""


class Batch:
    """Some registers, read and written at once: ``values`` has them in the order of ``names``."""

    def __init__(self, engine: Core, names: Sequence[str]) -> None:
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

    @property
    def nothing_there(self) -> bool:
        """Whether data was read or written where nothing is."""
        return self.status in (unicorn.UC_ERR_READ_UNMAPPED, unicorn.UC_ERR_WRITE_UNMAPPED)

    @property
    def nothing_to_run(self) -> bool:
        """Whether the next instruction is where nothing is."""
        return self.status in (unicorn.UC_ERR_FETCH_UNMAPPED, unicorn.UC_ERR_FETCH_PROT)


def _check(status: int, what: str) -> None:
    if status != unicorn.UC_ERR_OK:
        hint = "report the scenario as a bug of fwsim"
        raise FwsimError(f"the engine refused to {what}", found=f"unicorn error {status}", hint=hint)
