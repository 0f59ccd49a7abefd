"""Debian's OVMF itself, from the reset vector to its boot manager: what it places, dispatches and shows.

Needs the package ovmf; a boot takes some seconds.
"""

from pathlib import Path

import numpy as np
import pytest
from gop_lab import DRIVERS, EDP, VBTS, found

from fwsim.results.folder import RunDir
from fwsim.rom.chain import load
from fwsim.running.executed_uefi import OVMF_IMAGE
from fwsim.running.image import ImageRun
from fwsim.running.pipeline import assemble, begin
from fwsim.scenario.load import load as load_scenario
from fwsim.scenario.model import Display, Firmware, Host, Hypervisor, Rom, Scenario
from fwsim.trace.event import Actor, Op, Space

REPO = Path(__file__).parents[2]
CODE = Path(OVMF_IMAGE.image)
pytestmark = pytest.mark.skipif(not CODE.is_file(), reason="no OVMF: apt install ovmf")


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    """The example: q35, our EFI ROM with an IGD driver and a GOP; pictures taken."""
    scenario = load_scenario(REPO / "examples" / "ovmf-image.toml")
    out = RunDir.create(tmp_path_factory.mktemp("ovmf") / "run")
    run = begin(assemble(scenario, load(scenario.rom.file), out.events_path), out=out)
    assert isinstance(run, ImageRun)
    run.post()
    run.at_boot = run.session.slices.snapshot()
    run.pictures()
    run.told = run.summary()
    yield run
    run.close()


def test_it_comes_to_the_boot_manager_and_every_check_holds(booted):
    assert booted.ending.reason == "completed", booted.ending
    assert booted.built.log[-1].startswith("BdsDxe: loading Boot0001")
    assert [check.id for check in booted.told.checks if not check.ok] == []


def test_its_driver_reads_the_rom_by_its_bar(booted):
    assert booted.told.rom.taken
    assert "ROM BAR at 0x" in booted.told.rom.how


def test_the_splash_is_on_the_intel_screen(booted):
    """The logo in the middle, black around it, through aperture, GTT and IOMMU."""
    screen = booted.told.display[-1]
    assert (screen.width, screen.height, screen.unreadable_pages) == (800, 600, 0)
    picture = np.asarray(booted.caller.pictures[-1])[:, :, :3]
    lit = np.argwhere(picture.any(axis=2))
    (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0)
    assert abs((top + bottom) // 2 - 300) <= 2
    assert abs((left + right) // 2 - 400) <= 2
    assert 50 < bottom - top < 200


def test_what_it_placed_is_in_its_own_memory_map(booted):
    rows = booted.built.placed.e820
    assert any(s <= booted.built.placed.bdsm < e and kind == "RESERVED" for s, e, kind in rows)
    assert any(s <= booted.built.placed.asls < e and kind == "NVS" for s, e, kind in rows)
    assert (0xB0000000, 0xC0000000, "RESERVED") in rows, "PCIEXBAR of this build"


def test_it_uses_interrupts_and_64_bit_addresses(booted):
    recorder = booted.built.machine.recorder
    events = recorder.read(0, recorder.count)
    ticks = events[(events["space"] == Space.INTERRUPT) & (events["op"] == Op.CALL) & (events["actor"] == Actor.DEVICE)]
    assert set(ticks["address"].tolist()) == {0x20}, "the local APIC's timer, as LocalApicTimerDxe has it"
    assert booted.built.placed.bars[2] >= 1 << 32


def test_its_variables_are_written_and_read_back(booted):
    """The flash is found, and Boot0001 is in it; the file is as it was."""
    chip = next(each for each in booted.built.machine.devices if type(each).__name__ == "Flash")
    held = chip.held.read(0, chip.size)
    assert "Boot0001".encode("utf-16-le") in held
    assert "Boot0001".encode("utf-16-le") not in CODE.with_name("OVMF_VARS_4M.fd").read_bytes()


def test_from_the_boot_manager_on_it_is_the_same_each_time(booted):
    """The snapshot has everything: the shell that starts from there makes the same events twice."""
    slices, recorder = booted.session.slices, booted.built.machine.recorder
    found = []
    for _ in range(2):
        booted.back(booted.at_boot, booted.scenario)
        before = recorder.count
        booted.session.power_on()
        found.append(recorder.read(before, recorder.count).copy())
        assert booted.built.log[-1].startswith("BdsDxe: starting Boot0001")
    assert len(found[0]) > 100
    assert (found[0] == found[1]).all()
    booted.back(booted.at_boot, booted.scenario)
    assert slices.ended is None


# --- Intel's own drivers ---------------------------------------------------------------------------------------------
UNDRAWN = ("apl",)
"""OVMF draws no splash through it, though the panel is lit; why is not known."""


@pytest.mark.parametrize("name", DRIVERS)
def test_intels_gop_driver_shows_the_splash_on_the_panel(name):
    """Assignment and policy of ours before it; OVMF dispatches all three, and the panel of a board's VBT is lit."""
    digest, cpu, device, lpc = DRIVERS[name]
    named = tuple(str(REPO / "roms" / file) for file in ("igd-assignment.efi", "igd-policy.efi"))
    scenario = Scenario(
        host=Host(cpu=cpu, device_id=device, lpc_id=lpc, vbt=str(found(VBTS[EDP[name]]))),
        display=(Display(port="edp"),),
        hypervisor=Hypervisor(kind="qemu", profile="10.2", lpc="on"),
        firmware=Firmware(kind="ovmf-image", drivers=named), rom=Rom(file=str(found(digest))),
    )  # fmt: skip
    run = begin(assemble(scenario, load(scenario.rom.file)))
    assert run.post().reason == "completed"
    run.pictures()
    summary = run.summary()
    run.close()
    assert [check.id for check in summary.checks if not check.ok] == []
    assert "panel power on" in summary.display[-1].lights
    assert (summary.display[-1].unreadable_pages, summary.display[-1].flat) == (0, name in UNDRAWN)
