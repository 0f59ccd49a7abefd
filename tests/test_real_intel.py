"""Intel's Ivy Bridge video BIOS runs, and writes what it should. It is found under $FWSIM_ROMS, or this skips."""

import numpy as np
import pytest
from glyphs import font_of, read_png, read_text
from lab import Lab
from relocation import GEN6, H, check_aborted, check_row, ran, scenario

from fwsim.results.folder import RunDir
from fwsim.running.payload import test_card
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Host, Hypervisor, Rom, Scenario
from fwsim.trace.event import Op, Space
from fwsim.trace.store import open_events

SNM_2170 = "9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04"
IVY = {"cpu": "ivybridge", "ggc": 0x0209}


@pytest.fixture(scope="module")
def rom(real_rom):
    return real_rom("snm_2170.dat (intel/FSP, branch legacy, ChiefRiverFspBinPkg)", SNM_2170)


@pytest.fixture(scope="module")
def on_host(rom, tmp_path_factory):
    """The ROM on the host itself, then 4F02 of 118h, linear."""
    return ran(scenario(rom, hypervisor=Hypervisor(kind="none"), mode=0x118, **IVY), tmp_path_factory.mktemp("host"))


def test_posts_on_the_host_without_help(on_host):
    summary, _ = on_host
    assert summary.stop.reason == "completed"
    assert (summary.assists, summary.hangs, summary.rom.sha256) == ([], [], SNM_2170)
    assert summary.failed == []


def test_8191_gtt_writes_on_the_host(on_host):
    summary, out = on_host
    gtt = summary.gtt
    assert (gtt.writes, gtt.rewritten) == (8191, 0)
    assert (gtt.first.index, gtt.first.value, gtt.first.written) == (0x1, 0xDBA00001, 0xDBA00001)
    assert (gtt.last.index, gtt.last.value) == (0x7FF9, 0xDD9FE001)
    assert (gtt.targets.guest_stolen, gtt.targets.unmapped) == (8191, 0)
    events = open_events(out.events_path)
    writes = events[(events["space"] == Space.GTT) & (events["op"] == Op.WRITE)]
    assert writes["address"].tolist() == [4 * n for n in range(8191)]
    assert writes["value"].tolist() == [H + 4096 * n | 1 for n in range(8191)]
    assert set(writes["cs"].tolist()) == {0xC000}


def test_the_test_card_is_on_the_hosts_screen(on_host):
    summary, out = on_host
    assert [(call.ax, call.result_ax, call.ok) for call in summary.calls] == [(0x4F02, 0x004F, True)]
    screen = summary.display[0]
    assert (screen.mode, screen.width, screen.height, screen.stride) == (0x118, 1024, 768, 4096)
    assert screen.unreadable_pages == 0
    assert np.array_equal(read_png(out.file(screen.file)), test_card(1024, 768))


@pytest.mark.parametrize("row", GEN6, ids=lambda row: f"{row.name}-{row.source}")
def test_in_a_guest(row, rom, tmp_path):
    summary, out = ran(scenario(rom, hypervisor=row.hypervisor, source=row.source, **IVY), tmp_path)
    check_row(row, summary, 4)
    if row.target == "guest_stolen":
        card, picture = test_card(1024, 768), read_png(out.file("screen-01.png"))
        assert abs(picture.astype(int) - card).max(axis=2).mean() < 30  # 256 colours of the default palette


def test_1024x768_true_colour_does_not_fit_the_guests_1_mib(rom, tmp_path):
    summary, _ = ran(scenario(rom, hypervisor=Hypervisor(profile="10.0"), mode=0x118, **IVY), tmp_path)
    assert [(call.result_ax, call.ok) for call in summary.calls] == [(0x014F, False)]


def test_the_shadow_holds_the_hosts_base(rom):
    """Exactly what the POST cached: H as a dword that the file does not have."""
    made = scenario(rom, hypervisor=Hypervisor(profile="10.0"), source="shadow", **IVY)
    machine = Lab(made)
    machine.close()
    base = H.to_bytes(4, "little")
    assert base not in rom.read_bytes()
    assert base in machine.run.made.offered.image
    assert sum(machine.run.made.offered.image[: machine.run.made.offered.image[2] * 512]) & 0xFF == 0


@pytest.mark.parametrize(("profile", "gms"), [("9.2", 0), ("5.0", 2)])
def test_no_room_for_stolen_memory_kills_the_guest(rom, profile, gms, tmp_path):
    made = scenario(rom, hypervisor=Hypervisor(profile=profile, gms=gms), ram="4M", **IVY)
    check_aborted(ran(made, tmp_path)[0])


def test_text_modes_are_on_the_picture(rom, tmp_path):
    """Mode 3 with teletype output, read off the picture with the ROM's own font."""
    text = "Typed on an IGD"
    calls = [Call(ax=0x0003), *(Call(ax=0x0E00 | ord(letter), bx=7) for letter in text)]
    out = RunDir.create(tmp_path / "out")
    summary = run(
        Scenario(
            host=Host(bdsm=H, **IVY), hypervisor=Hypervisor(kind="none"), rom=Rom(file=str(rom)), call=tuple(calls)
        ),
        out,
    )
    assert [screen.mode for screen in summary.display] == [3]
    assert read_text(read_png(out.file("screen-01.png")), font_of(rom.read_bytes(), 16), 9)[0] == text
