"""The AArch64 runs code: Unicorn's Cortex-A57 at EL1, MMU off, as Xen starts a guest's kernel.

Sources: Linux Documentation/arch/arm64/booting.rst (X0 is the device tree, interrupts masked); Arm ARM DDI 0487, D1.10
(exception entry: vectors at VBAR_EL1, 200h for the current level with its own stack) and D17.2.37 (ESR_EL1).
Every instruction is seen by a native hook: so the engine knows which one makes an access, and stops right at it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import unicorn
from msgspec import Struct
from numpy.typing import NDArray
from unicorn import arm64_const as arm

from fwsim.cpu.core import Core
from fwsim.native import R_HOSTED

GENERAL = (*(f"x{number}" for number in range(31)), "sp")
STEP_REGISTERS = (*GENERAL, "nzcv")
_NAMES = (*GENERAL, "pc", "nzcv", "xzr", "vbar_el1", "elr_el1", "esr_el1", "far_el1")
_IDS = {name: getattr(arm, f"UC_ARM64_REG_{name.upper()}") for name in _NAMES}
_FOREVER = (1 << 64) - 1
_SPSR_EL1 = (4, 0, 3, 0, 0)
"""CRn, CRm, op0, op1, op2."""
_KNOWN_PLACE = 2
"""R_HOSTED: CS:IP stand in the root block; the hook at every instruction puts them there."""
_EL1H, _MASKED = 0x5, 0x3C0
_SYNC_SAME_LEVEL = 0x200


class Hooks(Struct, frozen=True):
    """Addresses of the native callbacks that the machine composes."""

    instruction: int
    interrupt: int
    block: int


class ArmEngine(Core):
    """An AArch64 with its address space, as a guest's one virtual CPU. ``root`` and ``trap`` as ``Core`` has them."""

    arch = "arm64"
    prefix = "UC_ARM64_REG_"
    constants = arm
    mode = "arm64"
    wide = True

    def __init__(self, root: NDArray[np.uint64], trap: Callable[[int, int, int, int], int]) -> None:
        uc = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        super().__init__(root, trap, uc, ids=_IDS, ip="pc", forever=_FOREVER)
        root[R_HOSTED] = self._hosted_else = _KNOWN_PLACE

    def install(self, hooks: Hooks) -> None:
        """Install the native callbacks; the root block's address is what they get as user data."""
        self._hook(unicorn.UC_HOOK_CODE, hooks.instruction)
        self._hook(unicorn.UC_HOOK_INTR, hooks.interrupt)
        self._hook(unicorn.UC_HOOK_BLOCK, hooks.block)

    def watch_nothing(self, told: Callable[[int, bool], None]) -> None:
        """Tell ``told`` the address of each access to where nothing is, and whether it writes; it stays refused."""

        def met(uc: Any, access: int, address: int, size: int, value: int, data: Any) -> bool:
            told(address, access == unicorn.UC_MEM_WRITE_UNMAPPED)
            return False

        self._uc.hook_add(unicorn.UC_HOOK_MEM_READ_UNMAPPED | unicorn.UC_HOOK_MEM_WRITE_UNMAPPED, met)

    def enter(self, entry: int, tree: int) -> None:
        """Start at ``entry`` with the device tree's address in X0, all else 0."""
        for name in GENERAL:
            self.set(name, 0)
        self.set("x0", tree)
        self.set("pc", entry)

    def registers(self) -> dict[str, int]:
        """The general registers, SP, PC and the flags."""
        return {name: self.get(name) for name in (*GENERAL, "pc", "nzcv")}

    def take_exception(self, syndrome: int, address: int, back: int) -> bool:
        """A synchronous exception from EL1 to EL1, which returns to ``back``; False: the code set no vectors."""
        vectors = self.get("vbar_el1")
        if not vectors:
            return False
        flags = self.get("nzcv") | _MASKED | _EL1H
        self._uc.reg_write(arm.UC_ARM64_REG_CP_REG, (*_SPSR_EL1, flags))
        for name, value in (("esr_el1", syndrome), ("far_el1", address), ("elr_el1", back)):
            self.set(name, value)
        self.set("pc", vectors + _SYNC_SAME_LEVEL)
        return True
