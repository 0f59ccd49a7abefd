"""Firmware volumes are taken apart: files, sections, and what is packed in them.

Layout: UEFI Platform Initialization Specification 1.7, volume 3: 3.2.1 (volume header), 3.2.3 (file header), 3.2.5
(sections). The GUIDs of packed sections are edk2's (MdeModulePkg/Include/Guid/LzmaDecompress.h,
BaseTools/Source/C/Include/Guid for the others).
"""

import struct
from collections.abc import Iterator
from uuid import UUID

from fwsim.rom.flash.unpack import PackedError, unpack_lzma, unpack_uefi
from fwsim.rom.flash.walk import MAX_VOLUMES, Stream, Walk

SIGNATURE = b"_FVH"
_SIGNATURE_AT = 0x28
_FILE_HEADER = 0x18
_LARGE_HEADER = 0x20
_LARGE = 0x01
_PAD = 0xF0
_APRIORI = frozenset((0xFF, _PAD))

COMPRESSION, GUID_DEFINED, DISPOSABLE, PE32, TE, UI, VOLUME = 0x01, 0x02, 0x03, 0x10, 0x12, 0x15, 0x17
_SECTION_TYPES = frozenset((*range(1, 4), *range(0x10, 0x1D), 0x20, 0xF0))

LZMA = UUID("ee4e5898-3914-4259-9d6e-dc7bd79403cf")
LZMA_X86 = UUID("d42ae6bd-1352-4bfb-909a-ca72a6eae889")
TIANO = UUID("a31280ad-481e-41b6-95e8-127f4c984779")
_KNOWN = {
    UUID("fc1bcdb0-7d31-49aa-936a-a4600d9dd083"): "CRC32",
    UUID("0f9d89e8-9259-4f76-a5af-0c89e34023df"): "signed",
}
"""GUIDs of sections whose data lies open behind the header (edk2 Guid/Crc32GuidedSectionExtraction.h,
Guid/FirmwareContentsSigned.h)."""

_EXTENDED = 0xFFFFFF
_MAX_FILES = 8192
_MAX_NAME = 64


def open_volumes(stream: Stream, walk: Walk) -> None:
    """Every firmware volume of the stream, at whatever offset its header stands; nested open ones are met as well."""
    at = stream.data.find(SIGNATURE)
    while at >= 0:
        if at >= _SIGNATURE_AT:
            _volume(stream, at - _SIGNATURE_AT, walk)
        at = stream.data.find(SIGNATURE, at + 1)
    if stream.sections:
        open_sections(stream, 0, len(stream.data), "", walk)


def _volume(stream: Stream, start: int, walk: Walk) -> None:
    data = stream.data
    if start + 0x38 > len(data):
        return
    length, _, _, header, _, extended = struct.unpack_from("<QIIHHH", data, start + 0x20)
    if walk.kinds.get("firmware volume", 0) >= MAX_VOLUMES:
        return
    if not 0x38 <= header <= 0x1000 or length < header or sum(_words(data[start : start + header])) & 0xFFFF:
        return  # the four letters somewhere in code or text: a header's words sum up to 0
    end = start + length
    if end > len(data):
        found = f"{len(data) - start:#x} bytes"
        walk.note(stream, start, "a firmware volume is cut off", found, f"{length:#x} bytes, as its header says")
        end = len(data)
    guid = UUID(bytes_le=bytes(data[start + 0x10 : start + 0x20]))
    walk.count("firmware volume")
    walk.name(stream, start, end, f"volume {str(guid)[:8]}")
    at = start + header
    if extended and start + extended + 0x14 <= end:
        at = start + extended + int.from_bytes(data[start + extended + 0x10 : start + extended + 0x14], "little")
    _files(stream, start, at, end, walk)


def _words(header: bytes) -> Iterator[int]:
    return (int.from_bytes(header[at : at + 2], "little") for at in range(0, len(header) - 1, 2))


def _files(stream: Stream, base: int, at: int, end: int, walk: Walk) -> None:
    """The volume's files: each header 8-aligned within the volume, until free space (FF or 00) begins."""
    data = stream.data
    for _ in range(_MAX_FILES):
        at = base + (at - base + 7) // 8 * 8
        header = data[at : min(at + _FILE_HEADER, end)]
        if len(header) < _FILE_HEADER or not header.strip(b"\xff") or not header.strip(b"\0"):
            return
        size, body = int.from_bytes(header[0x14:0x17], "little"), at + _FILE_HEADER
        if header[0x13] & _LARGE and size in (0, _EXTENDED):
            size, body = int.from_bytes(data[body : body + 8], "little"), at + _LARGE_HEADER
        if size < body - at or at + size > end:
            found = f"size {size:#x} at {at - base:#x} of the volume"
            walk.note(stream, at, "a file of the volume is damaged: what follows it is only searched", found)
            return
        kind = header[0x12]
        if kind not in _APRIORI:
            name = f"file {str(UUID(bytes_le=bytes(header[:16]))).upper()}"
            walk.name(stream, at, at + size, name)
            if kind not in (0x01, 0x00):
                open_sections(stream, body, at + size, "", walk)
        at += size


