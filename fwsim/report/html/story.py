"""What happened is told in a paragraph for each of those who acted: host, hypervisor, firmware, ROM, IOMMU, screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.firmware.allocators import allocator
from fwsim.report.assumed import assumed_of_host
from fwsim.report.html import arm
from fwsim.report.html.facts import Facts
from fwsim.report.run_parts import panel_text
from fwsim.results.summary import GttWrite
from fwsim.rules.run import carries_base
from fwsim.units import format_size

REASONS = {
    "completed": "completed", "hung": "hung: the ROM waits for what never comes", "budget": "out of budget",
    "invalid": "invalid code", "aborted": "aborted: the hypervisor killed the guest", "error": "failed",
}  # fmt: skip


def plural(count: int, what: str, many: str = "") -> str:
    """``1 event``, ``2,005 events``."""
    return f"{count:,} {what if count == 1 else many or what + 's'}"


def ended(facts: Facts) -> str:
    """How the run ended, with the place where it did not end well."""
    if not facts.whole:
        return "unknown: the run left no summary"
    stop = facts.summary.stop
    where = f" (at {stop.cs:04x}:{stop.ip:04x})" if stop.reason != "completed" and (stop.cs or stop.ip) else ""
    reason = REASONS.get(stop.reason, stop.reason)
    return reason.replace("the ROM", f"the {facts.summary.code}") + where


def story(facts: Facts) -> list[tuple[str, list[str]]]:
    """(who, sentences) in the order of what happened; who had no part is left out."""
    if facts.arm:
        return arm.story(facts)
    parts = [
        ("Host", _host(facts)), ("Hypervisor", _hypervisor(facts)), ("Firmware", _firmware(facts)),
        ("ROM", _rom(facts)), ("Drivers", _drivers(facts)), ("Changed on the way", _changed(facts)),
        ("IOMMU", _iommu(facts)), ("Screen", _screen(facts)), ("End", _end(facts)),
    ]  # fmt: skip
    told = ((who, list(sentences)) for who, sentences in parts)
    return [(who, sentences) for who, sentences in told if sentences]


def _host(facts: Facts) -> Iterator[str]:
    if facts.scenario is None:
        return
    host = facts.scenario.host
    if not facts.graphics:
        which = "the one that the ROM's ids name" if host.vga == "auto" else host.vga
        yield f"A {host.family.title} host; the guest's display device is {which}."
        return
    assumed, usual = assumed_of_host(facts.summary), f"assumed, as usual for {host.family.title}"
    device = f" ({usual})" if "device_id" in assumed else ""
    yield f"{host.family.title} (generation {host.family.gen}), graphics device 8086:{host.device_id:04x}{device}."
    yield from _stolen(facts, assumed, usual)
    if not host.asls:
        yield "It has no OpRegion."
    elif "asls" in assumed:
        yield f"Where its OpRegion is, is {usual}: {host.asls:#x}."
    else:
        yield f"Its OpRegion is at {host.asls:#x}."


def _stolen(facts: Facts, assumed: set[str], usual: str) -> Iterator[str]:
    """The host's stolen memory: what its firmware did, or what is taken for that."""
    start, end = facts.host_stolen
    size = format_size(end - start)
    if end <= start:
        return
    if assumed >= {"bdsm", "ggc"}:
        yield f"Its stolen memory is {usual}: {size} at {start:#x}."
    elif "bdsm" in assumed:
        yield f"Its firmware set {size} of stolen memory aside; where, is {usual}: {start:#x}."
    elif "ggc" in assumed:
        yield f"Its firmware set stolen memory aside at {start:#x}; how much, is {usual}: {size}."
    else:
        yield f"Its firmware set {size} of stolen memory aside at {start:#x}."


def _hypervisor(facts: Facts) -> Iterator[str]:
    if facts.scenario is None:
        return
    design = facts.scenario.hypervisor.design
    yield design.story
    if not design.on_host:
        given = facts.scenario.assignment
        if facts.graphics and not given.vga:
            why = f": {given.refusal}" if given.refusal else ""
            yield f"The guest gets neither the device's VGA ports nor its VGA memory{why}."
        yield f"The guest is a {facts.scenario.guest.machine} with {format_size(facts.scenario.guest.ram)} of RAM."


def _title(kind: str) -> str:
    """What people call the firmware; "" where nobody knows of the IGD. It may be installed no longer."""
    try:
        row = allocator(kind)
    except FwsimError:
        return kind
    return row.shown if row.knows_igd else ""


def _firmware(facts: Facts) -> Iterator[str]:
    firmware = facts.summary.firmware
    kind = _title(firmware.kind)
    name = " ".join(filter(None, (kind, facts.scenario.firmware.version if facts.scenario else "")))
    if facts.on_host:
        yield f"{name or 'The firmware'} found stolen memory and OpRegion where the host has them."
        return
    start, end = facts.guest_stolen
    if end > start:
        yield (
            f"{name} reserved {format_size(end - start)} of the guest's RAM as its stolen memory at {start:#x}, and "
            "wrote that address to BDSM."
        )
    elif firmware.bdsm:
        yield f"{name} wrote {firmware.bdsm:#x} to BDSM."
    elif facts.graphics:
        yield f"{name or 'Nobody'} placed {'no ' if name else ''}stolen memory: BDSM is 0."
    if firmware.asls:
        yield f"It put the OpRegion at {firmware.asls:#x} (ASLS)."
    if facts.bars:
        yield "BARs: " + ", ".join(f"{bar} at {start:#x}" for bar, start, _ in facts.bars) + "."


