"""A run's leaks are the addresses of the host that its guest can read, those it did read, and where they went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from fwsim.analysis.leaks_image import Baked, baked_in, left_behind
from fwsim.analysis.leaks_rows import PAGE, Leak, Leaks, Verdict
from fwsim.analysis.leaks_sweep import unlisted
from fwsim.analysis.leaks_trace import flows, reads_of
from fwsim.board.display import display_adapter
from fwsim.errors import FwsimError
from fwsim.machine.build import host_opregion
from fwsim.machine.built import Built
from fwsim.machine.probe import Probe
from fwsim.registers.host_addresses import HostAddress, Reader, rows_for
from fwsim.results.folder import SHADOW, RunDir
from fwsim.rom.chain import Rom, load
from fwsim.running.base import Assembled
from fwsim.running.option_rom import Offer
from fwsim.running.pipeline import assemble
from fwsim.scenario.arm import refuse_arm
from fwsim.scenario.load import load as load_scenario
from fwsim.scenario.model import Scenario

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fwsim.devices.igd.device import Igd

BRIDGE, RVDA = 0x00, 0x3BA


def leaks_of(target: Path, *, followed: bool = True) -> Leaks:
    """The leaks of a run's folder, or of a scenario file, whose ROM is not run (and need not be named).

    ``followed``: where a value went is followed back to its source, which makes the run again.
    Raises FwsimError for what is neither, and where no Intel graphics device is in the machine.
    """
    if target.is_file():
        scenario = load_scenario(target)
        _refuse_arm(scenario, target)
        return _find(scenario, load(scenario.rom.file) if scenario.rom.file else None, [])
    run = RunDir.open(target)
    scenario, notes = run.scenario(), list[str]()
    _refuse_arm(scenario, target)
    events = run.events() if run.events_path.exists() else None
    if not run.file("summary.json").exists():
        notes.append("the run was killed or still goes on: it has no summary, its events are taken as far as they go")
    shadow = run.read(SHADOW) if run.file(SHADOW).exists() else None
    rom = _rom_of(run, scenario, notes)
    found = _find(scenario, rom, notes, events, shadow)
    if followed and rom is not None and events is not None:
        from fwsim.analysis.leaks_follow import follow

        follow(run, found)
    return found


def _refuse_arm(scenario: Scenario, target: Path) -> None:
    refuse_arm(
        scenario, "leaks reads what the host's graphics device has", "a guest that is given an IGD", str(target),
        "vPCI's BARs read the host's addresses until they are written: fwsim trace show RUN -v 0",
    )  # fmt: skip


def _rom_of(run: RunDir, scenario: Scenario, notes: list[str]) -> Rom | None:
    """The run's ROM; None, and a note, where it is gone or changed: the registers can be read all the same."""
    try:
        if run.file("summary.json").exists():
            run.rom()
        return load(scenario.rom.file)
    except FwsimError as error:
        notes.append(f"the image the guest was given is not looked at: {error.what} ({error.where})")
        return None


def _find(
    scenario: Scenario, rom: Rom | None, notes: list[str], events: NDArray[np.void] | None = None,
    shadow: bytes | None = None,
) -> Leaks:  # fmt: skip
    """Build the guest's machine and look everywhere."""
    made = guests_machine(scenario, rom)
    built = made.built
    try:
        result = _header(scenario, built, notes)
        probe = Probe(built)
        for row in rows_for(scenario.host.cpu):
            if row.holds not in ("opregion", "sizes") and not scenario.host.stolen_base:
                continue
            found = list(_row(row, scenario, probe, result))
            if not found:
                result.unset.append(f"{row.name} {_where(row, scenario.guest.devfn)}")
            result.leaks += found
        result.leaks += [_judged(leak, PAGE, "hides", result) for leak in unlisted(probe, result.host_stolen)]
        result.leaks += _opregion(scenario, rom, built)
        result.leaks += _gtt(made.before.igd if made.before else None, built)
        result.leaks += _images(scenario, rom, made.offered, shadow, result)
    finally:
        built.machine.recorder.close()
    if events is not None:
        result.leaks = [_traced(leak, events, result, built) for leak in result.leaks]
    return result


def guests_machine(scenario: Scenario, rom: Rom | None) -> Assembled:
    """The guest's machine as a run begins with it, whichever device the ROM is for; without a ROM, none is offered."""
    from msgspec.structs import replace as with_fields

    if scenario.host.vga not in ("auto", "igd") or (rom is not None and display_adapter(scenario, rom) is not None):
        kind = "the ROM's device" if scenario.host.vga == "auto" else f'host.vga = "{scenario.host.vga}"'
        raise FwsimError(
            "no Intel graphics device in this machine", where=scenario.name, found=kind,
            expected="an IGD: only it has stolen memory", hint='host.vga = "igd", or name a run of an Intel ROM',
        )  # fmt: skip
    choice = with_fields(scenario.rom, any_device=True, source="file" if rom is None else scenario.rom.source)
    host = with_fields(scenario.host, vga="igd")
    return assemble(with_fields(scenario, host=host, rom=choice), rom or Rom(Path(), b"", "", (), ()))


