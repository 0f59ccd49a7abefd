"""A hypervisor's kind is held against a ROM's needs: what it shows too much of the host, and what too little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from fwsim.analysis.leaks import guests_machine
from fwsim.analysis.needs import ASLS, Config, GttRange, Needs, Port
from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import Shown
from fwsim.hypervisor.mirror.model import HEADER_END, merged
from fwsim.machine.build import host_of
from fwsim.machine.built import Built
from fwsim.native import PORT_OPEN
from fwsim.registers.database import name_of, pci_function
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load
from fwsim.scenario.model import Scenario

CONFIG_SHOWN = 0x100
"""As far as "too much" looks in a function: what CF8 and CFC reach."""


class Difference(Struct, frozen=True):
    """One thing that the kind shows and the ROM does not use, or that the ROM needs and does not get.

    ``where``: ``00:00.0 R 0x50/2``, ``BAR0``, ``GTT``, ``VGA``, ``port in 408/4`` or ``OpRegion``; ``name`` the
    register's; ``detail`` what is seen in place of what.
    """

    where: str
    name: str
    detail: str


class Comparison(Struct):
    """``needs``: how many things the ROM needs; ``fit``: how many of them are as on the host.

    ``own``: those of which the guest has its own, as it should.
    """

    name: str
    rom: str
    kind: str
    needs: int = 0
    fit: int = 0
    own: list[Difference] = field(default_factory=list)
    too_little: list[Difference] = field(default_factory=list)
    too_much: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare(run: RunDir, found: Needs, kind: str) -> Comparison:
    """What ``kind`` (KIND or KIND:WORD) makes of the needs ``found`` of a run. Its machine is built, no code runs.

    Raises FwsimError for a kind that is not there, and where it refuses the device.
    """
    scenario = under(run.scenario(), kind)
    try:
        rom = load(scenario.rom.file)
    except FwsimError:
        rom = None
    guest, host = (guests_machine(each, rom).built for each in (scenario, host_of(scenario)))
    result = Comparison(found.name, found.rom, scenario.hypervisor.design.name)
    try:
        _Comparing(found, guest, host, result).all()
    finally:
        guest.machine.recorder.close()
        host.machine.recorder.close()
    policy = guest.machine.policy
    if guest.given.gtt is None and (policy.write or policy.python):
        result.notes.append("GTT writes go through a rule of its own, which may change them")
    if guest.given.refusal:
        result.notes.append(f"{scenario.hypervisor.design.mode or 'its mode'}: {guest.given.refusal}")
    return result


def under(scenario: Scenario, kind: str) -> Scenario:
    """``scenario`` under KIND or KIND:WORD. Raises FwsimError, saying --compare, for one that is not there."""
    name, _, word = kind.partition(":")
    try:
        chosen: dict[str, str] = {kinds.kind_class(name).chosen_by: word} if word else {}
        fields = {"kind": name, "profile": "", **chosen}
        made = replace(scenario, hypervisor=replace(scenario.hypervisor, **fields))
        made.hypervisor.design  # noqa: B018  # refuses what is not there
    except FwsimError as error:
        error.where = f"--compare {kind}: {error.where}"
        raise
    return made


class _Comparing:
    """Fills ``result`` from two machines: the guest's, and the host itself."""

    def __init__(self, needs: Needs, guest: Built, host: Built, result: Comparison) -> None:
        self.needs, self.guest, self.host, self.result = needs, guest, host, result
        self.family = guest.machine.scenario.host.family
        self.display = pci_function(guest.machine.scenario.guest.devfn << 12)

    def all(self) -> None:
        """Each kind of thing in turn, then what nobody asked for."""
        for each in self.needs.config:
            self._write(each) if each.access == "w" else self._read(each)
        for port in self.needs.ports:
            self._port(port)
        self._vga()
        self._ranges("BAR0", self.needs.bar0, self.guest.given.bar0, self.family.mmio_size)
        self._ranges("GTT", [each for each in self.needs.gtt if each.access == "w"], self.guest.given.gtt,
                     self.family.gtt_size)  # fmt: skip
        self._opregion()
        self._unused()

    def _judge(self, difference: Difference | None) -> None:
        self.result.needs += 1
        if difference is None:
            self.result.fit += 1
        else:
            self.result.too_little.append(difference)

    # --- configuration ---------------------------------------------------------------------------------------------
    def _read(self, need: Config) -> None:
        where = f"{need.bdf} {need.text}"
        guest, host = (_value(built, need.bdf, need.offset, need.width) for built in (self.guest, self.host))
        register = self._own_register(need)
        if register is not None and not self.guest.machine.design.on_host:
            self.result.needs += 1
            base = register[1]
            mask = (1 << 8 * need.width) - 1
            wanted = base >> 8 * (need.offset - register[0]) & mask if need.offset >= register[0] else base
            seen = f"{guest:#x}, the host's {host:#x}"
            if base and guest & ~1 == wanted & ~1:
                self.result.own.append(Difference(where, need.name, f"{seen}: the guest's own"))
            elif guest == host:
                why = "the host's own address, where the guest has none of it"
                self.result.too_little.append(Difference(where, need.name, f"{guest:#x}: {why}"))
            else:
                self.result.too_little.append(Difference(where, need.name, f"reads {seen}"))
            return
        if need.bdf == self.display and (0x10 <= need.offset < 0x28 or 0x30 <= need.offset < HEADER_END):
            self._judge(None)  # BARs, ROM BAR and interrupt line are any guest's own
            return
        self._judge(None if guest == host else Difference(where, need.name, f"reads {guest:#x}, the host's {host:#x}"))

    def _own_register(self, need: Config) -> tuple[int, int] | None:
        """BDSM or ASLS of the display, and what the guest's firmware placed: these a guest has of its own."""
        if need.bdf != self.display:
            return None
        rows = [(ASLS, 4, self.guest.placed.asls)]
        if self.family.bdsm_register is not None:
            rows.append((self.family.bdsm_register, self.family.bdsm_width, self.guest.placed.bdsm))
        return next(
            ((at, base) for at, width, base in rows if need.offset < at + width and at < need.offset + need.width), None
        )

    def _write(self, need: Config) -> None:
        taken = [_takes(built, need.bdf, need.offset, need.width) for built in (self.guest, self.host)]
        detail = "the write is dropped; the host's register takes it"
        self._judge(Difference(f"{need.bdf} {need.text}", need.name, detail) if taken[1] & ~taken[0] else None)

    # --- ports, registers, ranges ----------------------------------------------------------------------------------
    def _port(self, need: Port) -> None:
        guest, host = (int(built.machine.ports[need.port]) == PORT_OPEN for built in (self.guest, self.host))
        detail = "nothing answers; the host's chipset does"
        self._judge(Difference(f"port {need.text}", "", detail) if guest and not host else None)

    def _vga(self) -> None:
        missing = [each for each in self.needs.vga if self.guest.machine.ports[each.port] == PORT_OPEN
                   and self.host.machine.ports[each.port] != PORT_OPEN]  # fmt: skip
        if self.needs.vga:
            detail = f"{len(missing)} of the {len(self.needs.vga)} accesses that the ROM makes find nothing"
            self._judge(Difference("VGA", "ports 3b0-3df", detail) if missing else None)
        elif self.guest.given.vga:
            self.result.too_much.append(Difference("VGA", "ports and A0000-BFFFF", "pass; the ROM uses none"))

    def _ranges(self, what: str, needed: Sequence[GttRange], shown: Sequence[Shown] | None, size: int) -> None:
        """Bytes of BAR0 or of the GTT: what is needed against what is shown."""
        runs = list(merged((each.first, each.end, each.access) for each in needed))
        used = sum(end - first for first, end, _ in runs)
        unit, width = ("registers", 4) if what == "BAR0" else ("entries", self.family.pte_width)
        given = [Shown(0, size, True)] if shown is None else shown
        short = [run for run in runs if _uncovered(run, given)]
        self.result.needs += len(runs)
        self.result.fit += len(runs) - len(short)
        for first, end, access in short:
            known = name_of("mmio", first, self.needs.cpu) if what == "BAR0" else None
            detail = f"not shown as the ROM uses it ({access})"
            self.result.too_little.append(
                Difference(f"{what} {first:#x}-{end - 1:#x}", known.name if known else "", detail)
            )
        total = sum(each.end - each.first for each in given)
        if total > used:
            how = "take writes" if what == "GTT" else "pass"
            detail = f"{total // width:,} {unit} {how}; the ROM uses {used // width:,}"
            self.result.too_much.append(Difference(what, "", detail))

    def _opregion(self) -> None:
        used, offered = bool(self.needs.opregion_parts), self.guest.given.opregion
        if used:
            detail = "none is offered; the ROM uses parts of it"
            self._judge(None if offered or self.guest.machine.design.on_host else Difference("OpRegion", "", detail))
        elif offered:
            self.result.too_much.append(Difference("OpRegion", "", "offered; the ROM uses nothing of it"))

    # --- what nobody asked for -------------------------------------------------------------------------------------
    def _unused(self) -> None:
        """Dwords of the host that the guest reads, and the ROM does not: addresses among them are what leaks."""
        used = {(each.bdf, at) for each in self.needs.config for at in range(each.offset, each.offset + each.width)}
        if self.guest.machine.design.on_host:
            return
        for bdf, offset, value in self._passed():
            if any((bdf, at) in used for at in range(offset, offset + 4)):
                continue
            known = name_of("pci", _address(bdf) | offset, self.needs.cpu)
            self.result.too_much.append(Difference(
                f"{bdf} 0x{offset:02x}", known.name if known else "", f"{value:#x}, the host's, is not read by the ROM"
            ))  # fmt: skip

    def _passed(self) -> Iterator[tuple[str, int, int]]:
        """(function, offset, value) of each dword, not 0, that is the host's: of the display's those that reach the
        device, of the bridges those that were copied. Headers are left out but for what was copied."""
        pci = self.guest.machine.pci
        slot = pci.slot(self.guest.machine.scenario.guest.devfn)
        if slot not in pci.traps.owners:
            for offset in range(HEADER_END, CONFIG_SHOWN, 4):
                value = int(pci.value[slot][offset >> 2]) & ~int(pci.emulated[slot][offset >> 2])
                if value:
                    yield self.display, offset, value
        for bdf, copies in self.guest.given.copies.items():
            for offset in sorted({each.offset & ~3 for each in copies}):
                value = _value(self.host, pci_function(bdf << 12), offset, 4)
                if value:
                    yield pci_function(bdf << 12), offset, value


