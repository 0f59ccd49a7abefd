"""Our ROM, pristine and posted, under the kinds that place stolen memory themselves: where its entries point."""

import os
from functools import cache
from pathlib import Path

import pytest
from real_files import by_hash

from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import loads

ROM = Path(__file__).parents[1] / "roms" / "igd-vbios.rom"
EXAMPLES = Path(__file__).parents[1] / "examples"
IDENTITY, MOVED = "0x8c000000", "0xdba00000"
"""Bases of the host: one where a guest of 4 GiB has RAM under bhyve, one where none has."""


def scenario(hypervisor, source, bdsm, firmware, cpu="sandybridge", ram="4G", rom=ROM):
    return loads(
        f'[host]\ncpu = "{cpu}"\nbdsm = {bdsm}\nasls = 0x8b8fe018\n[hypervisor]\n{hypervisor}\n[guest]\nram = "{ram}"\n'
        f'[firmware]\nkind = "{firmware}"\n[rom]\nfile = "{rom}"\nsource = "{source}"\nany_device = true\n'
        "[[call]]\nax = 0x4f02\nbx = 0xc114\n"
    )


@pytest.fixture(scope="module")
def summary_of(tmp_path_factory):
    @cache
    def make(*arguments, **named):
        return run(scenario(*arguments, **named), RunDir.create(tmp_path_factory.mktemp("run") / "it"))

    return make


BHYVE = 'kind = "bhyve"\nlpc = "on"'
ACRN = 'kind = "acrn"\nprofile = "3.2"'


@pytest.mark.parametrize(
    ("hypervisor", "firmware", "source", "bdsm", "guest_base", "right"),
    [
        (BHYVE, "bhyve", "shadow", IDENTITY, 0x8C000000, True), (BHYVE, "bhyve", "file", IDENTITY, 0x8C000000, True),
        (BHYVE, "bhyve", "shadow", MOVED, 0xBE000000, False), (BHYVE, "bhyve", "file", MOVED, 0xBE000000, True),
        (ACRN, "acrn", "shadow", IDENTITY, 0x7C000000, False), (ACRN, "acrn", "file", IDENTITY, 0x7C000000, True),
    ],
)  # fmt: skip
def test_a_posted_rom_is_right_where_guest_and_host_addresses_are_the_same(
    hypervisor, firmware, source, bdsm, guest_base, right, summary_of
):
    """A pristine one reads the guest's BDSM, and is right either way."""
    summary = summary_of(hypervisor, source, bdsm, firmware)
    targets = summary.gtt.targets
    assert summary.firmware.bdsm == guest_base
    assert summary.gtt.first.value == (guest_base if right else int(bdsm, 16)) | 1
    assert summary.gtt.rewritten == 0
    assert targets.guest_stolen + targets.host_stolen == 255
    assert (targets.host_stolen == 0) == right
    assert (summary.iommu.faults == 0) == right
    assert all((screen.unreadable_pages == 0) == right for screen in summary.display)


def test_a_pristine_rom_has_no_guests_address_where_nothing_is_placed(summary_of):
    """A pre-launched VM reads the host's BDSM, of which nothing is mapped."""
    summary = summary_of('kind = "acrn"\nprofile = "pre-launched"', "file", IDENTITY, "acrn")
    assert summary.gtt.first.value == 0x8C000001
    assert summary.gtt.targets.guest_stolen == 0
    assert summary.iommu.faults > 0


def test_a_rom_finds_no_bridge_of_its_hosts_under_bhyve_by_itself(summary_of):
    """An i440FX-like 8086:7000, where a Skylake's ROM looks for a 100 series PCH."""
    summary = summary_of('kind = "bhyve"', "file", IDENTITY, "bhyve", cpu="skylake")
    assert summary.stop.reason == "hung"
    assert summary.gtt.writes == 0
    with_ids = summary_of(BHYVE, "file", IDENTITY, "bhyve", cpu="skylake")
    assert (with_ids.stop.reason, with_ids.gtt.targets.guest_stolen) == ("completed", with_ids.gtt.writes // 2)


def test_without_io_bar_a_vbios_does_not_reach_the_device(summary_of):
    summary = summary_of('kind = "crosvm"', "file", IDENTITY, "crosvm")
    assert (summary.gtt.writes, [call.ok for call in summary.calls]) == (0, [False])


IMAGES = {"ivybridge": "9d7e3b3c", "skylake": "7181b60e"}


@pytest.mark.parametrize("cpu", IMAGES)
@pytest.mark.parametrize(
    ("hypervisor", "firmware", "source", "right"),
    [(BHYVE, "bhyve", "shadow", True), (BHYVE, "bhyve", "file", True), (ACRN, "acrn", "shadow", False),
     (ACRN, "acrn", "file", True)],
)  # fmt: skip
def test_a_vendors_image_does_as_ours(cpu, hypervisor, firmware, source, right, tmp_path):
    """The host's base is one that a guest of bhyve's can have."""
    files = by_hash(os.environ.get("FWSIM_ROMS", ""))
    found = [path for digest, path in files.items() if digest.startswith(IMAGES[cpu])]
    if not found:
        pytest.skip(f"no image {IMAGES[cpu]} under $FWSIM_ROMS")
    summary = run(scenario(hypervisor, source, IDENTITY, firmware, cpu, rom=found[0]), RunDir.create(tmp_path / "it"))
    assert summary.stop.reason == "completed"
    assert (summary.gtt.first.value, summary.iommu.faults > 0) == (
        0x7C000001 if right and firmware == "acrn" else 0x8C000001, not right
    )  # fmt: skip
    assert (summary.gtt.targets.guest_stolen > 0) == right


@pytest.mark.parametrize("name", ["bhyve", "acrn", "crosvm"])
def test_the_example_is_of_its_kind_and_pairs_it_with_its_own_placing(name):
    found = loads((EXAMPLES / f"{name}.toml").read_text(), name, EXAMPLES)
    assert (found.hypervisor.kind, found.firmware.kind) == (name, found.hypervisor.design.placed_by[0])
