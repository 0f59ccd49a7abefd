import errno
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary, decode, encode
from fwsim.scenario.load import loads
from fwsim.scenario.model import Scenario
from fwsim.trace.event import EVENT


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def finished(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "summary.json").write_bytes(encode(Summary()))
    (folder / "screen-01.png").write_bytes(b"old")
    return folder


def one_event() -> np.ndarray:
    events = np.zeros(1, dtype=EVENT)
    events["seq"] = 1
    return events


def test_create_makes_parents(tmp_path):
    assert RunDir.create(tmp_path / "a" / "b").path == tmp_path / "a" / "b"
    assert tree(tmp_path) == ["a", "a/b"]


def test_without_out_the_folders_are_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = [RunDir.create(None, name="x220").path for _ in range(3)]
    assert made == [tmp_path / "runs" / name for name in ("x220", "x220-2", "x220-3")]


def test_runs_started_together_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: RunDir.create(None, name="x").path.name, range(12)))
    assert sorted(made) == sorted(["x", *(f"x-{number}" for number in range(2, 13))])


@pytest.mark.parametrize("is_run", [True, False])
def test_existing_folder_needs_force(tmp_path, is_run):
    folder = finished(tmp_path / "r") if is_run else tmp_path / "r"
    folder.mkdir(exist_ok=True)
    before = tree(tmp_path)
    with pytest.raises(FwsimError, match="exists") as caught:
        RunDir.create(folder)
    assert "--force" in caught.value.hint
    assert tree(tmp_path) == before


def test_force_replaces_a_run_once_the_new_one_has_begun(tmp_path):
    folder = finished(tmp_path / "r")
    with RunDir.create(folder, force=True) as run:
        assert tree(folder) == []
        run.write("summary.json", b"{}")
    assert tree(tmp_path) == ["r", "r/summary.json"]


def test_force_replaces_a_folder_of_runs_as_the_demo_makes_it(tmp_path):
    finished(tmp_path / "demo" / "ranged")
    RunDir.create(tmp_path / "demo", force=True).keep()
    assert tree(tmp_path) == ["demo"]


@pytest.mark.parametrize("name", ["thesis.tex", "sub/thesis.tex", ".git/config", "summary.json/x"])
def test_force_never_replaces_what_is_no_run(tmp_path, name):
    for folder in (tmp_path / "alone", finished(tmp_path / "with-a-run")):
        if name.startswith("summary") and (folder / "summary.json").exists():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("work")
        before = tree(tmp_path)
        with pytest.raises(FwsimError, match="--force replaces only") as caught:
            RunDir.create(folder, force=True)
        assert caught.value.hint
        assert tree(tmp_path) == before


def test_force_on_a_folder_without_a_run(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "report.html").write_text("x")
    with pytest.raises(FwsimError, match="--force replaces only"):
        RunDir.create(tmp_path / "r", force=True)


def test_force_follows_no_link_and_replaces_no_file(tmp_path):
    finished(tmp_path / "r")
    (tmp_path / "link").symlink_to("r")
    (tmp_path / "file").write_text("x")
    for name in ("link", "file"):
        with pytest.raises(FwsimError, match="--force replaces only"):
            RunDir.create(tmp_path / name, force=True)
    assert (tmp_path / "r" / "summary.json").exists()


def test_failure_before_any_event_leaves_nothing(tmp_path):
    def fail(run: RunDir) -> None:
        run.write("scenario.toml", b"x")
        np.save(run.events_path, np.zeros(100, dtype=EVENT))
        raise FwsimError("bad ROM")

    with pytest.raises(FwsimError, match="bad ROM"), RunDir.create(tmp_path / "a" / "b") as run:
        fail(run)
    assert tree(tmp_path) == []


def test_failure_before_any_event_puts_the_replaced_run_back(tmp_path):
    folder = finished(tmp_path / "r")
    with pytest.raises(FwsimError, match="bad ROM"), RunDir.create(folder, force=True):
        raise FwsimError("bad ROM")
    assert tree(tmp_path) == ["r", "r/screen-01.png", "r/summary.json"]


def test_failure_after_an_event_keeps_the_trace(tmp_path):
    def interrupted(run: RunDir) -> None:
        np.save(run.events_path, one_event())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), RunDir.create(tmp_path / "r") as run:
        interrupted(run)
    assert tree(tmp_path / "r") == ["events.npy"]


