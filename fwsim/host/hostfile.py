"""A host file is a scenario of what was found, each value with where it comes from as a comment."""

import json
import os
from pathlib import Path

import msgspec

from fwsim.errors import FwsimError
from fwsim.host import recognise
from fwsim.host.attach import attach
from fwsim.host.decode import NOT_INTEL, decode
from fwsim.host.facts import Area, Dumps, Imported, locate
from fwsim.host.gather import gather, shown
from fwsim.host.judge import host_checks, missing
from fwsim.host.rows import row_lines, take_functions
from fwsim.rom.files import refuse_existing, write_atomically
from fwsim.rules.placement import span
from fwsim.scenario.load import loads
from fwsim.units import MIB, format_size

FACTS = ".facts.json"
HEAD = "# fwsim host import"
_FIELDS = ("device_id", "ggc", "bdsm", "asls", "lpc_id")
_ROWS = "host_function"
_KEPT = ("bgsm", "tseg", "tolud", "pciexbar", "stolen_reserved", "host_bridge_id", "revision", "subsystem")
"""Facts no scenario has a field for: kept as comments, and in the file of facts."""


def read_dumps(paths: list[Path]) -> tuple[Dumps, dict[str, bytes]]:
    """(what the dumps say, the bytes of what is no plain file). Raises FwsimError as ``gather`` does."""
    found = gather(paths)
    decode(found)
    take_functions(found)
    packed = attach(found)
    return found.dumps, packed