def _header(scenario: Scenario, built: Built, notes: list[str]) -> Leaks:
    wish, placed = scenario.hypervisor, built.guest_stolen
    if not scenario.host.stolen_base:
        notes.append("the host has no stolen memory (host.bdsm is 0): no register holds its base")
    return Leaks(
        name=scenario.name, cpu=scenario.host.cpu, generation=scenario.host.family.gen,
        hypervisor=wish.design.name, on_host=wish.design.on_host,
        host_stolen=built.host_stolen, guest_stolen=placed if placed[0] else (0, 0), host_opregion=scenario.host.asls,
        guest_opregion=built.placed.asls, notes=notes,
    )  # fmt: skip


def _where(row: HostAddress, devfn: int) -> str:
    if row.space == "mmio":
        return f"BAR0 {row.offset:#x}"
    at = BRIDGE if row.space == "bridge" else devfn
    return f"config 00:{at >> 3:02x}.{at & 7} @0x{row.offset:02X}"


def _row(row: HostAddress, scenario: Scenario, probe: Probe, result: Leaks) -> Iterator[Leak]:
    """One register by each of its paths; nothing where the host's holds no address."""
    devfn = scenario.guest.devfn
    base = Leak(
        _where(row, devfn), "config", row.name, row.holds, 0, 0, "passes", readers=row.read_by(scenario.host.cpu),
        source=row.source, function=BRIDGE if row.space == "bridge" else devfn, offset=row.offset, width=row.width,
    )  # fmt: skip
    if row.space != "mmio":
        host = _bridge(row, scenario) if row.space == "bridge" else _config(probe.built, devfn, row)
        if host & row.mask:
            guest = probe.config(base.function, row.offset, row.width)
            yield _judged(replace(base, host=host, guest=guest), row.mask, "hides", result)
        return
    host = probe.device(row.offset, row.width)
    if not host & row.mask:
        return
    paths = [("BAR0", probe.bar0)] + ([("I/O BAR", probe.iobar)] if probe.io_base else [])
    found = [
        _judged(replace(base, path=path, where=f"{path} {row.offset:#x}", host=host, guest=read(row.offset, row.width)),
                row.mask, "traps", result)
        for path, read in paths
    ]  # fmt: skip
    if len(found) == 2 and found[0].guest == found[1].guest:
        found = [replace(found[0], also=found[1].path)]
    elif len(found) == 2:  # no driver but a video BIOS goes that way
        found[1] = replace(found[1], readers=tuple(each for each in base.readers if each.who.startswith("vBIOS")))
    yield from found


def _config(built: Built, devfn: int, row: HostAddress) -> int:
    """The device's own register, whatever is emulated over it."""
    pci = built.machine.pci
    slot = pci.slot(devfn)
    return sum(pci.get(slot, row.offset + at, min(4, row.width)) << 8 * at for at in range(0, row.width, 4))


def _bridge(row: HostAddress, scenario: Scenario) -> int:
    """The host bridge's register on the host: the guest has a bridge of its own."""
    host = scenario.host
    size, gsm = host.family.gms.decode(host.ggc), host.family.ggms.decode(host.ggc) if host.family.ggms else 0
    at = {"stolen": host.stolen_base, "gsm": host.stolen_base - gsm, "end": host.stolen_base + size}
    return at[row.holds] & row.mask | 1


def _judged(leak: Leak, mask: int, way: Verdict, result: Leaks) -> Leak:
    """``leak`` with its verdict; ``way`` is how a hypervisor keeps such a register from the guest."""
    if result.on_host:
        return replace(leak, verdict="own")
    if leak.guest & mask != leak.host & mask:
        note = "the guest's own" if leak.guest & mask else "reads 0"
        return replace(leak, verdict=way, note=note)
    if leak.holds == "sizes":
        return replace(leak, verdict="size", note="no address: sizes")
    mine = result.guest_opregion == result.host_opregion if leak.holds == "opregion" else _placed_there(result)
    return replace(leak, verdict="same" if mine else "passes", note="placed at the host's base" if mine else "")


def _placed_there(result: Leaks) -> bool:
    """Whether the guest's stolen memory is at the host's base: then whatever points into it is right."""
    return result.guest_stolen[0] == result.host_stolen[0] and result.guest_stolen[1] > result.guest_stolen[0]


