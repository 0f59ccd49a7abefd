"""A ROM gets another VBT in place of its own: lengths and checksums are made right, or it is refused with numbers.

The VBT stays where it is, for a vBIOS finds it by the word at 1Ah or by an offset in its own code.
"""

from dataclasses import dataclass, field

from fwsim.errors import FwsimError
from fwsim.rom.chain import inspect_bytes
from fwsim.rom.finding import Finding
from fwsim.rom.image import Image
from fwsim.rom.pcir import BLOCK
from fwsim.rom.repair import fix_checksum
from fwsim.rom.source import VbtFile
from fwsim.rom.vbt import Vbt, parse_vbt
from fwsim.units import KIB

SEGMENT = 64 * KIB
"""Bytes that an image may grow to: a vBIOS runs in the segment C000h."""

_CHECKSUM = 26
_IMAGE_LENGTH = 0x10


@dataclass(frozen=True, slots=True)
class Replaced:
    """A ROM with another VBT: its bytes, the tables ``before`` and ``after``, and lengths in bytes.

    ``room`` is what the new table may take without the image growing, ``length`` the image's length before and now,
    ``summed`` whether the new table's own checksum had to be made right.
    """

    data: bytes = field(repr=False)
    before: Vbt
    after: Vbt
    room: int
    length: tuple[int, int]
    summed: bool


def replace_vbt(data: bytes, new: VbtFile, where: str) -> Replaced:
    """``data``, the ROM called ``where``, with the table of ``new``.

    Where something else follows the old table in the image, the new one must not be longer. Where only padding follows,
    it may take that, and the image grows up to 64 KiB, images behind it moving with it. Raises FwsimError where it does
    not fit, the ROM has no VBT, or the new table is damaged.
    """
    image = next((image for image in inspect_bytes(data).images if image.vbt), None)
    if image is None or image.vbt is None:
        raise FwsimError(
            "this ROM has no VBT to replace", where=where, expected="an image whose word at 0x1a points at $VBT"
        )
    table, summed = _table(new)
    start, size = image.vbt.offset, min(image.vbt.size, image.end - image.vbt.offset)
    padding = _padding(data, start + size, image.end)
    room = size if padding is None else image.end - start - 1  # the last byte may be the checksum's
    result = bytearray(data)
    length = image.end - image.offset
    if len(table) > room:
        if padding is None or image.truncated:
            raise _no_room(where, image, len(table), room)
        grown = -(-(start - image.offset + len(table) + 1) // BLOCK) * BLOCK
        if grown > SEGMENT:
            raise _too_long(where, image, len(table), start - image.offset)
        result[image.end : image.end] = bytes((padding,)) * (grown - length)
        length = grown
    result[start : start + max(size, len(table))] = table.ljust(size, bytes((padding or 0,)))
    _set_length(result, image, length)
    done, _ = fix_checksum(bytes(result), image.offset)
    findings: list[Finding] = []
    after = parse_vbt(done, start, findings)
    if after is None:
        raise FwsimError("the new VBT cannot be read where it was put", where=where)
    return Replaced(done, image.vbt, after, room, (image.end - image.offset, length), summed)


def _table(new: VbtFile) -> tuple[bytes, bool]:
    """The new table's bytes with its checksum right, and whether that was changed."""
    vbt = new.vbt
    raw = bytearray(new.data[vbt.offset : vbt.offset + vbt.size])
    if len(raw) < vbt.size or not vbt.blocks:
        bad = next((finding for finding in new.findings if finding.level != "note"), None)
        raise (bad or Finding("error", vbt.offset, "the VBT has no data blocks")).to_error("the new VBT")
    wrong = sum(raw) & 0xFF
    raw[_CHECKSUM] = (raw[_CHECKSUM] - wrong) & 0xFF
    return bytes(raw), bool(wrong)


def _padding(data: bytes, start: int, end: int) -> int | None:
    """The byte that fills the image from ``start`` to its end, its last byte not looked at; None when there is more."""
    rest = data[start : end - 1]
    if not rest:
        return 0xFF if start >= end - 1 else None
    return rest[0] if rest[0] in (0, 0xFF) and not rest.strip(rest[:1]) else None


def _set_length(result: bytearray, image: Image, length: int) -> None:
    """The length byte and PCIR's length, where the image has grown."""
    if length != image.end - image.offset:
        result[image.offset + 2] = length // BLOCK
        if image.pcir is not None:
            at = image.pcir.offset + _IMAGE_LENGTH
            result[at : at + 2] = (length // BLOCK).to_bytes(2, "little")


def _no_room(where: str, image: Image, wanted: int, room: int) -> FwsimError:
    at = image.vbt.offset if image.vbt else 0
    return FwsimError(
        "the new VBT does not fit in place of the old one",
        where=f"{where} at {at:#x}",
        found=f"{wanted:#x} bytes, {wanted - room:#x} too many",
        expected=f"at most {room:#x}: at {at + room:#x} other parts of the ROM follow, whose places its code knows",
        hint="leave blocks out of the new VBT, or take a ROM whose VBT is as large",
    )


def _too_long(where: str, image: Image, wanted: int, start: int) -> FwsimError:
    return FwsimError(
        "the image would be longer than a segment",
        where=f"{where} at {image.offset + start:#x}",
        found=f"{start:#x} bytes before the VBT and {wanted:#x} of it",
        expected=f"at most {SEGMENT:#x} together, one byte left for the checksum",
    )