def import_host(paths: list[Path], out: Path | None = None, force: bool = False) -> Imported:
    """Read ``paths``, judge what they say, and write the host file ``out`` with its file of facts, where one is named.

    Raises FwsimError when the dumps show no Intel IGD, and when a file exists without ``force`` or cannot be written.
    """
    dumps, packed = read_dumps(paths)
    if dumps.best("device_id") is None:
        raise FwsimError(
            "the dumps do not show the IGD: which host this is cannot be told",
            where=", ".join(str(path) for path in paths), found=_kinds(dumps), expected="00:02.0's configuration space",
            hint="sudo lspci -nnvvvxxxx > lspci.txt; or name the host by hand in a scenario ([host] cpu = ...)",
        )  # fmt: skip
    folder = shown(paths[0].absolute())
    result = Imported(host_import=folder, dumps=dumps)
    if out is not None:
        _write(result, out, packed, force)
    else:
        host_text(dumps, Path("host.toml"), {})  # what the scenario would refuse is said all the same
    result.missing, result.checks = missing(dumps), host_checks(dumps)
    if out is not None:
        result.host_file = shown(out)
        write_atomically(facts_of(out), msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n", force)
    return result


def facts_of(out: Path) -> Path:
    """The file of facts beside the host file ``out``."""
    return out.with_name(out.stem + FACTS)


def load_facts(data: bytes, where: str) -> Imported:
    """What ``host import`` kept or printed. Raises FwsimError naming ``where``."""
    try:
        return msgspec.json.decode(data, type=Imported)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise FwsimError(
            "not what fwsim host import keeps", where=where, found=str(error), expected=f"a host file's {FACTS}",
            hint="fwsim host import DIR --out host.toml",
        ) from None  # fmt: skip


def _kinds(dumps: Dumps) -> str:
    odd = [f"{note.where}: {note.what}" for note in dumps.notes if note.what.endswith(NOT_INTEL)]
    known = [f"{each.file}: {', '.join(each.kinds)}" for each in dumps.sources if each.kinds]
    return "; ".join([*odd, *known][:4])


def _write(result: Imported, out: Path, packed: dict[str, bytes], force: bool) -> None:
    names = packed_names(packed, out)
    if not out.absolute().parent.is_dir():
        raise FwsimError("no such folder", where=str(out.parent), expected="where the host file goes",
                         hint=f"mkdir -p {out.parent}, or another --out")  # fmt: skip
    ours = [out, facts_of(out), *names.values()]
    refuse_existing(ours, force)
    _spare_the_dumps(ours, result.dumps)
    text = host_text(result.dumps, out, {kind: str(path.absolute()) for kind, path in names.items()})
    for kind, path in names.items():
        write_atomically(path, packed[kind], force)
    write_atomically(out, text.encode(), force)


def _spare_the_dumps(ours: list[Path], dumps: Dumps) -> None:
    """--force replaces what an import wrote, never a dump that is being read."""
    read = {source.path for source in dumps.sources if recognise.OURS not in source.kinds}
    lost = next((path for path in ours if shown(path.absolute()) in read), None)
    if lost is not None:
        raise FwsimError(
            "is one of the dumps", where=str(lost), expected="a name for the host file", hint="give another --out"
        )


def _suffix(kind: str) -> str:
    """What a packed dump's file is called, after the host file's stem."""
    return {"opregion": ".opregion", "vbt": ".opregion", "rom": ".rom"}.get(kind, f".{kind[5:]}.edid")


def packed_names(packed: dict[str, bytes], out: Path) -> dict[str, Path]:
    """The files beside ``out`` for what is no plain file among the dumps, by kind."""
    return {kind: out.with_name(f"{out.stem}{_suffix(kind)}") for kind in packed}


def host_text(dumps: Dumps, out: Path, written: dict[str, str]) -> str:
    """The host file ``out``'s text; ``written``: where packed dumps were written, by kind.

    A value that no scenario may have is left out, and said. A [rom], where there is one, comes last.
    """
    left_out: set[str] = set()
    while True:
        text = _compose(dumps, out, written, left_out)
        try:
            loads(text, out.name, out.absolute().parent)
            return text
        except FwsimError as error:
            field = error.where.rpartition(" host.")[2]
            if (" host_function." in error.where or field == "slot") and _ROWS not in left_out:
                left_out.add(_ROWS)
                dumps.say("warning", error.where, f"the host's functions were not taken: {error.what}", error.found,
                          error.expected, error.hint)  # fmt: skip
                continue
            if field in left_out or field not in _FIELDS:
                raise
            left_out.add(field)
            fact = dumps.best(field)
            dumps.say("warning", fact.place if fact else field, f"{field} was not taken: {error.what}", error.found,
                      error.expected, error.hint)  # fmt: skip


def _compose(dumps: Dumps, out: Path, written: dict[str, str], left_out: set[str]) -> str:
    lines = [f"{HEAD}: each value with its source; everything is in {facts_of(out).name}", ""]
    lines.append("[host]")
    lines.append(_line("cpu", f'"{dumps.cpu}"', dumps.cpu_from) if dumps.cpu else "# cpu: the device id is unknown")
    for name in _FIELDS:
        fact = dumps.best(name)
        if fact and name not in left_out and (fact.value or name not in ("bdsm", "asls")):
            digits = 10 if name in ("bdsm", "asls") else 6
            register = name == "bdsm" and fact.rank <= 1  # bits 19:1 are none of the address
            value = fact.value & (-MIB | 1) if register else fact.value
            lines.append(_line(name, f"{value:#0{digits}x}", fact.place))
    region = written.get("opregion") or (dumps.opregion or written.get("vbt", ""))
    if region:
        why = Path(dumps.opregion).name if dumps.opregion else f"made from {Path(dumps.vbt).name}"
        lines.append(_line("opregion", _path(region, out), why))
    igd = _igd_rmrr(dumps)
    if igd is not None:
        lines.append(_line("rmrr", f'["{igd.start:#x}-{igd.end - 1:#x}"]', locate(igd.file, igd.line)))
    lines += _kept(dumps)
    for monitor in dumps.monitors:
        lines += ["", "[[display]]", _line("port", f'"{monitor.port}"', monitor.place)]
        if monitor.edid:
            name = written.get(f"edid-{monitor.port}") or monitor.edid
            lines.append(_line("edid", _path(name, out), ""))
    if _ROWS not in left_out:
        lines += [line for fact in dumps.functions for line in row_lines(fact)]
    if dumps.rom:
        lines += ["", "[rom]", _line("file", _path(written.get("rom") or dumps.rom, out), "")]
        lines += [] if dumps.rom_accepts else ["any_device = true"]
    return "\n".join(lines) + "\n"


def _igd_rmrr(dumps: Dumps) -> Area | None:
    """The RMRR that stolen memory is in."""
    base = (dumps.value("bdsm") or 0) & -MIB
    return next((area for area in dumps.rmrr if base and area.start <= base < area.end), None)


def _kept(dumps: Dumps) -> list[str]:
    """What a scenario has no field for, as comments."""
    facts = [fact for name in _KEPT if (fact := dumps.best(name)) and fact.value]
    lines = [f"# {fact.name} {fact.value:#x}    {_plain(fact.place)}" for fact in facts]
    lines += [f"# rmrr {span(area.start, area.end)}    {_plain(area.file)}:{area.line}" for area in dumps.rmrr
              if area is not _igd_rmrr(dumps)]  # fmt: skip
    if dumps.e820:
        lines.append(f"# e820    {_plain(dumps.e820_from)}")
        rows = [f"#   {span(row.start, row.end)} {row.type}, {format_size(row.end - row.start)}" for row in dumps.e820]
        lines += rows
    return ["", *lines] if lines else []


def _line(name: str, value: str, comment: str) -> str:
    return f"{name} = {value}" + (f"    # {_plain(comment)}" if comment else "")


def _plain(text: str) -> str:
    """``text`` as a TOML comment takes it."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _path(name: str, out: Path) -> str:
    """``name`` as a TOML string, from the folder of ``out`` on where it lies below it or beside it."""
    relative = os.path.relpath(name, out.absolute().parent)
    best = relative if not relative.startswith("../..") else os.path.abspath(name)
    return json.dumps(best, ensure_ascii=False).replace("\x7f", "\\u007f")
