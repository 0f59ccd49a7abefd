"""A run under UEFI: drivers are loaded and connected, each mode of the GOP is set, drawn on and looked at."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace as with_fields
from numpy.typing import NDArray

from fwsim.environment.ending import Ending
from fwsim.environment.uefi import firmware, gop, pe
from fwsim.environment.uefi.drivers import Driver, connect, enter, load
from fwsim.environment.uefi.uefi import EndedError, Uefi
from fwsim.machine.build import lights
from fwsim.results.folder import RunDir
from fwsim.results.png import png_bytes
from fwsim.results.summary import (
    CallResult,
    EfiDriverResult,
    EfiSummary,
    GopMode,
    GopResult,
    Screen,
    Service,
    Stop,
    Summary,
)
from fwsim.rom.chain import Rom
from fwsim.rom.drivers import EfiDriver, driver_file, drivers_of
from fwsim.rom.efi_about import ASSIGNS
from fwsim.rules.run import check
from fwsim.running.base import Assembled, PcRun, Progress, quiet
from fwsim.running.efi_reads import last_reads, register_accesses
from fwsim.running.framebuffer import store
from fwsim.running.outcome import summarize
from fwsim.running.payload import ModeLayout, encoded_card
from fwsim.running.pictures import of_one_colour, panel_picture, take
from fwsim.scenario.model import Scenario
from fwsim.scenario.options import allocator_of
from fwsim.trace.efi import status_name

_BITS = 32
"""Of a pixel in every format that a GOP names."""
_LPC_BRIDGE = 0x1F << 3
_RGB, _BGR = ((8, 0), (8, 8), (8, 16)), ((8, 16), (8, 8), (8, 0))


class _Screens(Struct):
    """What the pictures show, and their pixels."""

    screens: list[Screen] = field(default_factory=list)
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)
    calls: list[CallResult] = field(default_factory=list)


def _counted(drivers: int) -> str:
    return "its driver" if drivers == 1 else f"{drivers} drivers"


def _lpc_id(uefi: Uefi) -> int:
    """The device id of 00:1f.0 as the guest reads it; FFFF where nothing is there."""
    pci = uefi.machine.pci
    return pci.seen_by_guest(pci.slot(_LPC_BRIDGE), 2, 2) if pci.answers(_LPC_BRIDGE) else 0xFFFF


def place_by_chain(scenario: Scenario, rom: Rom) -> Scenario:
    """``scenario``, the firmware's own IGD driver left out where one of the chain does its work."""
    named = [each for path in scenario.firmware.drivers for each in driver_file(path)]
    steps_back = "driver" in allocator_of(scenario.firmware)[0].options.__struct_fields__
    if not steps_back or not any(ASSIGNS in each.raw for each in (*named, *drivers_of(rom))):
        return scenario
    firmware = with_fields(scenario.firmware, options=scenario.firmware.options | {"driver": "none"})
    return with_fields(scenario, firmware=firmware)


