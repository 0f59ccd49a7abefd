"""A real boot beside any kind of firmware: the machine as what ``fwsim alloc`` is asked, both outcomes in one form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from live.machine import Machine
from qemu_devices import CLASSES
from qemu_devices import KIND as KINDS

from fwsim.placement.allocate import Allocation
from fwsim.placement.ask import Ask, BarAsk
from fwsim.registers.families import family_of_device

CHIPSET = ("00:00", "00:01", "00:1f")
IGD = "00:02.0"
_SAID = ("Intel IGD ", "WARNING", "PCI: out of ")
"""How the lines of SeaBIOS's log begin that tell what became of a request."""


def ask_of(machine: Machine, pci_bars: list[list[Any]], firmware: str, version: str, qemu: str) -> Ask:
    """``machine`` for ``firmware``; ``pci_bars`` as SeaBIOS's log has them: which a device of QEMU's has is given."""
    inputs = machine.inputs
    device, class_code, own = machine.igd
    bars = [BarAsk(index=i, size=size, kind=_kind(flags), is64=flags & 5 == 4) for i, size, flags in own]
    wide = {3 + n: CLASSES[name.partition(",")[0]][1] for n, name in enumerate(inputs["devices"])}
    for bdf, index, size, kind in pci_bars:
        if bdf != IGD and not bdf.startswith(CHIPSET):
            is64 = index in wide[int(bdf[3:5], 16)]
            bars.append(BarAsk(index=index, size=int(size, 16), kind=KINDS[kind], is64=is64, slot=bdf))
    return Ask(
        firmware=firmware, version=version, machine=inputs["machine"], ram=int(inputs["ram"], 16),
        stolen=int.from_bytes(bytes.fromhex(inputs["bdsm_file_hex"]), "little"),
        opregion=inputs["opregion_file_size"] or 0, gen=_gen(device), device=device, class_code=class_code,
        ggc=int(inputs["igd"][0]["ggc"], 16), rom=int(inputs["igd"][0]["rom_size"], 16), bars=bars, profile=qemu,
        cpu=machine.cpu, cpus=inputs["smp"], accel="tcg",
    )  # fmt: skip


def from_boot(real: dict[str, Any], registers: dict[tuple[str, int], int]) -> dict[str, Any]:
    """What ``seen`` saw of SeaBIOS's boot. Registers and BARs are what was written, not what SeaBIOS's log says."""
    own = igd_from_boot(real["igd"][0])
    bars = {_bar(bdf, index): address for (bdf, index), address in registers.items() if bdf != IGD}
    return own | {
        "boot": real["boot"], "bars": bars | own["bars"], "e820": [tuple(row) for row in real["e820"] or ()],
        "said": [*real["igd_log"], *real["warnings"]],
    }  # fmt: skip


def igd_from_boot(igd: dict[str, Any]) -> dict[str, Any]:
    """What became of the IGD alone: a boot's ``igd``, as the peer heard it."""
    registers = {0x5C: igd["bdsm_5c"], 0xC0: igd["bdsm_c0"]}
    return {
        "asls": igd["asls"], "bdsm": {register: values for register, values in registers.items() if values},
        "bars": {_bar(IGD, int(index)): address for index, address in igd["bars"].items()},
    }  # fmt: skip


def igd_from_fwsim(placed: Allocation) -> dict[str, Any]:
    """The same of ``fwsim alloc``; the ROM's register apart, which firmware may clear again."""
    whole = from_fwsim(placed)
    bars = {name: address for name, address in whole["bars"].items() if name.startswith(f"{IGD} BAR")}
    return {"asls": whole["asls"], "bdsm": whole["bdsm"], "bars": bars}


def from_fwsim(placed: Allocation) -> dict[str, Any]:
    """What ``fwsim alloc`` came to, in the same form."""
    firmware, details = placed.firmware, placed.details
    return {
        "boot": "ok" if details.boot == "ok" else "panic", "asls": [firmware.asls] if firmware.asls else [],
        "bdsm": {details.register: [firmware.bdsm]} if firmware.bdsm else {},
        "bars": {bar.name: bar.address or 0 for bar in details.bars},
        "e820": [(row.start, row.end, row.type) for row in firmware.e820],
        "said": said(firmware.log),
    }  # fmt: skip


def said(log: Iterable[str]) -> list[str]:
    """What became of requests: the IGD's lines first, warnings after them, as a log's order among them is its own."""
    return sorted((line for line in log if line.startswith(_SAID)), key=lambda line: not line.startswith(_SAID[0]))


def _bar(bdf: str, index: int) -> str:
    return f"{bdf} ROM" if index == 6 else f"{bdf} BAR{index}"


def _kind(flags: int) -> str:
    return "io" if flags & 1 else "pref" if flags & 8 else "mem"


def _gen(device: int) -> str:
    family = family_of_device(device)
    assert family, f"{device:04x} is no IGD's"
    return family.name
