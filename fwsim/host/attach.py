"""Of the binary dumps those that fit go into the host file: OpRegion, ROM and monitors, one of each."""

import re
from pathlib import Path
from typing import get_args

from fwsim.devices.edid import parse_edid
from fwsim.errors import FwsimError
from fwsim.host import recognise
from fwsim.host.facts import Dumps, Monitor
from fwsim.host.gather import Gathered, shown
from fwsim.host.recognise import File
from fwsim.registers.families import family
from fwsim.rom.chain import MAX_FILE_SIZE, inspect_bytes
from fwsim.rom.finding import Finding, first_error
from fwsim.rom.opregion import SIZE, VBT_ROOM, build_opregion, parse_opregion
from fwsim.rom.vbt import parse_vbt
from fwsim.scenario.model import Port

_CONNECTOR = re.compile(r"(HDMI-A|HDMI|eDP|DP|DVI-D|DVI-I|DVI|LVDS|VGA)-(\d)(?!\d)", re.IGNORECASE)
_LETTERS = "bcd"
_FLASH_SHOWN = 4
_INTEL = 0x8086


def attach(found: Gathered) -> dict[str, bytes]:
    """Choose OpRegion, VBT, ROM and monitors; the bytes of those that are no plain file, by their kind."""
    packed: dict[str, bytes] = {}
    for kind, choose in ((recognise.OPREGION, _opregion), (recognise.VBT, _vbt), (recognise.ROM, _rom)):
        for file in found.binaries.get(kind, []):
            choose(found.dumps, file, packed)
    for file in found.binaries.get(recognise.FLASH, []):
        _flash(found.dumps, file)
    if found.dumps.opregion:
        packed.pop("vbt", None)  # the OpRegion has it
    _monitors(found, packed)
    return packed


def _flash(dumps: Dumps, file: File) -> None:
    """What a flash image holds for a graphics device, by number, and the command that takes the first out."""
    from fwsim.rom.flash.find import search

    result = search(file.data)
    items = [(number, item) for number, item in enumerate(result.items) if item.graphics]
    items = [row for row in items if row[1].vendor in (None, _INTEL)] or items
    if not items:
        what = f"a firmware image without an option ROM, VBT or GOP driver that can be read: {', '.join(result.what)}"
        dumps.say("note", file.name, what, f"{len(file.data)} bytes", "an option ROM", f"fwsim rom find {file.name}")
        return
    said = "; ".join(f"{number}: {item.title}" for number, item in items[:_FLASH_SHOWN])
    more = f" and {len(items) - _FLASH_SHOWN} more" if len(items) > _FLASH_SHOWN else ""
    dumps.say(
        "note", file.name, f"a firmware image, not an option ROM; in it {said}{more}", f"{len(file.data)} bytes",
        "an option ROM", f"fwsim rom extract {file.name} --only {items[0][0]} --out roms",
    )  # fmt: skip


def _set(dumps: Dumps, field: str, file: File, data: bytes, packed: dict[str, bytes]) -> None:
    if getattr(dumps, field):
        dumps.say("note", file.name, f"a second {field}, not taken", hint="keep one machine's dumps in a folder")
        return
    setattr(dumps, field, shown(file.path))
    if not file.plain or data is not file.data:
        packed[field] = data


def _opregion(dumps: Dumps, file: File, packed: dict[str, bytes]) -> None:
    odd: list[Finding] = []
    try:
        parse_opregion(file.data, odd, file.name)
    except FwsimError as error:
        dumps.say("warning", error.where, error.what, error.found, error.expected, error.hint)
        return
    for finding in odd:
        at = f"{file.name} at {finding.offset:#x}"
        dumps.say(finding.level, at, finding.what, finding.found, finding.expected, finding.hint)
    if SIZE <= len(file.data) <= 1 << 20:
        _set(dumps, "opregion", file, file.data, packed)


