"""The x86 runs code: one Unicorn for real, protected and long mode, with native hooks and slices between them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import unicorn
from msgspec import Struct
from numpy.typing import NDArray
from unicorn import x86_const as x86

from fwsim.cpu.core import ALL, Batch, Core
from fwsim.cpu.inner import Inner, Segment
from fwsim.cpu.live import live
from fwsim.memory.ram import Ram
from fwsim.native import (
    INT_WORDS,
    R_AT_CS,
    R_AT_IP,
    R_GENERAL,
    R_GENERAL_COUNT,
    R_HOSTED,
    R_IDS_INT,
    R_INT_VALUES,
    R_IP_MASK,
    R_PTRS_INT,
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
_FOREVER = {"real": (1 << 64) - 1, "long": (1 << 64) - 1, "every": (1 << 32) - 1}
"""By mode: where no code ever is. The engine looks that address up behind every run, and with paging one that is not
mapped leaves a #PF behind, which makes the next exception a double fault (Unicorn 2.1.4); firmware maps all of 4 GiB.
"""
_SEGMENTS = frozenset(("cs", "ds", "es", "fs", "gs", "ss"))
_DATA = unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE
_EFER, _LMA = 0xC0000080, 1 << 10
_WHOLE = (*GENERAL, "cr0")
_PLAIN = 8
"""So many of these, from EAX on, are nothing but numbers."""
_PARTS = {name: (at, 0, 0xFFFFFFFF) for at, name in enumerate(_WHOLE)}
_PARTS |= {name[1:]: (at, 0, 0xFFFF) for at, name in enumerate(GENERAL[:_PLAIN])}
_PARTS |= {f"{name[1]}l": (at, 0, 0xFF) for at, name in enumerate(GENERAL[:4])}
_PARTS |= {f"{name[1]}h": (at, 8, 0xFF) for at, name in enumerate(GENERAL[:4])}
"""By name: which of ``_WHOLE`` it is part of, from which bit on, and how much of it."""


class Hooks(Struct, frozen=True):
    """Addresses of the native callbacks that the machine composes; ``None``: not installed."""

    port_in: int
    port_out: int
    interrupt: int
    block: int
    rdtsc: int
    dropped: int
    """A write to read-only memory; returns 1: it is dropped."""


class Engine(Core):
    """An x86 with its address space.

    ``mode`` is "real" (starts in real mode, may go to protected mode and back), "every" (the same, and to long mode
    and back) or "long" (starts in 64-bit mode with flat, identity-mapped memory, as UEFI leaves it). ``root`` is the
    native state block, ``trap`` its Python side.
    """

    arch = "x86"
    prefix = "UC_X86_REG_"
    constants = x86

    def __init__(self, root: NDArray[np.uint64], trap: Callable[[int, int, int, int], int], mode: str = "real") -> None:
        self.mode = mode
        self.wide = mode != "real"
        """Whether registers have 64 bits."""
        uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64 if mode == "long" else unicorn.UC_MODE_32)
        letter = "r" if self.wide else "e"
        super().__init__(root, trap, uc, ids=_IDS, ip=f"{letter}ip", forever=_FOREVER[mode])
        self._whole = Batch(self, _WHOLE)
        self.inner = Inner(uc)
        root[R_GENERAL], root[R_AT_IP], root[R_AT_CS] = live(uc, self.inner)
        root[R_GENERAL_COUNT] = 16 if self.wide else 8
        root[R_IP_MASK] = (1 << (64 if self.wide else 32)) - 1
        self._data = 0
        """Where memory at 0 ends that no code was run in."""
        self._install_interrupts()
        if mode != "long":
            uc.reg_write(x86.UC_X86_REG_CR0, 0x60000010)  # CD, NW, ET: the reset value (Intel SDM vol. 3, 9.1.1)
            uc.reg_write(x86.UC_X86_REG_IDTR, (0, 0, 0x3FF, 0))
            for name in ("ds", "es", "fs", "gs", "ss", "cs"):
                uc.reg_write(_IDS[name], 0)
        if mode == "every":
            self.inner.set_mode(unicorn.UC_MODE_64)

    def _install_interrupts(self) -> None:
        values = np.zeros(INT_WORDS, np.uint64)
        targets = np.array([address_of(values) + 8 * i for i in range(len(_INT_IDS))], np.uint64)
        ids = np.array(_INT_IDS, np.int32)
        self._point((R_IDS_INT, ids), (R_INT_VALUES, values), (R_PTRS_INT, targets))

    def install(self, hooks: Hooks) -> None:
        """Install the native callbacks; the root block's address is what they get as user data."""
        self._hook(unicorn.UC_HOOK_INSN, hooks.port_in, x86.UC_X86_INS_IN)
        self._hook(unicorn.UC_HOOK_INSN, hooks.port_out, x86.UC_X86_INS_OUT)
        self._hook(unicorn.UC_HOOK_INSN, hooks.rdtsc, x86.UC_X86_INS_RDTSC)
        self._hook(unicorn.UC_HOOK_INTR, hooks.interrupt)
        self._hook(unicorn.UC_HOOK_BLOCK, hooks.block)
        self._hook(unicorn.UC_HOOK_MEM_WRITE_PROT, hooks.dropped)

    def map_data(self, ram: Ram, size: int) -> None:
        """Map ``size`` bytes of ``ram`` at 0 as memory where no code is, until code goes there.

        A store to where code may be has the engine look for translations of what it overwrites: a third of its time.
        """
        self.map_ram(0, ram, 0, size, _DATA)
        self._data = size
        self._uc.hook_add(unicorn.UC_HOOK_MEM_FETCH_PROT, self._goes_to_data)

    def _goes_to_data(self, uc: Any, access: int, address: int, size: int, value: int, unused: Any) -> bool:
        """Code goes where it may not: whether that was but data, and is code now."""
        return address < self._data and self._let_run()

    def _let_run(self) -> bool:
        self.protect(0, self._data, ALL)
        self._data = 0
        return True

    def unmap(self, start: int, size: int) -> None:
        """Unmap whatever lies there; what ``map_data`` mapped is as other memory from then on."""
        if start < self._data:
            self._let_run()
        super().unmap(start, size)

    def answer_cpuid(self, answer: Callable[[int, int], tuple[int, int, int, int]]) -> None:
        """CPUID is answered by ``answer(eax, ecx)``: EAX, EBX, ECX, EDX."""

        def asked(uc: Any, data: Any) -> int:
            letters, width = "abcd", "r" if self.wide else "e"
            for letter, value in zip(letters, answer(self.get("eax"), self.get("ecx")), strict=True):
                self.set(f"{width}{letter}x", value)
            return 1

        self._uc.hook_add(unicorn.UC_HOOK_INSN, asked, None, 1, 0, x86.UC_X86_INS_CPUID)

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

    # --- registers -------------------------------------------------------------------------------------------------
    def get(self, name: str) -> int:
        """One register by its lower-case name. Where no code runs all are read at once, and kept until it does."""
        held = self._held
        if held is None:
            if self._runs or self.wide:
                return super().get(name)
            held = self._held = self._whole.read()
        part = _PARTS.get(name)
        if part is None:
            return super().get(name)
        return held[part[0]] >> part[1] & part[2]

    def abcd(self) -> tuple[int, int, int, int]:
        """AX, BX, CX and DX."""
        held = self._held
        if held is None:
            return self.get("ax"), self.get("bx"), self.get("cx"), self.get("dx")
        return held[0] & 0xFFFF, held[1] & 0xFFFF, held[2] & 0xFFFF, held[3] & 0xFFFF

    def set(self, name: str, value: int) -> None:
        """Write one register; a segment register with the descriptor that the selector names."""
        held, part = self._held, _PARTS.get(name)
        if held is not None and part is not None and part[0] < _PLAIN:
            at, shift, mask = part
            held[at] = held[at] & ~(mask << shift) | (value & mask) << shift
            super().set(name, value)
            return
        self._held = None
        if self.mode == "every" and name in _SEGMENTS:
            self.root[R_HOSTED] = 1  # a descriptor that is loaded is marked so, in memory
            with self.inner.as_mode(unicorn.UC_MODE_32):
                self.uc.reg_write(_IDS[name], value)
            self.root[R_HOSTED] = 0
        else:
            super().set(name, value)

    @property
    def long(self) -> bool:
        """Whether long mode is active, 64-bit code or not (EFER.LMA, Intel SDM vol. 3, 2.2.1)."""
        if self.mode != "every":
            return self.mode == "long"
        return bool(self._uc.reg_read(x86.UC_X86_REG_MSR, _EFER) & _LMA)

    def registers(self) -> dict[str, int]:
        """The general registers, segments, EIP and EFLAGS."""
        return {name: self.get(name) for name in GENERAL}

    @property
    def protected(self) -> bool:
        """Whether CR0.PE is set."""
        return bool(self.get("cr0") & 1)

    def linear_ip(self) -> int:
        """Linear address of the next instruction, by the code segment's cached base."""
        if self.mode == "long":
            return self.ip
        code = self.segment("cs")
        return self.ip if code.bits == 64 else code.base + self.ip & 0xFFFFFFFF

    def segment(self, name: str) -> Segment:
        """A segment register with the descriptor it was loaded with: also right in unreal mode."""
        return self.inner.segment(name)

    def table(self, name: str) -> tuple[int, int]:
        """Base and limit of "gdtr", "idtr" or "ldtr"."""
        value = self._uc.reg_read(getattr(x86, f"UC_X86_REG_{name.upper()}"))
        return int(value[1]), int(value[2])

    def set_table(self, name: str, base: int, limit: int) -> None:
        """Load "gdtr" or "idtr"."""
        self._uc.reg_write(getattr(x86, f"UC_X86_REG_{name.upper()}"), (0, base, limit, 0))

    def _restored(self) -> None:
        """Translations go by CR3, which a context brings back without telling."""
        self._held = None
        self.set("cr3", self.get("cr3"))
