"""Our own ROM does what real ones do: under every hypervisor, posted and pristine, with both widths of entries."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from glyphs import read_png
from lab import Lab
from msgspec.structs import replace as with_fields
from relocation import GEN6, GEN9, H, Row, check_aborted, check_row, ran, scenario

from fwsim.devices.igd.scanout import HATCH
from fwsim.environment.bios.session import Session
from fwsim.results.folder import RunDir
from fwsim.running.payload import test_card
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Function, Hypervisor
from fwsim.trace.event import Actor, Op, Space
from fwsim.trace.store import open_events

ROM = Path(__file__).parents[1] / "roms" / "igd-vbios.rom"
SKYLAKE = {"cpu": "skylake", "device_id": 0x1912, "ggc": 0x02C1}


def name_of(row: Row) -> str:
    return f"{row.name}-{row.source}"


# --- the table


@pytest.mark.parametrize("row", GEN6, ids=name_of)
def test_gen6(row, tmp_path):
    summary, _ = ran(scenario(ROM, "sandybridge", row.hypervisor, source=row.source, ggc=0x0209), tmp_path)
    check_row(row, summary, 4)


@pytest.mark.parametrize("row", GEN9, ids=name_of)
def test_gen9(row, tmp_path):
    summary, _ = ran(scenario(ROM, hypervisor=row.hypervisor, source=row.source, **SKYLAKE), tmp_path)
    check_row(row, summary, 8)


def test_gen6_on_the_host(tmp_path):
    """32 MiB are 8192 pages, the last one left out: index 1 + 4 * 8190 = 7FF9h, page H + 1FFE000h."""
    summary, out = ran(scenario(ROM, "sandybridge", Hypervisor(kind="none"), ggc=0x0209, mode=0x118), tmp_path)
    gtt = summary.gtt
    assert (gtt.writes, gtt.rewritten) == (8191, 0)
    assert (gtt.first.index, gtt.first.value) == (1, H | 1)
    assert (gtt.last.index, gtt.last.value) == (0x7FF9, 0xDD9FE001)
    assert gtt.targets.guest_stolen == 8191
    assert np.array_equal(read_png(out.file("screen-01.png")), test_card(1024, 768))


def test_gen9_on_the_host(tmp_path):
    """64 MiB are 16384 pages, 16383 entries of two dwords: the last dword is at 8 * 16382 + 4, the index 1FFF5h."""
    summary, out = ran(scenario(ROM, hypervisor=Hypervisor(kind="none"), mode=0x118, **SKYLAKE), tmp_path)
    gtt = summary.gtt
    assert gtt.writes == 2 * 16383
    assert (gtt.first.index, gtt.first.value) == (1, H | 1)
    assert (gtt.last.index, gtt.last.value) == (0x1FFF5, 0)
    assert gtt.targets.guest_stolen == 16383
    assert np.array_equal(read_png(out.file("screen-01.png")), test_card(1024, 768))


@pytest.mark.parametrize(("row", "cpu"), [(GEN6[-1], "gen6"), (GEN9[-1], "gen9")], ids=["gen6", "gen9"])
def test_each_entry_in_the_device_under_ranged(row, cpu):
    """The device ends up with G + n * 4096 and the valid bit, upper dword and all."""
    facts = SKYLAKE if cpu == "gen9" else {"cpu": "sandybridge", "ggc": 0x0209}
    machine = Lab(scenario(ROM, hypervisor=row.hypervisor, source=row.source, **facts))
    try:
        entries = machine.machine.igd.entries()
        assert entries.dtype.itemsize == 8
        assert entries[:255].tolist() == [row.bdsm + 4096 * n | 1 for n in range(255)]
    finally:
        machine.close()


def test_gen9_writes_both_dwords(tmp_path):
    """Index 8n + 1 with the page, 8n + 5 with 0; up to 9.2 QEMU forces the latter."""
    _, out = ran(scenario(ROM, hypervisor=GEN9[3].hypervisor, source="shadow", **SKYLAKE), tmp_path)
    events = open_events(out.events_path)
    writes = events[(events["space"] == Space.GTT) & (events["op"] == Op.WRITE) & (events["actor"] == Actor.ROM)]
    assert writes["address"].tolist() == [4 * n for n in range(510)]
    assert writes["aux"].tolist() == [value for n in range(255) for value in (H + 4096 * n | 1, 0)]
    assert writes["value"].tolist() == [value for n in range(255) for value in (0x7A700000 + 4096 * n | 1, 0)]


# --- what that does to the picture


def test_the_picture_is_gone_without_a_rewrite(tmp_path):
    row = next(row for row in GEN6 if name_of(row) == "10.0-shadow")
    summary, out = ran(scenario(ROM, "sandybridge", row.hypervisor, source="shadow", ggc=0x0209), tmp_path)
    colours = np.unique(read_png(out.file("screen-01.png")).reshape(-1, 3), axis=0)
    assert {tuple(colour) for colour in colours.tolist()} == set(HATCH)
    assert summary.iommu.lines
    assert {"no-dma-faults", "screens-complete"} <= {check.id for check in summary.failed}


@pytest.mark.parametrize("row", [row for row in GEN6 if row.target == "guest_stolen"], ids=name_of)
def test_the_picture_is_whole_where_entries_are_right(row, tmp_path):
    """8 bits a pixel: every pixel is the palette entry nearest to the card's colour.

    What is near goes by the DAC's six bits spread over 0 to 255; the pipe shows what the ROM put there: v << 2.
    """
    made = scenario(ROM, "sandybridge", row.hypervisor, source=row.source, ggc=0x0209)
    _, out = ran(made, tmp_path)
    dac = dac_of(made)
    near, shown = np.rint(dac * 255 / 63), dac << 2
    pixels = np.concatenate([test_card(1024, 768), read_png(out.file("screen-01.png"))], axis=2)
    pairs = np.unique(pixels.reshape(-1, 6), axis=0).astype(int)
    distances = ((pairs[:, None, :3] - near) ** 2).sum(axis=2)
    for pair, distance in zip(pairs, distances, strict=True):
        assert pair[3:].tolist() in shown[distance == distance.min()].tolist()
    assert len(np.unique(pairs[:, 3:], axis=0)) > 16


def dac_of(made) -> np.ndarray:
    """The DAC after the mode was set: 256 rows of six bits a colour."""
    machine = Lab(made)
    try:
        machine.caller.make(Call(ax=0x4F02, bx=0x4105))
        return machine.machine.vga.dac.astype(int)
    finally:
        machine.close()


def test_the_shadow_patch_is_an_event(tmp_path):
    """``next`` clears the cached base, which was H, and says so."""
    made = scenario(ROM, "sandybridge", Hypervisor(profile="next"), source="shadow", ggc=0x0209)
    _, out = ran(made, tmp_path)
    events = open_events(out.events_path)
    notes = events[(events["actor"] == Actor.HYPERVISOR) & (events["op"] == Op.NOTE)]
    assert [(note["value"], note["aux"], note["width"]) for note in notes] == [(0, H, 4)]
    pristine = Lab(scenario(ROM, "sandybridge", Hypervisor(profile="10.0"), ggc=0x0209))
    pristine.close()
    at = int(notes[0]["address"]) - 0xC0000
    assert pristine.run.made.offered.image[at : at + 4] == bytes(4)


# --- no stolen memory, and too much sharing


@pytest.mark.parametrize(
    ("profile", "gms", "cpu"), [("9.2", 0, "gen6"), ("5.0", 2, "gen6"), ("5.0", 0, "gen9"), ("9.2", 0, "gen9")]
)
def test_no_room_for_stolen_memory_kills_the_guest(profile, gms, cpu, tmp_path):
    """4 MiB of RAM: 34, 66 (2 + x-igd-gms = 2 of 32 MiB each), 8 and 72 MiB do not fit."""
    facts = SKYLAKE if cpu == "gen9" else {"cpu": "sandybridge", "ggc": 0x0209}
    summary, _ = ran(scenario(ROM, hypervisor=Hypervisor(profile=profile, gms=gms), ram="4M", **facts), tmp_path)
    check_aborted(summary)
    assert "bdsm-set" in {check.id for check in summary.failed}


def test_a_device_at_1f_kills_qemu_before_the_rom_runs(tmp_path):
    """10.0 in legacy mode that nobody asked for: its error path reports an error that is not there."""
    made = scenario(ROM, "sandybridge", Hypervisor(profile="10.0"), ggc=0x0209)
    summary, _ = ran(with_fields(made, function=(Function(slot="1f.0", class_code=0x060100),)), tmp_path)
    stop = summary.stop
    assert (stop.reason, stop.cs, stop.ip, summary.code_bytes, summary.calls) == ("aborted", 0, 0, 0, [])
    words = "Cannot create LPC bridge due to existing device at 1f.0; segmentation fault: error_report_err(NULL)"
    assert stop.detail == words
    assert summary.gtt.writes == 0


def test_5_0_finds_room_for_the_gtt_alone(tmp_path):
    """2 MiB fit below 4 MiB, at 1 MiB; then 2 * 100000h - DBA00000h = 24800000h (32 bits), where nothing is."""
    summary, _ = ran(scenario(ROM, "sandybridge", Hypervisor(profile="5.0"), ram="4M", ggc=0x0209), tmp_path)
    assert summary.firmware.bdsm == 0x100000
    assert (summary.gtt.first.value, summary.gtt.first.written) == (0x100001, 0x24800001)
    assert summary.gtt.targets.unmapped == 255


@pytest.mark.parametrize("cpu", ["gen6", "gen9"])
def test_entries_in_guest_ram_are_silent(cpu, tmp_path):
    """The host's base 5DA00000h is RAM of this guest: no fault, the wrong memory, and a check that says so."""
    facts = SKYLAKE if cpu == "gen9" else {"cpu": "sandybridge", "ggc": 0x0209}
    made = scenario(ROM, hypervisor=Hypervisor(profile="10.0"), source="shadow", bdsm=0x5DA00000, **facts)
    summary, _ = ran(made, tmp_path)
    targets = summary.gtt.targets
    assert summary.gtt.first.value == 0x5DA00001
    assert (targets.host_stolen, targets.silent, targets.guest_stolen, targets.guest_ram) == (255, 255, 0, 0)
    assert (summary.iommu.faults, summary.iommu.lines) == (0, [])
    said = {check.id: check.detail for check in summary.failed}
    assert "0x5da00001" in said["gtt-no-corruption"]


