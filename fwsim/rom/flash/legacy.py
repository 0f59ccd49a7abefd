"""BIOS images from before UEFI are taken apart: Phoenix's and AMI's modules, LHA members as Award keeps them.

Layouts: coreboot's bios_extract, src/phoenix.c (struct PhoenixModule and its fragments), src/ami.c (struct part),
src/lh5_extract.c (LHA headers of level 0 and 1).
"""

import struct

from fwsim.rom.flash.unpack import PackedError, unpack_lh5
from fwsim.rom.flash.walk import Stream, Walk

_PHOENIX_MARK = b"\x0011"
_PHOENIX_HEAD = 0x1B
_LH5_KIND = 5
_FRAGMENT = 9
_MAX_FRAGMENTS = 64
_MAX_MODULE = 1 << 24

_PHOENIX_TYPES = {
    "A": "acpi",
    "B": "bioscode",
    "C": "update",
    "D": "display",
    "E": "setup",
    "F": "font",
    "G": "decompcode",
    "I": "bootblock",
    "L": "logo",
    "M": "miser",
    "O": "network",
    "R": "oprom",
    "S": "strings",
    "T": "template",
    "U": "user",
    "X": "romexec",
}

_AMI = b"AMIBIOSC"
_AMI_PARTS = 128
_AMI_OPEN = 0x80
_AMI_PCI = 0x20

_LHA = b"-lh5-"


def open_legacy(stream: Stream, walk: Walk) -> None:
    """The modules of each kind that the stream holds."""
    _phoenix(stream, walk)
    _ami(stream, walk)
    _lha(stream, walk)


def _phoenix(stream: Stream, walk: Walk) -> None:
    """Phoenix's modules are found by their mark, not by their chain: an image's halves keep chains of their own."""
    data = stream.data
    mark = data.find(_PHOENIX_MARK)
    while mark >= 4:
        _phoenix_module(stream, mark - 4, walk)
        mark = data.find(_PHOENIX_MARK, mark + 1)


def _phoenix_module(stream: Stream, at: int, walk: Walk) -> None:
    data = stream.data
    if at + _PHOENIX_HEAD > len(data):
        return
    index, kind, head, packing, _, _, size, length, following = struct.unpack_from("<BBBBHHIII", data, at + 7)
    if head != _PHOENIX_HEAD or not 0 < size <= _MAX_MODULE or not 0 < length <= _MAX_MODULE:
        return
    walk.count("Phoenix module")
    letter = chr(kind)
    name = f"module {_PHOENIX_TYPES.get(letter, f'{kind:02x}')}_{index}"
    body = _fragments(data, at + head, length, following)
    walk.name(stream, at, at + head + length, name)
    if len(body) < length:
        walk.note(stream, at, f"{name} is cut off", f"{len(body):#x} bytes", f"{length:#x}")
    elif packing == _LH5_KIND:
        _unpacked(stream, at, body[4:], size, name, walk)
    elif packing:
        walk.note(stream, at, f"{name} is packed in a way that is not known", f"kind {packing}", "0 or 5 (LH5)")


def _fragments(data: bytes, start: int, length: int, following: int) -> bytes:
    """A module's bytes, put together: the next fragment is named by its address below 4 GiB, else there is none."""
    pieces = [data[start : start + length]]
    for _ in range(_MAX_FRAGMENTS):
        if following >> 28 != 0xF:
            break
        at = len(data) - ((1 << 32) - following)
        if at < 0 or at + _FRAGMENT > len(data):
            break
        following, size = int.from_bytes(data[at : at + 4], "little"), int.from_bytes(data[at + 5 : at + 9], "little")
        pieces.append(data[at + _FRAGMENT : at + _FRAGMENT + min(size, _MAX_MODULE)])
    return b"".join(pieces)


def _ami(stream: Stream, walk: Walk) -> None:
    """AMIBIOS 95 to 8: parts, each naming the one before it; the first by the word behind AMIBIOSC."""
    data = stream.data
    mark = data.find(_AMI)
    while mark >= 0 and data[mark + 8 : mark + 12] == b"AMIN":
        mark = data.find(_AMI, mark + 1)
    if mark < 0 or mark + 22 > len(data):
        return
    shift = 16 if len(data) > 0x100000 else 4
    low, high = struct.unpack_from("<HH", data, mark + 18)
    at, seen = (high << shift) + low, set[int]()
    bias = max(0x100000 - len(data), 0)
    for _ in range(_AMI_PARTS):
        at -= bias
        if at in seen or not 0 <= at <= len(data) - 0x14:
            return
        seen.add(at)
        low, high, small, kind, flags, what, packed, size = struct.unpack_from("<HHHBBIII", data, at)
        walk.count("AMI part")
        name = f"part {kind:02x}" + (f" ({what & 0xFFFF:04x}:{what >> 16:04x})" if kind == _AMI_PCI else "")
        if flags & _AMI_OPEN:
            walk.name(stream, at, at + 0xC + small, name)
        else:
            walk.name(stream, at, at + 0x14 + min(packed, _MAX_MODULE), name)
            _unpacked(stream, at, data[at + 0x14 : at + 0x14 + packed], size, name, walk)
        if 0xFFFF in (low, high):
            return
        at = (high << shift) + low


def _lha(stream: Stream, walk: Walk) -> None:
    data = stream.data
    mark = data.find(_LHA)
    while mark >= 2:
        at = mark - 2
        if at + 22 <= len(data):
            head, packed, size = data[at], *struct.unpack_from("<II", data, at + 7)
            level, length = data[at + 20], data[at + 21]
            name = data[at + 22 : at + 22 + length].decode("ascii", "replace")
            start = at + 2 + head
            if level in (0, 1) and head >= 20 + length and start + packed <= len(data) and name.isprintable():
                walk.count("LHA member")
                walk.name(stream, at, start + packed, f"LHA {name}")
                _unpacked(stream, at, data[start : start + packed], size, name, walk)
        mark = data.find(_LHA, mark + 1)


def _unpacked(stream: Stream, at: int, data: bytes, size: int, name: str, walk: Walk) -> None:
    try:
        walk.add(stream, (at, at + len(data)), unpack_lh5(data, size, walk.room()), "unpacked LH5")
    except PackedError as error:
        walk.failed(stream, at, f"{name} cannot be unpacked", error, len(data))
