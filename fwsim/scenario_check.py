"""Which scenarios can no machine be? The checks that go beyond one field's type and range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwsim.errors import FwsimError
from fwsim.firmware.seabios.versions import version_row
from fwsim.scenario_text import suggest
from fwsim.units import GIB, MIB, format_size

if TYPE_CHECKING:
    from fwsim.scenario import Firmware, Guest, Host, RomInt15, Scenario

ADDRESS_SPACE = 1 << 40
"""Bytes a guest can address: the 40 physical address bits of QEMU's TCG and of small VT-d units."""
FIRMWARE_VERSIONS = {"seabios": "1.16.2", "none": ""}
"""The firmware kinds this version models, each with the version it takes when none is named."""
SLOT = re.compile(r"(?:0000:)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-9a-f])", re.IGNORECASE)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LEAF = re.compile(r"(?:0x)?([0-9a-f]{4})", re.IGNORECASE)
_ANSWER_REGISTERS = ("ax", "bx", "cx", "dx", "si", "di", "carry")


def check(scenario: Scenario, where: str = "scenario") -> None:
    """Refuse what no machine can be, naming the field. Raises FwsimError; ``where`` comes before the field."""
    if not _NAME.fullmatch(scenario.name):
        raise FwsimError(
            "not a usable name", where=f"{where}: name", found=repr(scenario.name),
            expected="letters, digits, . _ and -, up to 100", hint="it names the run's folder: runs/NAME",
        )  # fmt: skip
    _check_firmware(scenario.firmware, f"{where}: firmware")
    _check_bdsm(scenario.host, f"{where}: host.bdsm")
    _check_ram(scenario.guest.ram, f"{where}: guest.ram")
    _check_slot(scenario.guest, f"{where}: guest.slot")
    _check_int15(scenario.rom.int15, f"{where}: rom.int15")
    ports = [display.port for display in scenario.display]
    for index, port in enumerate(ports):
        if port in ports[:index] or (port == "none" and len(ports) > 1):
            raise FwsimError(
                "port named twice" if port != "none" else "none beside another display",
                where=f"{where}: display.{index}.port", found=port, expected="each port once",
                hint="remove one [[display]]",
            )  # fmt: skip


def _one_of(word: str, known: Sequence[str], where: str) -> None:
    if word not in known:
        raise FwsimError(
            "unknown value", where=where, found=f'"{word}"', expected="one of " + ", ".join(known),
            hint=suggest(word, known) or "choose one that this version of fwsim models",
        )  # fmt: skip


def _check_firmware(firmware: Firmware, where: str) -> None:
    _one_of(firmware.kind, tuple(FIRMWARE_VERSIONS), f"{where}.kind")
    if firmware.kind == "seabios":
        try:
            version_row(firmware.version)
        except FwsimError as error:
            error.where = f"{where}.version"
            raise
    elif firmware.version:
        raise FwsimError(
            f"firmware {firmware.kind} has no versions", where=f"{where}.version", found=f'"{firmware.version}"',
            expected="nothing", hint="remove it",
        )  # fmt: skip
    for field, named in (("image", firmware.image), ("drivers", ", ".join(firmware.drivers))):
        if named:
            raise FwsimError(
                f"firmware {firmware.kind} is a model, it runs no image", where=f"{where}.{field}", found=named,
                expected="nothing", hint="remove it",
            )  # fmt: skip


def _check_bdsm(host: Host, where: str) -> None:
    base = host.bdsm & ~1  # bit 0 is the lock
    if base % MIB:
        raise FwsimError(
            "stolen memory base is not aligned", where=where, found=f"{host.bdsm:#x}",
            expected="a multiple of 1 MiB (0x100000); bit 0, the lock, may be set",
            hint=f"nearest below: {base & -MIB:#x}; lspci -xxx -s 02.0 shows it at "
            + f"{host.family.bdsm_register or 0x5C:#x}",
        )  # fmt: skip
    if base >= 4 * GIB and host.family.gen < 11:
        raise FwsimError(
            "stolen memory base is past 4 GiB", where=where, found=f"{host.bdsm:#x}",
            expected=f"below 0x100000000: BDSM has 32 bits before gen 11 ({host.cpu} is gen {host.family.gen})",
            hint="take the dword at 0x5c of lspci -xxx -s 02.0",
        )  # fmt: skip


def _check_ram(ram: int, where: str) -> None:
    if ram < MIB or ram > ADDRESS_SPACE or ram % 4096:
        raise FwsimError(
            "no RAM" if ram == 0 else "larger than the address space" if ram > ADDRESS_SPACE else "impossible RAM size",
            where=where, found=format_size(ram), expected="1M to 1T (2^40, the address space), whole 4 KiB pages",
            hint='such as ram = "2G"',
        )  # fmt: skip


def _check_slot(guest: Guest, where: str) -> None:
    match = SLOT.fullmatch(guest.slot)
    if not match or int(match[1], 16) or int(match[2], 16) > 31 or int(match[3], 16):
        raise FwsimError(
            "not a PCI slot of this machine", where=where, found=f'"{guest.slot}"',
            expected="00:DD.0 with DD from 02 to 1e: bus 00, function 0", hint='such as slot = "00:02.0"',
        )  # fmt: skip
    taken = {0: "the host bridge", 31: "the LPC bridge"} | ({1: "the PIIX bridge"} if guest.machine == "pc" else {})
    owner = taken.get(int(match[2], 16))
    if owner:
        raise FwsimError(
            f"slot is taken by {owner}",
            where=where,
            found=f'"{guest.slot}"',
            expected="a free one",
            hint='such as "00:02.0"',
        )


def _check_int15(answers: RomInt15, where: str) -> None:
    for leaf, registers in answers.items():
        if not _LEAF.fullmatch(leaf):
            raise FwsimError(
                "not an INT 15h leaf", where=f"{where}.{leaf}", found=f'"{leaf}"', expected="AX as four hex digits",
                hint='such as "5f34" = { ax = 0x005f, cx = 0 }',
            )  # fmt: skip
        for register, value in registers.items():
            _one_of(register, _ANSWER_REGISTERS, f"{where}.{leaf}.{register}")
            if register == "carry" and value > 1:
                raise FwsimError(
                    "out of range",
                    where=f"{where}.{leaf}.carry",
                    found=str(value),
                    expected="0 or 1",
                    hint="0: CF clear",
                )