class UefiRun(PcRun):
    """A run of ``made``, step by step, under UEFI."""

    def __init__(self, made: Assembled, out: RunDir | None = None) -> None:
        self.made = made
        self.scenario, self.rom, self.built = made.scenario, made.rom, made.built
        self.uefi = Uefi(made.built)
        self.ending: Ending | None = None
        self.drivers: list[Driver] = []
        self.efi = EfiSummary()
        self._out = out
        self._shown = _Screens()

    @cached_property
    def images(self) -> list[EfiDriver]:
        """Every driver of the run, in the order in which they are loaded."""
        named = [each for path in self.scenario.firmware.drivers for each in driver_file(path)]
        return named + drivers_of(self.rom)

    # --- the steps -------------------------------------------------------------------------------------------------
    def post(self) -> Ending:
        """Load and enter every driver, then connect them to the functions on the bus, the display last."""
        uefi, built = self.uefi, self.built
        if built.given.aborted:
            words = "; ".join(filter(None, (built.given.error, built.given.aborted)))
            return self._end(Ending("aborted", 0, 0, words))
        if built.placed.boot != "ok":
            return self._end(Ending("error", 0, 0, f"the firmware stopped: {built.placed.boot}"))
        images = [(image, pe.load(image.raw, image.name)) for image in self.images]
        try:
            system = firmware.system_table(uefi)
            handles = firmware.install_buses(uefi)
            firmware.install_policy(uefi, self.made.vbt)
            for image, loaded in images:
                driver = load(uefi, loaded, image.name, system)
                self.drivers.append(driver)
                enter(uefi, driver, loaded, system)
            firmware.follow_placement(uefi)
            for controller in firmware.controllers(uefi, handles):
                connect(uefi, self.drivers, controller)
        except EndedError as error:
            return self._end(error.ending)
        return self._end(Ending("completed"))

    def _end(self, ending: Ending) -> Ending:
        self.ending = ending
        return ending

    def calls(self, tell: Progress = quiet, *, past_end: bool = True) -> None:
        """Set every mode of the first GOP, draw on it, and take its picture."""
        if self.ending is None or self.ending.reason != "completed":
            return
        try:
            for each in gop.found(self.uefi)[:1]:
                self._modes(each, tell)
        except EndedError as error:
            self._end(error.ending)

    def _modes(self, each: gop.Gop, tell: Progress) -> None:
        result = GopResult()
        self.efi.gop = result
        for number in range(each.count):
            status, mode = each.query(number)
            if mode is None:
                result.modes.append(GopMode(number=number, set=status_name(status)))
                continue
            tell("running", (1 + number) / (1 + each.count))
            status = each.set(number)
            result.modes.append(
                GopMode(number=number, width=mode.width, height=mode.height, line=mode.line, format=mode.format,
                        set=status_name(status))
            )  # fmt: skip
            result.mode, result.base, result.size = each.mode, each.base, each.size
            if not status:
                self._look(each)

    def _look(self, each: gop.Gop) -> None:
        """Draw the test card in the mode that is set, and take the picture."""
        mode, scenario = each.current, self.scenario
        drawn = scenario.payload.draw == "test-card" and each.base != 0
        if drawn:
            fields = _RGB if mode.format == gop.FORMATS[0] else _BGR
            layout = ModeLayout(mode.width, mode.height, 4 * mode.line, _BITS, each.base, fields)
            store(self.built, each.base, encoded_card(layout, b""))
        screen, rgb = take(self.built, each.mode, scenario.payload.frames)
        if rgb is None:
            return
        screen.lights, screen.drawn, screen.wanted = lights(self.built), drawn, (mode.width, mode.height)
        screen.flat = of_one_colour(rgb)
        screen.file = f"screen-{len(self._shown.screens) + 1:02d}.png"
        self._shown.screens.append(screen)
        self._shown.pictures.append(rgb)
        fitted = panel_picture(self.built, screen, rgb, wanted=self._out is not None)
        if self._out is not None:
            self._out.write(screen.file, png_bytes(rgb))
            if fitted is not None and screen.panel:
                self._out.write(screen.panel.file, png_bytes(fitted))

    def boot(self) -> None:
        """A boot sector is a BIOS's to start."""

    def pictures(self) -> None:
        """Let the host's kernel tell of the last DMA faults."""
        self.built.guard.vtd.finish()

    def summary(self) -> Summary:
        """What came of it all."""
        uefi, shown = self.uefi, self._shown
        summary = summarize(self.scenario, self.rom, self.built, uefi, self.ending or Ending("completed"))
        summary.display, summary.calls = shown.screens, shown.calls
        summary.stop.detail = "; ".join(filter(None, (summary.stop.detail, self._place(summary.stop))))
        summary.rom.how = f"{summary.firmware.kind} loads {_counted(len(self.images))}"
        self.efi.vbt, self.efi.lpc_id = len(self.made.vbt), _lpc_id(uefi)
        self.efi.drivers = [self._told(each) for each in self.drivers]
        self.efi.breaches = uefi.breaches
        summary.efi = self.efi
        summary.unhandled.services = [Service(name=name, count=count) for name, count in uefi.unhandled.items()]
        summary.checks = check(self.scenario, summary, self.built.placed.behind_bar)
        return summary

    def _place(self, stop: Stop) -> str:
        """Where in a driver the run stopped short of its end; "" where it did not, or elsewhere."""
        below = [each for each in self.drivers if each.base <= stop.ip]
        if stop.reason == "completed" or not below:
            return ""
        last = max(below, key=lambda each: each.base)
        return f"in {last.name} at +{stop.ip - last.base:#x}"

    def _told(self, driver: Driver) -> EfiDriverResult:
        """What became of one driver."""
        told = EfiDriverResult(
            name=driver.name, base=driver.base, entry=driver.entry, supported=driver.supported, start=driver.start,
            version=driver.version,
        )  # fmt: skip
        if driver.began:
            recorder = self.built.machine.recorder
            told.start = driver.start or "did not return"
            events = recorder.read(driver.began, driver.ended or recorder.count)
            told.registers = register_accesses(events)
            if told.start != "SUCCESS" or self.efi.gop is None:
                told.last_reads = last_reads(events, self.scenario.host.cpu)
        return told

    def shadow(self) -> bytes:
        """Nothing is copied to C0000."""
        return b""
