"""What xl.cfg says of devices to assign: ``pci``, ``passthrough`` and ``vpci``, from a scenario's options or a file.

Source: Xen docs/man/xl.cfg.5.pod.in; tools/xl/xl_parse.c, tools/libs/light/libxl_create.c, libxl_arm.c, libxl_pci.c.
``backend``, ``vpci`` and a bus made for ``passthrough`` alone are proposals (xen-devel, 17 and 20 July 2020).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

from msgspec import structs

from fwsim.errors import FwsimError
from fwsim.hypervisor.xl.passage import Passage
from fwsim.hypervisor.xl.pci_spec import SWITCHES, PciOptions, XlDevice, nearest, read_spec
from fwsim.hypervisor.xl.xl_cfg import Listed, Value, config
from fwsim.units import MIB

Passthrough = Literal["default", "disabled", "enabled", "sync_pt", "share_pt"]
PASSTHROUGH: tuple[Passthrough, ...] = ("default", "disabled", "enabled", "sync_pt", "share_pt")
ECAM = "pci_ecam"
_LISTS = ("pci", "assignable")
_DEFAULTS = tuple(f"pci_{each}" for each in SWITCHES)
OPTIONS = (*_LISTS, "passthrough", "vpci", *_DEFAULTS)
"""The names under ``hypervisor.options``; all but ``assignable`` are xl.cfg's own."""
_WHERE, _FILE = "hypervisor.options", "hypervisor.xl_cfg"
_BARE = {"passthrough": PASSTHROUGH, "vpci": (ECAM,)}
"""Taken without quotes too, as the mails write them."""
_MOST_NAMED = 60


@dataclass(frozen=True)
class XlPci:
    """What is assigned to a domain. ``vpci`` is ``"pci_ecam"`` or ""; ``notes``: what is to be told, as a hypervisor's
    messages are ("info: ...", "warning: ..."). ``names``: what ``name=`` may say, by ``assignable``.
    """

    devices: tuple[XlDevice, ...] = ()
    passthrough: Passthrough = "default"
    vpci: str = ""
    names: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    passthrough_at: Passage = field(default=Passage("", f"{_WHERE}.passthrough"), compare=False, repr=False)

    @property
    def iommu(self) -> bool:
        """Whether the domain's DMA can be translated: decided when it is made, devices or not (libxl_create.c)."""
        return bool(self.devices) or self.passthrough not in ("default", "disabled")

    @property
    def prepared(self) -> bool:
        """Whether the domain gets a PCI bus: for devices, for those that come later, or because it is asked for."""
        return self.iommu or self.vpci == ECAM

    def device(self, sbdf: int) -> XlDevice | None:
        """The entry that assigns that function of the host, None for none."""
        for each in self.devices:
            if each.sbdf == sbdf or (each.every and each.sbdf is not None and each.sbdf >> 3 == sbdf >> 3):
                return each
        return None


def read(given: Mapping[str, object], file: str = "") -> XlPci:
    """The options in ``given`` that are named in ``OPTIONS``, over the lines of the xl.cfg ``file`` ("" for none).

    Raises FwsimError that points at the character for what xl does not read, or what contradicts itself.
    """
    values, notes = _from_file(file) if file else ({}, [])
    for name in OPTIONS:
        if name in given:
            if name in values:
                notes.append(f"info: {_WHERE}.{name} counts, not {name} of {file}")
            values[name] = _option(name, given[name])
    usual = PciOptions()
    for name in _DEFAULTS:
        if name in values:
            usual = usual.switched(name.removeprefix("pci_"), _switch(name, values[name]))
    devices = tuple(read_spec(each, usual) for each in _strings("pci", values.get("pci")))
    once(devices)
    found = XlPci(devices, names=_names(_strings("assignable", values.get("assignable"))))
    return _combined(found, values.get("passthrough"), values.get("vpci"), notes)


# --- where the values come from --------------------------------------------------------------------------------------


