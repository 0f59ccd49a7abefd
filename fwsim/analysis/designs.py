"""What each passthrough design shows a guest is asked of its machine: registers, mirrors, regions, DMA, interrupts.

A machine is built for each design on the same host, no code of a guest runs, and every register is read and written
as a guest would. Who answers is seen by what the device itself holds before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct

from fwsim.board.host import host_board
from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import ASLS, HOST_BRIDGE, IGD, LPC_BRIDGE, Choice
from fwsim.machine import callbacks
from fwsim.machine.build import build
from fwsim.machine.built import Built
from fwsim.native import address_of
from fwsim.rom.chain import Rom
from fwsim.scenario.model import Firmware, Guest, Host, Hypervisor, Scenario

_CAPABILITIES, _MOST_CAPABILITIES = 0x34, 48
_CAPABILITY = {0x01: "PM", 0x05: "MSI", 0x09: "vendor", 0x10: "PCIe", 0x11: "MSI-X", 0x13: "AF"}
_EXTENDED = {0x0F: "ATS", 0x10: "SR-IOV", 0x13: "PRI", 0x1B: "PASID"}
"""Names of capabilities (PCI Code and ID Assignment Specification)."""
NO_ROM = Rom(Path(), b"", "", (), ())
_ONES = "all ones"
Table = dict[str, dict[str, str]]
"""Row to column to what is seen there."""


class Design(Struct, frozen=True):
    """A column: one kind at one profile, with the firmware that its guests have."""

    kind: str
    profile: str
    firmware: str

    @property
    def title(self) -> str:
        """As the head of a column."""
        return f"{self.kind} {self.profile}".rstrip()


def designs() -> Iterator[Design]:
    """Every kind of ours at every profile that differs, as ``kinds`` lists them; what a list decides is left out."""
    for kind in kinds.ROWS:
        made = kinds.kind_class(kind)
        if made.chosen_by != "profile":
            continue
        for profile in made.profiles or ("",):
            own, _ = made(Choice(kind, profile)).placed_by
            yield Design(kind, profile, own or made.firmware)


class Spot(Struct, frozen=True):
    """A register that is looked at: its name, function, offset and bytes."""

    name: str
    bdf: int
    offset: int
    width: int


CONFIG = (
    Spot("vendor, device", IGD, 0x00, 4), Spot("command", IGD, 0x04, 2), Spot("status", IGD, 0x06, 2),
    Spot("class, revision", IGD, 0x08, 4), Spot("BAR0", IGD, 0x10, 4), Spot("BAR2", IGD, 0x18, 4),
    Spot("BAR4 (I/O)", IGD, 0x20, 4), Spot("subsystem", IGD, 0x2C, 4), Spot("ROM BAR", IGD, 0x30, 4),
    Spot("capabilities", IGD, 0x34, 1), Spot("interrupt line", IGD, 0x3C, 1), Spot("interrupt pin", IGD, 0x3D, 1),
    Spot("GGC", IGD, 0x50, 2), Spot("DEVEN", IGD, 0x54, 4), Spot("BDSM @5Ch", IGD, 0x5C, 4), Spot("MSAC", IGD, 0x62, 1),
    Spot("BDSM @C0h", IGD, 0xC0, 8), Spot("ASLE", IGD, 0xE4, 4), Spot("SWSCI", IGD, 0xE8, 2),
    Spot("BGSM @F0h", IGD, 0xF0, 8), Spot("ASLS", IGD, 0xFC, 4),
)  # fmt: skip
BRIDGES = (
    Spot("00:00.0 vendor, device", HOST_BRIDGE, 0x00, 4), Spot("00:00.0 revision", HOST_BRIDGE, 0x08, 1),
    Spot("00:00.0 subsystem", HOST_BRIDGE, 0x2C, 4), Spot("00:00.0 GGC @50h", HOST_BRIDGE, 0x50, 2),
    Spot("00:00.0 @52h", HOST_BRIDGE, 0x52, 2), Spot("00:00.0 BDSM @B0h", HOST_BRIDGE, 0xB0, 4),
    Spot("00:00.0 BGSM @B4h", HOST_BRIDGE, 0xB4, 4), Spot("00:1f.0 vendor, device", LPC_BRIDGE, 0x00, 4),
    Spot("00:1f.0 revision", LPC_BRIDGE, 0x08, 1), Spot("00:1f.0 subsystem", LPC_BRIDGE, 0x2C, 4),
)  # fmt: skip
MIRRORS = (
    ("GGC @108040", 0x108040, 2), ("BDSM @1080C0", 0x1080C0, 4), ("GSMBASE @108100", 0x108100, 4),
)  # fmt: skip


def scenario_of(design: Design, cpu: str) -> Scenario:
    """The host that is looked at, in a guest of ``design``: ids of its own everywhere, a PC of 2 GiB."""
    host = Host(cpu=cpu, vga="igd", subsystem=0x21DA17AA, bridge_subsystem=0x220317AA)
    return Scenario(
        host=host, hypervisor=Hypervisor(kind=design.kind, profile=design.profile), guest=Guest(),
        firmware=Firmware(kind=design.firmware),
    )  # fmt: skip


class View:
    """One design's machine, looked at."""

    def __init__(self, design: Design, cpu: str) -> None:
        self.scenario = scenario_of(design, cpu)
        self.built: Built = build(self.scenario, NO_ROM, b"", None)
        self._machine = self.built.machine
        self._host = host_board(self.scenario.host, None)
        self._untouched = self._machine.snapshot()

    def close(self) -> None:
        """Let the events go."""
        self._machine.recorder.close()

    def config(self, spot: Spot) -> str:
        """Who answers a register of the IGD, and where a write goes."""
        pci, root = self._machine.pci, self._machine.root
        slot, ones = pci.slot(spot.bdf), (1 << 8 * spot.width) - 1
        halves = [(spot.offset + at, min(4, spot.width)) for at in range(0, spot.width, 4)]

        def seen() -> int:
            return sum(pci.read(root, spot.bdf, at, width) << 8 * (at - spot.offset) for at, width in halves)

        def own() -> int:
            return sum(pci.get(slot, at, width) << 8 * (at - spot.offset) for at, width in halves)

        was, held = seen(), own()
        for at, width in halves:
            part = was >> 8 * (at - spot.offset) & (1 << 8 * width) - 1
            pci.write(root, spot.bdf, at, width, part ^ (1 << 8 * width) - 1)
        now, held_now = seen(), own()
        self._machine.restore(self._untouched)
        return _words(was, held, now != was, held_now != held, ones)

    def after(self, offset: int, width: int) -> str:
        """What a register of the IGD reads once the firmware has been there."""
        return _number(self._machine.pci.read(self._machine.root, IGD, offset, width), width)

    def bridge(self, spot: Spot) -> str:
        """What a bridge shows, beside the host's."""
        if not self._machine.pci.answers(spot.bdf):
            return "no function"
        seen = self._machine.pci.read(self._machine.root, spot.bdf, spot.offset, spot.width)
        function = self._host.at(spot.bdf)
        real = sum(function.byte(spot.offset + i) << 8 * i for i in range(spot.width)) if function else None
        if real and seen == real:
            return "host's"
        return _ids(seen) if spot.width == 4 and spot.offset in (0, 0x2C) else _number(seen, spot.width)

    def capabilities(self) -> str:
        """The capabilities that the guest finds, in the order of the list."""
        read = partial(self._machine.pci.read, self._machine.root, IGD)
        found: list[str] = []
        at = read(_CAPABILITIES, 1)
        while at and len(found) < _MOST_CAPABILITIES and (number := read(at, 1)) != 0xFF:
            found.append(f"{_CAPABILITY.get(number, f'{number:#04x}')} @{at:x}h")
            at = read(at + 1, 1)
        return ", ".join(found) or "none"

    def extended(self) -> str:
        """The extended capabilities that the guest finds."""
        read = partial(self._machine.pci.read, self._machine.root, IGD)
        found: list[str] = []
        at = 0x100
        while at and len(found) < _MOST_CAPABILITIES and (head := read(at, 4)) not in (0, 0xFFFFFFFF):
            number = head & 0xFFFF
            found.append(f"{_EXTENDED.get(number, f'{number:#06x}')} @{at:x}h")
            at = head >> 20
        return ", ".join(found) or "none"

    def mirror(self, offset: int, width: int) -> str:
        """What a register of BAR0 mirrors: the device's, or the guest's."""
        machine = self._machine
        igd = machine.igd
        assert igd is not None
        seen = int(callbacks.bar0_read(0, offset, width, address_of(machine.root)))
        if any(each.offset <= offset < each.offset + each.width for each in self.built.given.overlays):
            return f"the guest's ({_number(seen, width)})"
        return "host's" if seen else "0"