def _vbt(dumps: Dumps, file: File, packed: dict[str, bytes]) -> None:
    vbt = parse_vbt(file.data, 0, [])
    if vbt is None or not 0 < vbt.size <= len(file.data):
        seen, wanted = f"{len(file.data)} bytes", f"{vbt.size if vbt else 32} bytes, as its header says"
        dumps.say("warning", file.name, "the VBT is cut off", seen, wanted, "copy it again")
        return
    try:
        region = build_opregion(file.data[: vbt.size] if vbt.size > VBT_ROOM else file.data[:VBT_ROOM])
    except FwsimError as error:
        dumps.say("warning", file.name, error.what, error.found, error.expected)
        return
    _set(dumps, "vbt", file, region, packed)


def _rom(dumps: Dumps, file: File, packed: dict[str, bytes]) -> None:
    rom = inspect_bytes(file.data[:MAX_FILE_SIZE], file.path)
    error = first_error(rom.findings)
    if error is not None or not rom.images:
        broken = error or Finding("error", 0, "no image in it")
        at = f"{file.name} at {broken.offset:#x}"
        what = f"a ROM that cannot be run: {broken.what}"
        dumps.say("warning", at, what, broken.found, broken.expected, "dump it again")
        return
    if rom.vendor is not None and rom.vendor != 0x8086:
        ids = f"{rom.vendor:04x}:{rom.device or 0:04x}"
        dumps.say("note", file.name, "another device's ROM, not taken", ids, "8086")
        return
    device = dumps.value("device_id")
    fits = device is None or rom.accepts(0x8086, device)
    if dumps.rom and (dumps.rom_accepts or not fits):
        dumps.say("note", file.name, "a second ROM, not taken", hint="another: fwsim run host.toml --rom FILE")
        return
    if dumps.rom:
        dumps.say("note", Path(dumps.rom).name, "a ROM for other devices, not taken: a better one is there")
        dumps.rom = ""
        packed.pop("rom", None)
    _set(dumps, "rom", file, file.data, packed)
    dumps.rom_accepts = fits
    if not fits:
        ids = ", ".join(f"{each:04x}" for each in rom.ids[:8])
        what = "the ROM does not name this device; rom.any_device is set"
        dumps.say("warning", file.name, what, ids, f"{device:04x}")


def port_of(connector: str) -> str:
    """A scenario's port for a connector as the kernel names it, "" for none; ``HDMI-A-1`` is taken as port B's."""
    match = _CONNECTOR.search(connector)
    if not match:
        return ""
    kind, number = match[1].lower(), int(match[2])
    word = {"hdmi-a": "hdmi", "dvi-d": "dvi", "dvi-i": "dvi", "vga": "crt"}.get(kind, kind)
    if word in ("crt", "edp", "lvds"):
        return word if number == 1 else ""
    name = f"{word}-{_LETTERS[number - 1]}" if 1 <= number <= len(_LETTERS) else ""
    return name if name in get_args(Port) else ""


def _monitors(found: Gathered, packed: dict[str, bytes]) -> None:
    dumps, taken = found.dumps, set[str]()
    for file in found.binaries.get(recognise.EDID, []):
        try:
            edid = parse_edid(file.data, file.name)
        except FwsimError as error:
            dumps.say("warning", error.where, error.what, error.found, error.expected, error.hint)
            continue
        port = port_of(file.name)
        if not port:
            port = next(iter(family(dumps.cpu).displays if dumps.cpu else ()), "crt")
            dumps.say("note", file.name, "an EDID whose name has no connector: taken for the family's usual port",
                      f"{edid.maker} {edid.name}".strip(), "a name such as HDMI-A-1.edid")  # fmt: skip
        if port in taken:
            dumps.say("note", file.name, "a second monitor on one port, not taken", port)
            continue
        taken.add(port)
        if not file.plain:
            packed[f"edid-{port}"] = file.data
        dumps.monitors.append(Monitor(port=port, edid=shown(file.path), place=file.name))
    for connector, place in found.connectors.items():
        port = port_of(connector)
        if port and port not in taken:
            taken.add(port)
            dumps.monitors.append(Monitor(port=port, place=f"{place}, {connector} connected"))
