"""The run of an Arm guest as a user meets it: on one screen, whole, as a page, as a trace; commands not for it."""

import json
import re
from itertools import pairwise

import numpy as np
import pytest
from rich.console import Console

from fwsim import cli
from fwsim.report.arm_names import ArmNames, arm_names
from fwsim.report.fold_lines import folded_lines
from fwsim.report.html import stage2
from fwsim.report.html.facts import gather
from fwsim.report.html.page import render as page
from fwsim.report.run import render, render_whole
from fwsim.report.verdict import verdict
from fwsim.report.vpci import program_lines
from fwsim.results.folder import RunDir
from fwsim.results.summary import (
    AssignedBar,
    AssignedFunction,
    CheckResult,
    FirmwareSummary,
    Iommu,
    Stage2Mapping,
    Stop,
    Summary,
    VpciSummary,
)
from fwsim.running.pipeline import run
from fwsim.scenario.host_bars import all_host_bars
from fwsim.scenario.load import load
from fwsim.trace.arm import arm_text
from fwsim.trace.event import EVENT, Actor, Flag, Op, Space

OF_THE_IGD = ("BDSM", "ASLS", "GTT", "gtt", "OpRegion", "display", "e820", "screen")
WIDE = ("run folder", "verdict")


@pytest.fixture(scope="module")
def made(request, tmp_path_factory):
    """Folders of examples/arm-vpci.toml, by the design of the bridges."""
    place = tmp_path_factory.mktemp("arm")
    for design in ("fake", "replicated"):
        scenario = load(request.config.rootpath / "examples/arm-vpci.toml", [f"hypervisor.profile={design}"])
        with RunDir.create(place / design) as folder:
            run(scenario, folder)
    return place


@pytest.fixture(scope="module")
def both(made):
    """The page of the two."""
    return page([RunDir.open(made / design) for design in ("fake", "replicated")])


def host_bars(scenario):
    """(the host's function, BAR) of every endpoint."""
    rows = scenario.host_function
    return [(row.slot, bar) for row, bars in zip(rows, all_host_bars(rows), strict=True) for bar in bars]


def printed(part):
    console = Console(width=80, highlight=False, markup=False, emoji=False, color_system=None)
    with console.capture() as capture:
        console.print(part, crop=False, overflow="ignore")
    return [line.rstrip() for line in capture.get().splitlines()]


def a_summary(**changes):
    """A summary as no run makes it; ``changes`` of its parts, those of vPCI by ``vpci``."""
    bars = [AssignedBar(index=0, kind="mem", size=1 << 20, host=0x50000000, guest=0x23000000, mapped=True)]
    functions = [AssignedFunction(guest="0000:00:01.0", host="0000:08:00.0", vendor=0x8086, device=0x10D3, bars=bars)]
    summary = Summary(scenario="arm", stop=Stop(detail="PSCI SYSTEM_OFF"))
    summary.vpci = VpciSummary(design="fake", functions=functions, **changes.pop("vpci", {}))
    for name, value in changes.items():
        setattr(summary, name, value)
    return summary


