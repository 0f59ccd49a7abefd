"""Every file of a folder is read and recognised by its content, and its facts are put together."""

import os
import stat
from pathlib import Path

from msgspec import Struct, field

from fwsim.errors import FwsimError
from fwsim.host import archive, recognise
from fwsim.host.buses import listed_groups
from fwsim.host.facts import Area, Dumps, Fact, Source
from fwsim.host.firmware_log import read_firmware_log
from fwsim.host.kernel import read_log
from fwsim.host.listings import read_inteltool, read_iomem, read_registers
from fwsim.host.lspci import Function, from_bytes, read_lspci
from fwsim.host.markup import unmarked
from fwsim.host.recognise import File
from fwsim.results.summary import E820Range

MAX_FILES = 2000
MACHINE, FIRMWARE = "machine", "firmware"
OUR_CAPTURE = "fwsim host capture:"
_BY_CLASS = {0x0600: "00:00.0", 0x0300: "00:02.0", 0x0380: "00:02.0", 0x0601: "00:1f.0"}
_PAGE = 4096


class Gathered(Struct):
    """The dumps so far, and what is only needed while they are read: functions with their file, binary files."""

    dumps: Dumps = field(default_factory=Dumps)
    functions: list[tuple[Function, str]] = field(default_factory=list)
    binaries: dict[str, list[File]] = field(default_factory=dict)
    groups: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Each function's IOMMU group by a listing of /sys/kernel/iommu_groups, with the place."""
    connectors: dict[str, str] = field(default_factory=dict)
    """Connected ones by the log, with the place."""
    part: str = ""


def gather(paths: list[Path]) -> Gathered:
    """Read ``paths``, files or folders with all below them.

    Raises FwsimError for a path that is not there, and when no file tells anything; what is odd about one file is a
    note.
    """
    dumps = Dumps()
    found = read_files(list_files(paths, dumps), Gathered(dumps))
    if not any(source.kinds for source in found.dumps.sources):
        where = ", ".join(str(path) for path in paths)
        raise FwsimError(
            "nothing here tells of a machine", where=where, found=_what_there_was(found.dumps),
            expected="lspci -xxxx, /proc/iomem, dmesg, OpRegion, ROM or inteltool dumps, with any name",
            hint="collect them there: sudo fwsim host capture --out dumps",
        )  # fmt: skip
    return found


def list_files(paths: list[Path], dumps: Dumps) -> list[tuple[Path, str]]:
    """(file, its name in a report) for each of ``paths``, folders with all below them, sorted, archives unpacked.

    Two of one name are told apart by their paths as given. Raises FwsimError for a path that is not there.
    """
    there = [row for path in paths for row in _files(path, dumps)]
    found = [row for path, name in there for row in _unpacked(path, name, dumps)]
    names = [name for _, name in found]
    return [(file, name if names.count(name) == 1 else shown(file)) for file, name in found]


def read_files(files: list[tuple[Path, str]], found: Gathered, part: str = "") -> Gathered:
    """Read ``files`` into ``found``, which is returned; that none tells anything is no error here.

    ``part`` "" takes everything, ``MACHINE`` all but a guest's firmware's log, ``FIRMWARE`` only that: a file may have
    both, pasted into one.
    """
    found.part = part
    for file, name in files:
        _take(found, file, name)
    return found


