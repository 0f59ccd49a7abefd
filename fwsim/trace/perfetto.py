"""A trace goes on a time line as a Perfetto trace: tracks for CPU, I/O, registers, GTT and faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.describe import COLUMNS, address_text, enum_name, flags_of
from fwsim.trace.event import Op, Space

AGGREGATE_ABOVE = 500_000
"""With more events, a track shows at most ``_BUCKETS`` slices, each with the number of events in its share of time."""
_BUCKETS = 20_000
_CHUNK = 1 << 16
_ACCESS_NS = 1000
_PROCESS, _CPU = 1, 2
_TRACKS = {
    Space.PCI: "configuration", Space.PORT: "I/O ports", Space.MMIO: "registers (MMIO)", Space.GTT: "GTT",
    Space.IOMMU: "DMA faults", Space.MEMORY: "memory", Space.EFI: "EFI",
}  # fmt: skip
_SEQUENCE = 1


class _Writer:
    """Packets, each a record of the trace's one repeated field, written as they come."""

    def __init__(self, file: BinaryIO) -> None:
        from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as pb2

        self.pb2: Any = pb2
        self._file = file
        self._first = True

    def packet(self, time_ns: int | None = None) -> Any:
        """An empty packet."""
        made = self.pb2.TracePacket()
        made.trusted_packet_sequence_id = _SEQUENCE
        if time_ns is not None:
            made.timestamp = time_ns
        return made

    def put(self, packet: Any) -> None:
        """Append ``packet``."""
        if self._first:
            packet.sequence_flags = self.pb2.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
            self._first = False
        data, size = packet.SerializeToString(), b""
        left = len(data)
        while left > 127:
            size, left = size + bytes([left & 127 | 128]), left >> 7
        self._file.write(b"\x0a" + size + bytes([left]) + data)

    def track(self, uuid: int, name: str, parent: int = _PROCESS) -> None:
        """Name a track."""
        packet = self.packet()
        packet.track_descriptor.uuid = uuid
        packet.track_descriptor.name = name
        if uuid == _PROCESS:
            packet.track_descriptor.process.pid = 1
            packet.track_descriptor.process.process_name = name
        else:
            packet.track_descriptor.parent_uuid = parent
        self.put(packet)

    def event(self, time_ns: int, track: int, kind: str, name: str = "", **notes: int | str) -> None:
        """A slice's begin or end, or an instant, with what is noted about it."""
        packet = self.packet(time_ns)
        event = packet.track_event
        event.type = getattr(self.pb2.TrackEvent, kind)
        event.track_uuid = track
        if name:
            event.name = name
        for key, value in notes.items():
            note = event.debug_annotations.add()
            note.name = key
            if isinstance(value, str):
                note.string_value = value
            else:
                note.uint_value = value
        self.put(packet)


def write_perfetto(events: NDArray[np.void], path: Path, name: str = "fwsim") -> bool:
    """Write the events to ``path``; True where they were aggregated because there are so many."""
    many = len(events) > AGGREGATE_ABOVE
    with path.open("wb") as file:
        writer = _Writer(file)
        writer.track(_PROCESS, name)
        writer.track(_CPU, "CPU: calls and interrupts")
        for space, text in _TRACKS.items():
            writer.track(_uuid(space), text)
        (_aggregated if many else _each)(events, writer)
    return many


def _uuid(space: int) -> int:
    return 10 + space


def _is_cpu(events: NDArray[np.void]) -> NDArray[np.bool_]:
    calls: NDArray[np.bool_] = (events["op"] == Op.CALL) | (events["op"] == Op.RETURN)
    return calls


def _each(events: NDArray[np.void], writer: _Writer) -> None:
    open_calls = 0
    last = 0
    for start in range(0, len(events), _CHUNK):
        for record in events[start : start + _CHUNK][list(COLUMNS)].tolist():
            last = max(last, record[1])
            if record[6] in (Op.CALL, Op.RETURN):
                open_calls = _call(record, writer, open_calls)
            else:
                _access(record, writer)
    for _ in range(open_calls):
        writer.event(last, _CPU, "TYPE_SLICE_END")


def _call(record: tuple[int, ...], writer: _Writer, depth: int) -> int:
    seq, time_ns, actor, _, _, space, op, _, address, value, _, _ = record
    if op == Op.CALL:
        place = enum_name("space", space)
        what = address_text(place, address) if place == "interrupt" else f"call {address:#x}"
        text = f"{what} ax={value & 0xFFFF:04x}"
        writer.event(time_ns, _CPU, "TYPE_SLICE_BEGIN", text, seq=seq, actor=enum_name("actor", actor))
        return depth + 1
    if depth:  # a return without its call would close somebody else's
        writer.event(time_ns, _CPU, "TYPE_SLICE_END")
        return depth - 1
    return 0


def _access(record: tuple[int, ...], writer: _Writer) -> None:
    seq, time_ns, actor, cs, ip, space, op, width, address, value, aux, flags = record
    place, did = enum_name("space", space), enum_name("op", op)
    arrow = {"read": "->", "write": "<-"}.get(did, did)
    notes: dict[str, int | str] = {
        "seq": seq,
        "value": f"{value:#x}",
        "actor": enum_name("actor", actor),
        "width": width,
    }
    if cs or ip:
        notes["cs_ip"] = f"{cs:04x}:{ip:04x}"
    if aux != value:
        notes["was"] = f"{aux:#x}"
    if flags:
        notes["flags"] = " ".join(flags_of(flags))
    name = f"{address_text(place, address)} {arrow} {value:#x}"
    writer.event(time_ns, _uuid(space), "TYPE_INSTANT", name, **notes)


def _aggregated(events: NDArray[np.void], writer: _Writer) -> None:
    """Per track, one slice for each share of time in which something happened, named by how often."""
    times = events["time_ns"]
    first, last = int(times[0]), int(times[-1])
    share = max(_ACCESS_NS, -(-(last - first + 1) // _BUCKETS))
    totals: dict[tuple[int, int], tuple[int, int]] = {}
    size = 1 << 20
    for start in range(0, len(events), size):
        chunk = events[start : start + size]
        track = np.where(_is_cpu(chunk), np.uint64(_CPU), chunk["space"].astype(np.uint64) + np.uint64(_uuid(0)))
        bucket = (chunk["time_ns"] - np.uint64(first)) // np.uint64(share)
        keys, at, counts = np.unique(bucket << np.uint64(8) | track, return_index=True, return_counts=True)
        for key, index, count in zip(keys.tolist(), at.tolist(), counts.tolist(), strict=True):
            seq, before = totals.get((key & 255, key >> 8), (int(chunk["seq"][index]), 0))
            totals[key & 255, key >> 8] = seq, before + count
    for (track_id, number), (seq, count) in sorted(totals.items(), key=lambda each: each[0][1]):
        begin = first + number * share
        writer.event(begin, track_id, "TYPE_SLICE_BEGIN", f"{count} events", first_seq=seq, events=count)
        writer.event(begin + share, track_id, "TYPE_SLICE_END")
