"""The recorder: a window after the other, in memory and in a file."""

import numpy as np
import pytest

from fwsim.native import R_EV_CAP, R_EV_NEXT, R_SEQ, ROOT_WORDS
from fwsim.trace.recorder import CHUNK, Recorder


@pytest.fixture(params=["memory", "file"])
def recorder(request, tmp_path):
    made = Recorder(np.zeros(ROOT_WORDS, np.uint64), tmp_path / "e.npy" if request.param == "file" else None)
    yield made
    made.close()


def begin_at(recorder: Recorder, count: int) -> None:
    """As if ``count`` events, all of them zeros, had been recorded into the first window."""
    recorder.root[R_EV_NEXT] = recorder.root[R_SEQ] = count


def append(recorder: Recorder, *values: int) -> None:
    for value in values:
        recorder.append((0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0))


def test_events_go_on_in_the_next_window(recorder):
    begin_at(recorder, CHUNK - 2)
    append(recorder, 1, 2, 3, 4, 5)
    assert recorder.count == CHUNK + 3
    found = recorder.read(CHUNK - 3, CHUNK + 3)
    assert found["value"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["seq"].tolist() == [0, *range(CHUNK - 1, CHUNK + 4)]
    assert recorder.read(CHUNK + 1, CHUNK + 2)["value"].tolist() == [4]
    assert recorder.tail(2)["value"].tolist() == [4, 5]


def test_what_was_read_is_a_copy(recorder):
    append(recorder, 7)
    found = recorder.read(0, 1)
    recorder.rewind(0)
    append(recorder, 8)
    assert found["value"].tolist() == [7]


def test_back_to_an_earlier_window_and_on_again(recorder):
    begin_at(recorder, CHUNK - 1)
    append(recorder, 1, 2, 3)
    mark = recorder.snapshot()
    recorder.rewind(CHUNK)
    append(recorder, 9, 9, 9, 9)
    assert recorder.tail(5)["value"].tolist() == [1, 9, 9, 9, 9]
    recorder.restore(mark)
    assert recorder.tail(3)["value"].tolist() == [1, 2, 3]
    append(recorder, 4)
    assert recorder.read(CHUNK, CHUNK + 3)["value"].tolist() == [2, 3, 4]


def test_nothing_is_read_behind_a_range(recorder):
    append(recorder, 1)
    assert len(recorder.read(1, 1)) == len(recorder.read(3, 1)) == 0


@pytest.mark.parametrize("count", [1, 1023, 1024, 1025, 50_000, CHUNK - 1, CHUNK])
def test_there_is_room_behind_a_rewind(recorder, count):
    """Wherever the events end, the next ones follow: also in a window that is mapped anew."""
    begin_at(recorder, CHUNK)
    append(recorder, 9)
    recorder.rewind(count)
    append(recorder, *range(3000))
    assert recorder.count == count + 3000
    assert recorder.tail(3000)["value"].tolist() == list(range(3000))


def test_native_code_has_room_as_it_goes():
    """What native code may write without asking ends behind the next event, and at the window's end at the latest."""
    recorder = Recorder(np.zeros(ROOT_WORDS, np.uint64), None)
    while (cap := int(recorder.root[R_EV_CAP])) < CHUNK:
        begin_at(recorder, cap)
        recorder.make_room()
        assert cap < recorder.root[R_EV_CAP] <= CHUNK
    recorder.close()