def test_a_full_disk_is_an_error_and_leaves_the_old_file(tmp_path, monkeypatch):
    run = RunDir.create(tmp_path / "r")
    run.write("summary.json", b"old")

    def full(self, data):
        with self.open("wb") as file:
            file.write(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FwsimError, match="No space left") as caught:
        run.write("summary.json", b"new")
    assert "--out" in caught.value.hint
    assert tree(run.path) == ["summary.json"]
    assert (run.path / "summary.json").read_text() == "old"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "r", Path("/proc/fwsim/r")):
        with pytest.raises(FwsimError, match="cannot make") as caught:
            RunDir.create(path)
        assert caught.value.hint


def test_open_reads_what_was_written(tmp_path):
    rom = tmp_path / "x.rom"
    rom.write_bytes(b"\x55\xaa")
    scenario = loads(f"rom.file = {str(rom)!r}")
    summary = Summary(scenario="x")
    summary.rom.sha256 = hashlib.sha256(b"\x55\xaa").hexdigest()
    made = RunDir.create(tmp_path / "r")
    made.write_scenario(scenario)
    made.write_summary(summary)
    np.save(made.events_path, one_event())
    run = RunDir.open(tmp_path / "r")
    assert (run.scenario(), run.summary(), len(run.events()), run.rom()) == (scenario, summary, 1, b"\x55\xaa")
    rom.write_bytes(b"\x55\xab")
    with pytest.raises(FwsimError, match="changed"):
        run.rom()
    rom.unlink()
    with pytest.raises(FwsimError, match="cannot be read") as caught:
        run.rom()
    assert summary.rom.sha256 in caught.value.expected


def test_open_what_is_no_run(tmp_path):
    (tmp_path / "file").write_text("x")
    finished(tmp_path / "demo" / "ranged")
    (tmp_path / "empty").mkdir()
    for name, message, hint in (("no", "no such run", "fwsim run"), ("file", "not a folder", ""),
                                ("empty", "not a run's", "fwsim run"), ("demo", "not a run's", "ranged")):  # fmt: skip
        with pytest.raises(FwsimError, match=message) as caught:
            RunDir.open(tmp_path / name)
        assert hint in caught.value.hint
    with pytest.raises(FwsimError) as caught:
        RunDir.open(tmp_path / "demo" / "rangde")
    assert "ranged" in caught.value.hint


def test_a_killed_run_has_events_but_no_summary(tmp_path):
    run = RunDir.create(tmp_path / "r")
    np.save(run.events_path, one_event())
    with pytest.raises(FwsimError, match=r"no summary\.json") as caught:
        RunDir.open(run.path).summary()
    assert "trace show" in caught.value.hint


def test_a_summary_of_another_version(tmp_path):
    for data, found in ((b'{"fwsim": "9.0", "events": "x"}', "9.0"), (b"{", "1 bytes"), (b"[]", "2 bytes")):
        with pytest.raises(FwsimError, match="not a summary") as caught:
            decode(data, "r/summary.json")
        assert found in caught.value.found
        assert caught.value.hint


def test_summary_names_are_the_contract():
    import json

    document = json.loads(encode(Summary()))
    assert list(document) == [
        "fwsim", "scenario", "rom", "stop", "firmware", "gtt", "iommu", "interrupts", "calls", "display", "hangs",
        "assists", "unhandled", "efi", "checks", "exactness", "events", "code_bytes", "virtual_ns", "wall_s",
    ]  # fmt: skip
    assert list(document["rom"]) == ["sha256", "size", "vendor", "device", "images", "source", "taken", "how"]
    assert list(document["stop"]) == ["reason", "cs", "ip", "detail"]
    assert list(document["firmware"]) == ["kind", "bdsm", "asls", "e820", "bars", "log"]
    assert list(document["gtt"]) == ["writes", "rewritten", "first", "last", "targets", "spare", "outside"]
    assert list(document["gtt"]["targets"]) == ["guest_stolen", "host_stolen", "guest_ram", "unmapped", "silent"]
    assert list(document["iommu"]) == ["faults", "recorded", "overflowed", "by_reason", "lines"]
    assert list(document["unhandled"]) == ["ports", "registers", "interrupts", "services"]


def test_default_scenario_survives_a_run_folder(tmp_path):
    run = RunDir.create(tmp_path / "r")
    run.write_scenario(Scenario())
    assert run.scenario() == Scenario()
