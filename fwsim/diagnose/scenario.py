"""A case becomes a scenario: the host from its dumps, hypervisor, guest and firmware from the VM, and the ROM."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fwsim.diagnose.case import Case, Evidence, Vm
from fwsim.diagnose.finding import Stated
from fwsim.diagnose.vm import model
from fwsim.diagnose.vm.choose import has_igd
from fwsim.errors import FwsimError
from fwsim.firmware.allocators import ROWS as ALLOCATORS
from fwsim.firmware.cpu_models import guest_cpu
from fwsim.host.archive import as_archived
from fwsim.host.hostfile import host_text
from fwsim.hypervisor import kinds
from fwsim.registers.families import family
from fwsim.scenario.load import loads
from fwsim.units import format_size

OUT = Path("diagnosed.toml")
"""Where a scenario would be written: its files are named from that folder on."""
_FIRMWARE = {"seabios": "seabios", "ovmf": "ovmf"}
_BY_HYPERVISOR = {"xen": "hvmloader"}
"""Firmware of guests whose hypervisor leaves placing to it."""
_ELSEWHERE = "00:10.0"
"""The slot that stands for one behind a bridge: only 00:02.0 is told from all others."""
_FROM_FAMILY = {
    "ggc": "the size of stolen memory", "bdsm": "the base of stolen memory", "asls": "the OpRegion's address",
    "lpc_id": "00:1f.0's id",
}  # fmt: skip


def scenario_of(case: Case, out: Path = OUT, written: dict[str, str] | None = None) -> str:
    """The scenario's TOML text, "" where the host is unknown or fwsim has no model of the VM's hypervisor.

    ``out`` is the file it is for, ``written`` where packed dumps were written.
    """
    vm = case.vm if case.vm is not None and len(case.vms) == 1 and has_igd(case.vm) else None
    if not case.host.cpu or (vm is not None and model.choice(case, vm) is None):
        return ""
    _, _, host = host_text(case.host, out, written or {}).partition("\n")
    head, rom = _split(host)
    guest = _tables(case, vm) if vm is not None else []
    call = ["", "[[call]]", "ax = 0x0003    # text mode, as SeaBIOS sets it", ""]
    tables = ["# fwsim diagnose: each value with its source", head.rstrip(), *guest, *_rom(case, vm, rom), *call]
    text = "\n".join(tables)
    try:
        loads(text, out.name, out.absolute().parent)
    except FwsimError:
        return ""
    return as_archived(text)


def assumed(case: Case) -> list[Stated]:
    """What the scenario takes from the family, because no dump shows it."""
    if not case.host.cpu:
        return []
    known = family(case.host.cpu)
    return [
        Stated(name=f"host.{name}", value=f"{getattr(known, name):#x}",
               why=f"{what} is in no dump: {known.title}'s usual one is taken")
        for name, what in _FROM_FAMILY.items()
        if case.host.best(name) is None and getattr(known, name) is not None
    ]  # fmt: skip


def _split(text: str) -> tuple[str, list[str]]:
    """(everything before [rom], the lines of [rom])."""
    head, sign, rom = text.partition("\n[rom]\n")
    return head, rom.strip().splitlines() if sign else []


def _tables(case: Case, vm: Vm) -> list[str]:
    """Hypervisor, guest and firmware."""
    choice = model.choice(case, vm)
    assert choice is not None
    lines = ["", "[hypervisor]", _line("kind", choice.kind, vm, "hypervisor")]
    if choice.kind == kinds.DEFAULT:
        given = model.release(case, vm)
        lines.append(f"profile = {json.dumps(choice.profile)}    # {_comment(given.evidence, given.assumed)}")
        rows = (("gms", choice.gms, "x-igd-gms"), ("opregion", choice.opregion, "x-igd-opregion"),
                ("lpc", choice.lpc, "x-igd-lpc"), ("vga", choice.vga, "x-vga"),
                ("legacy", choice.legacy, "x-igd-legacy-mode"))  # fmt: skip
        lines += [_line(name, value, vm, setting) for name, value, setting in rows if value not in (0, "auto")]
        lines += [_line("rombar", "off", vm, "rombar")] if vm.value("rombar") is False else []
    lines += ["", "[guest]", _line("machine", "q35" if vm.value("machine") == "q35" else "pc", vm, "machine")]
    ram = vm.value("ram")
    if isinstance(ram, int) and ram:
        lines.append(_line("ram", format_size(ram), vm, "ram"))
    lines += _cpus(vm)
    slot = str(vm.value("slot") or "")
    usable = slot.startswith("00:") and slot.endswith(".0") and 2 <= model.devfn(vm) >> 3 <= 30
    lines.append(_line("slot", slot if usable else _ELSEWHERE, vm, "slot"))
    if "at-1f" in vm.settings and vm.value("machine") == "pc":
        lines += ["", "[[function]]", _line("slot", "1f.0", vm, "at-1f"), "vendor = 0x1b36", "device = 0x0001",
                  "class = 0x060400"]  # fmt: skip
    own = kinds.hypervisor(choice).placed_by[0] or _BY_HYPERVISOR.get(choice.kind, "")
    kind = own or _FIRMWARE.get(str(vm.value("firmware")), "seabios")
    return [*lines, "", "[firmware]", _line("kind", kind if kind in ALLOCATORS else "seabios", vm, "firmware")]


def _cpus(vm: Vm) -> list[str]:
    """The guest's CPU and how many there are, where firmware can place by them."""
    count, name = vm.value("cpus"), str(vm.value("cpu") or "").partition(",")[0]
    lines = (
        [f"cpus = {count}    # {vm.settings['cpus'].evidence.place}"] if isinstance(count, int) and count > 1 else []
    )
    try:
        guest_cpu(name)
    except FwsimError:
        return lines
    return [*lines, _line("cpu", name, vm, "cpu")]


def _rom(case: Case, vm: Vm | None, rom: list[str]) -> list[str]:
    """[rom]: a romfile is the file itself; without one vfio shows what the host's POST left at C0000."""
    if not rom:
        return []
    shadow = vm is not None and "romfile" not in vm.settings
    why = "no romfile: the guest gets what the host's POST left at C0000"
    return ["", "[rom]", *rom, *([f'source = "shadow"    # {why}'] if shadow else [])]


def _line(name: str, value: str | int, vm: Vm, setting: str) -> str:
    """A field with the setting that it comes from."""
    text = f"{value:#x}" if isinstance(value, int) else json.dumps(value)
    given = vm.settings.get(setting)
    return f"{name} = {text}" + (f"    # {_comment(given.evidence, given.assumed)}" if given else "")


def _comment(evidence: Evidence, assumed: bool) -> str:
    return f"assumed: {evidence.text}" if assumed else evidence.place


def relative(path: Path) -> str:
    """``path`` from the current folder on, where it lies below it."""
    found = os.path.relpath(path)
    return found if not found.startswith("..") else str(path)
