"""The guest of the example reads and writes every function by both ways: by design, who had it, and what was lost."""

from pathlib import Path

import pytest

from fwsim.devices.config_traps import VIA_WINDOW
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load as load_rom
from fwsim.running.pipeline import assemble, begin, run
from fwsim.scenario.load import load
from fwsim.trace.event import Actor, Flag, Op, Space

EXAMPLE = Path(__file__).parents[1] / "examples" / "xen-mmconfig.toml"
IMAGES = Path(__file__).parents[1] / "roms"
FIRST, SIZE = 0xF0000000, 64 << 20
ONES = 0xFFFFFFFF
OPTIONS = "hypervisor.options."
NIC, DEMU = 0x20, 0x28
THERE = {"00:00.0", "00:02.0", "00:04.0", "00:05.0", "00:1f.0", "00:1f.2", "00:1f.3"}
SCRATCH, LINE = 0x108, 0x3C


def ran(tmp_path, design="told", does="stay", **options):
    chosen = {"config_space": design} if design in ("told", "outdated") else {
        "config_space": "hypervisor", "chipset": design
    }  # fmt: skip
    sets = [f"{OPTIONS}{name}={value}" for name, value in (chosen | options).items()]
    out = RunDir.create(tmp_path / f"{design}-{does}")
    summary = run(load(EXAMPLE, [*sets, f"payload.floppy={IMAGES / f'config-{does}.img'}"]), out)
    assert summary.stop.reason == "completed", summary.stop
    return summary, out


def failed(summary):
    return {each.id: each.detail for each in summary.failed}


def rows(summary, function, *, lost=None):
    """(way, who, form) of each answer for a function."""
    return {
        (each.way, each.who, each.form): (each.reads, each.writes, each.lost)
        for each in summary.config_space.answers
        if each.function == function and (lost is None or bool(each.lost) == lost)
    }


def places(summary):
    return [(each.state, each.start) for each in summary.config_space.windows]


def look(events, bdf, number=0):
    """What one look at a function read, in its order: window 0 and 100h, window 3Ch, CFC 3Ch, window 108h."""
    mine = (events["space"] == Space.PCI) & (events["op"] == Op.READ) & (events["address"] >> 12 == bdf)
    values = events[mine & (events["actor"] != Actor.HYPERVISOR)]
    marks = [int(at) for at in range(len(values)) if int(values["address"][at]) & 0xFFF == SCRATCH]
    end = marks[number] + 1
    return [int(each) for each in values["value"][end - 5 : end]]


def test_told_nothing_is_lost_and_an_emulator_gets_requests(tmp_path):
    summary, out = ran(tmp_path)
    assert not failed(summary)
    space = summary.config_space
    assert [each.name for each in space.servers] == ["Xen", "qemu", "demu"]
    assert {name for each in space.servers for name in each.functions} == THERE
    assert rows(summary, "00:05.0") == {
        ("CF8/CFC", "demu", "config request"): (2, 3, 0), ("ECAM", "demu", "config request"): (2, 1, 0),
        ("ECAM 100h-FFFh", "demu", "config request"): (2, 1, 0),
    }  # fmt: skip
    assert rows(summary, "00:04.0")["ECAM 100h-FFFh", "qemu", "MMIO"] == (2, 1, 0)
    assert places(summary) == [("on", FIRST)]
    for bdf, ids in ((NIC, 0x10D38086), (DEMU, 0x10411AF4)):
        assert look(out.events(), bdf) == [ids, 0x0001000B, 0x5A, 0xA5, 0x600DF00D]


def test_outdated_an_emulators_window_is_lost_and_cf8_goes_on(tmp_path):
    """The device model has it as MMIO, and no such device: ones, and the byte that CFC wrote stays."""
    summary, out = ran(tmp_path, "outdated")
    assert set(failed(summary)) == {"config-space"}
    words = failed(summary)["config-space"]
    assert "3 to 00:05.0 (demu)" in words
    assert "tells nobody where MMCONFIG is" in words
    assert "XEN_DMOP_mmcfg_location_change" in words
    assert rows(summary, "00:05.0", lost=True) == {
        ("ECAM", "qemu", "MMIO"): (2, 1, 3), ("ECAM 100h-FFFh", "qemu", "MMIO"): (2, 1, 3),
    }  # fmt: skip
    assert rows(summary, "00:05.0", lost=False) == {("CF8/CFC", "demu", "config request"): (2, 3, 0)}
    assert look(out.events(), DEMU) == [ONES, ONES, 0xFF, 0x5A, ONES]
    assert look(out.events(), NIC) == [0x10D38086, 0x0001000B, 0x5A, 0xA5, 0x600DF00D]
    assert not summary.config_space.windows[0].told


