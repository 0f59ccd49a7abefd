"""The HTML page of a run: its data against the run's own summary, bad folders, escaping and size."""

import json
import os
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from fwsim import cli
from fwsim.report.html.entries import CLASSES, entries, linear_runs
from fwsim.report.html.facts import gather
from fwsim.report.html.page import render
from fwsim.report.html.timeline import BINS, timeline
from fwsim.results.folder import RunDir
from fwsim.results.summary import decode, encode
from fwsim.trace.event import EVENT, Actor, Flag, Space


@pytest.fixture
def copy(runs, tmp_path):
    return shutil.copytree(runs / "qemu-10.0", tmp_path / "run")


class Page(HTMLParser):
    """Tags that are open at the end, scripts, and everything that names another place."""

    VOID = ("meta", "link", "img", "br", "input", "rect", "circle", "path")

    def __init__(self, text):
        super().__init__()
        self.open, self.scripts, self.links, self.ids, self.words = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [value for name, value in attrs.items() if name in ("src", "href", "action", "data")]
        self.ids += [attrs["id"]] if "id" in attrs else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] == "script" else self.words).append(data)


def data_of(text):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def test_page_is_well_formed_and_names_no_other_place(runs):
    text = render([RunDir.open(runs / name) for name in ("qemu-10.0", "ranged")])
    page = Page(text)
    assert page.open == []
    assert len(page.scripts) == 2
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    words = " ".join(" ".join(page.words).split())
    for said in ("It refused 470 accesses", "255 at the HOST's stolen memory", "became 0x7cf00001", "≠"):
        assert said in words


def test_same_run_same_page(runs):
    folder = RunDir.open(runs / "ranged")
    assert render([folder]) == render([folder])


@pytest.mark.parametrize("name", ["qemu-10.0", "ranged"])
def test_entries_agree_with_the_summary(runs, name):
    facts = gather(RunDir.open(runs / name))
    found = entries(facts)
    counted = {kind: int((found.kind == number).sum()) for number, kind in enumerate(CLASSES)}
    targets = facts.summary.gtt.targets
    for kind in ("guest_stolen", "host_stolen", "guest_ram", "unmapped"):
        assert counted[kind] == getattr(targets, kind)
    assert int(found.reads.sum() + found.writes.sum()) == facts.summary.iommu.faults
    first = facts.summary.gtt.first
    assert (int(found.was[0]), int(found.value[0])) == (first.value, first.written)


def test_entries_of_64_bits_written_in_halves_and_twice(runs, tmp_path):
    folder = tmp_path / "wide"
    shutil.copytree(runs / "qemu-10.0", folder)
    text = (folder / "scenario.toml").read_text()
    for old, new in (("sandybridge", "skylake"), ("0x126", "0x1916"), ("0xdba00000", "0xa8000000")):
        text = text.replace(old, new)
    (folder / "scenario.toml").write_text(text)
    writes = [(0, 0x1000001), (4, 0x1), (8, 0x2000001), (12, 0), (0, 0x3000001), (24, 0)]
    events = np.zeros(len(writes), EVENT)
    for seq, (address, value) in enumerate(writes, 1):
        events[seq - 1] = (seq, seq, 0x10, address, value, value, 0xC000, 0, 0, 4, 1, 4)
    np.save(folder / "events.npy", events)
    found = entries(gather(RunDir.open(folder)))
    assert found.number.tolist() == [0, 1, 3]
    assert found.value.tolist() == [0x1_0300_0001, 0x200_0001, 0]
    assert found.page.tolist() == [0x1_0300_0000, 0x200_0000, 0]
    assert [CLASSES[kind] for kind in found.kind] == ["unmapped", "guest_ram", "invalid"]


def test_linear_runs_give_every_row_back():
    rng = np.random.default_rng(1)
    table = np.stack([np.arange(400), np.cumsum(rng.integers(0, 2, 400)), rng.integers(0, 2, 400)], axis=1)
    back, kept = [], 0
    for count, first, step in linear_runs(table, fixed=(2,)):
        back += [[value + i * each for value, each in zip(first, step, strict=True)] for i in range(count)]
        kept += step[2] == 0
    assert back == table.tolist()
    assert kept == len(linear_runs(table, fixed=(2,)))
    assert linear_runs(table[:0]) == []
    assert len(linear_runs(np.stack([np.arange(66048)] * 2, axis=1))) == 1


def unpack(packed):
    return [count for each in packed for count in ([0] * -each if each < 0 else [each])]


