"""A scenario of an Arm guest has a program, RAM and the host's functions; what only a PC has is refused."""

from __future__ import annotations

from msgspec.structs import fields

from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import Hypervisor as Design
from fwsim.memory.arm_map import MACHINE, RAM0_BASE, RAM0_SIZE, RAM1_BASE
from fwsim.scenario.model import Firmware, Guest, Hypervisor, Scenario
from fwsim.units import format_size

_USED: dict[str, tuple[frozenset[str], str]] = {
    "host": (frozenset({"iommu", "kernel"}), "an Arm host has no IGD: its functions are rows of [[host_function]]"),
    "hypervisor": (
        frozenset({"kind", "profile", "options", "xl_cfg"}), "vPCI has options of its own: [hypervisor.options]",
    ),
    "guest": (frozenset({"machine", "ram"}), "Xen gives each Arm guest the same machine, with one CPU here"),
    "firmware": (frozenset(), "no firmware runs in such a guest: its program is entered as a kernel is"),
    "rom": (frozenset(), "the program calls no option ROM, and a ROM BAR has none"),
    "payload": (frozenset({"program"}), "there is no screen and no diskette: payload.program is all that runs"),
}  # fmt: skip
"""By table: the fields that an Arm guest has, and why it has none of the others."""
_LISTS = {
    "function": "QEMU adds them to a PC; an Arm guest is given rows of [[host_function]] by hypervisor.options.pci",
    "display": "there is no display", "call": "there is no BIOS to call", "group": "Xen knows no vfio groups",
}  # fmt: skip
EM_X86, EM_ARM, EM_X86_64, EM_AARCH64, EM_RISCV = 3, 40, 62, 183, 243
_MACHINES = {EM_X86: "32-bit x86", EM_ARM: "32-bit Arm", EM_X86_64: "64-bit x86", EM_RISCV: "RISC-V"}
_HEADER = 64


def check_arm(scenario: Scenario, design: Design, where: str) -> None:
    """Refuse what no Arm guest can be.

    Raises FwsimError naming the field: one that only a PC has, RAM past bank 0, a hypervisor without Arm guests, an
    ECAM over something else.
    """
    if MACHINE not in design.machines:
        raise FwsimError(
            "no such guest of this hypervisor", where=f"{where}: guest.machine", found=f'"{MACHINE}"',
            expected="one of " + ", ".join(f'"{name}"' for name in sorted(design.machines)),
            hint=f'hypervisor.kind = "vpci" has Arm guests, "{scenario.hypervisor.kind}" has none',
        )  # fmt: skip
    _check_ram(scenario.guest.ram, f"{where}: guest.ram")
    try:
        design.check_memory(MACHINE, scenario.guest.ram)
    except FwsimError as error:
        error.where = f"{where}: {error.where}"
        raise
    usual = Scenario(
        guest=Guest(machine=MACHINE), hypervisor=Hypervisor(kind=scenario.hypervisor.kind),
        firmware=Firmware(kind="none") if scenario.firmware.kind == "none" else Firmware(),
    )  # fmt: skip
    for table, (used, why) in _USED.items():
        given, left_out = getattr(scenario, table), getattr(usual, table)
        for field in fields(given):
            found = getattr(given, field.name)
            if field.name not in used and found != getattr(left_out, field.name):
                raise FwsimError(
                    "not of an Arm guest", where=f"{where}: {table}.{field.encode_name}", found=_shown(found),
                    expected="nothing: " + why, hint='remove it, or take guest.machine = "q35"',
                )  # fmt: skip
    for name, why in _LISTS.items():
        if getattr(scenario, name) != getattr(usual, name):
            raise FwsimError(
                "not of an Arm guest", where=f"{where}: {name}", found=f"{len(getattr(scenario, name))} of [[{name}]]",
                expected="none: " + why, hint='remove it, or take guest.machine = "q35"',
            )  # fmt: skip


def check_not_arm(scenario: Scenario, where: str) -> None:
    """Refuse what only an Arm guest has. Raises FwsimError naming the field."""
    found = [("payload.program", scenario.payload.program)]
    found += [(f"host_function.{n}.hotplug", "true") for n, row in enumerate(scenario.host_function) if row.hotplug]
    for field, value in found:
        if value:
            raise FwsimError(
                "only an Arm guest has it", where=f"{where}: {field}", found=value,
                expected=f'guest.machine = "{MACHINE}", which is "{scenario.guest.machine}"',
                hint=f'remove it, or take guest.machine = "{MACHINE}"',
            )  # fmt: skip


def refuse_arm(scenario: Scenario, what: str, why: str, where: str, hint: str = "") -> None:
    """Refuse what is asked of a graphics device's guest alone. Raises FwsimError for an Arm guest's scenario."""
    if scenario.guest.on_arm:
        raise FwsimError(
            f"not for an Arm guest: {what}", where=where, found=f'guest.machine = "{MACHINE}"', expected=why,
            hint=hint or "what it did is told by: fwsim trace show RUN -v 0, fwsim report RUN",
        )  # fmt: skip


def _check_ram(ram: int, where: str) -> None:
    if ram > RAM0_SIZE:
        raise FwsimError(
            "more RAM than bank 0 holds", where=where, found=format_size(ram),
            expected=f"{format_size(RAM0_SIZE)} at most, from {RAM0_BASE:#x} on (Xen's GUEST_RAM0_SIZE)",
            hint=f"the second bank, from {RAM1_BASE:#x} on, is not modelled: what vPCI does is the same without",
        )  # fmt: skip


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def judge_program(data: bytes) -> tuple[str, str]:
    """(What is wrong with a guest's program, what would be right): System V ABI, chapter 4, ELF header."""
    wanted = "an AArch64 ELF: 64 bits, little-endian, machine 183 (EM_AARCH64)"
    if data[:4] != b"\x7fELF":
        return f"first bytes {data[:4].hex(' ')}" if data else "0 bytes", wanted
    if len(data) < _HEADER:
        return f"{len(data)} bytes", wanted
    bits, order = data[4], data[5]
    machine = int.from_bytes(data[18:20], "little" if order == 1 else "big")
    if machine != EM_AARCH64:
        return f"a program for {_MACHINES.get(machine, f'machine {machine}')}", wanted
    if (bits, order) != (2, 1):
        return f"{'64' if bits == 2 else '32'} bits, {'little' if order == 1 else 'big'}-endian", wanted
    if int.from_bytes(data[16:18], "little") != 2:
        return f"ELF type {int.from_bytes(data[16:18], 'little')}", "type 2, an executable that lies where it is linked"
    return "", ""
