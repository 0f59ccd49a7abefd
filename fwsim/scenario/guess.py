"""A ROM alone becomes a scenario: host and device by its ids and its VBT, each guess with its reason."""

import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.registers.families import families, family, family_of_device
from fwsim.registers.family import Family
from fwsim.rom.chain import Rom
from fwsim.rom.chain import load as load_rom
from fwsim.scenario.load import from_table, name_from
from fwsim.scenario.model import Host, Scenario
from fwsim.scenario.text import with_overrides
from fwsim.units import MIB

INTEL = 0x8086
_SIGNATURES = (b"\x55\xaa", b"MZ")
_CALLS = ({"ax": 0x0003}, {"ax": 0x4F02, "bx": 0x4114})
"""Text mode, as SeaBIOS sets it, then 800x600 of 16 bits, linear (VBE 3.0, 4F02, bit 14)."""


class Guess(Struct, frozen=True):
    """One field that nobody gave: its path, the value as ``--set`` takes it, and ``why``."""

    field: str
    value: str
    why: str


class Guessed(Struct, frozen=True):
    """The scenario of a ROM alone, what was guessed in it, and the command that runs the ``other`` likely machine."""

    scenario: Scenario
    guesses: tuple[Guess, ...]
    other: str


def is_rom(path: Path) -> bool:
    """Whether the file is an option ROM or a UEFI driver by its first two bytes; False for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return path.is_file() and path.stat().st_size <= 16 * MIB and file.read(2) in _SIGNATURES
    except OSError:
        return False


def guess(path: Path, overrides: Sequence[str] = (), takes: Sequence[int] = ()) -> Guessed:
    """The scenario of the ROM in ``path``; ``overrides`` (PATH=VALUE) are given, and guide what is guessed.

    ``takes``: the device ids that a bare UEFI driver accepts, which names none itself.
    Raises FwsimError for a ROM that cannot be run, and for everything that a scenario is refused for.
    """
    try:
        rom = load_rom(path)
    except FwsimError as error:
        error.hint = error.hint or f"see what is in it: fwsim rom info {path}"
        raise
    base: dict[str, Any] = {"name": name_from(path.stem), "rom": {"file": str(path.absolute())}}
    uefi = rom.legacy is None
    if not uefi:
        base["call"] = [dict(each) for each in _CALLS]
    table = with_overrides(base, overrides)
    guesses = _of_drivers(rom, table, takes) if uefi else _guesses(rom, table)
    full = with_overrides(table, [f"{each.field}={each.value}" for each in guesses])
    scenario = from_table(full, str(path), Path.cwd())
    other = _with_vbt(path, scenario, overrides) if uefi else _other(path, rom, scenario, overrides)
    return Guessed(scenario, tuple(guesses), other)


def _guesses(rom: Rom, table: dict[str, Any]) -> list[Guess]:
    host, hypervisor, choice = (_section(table, name) for name in ("host", "hypervisor", "rom"))
    if rom.vendor != INTEL or host.get("vga", "auto") not in ("auto", "igd"):
        return []
    found: list[Guess] = []
    if "cpu" in host:
        row = family(str(host["cpu"]))
    else:
        row, why = _family(rom, host.get("device_id"))
        found.append(Guess("host.cpu", row.name, why))
    device = _number(host.get("device_id"))
    if device is None:
        device, why = _device(rom, row)
        found.append(Guess("host.device_id", f"{device:#06x}", why))
    on_host = hypervisor.get("kind") == "none"
    if "kind" not in hypervisor and (refusal := _refused(row, device)):
        found.append(Guess("hypervisor.kind", "none", f"the host itself, because {refusal}"))
        on_host = True
    as_it_is = hypervisor.get("rombar") == "off" or choice.get("source") == "shadow" or on_host
    if device != rom.device and device in rom.ids and not as_it_is and "fix_ids" not in choice:
        why = f"SeaBIOS would not run 8086:{rom.device:04x} for it; as after fwsim rom fix"
        found.append(Guess("rom.fix_ids", "true", why))
    return found


def _of_drivers(rom: Rom, table: dict[str, Any], takes: Sequence[int]) -> list[Guess]:
    """The machine on which UEFI drivers can start: OVMF, and the host's PCH at 00:1f.0, by which they go."""
    host, hypervisor, firmware = (_section(table, name) for name in ("host", "hypervisor", "firmware"))
    ids = tuple(takes) or rom.ids
    found = [] if "kind" in firmware else [Guess("firmware.kind", "ovmf", "UEFI drivers, and no legacy image")]
    names = named(ids)
    given = family_of_device(_number(host.get("device_id")) or 0)
    usual_of = given or (family(names[0]) if names else Scenario().host.family)
    row = family(str(host["cpu"])) if "cpu" in host else usual_of
    if "cpu" not in host:
        why = "the device id's" if given else f"most ids that the driver takes are {row.title}'s"
        found.append(Guess("host.cpu", row.name, why if given or names else f"no id tells: {row.title} is the default"))
    own = [each for each in ids if (known := family_of_device(each)) and known.name == row.name]
    if "device_id" not in host:
        usual = row.device_id in own or not own
        why = f"{row.title}'s usual" if usual else f"the first of {row.title} that the driver takes"
        found.append(Guess("host.device_id", f"{row.device_id if usual else own[0]:#06x}", why))
    if "lpc" not in hypervisor and hypervisor.get("kind", "qemu") == "qemu":
        found.append(Guess("hypervisor.lpc", "on", "x-igd-lpc: GOP drivers give up where 00:1f.0 is no PCH of theirs"))
    return found


