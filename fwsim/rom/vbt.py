"""Intel's Video BIOS Table ($VBT) and its BIOS data blocks say which displays an image expects.

Layout: Linux drivers/gpu/drm/i915/display/intel_vbt_defs.h. The header's checksum is wrong in
every vBIOS image seen, so it is reported and never required.
"""

import struct

from msgspec import Struct

from fwsim.registers.bdb_blocks import BLOCK_NAMES
from fwsim.rom.finding import Finding

SIGNATURE = b"$VBT"
BDB_SIGNATURE = b"BIOS_DATA_BLOCK "
HEADER_SIZE = 32
BDB_HEADER_SIZE = 22

MAX_BLOCKS = 256
"""Blocks taken from one table: their numbers are bytes."""

_MIPI_SEQUENCE = 53
_SIZED_SEQUENCE = 3
_PRIVATE = 254
_LINES, _LINE = 16, 200
"""Lines of a private block's text that are kept, and letters of each."""


class BdbBlock(Struct, frozen=True):
    """One data block: ``offset`` of its 3-byte header in the file, ``size`` of the data after that header, in bytes."""

    id: int
    offset: int
    size: int

    @property
    def name(self) -> str:
        """The block's name, ``unknown`` when Linux's header has none for this id."""
        return BLOCK_NAMES.get(self.id, "unknown")


class Vbt(Struct, frozen=True):
    """A Video BIOS Table. Offsets are in bytes from the start of the file, sizes in bytes, versions as stored.

    ``sum`` is the 8-bit sum over ``size`` bytes (0 when the checksum is right). ``sign_on`` are the lines of text the
    image keeps in its private block: name, build, notices.
    """

    offset: int
    signature: str
    version: int
    header_size: int
    size: int
    checksum: int
    sum: int
    bdb_offset: int
    bdb_version: int
    bdb_header_size: int
    bdb_size: int
    blocks: tuple[BdbBlock, ...]
    sign_on: tuple[str, ...]


def parse_vbt(data: bytes, offset: int, findings: list[Finding]) -> Vbt | None:
    """The table at ``offset``; None, with a finding, when there is no $VBT or its header is cut off."""
    if data[offset : offset + 4] != SIGNATURE or offset + HEADER_SIZE > len(data):
        findings.append(
            Finding("warning", offset, "no VBT here", data[offset : offset + 4].hex(" "), "24 56 42 54 ($VBT)")
        )
        return None
    version, header_size, size, checksum, _, bdb_relative = struct.unpack_from("<HHHBBI", data, offset + 20)
    total = sum(data[offset : offset + size]) & 0xFF
    if total:
        what = "the VBT's checksum is wrong, as in every vBIOS image seen: never required"
        findings.append(Finding("note", offset + 26, what, f"sum {total:#04x}", "sum 0x00"))
    if size < HEADER_SIZE:
        what = "the VBT says it is shorter than its header"
        findings.append(Finding("warning", offset + 24, what, f"{size:#x}", f"at least {HEADER_SIZE:#x}"))
    if offset + size > len(data):
        findings.append(
            Finding(
                "warning",
                offset + 24,
                "the VBT runs past the end of the file",
                found=f"{offset:#x}-{offset + size - 1:#x}",
                expected=f"up to {len(data) - 1:#x}",
            )
        )
    bdb = offset + bdb_relative
    if size >= HEADER_SIZE and not HEADER_SIZE <= bdb_relative < size:
        what = "the VBT's data blocks lie outside it"
        findings.append(
            Finding("warning", offset + 28, what, f"{bdb_relative:#x}", f"{HEADER_SIZE:#x}-{max(size - 1, 0):#x}")
        )
    bdb_version, bdb_header_size, bdb_size, blocks = _parse_bdb(data, bdb, findings)
    if bdb_size and size >= HEADER_SIZE and bdb + bdb_size > offset + size:
        what = "the VBT's data blocks end outside it"
        findings.append(
            Finding("warning", bdb + 20, what, f"{bdb_size:#x}", f"at most {max(size - bdb_relative, 0):#x}")
        )
    _say_repeated(blocks, findings)
    return Vbt(
        offset=offset,
        signature=_printable(data[offset : offset + 20]).rstrip(),
        version=version,
        header_size=header_size,
        size=size,
        checksum=checksum,
        sum=total,
        bdb_offset=bdb,
        bdb_version=bdb_version,
        bdb_header_size=bdb_header_size,
        bdb_size=bdb_size,
        blocks=blocks,
        sign_on=_sign_on(data, blocks),
    )


