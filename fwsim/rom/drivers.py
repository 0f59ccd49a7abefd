"""The UEFI drivers in a ROM file: each EFI image of a chain, decompressed where it is, or a bare PE image.

Source: UEFI Specification 2.10, 14.4.2 (compression types) and chapter 19.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.rom.chain import Rom, is_pe, load


@dataclass(frozen=True)
class EfiDriver:
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
    return EfiDriver(title, _decompressed(raw, title) if header.compression else raw)


def _decompressed(raw: bytes, where: str) -> bytes:
    from uefi_firmware import efi_compressor

    try:
        return bytes(efi_compressor.EfiDecompress(raw, len(raw)))
    except Exception as error:
        raise FwsimError(
            "the EFI image cannot be decompressed", where=where, found=str(error) or type(error).__name__,
            expected="UEFI's compression (type 1)", hint="the file may be cut short",
        ) from None  # fmt: skip


def driver_file(path: str) -> list[EfiDriver]:
    """The drivers of a file that the scenario names in firmware.drivers. Raises FwsimError where there is none."""
    rom = load(path)
    found = drivers_of(rom)
    if not found:
        raise FwsimError(
            "no UEFI driver in this file", where=str(Path(path)), found="legacy images only" if rom.images else "none",
            expected="a .efi file, or a ROM with an image of code type 3",
        )  # fmt: skip
    return found