def open_sections(stream: Stream, start: int, end: int, name: str, walk: Walk) -> None:
    """A row of sections, each 4-aligned: PE images are kept with the row's name, packed ones become streams."""
    rows = list(_rows(stream, start, end))
    name = next((_text(stream.data[body:stop]) for kind, _, body, stop in rows if kind == UI), name)
    if name:
        walk.name(stream, start, end, name)
    for kind, at, body, stop in rows:
        if kind == PE32:
            stream.drivers.append((body, stop, name))
        elif kind == COMPRESSION:
            _compressed(stream, at, body, stop, name, walk)
        elif kind == GUID_DEFINED:
            _guided(stream, at, stop, name, walk)
        elif kind == DISPOSABLE:
            open_sections(stream, body, stop, name, walk)


def _rows(stream: Stream, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(type, start, body, end) of each section until one makes no sense."""
    data, at = stream.data, start
    while at + 4 <= end:
        size, kind, body = int.from_bytes(data[at : at + 3], "little"), data[at + 3], at + 4
        if size == _EXTENDED:
            size, body = int.from_bytes(data[at + 4 : at + 8], "little"), at + 8
        if kind not in _SECTION_TYPES or size < body - at or at + size > end:
            return
        yield kind, at, body, at + size
        at = start + (at + size - start + 3) // 4 * 4


def _compressed(stream: Stream, at: int, body: int, stop: int, name: str, walk: Walk) -> None:
    """A compression section: original size, then the kind: 0 open, 1 UEFI or Tiano, 2 Insyde's and AMI's LZMA."""
    if body + 5 > stop:
        return
    kind = stream.data[body + 4]
    if kind == 0:
        open_sections(stream, body + 5, stop, name, walk)
    elif kind == 1:
        _unpack_uefi(stream, at, stream.data[body + 5 : stop], walk)
    elif kind == 2:
        _unpack_lzma(stream, at, stream.data[body + 5 : stop], False, walk)
    else:
        walk.note(stream, at, "a section packed in a way that is not known", f"kind {kind}", "0, 1 or 2")


def _guided(stream: Stream, at: int, stop: int, name: str, walk: Walk) -> None:
    data = stream.data
    body = at + (8 if data[at : at + 3] == b"\xff\xff\xff" else 4)
    if body + 0x14 > stop:
        return
    guid, offset = UUID(bytes_le=bytes(data[body : body + 16])), int.from_bytes(data[body + 16 : body + 18], "little")
    inner = at + offset
    if not body + 0x14 <= inner <= stop:
        walk.note(stream, at, "a GUIDed section's data lies outside it", f"offset {offset:#x}")
    elif guid in (LZMA, LZMA_X86):
        _unpack_lzma(stream, at, data[inner:stop], guid == LZMA_X86, walk)
    elif guid == TIANO:
        _unpack_uefi(stream, at, data[inner:stop], walk)
    else:
        if guid not in _KNOWN and int.from_bytes(data[body + 18 : body + 20], "little") & 1:
            walk.note(stream, at, "a section that needs a decoder which is not known", str(guid).upper())
        open_sections(stream, inner, stop, name, walk)


def _unpack_lzma(stream: Stream, at: int, data: bytes, x86: bool, walk: Walk) -> None:
    try:
        walk.add(stream, (at, at + len(data)), unpack_lzma(data, walk.room(), x86), "unpacked LZMA", sections=True)
    except PackedError as error:
        walk.failed(stream, at, "a packed section cannot be unpacked", error, len(data))


def _unpack_uefi(stream: Stream, at: int, data: bytes, walk: Walk) -> None:
    """UEFI or Tiano compression: of two readings, the one that begins with sections which fill it."""
    try:
        readings = unpack_uefi(data, walk.room())
    except PackedError as error:
        walk.failed(stream, at, "a packed section cannot be unpacked", error, len(data))
        return
    best = max(readings, key=lambda each: max((stop for *_, stop in _rows(Stream(each), 0, len(each))), default=0))
    walk.add(stream, (at, at + len(data)), best, "unpacked UEFI", sections=True)


def _text(raw: bytes) -> str:
    """A user interface section's name: UTF-16 up to its end, printable letters only."""
    text = raw.decode("utf-16-le", "replace").split("\0")[0]
    return "".join(letter for letter in text if letter.isprintable())[:_MAX_NAME]
