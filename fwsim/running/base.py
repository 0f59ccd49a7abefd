"""What every run has: the machine that was assembled for it, and its steps, whoever runs the code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from msgspec import Struct

from fwsim.environment.ending import Ending
from fwsim.environment.processor import Runnable
from fwsim.machine.built import Built
from fwsim.machine.left import Left
from fwsim.results.summary import Summary
from fwsim.rom.chain import Rom, is_pe
from fwsim.running.option_rom import Offer
from fwsim.scenario.model import Scenario
from fwsim.scenario.options import allocator_of

Progress = Callable[[str, float | None], None]


def quiet(label: str, fraction: float | None) -> None:
    """The progress of a run that nobody watches."""


def wants_uefi(scenario: Scenario, rom: Rom) -> bool:
    """Whether the firmware is fwsim's own UEFI, and there is a driver for it."""
    row = allocator_of(scenario.firmware)[0]
    drivers = scenario.firmware.drivers or is_pe(rom.data) or any(image.efi for image in rom.images)
    return row.uefi and not row.image and bool(drivers)


class Assembled(Struct, frozen=True):
    """A scenario's machine with its ROM offered to the firmware; no code has run.

    ``before`` is the IGD as those who had it earlier left it; ``igd`` its device id, None where the display device is
    another. ``vbt``: what UEFI's policy protocol gives a driver.
    """

    scenario: Scenario
    rom: Rom
    offered: Offer
    built: Built
    before: Left | None = None
    igd: int | None = None
    vbt: bytes = b""


class AnyRun(ABC):
    """A run, step by step. ``ending`` is how the drivers' start or the ROM's init ended, None before it."""

    built: Runnable
    ending: Ending | None

    @abstractmethod
    def post(self) -> Ending:
        """The firmware's way with the ROM."""

    @abstractmethod
    def calls(self, tell: Progress = quiet, *, past_end: bool = True) -> None:
        """What a boot loader does then: modes are set, and drawn on."""

    @abstractmethod
    def boot(self) -> None:
        """Start the payload's boot sector, where there is one and everything before it returned."""

    @abstractmethod
    def pictures(self) -> None:
        """Take the last picture, and let the host's kernel tell of the last DMA faults."""

    @abstractmethod
    def summary(self) -> Summary:
        """What came of it all, with its checks, but for the wall clock."""

    @abstractmethod
    def shadow(self) -> bytes:
        """What lies at C0000 now; empty where nothing was copied there."""

    @property
    def stopped(self) -> Ending | None:
        """How the code that ran last ended; None before any ran."""
        return self.ending

    def close(self) -> None:
        """Let go of the events, or of the file they are in."""
        self.built.machine.recorder.close()


class PcRun(AnyRun):
    """A run on a PC, whose display device is looked at."""

    built: Built
