"""Exports, read back by other programs: DuckDB, Perfetto's own messages, intel_reg."""

import csv
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

from fwsim.errors import FwsimError
from fwsim.trace import perfetto
from fwsim.trace.event import EVENT, Op
from fwsim.trace.export import whole_file
from fwsim.trace.importer import LogReader
from fwsim.trace.perfetto import write_perfetto
from fwsim.trace.qemu_lines import QemuLines
from fwsim.trace.snapshot import mmio_image
from fwsim.trace.table import write_table


def record(seq, actor, space, op, width, address, value, aux=None, flags=0, cs=0xC000, ip=0x123):
    return (seq, seq * 1000, ip, address, value, value if aux is None else aux, cs, flags, actor, space, op, width)


EVENTS = np.array(
    [
        record(1, 1, 2, 1, 4, 0x10020, 0xC001),
        record(2, 1, 6, 2, 0, 0x10, 0x4F02),
        record(3, 0, 2, 0, 2, 0x1005E, 0xDBA0),
        record(4, 0, 0, 1, 4, 0xC000, 1),
        record(5, 0, 4, 1, 4, 0, 0xBD700001, 0xDBA00001, flags=1 | 64),
        record(6, 0, 3, 1, 4, 0x70180, 0xD8000000),
        record(7, 0, 3, 0, 4, 0x70180, 0xD8000001),
        record(8, 0, 0, 0, 1, 0x3DA, 9),
        record(9, 1, 6, 3, 0, 0x10, 0x4F),
        record(10, 4, 5, 0, 4, 0xDBA00000, 6, flags=8, cs=0, ip=0),
        record(11, 0, 0, 1, 4, 0xCF8, 0x8000105C),
    ],
    dtype=EVENT,
)


def test_qemu_lines_are_those_of_trace_events():
    lines = list(QemuLines(timestamps=False).lines(EVENTS))
    assert lines == [
        "vfio_pci_reset  (0000:00:02.0)",
        "vfio_pci_reset_flr 0000:00:02.0 FLR/VFIO_DEVICE_RESET",
        "pci_cfg_write vfio-pci 00:02.0 @0x20 <- 0xc001",
        "vfio_pci_write_config  (0000:00:02.0, @0x20, 0xc001, len=0x4)",
        "vfio_pci_read_config  (0000:00:02.0, @0x5e, len=0x2) 0xdba0",
        "pci_cfg_read vfio-pci 00:02.0 @0x5e -> 0xdba0",
        "vfio_region_write  (0000:00:02.0:region4+0x0, 0x1, 4)",
        "vfio_pci_igd_bar4_write 0000:00:02.0 [0x001] 0xdba00001 -> 0xbd700001",
        "vfio_region_write  (0000:00:02.0:region4+0x4, 0xbd700001, 4)",
        "vfio_region_write  (0000:00:02.0:region0+0x70180, 0xd8000000, 4)",
        "vfio_region_read  (0000:00:02.0:region0+0x70180, 4) = 0xd8000001",
        "vfio_vga_read  (0x3da, 1) = 0x9",
    ]


@pytest.mark.parametrize("timestamps", [False, True])
def test_what_is_exported_is_imported(timestamps):
    reader = LogReader()
    for line in QemuLines(timestamps=timestamps).lines(EVENTS):
        reader.feed(line)
    kept = EVENTS[[0, 2, 3, 4, 5, 6, 7]]
    read = reader.rest()
    for column in ("space", "op", "width", "address", "value", "aux", "flags"):
        assert read[column].tolist() == kept[column].tolist(), column


def test_a_table_of_many_events_has_them_all_in_their_order(tmp_path):
    """300,007 of them: two chunks and a part of one."""
    import duckdb

    events = np.resize(EVENTS, 300_007)
    events["seq"] = np.arange(1, len(events) + 1)
    events["value"] = events["seq"] * np.uint64(0x9E3779B97F4A7C15)
    write_table(events, tmp_path / "many.parquet", "parquet")
    read = duckdb.sql(f"select seq, value, width from '{tmp_path}/many.parquet'").fetchnumpy()
    assert all((read[column] == events[column]).all() for column in ("seq", "value", "width"))


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_tables_have_the_columns_and_names(tmp_path, kind):
    import duckdb

    path = tmp_path / "it's"
    write_table(EVENTS, path, kind)
    if kind == "parquet":
        table = duckdb.from_parquet(str(path))
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]
    elif kind == "csv":
        rows = list(csv.DictReader(path.open()))
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert list(rows[0]) == [
        "seq", "time_ns", "actor", "cs", "ip", "space", "op", "width", "address", "value", "aux", "flags",
    ]  # fmt: skip
    assert len(rows) == len(EVENTS)
    row = rows[4]
    assert (row["space"], row["op"], row["actor"], row["flags"]) == ("gtt", "write", "rom", "rewritten indexed")
    assert (int(row["value"]), int(row["aux"]), int(row["cs"])) == (0xBD700001, 0xDBA00001, 0xC000)