def _option(name: str, value: object) -> Value:
    """A scenario's value in the form that a file's have."""
    where = f"{_WHERE}.{name}"
    if name in _LISTS:
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            items = tuple(Passage(each, f"{where}.{index}") for index, each in enumerate(value))
            return Listed(items, Passage("", where))
        example = '["08:00.0,backend=vpci", "09:00.0"]' if name == "pci" else '["nic=08:00.0"]'
        hint = f'such as ["{value}"]' if isinstance(value, str) else "each entry is a text in quotes"
        raise FwsimError("not a list of strings", where=where, found=repr(value), expected=example, hint=hint)
    if name in _DEFAULTS and isinstance(value, int):
        return Passage(str(int(value)), where)
    if isinstance(value, str):
        return Passage(value, where)
    raise FwsimError(
        "not of the option's type", where=where, found=repr(value), hint="see xl.cfg(5)",
        expected="true or false" if name in _DEFAULTS else 'a text, such as "enabled"',
    )  # fmt: skip


def _from_file(file: str) -> tuple[dict[str, Value], list[str]]:
    """The lines of ``file`` that are used, and what is to be said of the others."""
    found = config(_text(file), file, _BARE)
    notes = [
        f'warning: {file}, line {row}: {key} is taken, but xl reads a text in quotes only: {key} = "..."'
        for key, row in found.repaired
    ]
    used = {name: value for name, value in found.values.items() if name in OPTIONS and name != "assignable"}
    left = [name for name in found.values if name not in used]
    if left:
        more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
        notes.append(f"info: not used of {file}: {', '.join(left[:_MOST_NAMED])}{more}")
    return used, notes


def _text(file: str) -> str:
    """Its text; bytes that are no UTF-8 are kept apart from every sign of the grammar."""
    expected, hint = "an xl.cfg that can be read", "name the domain's configuration file"
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(MIB + 1)
    except OSError as error:
        raise FwsimError(
            f"cannot be read: {error.strerror or error}", where=_FILE, found=file, expected=expected, hint=hint
        ) from None
    if len(data) > MIB or b"\0" in data:
        found = f"{file}, over 1 MiB" if len(data) > MIB else f"{file}, which has NUL bytes"
        raise FwsimError("not an xl.cfg", where=_FILE, found=found, expected=expected, hint=hint)
    return data.decode("utf-8", "replace")


def _strings(name: str, value: Value | None) -> Iterator[Passage]:
    """A list's entries. Of a list in a list, or no list, xl warns and goes on without the devices: here it is wrong."""
    if value is None:
        return
    if isinstance(value, Passage):
        raise value.refused(f"{name} is a single value but should be a list", expected=f'{name} = ["08:00.0"]',
                            hint=f'write [ "{value.text}" ]')  # fmt: skip
    for each in value.items:
        if isinstance(each, Listed):
            raise each.at.refused(f"a list in the list {name}", expected="strings alone", hint="take its [ ] away")
        yield each


def _single(name: str, value: Value) -> Passage:
    if isinstance(value, Listed):
        raise value.at.refused(f"{name} is a list but should be a single value", expected="a string or a number")
    return value


def _switch(name: str, value: Value) -> bool:
    """Whether a number as strtol reads it, in any base of C's, is not 0 (xlu_cfg_get_bounded_long)."""
    passage = _single(name, value)
    if not re.fullmatch(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)", passage.text):
        raise passage.refused("not a number", expected="0 or 1", hint="1 is on, for every device")
    return any(each in "123456789abcdef" for each in passage.text.lower())


# --- what goes together ----------------------------------------------------------------------------------------------


