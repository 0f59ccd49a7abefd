"""The thing that a command asks for is found in a file: the VBT of any file that holds one, the code of one image."""

from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.rom.bdb import Tables
from fwsim.rom.chain import Rom, inspect, inspect_bytes, read_file
from fwsim.rom.efi import map_pe, parse_pe, pe_bytes
from fwsim.rom.finding import Finding
from fwsim.rom.image import ENTRY, ROM_SIGNATURE, Image
from fwsim.rom.opregion import OpRegion, is_opregion, parse_opregion
from fwsim.rom.vbt import HEADER_SIZE, SIGNATURE, Vbt, parse_vbt

_WIDTHS = {0x014C: 32, 0x8664: 64}


class Code(Struct, frozen=True):
    """Code to disassemble: bytes, entry offsets in them, width in bits, and the image they are from."""

    data: bytes
    entries: tuple[int, ...]
    bits: int
    image: int


@dataclass(frozen=True, slots=True)
class VbtFile:
    """A file with a VBT: the table, the file's bytes, what is odd about the table, and the OpRegion it was found in."""

    vbt: Vbt
    data: bytes = field(repr=False)
    findings: tuple[Finding, ...]
    opregion: OpRegion | None = None

    @property
    def tables(self) -> Tables:
        """The table with its bytes, to decode its blocks."""
        return Tables(self.vbt, self.data)


def find_vbt(path: Path | str) -> VbtFile:
    """The VBT of a ROM, of an OpRegion dump (by RVDA, else mailbox 4), or of a bare VBT file.

    Raises FwsimError when the file cannot be read or holds none.
    """
    data = read_file(path)
    findings: list[Finding] = []
    opregion: OpRegion | None = None
    vbt: Vbt | None = None
    if data[:2] == ROM_SIGNATURE:
        rom = inspect_bytes(data, path)
        vbt = next((image.vbt for image in rom.images if image.vbt), None)
        places = range(vbt.offset, vbt.offset + max(vbt.size, HEADER_SIZE) + 1) if vbt else range(0)
        bdb = vbt.bdb_offset if vbt else -1
        findings = [finding for finding in rom.findings if finding.offset in places or finding.offset == bdb]
    elif is_opregion(data):
        opregion = parse_opregion(data, findings, str(path))
        if opregion.vbt_offset is not None:
            vbt = parse_vbt(data, opregion.vbt_offset, findings)
    elif data[:4] == SIGNATURE:
        vbt = parse_vbt(data, 0, findings)
    if vbt is None:
        raise _no_vbt(path, data, findings)
    return VbtFile(vbt, data, tuple(findings), opregion)


def holds_bare_vbt(data: bytes) -> bool:
    """Whether the file is no ROM but may have a VBT: an OpRegion dump, a VBT file."""
    return data[:4] == SIGNATURE or is_opregion(data)


def _no_vbt(path: Path | str, data: bytes, findings: list[Finding]) -> FwsimError:
    odd = next((finding for finding in findings if finding.level != "error"), None)
    if data[:2] != ROM_SIGNATURE and odd is not None:
        return FwsimError(
            f"no VBT in this file: {odd.what}",
            where=str(path),
            found=odd.found,
            expected=odd.expected or "a VBT in mailbox 4, or where RVDA says",
            hint=odd.hint,
        )
    return FwsimError(
        "no VBT in this file",
        where=str(path),
        found=data[:4].hex(" ") or "0 bytes",
        expected="a ROM whose word at 0x1a points at $VBT, an OpRegion dump, or a bare VBT",
    )


def code_of(path: Path | str, index: int | None = None, entries: tuple[int, ...] = ()) -> tuple[Rom, Code]:
    """The code of image ``index`` (the legacy image when None, else the first) of a ROM file, damaged or not.

    A legacy image is entered at offset 3 in 16-bit mode; an EFI image at its PE's entry, in the PE's width and laid out
    as loaded. ``entries`` replace the entry. Raises FwsimError when there is no such image or its code cannot be had.
    """
    rom = inspect(path)
    image = rom.main if index is None else next((image for image in rom.images if image.index == index), None)
    if image is None:
        error = next((finding for finding in rom.findings if finding.level == "error"), None)
        if not rom.images and error is not None:
            raise error.to_error(str(path))
        count = len(rom.images)
        raise FwsimError("no such image", where=str(path), found=str(index), expected=f"0-{count - 1}")
    if image.code_type == 0:
        return rom, Code(rom.data[image.offset : image.end], entries or (ENTRY,), 16, image.index)
    return rom, _efi_code(rom, image, entries)


def _efi_code(rom: Rom, image: Image, entries: tuple[int, ...]) -> Code:
    raw = pe_bytes(rom.data, image.offset, image.size, image.efi) if image.efi else None
    pe = parse_pe(raw) if raw else None
    if raw is None or pe is None or pe.machine not in _WIDTHS:
        what = image.efi.compression_name if image.efi else image.code_type_name
        raise FwsimError(
            f"image {image.index} holds no x86 code that can be read",
            where=str(rom.path),
            found=f"{image.code_type_name}, compression {what}" if image.efi else what,
            expected="a legacy image, or an uncompressed PE for ia32 or x64",
        )
    return Code(map_pe(raw, pe), entries or (pe.entry,), _WIDTHS[pe.machine], image.index)
