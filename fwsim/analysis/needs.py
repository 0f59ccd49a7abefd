"""A ROM's needs of the machine are what it touched in a run: configuration, ports, INT leaves, GTT and OpRegion."""

from __future__ import annotations

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.analysis.needs_opregion import OpRegionPart, opregion_parts
from fwsim.board.q35 import ext_tseg
from fwsim.devices.mch import EXT_TSEG
from fwsim.errors import FwsimError
from fwsim.hypervisor.mirror.model import Bdsm
from fwsim.registers.database import name_of, pci_function
from fwsim.results.folder import RunDir
from fwsim.scenario.arm import refuse_arm
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Actor, Flag, Op, Space

Events = NDArray[np.void]
BIOS_SEGMENT = 0xF000
"""Code there is the BIOS's own: its timer stub calls INT 1Ch while the ROM runs."""
VGA_PORTS = range(0x3B0, 0x3E0)
CONFIG_PORTS = range(0xCF8, 0xD00)
ASLS = 0xFC


class Config(Struct, frozen=True):
    """A configuration register as it was accessed. ``access`` is r or w; ``first`` the first value moved."""

    bdf: str
    offset: int
    width: int
    access: str
    name: str
    count: int
    first: int
    emulated: bool = False

    @property
    def text(self) -> str:
        """``R 0x5e/2``."""
        return f"{self.access.upper()} 0x{self.offset:02x}/{self.width}"


class Port(Struct, frozen=True):
    """A port beside VGA, CF8-CFF and the I/O BAR. ``access``: in or out."""

    port: int
    width: int
    access: str
    count: int
    answered: bool = True

    @property
    def text(self) -> str:
        """``in 61/1``."""
        return f"{self.access} {self.port:x}/{self.width}"


class Leaf(Struct, frozen=True):
    """An interrupt left to the system BIOS; ``known``: the firmware had an answer."""

    vector: int
    ax: int
    count: int
    known: bool = True

    @property
    def text(self) -> str:
        """``15 ax=5f34``."""
        return f"{self.vector:02x} ax={self.ax:04x}"


class GttRange(Struct, frozen=True):
    """Bytes ``first`` to ``end`` (exclusive) of the GTT, or of BAR0's registers, all of them accessed so."""

    first: int
    end: int
    access: str