def _words(was: int, held: int, seen_changes: bool, held_changes: bool, ones: int) -> str:
    if held_changes:
        return "device" if was == held else f"device, reads {_short(was, ones)}"
    if seen_changes:
        return "own storage" if was != held or not held else "own storage, the host's at first"
    return "host's, read-only" if was == held else f"{_short(was, ones)}, fixed"


def _short(value: int, ones: int) -> str:
    return "0" if not value else _ONES if value == ones else f"{value:#x}"


def _number(value: int, width: int) -> str:
    return "0" if not value else _ONES if value == (1 << 8 * width) - 1 else f"{value:#x}"


def _ids(value: int) -> str:
    return f"{value & 0xFFFF:04x}:{value >> 16:04x}"


def tables(cpu: str, tell: Callable[[str], None] = lambda what: None) -> dict[str, Table]:
    """The tables of a host of ``cpu``: config, bridges, mirrors, more; columns by a design's title."""
    found: dict[str, Table] = {"config": {}, "bridges": {}, "mirrors": {}, "more": {}}
    for design in designs():
        tell(design.title)
        try:
            view = View(design, cpu)
        except FwsimError as error:
            found["more"].setdefault("refused", {})[design.title] = error.found or error.what
            continue
        for name, row, words in _cells(view):
            found[name].setdefault(row, {})[design.title] = words
        view.close()
    return found


def _cells(view: View) -> Iterator[tuple[str, str, str]]:
    for spot in CONFIG:
        yield "config", spot.name, view.config(spot)
    for spot in BRIDGES:
        yield "bridges", spot.name, view.bridge(spot)
    for name, offset, width in MIRRORS:
        yield "mirrors", name, view.mirror(offset, width)
    given, design = view.built.given, view.scenario.hypervisor.design
    yield "more", "VGA ports, A0000-BFFFF", "device" if given.vga else "nothing answers"
    yield "more", "files for the firmware", ", ".join(sorted(given.files)) or "none"
    yield "more", "BDSM after the firmware", view.after(0xC0 if view.scenario.host.family.gen >= 11 else 0x5C, 4)
    yield "more", "ASLS after the firmware", view.after(ASLS, 4)
    yield "more", "capabilities", view.capabilities()
    yield "more", "extended capabilities", view.extended()
    line = design.line(lambda level: None, lambda level: None)
    line.drive(True)
    yield "more", "interrupt pin", "masked once it fires, until the guest's EOI" if line.masked else "its own level"
    yield "more", "DMA", "translated" if design.dma.translated else "direct"
    yield "more", "faults in the words of", design.dma.style
