"""The UEFI drivers in a file: each EFI image of a ROM's chain, a bare PE image, or a module of a firmware volume.

A module is named behind the file, by its name or its GUID: ``OVMF_CODE.fd#QemuVideoDxe``. Source: UEFI Specification
2.10, 14.4.2 (compression types) and chapter 19.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.rom.chain import Rom, is_pe, load
from fwsim.rom.flash.find import read_flash, search
from fwsim.rom.flash.unpack import PackedError, unpack_uefi
from fwsim.units import MIB

_LARGEST = 64 * MIB
"""Bytes that a driver may unpack to."""
_UEFI_COMPRESSION = 1
_GUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


class EfiDriver(Struct, frozen=True):
    """One driver: where it comes from, for people, and its PE image."""

    name: str
    raw: bytes


def drivers_of(rom: Rom) -> list[EfiDriver]:
    """Every driver of ``rom``, in the file's order. Raises FwsimError for one that cannot be decompressed."""
    if is_pe(rom.data):
        return [driver_in(rom, None)]
    return [driver_in(rom, image.index) for image in rom.images if image.efi]


def driver_in(rom: Rom, index: int | None) -> EfiDriver:
    """The driver of the image ``index``, or the file itself (None). Raises FwsimError as ``drivers_of`` does."""
    name = rom.path.name
    header = None if index is None else rom.images[index].efi
    if index is None or header is None:
        return EfiDriver(name, rom.data)
    image = rom.images[index]
    raw = rom.data[image.offset + header.image_offset : image.offset + image.size]
    title = f"{name}, image {index}"
    return EfiDriver(title, _decompressed(raw, header.compression, title) if header.compression else raw)


def _decompressed(raw: bytes, kind: int, where: str) -> bytes:
    """What UEFI's compression, or Tiano's which goes by the same number, unpacks to: the reading that is a PE."""
    try:
        if kind != _UEFI_COMPRESSION:
            raise PackedError(f"compression type {kind}")
        readings = unpack_uefi(raw, _LARGEST)
    except PackedError as error:
        raise FwsimError(
            "the EFI image cannot be decompressed", where=where, found=str(error),
            expected="UEFI's compression (type 1)", hint="the file may be cut short",
        ) from None  # fmt: skip
    return next((each for each in readings if is_pe(each)), readings[0])


def driver_file(path: str) -> list[EfiDriver]:
    """The drivers of a file that the scenario names in firmware.drivers. Raises FwsimError where there is none."""
    file, _, module = path.partition("#")
    if module and not Path(path).exists():
        return [_module(file, module)]
    rom = load(path)
    found = drivers_of(rom)
    if not found:
        raise FwsimError(
            "no UEFI driver in this file", where=str(Path(path)), found="legacy images only" if rom.images else "none",
            expected="a .efi file, or a ROM with an image of code type 3",
            hint="a module of a firmware volume is named behind the file: OVMF_CODE.fd#QemuVideoDxe",
        )  # fmt: skip
    return found


def _module(file: str, wanted: str) -> EfiDriver:
    """The module of a firmware volume, by its name or GUID in any case."""
    path = Path(file)
    data = read_flash(path)
    modules = _modules(data)
    for names, raw in modules:
        if wanted.upper() in (name.upper() for name in names):
            return EfiDriver(f"{path.name}#{wanted}", raw)
    known = sorted({name for names, _ in modules for name in names if not _GUID.fullmatch(name)})
    near = get_close_matches(wanted, known, 3, 0.5)
    raise FwsimError(
        "no such module in this file", where=str(path), found=wanted,
        expected=f"one of its {len(modules)} modules" if modules else "a firmware volume with modules",
        hint=f"did you mean {' or '.join(near)}?" if near else f"`fwsim rom find {path.name} --all` lists what it has",
    )  # fmt: skip


@lru_cache(maxsize=2)
def _modules(data: bytes) -> tuple[tuple[frozenset[str], bytes], ...]:
    """(names, PE image) of every module: its name in the volume, and its file's GUID."""
    found = []
    for item in search(data, every=True).items:
        if item.kind == "EFI driver":
            guid = next((part[5:] for part in reversed(item.path) if part.startswith("file ")), "")
            found.append((frozenset(filter(None, (item.name, guid))), item.data))
    return tuple(found)
