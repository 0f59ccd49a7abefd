"""What came of a run: the summary, read off the machine and its events."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.igd import layout as g
from fwsim.devices.igd.storage import storage
from fwsim.environment.bios.session import Session
from fwsim.environment.ending import Ending
from fwsim.environment.slices import Slices
from fwsim.environment.wait.answers import LeafRelease
from fwsim.environment.wait.trials import Release
from fwsim.environment.wait.waiting import Wait
from fwsim.exactness import Known
from fwsim.firmware.seabios.optionrom import ROM_START
from fwsim.machine.built import Built
from fwsim.memory.ram import PAGE
from fwsim.native import R_CODE, R_TIME
from fwsim.results.summary import (
    Assist,
    E820Range,
    FirmwareSummary,
    Gtt,
    GttFirst,
    GttTargets,
    GttWrite,
    Hang,
    Interrupts,
    Iommu,
    Leaf,
    Place,
    RomImage,
    RomSummary,
    Stop,
    Summary,
    Unhandled,
)
from fwsim.rom.chain import Rom
from fwsim.running.config_space import config_space
from fwsim.scenario.model import Scenario
from fwsim.scenario.options import allocator_of
from fwsim.trace.event import Flag, Op, Space

_AREAS = (
    (0x100000, "memory above 1 MiB"),
    (0xC0000, "behind the ROM"),
    (0xA0000, "the VGA window"),
    (0x500, "conventional memory"),
    (0x400, "the BIOS data area"),
    (0, "the interrupt vector table"),
)
"""Where each area of the address space begins, from above."""
_CALLED = (0x10, 0x15, 0x1A)
"""Interrupts that an option ROM and its callers use: video, system services, clock and PCI."""
_REFUSED = (1 << 64) - 1
_SLICE = 1 << 20


class Ran(Protocol):
    """Who ran the code: its loop, and the interrupts that nobody answered."""

    slices: Slices

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """(vector, AX, how often)."""
        ...


def summarize(scenario: Scenario, rom: Rom, built: Built, session: Ran, ending: Ending) -> Summary:
    """The summary; calls, screens and checks left out."""
    machine = built.machine
    summary = Summary(scenario=scenario.name, rom=_rom(scenario, rom), firmware=_firmware(scenario, built))
    summary.exactness = _exactness(scenario)
    summary.gtt = _gtt(built)
    summary.stop, summary.hangs = _stop(built, session, ending)
    bios = session if isinstance(session, Session) else None
    left = _left(summary.stop, rom, bios) if bios and ending.reason in ("hung", "invalid", "budget") else ""
    if left:
        summary.stop.detail = "; ".join(filter(None, (summary.stop.detail, left)))
        for hang in summary.hangs:
            hang.detail = summary.stop.detail
    summary.iommu = _iommu(built)
    summary.interrupts = _interrupts(built)
    summary.assists = [
        Assist(what=release.text(_input(release.wait, built)), count=_times(release, count, bios))
        for release, count in session.slices.assist.given.values()
    ]
    summary.unhandled = _unhandled(built, session)
    if found := config_space(built):
        summary.config_space = found
    summary.events = machine.recorder.count
    summary.code_bytes, summary.virtual_ns = int(machine.root[R_CODE]), int(machine.root[R_TIME])
    return summary


def _rom(scenario: Scenario, rom: Rom) -> RomSummary:
    images = [
        RomImage(
            offset=image.offset, size=image.size, code_type=image.code_type or 0,
            vendor=image.pcir.vendor if image.pcir else 0, device=image.pcir.device if image.pcir else 0,
        )
        for image in rom.images
    ]  # fmt: skip
    return RomSummary(
        sha256=rom.sha256, size=len(rom.data), vendor=rom.vendor or 0, device=rom.device or 0, images=images,
        source=scenario.rom.source,
    )  # fmt: skip


def _firmware(scenario: Scenario, built: Built) -> FirmwareSummary:
    placed = built.placed
    return FirmwareSummary(
        kind=scenario.firmware.kind, bdsm=placed.bdsm, asls=placed.asls,
        e820=[E820Range(start=start, end=end, type=name) for start, end, name in placed.e820],
        bars={str(index): address for index, address in sorted(placed.bars.items())}, log=list(built.log),
    )  # fmt: skip


def _exactness(scenario: Scenario) -> dict[str, Known]:
    """How well the numbers are known: the firmware's and hypervisor's, and what the scenario says of the host.

    A value of [host] that is its family's usual one counts as assumed, whoever wrote it.
    """
    host, (row, options) = scenario.host, allocator_of(scenario.firmware)
    found = dict(row.exactness(scenario.firmware.version, options)) | {"hypervisor": scenario.hypervisor.design.known}
    usual = Known("assumed", f"{host.cpu}'s usual; lspci -xxxx of the host has the machine's own: fwsim host import")
    return found | {
        f"host.{name}": usual
        for name in ("device_id", "ggc", "bdsm", "asls")
        if getattr(host, name) == getattr(host.family, name)
    }


def _gtt(built: Built) -> Gtt:
    igd, first = built.machine.igd, built.machine.first_gtt
    if igd is None:
        return Gtt()
    block = igd.block
    gtt = Gtt(writes=int(block[g.G_WRITES]), rewritten=int(block[g.G_REWRITTEN]))
    numbers = np.flatnonzero(igd.touched.view(np.bool_))
    gtt.targets, gtt.outside = _targets(built, numbers)
    gtt.spare, _ = _targets(built, _spare(built, numbers))
    if first is not None:
        index, value, written, registers = first
        gtt.first = GttFirst(
            index=index, value=value, written=None if written == _REFUSED else written, registers=registers
        )
        last = int(block[g.G_LAST_WRITTEN])
        written_last = None if last == _REFUSED else last
        gtt.last = GttWrite(index=int(block[g.G_LAST_INDEX]), value=int(block[g.G_LAST_VALUE]), written=written_last)
    return gtt


def _spare(built: Built, numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of these entries, those that nothing needs: past the stolen memory, and without an access in the whole run."""
    igd, (start, end) = built.machine.igd, built.guest_stolen
    assert igd is not None
    if not end > start > 0 or not igd.used.any():
        return numbers[:0]
    spare: NDArray[np.intp] = numbers[(numbers >= (end - start) // PAGE) & (igd.used[numbers] == 0)]
    return spare


def _targets(built: Built, numbers: NDArray[np.intp]) -> tuple[GttTargets, list[int]]:
    """Where the valid ones of these entries point at, by the first range that has the page.

    And the first and last page of those that are not in the guest's stolen memory.
    """
    igd, machine = built.machine.igd, built.machine
    assert igd is not None
    written = igd.entries(numbers)
    chosen = written[written & np.uint64(1) != 0]
    pages = igd.targets(chosen)

    def inside(start: int, end: int) -> np.ndarray:
        return (pages >= np.uint64(start)) & (pages < np.uint64(max(end, start)))

    local = igd.local(chosen)  # stolen memory too, but no DMA
    ram = inside(0, 0xA0000) | inside(0xC0000, machine.low) | inside(1 << 32, (1 << 32) + machine.high)
    ram &= ~local
    guest = inside(*built.guest_stolen) if built.guest_stolen[1] > built.guest_stolen[0] > 0 else np.zeros_like(ram)
    guest |= local
    host = inside(*built.host_stolen) & ~guest
    outside = pages[~guest]
    ends = [int(outside.min()), int(outside.max())] if len(outside) else []
    return GttTargets(
        guest_stolen=int(guest.sum()), host_stolen=int(host.sum()), guest_ram=int((ram & ~guest & ~host).sum()),
        unmapped=int((~ram & ~guest & ~host).sum()), silent=int((ram & host).sum()),
    ), ends  # fmt: skip


def _stop(built: Built, session: Ran, ending: Ending) -> tuple[Stop, list[Hang]]:
    """The stop, and for a hang which input it waited for, since when, and the last answer."""
    stop = Stop(reason=ending.reason, cs=ending.cs, ip=ending.ip, detail=ending.detail)  # type: ignore[arg-type]  # the same words
    machine = built.machine
    if ending.reason == "aborted" and machine.first_gtt:
        registers = machine.first_gtt[3]
        stop.cs, stop.ip = registers["cs"], registers["eip"]
        stop.detail = f"{machine.design.abort_text()}\n{_register_dump(registers)}"
    if ending.reason != "hung":
        return stop, []
    if ending.detail:
        return stop, [Hang(cs=stop.cs, ip=stop.ip, detail=ending.detail)]
    release = session.slices.assist.release
    if release is None:
        return stop, [Hang(cs=stop.cs, ip=stop.ip)]
    wait = release.wait
    stop.cs, stop.ip = wait.cs, wait.ip
    stop.detail = release.text(_input(wait, built))
    text = wait.text
    if isinstance(release, LeafRelease):
        text += f" AX={release.question.ax:04X}"
    return stop, [Hang(cs=wait.cs, ip=wait.ip, input=text, last=wait.last, detail=stop.detail)]


def _times(release: Release, count: int, bios: Session | None) -> int:
    """How often the help was given: a leaf's answer stays, and the BIOS counts it."""
    return bios.bios.helped[release.question.ax][1] if bios and isinstance(release, LeafRelease) else count


def _left(stop: Stop, rom: Rom, session: Session) -> str:
    """That code ran elsewhere than in the option ROM or the BIOS, and which interrupts lead there; "" where not.

    In protected mode code may be anywhere: nothing is said.
    """
    ram, place = session.machine.ram, (stop.cs << 4) + stop.ip
    size = max(len(rom.data), ram.word(ROM_START + 2, 1) * 512)

    def at_home(address: int) -> bool:
        return ROM_START <= address < ROM_START + size or session.owns(address)

    if session.cpu.protected or at_home(place):
        return ""
    area = next((name for start, name in _AREAS if place >= start), "")
    vectors = {each: (ram.word(4 * each + 2, 2) << 4) + ram.word(4 * each, 2) for each in _CALLED}
    away = ", ".join(f"INT {each:02X}h to {target:#x}" for each, target in vectors.items() if not at_home(target))
    lost = f"; interrupt vectors lead out of it: {away}" if away else ""
    return f"the code left the ROM: it ran at {place:#x}, {area}{lost}"


def _input(wait: Wait, built: Built) -> str:
    """The input as a person names it, with the register's name where the database has one."""
    known = wait.space in ("mmio", "pci", "port")
    from fwsim.registers.database import name_of

    register = name_of(wait.space, wait.address, built.machine.scenario.host.cpu) if known else None
    return f"{wait.text} ({register.name})" if register else wait.text


def _register_dump(registers: dict[str, int]) -> str:
    """As QEMU's hw_error prints a CPU (target/i386 cpu_dump_state): the lines that matter in real mode."""
    names = (("eax", "ebx", "ecx", "edx"), ("esi", "edi", "ebp", "esp"))
    lines = ["CPU #0:"]
    lines += [" ".join(f"{name.upper()}={registers[name]:08x}" for name in row) for row in names]
    lines.append(f"EIP={registers['eip']:08x} EFL={registers['eflags']:08x}")
    lines.append(f"CS ={registers['cs']:04x} {registers['cs'] << 4:08x}")
    return "\n".join(lines)


def _iommu(built: Built) -> Iommu:
    vtd = built.guard.vtd
    return Iommu(
        faults=vtd.faults, recorded=vtd.recorded, overflowed=vtd.overflowed, by_reason=dict(vtd.by_reason),
        lines=list(vtd.lines),
    )  # fmt: skip


def _interrupts(built: Built) -> Interrupts:
    """What became of the IGD's interrupts; one that waits at the end is lost."""
    machine = built.machine.interrupts
    if machine is None:
        return Interrupts()
    counts, lost = machine.line.counts, dict(machine.lost)
    if stuck := machine.stuck:
        lost[stuck] = lost.get(stuck, 0) + 1
    return Interrupts(
        kind=machine.kind, fired=counts.fired + machine.sent, injected=counts.injected + machine.messages,
        unmasked=counts.unmasked, held=counts.held, lost=lost,
    )  # fmt: skip


def _unhandled(built: Built, session: Ran) -> Unhandled:
    """Ports nothing answers, IGD registers that no row of the database describes, and leaves nobody knows."""
    ports: Counter[int] = Counter()
    registers: Counter[int] = Counter()
    recorder = built.machine.recorder
    for first in range(0, recorder.count, _SLICE):
        part = recorder.read(first, min(first + _SLICE, recorder.count))
        open_bus = part[(part["space"] == int(Space.PORT)) & (part["flags"] & int(Flag.UNHANDLED) != 0)]
        ports.update(open_bus["address"].tolist())
        if built.machine.igd is not None:
            touched = part[(part["space"] == int(Space.MMIO)) & (part["op"] <= int(Op.WRITE))]
            registers.update(touched["address"].tolist())
    described = storage(built.machine.igd.family).described if registers and built.machine.igd else frozenset()
    unknown = {at: count for at, count in registers.items() if at not in described}
    return Unhandled(
        ports=[Place(address=at, count=count) for at, count in sorted(ports.items())],
        registers=[Place(address=at, count=count) for at, count in sorted(unknown.items())],
        interrupts=[Leaf(vector=vector, ax=ax, count=count) for vector, ax, count in session.unknown_leaves()],
    )