@pytest.mark.parametrize(("design", "own"), [("pciexbar", ["00:00.0"]), ("mch-ich9", ["00:00.0", "00:1f.0"])])
def test_xens_own_chipset_asks_qemu_for_256_bytes(tmp_path, design, own):
    summary, out = ran(tmp_path, design)
    assert summary.config_space.servers[0].functions == own
    assert rows(summary, "00:00.0")["ECAM", "Xen", "config request"] == (2, 1, 0)
    assert rows(summary, "00:04.0", lost=True) == {("ECAM 100h-FFFh", "qemu", "config request"): (2, 1, 3)}
    assert rows(summary, "00:05.0", lost=True) == {}
    assert look(out.events(), NIC) == [0x10D38086, ONES, 0x5A, 0xA5, ONES]
    assert look(out.events(), DEMU)[1] == 0x0001000B
    checks = failed(summary)
    assert "PCI_CONFIG_SPACE_SIZE" in checks.pop("config-space")
    assert set(checks) == ({"chipset-pm"} if design == "pciexbar" else set())
    asked = {each.function for each in summary.config_space.answers}
    assert ("00:1f.0" in asked) == (design == "mch-ich9")


@pytest.mark.parametrize("design", ["told", "outdated", "mch-ich9"])
def test_moved_while_in_use(tmp_path, design):
    """The new place answers as the old one did; where it was, nobody does, whoever was told."""
    summary, out = ran(tmp_path, design, "move")
    assert places(summary) == [("on", FIRST), ("off", FIRST), ("on", 0xB0000000)]
    assert rows(summary, "00:05.0")["ECAM, left", "nobody", ""] == (1, 0, 1)
    assert look(out.events(), DEMU, 1) == look(out.events(), DEMU, 0)
    words = failed(summary)["window-moved"]
    assert "0xf0000000 -> 0xb0000000" in words
    assert "7 accesses where it was reach nobody" in words


def test_moved_twice_or_locked(tmp_path):
    summary, _ = ran(tmp_path, does="twice")
    assert [place for state, place in places(summary) if state == "on"] == [FIRST, 0xB0000000, 0xA0000000]
    locked, out = ran(tmp_path / "once", does="twice", pciexbar="once")
    assert [state for state, _ in places(locked)] == ["on", *["locked"] * 4]
    assert not failed(locked)
    detail = next(each.detail for each in locked.checks if each.id == "window-locked")
    assert detail.startswith("4 writes changed nothing")
    assert [look(out.events(), DEMU, number)[0] for number in range(3)] == [0x10411AF4] * 3


def test_switched_off(tmp_path):
    summary, out = ran(tmp_path, does="off")
    words = failed(summary)["config-window"]
    assert words.startswith("off since event")
    assert "7 accesses where it was reach nobody" in words
    events = out.events()
    left = events[(events["space"] == Space.PCI) & (events["op"] == Op.NOTE) & (events["flags"] & Flag.FAULTED != 0)]
    assert len(left) == len(THERE)
    assert (left["value"] == 0).all()


def test_over_ram_nothing_traps(tmp_path):
    """RAM answers and takes the writes: the guest's byte is in its own memory, and no second look is in the events."""
    summary, out = ran(tmp_path, does="ram")
    assert set(failed(summary)) == {"window-over-ram"}
    assert summary.config_space.windows[-1].ram == SIZE
    events = out.events()
    marks = (events["space"] == Space.PCI) & (events["op"] == Op.READ) & (events["address"] == DEMU << 12 | SCRATCH)
    assert marks.sum() == 1
    line = (events["space"] == Space.PCI) & (events["address"] == DEMU << 12 | LINE) & (events["op"] == Op.READ)
    assert events[line]["value"].tolist() == [0x5A, 0xA5, 0x5A]