def _uncovered(run: tuple[int, int, str], given: Sequence[Shown]) -> bool:
    """Whether a byte of the run is not shown, or takes no write that it needs."""
    first, end, access = run
    for each in sorted(given, key=lambda row: row.first):
        if each.first <= first < each.end and (each.writes or "w" not in access):
            first = each.end
    return first < end


def _address(bdf: str) -> int:
    """The ECAM address of ``00:02.0``."""
    return int(bdf[3:5], 16) << 15 | int(bdf[6], 16) << 12


def _value(built: Built, bdf: str, offset: int, width: int) -> int:
    """What a read finds; all ones where no function answers."""
    pci, at = built.machine.pci, _address(bdf) >> 12
    return pci.seen_by_guest(pci.slot(at), offset, width) if pci.answers(at) else (1 << 8 * width) - 1


def _takes(built: Built, bdf: str, offset: int, width: int) -> int:
    """The bits that a write changes: the device's, or the hypervisor's where it answers."""
    pci, at = built.machine.pci, _address(bdf) >> 12
    if not pci.answers(at):
        return 0
    slot, dword = pci.slot(at), offset >> 2
    emulated = int(pci.emulated[slot][dword])
    bits = int(pci.writable[slot][dword]) & ~emulated | int(pci.answer_writable[slot][dword]) & emulated
    return bits >> 8 * (offset & 3) & (1 << 8 * width) - 1
