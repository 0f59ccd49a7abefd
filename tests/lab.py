"""A machine whose ROM has been called, held open: a test calls its INT 10h and looks at memory in between."""

from __future__ import annotations

from fwsim.results.summary import CallResult
from fwsim.rom.chain import load
from fwsim.running.pipeline import Run, assemble
from fwsim.scenario.model import Call, Scenario

BUFFER = 0x10000
"""Where es:di 0:0 of a call points."""


class Lab:
    """POSTs the scenario's ROM on its machine. ``ending`` says how that went."""

    def __init__(self, scenario: Scenario) -> None:
        self.run = Run(assemble(scenario, load(scenario.rom.file)))
        self.ending = self.run.post()
        self.machine = self.run.built.machine
        self.caller = self.run.caller

    def int10(self, ax: int, **registers: int) -> CallResult:
        """One call of INT 10h."""
        return self.caller.make(Call(ax=ax, **registers))

    def read(self, address: int, length: int) -> bytes:
        """Guest memory, physical."""
        return self.machine.ram.read(address, length)

    def word(self, address: int, width: int = 2) -> int:
        """A little-endian number in guest memory."""
        return int.from_bytes(self.read(address, width), "little")

    def far(self, address: int) -> int:
        """Where the far pointer at ``address`` points."""
        return (self.word(address + 2) << 4) + self.word(address)

    def vbe_modes(self) -> list[int]:
        """4F00's list of modes up to its terminator FFFF; no terminator within 256 entries is an error."""
        at = self.far(BUFFER + 0x0E)
        modes = [self.word(at + 2 * number) for number in range(256)]
        return modes[: modes.index(0xFFFF)]

    def close(self) -> None:
        """Let the events go."""
        self.machine.recorder.close()
