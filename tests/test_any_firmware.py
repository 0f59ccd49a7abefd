"""Every allocator runs a ROM: it places as it does, the machine is written accordingly, and the vBIOS is called."""

from pathlib import Path

import pytest
from lab import Lab
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware.allocators import ROWS, allocator
from fwsim.machine.build import build
from fwsim.placement.allocate import Ask, place
from fwsim.rom.chain import load
from fwsim.scenario.load import dumps, loads

ROM = Path(__file__).parents[1] / "roms" / "igd-vbios.rom"
MIB, GIB = 1 << 20, 1 << 30
ASSIGNED = [name for name in ROWS if allocator(name).knows_igd and not allocator(name).image]
"""The models that are told of the IGD: none and coreboot place nothing for it."""


def scenario_of(kind, toml="", **tables):
    extra = "".join(f"[{name}]\n{text}\n" for name, text in tables.items())
    return loads(f'{extra}[firmware]\nkind = "{kind}"\n{toml}\n[rom]\nfile = "{ROM}"\nany_device = true\n')


@pytest.fixture
def lab():
    """POSTs a scenario's ROM and holds the machine open."""
    made = []

    def make(scenario):
        made.append(Lab(scenario))
        return made[-1]

    yield make
    for one in made:
        one.close()


def summary_of(lab):
    lab.run.pictures()
    return lab.run.summary()


def failing(summary):
    return {check.id: check.detail for check in summary.failed}


def memory(built, address, length):
    """Guest memory, RAM or the device model's own."""
    pieces = [(0, built.machine.low, built.machine.ram)]
    pieces += [(start, start + ram.size, ram) for start, ram in built.placed.backing]
    start, ram = next((start, ram) for start, end, ram in pieces if start <= address and address + length <= end)
    return ram.read(address - start, length)


def config(built, offset, width=4):
    return built.machine.pci.seen_by_guest(built.machine.pci.slot(0x10), offset, width)


@pytest.mark.parametrize("kind", ASSIGNED)
def test_a_run_places_as_a_placement_does(kind, lab):
    scenario = scenario_of(kind)
    built = lab(scenario).run.built
    placed = place(Ask(firmware=kind, rom=0x10000)).firmware
    assert (built.placed.bdsm, built.placed.asls) == (placed.bdsm, placed.asls)
    assert set(placed.log) <= set(built.log)
    assert config(built, 0xFC) == placed.asls
    assert config(built, 0x5C) & -MIB == placed.bdsm
    assert memory(built, placed.asls, 16) == b"IntelGraphicsMem"
    assert all(config(built, 0x10 + 4 * index) & -16 | config(built, 0x14 + 4 * index) for index in (0, 2))
    assert config(built, 0x20) & -4


@pytest.mark.parametrize("kind", ["ranged", "qemu", "none"])
@pytest.mark.parametrize("firmware", ["ovmf", "bhyve", "acrn", "host-base", "fake-bar"])
def test_the_rom_draws_with_whoever_places_stolen_memory(firmware, kind, lab):
    scenario = scenario_of(firmware, hypervisor=f'kind = "{kind}"')
    one = lab(scenario)
    assert one.ending.reason == "completed"
    assert one.int10(0x4F02, bx=0xC114).ok
    summary = summary_of(one)
    assert not failing(summary)
    assert summary.gtt.targets.guest_stolen == summary.gtt.writes > 0
    assert [(screen.width, screen.unreadable_pages) for screen in summary.display] == [(800, 0)]
    if kind == "none":
        assert (summary.firmware.bdsm, summary.firmware.asls) == (scenario.host.bdsm, scenario.host.asls)


@pytest.mark.parametrize(("firmware", "failed"), [("hvmloader", {"bdsm-set"}), ("crosvm", {"frame-buffer"})])
def test_without_stolen_memory_the_display_faults(firmware, failed, lab):
    """crosvm's BAR2 is at 4 GiB: of its address the ROM reads 32 bits, and the frame buffer seems to be at 0."""
    scenario = scenario_of(firmware)
    one = lab(scenario)
    assert one.int10(0x4F02, bx=0xC114).ok
    found = failing(summary_of(one))
    assert set(found) == failed | {"gtt-guest-stolen", "gtt-no-corruption", "no-dma-faults", "screens-complete"}


