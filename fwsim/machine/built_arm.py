"""An Arm guest's machine ready to run its program, with what the hypervisor shows it of the host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fwsim.machine.arm import ArmMachine, ArmSnapshot
from fwsim.rom.elf import Program


@dataclass(frozen=True)
class ArmBuiltSnapshot:
    """A built machine at one moment, and the log."""

    machine: ArmSnapshot
    log: tuple[str, ...]


@dataclass
class ArmBuilt:
    """``tree_at``: where the device tree lies; ``attach``: what is called when late devices come."""

    machine: ArmMachine
    program: Program
    tree_at: int
    log: list[str] = field(default_factory=list)
    attach: Callable[[], None] = lambda: None

    @property
    def entry(self) -> int:
        """Where the program begins."""
        return self.program.entry

    def attach_late(self) -> None:
        """The moment when whoever runs the host attaches what is to come later."""
        self.attach()

    def snapshot(self) -> ArmBuiltSnapshot:
        """Everything that changes once it is built."""
        return ArmBuiltSnapshot(self.machine.snapshot(), tuple(self.log))

    def restore(self, snapshot: Any) -> None:
        """Go back, or on, to it."""
        self.machine.restore(snapshot.machine)
        self.log[:] = snapshot.log
