"""``trace diff`` finds what differs between two runs, and nothing that does not."""

import json
import shutil

import numpy as np
import pytest

from fwsim import cli
from fwsim.analysis.diff import diff
from fwsim.trace.event import EVENT

PORT, PCI, MMIO, GTT, IOMMU, INTERRUPT = 0, 2, 3, 4, 5, 6
READ, WRITE, CALL = 0, 1, 2
STATUS, DATA, DELAY = 0xC5108, 0xC510C, 0x61


def trace(path, *accesses):
    """An event file of (space, op, address, value[, ip]) of the ROM."""
    events = np.zeros(len(accesses), EVENT)
    for number, (space, op, address, value, *ip) in enumerate(accesses):
        where = ip[0] if ip else address & 0xFFF
        events[number] = (number + 1, 1000 * number, where, address, value, value, 0xC000, 0, 0, space, op, 4)
    path.mkdir()
    np.save(path / "events.npy", events)
    return path


def two(tmp_path, a, b):
    return diff(trace(tmp_path / "a", *a), trace(tmp_path / "b", *b))


BEGIN = [(MMIO, WRITE, 0x70180, 1), (MMIO, READ, 0x70184, 5)]
END = [(MMIO, WRITE, 0x70188, 2), (PCI, READ, 0x10050, 0x209)]


def test_a_run_and_itself(own, capsys):
    assert cli.main(["trace", "diff", str(own()), str(own()), "--strict"]) == 0
    assert "identical: a run and itself" in capsys.readouterr().out


def test_pristine_and_posted(own, capsys):
    """The posted image does not read BDSM, and its entries are the host's: base to base, and 255 of them."""
    a, b = own(), own("shadow")
    bases = [json.loads((run / "summary.json").read_text())["firmware"]["bdsm"] for run in (a, b)]
    found = diff(a, b)
    assert found.causes == [("rom.source", "file", "shadow")]
    assert (found.first.kind, found.first.a["address"], found.first.a["op"]) == ("a", 0x1005E, "read")
    assert found.instead["space"] == "gtt"
    entries = next(group for group in found.groups if (group.a or {}).get("space") == "gtt")
    assert (entries.count, entries.a["address"]) == (255, 0)
    assert entries.delta == 0xDBA00000 - bases[0]
    assert len(found.groups) == 2
    assert found.faults[0] == 0 < found.faults[1]
    assert ("gtt.targets.host_stolen", 0, 255) in found.results
    assert cli.main(["trace", "diff", str(a), str(b)]) == 0
    text = capsys.readouterr().out
    assert f"each +{entries.delta:#x}" in text
    assert max(map(len, text.splitlines()[2:])) <= 80


def test_qemu_9_1_and_10_0(own):
    """9.2 clears the GTT through the I/O BAR, asks for other stolen memory, and moves what the ROM writes."""
    found = diff(own(profile="9.2"), own())
    assert found.causes == [("hypervisor.profile", "9.2", "10.0")]
    zeroing = next(group for group in found.groups if group.kind == "a")
    assert (zeroing.count, zeroing.a["actor"], zeroing.what) == (512, "hypervisor", {"gtt write": 512})
    assert found.first.a["address"] == found.first.b["address"] == 0x1005E
    assert all(group.kind == "value" for group in found.groups if group is not zeroing)


def test_a_longer_poll_shifts_nothing(tmp_path):
    poll = [(MMIO, READ, STATUS, 0)]
    ready = [(MMIO, READ, STATUS, 0x800)]
    found = two(tmp_path, [*BEGIN, *ready, *END], [*BEGIN, *poll * 500, *ready, *END])
    assert found.same
    assert not found.groups


def test_a_poll_with_a_delay_in_it_shifts_nothing(tmp_path):
    round_ = [(MMIO, READ, STATUS, 0), (PORT, READ, DELAY, 0x10), (PORT, READ, DELAY, 0x20, 5)]
    ready = [(MMIO, READ, STATUS, 0x800)]
    for number, rounds in enumerate((1, 7)):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert two(folder, [*BEGIN, *ready, *END], [*BEGIN, *round_ * rounds, *ready, *END]).same


def test_a_poll_that_ends_otherwise_is_found_whatever_its_length(tmp_path):
    poll = [(MMIO, READ, STATUS, 0)]
    found = two(
        tmp_path,
        [*BEGIN, *poll * 3, (MMIO, READ, STATUS, 0x800), *END],
        [*BEGIN, *poll * 9, (MMIO, READ, STATUS, 0xC00), *END],
    )
    assert [(group.kind, group.a["value"], group.b["value"]) for group in found.groups] == [("value", 0x800, 0xC00)]


def test_what_comes_out_of_a_fifo_is_no_poll(tmp_path):
    one, other = [[(MMIO, READ, DATA, value) for value in values] for values in ((1, 2, 3, 4), (1, 9, 3, 4))]
    found = two(tmp_path, [*BEGIN, *one, *END], [*BEGIN, *other, *END])
    assert [(group.a["value"], group.b["value"]) for group in found.groups] == [(2, 9)]


def test_clocks_and_ticks_are_no_difference(tmp_path):
    clock = [(PORT, READ, 0x3DA, 1), (MMIO, READ, 0x70000, 7)]
    clock += [(PORT, WRITE, 0x61, 0x31)]
    later = [(PORT, READ, 0x3DA, 9), (MMIO, READ, 0x70000, 99), (INTERRUPT, CALL, 0x1C, 0), (INTERRUPT, CALL, 8, 0)]
    later += [(PORT, WRITE, 0x61, 0x21)]
    assert two(tmp_path, [*BEGIN, *clock, *END], [*BEGIN, *later, *END]).same


