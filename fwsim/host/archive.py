"""A tar archive's files are unpacked to where they can be read: bounded, and never by the names that it gives.

Python's tarfile reads an extended header whole however large it says that it is, recurses for each long name, and makes
links and devices: too much trust for a file that a stranger attached to a question. Only what a capture has is read
here: regular files, in ustar, GNU's long names and pax's ``path`` (POSIX.1-2017, pax, "ustar Interchange Format" and
"pax Header Block"; GNU tar manual, "Basic Tar Format").
"""

import bz2
import gzip
import lzma
import re
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from msgspec import Struct

from fwsim.units import MIB

BLOCK = 512
MAX_MEMBER, MAX_TOTAL, MAX_HEADERS, MAX_NAME = 64 * MIB, 256 * MIB, 8000, 64 << 10
"""Bytes of one file, bytes of all of them together, headers that are looked at, bytes of a long name or pax header."""
_CHUNK = 1 << 20
_PACKED = ((b"\x1f\x8b\x08", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
_UNSAFE = re.compile(r"[^A-Za-z0-9._+:@ -]")
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What the packers raise for a damaged file; bz2 and gzip raise OSError."""


_SCRATCH: list[tempfile.TemporaryDirectory[str]] = []
"""Folders with what was unpacked: a finding quotes lines from there later, so they go when Python does."""
_BELOW = re.compile(r'(?<=")[^"\n]*/fwsim-archive-\w+/')


class Unpacked(Struct, frozen=True):
    """What became of an archive: (file, its name in the archive), and what was left out or is wrong, in sentences."""

    files: list[tuple[Path, str]]
    problems: list[str]


def is_archive(path: Path) -> bool:
    """Whether ``path`` is a tar archive, packed or not; False where it cannot be read."""
    try:
        with _open(path) as file:
            return _size_of(file.read(BLOCK)) is not None
    except _BROKEN:
        return False


def unpack(path: Path, most: int) -> Unpacked:
    """At most ``most`` regular files of the archive, in a temporary folder that lasts as long as the process."""
    done = Unpacked([], [])
    _SCRATCH.append(tempfile.TemporaryDirectory(prefix="fwsim-archive-"))
    below = Path(_SCRATCH[-1].name)
    try:
        with _open(path) as file:
            _members(file, below, most, done)
    except _BROKEN as error:
        done.problems.append(f"the archive is damaged: {error}; what comes before that was read")
    return done


def unpacked(path: Path) -> bool:
    """Whether ``path`` is a file that ``unpack`` made: it goes when the process ends."""
    return any(path.is_relative_to(folder.name) for folder in _SCRATCH)


def as_archived(text: str) -> str:
    """A TOML ``text`` with files that ``unpack`` made called by their paths in the archive."""
    return _BELOW.sub("", text) if _SCRATCH else text


def _open(path: Path) -> IO[bytes]:
    with open(path, "rb") as file:
        head = file.read(8)
    opener = next((each for magic, each in _PACKED if head.startswith(magic)), None)
    return opener(path, "rb") if opener else open(path, "rb")  # type: ignore[return-value]  # all of them are binary


def _size_of(header: bytes) -> int | None:
    """A member's size by its header, None for what is no header: the checksum tells."""
    try:
        if len(header) < BLOCK or int(header[148:156].strip(b" \0") or b"-", 8) != sum(header) - sum(
            header[148:156]
        ) + 8 * ord(" "):
            return None
        return int.from_bytes(header[125:136]) if header[124] & 0x80 else int(header[124:136].strip(b" \0") or b"0", 8)
    except ValueError:
        return None


def _members(file: IO[bytes], below: Path, most: int, done: Unpacked) -> None:
    room, named = MAX_TOTAL, ""
    for _ in range(MAX_HEADERS):
        header = file.read(BLOCK)
        if not header.strip(b"\0"):
            return
        size = _size_of(header)
        if size is None:
            done.problems.append("the archive is damaged: what follows is no header of a file")
            return
        kind, padded = header[156:157], -size % BLOCK
        if kind in b"Lx" and size <= MAX_NAME:
            data = file.read(size + padded)[:size]
            named = (_text(data) if kind == b"L" else _pax_path(data)) or named
            continue
        if size > room:
            done.problems.append(f"only the first {MAX_TOTAL // MIB} MiB of the archive were read")
            return
        room -= size + padded
        name, named = named or _name(header), "" if kind not in b"gKLx" else named
        regular = kind in b"0\0" and not name.endswith("/")
        if regular and len(done.files) >= most:
            done.problems.append(f"only the first {most} files of the archive were read")
            return
        target = _target(below, len(done.files), name) if regular and size <= MAX_MEMBER else None
        if regular and target is None:
            done.problems.append(f"{_shown(name)} is larger than {MAX_MEMBER // MIB} MiB and was left out")
        if not _copy(file, size, target):
            done.problems.append(f"the archive is cut off in {_shown(name)}")
        if target is not None:
            done.files.append((target, _shown(name)))
        file.read(padded)
    done.problems.append(f"only the first {MAX_HEADERS} entries of the archive were looked at")


def _copy(file: IO[bytes], size: int, target: Path | None) -> bool:
    """Read ``size`` bytes, into ``target`` where there is one; whether they were there."""
    with open(target, "wb") if target is not None else open("/dev/null", "wb") as out:
        while size:
            chunk = file.read(min(size, _CHUNK))
            if not chunk:
                return False
            out.write(chunk)
            size -= len(chunk)
    return True


def _target(below: Path, number: int, name: str) -> Path:
    """A new file for the member ``name``: its last parts, without what a path could do harm with."""
    parts = [each for part in name.split("/") if (each := _UNSAFE.sub("_", part)[-100:].lstrip(".")) != ""][-4:]
    target = below.joinpath(*parts) if parts else below / "file"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError:  # a file is called as a folder is
        target = below / f"{number}" / target.name
    if target.exists():
        target = below / f"{number}.again" / target.name
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _name(header: bytes) -> str:
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{_text(header[:100])}" if prefix else _text(header[:100])


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "replace")


def _pax_path(data: bytes) -> str:
    """The path of a pax header's records, "LENGTH path=VALUE\\n"; "" where it has none."""
    for record in _records(data):
        keyword, _, value = record.partition(b"=")
        if keyword == b"path":
            return _text(value)
    return ""


def _records(data: bytes) -> Iterator[bytes]:
    at = 0
    while match := re.compile(rb"(\d{1,6}) ").match(data, at):
        end = at + int(match[1])
        yield data[match.end() : end].rstrip(b"\n")
        at = max(end, match.end())


def _shown(name: str) -> str:
    """The name in a report: without a folder that all of a capture's files lie in, and printable."""
    plain = "".join(each if each.isprintable() else "?" for each in name).removeprefix("./")
    return plain.removeprefix("igd-capture/")[-200:]