def _names(entries: Iterable[Passage]) -> tuple[tuple[str, int], ...]:
    """``NAME=BDF``: as ``xl pci-assignable-add --name NAME BDF`` would have it."""
    found: dict[str, int] = {}
    for each in entries:
        name, sign, place = each.text.partition("=")
        if not sign or not name:
            raise each.refused("not a named device", expected="NAME=BDF", hint='such as "nic=08:00.0"')
        start = len(name) + 1
        columns = each.columns or range(len(each.text))
        inner = structs.replace(
            each, text=place, line=each.line or each.text, columns=columns[start:], start=columns[start - 1] + 1,
            width=len(place),
        )  # fmt: skip
        device = read_spec(inner)
        if device.sbdf is None or device.every or len(device.marks) > 1:
            raise inner.refused("not one function", expected="a BDF alone", hint='such as "nic=08:00.0"')
        if name in found:
            raise each.error("a name given twice", 0, len(name), expected="each name once", hint="remove one")
        found[name] = device.sbdf
    return tuple(found.items())


def once(devices: Iterable[XlDevice]) -> None:
    """Raises FwsimError where a function of the host, or a slot of the guest, is given to two entries."""
    names: dict[str, XlDevice] = {}
    functions: dict[int, dict[int, XlDevice]] = {}
    slots: dict[tuple[int, int], XlDevice] = {}
    for each in devices:
        if each.sbdf is None:
            first = names.setdefault(each.name, each)
        else:
            there = functions.setdefault(each.sbdf >> 3, {})
            found = there.get(-1) or (next(iter(there.values()), None) if each.every else there.get(each.sbdf & 7))
            first = found or there.setdefault(-1 if each.every else each.sbdf & 7, each)
        if first is not each:
            raise each.error("bdf", "a device given twice", expected="each function of the host once",
                             hint=f"{first.title} is given in {_place(first)}; remove one")  # fmt: skip
        if each.vslot is not None:
            other = slots.setdefault((each.vslot, each.function), each)
            if other is not each:
                raise each.error("vslot", "two devices in one slot of the guest", expected="another slot, or none",
                                 hint=f"{other.title} has it, in {_place(other)}")  # fmt: skip


def _place(device: XlDevice) -> str:
    """Where the entry is that assigns it."""
    at = (device.marks.get("bdf") or device.marks.get("name") or (0, 1))[0]
    return device.passage.place(at) if device.passage.row else f"{device.passage.where}, {device.passage.place(at)}"


def _combined(found: XlPci, passthrough: Value | None, vpci: Value | None, notes: list[str]) -> XlPci:
    """The two switches beside the devices. Raises FwsimError where they contradict them, or each other."""
    word: Passthrough = "default"
    if passthrough is not None:
        at = _single("passthrough", passthrough)
        if at.text.lower() not in PASSTHROUGH:  # libxl__enum_from_string takes capitals
            raise at.error("no such passthrough", 0, len(at.text), expected="one of " + ", ".join(PASSTHROUGH),
                           hint=nearest(at.text, PASSTHROUGH) or "choose one of these")  # fmt: skip
        word = cast(Passthrough, at.text.lower())
        found = replace(found, passthrough_at=at)
        if word == "disabled" and found.devices:
            raise at.error("passthrough disabled but devices are specified", 0, len(at.text),
                           expected="enabled, or no pci", hint="leave passthrough out: devices enable it")  # fmt: skip
    found = replace(found, passthrough=word)
    if vpci is not None:
        at = _single("vpci", vpci)
        if at.text != ECAM:
            raise at.error("no such virtual bus", 0, len(at.text), expected=ECAM,
                           hint=nearest(at.text, (ECAM,)) or f"write {ECAM}, or remove it")  # fmt: skip
        if word == "disabled":
            raise at.error(f"{ECAM}, and passthrough disabled", 0, len(at.text), expected="one of them",
                           hint="remove vpci: a bus without passthrough has no devices")  # fmt: skip
        notes.append(_vpci_note(found))
        found = replace(found, vpci=ECAM)
    return replace(found, notes=tuple(notes))


def _vpci_note(found: XlPci) -> str:
    if found.iommu:
        why = "pci = [ ... ]" if found.devices else f'passthrough = "{found.passthrough}"'
        return f'warning: vpci = "{ECAM}" is redundant: {why} makes the bus already'
    return (
        f'warning: vpci = "{ECAM}" makes the bus and not the IOMMU\'s part: a device that comes later is refused; '
        'passthrough = "enabled" prepares both'
    )
