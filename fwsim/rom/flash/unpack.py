"""Packed bytes are unpacked: LZMA, the UEFI and Tiano compression, LH5, LZ4; never to more than they were allowed.

LZMA is Python's own, LZ4's block format is read here (github.com/lz4/lz4, doc/lz4_Block_format.md). The UEFI and Tiano
compression (UEFI Specification 2.10, 19) is uefi_firmware's; LH5, which Phoenix, AMI and Award used before, is the same
code without the UEFI header: both come from Okumura's ar002.
"""

import lzma
import struct
from collections.abc import Callable

HEADER = 8
"""Bytes in front of UEFI-compressed data: compressed and original size (UEFI Specification 2.10, 19.2)."""

_LZMA_HEADER = 13
_UNKNOWN_SIZE = (1 << 64) - 1
_LZMA_DICTIONARY = 1 << 28


class PackedError(ValueError):
    """Packed bytes that cannot be unpacked, and why."""


def unpack_lzma(data: bytes, limit: int, x86: bool = False) -> bytes:
    """LZMA with its 13-byte header, as edk2 and coreboot pack; ``x86`` undoes the branch converter on top (edk2's F86).

    Raises PackedError for damaged data, and where it would be more than ``limit`` bytes.
    """
    if len(data) < _LZMA_HEADER:
        raise PackedError("LZMA data is cut off")
    properties, dictionary, size = data[0], *struct.unpack_from("<IQ", data, 1)
    if properties >= 225 or dictionary > _LZMA_DICTIONARY:
        raise PackedError(f"not LZMA: properties {properties:#x}, a dictionary of {dictionary:#x} bytes")
    if size != _UNKNOWN_SIZE:
        _allowed(size, limit)
    chain: list[dict[str, int]] = [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": max(dictionary, 4096),
            "lc": properties % 9,
            "lp": properties // 9 % 5,
            "pb": properties // 45,
        }
    ]
    if x86:
        chain.insert(0, {"id": lzma.FILTER_X86})
    wanted = limit + 1 if size == _UNKNOWN_SIZE else size
    try:
        result = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain).decompress(data[_LZMA_HEADER:], wanted)
    except (lzma.LZMAError, ValueError) as error:
        raise PackedError(f"LZMA: {error}") from None
    _allowed(len(result), limit)
    if size != _UNKNOWN_SIZE and len(result) < size:
        raise PackedError(f"LZMA data is cut off: {len(result):#x} of {size:#x} bytes")
    return result


def unpack_uefi(data: bytes, limit: int) -> tuple[bytes, ...]:
    """What UEFI-compressed data with its header may be: read as UEFI's own and as Tiano's, which nothing tells apart.

    One result where only one reading succeeds. Raises PackedError where none does.
    """
    from uefi_firmware import efi_compressor

    if len(data) < HEADER:
        raise PackedError("compressed data is cut off")
    packed, size = struct.unpack_from("<II", data)
    if packed > len(data) - HEADER:
        raise PackedError(f"compressed data is cut off: {len(data) - HEADER:#x} of {packed:#x} bytes")
    _allowed(size, limit)
    found = []
    for decompress in (efi_compressor.TianoDecompress, efi_compressor.EfiDecompress):
        result = _tried(decompress, data[: HEADER + packed], size)
        if result is not None and result not in found:
            found.append(result)
    if not found:
        raise PackedError("neither UEFI nor Tiano compression")
    return tuple(found)


def unpack_lh5(data: bytes, size: int, limit: int) -> bytes:
    """LH5 data to ``size`` bytes. Raises PackedError when it is none, or ``size`` is over ``limit``."""
    from uefi_firmware import efi_compressor

    _allowed(size, limit)
    result = _tried(efi_compressor.EfiDecompress, struct.pack("<II", len(data), size) + data, size)
    if result is None:
        raise PackedError("not LH5")
    return result


def unpack_lz4(data: bytes, limit: int) -> bytes:
    """An LZ4 frame, as coreboot packs files (lz4_Frame_format.md; checksums are not looked at).

    Raises PackedError for damaged data, and where it would be more than ``limit`` bytes.
    """
    if data[:4] != b"\x04\x22\x4d\x18" or len(data) < 7:
        raise PackedError("no LZ4 frame")
    flags = data[4]
    at = 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    out = bytearray()
    while at + 4 <= len(data):
        word = int.from_bytes(data[at : at + 4], "little")
        at += 4
        if word == 0:
            return bytes(out)
        size = word & 0x7FFFFFFF
        block = data[at : at + size]
        if len(block) < size:
            raise PackedError("an LZ4 block is cut off")
        if word >> 31:
            out += block
            _allowed(len(out), limit)
        else:
            _lz4_block(block, out, limit)
        at += size + (4 if flags & 0x10 else 0)
    raise PackedError("the LZ4 frame has no end")


def _lz4_block(block: bytes, out: bytearray, limit: int) -> None:
    """One block's sequences: literals, then a copy from ``out`` itself; the last has no copy."""
    at = 0
    while at < len(block):
        token = block[at]
        literals, at = _lz4_length(block, at + 1, token >> 4)
        out += block[at : at + literals]
        at += literals
        _allowed(len(out), limit)
        if at >= len(block):
            return
        back = int.from_bytes(block[at : at + 2], "little")
        length, at = _lz4_length(block, at + 2, token & 15)
        if not 0 < back <= len(out):
            raise PackedError("an LZ4 copy from in front of the data")
        _allowed(len(out) + length + 4, limit)
        piece = bytes(out[-back:])
        out += (piece * ((length + 4) // back + 1))[: length + 4]


def _lz4_length(block: bytes, at: int, length: int) -> tuple[int, int]:
    """A length that begins in a token's nibble, and the offset behind its further bytes."""
    if length == 15:
        while at < len(block):
            byte = block[at]
            at += 1
            length += byte
            if byte != 255:
                break
    return length, at


def _tried(decompress: Callable[[bytes, int], bytes], data: bytes, size: int) -> bytes | None:
    try:
        result = decompress(data, len(data))
    except Exception:  # the extension raises plain Exception for data that it cannot read
        return None
    return result if len(result) == size else None


def _allowed(size: int, limit: int) -> None:
    if size > limit:
        raise PackedError(f"it would unpack to {size:#x} bytes; {max(limit, 0):#x} are allowed")
