"""Is this image a known one? The catalogue of ROMs by SHA-256: origin, licence, what a run is expected to give."""

import os
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fwsim.errors import FwsimError
from fwsim.rom.chain import MAX_FILE_SIZE, Rom, read_file

_OWN_ROM = "igd-vbios.rom"
_NOTICE = b"DISASSEMBLY PROHIBITED"


@dataclass(frozen=True, slots=True)
class KnownRom:
    """A catalogue entry. ``disassembly`` is what the licence says of it: forbidden, permitted or not mentioned."""

    name: str
    sha256: str
    size: int
    about: str
    repository: str
    branch: str
    path: str
    licence: str
    redistribution: str
    disassembly: str
    note: str
    expect: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Licence:
    """What is known of an image's licence: who says so, its word on ``disassembly`` as in KnownRom, and the text."""

    source: str
    disassembly: str
    text: str


def roms_folder() -> Path:
    """The folder of our own ROM and the catalogue: ``roms/`` of a clone, else ``share/fwsim/roms`` of an installation.

    Raises FwsimError when neither is there.
    """
    clone = Path(__file__).resolve().parents[2] / "roms"
    installed = Path(sysconfig.get_path("data")) / "share" / "fwsim" / "roms"
    for folder in (clone, installed):
        if (folder / "catalog.toml").is_file():
            return folder
    raise FwsimError(
        "the ROM catalogue is missing", where=str(installed), hint="install fwsim again, or run it from a clone"
    )


@cache
def catalog() -> tuple[KnownRom, ...]:
    """Every entry of the catalogue. Raises FwsimError when the file is missing or damaged."""
    path = roms_folder() / "catalog.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["rom"]
        return tuple(_entry(entry) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FwsimError("the ROM catalogue cannot be read", where=str(path), found=str(error)) from None


def _entry(entry: Mapping[str, Any]) -> KnownRom:
    origin, licence = entry["origin"], entry["licence"]
    return KnownRom(
        name=entry["name"],
        sha256=entry["sha256"],
        size=entry["size"],
        about=entry["about"],
        repository=origin["repository"],
        branch=origin["branch"],
        path=origin["path"],
        licence=licence["text"],
        redistribution=licence["redistribution"],
        disassembly=licence["disassembly"],
        note=licence["note"],
        expect=entry.get("expect", {}),
    )


def known(sha256: str) -> KnownRom | None:
    """The entry of the image with this SHA-256 (lower case hex), or None."""
    return next((entry for entry in catalog() if entry.sha256 == sha256), None)


def licence_of(rom: Rom) -> Licence | None:
    """What is known of the image's licence: the catalogue's word, our own, a notice in the image itself, or None."""
    entry = known(rom.sha256)
    if entry is not None:
        text = f"{entry.licence}: {entry.note} Redistribution: {entry.redistribution}."
        return Licence(f"catalogue, {entry.name}", entry.disassembly, text)
    own = roms_folder() / _OWN_ROM
    if own.is_file() and own.read_bytes() == rom.data:
        return Licence("fwsim", "permitted", "fwsim's own ROM, GPL-2.0-or-later; its source is in roms/src")
    if _NOTICE in rom.data:
        text = "the image carries the notice DECOMPILATION OR DISASSEMBLY PROHIBITED"
        return Licence("the image itself", "forbidden", text)
    return None


def find_known(name: str) -> Path | None:
    """The file under ``$FWSIM_ROMS`` whose SHA-256 is that of the catalogue's ``name``, or None.

    The file's own name does not matter. Raises FwsimError when the catalogue has no such name.
    """
    entry = next((entry for entry in catalog() if entry.name == name), None)
    if entry is None:
        names = ", ".join(entry.name for entry in catalog())
        raise FwsimError("not in the ROM catalogue", where=name, expected=names)
    from hashlib import sha256

    for path in _files_of_size(entry.size):
        if sha256(read_file(path)).hexdigest() == entry.sha256:
            return path
    return None


def _files_of_size(size: int) -> Iterator[Path]:
    folder = os.environ.get("FWSIM_ROMS", "")
    if not folder or size > MAX_FILE_SIZE:
        return
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and path.stat().st_size == size:
            yield path