def shown(path: Path | str) -> str:
    """A file's name as text that can be printed: what is no UTF-8 in it, or moves the cursor, becomes ``?``."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "?" for each in text)


def _what_there_was(dumps: Dumps) -> str:
    if not dumps.sources:
        return "no files"
    notes = [f"{note.where}: {note.found or note.what}" for note in dumps.notes]
    names = [source.file for source in dumps.sources]
    return "; ".join([*(notes or names)][:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _files(path: Path, dumps: Dumps) -> list[tuple[Path, str]]:
    """(file, its name in the report) for each file of ``path``, sorted."""
    try:
        if "\0" in str(path) or not path.exists():
            raise FwsimError(
                "no such file or folder", where=str(path), expected="a folder with a machine's dumps",
                hint="make one on that machine: sudo fwsim host capture --out dumps",
            )  # fmt: skip
        if not path.is_dir():
            return [(path, shown(path.name))]
        found: list[tuple[Path, str]] = []
        for folder, below, names in os.walk(path):
            below.sort()
            found += [(Path(folder, name), shown(Path(folder, name).relative_to(path))) for name in sorted(names)]
    except OSError as error:
        raise FwsimError(f"cannot be read: {error.strerror}", where=str(path), hint="check its permissions") from None
    if len(found) > MAX_FILES:
        dumps.say("warning", str(path), f"only the first {MAX_FILES} files were read", str(len(found)))
    return found[:MAX_FILES]


def _unpacked(path: Path, name: str, dumps: Dumps) -> list[tuple[Path, str]]:
    """The file itself, or the files of an archive, called by their names in it; an archive in it is not opened."""
    if not path.is_file() or not archive.is_archive(path):
        return [(path, name)]
    inside = archive.unpack(path, MAX_FILES)
    for problem in inside.problems:
        dumps.say("warning", name, problem, expected="a whole tar archive", hint="make it again, or unpack it")
    if not inside.files and not inside.problems:
        dumps.say("warning", name, "an archive without files", expected="a capture: fwsim host capture --script")
    return sorted(inside.files, key=lambda row: row[1])


def _take(found: Gathered, path: Path, name: str) -> None:
    """Read one file, and take what it tells."""
    file = _read(path, name, found.dumps)
    if file is None:
        return
    kinds = _take_data(found, file)
    found.dumps.sources.append(Source(file=name, path=shown(file.path), kinds=kinds))
    promised = recognise.claim(name)
    if promised is None or promised[0] in kinds or recognise.OURS in kinds:
        return
    kind, command = promised
    if not file.data:
        found.dumps.say("warning", name, "is empty: reading it failed, or nobody did", "0 bytes", kind, command)
    elif kinds:
        seen = f"{' and '.join(kinds)}, and taken as that"
        found.dumps.say("note", name, "not what its name says", seen, f"by its name: {kind}", "rename it")
    else:
        seen = recognise.describe(file.data, recognise.text_of(file.data))
        found.dumps.say("warning", name, "not what its name says; nothing was taken", seen, kind, command)


def _read(path: Path, name: str, dumps: Dumps) -> File | None:
    try:
        with open(path, "rb", opener=lambda at, flags: os.open(at, flags | os.O_NONBLOCK | os.O_CLOEXEC)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                dumps.say("note", name, "is no regular file and was left out")
                return None
            raw = file.read(recognise.MAX_SIZE + 1)
    except OSError as error:
        dumps.say("warning", name, f"cannot be read: {error.strerror}", hint="check its permissions")
        return None
    if len(raw) > recognise.MAX_SIZE:
        dumps.say("note", name, "only its first 32 MiB were read")
        raw = raw[: recognise.MAX_SIZE]
    data, packed, problem = recognise.unpack(raw)
    if problem:
        dumps.say("warning", name, problem, expected="a whole gzip file", hint="copy it again")
    # a TOML file is UTF-8: it cannot name any other; and what was unpacked does not last
    readable = shown(path) == str(path) and not archive.unpacked(path)
    return File(name, path.absolute(), data, plain=not packed and readable, cut=bool(problem))


def _take_data(found: Gathered, file: File) -> list[str]:
    """Take what ``file`` tells; the kinds it was recognised as."""
    kind = recognise.binary_kind(file.data) or recognise.of_another_vendor(file)
    if kind == recognise.CONFIG:
        return [kind] if _take_config(found, file) else []
    if kind:
        found.binaries.setdefault(kind, []).append(file)
        return [kind]
    text = recognise.text_of(file.data)
    if text is None:
        return []
    if text.startswith((OUR_CAPTURE, "# fwsim host import", '{\n  "host_import"')):
        return [recognise.OURS]
    raw = recognise.from_hex_dump(text)
    if raw and recognise.binary_kind(raw):
        return _take_data(found, File(file.name, file.path, raw, plain=False, cut=file.cut))
    return _take_text(found, unmarked(text).splitlines(), file.name)


def _take_config(found: Gathered, file: File) -> bool:
    """A raw configuration space: which function it is, its class says, and its name where there are several."""
    data, name = file.data, file.name
    if data[:2] not in (b"\x86\x80", b"\0\0", b"\xff\xff"):
        bdf = recognise.bdf_in(name)
        found.functions += [(from_bytes(bdf, data), name)] if bdf else []  # whose vendor is told with its ids
        return True
    if data[:2] != b"\x86\x80":
        what = "the device did not answer: off, in D3cold, or not there" if data[0] else "all zero"
        found.dumps.say("warning", name, what, data[:8].hex(" "), "86 80: Intel", "wake it, and dump it again")
        return False
    named, display = recognise.bdf_in(name), int.from_bytes(data[10:12], "little")
    by_class = _BY_CLASS.get(display, "")
    if named and by_class and named != by_class:
        seen = f"class {display:04x}: {by_class}, and taken as that"
        found.dumps.say("warning", name, "not the function its name says", seen, named, "rename it")
    bdf = by_class or named
    if not bdf:
        found.dumps.say("note", name, "a function that no host file needs", f"class {display:04x}")
        return True
    found.functions.append((from_bytes(bdf, data), name))
    return True


def _take_text(found: Gathered, lines: list[str], name: str) -> list[str]:
    if found.part == FIRMWARE:
        return _take_firmware(found, lines, name)
    kinds: list[str] = []
    functions = [each for each in read_lspci(lines) if each.bytes_at or each.vendor or each.regions]
    if functions:
        kinds.append(recognise.LSPCI)
        found.functions += [(function, name) for function in functions]
    listed = listed_groups(lines)
    if listed:
        kinds.append(recognise.GROUPS)
        found.groups |= {slot: (number, name) for slot, number in listed.items()}
    kinds += _take_iomem(found, lines, name) + _take_log(found, lines, name)
    kinds += _take_firmware(found, lines, name) if found.part != MACHINE else []
    tool = read_inteltool(lines)
    if tool:
        kinds.append(recognise.TOOL)
    registers, count = read_registers(lines)
    if count > 1:
        kinds.append(recognise.REGISTERS)
    for fact, value, line in (*tool, *(registers if count > 1 else [])):
        word = value & 0xFFFF if fact == "ggc" else value
        found.dumps.facts.append(Fact(name=fact, value=word, file=name, line=line, rank=1))
    return kinds


def _take_iomem(found: Gathered, lines: list[str], name: str) -> list[str]:
    iomem = read_iomem(lines, name)
    if iomem.hidden:
        found.dumps.say(
            "warning", name, "every address is zero: it was read without root", "00000000-00000000",
            "addresses", "sudo cat /proc/iomem > iomem",
        )  # fmt: skip
    if len(iomem.areas) < 2:
        return [recognise.IOMEM] if iomem.hidden else []
    found.dumps.iomem = found.dumps.iomem or iomem.areas
    for area in iomem.areas:
        if area.label == "Graphics Stolen Memory":
            _take_stolen(found.dumps, area)
        elif area.label == "0000:00:02.0":
            found.dumps.bars.append(area)
    return [recognise.IOMEM]


def _take_stolen(dumps: Dumps, area: Area) -> None:
    """The kernel's claim on stolen memory; one that begins at an odd address bears BDSM's lock bit."""
    odd = area.start & (_PAGE - 1)
    if odd:
        dumps.say(
            "note", f"{area.file}:{area.line}", "BDSM's lock bit leaked into the kernel's range",
            f"{area.start:#x}-{area.end - 1:#x}", f"{area.start - odd:#x}",
        )  # fmt: skip
    base, end = area.start - odd, (area.end + _PAGE - 1) & -_PAGE
    values = {"bdsm": base, "stolen_size": end - base}
    how = "Graphics Stolen Memory"
    dumps.facts += [Fact(name=n, value=v, file=area.file, line=area.line, how=how, rank=4) for n, v in values.items()]


def _take_log(found: Gathered, lines: list[str], name: str) -> list[str]:
    log, dumps = read_log(lines, name), found.dumps
    if log.empty:
        return [recognise.LOG] if sum(line.startswith("[") and "] " in line for line in lines[:50]) > 2 else []
    for fact, value, line in log.values:
        dumps.facts.append(Fact(name=fact, value=value, file=name, line=line, rank=3))
    if log.e820 and not dumps.e820:
        dumps.e820 = _whole_map(log.e820)
        dumps.e820_from = f"{name}:{log.e820[0].line}"
    dumps.rmrr += [area for area in log.rmrr if area not in dumps.rmrr]
    dumps.bars += log.bars
    dumps.faults += log.faults
    for connector, line in log.connectors.items():
        found.connectors.setdefault(connector, f"{name}:{line}")
    return [recognise.LOG]


def _take_firmware(found: Gathered, lines: list[str], name: str) -> list[str]:
    log, dumps = read_firmware_log(lines, name), found.dumps
    if not log.values:
        return []
    dumps.facts += [Fact(name=fact, value=value, file=name, line=line, rank=2) for fact, value, line in log.values]
    if log.e820 and not dumps.e820:
        dumps.e820, dumps.e820_from = _whole_map(log.e820), f"{name}:{log.e820[0].line}"
    dumps.bars += log.bars
    return [recognise.FIRMWARE]


def _whole_map(areas: list[Area]) -> list[E820Range]:
    """One boot's map: of a log that holds several the last one's, which begins where addresses begin anew."""
    rows: list[E820Range] = []
    for area in areas:
        if rows and area.start < rows[-1].start:
            rows = []
        rows.append(E820Range(start=area.start, end=area.end, type=area.label))
    return rows