def test_over_a_bar_of_the_assigned_device(tmp_path):
    """The aperture is mapped into the guest: the picture's memory answers, and nobody hears of the second look."""
    summary, out = ran(tmp_path, does="bar")
    events = out.events()
    marks = (events["space"] == Space.PCI) & (events["op"] == Op.READ) & (events["address"] == DEMU << 12 | SCRATCH)
    assert marks.sum() == 1
    assert summary.config_space.windows[-1].bars == ["00:02.0 BAR2"]
    assert set(failed(summary)) == {"window-over-bar"}


def test_who_answered_is_noted_behind_each_access(tmp_path):
    """One note an access, at its address and width; its flags say by which way, and whether it was lost."""
    _, out = ran(tmp_path, "outdated")
    events = out.events()
    access = (events["space"] == Space.PCI) & (events["op"] <= Op.WRITE)
    notes = events[1:][access[:-1]]
    assert (notes["op"] == Op.NOTE).all()
    assert (notes["actor"] == Actor.HYPERVISOR).all()
    for name in ("address", "width", "cs", "ip"):
        assert (notes[name] == events[:-1][access[:-1]][name]).all(), name
    demu = notes[notes["address"] >> 12 == DEMU]
    assert {tuple(row) for row in demu[["value", "aux", "flags"]].tolist()} == {
        (3, 1, Flag.INDEXED), (2, 2, Flag.UNHANDLED)
    }  # fmt: skip


def test_back_to_where_the_window_was(tmp_path):
    """A machine that is put back after its guest moved the window gives the same events again."""
    scenario = load(EXAMPLE, [f"{OPTIONS}config_space=told", f"payload.floppy={IMAGES / 'config-move.img'}"])
    one = begin(assemble(scenario, load_rom(scenario.rom.file)))
    one.post()
    posted = one.session.slices.snapshot()
    recorder, found = one.built.machine.recorder, []
    for _ in range(2):
        one.boot()
        found.append(recorder.read(0, recorder.count))
        one.back(posted, scenario)
    one.close()
    assert (found[0] == found[1]).all()
    assert one.built.machine.windows.trapped.mapped == ((FIRST, SIZE, 0, VIA_WINDOW),)


@pytest.mark.parametrize("design", ["told", "mch-ich9"])
def test_the_gop_runs_beside_them(tmp_path, design):
    """OVMF's window is fixed at B0000000; our GOP draws whole pictures where xen-pt has the IGD."""
    chosen = "told" if design == "told" else "hypervisor"
    sets = [f"{OPTIONS}config_space={chosen}", "firmware.kind=ovmf", "firmware.version=", "payload.floppy="]
    sets += [f"rom.file={IMAGES / 'igd-gop.rom'}", "rom.source=file"]
    summary = run(load(EXAMPLE, sets), RunDir.create(tmp_path / "gop"))
    assert summary.efi is not None
    assert [screen.unreadable_pages for screen in summary.display] == [0, 0, 0]
    assert places(summary) == [("on", 0xB0000000)]
    igd = {(each.way, each.who) for each in summary.config_space.answers if each.function == "00:02.0"}
    assert igd == {("CF8/CFC", "qemu")}


@pytest.mark.parametrize("design", ["told", "outdated", "mch-ich9"])
def test_vpci_has_the_igd(tmp_path, design):
    """Ones for what has no handler; without an I/O BAR our vBIOS writes no GTT."""
    summary, out = ran(tmp_path, design, pci='["00:02.0,backend=vpci"]')
    assert "00:02.0" in summary.config_space.servers[0].functions
    assert summary.gtt.writes == 0
    who = ("ECAM", "qemu", "MMIO") if design == "outdated" else ("ECAM", "Xen", "config request")
    assert rows(summary, "00:02.0")[who] == (2, 1, 3 if design == "outdated" else 0)
    events = out.events()
    bdsm = events[(events["space"] == Space.PCI) & (events["op"] == Op.READ) & (events["address"] == 0x1005E)]
    assert set(bdsm["value"].tolist()) <= {0xFFFF}
