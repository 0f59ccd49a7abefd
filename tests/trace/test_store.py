import numpy as np
import pytest

from fwsim.errors import FwsimError
from fwsim.trace.event import EVENT
from fwsim.trace.store import open_events


def written(path, count: int, room: int):
    events = np.zeros(room, dtype=EVENT)
    events["seq"][:count] = np.arange(1, count + 1)
    events["value"][:count] = 0xDBA00000 + np.arange(count)
    np.save(path, events)
    return path


@pytest.mark.parametrize(("count", "room"), [(0, 0), (0, 9), (1, 1), (1, 9), (5, 9), (8, 9), (9, 9), (1000, 4096)])
def test_only_what_was_written(tmp_path, count, room):
    events = open_events(written(tmp_path / "e.npy", count, room))
    assert events["seq"].tolist() == list(range(1, count + 1))
    assert events["value"].tolist() == [0xDBA00000 + i for i in range(count)]


def test_is_mapped_and_read_only(tmp_path):
    events = open_events(written(tmp_path / "e.npy", 3, 3))
    assert isinstance(events, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        events["seq"][0] = 9


def test_a_file_cut_anywhere(tmp_path):
    whole = written(tmp_path / "e.npy", 5, 9).read_bytes()
    header = len(whole) - 9 * 56
    cut = tmp_path / "cut.npy"
    for size in range(len(whole) + 1):
        cut.write_bytes(whole[:size])
        expected = min(5, max(0, size - header) // 56)
        assert open_events(cut)["seq"].tolist() == list(range(1, expected + 1)), size


def test_a_header_that_promises_less_than_there_is(tmp_path):
    path = written(tmp_path / "e.npy", 5, 5)
    path.write_bytes(path.read_bytes() + b"\xff" * 200)
    assert len(open_events(path)) == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"PK\x03\x04 zip", "not an event file"), (b"\x00" * 500, "not an event file"),
     (b"\x93NUMPY\x02\x00" + bytes(200), "not an event"),
     (b"\x93NUMPY\x01\x00\x10\x00" + b"{'descr': nonse\n", "damaged header"),
     (b"\x93NUMPY\x01\x00\x05\x00" + b"3    ", "damaged header")],
)  # fmt: skip
def test_what_is_no_event_file(tmp_path, content, message):
    (tmp_path / "e.npy").write_bytes(content)
    with pytest.raises(FwsimError, match=message) as caught:
        open_events(tmp_path / "e.npy")
    assert caught.value.hint
    assert caught.value.found


def test_another_arrays_fields_are_named(tmp_path):
    np.save(tmp_path / "e.npy", np.zeros(3, dtype=[("a", "u1"), ("b", "<u8")]))
    with pytest.raises(FwsimError, match="not an event file of this version") as caught:
        open_events(tmp_path / "e.npy")
    assert "a, b" in caught.value.found
    assert "time_ns" in caught.value.expected
    np.save(tmp_path / "f.npy", np.zeros((2, 3), dtype=EVENT))
    with pytest.raises(FwsimError, match="not an event file of this version"):
        open_events(tmp_path / "f.npy")


def test_missing_and_folder(tmp_path):
    with pytest.raises(FwsimError, match="no such trace"):
        open_events(tmp_path / "e.npy")
    with pytest.raises(FwsimError, match="cannot read"):
        open_events(tmp_path)


def test_a_recorder_that_was_never_closed(tmp_path):
    from fwsim.native import ROOT_WORDS
    from fwsim.trace.recorder import Recorder

    recorder = Recorder(np.zeros(ROOT_WORDS, dtype=np.uint64), tmp_path / "e.npy")
    for value in (7, 8, 9):
        recorder.append((0, 0, 0, value, value, 0, 0, 0, 0, 1, 4))
    events = open_events(tmp_path / "e.npy")
    assert (events["seq"].tolist(), events["value"].tolist()) == ([1, 2, 3], [7, 8, 9])