@pytest.mark.parametrize("bit", range(8))
def test_a_write_of_port_61h_differs_by_the_bits_that_can_be_written(tmp_path, bit):
    """IBM PS/2 Technical Reference: bits 3:0 are gate, speaker and the two checks' enables; 7:4 are read only."""
    found = two(tmp_path, [*BEGIN, (PORT, WRITE, 0x61, 0), *END], [*BEGIN, (PORT, WRITE, 0x61, 1 << bit), *END])
    assert found.same == (bit > 3)


def test_another_value_written_one_access_more_and_one_less(tmp_path):
    found = two(
        tmp_path,
        [*BEGIN, (MMIO, WRITE, 0x61204, 1), (MMIO, WRITE, 0x6014, 3), *END],
        [(PORT, WRITE, 0x3C2, 0x67), *BEGIN, (MMIO, WRITE, 0x61204, 2), *END],
    )
    assert [(group.kind, (group.a or group.b)["address"]) for group in found.groups] == [
        ("b", 0x3C2), ("value", 0x61204), ("a", 0x6014),
    ]  # fmt: skip
    assert found.first.kind == "b"
    assert found.instead["address"] == 0x70180


def test_another_build_is_aligned_without_places(tmp_path):
    """The same accesses by code that lies 20h further on: no difference."""
    a = [(MMIO, WRITE, 0x70000 + 4 * number, number, 0x100 + number) for number in range(50)]
    b = [(space, op, address, value, ip + 0x200) for space, op, address, value, ip in a]
    found = two(tmp_path, a, b)
    assert found.same
    assert not found.by_place


def test_entries_moved_by_two_distances_are_two_groups(tmp_path):
    a = [(GTT, WRITE, 4 * number, 0x1000 * number + 1, 0x50) for number in range(100)]
    b = [(*access[:3], access[3] + (0x100000 if access[2] < 80 else 0x300000), 0x50) for access in a]
    found = two(tmp_path, a, b)
    assert [(group.count, group.delta) for group in found.groups] == [(20, 0x100000), (80, 0x300000)]


def test_many_events_with_a_thousand_left_out_are_matched(tmp_path):
    numbers = np.random.default_rng(3)
    runs = []
    for name in "ab":
        events = np.zeros(200_000, EVENT)
        events["seq"] = np.arange(1, len(events) + 1)
        events["space"], events["op"], events["width"], events["cs"] = MMIO, WRITE, 4, 0xC000
        events["ip"] = np.arange(len(events)) % 700
        events["address"] = events["ip"] * 4 + 0x60000
        events["value"] = numbers.integers(0, 1 << 32, len(events)) if name == "a" else runs[0]["value"]
        runs.append(events)
    runs[1] = np.delete(runs[1], numbers.integers(0, 200_000, 1000))
    for name, events in zip("ab", runs, strict=True):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "events.npy", events)
    assert diff(tmp_path / "a", tmp_path / "b").matched >= 198_000


def test_a_killed_run_and_an_event_file_alone(own, tmp_path, capsys):
    folder = tmp_path / "killed"
    shutil.copytree(own(), folder)
    (folder / "summary.json").unlink()
    with (folder / "events.npy").open("r+b") as file:
        file.truncate(40_000)
    assert cli.main(["trace", "diff", str(folder), str(own())]) == 0
    text = capsys.readouterr().out
    assert "no summary.json" in text
    assert "does nothing more" in text
    assert cli.main(["trace", "diff", str(folder / "events.npy"), str(own("shadow")), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "events only" in document["notes"][0]


def test_strict_and_json(own, capsys):
    assert cli.main(["trace", "diff", str(own()), str(own("shadow")), "--strict", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["same"] is False
    assert {group["kind"] for group in document["groups"]} == {"value", "a"}


@pytest.mark.parametrize("damage", ["nowhere", "empty", "rom", "noise", "no events", "not toml", "not json"])
def test_bad_folders(own, tmp_path, capsys, damage):
    folder = tmp_path / "x"
    if damage == "empty":
        folder.mkdir()
    elif damage == "rom":
        folder.write_bytes(b"\x55\xaa" * 512)
    elif damage != "nowhere":
        shutil.copytree(own(), folder)
        file = {"not toml": "scenario.toml", "not json": "summary.json"}.get(damage, "events.npy")
        (folder / file).unlink()
        if damage != "no events":
            (folder / file).write_bytes(b"[[[\xff" * 99)
    code = cli.main(["trace", "diff", str(folder), str(own("shadow"))])
    captured = capsys.readouterr()
    if damage.startswith("not "):
        assert code == 0
        assert "is not read" in captured.out
    else:
        assert (code, captured.out) == (2, "")
        assert "  next: " in captured.err


def test_damaged_events_are_shown_as_they_are(own, tmp_path, capsys):
    """Bytes changed at random, seq, space and operation among them: compared and replayed, no traceback."""
    numbers = np.random.default_rng(4)
    folder = tmp_path / "x"
    shutil.copytree(own(), folder)
    whole = (folder / "events.npy").read_bytes()
    for changes in (1, 3, 30, 300, 3000) * 3:
        data = np.frombuffer(whole, np.uint8).copy()
        data[numbers.integers(4096, len(data), changes)] = numbers.integers(0, 256, changes)
        (folder / "events.npy").write_bytes(data.tobytes())
        damaged, good = str(folder), str(own())
        for arguments in (["diff", damaged, good], ["diff", good, damaged], ["replay", damaged]):
            assert cli.main(["trace", *arguments]) in (0, 2, 3)
    capsys.readouterr()