def _with_vbt(path: Path, scenario: Scenario, overrides: Sequence[str]) -> str:
    """The command that gives a GOP driver the VBT which it needs; "" where there is one."""
    if scenario.host.vbt:
        return ""
    sets = (word for each in [*overrides, "host.vbt=VBT"] for word in ("--set", each))
    return shlex.join(["fwsim", "run", str(path), *sets])


def _section(table: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of the overrides; what is none is for the scenario's reader to refuse."""
    found = table.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: object) -> int | None:
    try:
        return None if value is None else int(str(value), 0)
    except ValueError:
        return None  # refused with its field's name when the scenario is read


def named(ids: Sequence[int]) -> list[str]:
    """The host cpus that device ids name, most often named first."""
    rows = [family_of_device(number) for number in ids]
    return [name for name, _ in Counter(row.name for row in rows if row).most_common()]


def _family(rom: Rom, given: object) -> tuple[Family, str]:
    """The host's family and why: by the device id ``given``, the PCIR, the VBT's name, or the most of the ids.

    Haswell, Skylake, Apollo Lake and Coffee Lake images carry 0406 in their PCIR whatever the machine's id is (see
    ``registers/device_ids.py``): an id of which the device list names no other of its family tells nothing.
    """
    device = _number(given)
    if device is not None and (row := family_of_device(device)):
        return row, f"8086:{device:04x} is {row.title}'s"
    names = named(rom.ids)
    own = family_of_device(rom.device or 0)
    stands_alone = own and len(names) > 1 and sum(family_of_device(each) == own for each in rom.ids) == 1
    if own and not stands_alone:
        return own, f"PCIR names 8086:{rom.device:04x}, {own.title}"
    by_vbt, word = _by_vbt(rom)
    if by_vbt and (not names or by_vbt.name in names):
        return by_vbt, f"the VBT is {word}'s" + (", and the device list has its ids" if names else "")
    if names:
        return family(names[0]), f"most ids of the device list are {family(names[0]).title}'s"
    usual = Scenario().host.family
    return usual, f"nothing in the ROM names a family that is known: {usual.title} is the default"


def _by_vbt(rom: Rom) -> tuple[Family | None, str]:
    """The family that the VBT's signature names ("$VBT SKYLAKE"), by its name or its code name; and the word."""
    vbt = rom.legacy.vbt if rom.legacy else None
    word = vbt.signature.removeprefix("$VBT").strip(" .").removesuffix("-MOBILE") if vbt else ""
    for row in families() if word else ():
        if word.lower() in (row.name.lower(), row.title.lower()) or f"({word.lower()})" in row.title.lower():
            return row, word
    return None, word


def _device(rom: Rom, row: Family) -> tuple[int, str]:
    """The device id and why: PCIR's own where it is the family's, else the family's usual or first in the list."""
    ids = [each for each in rom.ids if (known := family_of_device(each)) and known.name == row.name]
    if rom.device in ids:
        return rom.device, "PCIR names it"
    if row.device_id in ids:
        return row.device_id, f"the device list has it, {row.title}'s usual"
    if ids:
        return ids[0], f"the first of {row.title} in the device list"
    if not named(rom.ids) and rom.device is not None:
        return rom.device, "PCIR names it"
    return row.device_id, f"{row.title}'s usual"


def _refused(row: Family, device: int) -> str:
    """Why the default hypervisor does not take the device; "" where it does."""
    scenario = Scenario(host=Host(cpu=row.name, device_id=device))
    refusal = scenario.assignment.refusal
    return f"{scenario.hypervisor.design.title} refuses the device: {refusal}" if refusal else ""


def _other(path: Path, rom: Rom, scenario: Scenario, overrides: Sequence[str]) -> str:
    """The command for the next likely machine: another family that the ids name, another id, or the host itself."""
    if rom.vendor != INTEL:
        return ""
    cpus = [name for name in named(rom.ids) if name != scenario.host.cpu]
    ids = [each for each in rom.ids if each != scenario.host.device_id]
    if cpus:
        change = f"host.cpu={cpus[0]}"
    elif ids:
        change = f"host.device_id={ids[0]:#06x}"
    else:
        change = "hypervisor.kind=" + ("qemu" if scenario.hypervisor.design.on_host else "none")
    replaced = ("host.cpu=", "host.device_id=", change.partition("=")[0])
    kept = [each for each in overrides if not each.startswith(replaced)]
    return shlex.join(["fwsim", "run", str(path), *(word for each in [*kept, change] for word in ("--set", each))])
