"""Where in a file is the thing a command asks for? The VBT of any file that holds one, the code of one image."""

from dataclasses import dataclass
from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.rom.chain import Rom, inspect, inspect_bytes, read_file
from fwsim.rom.efi import map_pe, parse_pe, pe_bytes
from fwsim.rom.finding import Finding
from fwsim.rom.image import ENTRY, ROM_SIGNATURE, Image
from fwsim.rom.vbt import SIGNATURE, Vbt, parse_vbt

_OPREGION_SIGNATURE = b"IntelGraphicsMem"
_OPREGION_VBT = 0x400
_WIDTHS = {0x014C: 32, 0x8664: 64}


@dataclass(frozen=True, slots=True)
class Code:
    """Code to disassemble: bytes, entry offsets in them, width in bits, and the image they are from."""

    data: bytes
    entries: tuple[int, ...]
    bits: int
    image: int


def find_vbt(path: Path | str) -> tuple[Vbt, tuple[Finding, ...]]:
    """The VBT of a ROM, of an OpRegion dump (mailbox 4 at 0x400), or a bare VBT file; and what is odd about it.

    Raises FwsimError when the file cannot be read or holds none.
    """
    data = read_file(path)
    findings: list[Finding] = []
    if data[:2] == ROM_SIGNATURE:
        rom = inspect_bytes(data, path)
        vbt = next((image.vbt for image in rom.images if image.vbt), None)
        findings = [
            finding for finding in rom.findings if vbt and vbt.offset <= finding.offset <= vbt.offset + vbt.size
        ]
    else:
        offset = _OPREGION_VBT if data.startswith(_OPREGION_SIGNATURE) else 0
        vbt = parse_vbt(data, offset, findings) if data[offset : offset + 4] == SIGNATURE else None
    if vbt is None:
        raise FwsimError(
            "no VBT in this file",
            where=str(path),
            expected="a ROM whose word at 0x1a points at $VBT, an OpRegion dump, or a bare VBT",
        )
    return vbt, tuple(findings)


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
