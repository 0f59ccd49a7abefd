"""Our boot sectors do to BARs what a guest does as it starts: what the placement foretells is what the run shows."""

import re
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from fwsim.analysis.again import Again
from fwsim.placement.allocate import Ask, place
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import load, loads
from fwsim.sweep.cell import Runner
from fwsim.trace.event import Actor, Op, Space

ROOT = Path(__file__).resolve().parents[2]
ROMS = ROOT / "roms"
HOLDERS = {"igd": "02.0", "isa": "1F.0", "bridge": "03.0", "device": "03.0"}
GUESTS = ("linux", "linux-6.15", "windows")
PAGES = 192
"""Of a screen of 1024 by 768 bytes."""


def text_of(program, firmware="fake-bar", holder="", machine="pc", profile="10.0", **host):
    options = f'options = {{ holder = "{holder}" }}' if holder else ""
    hosts = "\n".join(f"{name} = {value}" for name, value in host.items())
    return f"""
[host]
{hosts}
[hypervisor]
profile = "{profile}"
[guest]
machine = "{machine}"
[firmware]
kind = "{firmware}"
{options}
[rom]
file = "{ROMS / "igd-vbios.rom"}"
[[call]]
ax = 0x4f02
bx = 0xc105
[payload]
floppy = "{ROMS / f"bars-{program}.img"}"
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Runs a program, once: the summary and the events."""

    @cache
    def one(program, **choice):
        folder = tmp_path_factory.mktemp("bars")
        out = RunDir.create(folder / "run")
        summary = run(loads(text_of(program, **choice)), out)
        return summary, np.load(out.path / "events.npy")

    return one


def said(summary):
    """{function: (times its decoding went off, times the OpRegion was lost)} and the last word, of the program's."""
    rows = (re.fullmatch(r"(\w\w\.\d) off (\d) lost (\d)", line) for line in summary.firmware.log)
    return {row[1]: (int(row[2]), int(row[3])) for row in rows if row}, summary.firmware.log[-1]


def losses(events):
    """Where memory went away, in the hypervisor's notes."""
    notes = events[(events["op"] == Op.NOTE) & (events["space"] == Space.MEMORY)]
    return notes[(notes["actor"] == Actor.HYPERVISOR) & (notes["value"] == 0)]["address"].tolist()


def unreadable(summary):
    return [screen.unreadable_pages for screen in summary.display]


def steps(holder, guest):
    """What the placement foretells of a machine like the run's: its surest losses, and where the BAR may go."""
    result = place(Ask(firmware="fake-bar", gen="sandybridge", holder=holder, guest=guest))
    sure = [step for step in result.details.steps if step.sure and step.mapped.startswith("nothing")]
    return sure, result.details.steps[-1].mapped, result


@pytest.mark.parametrize("program", [*GUESTS, "move"])
def test_nasm_gives_the_committed_program(require_program, tmp_path, program):
    nasm = require_program("nasm", "nasm")
    out, by = tmp_path / "program.img", re.sub(r"\W", "", program).upper()
    options = ["-Werror", "-f", "bin", f"-DBY={by}", "-o", str(out)]
    subprocess.run([nasm, *options, "bars.asm"], cwd=ROMS / "src" / "payload", check=True)
    assert out.read_bytes() == (ROMS / f"bars-{program}.img").read_bytes()


@pytest.mark.parametrize("guest", GUESTS)
@pytest.mark.parametrize("holder", HOLDERS)
def test_the_run_loses_it_as_often_as_the_placement_foretells(ran, holder, guest):
    summary, events = ran(guest, holder=holder)
    sure, _, placed = steps(holder, guest)
    assert summary.firmware.bdsm == placed.firmware.bdsm
    assert losses(events) == [placed.firmware.bdsm] * len(sure)
    functions, last = said(summary)
    assert last == "OpRegion whole"
    assert {name: lost for name, (_, lost) in functions.items() if lost} == {HOLDERS[holder]: len(sure)}
    assert unreadable(summary) == [0, PAGES, 0]
    assert summary.iommu.faults == PAGES * len(sure)
    assert {check.id for check in summary.failed} == {"no-dma-faults", "screens-complete"}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_moved_bar_takes_it_away_for_good(ran, holder):
    summary, events = ran("move", holder=holder)
    _, elsewhere, placed = steps(holder, "linux-6.15")
    assert said(summary)[1] == "OpRegion gone"
    assert unreadable(summary) == [0, PAGES, PAGES]
    assert losses(events) == [placed.firmware.bdsm] * 2  # sized once, then moved
    notes = events[(events["op"] == Op.NOTE) & (events["value"] > 0) & (events["actor"] == Actor.HYPERVISOR)]
    assert f"{int(notes['address'][-1]):#x}" == elsewhere.partition("-")[0]


# Linux drivers/pci/probe.c: six registers and the ROM's, a 64-bit pair at once; a host bridge stays on
@pytest.mark.parametrize(("guest", "off"), [("linux", [0, 7, 5, 3, 7]), ("linux-6.15", [0, 1, 1, 1, 1]),
                                            ("windows", [0] * 5)])  # fmt: skip
