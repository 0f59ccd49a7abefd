"""A plain engine, bare or with the least hooks, is the reference for a machine's speed."""

import ctypes
import time
from typing import Any, Literal

import unicorn
from unicorn import x86_const as x86
from unicorn.unicorn_py3.unicorn import uclib

from fwsim.native import callback

MEMORY = 1 << 20
_ASKED = (x86.UC_X86_REG_AX, x86.UC_X86_REG_BX, x86.UC_X86_REG_CX, x86.UC_X86_REG_DX)
_ANSWERED = (x86.UC_X86_REG_CX, x86.UC_X86_REG_DX, x86.UC_X86_REG_AL)
Hooked = Literal["none", "python", "out", "empty", "interrupt"]


@callback("u32(u64, u32, i32, u64)")
def _in(uc: Any, port: int, size: int, data: int) -> int:
    """IN reads 0."""
    return 0


@callback("void(u64, u32, i32, u32, u64)")
def _out(uc: Any, port: int, size: int, value: int, data: int) -> None:
    """OUT goes nowhere."""


@callback("void(u64, u64, u32, u64)")
def _block(uc: Any, address: int, size: int, data: int) -> None:
    """A block of code begins."""


class PlainCpu:
    """A bare engine with 1 MiB of memory that runs real-mode ``code`` at ``segment``:0000 until its HLT.

    ``hooked``: "none"; "python": the binding's hook with an empty Python function at OUT; "out": a native callback
    that does nothing there; "empty": such callbacks at IN, OUT and each block; "interrupt": the binding's hook at INT,
    which reads and writes registers.
    """

    def __init__(self, code: bytes, segment: int = 0xC000, hooked: Hooked = "none") -> None:
        self._segment = segment
        self._uc = uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
        uc.mem_map(0, MEMORY)
        uc.mem_write(segment << 4, code)
        uc.reg_write(x86.UC_X86_REG_CR0, 0x60000010)
        if hooked == "python":
            uc.hook_add(unicorn.UC_HOOK_INSN, _python_out, None, 1, 0, x86.UC_X86_INS_OUT)
        elif hooked == "interrupt":
            uc.hook_add(unicorn.UC_HOOK_INTR, _python_interrupt)
        elif hooked == "out":
            self._hook(unicorn.UC_HOOK_INSN, _out.address, x86.UC_X86_INS_OUT)
        elif hooked == "empty":
            self._hook(unicorn.UC_HOOK_INSN, _in.address, x86.UC_X86_INS_IN)
            self._hook(unicorn.UC_HOOK_INSN, _out.address, x86.UC_X86_INS_OUT)
            self._hook(unicorn.UC_HOOK_BLOCK, _block.address)

    def _hook(self, kind: int, address: int, *extra: int) -> None:
        made = ctypes.c_size_t()
        rest = [ctypes.c_int(number) for number in extra]
        status = uclib.uc_hook_add(
            self._uc._uch, ctypes.byref(made), ctypes.c_int(kind), ctypes.c_void_p(address), None,
            ctypes.c_uint64(1), ctypes.c_uint64(0), *rest,
        )  # fmt: skip
        if status != unicorn.UC_ERR_OK:
            raise unicorn.UcError(status)

    def run(self) -> float:
        """Run the code once, from its first byte; seconds of CPU it took."""
        uc = self._uc
        for register in (x86.UC_X86_REG_DS, x86.UC_X86_REG_ES, x86.UC_X86_REG_SS):
            uc.reg_write(register, 0)
        uc.reg_write(x86.UC_X86_REG_CS, self._segment)
        started = time.process_time()
        uc.emu_start(0, (1 << 64) - 1)
        return time.process_time() - started


def _python_out(uc: Any, port: int, size: int, value: int, data: Any) -> None:
    """What the plain Python hook does: nothing."""


def _python_interrupt(uc: Any, vector: int, data: Any) -> None:
    """A BIOS's answer as the binding has it: AX to DX are asked, and three registers set."""
    for register in _ASKED:
        uc.reg_read(register)
    for register in _ANSWERED:
        uc.reg_write(register, 0)
