"""What is looked for is recognised in a stream: option ROMs by 55AA and PCIR, VBTs by $VBT, graphics drivers by what
they carry.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from fwsim.rom.chain import inspect_bytes
from fwsim.rom.efi import parse_pe
from fwsim.rom.finding import Finding
from fwsim.rom.flash.walk import Stream
from fwsim.rom.image import ROM_SIGNATURE, Image
from fwsim.rom.pcir import SIGNATURE as PCIR
from fwsim.rom.vbt import HEADER_SIZE, SIGNATURE, parse_vbt
from fwsim.units import MIB

Kind = Literal["option ROM", "VBT", "EFI driver"]

GOP_GUID = bytes.fromhex("dea94290dc23384a96fb7aded080516a")
"""EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, 9042A9DE-23DC-4A38-96FB-7ADED080516A, as it lies in a driver (UEFI 2.10, 12.9)."""

DRIVER_NAME = re.compile(rb"(?:[\x20-\x7e]\0){2,60}?G\0O\0P\0 \0D\0r\0i\0v\0e\0r\0(?:[\x20-\x7e]\0){0,40}")
"""The name that a GOP driver gives by ComponentName2, as UTF-16: "Intel(R) GOP Driver" in the twelve drivers looked at
(Sandy Bridge to Tiger Lake)."""

_BUILD = re.compile(rb"(?:Build Number|Version|Revision)[: ][\x20-\x7e]{1,60}")
_TEXT_REACH = 0x1000
_MIN_PE = 0x200
_MAX_ROM = MIB
"""Bytes of an option ROM's chain that are looked at; vBIOS and GOP together take a quarter of it."""

