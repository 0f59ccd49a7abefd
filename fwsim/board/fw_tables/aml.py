"""ACPI Machine Language, as much as a DSDT of data needs: names, packages, buffers, resources, small methods.

Source: ACPI 6.4, chapter 20 (AML grammar) and 6.4 (resource data types).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

ARG0 = b"\x68"
_BYTE, _WORD, _DWORD, _QWORD, _STRING = 0x0A, 0x0B, 0x0C, 0x0E, 0x0D
_NAME, _SCOPE, _BUFFER, _PACKAGE, _METHOD = b"\x08", b"\x10", b"\x11", b"\x12", b"\x14"
_STORE, _IF, _RETURN = b"\x70", b"\xa0", b"\xa4"
_PROCESSOR, _DEVICE = b"\x5b\x83", b"\x5b\x82"
_ROOT, _DUAL, _MULTI = b"\\", b"\x2e", b"\x2f"
_LETTERS = 0x40
"""An EISA id's letters count from @ (ASL EISAID)."""
_FIXED = 0x0C
"""Address space descriptors: minimum and maximum are fixed, decoded by adding, for what is behind the bridge."""
_MEMORY, _IO, _BUS = 0, 1, 2
_ENTIRE_RANGE, _READ_WRITE, _CACHEABLE = 3, 1, 2
_LEVEL_SHARED = 0x09
"""An extended interrupt: consumed, level, active high, shared."""


def integer(value: int) -> bytes:
    """The shortest constant that holds ``value``, up to 64 bits."""
    if value < 2:
        return bytes((value,))
    for prefix, form in ((_BYTE, "<B"), (_WORD, "<H"), (_DWORD, "<I"), (_QWORD, "<Q")):
        if value < 1 << 8 * struct.calcsize(form):
            return bytes((prefix,)) + struct.pack(form, value)
    raise OverflowError(value)


def string(text: str) -> bytes:
    """A string, ASCII."""
    return bytes((_STRING,)) + text.encode("ascii") + b"\0"


def eisaid(name: str) -> bytes:
    """A packed id such as PNP0A03: always a dword, which firmware compares byte by byte."""
    letters = [ord(each) - _LETTERS for each in name[:3]]
    packed = letters[0] << 26 | letters[1] << 21 | letters[2] << 16 | int(name[3:], 16)
    return bytes((_DWORD,)) + packed.to_bytes(4, "big")


def path(text: str) -> bytes:
    """A name string: segments padded to four characters, one, two or more of them."""
    root, segments = (_ROOT, text[1:].split(".")) if text.startswith("\\") else (b"", text.split("."))
    packed = b"".join(each.ljust(4, "_").encode("ascii") for each in segments)
    lead = {1: b"", 2: _DUAL}.get(len(segments), _MULTI + bytes((len(segments),)))
    return root + lead + packed


def _with_length(operation: bytes, body: bytes) -> bytes:
    """``operation``, PkgLength (which counts itself: 1 byte up to 63, else a nibble and 1 to 3 more), ``body``."""
    if len(body) + 1 < 1 << 6:
        return operation + bytes((len(body) + 1,)) + body
    more = next(count for count in (1, 2, 3) if len(body) + 1 + count < 1 << 4 + 8 * count)
    total = len(body) + 1 + more
    return operation + bytes((more << 6 | total & 0x0F,)) + (total >> 4).to_bytes(more, "little") + body


def name(text: str, value: bytes) -> bytes:
    """Name (text, value)."""
    return _NAME + path(text) + value


def scope(text: str, *content: bytes) -> bytes:
    """Scope (text) {content}."""
    return _with_length(_SCOPE, path(text) + b"".join(content))


def device(text: str, *content: bytes) -> bytes:
    """Device (text) {content}."""
    return _with_length(_DEVICE, path(text) + b"".join(content))


def processor(text: str, number: int) -> bytes:
    """Processor (text, number, 0, 0) {}: no P_BLK."""
    return _with_length(_PROCESSOR, path(text) + struct.pack("<BIB", number, 0, 0))


def package(*items: bytes) -> bytes:
    """Package {items}, 255 at most."""
    return _with_length(_PACKAGE, bytes((len(items),)) + b"".join(items))


def method(text: str, arguments: int, *content: bytes) -> bytes:
    """Method (text, arguments) {content}."""
    return _with_length(_METHOD, path(text) + bytes((arguments,)) + b"".join(content))


def store(value: bytes, target: bytes) -> bytes:
    """target = value."""
    return _STORE + value + target


def when(condition: bytes, *content: bytes) -> bytes:
    """If (condition) {content}."""
    return _with_length(_IF, condition + b"".join(content))


def returned(value: bytes) -> bytes:
    """Return (value)."""
    return _RETURN + value


def resources(*descriptors: bytes) -> bytes:
    """A buffer of resource descriptors and the tag that ends it, with a checksum of 0: not used."""
    data = b"".join(descriptors) + b"\x79\0"
    return _with_length(_BUFFER, integer(len(data)) + data)


def io(first: int, count: int, align: int = 1) -> bytes:
    """``count`` ports from ``first`` on, 16 bits decoded."""
    return struct.pack("<BBHHBB", 0x47, 1, first, first, align, count)


def irq(line: int) -> bytes:
    """An ISA interrupt."""
    return struct.pack("<BH", 0x22, 1 << line)


def dma(channel: int) -> bytes:
    """An 8-bit ISA DMA channel, compatible timing, no bus master."""
    return struct.pack("<BBB", 0x2A, 1 << channel, 0)


def interrupts(lines: Sequence[int]) -> bytes:
    """Extended interrupts: those of ``lines``, level and shared."""
    body = struct.pack(f"<BB{len(lines)}I", _LEVEL_SHARED, len(lines), *lines)
    return struct.pack("<BH", 0x89, len(body)) + body


def memory32(start: int, size: int) -> bytes:
    """A fixed range of registers that are read."""
    return struct.pack("<BHBII", 0x86, 9, 0, start, size)


def buses(first: int, last: int) -> bytes:
    """The bus numbers behind a bridge."""
    return _address(0x88, "H", _BUS, 0, first, last)


def ports(first: int, last: int) -> bytes:
    """A window of ports."""
    return _address(0x88, "H", _IO, _ENTIRE_RANGE, first, last)


def window32(first: int, last: int, cacheable: bool = False) -> bytes:
    """A window of memory below 4 GiB."""
    return _address(0x87, "I", _MEMORY, _READ_WRITE | (_CACHEABLE if cacheable else 0), first, last)


def window64(first: int, last: int) -> bytes:
    """A window of memory anywhere, cacheable."""
    return _address(0x8A, "Q", _MEMORY, _READ_WRITE | _CACHEABLE, first, last)


def _address(tag: int, width: str, kind: int, flags: int, first: int, last: int) -> bytes:
    """Granularity 0, minimum, maximum, translation 0, length."""
    body = struct.pack(f"<3B5{width}", kind, _FIXED, flags, 0, first, last, 0, last - first + 1)
    return struct.pack("<BH", tag, len(body)) + body