def test_a_second_post_writes_the_old_base(tmp_path):
    """A pristine image caches the base at its first POST and keeps it: twice the writes, the same values."""
    made = scenario(ROM, "sandybridge", Hypervisor(profile="10.0"), ggc=0x0209)
    once, _ = ran(made, tmp_path / "one")
    twice, _ = ran(replace_posts(made, 2), tmp_path / "two")
    assert (once.gtt.writes, twice.gtt.writes) == (255, 510)
    assert twice.gtt.last == once.gtt.last


def replace_posts(made, posts):
    return with_fields(made, rom=with_fields(made.rom, posts=posts))


def test_rows_are_what_the_rewrite_says():
    """The table against its own formula: up to 9.2 value - H + G in 32 bits."""
    for row in GEN6 + GEN9:
        if row.name in ("5.0", "9.2"):
            assert row.written == (row.value - H + row.bdsm) & 0xFFFFFFFF
    assert replace(GEN6[0], value=GEN6[0].written).rewritten is False


def test_a_run_that_is_over_keeps_no_memory_of_its_guest(tmp_path):
    """While its code runs the vectors are there; afterwards no page of RAM is present, whoever holds the machine."""
    made = []

    def session(built):
        made.append((built.machine.ram, Session(built), len(built.machine.ram.snapshot().pages)))
        return made[-1][1]

    one = scenario(ROM, "sandybridge", Hypervisor(kind="ranged"))
    run(one, RunDir.create(tmp_path / "run"), sessions=session)
    ((ram, _, touched),) = made
    assert touched > 0
    assert len(ram.snapshot().pages) == 0
    assert ram.word(0x40 * 4, 4) == 0