def test_timeline_counts_each_event_once(runs):
    facts = gather(RunDir.open(runs / "qemu-10.0"))
    line = timeline(facts)
    totals = {name: sum(unpack(packed)) for (name, _), packed in zip(line["lanes"], line["seq"], strict=True)}
    assert totals == {name: sum(unpack(p)) for (name, _), p in zip(line["lanes"], line["time"], strict=True)}
    assert totals["gtt"] == 255
    assert totals["iommu"] == 470
    assert sum(totals[name] for name in ("pci", "port", "mmio", "gtt", "iommu", "calls", "memory")) == line["total"]
    assert all(len(unpack(packed)) == line["bins"] for packed in line["seq"])
    assert len(line["lines"]) == line["total"]


def many_events(folder, count):
    """``count`` events of every kind, a fault for every tenth, their times not even."""
    events = np.lib.format.open_memmap(folder / "events.npy", "w+", EVENT, (count,))
    rng = np.random.default_rng(7)
    for first in range(0, count, 1 << 20):
        part = events[first : first + (1 << 20)]
        at = np.arange(first, first + len(part), dtype=np.uint64)
        part["seq"] = at + 1
        part["time_ns"] = at * 1000 + (at // 5000) * 777
        part["space"] = rng.choice(np.array([0, 0, 0, 2, 3, 3, 4, 5, 6, 1], np.uint8), len(part))
        part["op"] = rng.integers(0, 2, len(part))
        part["cs"], part["ip"], part["width"] = 0xC000, rng.integers(0, 0xFFFF, len(part)), 4
        part["address"] = rng.integers(0, 1 << 18, len(part)) * 4
        pages = rng.integers(0, 1 << 16, len(part), dtype=np.uint64)
        part["address"] = np.where(part["space"] == Space.IOMMU, 0xDBA00000 + (pages << 12), part["address"])
        part["value"] = 0xDBA00001 + (pages << 12)
        part["aux"] = part["value"]
        flags = np.array([0, 0, 0, Flag.UNHANDLED, Flag.REWRITTEN], np.uint16)
        part["flags"] = np.where(part["space"] == Space.IOMMU, Flag.FAULTED, rng.choice(flags, len(part)))
        part["actor"] = np.where(part["space"] == Space.IOMMU, Actor.IOMMU, Actor.ROM)
    events.flush()


def test_many_events_make_a_small_page(copy):
    many_events(copy, int(os.environ.get("FWSIM_REPORT_EVENTS", "100000")))
    text = render([RunDir.open(copy)])
    assert len(text.encode()) < 5_000_000
    line = data_of(text)[0]["timeline"]
    assert line["bins"] == BINS
    assert line["lines"] == []


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\x00'\"&"


def hostile(folder):
    path = folder / "summary.json"
    summary = decode(path.read_bytes())
    summary.scenario = summary.stop.detail = summary.firmware.kind = summary.rom.source = HOSTILE
    summary.firmware.log = summary.iommu.lines = [HOSTILE]
    summary.calls[0].detail = summary.checks[0].detail = summary.checks[0].id = summary.display[0].format = HOSTILE
    path.write_bytes(encode(summary))


def test_hostile_text_is_text(copy):
    clean = Page(render([RunDir.open(copy)]))
    hostile(copy)
    text = render([RunDir.open(copy)])
    page = Page(text)
    assert page.open == []
    assert len(page.scripts) == len(clean.scripts)
    assert len(page.links) == len(clean.links)
    assert "<script>alert" not in text
    assert "\x1b" not in text
    assert "\x00" not in text
    assert any("alert(2)" in words for words in page.words)


# --- folders that are not as they should be -------------------------------------------------------------------------


def ok(folder, *more):
    assert cli.main(["report", str(folder), *more]) == 0
    return (folder / "report.html").read_text()


def test_killed_run(copy, capsys):
    (copy / "summary.json").unlink()
    (copy / "screen-01.png").unlink()
    events = (copy / "events.npy").read_bytes()
    (copy / "events.npy").write_bytes(events[: len(events) // 3])
    text = ok(copy)
    assert "the run left no summary" in text
    assert "0x7cf00000" in text
    assert "It wrote 255 dwords to the GTT" in text


def test_other_version_is_said(copy):
    path = copy / "summary.json"
    path.write_text(path.read_text().replace('"fwsim": "', '"fwsim": "9.'))
    assert "This run was made by fwsim 9." in ok(copy)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("summary.json", b'{"fwsim": "9.9", "stop": 3}', "written by fwsim 9.9"),
        ("scenario.toml", b"[hots]\n", "scenario.toml could not be used"),
        ("events.npy", b"nothing of the kind", "events could not be used"),
        ("events.npy", b"", "No events."),
        ("screen-01.png", b"GIF89a", "is not a PNG"),
        ("screen-01.png", None, "the run has no screen-01.png"),
        ("scenario.toml", None, "scenario.toml could not be used"),
        ("shadow.rom", None, "0xdba00000"),
    ],
)
def test_damaged_and_missing_files(copy, file, content, said):
    if content is None:
        (copy / file).unlink()
    else:
        (copy / file).write_bytes(content)
    assert said in ok(copy)


def test_rom_that_is_gone_is_said(copy):
    path = copy / "scenario.toml"
    path.write_text(re.sub(r'file = ".*igd-vbios.rom"', 'file = "/nowhere/x.rom"', path.read_text()))
    assert "ROM cannot be read" in ok(copy)


def test_no_run(tmp_path, capsys):
    assert cli.main(["report", str(tmp_path)]) == 2
    assert cli.main(["report", str(tmp_path / "gone")]) == 2
    assert "not a run's folder" in capsys.readouterr().err


def test_file_that_exists_needs_force(copy, tmp_path, capsys):
    out = tmp_path / "x.html"
    out.write_text("mine")
    assert cli.main(["report", str(copy), "--out", str(out)]) == 2
    assert out.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert cli.main(["report", str(copy), "--out", str(out), "--force"]) == 0
    assert cli.main(["report", str(copy)]) == 0
    assert cli.main(["report", str(copy)]) == 0


@pytest.mark.parametrize("out", ["gone/x.html", ".", "/proc/x.html"])
def test_out_that_cannot_be_written(copy, monkeypatch, tmp_path, out, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["report", str(copy), "--out", out, "--force"]) == 2
    assert "cannot write the report" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_folder_that_is_read_only(copy, capsys):
    copy.chmod(0o555)
    try:
        assert cli.main(["report", str(copy)]) == 2
        assert "--out" in capsys.readouterr().err
    finally:
        copy.chmod(0o755)


def test_json_says_what_differs(runs, capsys):
    assert cli.main(["report", str(runs / "qemu-10.0"), str(runs / "ranged"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["differences"]["DMA refused"] == ["470", "0"]
    assert "host BDSM" not in document["differences"]
    assert [run["name"] for run in document["runs"]] == ["qemu-10.0", "ranged"]


def test_a_run_beside_itself(copy):
    text = ok(copy, str(copy))
    assert "run (A)" in text
    assert 'class="differs"' not in text


def test_the_first_refused_access_is_followed_to_its_source(runs):
    words = " ".join(" ".join(Page(render([RunDir.open(runs / "qemu-10.0")])).words).split())
    section = words[words.index("Where it came from") :]
    assert "config 00:02.0 @0x5E read 0xdba0" in section
    assert section.index("@0x5E read 0xdba0") < section.index("GTT[0x1] written 0xdba00001")
    assert "What would have prevented it" in section


def test_the_page_can_be_sent(runs, tmp_path, capsys):
    """Nothing in page or JSON tells where the run, its ROM or the user's home lie; --paths keeps it."""
    home = tmp_path / "home" / "somebody"
    run = home / "my runs" / "first"
    shutil.copytree(runs / "qemu-10.0", run)
    rom = home / "roms" / "vbios.rom"
    rom.parent.mkdir()
    folder = RunDir.open(run)
    shutil.copy(folder.scenario().rom.file, rom)
    text = (run / "scenario.toml").read_text()
    (run / "scenario.toml").write_text(text.replace(folder.scenario().rom.file, str(rom)))
    assert cli.main(["report", str(run), "--json", "--out", str(home / "page.html")]) == 0
    page, told = (home / "page.html").read_text(), capsys.readouterr().out
    for text in (page, told):
        assert str(tmp_path) not in text
        assert "somebody" not in text
        assert str(os.path.expanduser("~")) + "/" not in text
    assert "vbios.rom" in page
    assert "fwsim run &#39;first/scenario.toml&#39;" in page or "fwsim run first/scenario.toml" in page
    assert json.loads(told)["runs"][0]["folder"] == "first"
    assert cli.main(["report", str(run), "--json", "--paths", "--force", "--out", str(home / "page.html")]) == 0
    assert str(rom) in (home / "page.html").read_text()
    assert json.loads(capsys.readouterr().out)["runs"][0]["folder"] == str(run)


def test_a_missing_rom_is_named_without_its_folder(copy):
    text = (copy / "scenario.toml").read_text()
    folder = RunDir.open(copy)
    (copy / "scenario.toml").write_text(text.replace(folder.scenario().rom.file, "/srv/where/it/was/x.rom"))
    page = render([RunDir.open(copy)])
    assert "/srv/where" not in page
    assert "x.rom" in page


def test_pictures_keep_their_bytes_whatever_they_hold(copy):
    """Base 64 has slashes: what looks like a path in a picture is none."""
    page, kept = render([RunDir.open(copy)]), render([RunDir.open(copy)], paths=True)
    assert re.findall(r"data:image/png;base64,[^\"]+", page) == re.findall(r"data:image/png;base64,[^\"]+", kept)