def parsed(path):
    trace = Trace()
    trace.ParseFromString(path.read_bytes())
    tracks = {p.track_descriptor.uuid: p.track_descriptor.name for p in trace.packet if p.HasField("track_descriptor")}
    return tracks, [p for p in trace.packet if p.HasField("track_event")]


def test_perfetto_reads_its_trace(tmp_path):
    assert not write_perfetto(EVENTS, tmp_path / "t")
    tracks, events = parsed(tmp_path / "t")
    shown = [(tracks[p.track_event.track_uuid], p.track_event.name, p.timestamp) for p in events]
    assert ("DMA faults", "0xdba00000 -> 0x6", 10_000) in shown
    assert ("GTT", "0x0 [0x1] <- 0xbd700001", 5000) in shown
    assert ("configuration", "00:02.0 @0x5E -> 0xdba0", 3000) in shown
    calls = [p.track_event.type for p in events if tracks[p.track_event.track_uuid].startswith("CPU")]
    assert calls == [TrackEvent.TYPE_SLICE_BEGIN, TrackEvent.TYPE_SLICE_END]
    assert len(events) == len(EVENTS)


def test_a_call_that_never_returns_ends_with_the_trace(tmp_path):
    """Perfetto's TrackEvent: a slice needs its end; one that is open runs on to wherever the viewer's window stops."""
    events = EVENTS[EVENTS["op"] != Op.RETURN]
    write_perfetto(events, tmp_path / "t")
    tracks, found = parsed(tmp_path / "t")
    slices = [(p.track_event.type, p.timestamp) for p in found if tracks[p.track_event.track_uuid].startswith("CPU")]
    assert [kind for kind, _ in slices] == [TrackEvent.TYPE_SLICE_BEGIN, TrackEvent.TYPE_SLICE_END]
    assert slices[1][1] == int(events["time_ns"].max())


def test_many_events_are_aggregated(tmp_path, monkeypatch):
    monkeypatch.setattr(perfetto, "AGGREGATE_ABOVE", 1000)
    events = np.zeros(300_000, dtype=EVENT)
    events["seq"] = np.arange(1, len(events) + 1)
    events["time_ns"] = events["seq"] * 1000
    events["space"] = events["seq"] % 5
    assert write_perfetto(events, tmp_path / "t")
    _, found = parsed(tmp_path / "t")
    begins = [p for p in found if p.track_event.type == TrackEvent.TYPE_SLICE_BEGIN]
    counts = [note.uint_value for p in begins for note in p.track_event.debug_annotations if note.name == "events"]
    assert sum(counts) == len(events)
    assert len(begins) <= 5 * 20_001


def test_intel_reg_reads_the_snapshot(tmp_path, require_program):
    tool = require_program("intel_reg", "intel-gpu-tools")
    image, known = mmio_image(EVENTS)
    (tmp_path / "mmio").write_bytes(image.tobytes())
    command = [tool, f"--mmio={tmp_path / 'mmio'}", "--devid=0126", "read", "0x70180", "0x70184"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    assert re.findall(r"\(0x000(\w+)\): (0x\w+)", shown) == [("70180", "0xd8000001"), ("70184", "0x00000000")]
    assert known == 1


def test_files_are_whole_or_not_there(tmp_path):
    out = tmp_path / "f"
    with pytest.raises(ValueError, match="invalid"), whole_file(out, False) as partial:
        int(str(partial.write_text("half")) + "x")
    assert list(tmp_path.iterdir()) == []
    with whole_file(out, False) as partial:
        partial.write_text("whole")
    with pytest.raises(FwsimError, match="exists"), whole_file(out, False):
        pass
    with pytest.raises(FwsimError, match="No such file"), whole_file(tmp_path / "no" / "f", False) as partial:
        partial.write_text("x")
    with whole_file(out, True) as partial:
        partial.write_text("new")
    assert out.read_text() == "new"


def test_a_full_disk_is_an_error(tmp_path):
    with pytest.raises(FwsimError, match="no room"), whole_file(tmp_path / "f", False):
        Path("/dev/full").write_text("x")
    assert list(tmp_path.iterdir()) == []