@pytest.mark.parametrize(
    ("firmware", "lines"),
    [
        ("seabios", []), ("fake-bar", []),
        ("ovmf", ["OVMF itself calls no legacy vBIOS: fwsim does, with its own BIOS services"]),
        ("hvmloader", ["hvmloader places for guests of xen: it is tried under qemu",
                       "hvmloader places no stolen memory"]),
        ("bhyve", ["bhyve places for guests of bhyve: it is tried under qemu",
                   "bhyve itself calls no legacy vBIOS: fwsim does, with its own BIOS services",
                   "bhyve hands on the low bits of the host's BDSM: the guest reads 0x7e000001",
                   "bhyve gives the BARs no address: they are placed as SeaBIOS places them"]),
        ("crosvm", ["crosvm places for guests of crosvm: it is tried under qemu",
                    "crosvm itself calls no legacy vBIOS: fwsim does, with its own BIOS services",
                    "crosvm places no stolen memory",
                    "BAR0, BAR2 are past 4 GiB: a vBIOS reaches the device by its I/O BAR only",
                    "crosvm gives the I/O BARs no address: they are placed as SeaBIOS places them"]),
    ],
)  # fmt: skip
def test_the_log_says_what_is_unusual(firmware, lines, lab):
    log = lab(scenario_of(firmware)).run.built.log
    ours = ("places for", "places no", "itself calls", "gives the", "past 4 GiB", "hands on")
    assert [line for line in log if any(words in line for words in ours)] == lines


def test_bars_of_a_device_model_are_seabios_own(lab):
    seabios, bhyve = (lab(scenario_of(kind)).run.built for kind in ("seabios", "bhyve"))
    assert bhyve.placed.bars == seabios.placed.bars
    assert config(bhyve, 4, 2) == config(seabios, 4, 2) == 0x107


def test_the_command_register_is_the_firmwares(lab):
    assert config(lab(scenario_of("ovmf")).run.built, 4, 2) == 7


@pytest.mark.parametrize(("kind", "bits"), [("bhyve", 1), ("acrn", 1), ("ovmf", 0), ("seabios", 0)])
def test_a_device_model_shows_the_hosts_low_bits(kind, bits, lab):
    """bhyve and ACRN hand the lock on; firmware writes the base alone."""
    built = lab(scenario_of(kind)).run.built
    assert config(built, 0x5C) == built.placed.bdsm | bits


@pytest.mark.parametrize("kind", ["ovmf", "acrn", "host-base", "bhyve"])
def test_from_gen_11_on_both_dwords_are_written(kind):
    scenario = scenario_of(kind, host='cpu = "tigerlake"')
    rom = load(ROM)
    built = build(scenario, rom, rom.data, None)
    assert config(built, 0xC0) & -MIB == built.placed.bdsm > 0
    assert config(built, 0xC4) == 0
    writes = built.machine.recorder.read(0, built.machine.recorder.count)
    assert {0x100C0, 0x100C4} <= {int(address) for address in writes["address"][writes["space"] == 2]}
    built.machine.recorder.close()


def test_a_base_past_4_gib_is_written_whole():
    """bhyve keeps the host's base where that is guest RAM; BDSM is 64 bits wide from gen 11 on (Linux i915_drm.h,
    INTEL_GEN11_BSM_DW0 and DW1).
    """
    scenario = scenario_of("bhyve", host='cpu = "tigerlake"\nbdsm = 0x180000000', guest='ram = "8G"')
    rom = load(ROM)
    built = build(scenario, rom, rom.data, None)
    assert (config(built, 0xC0) & -MIB, config(built, 0xC4)) == (0x80000000, 1)
    built.machine.recorder.close()