# --- the terminal ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("design", ["fake", "replicated"])
def test_a_run_is_told_on_one_screen_without_a_word_of_an_igd(made, design):
    folder = RunDir.open(made / design)
    lines = printed(render(folder.summary(), folder.path))
    assert sum(max(1, -(-len(line) // 80)) for line in lines) <= 23
    assert lines[0] == "arm-vpci: completed"
    assert lines[-1].startswith("verdict: the program ran to its end")
    assert not [line for line in lines for word in OF_THE_IGD if word in line and not line.startswith(WIDE)]


@pytest.mark.parametrize("design", ["fake", "replicated"])
def test_every_bar_of_the_host_has_a_row_with_both_addresses(made, design):
    """What the guest has of the scenario's host; a device that it does not get is said to be refused."""
    folder = RunDir.open(made / design)
    scenario, text = folder.scenario(), printed(render_whole(folder.summary()))
    late = [row.slot for row in scenario.host_function if row.hotplug]
    assert late == ["0c:00.0"]
    for slot, bar in host_bars(scenario):
        rows = [line for line in text if line.endswith(f" {bar.address:#x}") and "->" not in line]
        if design == "replicated" and slot in late:
            assert rows == []
            assert any(f"{slot} late" in line and "refused:" in line for line in text)
        else:
            assert len(rows) == 1
            assert re.search(rf" {bar.index} (mem|pref) \w+ +0x[0-9a-f]+ +{bar.address:#x}$", rows[0])


def test_verbose_has_all_that_the_program_printed_and_every_mapping(made):
    folder = RunDir.open(made / "fake")
    summary = folder.summary()
    text = printed(render_whole(summary))
    lines = program_lines(summary)
    assert lines[0] == "fwsim arm-linux"
    assert lines[-1] == "off"
    assert "waiting" in lines
    assert not [line for line in lines if "0000:0c:00.0" in line]  # the toolstack's word on the late device
    assert all(f"  {line}" in text for line in lines if line)
    for each in summary.vpci.mappings:
        assert any(f"{each.guest:#x}-" in line and f"-> {each.host:#x}-" in line for line in text)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({}, "ran to its end, with 1 of 1 functions and 1 of 1 BARs; no checks were made"),
     ({"stop": Stop(reason="hung", ip=0x40201234, detail="WFI")}, "the program hangs, with 1 of 1"),
     ({"stop": Stop(reason="invalid", ip=0x40201234)}, "the program crashed, with"),
     ({"stop": Stop(reason="budget")}, "the run was cut short, the program was not done, with"),
     ({"stop": Stop(reason="error", detail="PSCI SYSTEM_RESET: the guest reset itself")}, "the guest reset itself, wi"),
     ({"checks": [CheckResult("no-aborts", False, "x")]}, "1 check fails: no-aborts")],
)  # fmt: skip
def test_the_verdict_is_of_a_program(changes, said):
    assert said in verdict(a_summary(**changes))


def test_where_it_stopped_is_one_address_and_the_program_waits_not_a_rom():
    text = printed(render(a_summary(stop=Stop(reason="hung", ip=0x40201234, detail="WFI"))))
    assert text[0] == "arm: HUNG: the program waits for what never comes (at 0x40201234)"


def test_what_went_wrong_is_on_the_screen_however_much_there_is():
    functions = [
        AssignedFunction(guest=f"0000:00:{slot:02x}.0", host=f"0000:{slot + 8:02x}:00.0", bars=[
            AssignedBar(index=0, size=4096, host=0x50000000 + slot * 4096, guest=0x23000000 + slot * 4096)])
        for slot in range(30)
    ]  # fmt: skip
    log = [f"(XEN) d1: line {number}" for number in range(50)]
    summary = a_summary(
        vpci={"log": log, "aborts": 7, "crashed": "domain_crash \x1b[2J"},
        iommu=Iommu(faults=9, lines=["(XEN) SMMU " + "x" * 100] * 90),
        firmware=FirmwareSummary(log=["\x1b[31mred"] * 99), checks=[CheckResult("a", False, "b" * 300)],
    )  # fmt: skip
    summary.vpci.functions = functions
    lines = printed(render(summary))
    assert sum(max(1, -(-len(line) // 80)) for line in lines) <= 23
    assert not [line for line in lines if "\x1b" in line]
    text = "\n".join(printed(render_whole(summary)))
    for piece in ("domain_crash", "7 accesses ended in a data abort", "9 DMA faults", "printed 50 lines", "line 49"):
        assert piece in text
    assert text.count("not mapped") == len(functions)


# --- the page ----------------------------------------------------------------------------------------------------
def test_the_page_has_no_section_of_a_rom(made):
    text = page([RunDir.open(made / "fake")])
    ids = re.findall(r'<section id="(\w+)"', text)
    assert ids == ["story", "map", "time", "checks", "faults", "scenario"]
    assert re.findall(r'<a href="#(\w+)">', text) == ids
    visible = text[: text.index("<script")]
    assert not [word for word in ("GTT", "BDSM", "OpRegion", "Reason 2816") if word in visible]


def test_both_designs_on_one_page_and_beside_a_rom_is_nothing_lost(made, both, tmp_path, request):
    assert "Bridges" not in re.findall(r"<h2>([^<]+)", both)
    assert '<tr class="differs"><th scope="row">bridges shown' in both
    scenario = load(request.config.rootpath / "examples/demo-ranged.toml", ["payload.draw=none"])
    with RunDir.create(tmp_path / "rom") as folder:
        run(scenario, folder)
    mixed = page([RunDir.open(made / "fake"), RunDir.open(tmp_path / "rom")])
    assert {"screens", "map", "leaks", "needs"} <= set(re.findall(r'<section id="(\w+)"', mixed))
    assert mixed.count('class="stage2"') == 1
    assert mixed.count('class="map"') == 1


@pytest.mark.parametrize("design", ["fake", "replicated"])
def test_a_band_leads_from_each_mapping_to_the_host_bar_that_it_reaches(made, design):
    """Boxes by address: the guest's at the mapping's start, the host's by the scenario's BARs."""
    facts = gather(RunDir.open(made / design))
    found = facts.summary.vpci
    drawn = stage2.drawing(facts, found)
    bars = {bar.address: f"{slot} BAR{bar.index}" for slot, bar in host_bars(facts.scenario)}
    for one in drawn["layouts"]:
        columns = [getattr(one["layout"], name) for name in ("guest", "stage2", "host")]
        boxes = [[box for box in one["boxes"] if box["x"] == left] for left, _ in columns]
        assert {re.search(r"(\S+ BAR\d): (0x[0-9a-f]+)", box["title"]).groups() for box in boxes[2]} == {
            (name, hex(address)) for address, name in bars.items()
        }
        assert len(boxes[1]) == len(found.mappings)
        assert len(one["bands"]) == 2 * len(found.mappings)
        for number, each in enumerate(sorted(found.mappings, key=lambda each: each.guest)):
            (guest,) = [box for box in boxes[0] if f": {each.guest:#x} to" in box["title"]]
            (host,) = [box for box in boxes[2] if f"{each.function[5:]} BAR{each.bar}:" in box["title"]]
            left, right = one["bands"][2 * number : 2 * number + 2]
            x, low, high = columns[0][0] + columns[0][1], guest["y"] + guest["h"], guest["y"]
            assert path_of(left)[:2] == (x, pytest.approx(low, abs=0.2))
            assert path_of(left)[-1] == pytest.approx(high, abs=0.2)
            assert host["y"] - 0.2 <= path_of(right)[4] <= path_of(right)[3] <= host["y"] + host["h"] + 0.2
            assert guest["kind"] == host["kind"] == left["kind"] == right["kind"]
        for boxed in boxes:
            spans = sorted((box["y"], box["y"] + box["h"]) for box in boxed)
            assert all(a[1] <= b[0] + 0.2 for a, b in pairwise(spans))


def path_of(band):
    """x, lower end there, x on the other side, lower and upper end there, upper end here."""
    numbers = re.fullmatch(r"M(\S+) (\S+)L(\S+) (\S+)V(\S+)L\S+ (\S+)Z", band["path"]).groups()
    return tuple(float(each) for each in numbers)


def test_a_killed_run_has_a_page(made, tmp_path):
    with RunDir.create(tmp_path / "killed") as folder:
        folder.write_scenario(RunDir.open(made / "fake").scenario())
        np.save(folder.file("events.npy"), RunDir.open(made / "fake").events()[:700])
        folder.keep()
    text = page([RunDir.open(tmp_path / "killed")])
    assert "unknown: the run left no summary" in text
    assert "Stage 2 maps nothing" in text


def test_the_page_in_both_themes_and_narrow(both, tmp_path, browser):
    file = tmp_path / "page.html"
    file.write_text(both, encoding="utf-8")
    colours = set()
    for theme, width in (("light", 1280), ("dark", 1280), ("light", 420)):
        media = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.set_window_size(width, 900)
        browser.get(file.as_uri())
        assert browser.get_log("browser") == []
        shown = browser.find_elements("css selector", ".stage2 svg")
        assert [each.is_displayed() for each in shown] == [width > 700, width <= 700] * 2
        text = browser.find_element("css selector", ".stage2 svg .label")
        box = browser.find_element("css selector", ".stage2 svg .box")
        colours.add((text.value_of_css_property("fill"), box.value_of_css_property("fill")))
        assert text.value_of_css_property("fill") != box.value_of_css_property("fill")
    assert len(colours) == 2


# --- the trace ---------------------------------------------------------------------------------------------------
def test_the_story_prints_what_the_program_printed(made):
    """Every character that went to the UART, in its order, whatever was accessed between two of them."""
    folder = RunDir.open(made / "fake")
    steps = "\n".join(folded_lines(iter([folder.events()]), 0, arm=arm_names(folder, folder.events())))
    joined = re.sub(r"\n {31} *", " ", steps)
    found = [text.replace(" ", "") for text in re.findall(r'prints "(.*)"$', joined, re.MULTILINE)]
    lines = [line.replace(" ", "") for line in program_lines(folder.summary())]
    assert "".join(found) == "".join(lines)
    assert all(any(text in line for line in lines) for text in found)


def test_events_are_told_by_the_devices_and_bars_they_reach(made, capsys):
    folder = made / "fake"
    assert cli.main(["trace", "show", str(folder), "-v", "0"]) == 0
    story = capsys.readouterr().out
    text = " ".join(story.split())
    for piece in ("stage 2 maps 1M at 0x23100000 to 0x51000000, 0b:00.0 BAR0",
                  "the SMMU refuses 0b:00.0 a read at 0x50000000", "the SMMU refuses 0b:00.0 a write at 0x50000000",
                  "PSCI SYSTEM_OFF", "00:01.0 @0x04 COMMAND (host's 0b:00.0)"):  # fmt: skip
        assert piece in text
    assert all(len(line) <= 80 for line in story.splitlines())
    where = "space == memory and op == write and address == 0x23100098"
    assert cli.main(["trace", "show", str(folder), "--where", where]) == 0
    assert capsys.readouterr().out.count("0b:00.0 BAR0+0x98") == 5  # roms/src/arm/edu.c: five transfers
    sql = "select distinct register from config where bdf = '00:01.0' and reg < 0x14 order by 1"
    assert cli.main(["trace", "query", str(folder), sql, "--csv"]) == 0
    asked = capsys.readouterr().out.split()
    assert {"VENDOR_ID", "COMMAND", "BAR0"} <= set(asked)
    assert not [name for name in asked if name.startswith("BRIDGE_")]  # the register database's 00:00.0 is a PC's
    assert cli.main(["trace", "show", str(folder), "--event", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["register"] == "UARTFR"  # is there room for a character?


def note(seq, guest, host, size):
    return (seq, seq, 0, guest, host, size, 0, 0, Actor.HYPERVISOR, Space.MEMORY, Op.NOTE, 8)


def test_a_place_has_the_name_of_what_was_mapped_there_last(request):
    scenario = load(request.config.rootpath / "examples/arm-vpci.toml")
    events = np.array(
        [note(1, 0x23000000, 0x50000000, 0x4000), note(2, 0x23000000, 0, 0x4000),
         note(3, 0x23001000, 0x51002000, 0x1000), note(4, 0x30000000, 0x52000000, 0x1000)],
        EVENT,
    )  # fmt: skip
    names = ArmNames(events, scenario)
    memory = Space.MEMORY
    assert names(memory, 0x23000FFF) == "08:00.0 BAR0+0xfff"
    assert names(memory, 0x23001000) == "0b:00.0 BAR0+0x2000"
    assert names(memory, 0x23002000) == "08:00.0 BAR0+0x2000"
    assert names(memory, 0x23004000) == names(memory, 0x22FFFFFF) == ""
    assert names(memory, 0x30000000) == "0c:00.0 BAR0"
    assert names(memory, 0x22000018) == "UARTFR"
    columns = ("seq", "time_ns", "actor", "cs", "ip", "space", "op", "width", "address", "value", "aux", "flags")
    told = [names.told(event) for event in events[list(columns)].tolist()]
    assert told[0] == "stage 2 maps 16K at 0x23000000 to 0x50000000, 08:00.0 BAR0"
    assert told[1] == "stage 2 unmaps 0x23000000-0x23003fff"


@pytest.mark.parametrize(
    ("number", "value", "flags", "said"),
    [(0x84000008, 0, 0, "PSCI SYSTEM_OFF"), (0xC4000003, 0, 0, "PSCI CPU_ON"), (0x8400007F, 0, 0, "PSCI function 0x7f"),
     (0x12345678, 0, 0, "HVC 0x12345678"), (4, 0x50000000, Flag.FAULTED, "data abort at 0x50000000"),
     (1, 0, Flag.FAULTED, "undefined instruction"), (9, 0, Flag.FAULTED, "exception 9")],
)  # fmt: skip
def test_calls_and_exceptions_have_names(number, value, flags, said):
    """Numbers of functions from Arm DEN 0022D, 5.1."""
    assert arm_text(number, value, int(flags)) == said


# --- the other commands ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "command",
    [["leaks", "RUN"], ["leaks", "FILE"], ["needs", "RUN"], ["needs", "RUN", "--compare", "qemu"],
     ["trace", "replay", "RUN"], ["host", "groups", "FILE"]],
)  # fmt: skip
def test_what_is_asked_of_a_roms_run_alone_says_so(made, request, capsys, command):
    places = {"RUN": str(made / "fake"), "FILE": str(request.config.rootpath / "examples/arm-vpci.toml")}
    assert cli.main([places.get(each, each) for each in command]) == 2
    said = capsys.readouterr().err
    assert "not for an Arm guest: " in said or "Xen gives functions one by one" in said
    assert "arm-virt" in said


def test_check_and_diff_work(made, capsys):
    assert cli.main(["check", str(made / "fake")]) in (0, 1)
    assert "no-smmu-faults" in capsys.readouterr().out
    assert cli.main(["trace", "diff", str(made / "fake"), str(made / "replicated")]) == 0
    assert "hypervisor.profile  A fake" in capsys.readouterr().out
    assert cli.main(["trace", "diff", str(made / "fake"), str(made / "fake")]) == 0


def test_a_program_without_a_scenario_is_told_what_to_do(request, capsys):
    assert cli.main(["run", str(request.config.rootpath / "roms/arm-linux.elf")]) == 2
    assert "payload.program" in capsys.readouterr().err


def test_a_function_that_was_refused_says_why_in_words_and_on_the_page(made):
    summary = RunDir.open(made / "replicated").summary()
    (refused,) = [each for each in summary.vpci.functions if each.refused]
    assert (refused.host, refused.late, refused.guest) == ("0000:0c:00.0", True, "")
    assert "0000:0a:01.0" in refused.refused  # the port above it, of which no assigned device is behind
    assert f"0c:00.0 was refused: {refused.refused}." in page([RunDir.open(made / "replicated")])


def test_mappings_of_a_hand_made_summary_are_drawn_where_no_host_is_known(made):
    facts = gather(RunDir.open(made / "fake"))
    facts.scenario = None
    found = facts.summary.vpci
    found.mappings = [Stage2Mapping(guest=0x23000000, host=0x50000000, size=0x1000, function="0000:08:00.0", bar=0)]
    assert len(stage2.drawing(facts, found)["layouts"][0]["bands"]) == 2