def _opregion(scenario: Scenario, rom: Rom | None, built: Built) -> list[Leak]:
    """RVDA of an OpRegion 2.0: an absolute address, which vfio makes relative."""
    raw = host_opregion(scenario, rom, []) if rom or scenario.host.opregion else b""
    host = int.from_bytes(raw[RVDA : RVDA + 8], "little")
    version = int.from_bytes(raw[0x16:0x18], "little")
    if not host or version > 0x200:  # relative from 2.1 on
        return []
    at = built.placed.asls
    guest = int.from_bytes(built.machine.engine.read(at + RVDA, 8), "little") if at else 0
    verdict: Verdict = "own" if scenario.hypervisor.design.on_host else "passes" if guest == host else "patches"
    reader = Reader("i915", "3-", "Linux i915 display/intel_opregion.c")
    return [
        Leak(f"OpRegion +{RVDA:#x}", "OpRegion", "RVDA", "opregion", host, guest, verdict, readers=(reader,),
             note="Linux vfio_pci_igd.c makes it relative" if verdict == "patches" else "",
             source="Linux drivers/vfio/pci/vfio_pci_igd.c", offset=RVDA, width=8)
    ]  # fmt: skip


def _gtt(before: Igd | None, built: Built) -> list[Leak]:
    """Entries of the host's that survived the reset (an FLR leaves the GTT) and the hypervisor's clearing."""
    igd = built.machine.igd
    if before is None or igd is None:
        return []
    held, now = (_into(device, built.host_stolen) for device in (before, igd))
    if not held:
        return []
    low, high = built.host_stolen
    reader = Reader("i915, taking over the picture", "8-", "Linux i915 display/intel_plane_initial.c")
    place = f"GTT entries {now[0]:#x} to {now[-1]:#x}" if now else "GTT"
    note = f"{len(now)} of the {len(held)} entries of the host's POST are still there"
    verdict: Verdict = "passes" if now else "hides"
    if now and built.guest_stolen[0] == low:
        verdict = "same"
    at = now[0] if now else held[0]
    entries = [int(each.targets(each.entries(slice(at, at + 1)))[0]) for each in (before, igd)]
    found = Leak(place, "GTT", "GTT", "stolen", entries[0], entries[1], verdict, note=note, offset=at,
                 readers=(reader,) if igd.family.gen >= 8 else (), source="hw/vfio/igd.c to 9.2 clears it")  # fmt: skip
    return [found] if high > low else []


def _into(igd: Igd, area: tuple[int, int]) -> list[int]:
    """Numbers of the valid entries that point into ``area``."""
    import numpy as np

    entries = igd.entries()
    targets = igd.targets(entries)
    inside = (entries & np.uint64(1) == 1) & (targets >= np.uint64(area[0])) & (targets < np.uint64(area[1]))
    return [int(number) for number in np.flatnonzero(inside)]


def _images(
    scenario: Scenario, rom: Rom | None, offered: Offer, shadow: bytes | None, result: Leaks
) -> list[Leak]:  # fmt: skip
    """The base kept in the image: what the guest was given, and what its own POST stored there."""
    if scenario.hypervisor.design.on_host:
        return []
    host = result.host_stolen
    if rom is None:
        return [_baked(each, "shadow", result) for each in baked_in(b"", shadow or b"", host)]
    given = baked_in(rom.data, offered.image, host, offered.change)
    found = [_baked(each, "ROM", result) for each in given]
    if shadow is not None:
        start = rom.legacy.offset if rom.legacy else 0
        known = {each.offset - start for each in given if each.held}
        left = left_behind(offered.image[start:], shadow, host)
        found += [_baked(each, "shadow", result) for each in left if each.offset not in known]
    return found


def _baked(each: Baked, path: str, result: Leaks) -> Leak:
    """A dword of an image. The guest's own base is its own, wherever that lies in the host's memory."""
    verdict: Verdict = "passes" if each.held else "patches"
    note = each.how
    if each.held and result.guest_stolen[1] > result.guest_stolen[0] == each.held & PAGE:
        verdict, note = "same", f"{each.how}; the guest's own base"
    elif each.held and not result.host_stolen[0] <= each.held & PAGE < result.host_stolen[1]:
        verdict, note = "foreign", f"{each.how}: where the image was read, stolen memory was there"
    return Leak(
        f"{path} +{each.offset:#x}", "ROM", "saved base", "stolen", each.host, each.held, verdict, note=note,
        readers=(Reader("vBIOS", "4-9", "the image's own routine"),), source="QEMU hw/vfio/igd.c", offset=each.offset,
    )  # fmt: skip


def _traced(leak: Leak, events: NDArray[np.void], result: Leaks, built: Built) -> Leak:
    """``leak`` with the reads that the guest's ROM made of it, and where a host's address then went."""
    igd = built.machine.igd
    assert igd is not None
    if leak.path == "ROM":
        area = result.host_stolen if leak.verdict in ("passes", "same") else None
        return replace(leak, flows=flows(events, 0, area, igd.family.pte_format) if area else ())
    made = reads_of(events, {leak.path, leak.also}, leak.offset, leak.width, leak.function)
    if not made or leak.verdict not in ("passes", "same") or leak.holds == "sizes":
        return replace(leak, reads=made)
    size = 1 << 20 if leak.holds == "reserved" else result.host_stolen[1] - result.host_stolen[0]
    base = leak.host & ~0xFFF if leak.holds != "opregion" else leak.host
    return replace(
        leak, reads=made, flows=flows(events, made[0].seq, (base, base + max(size, 1)), igd.family.pte_format)
    )