MAX_ITEMS = 4096
"""Things taken from one stream."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing found: its bytes, the ``path`` to them and the ``offset`` in the innermost stream.

    ``packed_at`` is the file offset of the outermost packed piece that it lies in, None where ``offset`` counts in the
    file itself. ``vendor`` and ``devices`` are the ids it accepts (none of a VBT or a bare driver), ``name`` what the
    image calls it, ``version`` and ``build`` what it says of itself. ``cut``: it goes on behind the end of the file.
    """

    kind: Kind
    data: bytes = field(repr=False)
    path: tuple[str, ...]
    offset: int
    packed_at: int | None
    name: str = ""
    vendor: int | None = None
    devices: tuple[int, ...] = ()
    code: str = ""
    version: str = ""
    build: tuple[str, ...] = ()
    graphics: bool = True
    cut: bool = False

    @property
    def sha256(self) -> str:
        """Of the bytes, in lower case hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def title(self) -> str:
        """Kind, and ids or name: ``option ROM 8086:0106 and 6 more``."""
        if self.vendor is None or not self.devices:
            return f"{self.kind} {self.name}".rstrip()
        more = len(self.devices) - 1
        return f"{self.kind} {self.vendor:04x}:{self.devices[0]:04x}" + (f" and {more} more" if more else "")

    @property
    def suffix(self) -> str:
        """The ending of a file that holds it."""
        return {"option ROM": "rom", "VBT": "vbt", "EFI driver": "efi"}[self.kind]


def items_of(stream: Stream) -> Iterator[Item]:
    """Everything found in one stream, in order of offset. A VBT, PE or image inside an option ROM is part of it."""
    found = [*islice(_roms(stream), MAX_ITEMS)]
    found = [item for item in found if not _within(item.offset, stream.packed)]
    taken = [*stream.packed, *((item.offset, item.offset + len(item.data)) for item in found)]
    found += [item for item in islice(_vbts(stream), MAX_ITEMS) if not _within(item.offset, taken)]
    found += [item for item in islice(_drivers(stream), MAX_ITEMS) if not _within(item.offset, taken)]
    yield from sorted(found, key=lambda item: item.offset)


def _within(offset: int, taken: list[tuple[int, int]]) -> bool:
    return any(start <= offset < end for start, end in taken)


def _roms(stream: Stream) -> Iterator[Item]:
    data, behind = stream.data, 0
    at = data.find(ROM_SIGNATURE)
    while at >= 0:
        pointer = at + int.from_bytes(data[at + 0x18 : at + 0x1A], "little")
        isa = at == pointer == 0  # an ISA ROM has no mark but its sum: only as a file of its own
        if at >= behind and (isa or (pointer > at and data[pointer : pointer + 4] == PCIR)):
            item = _rom(stream, at)
            if item is not None:
                yield item
                behind = at + len(item.data)
        at = data.find(ROM_SIGNATURE, max(at + 2, behind))


def _rom(stream: Stream, at: int) -> Item | None:
    rom = inspect_bytes(stream.data[at : at + _MAX_ROM])
    if not rom.images or rom.images[-1].end == 0 or (rom.images[0].pcir is None and not _isa(rom.images[0])):
        return None
    size = rom.images[-1].end
    main = rom.legacy
    texts = list(main.vbt.sign_on) if main and main.vbt else []
    if not texts:
        texts = [match[0].decode("ascii") for match in _BUILD.finditer(rom.data[: min(size, _TEXT_REACH)])]
    code = " + ".join(dict.fromkeys(image.code_type_name for image in rom.images))
    version = next((line for line in texts if "uild" in line or "ersion" in line), "")
    vbt = main.vbt if main else None
    return Item(
        kind="option ROM",
        data=rom.data[:size],
        path=stream.around(at),
        offset=at,
        packed_at=stream.origin,
        vendor=rom.vendor,
        devices=rom.ids,
        code=code + (f", VBT {vbt.signature} {vbt.bdb_version}" if vbt else ""),
        version=version,
        build=tuple(texts),
        graphics=rom.class_code is not None and rom.class_code >> 16 == 3,
        cut=any(image.truncated for image in rom.images),
    )


def _isa(image: Image) -> bool:
    return image.header_length > 0 and image.checksum_ok


def _vbts(stream: Stream) -> Iterator[Item]:
    data = stream.data
    at = data.find(SIGNATURE)
    while at >= 0:
        findings: list[Finding] = []
        vbt = parse_vbt(data, at, findings) if at + HEADER_SIZE <= len(data) else None
        if vbt is not None and vbt.size >= HEADER_SIZE and vbt.bdb_size and vbt.blocks:
            yield Item(
                kind="VBT",
                data=data[at : at + vbt.size],
                path=stream.around(at),
                offset=at,
                packed_at=stream.origin,
                name=vbt.signature,
                code=f"BDB version {vbt.bdb_version}, {len(vbt.blocks)} blocks",
                build=vbt.sign_on,
                cut=at + vbt.size > len(data),
            )
        at = data.find(SIGNATURE, at + 4)


def _drivers(stream: Stream) -> Iterator[Item]:
    """The stream's PE images; a file or a CBFS file that begins as one is one as well."""
    places = list(stream.drivers)
    if not places and stream.data[:2] == b"MZ" and _is_pe(stream.data):
        places = [(0, len(stream.data), "")]
    for start, end, name in places:
        raw = stream.data[start:end]
        if raw[:2] == b"MZ" and len(raw) >= _MIN_PE:
            yield _driver(stream, start, raw, name)


def _is_pe(raw: bytes) -> bool:
    at = int.from_bytes(raw[0x3C:0x40], "little")
    subsystem = int.from_bytes(raw[at + 0x5C : at + 0x5E], "little")
    return raw[at : at + 4] == b"PE\0\0" and subsystem in (10, 11, 12)


def _driver(stream: Stream, start: int, raw: bytes, name: str) -> Item:
    """A driver makes graphics when it knows the protocol, and it or its file is called a GOP driver."""
    said = DRIVER_NAME.search(raw) if GOP_GUID in raw else None
    graphics = said is not None or ("gop" in name.lower() and GOP_GUID in raw)
    pe = parse_pe(raw) if graphics else None
    title = said[0].decode("utf-16-le").strip() if said else ""
    return Item(
        kind="EFI driver",
        data=raw,
        path=stream.around(start),
        offset=start,
        packed_at=stream.origin,
        name=title or name,
        code=f"{pe.machine_name}, {pe.subsystem_name}" if pe else "",
        graphics=graphics,
    )
