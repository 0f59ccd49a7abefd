"""The machine and the VM as they were understood, in the names that people use, each with its file and line."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.diagnose.case import Case, Evidence
from fwsim.diagnose.finding import Stated
from fwsim.host.facts import Dumps, Fact
from fwsim.host.places import places, stolen_sizes
from fwsim.registers.families import family
from fwsim.units import format_size

GUEST = "guest's "
"""How the names of a guest's facts begin."""
_COMMAND_LINE = {
    "cmdline-iommu-on": "intel_iommu=on", "cmdline-iommu-pt": "iommu=pt", "cmdline-iommu-off": "intel_iommu=off",
    "cmdline-igfx-off": "intel_iommu=igfx_off", "cmdline-disable-vga": "disable_vga=1",
    "cmdline-no-framebuffer": "{what}", "cmdline-framebuffer-off": "{what}",
    "cmdline-vfio-ids": "vfio-pci.ids={ids}", "cmdline-nomodeset": "nomodeset",
}  # fmt: skip
_SYSTEMS = {
    "proxmox-kernel": "Proxmox", "unraid-kernel": "unraid", "xcp-kernel": "XCP-ng", "xen-dmesg": "Xen {version}",
    "bhyve-log": "FreeBSD {version}", "libvirt-log": "libvirt {version}", "qemu-version": "QEMU {version}",
}  # fmt: skip


def facts_of(case: Case) -> list[Stated]:
    """What is known of the host, then of the guest."""
    found = [*_machine(case.host, ""), *_systems(case)]
    if case.guest is not None:
        found += _machine(case.guest, GUEST)
    return found


def _machine(dumps: Dumps, whose: str) -> Iterator[Stated]:
    device = dumps.best("device_id")
    if device:
        title = family(dumps.cpu).title if dumps.cpu else "unknown"
        kind = dumps.value("class")
        other = f", class {kind >> 8:04x}" if kind is not None and kind >> 8 != 0x0300 else ""
        yield _stated(f"{whose}IGD", f"8086:{device.value:04x} {title}{other}", device)
    if dumps.driver:
        file, _, line = dumps.driver_from.rpartition(":")
        yield Stated(name=f"{whose}driver", value=dumps.driver, evidence=Evidence(file=file, line=int(line)))
    yield from _stolen(dumps, whose)
    for name, title in (("asls", "OpRegion"), ("lpc_id", "LPC bridge"), ("host_bridge_id", "host bridge")):
        fact = dumps.best(name)
        if fact and (fact.value or name == "asls"):
            value = f"8086:{fact.value:04x}" if name != "asls" else f"{fact.value:x}" if fact.value else "none (ASLS 0)"
            yield _stated(f"{whose}{title}", value, fact)
    for area in dumps.rmrr:
        place = Evidence(file=area.file, line=area.line)
        yield Stated(name="RMRR", value=f"{area.start:x}-{area.end - 1:x}", evidence=place)
    for bar in dumps.bars:
        value = f"{bar.start:x}-{bar.end - 1:x}" if bar.start else "no address"
        yield Stated(name=f"{whose}{bar.label}", value=value, evidence=Evidence(file=bar.file, line=bar.line))
    if dumps.e820:
        file, _, line = dumps.e820_from.rpartition(":")
        place = Evidence(file=file, line=int(line)) if line.isdecimal() else Evidence(file=dumps.e820_from)
        yield Stated(name=f"{whose}memory map", value=f"{len(dumps.e820)} ranges", evidence=place)


def _stolen(dumps: Dumps, whose: str) -> Iterator[Stated]:
    base, (size, _) = dumps.best("bdsm"), stolen_sizes(dumps)
    if base is None:
        return
    if not base.essence:
        yield _stated(f"{whose}stolen memory", "none (BDSM is 0)", base)
    elif not size:
        yield _stated(f"{whose}stolen memory", f"from {base.essence:x}, of unknown size", base)
    for place in places(dumps):
        if place.is_stolen and place.kind.startswith("the host's"):
            name = "stolen memory" if "GTT" not in place.kind else "GTT"
            value = f"{place.start:x}-{place.end - 1:x} ({format_size(place.end - place.start)})"
            yield Stated(name=f"{whose}{name}", value=value, evidence=_place(place.source))


def _systems(case: Case) -> Iterator[Stated]:
    for name, table in (("system", _SYSTEMS), ("command line", _COMMAND_LINE)):
        seen = [each for each in case.seen if each.id in table]
        if seen:
            words = dict.fromkeys(table[each.id].format(**{"version": "", **each.groups}).strip() for each in seen)
            value = (", " if name == "system" else " ").join(words)
            yield Stated(name=name, value=value, evidence=seen[0].evidence)


def _stated(name: str, value: str, fact: Fact) -> Stated:
    return Stated(name=name, value=value, evidence=Evidence(file=fact.file, line=fact.line, text=fact.how))


def _place(source: str) -> Evidence:
    where, _, how = source.partition(", ")
    file, _, line = where.rpartition(":")
    return Evidence(file=file, line=int(line), text=how) if line.isdecimal() else Evidence(file=where, text=how)