class Needs(Struct):
    """Everything the ROM touched, in order of address. ``opregion`` says what of it; ``registers`` counts BAR0's.

    ``bdsm``: "identity" where it fills the GTT without having read its base, which it then has inside.
    """

    name: str
    cpu: str
    generation: int
    hypervisor: str
    rom: str
    sha256: str
    config: list[Config] = field(default_factory=list)
    ports: list[Port] = field(default_factory=list)
    interrupts: list[Leaf] = field(default_factory=list)
    gtt: list[GttRange] = field(default_factory=list)
    registers: int = 0
    bar0: list[GttRange] = field(default_factory=list)
    vga: list[Port] = field(default_factory=list)
    bdsm: Bdsm = "virtual"
    opregion: str = ""
    opregion_parts: list[OpRegionPart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def needs_of(run: RunDir) -> Needs:
    """What the ROM, or the UEFI drivers, of a run touched; a bare driver's file names no vendor.

    Raises FwsimError for a run without events, or without an Intel device.
    """
    scenario, events = run.scenario(), run.events()
    refuse_arm(scenario, "needs lists what a ROM touched", "a run of a ROM", str(run.path))
    host = scenario.host
    sha256, notes = "", list[str]()
    vendor: int | None = None
    if run.file("summary.json").exists():
        summary = run.summary()
        sha256, vendor = summary.rom.sha256, summary.rom.vendor
        if summary.stop.reason != "completed":
            notes.append(f"the ROM did not finish ({summary.stop.reason}): it may need more than this")
    else:
        notes.append("the run has no summary, as it was killed or still goes on: the ROM may need more than this")
    if host.vga not in ("auto", "igd") or (host.vga == "auto" and vendor not in (None, 0, 0x8086)):
        raise FwsimError(
            "no Intel graphics device in this run", where=str(run.path),
            found=f'host.vga = "{host.vga}"' if host.vga != "auto" else f"a ROM of vendor {vendor or 0:04x}",
            expected="a run of an Intel ROM", hint="fwsim run SCENARIO --rom FILE --out DIR",
        )  # fmt: skip
    wish = scenario.hypervisor
    result = Needs(
        name=scenario.name, cpu=host.cpu, generation=host.family.gen, rom=scenario.rom.file, sha256=sha256, notes=notes,
        hypervisor=wish.design.name,
    )  # fmt: skip
    _fill(result, events, scenario)
    mib = ext_tseg(wish.design.qemu_release) if scenario.guest.machine == "q35" else 0
    if mib and any(each.bdf == "00:00.0" and each.offset & ~3 == EXT_TSEG for each in result.config):
        notes.append(f"00:00.0 @50h is no GGC here but EXT_TSEG_MBYTES of QEMU's q35, {mib:#06x}")
    if _reads_asls(result, scenario):
        result.opregion = "its address was read (config 0xFC)"
        try:
            if sha256:
                run.rom()
            result.opregion_parts = opregion_parts(scenario)
            result.opregion += ", and these parts used" if result.opregion_parts else ", and nothing of it used"
        except FwsimError as error:
            notes.append(f"which parts of the OpRegion it uses is not known: {error.what} ({error.where})")
    return result


def _reads_asls(result: Needs, scenario: Scenario) -> bool:
    """Whether the ROM read where the OpRegion is."""
    bdf = pci_function(scenario.guest.devfn << 12)
    return any(
        each.bdf == bdf and each.access == "r" and each.offset < ASLS + 4 and each.offset + each.width > ASLS
        for each in result.config
    )


def _fill(result: Needs, events: Events, scenario: Scenario) -> None:
    made = events[(events["actor"] == int(Actor.ROM)) & (events["cs"] != BIOS_SEGMENT)]
    if not len(made):
        result.notes.append("the ROM made no access at all")
    result.config = _config(made[made["space"] == int(Space.PCI)], scenario.host.cpu)
    ports = made[made["space"] == int(Space.PORT)]
    result.ports = _ports(ports, _io_bars(events, scenario))
    result.vga = _ports(ports, [], vga=True)
    result.interrupts = _leaves(events)
    gtt, registers = made[made["space"] == int(Space.GTT)], made[made["space"] == int(Space.MMIO)]
    result.gtt, result.bar0 = _gtt(gtt), _gtt(registers)
    result.registers = len(np.unique(registers["address"]))
    if _has_its_base_inside(result, gtt, scenario):
        result.bdsm = "identity"
    result.opregion = "none: ASLS was not read"


def _has_its_base_inside(found: Needs, gtt: Events, scenario: Scenario) -> bool:
    """Whether the ROM maps stolen memory that no register told it of: a POST before this one left it the base."""
    at, width = scenario.host.family.bdsm_register, scenario.host.family.bdsm_width
    bdf = pci_function(scenario.guest.devfn << 12)
    valid = (gtt["op"] == int(Op.WRITE)) & (gtt["value"] & np.uint64(1) == 1)
    read = [each for each in found.config if each.bdf == bdf and each.access == "r"]
    return at is not None and bool(valid.any()) and not any(
        each.offset < at + width and at < each.offset + each.width for each in read
    )  # fmt: skip


def _config(made: Events, cpu: str) -> list[Config]:
    found = []
    kinds, first, counts = np.unique(made[["address", "op", "width"]], return_index=True, return_counts=True)
    for (address, op, width), at, count in zip(kinds.tolist(), first.tolist(), counts.tolist(), strict=True):
        known = name_of("pci", address, cpu)
        name = "" if known is None else known.name + (f"+{address - known.address}" if address != known.address else "")
        access, emulated = "r" if op == int(Op.READ) else "w", bool(int(made["flags"][at]) & int(Flag.EMULATED))
        place = (pci_function(address), address & 0xFFF, width, access)
        found.append(Config(*place, name, count, int(made["value"][at]), emulated))
    return found


def _io_bars(events: Events, scenario: Scenario) -> list[range]:
    """Where the I/O BAR was: what the firmware wrote there, size probes left out."""
    family = scenario.host.family
    bar = family.bar(family.io_bar) if family.io_bar is not None else None
    if bar is None:
        return []
    at = scenario.guest.devfn << 12 | bar.offset
    wrote = events[
        (events["space"] == int(Space.PCI)) & (events["op"] == int(Op.WRITE)) & (events["address"] == np.uint64(at))
    ]
    bases = {int(value) & 0xFFFC for value in wrote["value"] if int(value) < 0x10000}
    return [range(base, base + bar.size) for base in bases if base]


def _ports(made: Events, io_bars: list[range], *, vga: bool = False) -> list[Port]:
    found = []
    kinds, first, counts = np.unique(made[["address", "op", "width"]], return_index=True, return_counts=True)
    for (port, op, width), at, count in zip(kinds.tolist(), first.tolist(), counts.tolist(), strict=True):
        if (port in VGA_PORTS) is not vga or port in CONFIG_PORTS or any(port in bar for bar in io_bars):
            continue
        answered = not int(made["flags"][at]) & int(Flag.UNHANDLED)
        found.append(Port(port, width, "in" if op == int(Op.READ) else "out", count, answered))
    return sorted(found, key=lambda each: (each.access, each.port, each.width))


def _leaves(events: Events) -> list[Leaf]:
    """INTs that the ROM made and the firmware answered: each RETURN, with the CALL of the ROM's before it."""
    some = events[events["space"] == int(Space.INTERRUPT)]
    found: dict[tuple[int, int], Leaf] = {}
    call: tuple[int, int] | None = None
    for actor, op, cs, vector, value, flags in some[["actor", "op", "cs", "address", "value", "flags"]].tolist():
        if op == int(Op.CALL):
            mine = actor == int(Actor.ROM) and cs != BIOS_SEGMENT and not flags & int(Flag.FAULTED)
            call = (vector, value & 0xFFFF) if mine else None
        elif op == int(Op.RETURN) and call is not None:
            known = not flags & int(Flag.UNHANDLED)
            held = found.get(call)
            found[call] = Leaf(*call, held.count + 1 if held else 1, known)
            call = None
    return [found[key] for key in sorted(found)]


def _gtt(made: Events) -> list[GttRange]:
    """Runs of neighbouring dwords, by kind of access."""
    found = []
    for op, access in ((int(Op.READ), "r"), (int(Op.WRITE), "w")):
        places = np.unique(made[made["op"] == op]["address"].astype(np.int64))
        if not len(places):
            continue
        for part in np.split(places, np.flatnonzero(np.diff(places) > 4) + 1):
            found.append(GttRange(int(part[0]), int(part[-1]) + 4, access))
    return found
