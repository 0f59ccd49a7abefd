"""coreboot's file system is read: its files, packed or not.

Layout: coreboot src/commonlib/bsd/include/commonlib/bsd/cbfs_serialized.h: every word is big-endian; a file's
attribute 0x42435A4C (compression) holds kind (1 LZMA, 2 LZ4) and unpacked size.
"""

import struct
from collections.abc import Iterator

from fwsim.rom.flash.unpack import PackedError, unpack_lz4, unpack_lzma
from fwsim.rom.flash.walk import Stream, Walk

MAGIC = b"LARCHIVE"
_HEADER = 0x18
_COMPRESSION = 0x42435A4C
_EMPTY = frozenset((0, 0xFFFFFFFF))
_MAX_NAME = 128


def open_cbfs(stream: Stream, walk: Walk) -> None:
    """Every CBFS file of the stream, wherever its header stands: the area's own bounds need not be known."""
    data = stream.data
    at = data.find(MAGIC)
    while at >= 0:
        if at + _HEADER <= len(data):
            _file(stream, at, walk)
        at = data.find(MAGIC, at + 1)


def _file(stream: Stream, at: int, walk: Walk) -> None:
    data = stream.data
    length, kind, attributes, offset = struct.unpack_from(">IIII", data, at + 8)
    if not _HEADER < offset <= 0x1000:
        return  # the letters in a tool's own code
    start, end = at + offset, at + offset + length
    name = data[at + _HEADER : start].split(b"\0")[0][:_MAX_NAME].decode("ascii", "replace")
    if kind in _EMPTY or not name:
        return
    walk.count("CBFS file")
    if end > len(data):
        found = f"{max(len(data) - start, 0):#x} bytes"
        walk.note(stream, at, f"the CBFS file {name} is cut off", found, f"{length:#x} bytes, as its header says")
        end = len(data)
    walk.name(stream, at, end, f"CBFS {name}")
    packed = next(_attribute(data, at + attributes, min(start, len(data)), _COMPRESSION), b"") if attributes else b""
    method = int.from_bytes(packed[:4], "big")
    if method in (1, 2):
        unpack, how = (unpack_lzma, "LZMA") if method == 1 else (unpack_lz4, "LZ4")
        try:
            walk.add(stream, (at, end), unpack(data[start:end], walk.room()), f"unpacked {how}")
        except PackedError as error:
            walk.failed(stream, at, f"the CBFS file {name} cannot be unpacked", error, end - start)
    elif method:
        walk.note(stream, at, f"the CBFS file {name} is packed in a way that is not known", str(method), "1 or 2")


def _attribute(data: bytes, at: int, end: int, wanted: int) -> Iterator[bytes]:
    """What the attributes with this tag hold."""
    while at + 8 <= end:
        tag, size = struct.unpack_from(">II", data, at)
        if size < 8 or at + size > end:
            return
        if tag == wanted:
            yield data[at + 8 : at + size]
        at += size