def test_memory_of_the_device_model_is_memory(lab):
    """ACRN maps stolen memory at 7C000000, with 1 GiB of RAM beside it; the picture is read from there."""
    scenario = scenario_of("acrn", guest='ram = "1G"')
    one = lab(scenario)
    assert one.int10(0x4F02, bx=0xC114).ok
    assert one.run.built.placed.backing[0][0] == 0x7BFFB000
    summary = summary_of(one)
    assert summary.display[0].unreadable_pages == 0
    assert not failing(summary)


def test_ram_is_the_machines_whoever_places(lab):
    """QEMU's i440fx with 4 GiB has 3 GiB below 4 GiB; ACRN and crosvm would have split it elsewhere."""
    for kind in ("acrn", "crosvm", "bhyve", "hvmloader"):
        placed = lab(scenario_of(kind, guest='ram = "4G"')).run.built.placed
        ram = [(start, end) for start, end, name in placed.e820 if name == "RAM"]
        assert max(end for _, end in ram) == 5 * GIB, kind
        low = max(end for start, end in ram if start < 4 * GIB)
        assert low == (placed.asls if kind == "bhyve" else 3 * GIB), kind


def test_options_reach_the_run(lab):
    driver = lab(scenario_of("ovmf", '[firmware.options]\ndriver = "none"')).run.built
    assert (driver.placed.bdsm, driver.placed.asls) == (0, 0)
    assert "upstream OVMF has no IGD driver: nobody sets BDSM or ASLS" in driver.log
    holder = lab(scenario_of("fake-bar", '[firmware.options]\nholder = "device"')).run.built
    assert 5 not in holder.placed.bars


def test_options_survive_the_scenario_file():
    scenario = scenario_of("hvmloader", '[firmware.options]\nmmio_hole_size = "1G"\nrmrr = [[0xe0000000, 4096]]')
    assert loads(dumps(scenario)) == scenario
    assert "[firmware.options]" in dumps(scenario)


@pytest.mark.parametrize(
    ("kind", "toml", "where", "found", "expected"),
    [
        ("ovmf", '[firmware.options]\ndrive = "gvt"', "firmware.options: drive", "drive", "driver"),
        ("ovmf", '[firmware.options]\ndriver = "gtv"', "firmware.options: driver", "gtv", "gvt, none, vfioigd"),
        ("ovmf", "[firmware.options]\nfree_list = true", "firmware.options: free_list", "true", "a list"),
        ("ovmf", "[firmware.options]\ncpus = 4", "firmware.options: cpus", "cpus", "driver"),
        ("ovmf", "[firmware.options]\nfree_list = [[1]]", "firmware.options: free_list[0]", "length 2, got 1", ""),
        ("seabios", "[firmware.options]\ndriver = 1", "firmware.options: driver", "driver", "acpi_tables"),
        ("seabios", "options = 5", "firmware.options", "5", "a table"),
        ("bhyve", 'version = "gen12"', "firmware.version", "gen12", "gvt-d, gen11"),
    ],
)
def test_a_wrong_option_is_refused(kind, toml, where, found, expected):
    with pytest.raises(FwsimError) as caught:
        scenario_of(kind, toml)
    assert where in caught.value.where
    assert found in caught.value.found + caught.value.what
    assert expected in caught.value.expected


def test_a_machine_that_the_firmware_does_not_know_is_refused(lab):
    with pytest.raises(FwsimError, match="i440fx only"):
        lab(scenario_of("hvmloader", guest='machine = "q35"'))


def test_firmware_that_stops_runs_no_rom(lab):
    one = lab(scenario_of("ovmf", guest='ram = "64M"'))
    assert one.ending.reason == "error"
    assert "no memory for DXE" in one.ending.detail


def test_the_host_posts_its_rom_whoever_places_for_the_guest(lab):
    """The shadow comes from a POST on the host, which has no firmware option of the guest's."""
    scenario = scenario_of("ovmf", '[firmware.options]\ndriver = "gvt"')
    one = lab(replace(scenario, rom=replace(scenario.rom, source="shadow")))
    assert one.ending.reason == "completed"
