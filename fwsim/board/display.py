"""The display device of a machine: the host's IGD, or the adapter that the ROM or the user names."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from fwsim.board.function import BarSpec, BoardFunction
from fwsim.board.igd import igd
from fwsim.board.vbt_ports import PANELS, ports_of_file, vbt_ports
from fwsim.devices.adapters import Adapter, adapter_for, adapter_named
from fwsim.devices.edid import default_edid, read_edid
from fwsim.devices.igd.link import Link
from fwsim.errors import FwsimError
from fwsim.rom.chain import Rom, is_pe
from fwsim.scenario.model import Display, Scenario

ISA_WINDOW = 0xE0000000
"""Where a VGA BIOS for ISA cards expects the linear frame buffer (SeaBIOS vgasrc/bochsvga.h, VBE_DISPI_LFB)."""


def display_adapter(scenario: Scenario, rom: Rom) -> Adapter | None:
    """The device in place of the IGD, or None for the IGD itself; ``auto`` goes by the ROM's ids."""
    kind = scenario.host.vga
    if kind == "igd":
        return None
    if kind != "auto":
        return adapter_named(kind).with_device(rom.device or 0)
    if is_pe(rom.data):
        return None
    if rom.vendor is None or rom.device is None:
        return replace(adapter_named("stdvga"), window=ISA_WINDOW)
    if rom.vendor == 0x8086:
        return None
    adapter = adapter_for(rom.vendor, rom.device, rom.class_code or 0)
    if adapter is None:
        raise FwsimError(
            "no display device here fits this ROM", where=str(rom.path), found=f"{rom.vendor:04x}:{rom.device:04x}",
            expected="an Intel id, or one of a QEMU display device", hint="choose one with host.vga",
        )  # fmt: skip
    return adapter


def display_function(scenario: Scenario, adapter: Adapter | None) -> BoardFunction | None:
    """The display's PCI function in the guest's slot; None for an adapter without PCI."""
    bdf = scenario.guest.devfn
    if adapter is None:
        return igd(scenario.host, bdf)
    if not adapter.pci:
        return None
    bars = tuple(
        BarSpec(bar.index, bar.size, "io" if bar.io else "pref" if bar.prefetch else "mem", False, bar.role.name)
        for bar in adapter.bars
    )
    vendor, device = adapter.subsystem
    return BoardFunction(
        bdf, adapter.vendor, adapter.device, adapter.class_code, adapter.revision, device << 16 | vendor, bars,
        pin=adapter.pin, qemu=True,
    )  # fmt: skip


def attached(scenario: Scenario, rom: Rom, log: list[str]) -> dict[str, bytes]:
    """Port to EDID of what is plugged in; what is odd about it is added to ``log``, a line each.

    Where the scenario has the family's usual display, and the ROM's VBT has no such port, it is at one of the VBT's.

    Raises FwsimError for a file that is no EDID.
    """
    displays: dict[str, bytes] = {}
    for index, display in enumerate(_ports(scenario, rom, log)):
        if display.port == "none":
            continue
        if not display.edid:
            displays[display.port] = default_edid()
            continue
        edid = read_edid(display.edid)
        displays[display.port] = edid.data
        name = Path(display.edid).name
        log += [f"warning: display.{index}.edid: {name}: {warning}" for warning in edid.warnings]
    return displays


def links(scenario: Scenario) -> dict[str, Link]:
    """Port to how its DisplayPort sink answers and trains."""
    return {each.port: Link(each.defers, each.swing, each.pre_emphasis) for each in scenario.display}


def _ports(scenario: Scenario, rom: Rom, log: list[str]) -> tuple[Display, ...]:
    """The scenario's displays, or one at a port of the VBT; a port that the VBT lacks is said."""
    known, given, whose = vbt_ports(rom, scenario.host.family.name), scenario.display, "the ROM's VBT"
    wanted = [each for each in known if each not in PANELS]
    if not known and scenario.host.vbt:
        known, whose = ports_of_file(scenario.host.vbt, scenario.host.family.name), "host.vbt"
        wanted = [each for each in known if each in PANELS]  # a GOP driver tries the panel first, as firmware does
    lacking = [display.port for display in given if display.port not in (*known, "none")]
    if not known or not lacking:
        return given
    names = ", ".join(known)
    if tuple(display.port for display in given) != scenario.host.family.displays or any(each.edid for each in given):
        log += [f"warning: display: {whose} has no {port}, it has {names}" for port in lacking]
        return given
    port = next(iter(wanted), known[0])
    log.append(f"display: at {port}, as {whose} has it ({names}), and not {', '.join(lacking)}")
    return (Display(port=port),)