def test_how_often_decoding_goes_off(ran, guest, off):
    functions, _ = said(ran(guest, holder="bridge")[0])
    assert [functions[name][0] for name in ("00.0", "01.0", "02.0", "03.0", "1F.0")] == off


@pytest.mark.parametrize("guest", GUESTS)
def test_every_register_is_left_as_it_was(ran, guest):
    """The last write to each BAR, ROM and command register of bus 0 is the firmware's value."""
    _, events = ran(guest, holder="isa")
    writes = events[(events["space"] == Space.PCI) & (events["op"] == Op.WRITE)]
    start = int(events["seq"][(events["op"] == Op.CALL) & (events["address"] == 0x7C00)][0])
    before, after = writes[writes["seq"] < start], writes[writes["seq"] > start]
    firmware = {int(row["address"]): int(row["value"]) for row in before}
    touched = {int(row["address"]): int(row["value"]) for row in after}
    bars = {at for at in firmware if at & 0xFFF in (0x10, 0x14, 0x18, 0x1C, 0x20)}
    assert bars <= set(touched)
    assert all(touched[at] & ~0xF == firmware[at] & ~0xF for at in bars)
    commands = {at: value for at, value in touched.items() if at & 0xFFF == 4}
    assert bool(commands) == (guest != "windows")
    assert all(value == firmware.get(at, value) for at, value in commands.items())


@pytest.mark.parametrize("program", [*GUESTS, "move"])
@pytest.mark.parametrize("firmware", ["seabios", "ovmf"])
def test_reserved_ram_stays(ran, firmware, program):
    summary, events = ran(program, firmware=firmware)
    assert said(summary)[1] == "OpRegion whole"
    assert not losses(events)
    assert unreadable(summary) == [0, 0]
    assert not summary.failed


@pytest.mark.parametrize("program", [*GUESTS, "move"])
def test_a_machine_that_is_a_q35(ran, program):
    """The LPC bridge is Q35's own, at 00:1f.0."""
    summary, events = ran(program, holder="isa", machine="q35", profile="10.1")
    times = {"linux": 7, "linux-6.15": 1, "windows": 1, "move": 2}[program]
    assert len(losses(events)) == times
    assert said(summary)[1] == f"OpRegion {'gone' if program == 'move' else 'whole'}"


def test_without_an_opregion_nothing_is_lost(ran):
    summary, _ = ran("linux", firmware="none")
    functions, last = said(summary)
    assert last == "OpRegion gone"
    assert not any(lost for _, lost in functions.values())


@pytest.mark.parametrize(
    ("name", "last", "pictures"),
    [("linux", "whole", [0, PAGES, 0]), ("windows", "whole", [0, PAGES, 0]), ("moved", "gone", [0, PAGES, PAGES]),
     ("reserved", "whole", [0, 0])],
)  # fmt: skip
def test_the_examples_show_each_outcome(tmp_path, name, last, pictures):
    summary = run(load(ROOT / "examples" / f"guest-bars-{name}.toml"), RunDir.create(tmp_path / "run"))
    assert (summary.stop.reason, summary.firmware.log[-1]) == ("completed", f"OpRegion {last}")
    assert unreadable(summary) == pictures


def test_a_sweep_shows_the_same(ran):
    """One machine, put back to where the POST left it: after a BAR was moved, too."""
    runner = Runner()
    for program in ("move", "linux", "move", "windows"):
        summary, _ = ran(program, holder="isa")
        again = runner.run(loads(text_of(program, holder="isa")))
        assert (again.events, again.iommu, again.display, again.firmware) == (
            summary.events, summary.iommu, summary.display, summary.firmware
        )  # fmt: skip


def test_a_run_made_again_goes_through_the_boot_sector(ran):
    """What ``fwsim why`` looks at, up to an event of the boot sector's."""
    _, events = ran("linux-6.15", holder="isa")
    (gone,) = events["seq"][(events["op"] == Op.NOTE) & (events["value"] == 0)].tolist()
    window = Again(loads(text_of("linux-6.15", holder="isa"))).window(gone)
    assert window.events[:gone].tobytes() == events[:gone].tobytes()


def test_the_pages_table_is_what_runs_show(ran):
    """docs/guest-bars.md: firmware and holder, guest, times gone, DMA faults, worst and last picture, OpRegion."""
    lines = (ROOT / "docs" / "guest-bars.md").read_text().splitlines()
    table = [line for line in lines if re.match(r"\| `(fake|sea)", line)]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    found = []
    for place_of, guest, *told in rows:
        firmware, *holder = re.findall(r"`([^`]+)`", place_of)
        summary, events = ran(guest.strip("`"), firmware=firmware, holder="".join(holder))
        missing = unreadable(summary)
        pictures = [f"lacks {count} pages" if count else "whole" for count in (max(missing), missing[-1])]
        seen = [len(losses(events)), summary.iommu.faults, *pictures, said(summary)[1].removeprefix("OpRegion ")]
        assert told == [str(each) for each in seen]
        found.append((firmware, "".join(holder), guest.strip("`")))
    kinds = [("fake-bar", holder) for holder in HOLDERS] + [("seabios", "")]
    assert found == [(*kind, guest) for kind in kinds for guest in (*GUESTS, "move")]