def _rom(facts: Facts) -> Iterator[str]:
    rom, gtt = facts.summary.rom, facts.summary.gtt
    name = Path(facts.scenario.rom.file).name if facts.scenario and facts.scenario.rom.file else "The ROM"
    which = f"{rom.vendor:04x}:{rom.device:04x}" if rom.images else "a UEFI driver"
    ids = f", {which}, {format_size(rom.size)}{'' if rom.size % 1024 == 0 else ' bytes'}" if rom.size else ""
    yield f"{name}{ids}."
    if rom.source == "shadow":
        yield "It was POSTed on the host first: the guest runs what lay at C0000 then, with all that POST left in it."
    if gtt.writes:
        yield f"It wrote {plural(gtt.writes, 'dword')} to the GTT{_first(gtt.first)}."
        yield _targets(facts)
    elif facts.graphics:
        yield "It wrote nothing to the GTT."


def _drivers(facts: Facts) -> Iterator[str]:
    """What UEFI's drivers returned, and the GOP that came of it."""
    efi = facts.summary.efi
    if efi is None:
        return
    for driver in efi.drivers:
        steps = (("Its entry", driver.entry), ("Supported", driver.supported), ("Start", driver.start))
        said = ", ".join(f"{step} returned {status}" for step, status in steps if status)
        version = f", version {driver.version:08x}" if driver.version else ""
        yield f"{driver.name}{version}: {said or 'it was not called'}."
        if driver.why:
            yield f"{driver.why[:1].upper()}{driver.why[1:]}."
    if efi.gop:
        modes = ", ".join(f"{mode.width}x{mode.height}" for mode in efi.gop.modes)
        yield f"The GOP has {plural(len(efi.gop.modes), 'mode')} ({modes}), its frame buffer is at {efi.gop.base:#x}."
    else:
        yield "There is no GOP."


def mode_text(facts: Facts, number: int) -> str:
    """A VBE mode in hexadecimal, a GOP's by its number."""
    return f"{number:x}h" if facts.summary.efi is None else str(number)


def _first(first: GttWrite | None) -> str:
    return f", the first one {first.value:#x} at index {first.index:#x}" if first else ""


def _targets(facts: Facts) -> str:
    targets = facts.summary.gtt.targets
    named = [
        (targets.guest_stolen, "at the host's own stolen memory" if facts.on_host else "at the guest's stolen memory"),
        (targets.host_stolen, "at the HOST's stolen memory"), (targets.guest_ram, "at RAM that the guest uses"),
        (targets.unmapped, "where nothing is mapped"),
    ]  # fmt: skip
    if facts.on_host and facts.summary.gtt.outside:
        start, end = facts.summary.gtt.outside
        missed = f"{targets.guest_ram + targets.unmapped:,} entries point at {start:#x}-{end:#x}, not there"
        base = ": the image carries another machine's base" if carries_base(facts.summary) else ""
        return f"Its valid entries at the host's own stolen memory: {targets.guest_stolen:,}; {missed}{base}."
    said = ", ".join(f"{count:,} {where}" for count, where in named if count)
    if not said:
        return "Where its entries point in the end, the summary does not say."
    silent = f" {targets.silent:,} of them hit RAM of the guest, where no fault tells." if targets.silent else ""
    return f"Its valid entries point, in the end: {said}.{silent}"


def _changed(facts: Facts) -> Iterator[str]:
    gtt = facts.summary.gtt
    if facts.on_host or not gtt.writes:
        return
    if not gtt.rewritten:
        yield "Nothing: each entry reached the device as the ROM wrote it."
        return
    yield f"{gtt.rewritten:,} of {gtt.writes:,} GTT writes."
    if gtt.first and gtt.first.written is not None and gtt.first.written != gtt.first.value:
        yield f"The first, {gtt.first.value:#x}, became {gtt.first.written:#x}."


def _iommu(facts: Facts) -> Iterator[str]:
    if facts.on_host:
        yield "It is off on the host."
        return
    iommu = facts.summary.iommu
    if not iommu.faults:
        yield "It refused nothing."
        return
    ways = {"5": "writes", "6": "reads"}
    said = ", ".join(f"{count:,} {ways.get(code, 'of reason ' + code)}" for code, count in iommu.by_reason.items())
    yield f"It refused {plural(iommu.faults, 'access', 'accesses')} of the graphics device: {said}."
    if iommu.overflowed:
        yield f"Only {iommu.recorded:,} found a free fault record."


def _screen(facts: Facts) -> Iterator[str]:
    for screen in facts.summary.display:
        torn = f", {plural(screen.unreadable_pages, 'page')} of it could not be read" if screen.unreadable_pages else ""
        mode = mode_text(facts, screen.mode)
        yield f"Mode {mode}, {screen.width}x{screen.height}, {screen.format}{torn or ', whole'}."
        if screen.panel:
            text = panel_text(screen.panel)
            yield f"{text[:1].upper()}{text[1:]}."


def _end(facts: Facts) -> Iterator[str]:
    summary = facts.summary
    how = ended(facts)
    yield f"{how[:1].upper()}{how[1:]}."
    if summary.stop.detail:
        detail = summary.stop.detail.splitlines()[0].strip().rstrip(".")
        yield f"{detail[:1].upper()}{detail[1:]}."
    yield f"{plural(summary.events, 'event')} in {summary.virtual_ns / 1e6:,.3f} ms of virtual time."
    for assist in summary.assists:
        yield f"Helped, as no hardware would: {assist.count}x {assist.what}."
