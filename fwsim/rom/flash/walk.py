"""The walk keeps what is known of an image while it is taken apart: streams, their named stretches, and the limits.

A *stream* is bytes that lie together: the file itself, or what one packed piece unpacked to. Containers inside a stream
name stretches of it; the names around an offset are the path that a reader is shown.
"""

import dataclasses

from msgspec import Struct, field

from fwsim.rom.finding import Finding
from fwsim.units import MIB

MAX_UNPACKED = 512 * MIB
"""Bytes that all packed pieces of one file may unpack to; a 32 MiB image of a desktop board unpacks to about 60."""

MAX_PIECE = 128 * MIB
"""Bytes that one packed piece may unpack to."""

MAX_DEPTH = 12
"""Packed pieces inside one another; real images have two or three."""

MAX_STREAMS = 4096
MAX_NOTES = 200
MAX_STRETCHES = 20_000
MAX_VOLUMES = 1024


class Stretch(Struct, frozen=True):
    """Bytes ``start`` up to ``end`` of a stream, and what they are."""

    start: int
    end: int
    name: str


@dataclasses.dataclass(slots=True)
class Stream:
    """Bytes that lie together: ``path`` leads to them from the file (empty for the file itself).

    ``origin`` is the file offset of the outermost packed piece that it came from. ``sections`` says that it is a row of
    EFI sections from offset 0 on; ``drivers`` are the PE images met, as (start, end, name);
    ``packed`` is what was unpacked, as (start, end): nothing is looked for in it, for packed text may begin as it was.
    """

    data: bytes = dataclasses.field(repr=False)
    path: tuple[str, ...] = ()
    sections: bool = False
    origin: int | None = None
    stretches: list[Stretch] = dataclasses.field(default_factory=list)
    drivers: list[tuple[int, int, str]] = dataclasses.field(default_factory=list)
    packed: list[tuple[int, int]] = dataclasses.field(default_factory=list)

    @property
    def is_file(self) -> bool:
        """Whether offsets count in the file itself."""
        return not self.path

    def around(self, offset: int) -> tuple[str, ...]:
        """The path to ``offset``: the stream's own, then the stretches that hold it, outermost first."""
        inside = [each for each in self.stretches if each.start <= offset < each.end]
        inside.sort(key=lambda each: (each.start - each.end, each.start))
        return (*self.path, *dict.fromkeys(each.name for each in inside))


class Walk(Struct):
    """The streams of one file in the order they were met, what is to be said of them, what may still be unpacked."""

    streams: list[Stream] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    left: int = field(default_factory=lambda: MAX_UNPACKED)
    named: int = 0

    def note(self, stream: Stream, offset: int, what: str, found: str = "", expected: str = "") -> None:
        """Says something of a place; the path is part of the text where it lies in something unpacked."""
        if len(self.notes) < MAX_NOTES:
            place = "" if stream.is_file else f" (in {' > '.join(stream.path)})"
            self.notes.append(Finding("warning", offset, what + place, found, expected))

    def count(self, kind: str) -> None:
        """One more container of this kind."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def name(self, stream: Stream, start: int, end: int, name: str) -> None:
        """Gives a stretch of a stream its name."""
        self.named += 1
        if self.named <= MAX_STRETCHES:
            stream.stretches.append(Stretch(start, min(end, len(stream.data)), name))

    def add(self, parent: Stream, place: tuple[int, int], data: bytes, name: str, *, sections: bool = False) -> None:
        """A stream unpacked from ``place``, (start, end), of ``parent``; left out, and said, past the limits."""
        offset = place[0]
        path = (*parent.around(offset), name)
        depth = sum(1 for each in path if each.startswith("unpacked"))
        if depth > MAX_DEPTH:
            self.note(parent, offset, "packed pieces inside one another: not followed further", f"{depth} deep")
        elif len(self.streams) >= MAX_STREAMS:
            self.note(parent, offset, "too many packed pieces: the rest is left out", f"over {MAX_STREAMS}")
        else:
            self.left -= len(data)
            parent.packed.append(place)
            origin = offset if parent.origin is None else parent.origin
            self.streams.append(Stream(data, path, sections, origin))

    def failed(self, stream: Stream, offset: int, what: str, reason: object, size: int) -> None:
        """Says why ``size`` packed bytes could not be unpacked; they are counted, for trying costs time as well."""
        self.left -= size
        self.note(stream, offset, what, str(reason))

    def room(self) -> int:
        """Bytes that the next piece may unpack to."""
        return min(self.left, MAX_PIECE)
