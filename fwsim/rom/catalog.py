"""The catalogue knows ROMs by SHA-256: origin, licence, what a run is expected to give."""

import os
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct, field

from fwsim.errors import FwsimError
from fwsim.rom.chain import Rom, read_file

_OWN_ROMS = ("igd-vbios.rom", "igd-gop.efi", "igd-gop.rom", "igd-combined.rom")
_RAW = "https://raw.githubusercontent.com"
_PREFIX = 6
_NOTICE = b"DISASSEMBLY PROHIBITED"


class KnownRom(Struct, frozen=True):
    """A catalogue entry.

    ``family`` and ``cpu`` are what the image is for, in words and as ``host.cpu``; ``state`` is pristine or posted;
    ``commit`` fixes ``url``, where the file can be had; ``disassembly`` is what the licence says of it: forbidden,
    permitted or not mentioned; ``expect`` what a run gives.
    """

    name: str
    sha256: str
    size: int
    about: str
    family: str
    cpu: str
    state: str
    repository: str
    branch: str
    commit: str
    path: str
    url: str
    licence: str
    redistribution: str
    disassembly: str
    note: str
    expect: Mapping[str, Any] = field(default_factory=dict)


class Licence(Struct, frozen=True):
    """What is known of an image's licence: who says so, its word on ``disassembly`` as in KnownRom, and the text."""

    source: str
    disassembly: str
    text: str

    @property
    def shows_code(self) -> bool:
        """Whether the image's instructions may be listed: not where disassembly is forbidden."""
        return self.disassembly != "forbidden"


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
        family=entry["family"],
        cpu=entry["cpu"],
        state=entry["state"],
        repository=origin["repository"],
        branch=origin["branch"],
        commit=origin["commit"],
        path=origin["path"],
        url=_raw_url(origin["repository"], origin["commit"], origin["path"]),
        licence=licence["text"],
        redistribution=licence["redistribution"],
        disassembly=licence["disassembly"],
        note=licence["note"],
        expect=entry.get("expect", {}),
    )


def _raw_url(repository: str, commit: str, path: str) -> str:
    """Where GitHub serves ``path`` of ``repository`` (its page's address) at ``commit``."""
    return f"{_RAW}/{repository.removeprefix('https://github.com/')}/{commit}/{quote(path)}"


def known(digest: str) -> KnownRom | None:
    """The entry of the image with this SHA-256 (lower case hex), or None."""
    return next((entry for entry in catalog() if entry.sha256 == digest), None)


def licence_of(rom: Rom) -> Licence | None:
    """What is known of the image's licence: the catalogue's word, our own, a notice in the image itself, or None."""
    entry = known(rom.sha256)
    if entry is not None:
        text = f"{entry.licence}: {entry.note} Redistribution: {entry.redistribution}."
        return Licence(f"catalogue, {entry.name}", entry.disassembly, text)
    folder = roms_folder()
    own = (folder / name for name in _OWN_ROMS)
    if any(path.is_file() and path.stat().st_size == len(rom.data) and path.read_bytes() == rom.data for path in own):
        return Licence("fwsim", "permitted", "fwsim's own ROM, GPL-2.0-or-later; its source is in roms/src")
    if _NOTICE in rom.data:
        text = "the image carries the notice DECOMPILATION OR DISASSEMBLY PROHIBITED"
        return Licence("the image itself", "forbidden", text)
    return None


def named(name: str) -> KnownRom:
    """The entry called ``name``, or whose SHA-256 begins with it (six digits or more).

    Raises FwsimError when the catalogue has none.
    """
    prefix = name.lower() if len(name) >= _PREFIX else "-"
    for entry in catalog():
        if entry.name == name or entry.sha256.startswith(prefix):
            return entry
    raise FwsimError(
        "not in the ROM catalogue",
        where=name,
        expected=", ".join(entry.name for entry in catalog()),
        hint="`fwsim rom list` shows them",
    )


def present(entries: Iterable[KnownRom]) -> dict[str, Path]:
    """The first file under ``$FWSIM_ROMS`` for each of ``entries`` that is there, by SHA-256."""
    wanted = {entry.sha256: entry.size for entry in entries}
    found: dict[str, Path] = {}
    for path in _files_of_size(frozenset(wanted.values())):
        try:
            digest = sha256(read_file(path)).hexdigest()
        except FwsimError:
            continue  # not readable: not present
        if digest in wanted:
            found.setdefault(digest, path)
            if len(found) == len(wanted):
                break
    return found


def _files_of_size(sizes: frozenset[int]) -> Iterator[Path]:
    folder = os.environ.get("FWSIM_ROMS", "")
    if not folder:
        return
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and path.stat().st_size in sizes:
            yield path