def _parse_bdb(data: bytes, bdb: int, findings: list[Finding]) -> tuple[int, int, int, tuple[BdbBlock, ...]]:
    """(version, header size, size, blocks) of the BIOS data blocks at ``bdb``; zeros and a finding when not there."""
    signature = data[bdb : bdb + 16]
    if signature != BDB_SIGNATURE or bdb + BDB_HEADER_SIZE > len(data):
        what = "the VBT's data blocks are not where it says"
        findings.append(Finding("warning", bdb, what, signature.hex(" ") or "the end of the file", "BIOS_DATA_BLOCK"))
        return 0, 0, 0, ()
    version, header_size, size = struct.unpack_from("<HHH", data, bdb + 16)
    if bdb + size > len(data):
        what = "the VBT's data blocks run past the end of the file"
        findings.append(Finding("warning", bdb + 20, what, f"size {size:#x}", f"at most {len(data) - bdb:#x}"))
    end = min(bdb + size, len(data))
    at = bdb + max(header_size, BDB_HEADER_SIZE)
    blocks: list[BdbBlock] = []
    while at + 3 <= end:
        whole, counted = _block_size(data, at)
        block = BdbBlock(data[at], at, whole)
        if at + 3 + counted > end or at + 3 + whole > len(data):
            what = f"data block {block.id} runs past the end of the blocks"
            findings.append(Finding("warning", at, what, f"size {whole:#x}", f"at most {max(end - at - 3, 0):#x}"))
            break
        blocks.append(block)
        at += 3 + block.size
        if len(blocks) == MAX_BLOCKS:
            what = "too many data blocks: the rest is left out"
            findings.append(Finding("warning", at, what, f"over {MAX_BLOCKS}", "a block of each number"))
            break
    return version, header_size, size, tuple(blocks)


def _say_repeated(blocks: tuple[BdbBlock, ...], findings: list[Finding]) -> None:
    """A note for each number that comes again: drivers take the first block of a number."""
    seen: set[int] = set()
    said: set[int] = set()
    for block in blocks:
        if block.id in seen and block.id not in said:
            said.add(block.id)
            what = f"data block {block.id} is there more than once: the first one counts"
            findings.append(Finding("note", block.offset, what, f"block {block.id} again", "a block of each number"))
        seen.add(block.id)


def _block_size(data: bytes, at: int) -> tuple[int, int]:
    """Bytes of the block whose header is at ``at``, and how many of them its size counts.

    MIPI sequences from version 3 on keep their size in a dword, which counts neither the version's byte before it nor
    itself. Linux (intel_bios.c, find_raw_section) asks only that what is counted ends within the blocks, and real
    tables rely on it.
    """
    if data[at] == _MIPI_SEQUENCE and len(data) >= at + 8 and data[at + 3] >= _SIZED_SEQUENCE:
        counted = int.from_bytes(data[at + 4 : at + 8], "little")
        return 5 + counted, counted
    counted = int.from_bytes(data[at + 1 : at + 3], "little")
    return counted, counted


def _sign_on(data: bytes, blocks: tuple[BdbBlock, ...]) -> tuple[str, ...]:
    private = next((block for block in blocks if block.id == _PRIVATE), None)
    if private is None:
        return ()
    text = "".join(
        chr(b) if 0x20 <= b < 0x7F else "\n" for b in data[private.offset + 3 : private.offset + 3 + private.size]
    )
    return tuple(line.strip()[:_LINE] for line in text.split("\n") if len(line.strip()) >= 8)[:_LINES]


def _printable(raw: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in raw.rstrip(b"\0"))
