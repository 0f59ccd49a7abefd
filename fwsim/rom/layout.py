"""The layout names the structure of every byte of a ROM file, as spans."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from fwsim.rom.chain import Rom
from fwsim.rom.efi import EfiHeader
from fwsim.rom.image import Image
from fwsim.rom.pcir import SIZE_REVISION_3, Pcir
from fwsim.rom.pnp import PnpHeader
from fwsim.rom.vbt import BDB_HEADER_SIZE, HEADER_SIZE, Vbt

_PADDING_MINIMUM = 16

_PCIR_FIELDS = (
    (0x00, 4, "signature"),
    (0x04, 2, "vendor id"),
    (0x06, 2, "device id"),
    (0x08, 2, "list pointer"),
    (0x0A, 2, "structure length"),
    (0x0C, 1, "revision"),
    (0x0D, 3, "class code"),
    (0x10, 2, "image length"),
    (0x12, 2, "code revision"),
    (0x14, 1, "code type"),
    (0x15, 1, "indicator"),
    (0x16, 2, "runtime length"),
    (0x18, 2, "configuration pointer"),
    (0x1A, 2, "CLP pointer"),
)
_HEADER_FIELDS = (
    (0x00, 2, "signature"),
    (0x02, 1, "length byte"),
    (0x03, 3, "entry"),
    (0x06, 1, "checksum byte"),
    (0x07, 0x11, "header"),
    (0x18, 2, "PCIR pointer"),
    (0x1A, 2, "pointer at 0x1a"),
)
_EFI_FIELDS = (
    (0x00, 2, "signature"),
    (0x02, 2, "initialization size"),
    (0x04, 4, "EFI signature"),
    (0x08, 2, "EFI subsystem"),
    (0x0A, 2, "EFI machine"),
    (0x0C, 2, "EFI compression"),
    (0x0E, 8, "EFI reserved"),
    (0x16, 2, "EFI image offset"),
    (0x18, 2, "PCIR pointer"),
)


class Span(Struct, frozen=True):
    """Bytes ``start`` up to, not including, ``end`` of the file, and the structure and field they belong to."""

    start: int
    end: int
    name: str


class Layout:
    """The structures of a ROM file; of two that overlap the more special one (found later) names the byte."""

    def __init__(self, rom: Rom) -> None:
        pieces = _Painter(len(rom.data), "no image")
        for image in rom.images:
            for span in _image_spans(rom.data, image, f"image {image.index}: " if len(rom.images) > 1 else ""):
                pieces.paint(span)
        if rom.images:
            pieces.paint(Span(rom.images[-1].end, len(rom.data), "behind the last image"))
        self.spans: tuple[Span, ...] = pieces.spans()
        self._starts = [span.start for span in self.spans]

    def at(self, offset: int) -> Span | None:
        """The span that holds ``offset``; None outside the file."""
        index = bisect_right(self._starts, offset) - 1
        return self.spans[index] if index >= 0 and offset < self.spans[index].end else None


class _Painter:
    """Later spans over earlier ones; kept as sorted cut points, each with the name that begins there."""

    def __init__(self, size: int, name: str) -> None:
        self.size = size
        self.cuts = [0] if size else []
        self.names = {0: name}

    def paint(self, span: Span) -> None:
        start, end = max(span.start, 0), min(span.end, self.size)
        if start >= end:
            return
        first, behind = bisect_left(self.cuts, start), bisect_left(self.cuts, end)
        after = self.names[self.cuts[bisect_right(self.cuts, end) - 1]]
        keep_end = end < self.size and (behind == len(self.cuts) or self.cuts[behind] != end)
        self.cuts[first:behind] = [start, end] if keep_end else [start]
        self.names[start] = span.name
        if keep_end:
            self.names[end] = after

    def spans(self) -> tuple[Span, ...]:
        return tuple(Span(start, end, self.names[start]) for start, end in pairwise([*self.cuts, self.size]))


def _image_spans(data: bytes, image: Image, prefix: str) -> Iterator[Span]:
    base = image.offset
    yield Span(base, image.end, prefix + ("PE image" if image.efi else "code and data"))
    padding = _padding(data, base, image.end)
    if padding < image.end:
        yield Span(padding, image.end, prefix + "padding")
    if image.efi:
        yield from _efi_spans(base, image.efi, prefix)
    else:
        yield from (Span(base + at, base + at + size, prefix + name) for at, size, name in _HEADER_FIELDS)
    for header in image.pnp:
        yield from _pnp_spans(header, prefix)
    if image.vbt:
        yield from _vbt_spans(image.vbt, prefix)
    if image.pcir:
        yield from _pcir_spans(image.pcir, prefix)


def _padding(data: bytes, start: int, end: int) -> int:
    """Where the run of equal 00 or FF bytes at the image's end begins; ``end`` when it is shorter than 16 bytes."""
    body = data[start:end]
    if not body or body[-1] not in (0x00, 0xFF):
        return end
    begin = start + len(body.rstrip(body[-1:]))
    return begin if end - begin >= _PADDING_MINIMUM else end


def _efi_spans(base: int, header: EfiHeader, prefix: str) -> Iterator[Span]:
    yield Span(base, base + header.image_offset, prefix + "in front of the PE image")
    yield from (Span(base + at, base + at + size, prefix + name) for at, size, name in _EFI_FIELDS)


def _pnp_spans(header: PnpHeader, prefix: str) -> Iterator[Span]:
    yield Span(header.offset, header.offset + max(header.length, 8), f"{prefix}{header.signature} header")


def _pcir_spans(pcir: Pcir, prefix: str) -> Iterator[Span]:
    size = max(min(pcir.length, SIZE_REVISION_3), 0x18)
    for at, length, name in _PCIR_FIELDS:
        if at < size:
            label = "reserved" if at == 0x16 and pcir.revision < 3 else name
            yield Span(pcir.offset + at, pcir.offset + at + length, f"{prefix}PCIR {label}")
    if pcir.device_list:
        start = pcir.offset + pcir.list_pointer
        yield Span(start, start + 2 * len(pcir.device_list) + 2, prefix + "PCIR device list")


def _vbt_spans(vbt: Vbt, prefix: str) -> Iterator[Span]:
    yield Span(vbt.offset, vbt.offset + vbt.size, prefix + "VBT")
    yield Span(vbt.offset, vbt.offset + max(vbt.header_size, HEADER_SIZE), prefix + "VBT header")
    if vbt.bdb_header_size:
        yield Span(vbt.bdb_offset, vbt.bdb_offset + max(vbt.bdb_header_size, BDB_HEADER_SIZE), prefix + "BDB header")
    for block in vbt.blocks:
        yield Span(block.offset, block.offset + 3 + block.size, f"{prefix}BDB {block.id} {block.name}")
