"""The paravirtual register pair: what a guest reads of it in each place, and what a ROM that asks it makes of it."""

from pathlib import Path

import pytest
from guest_rig import GuestRig
from msgspec.structs import replace
from relocation import ran

from fwsim.hypervisor.interface import IGD
from fwsim.machine import callbacks
from fwsim.machine.build import host_of
from fwsim.registers.database import all_at
from fwsim.scenario.model import Call, Firmware, Guest, Host, Hypervisor, Rom, Scenario

ROMS = Path(__file__).parents[1] / "roms"
PLAIN, ASKING = ROMS / "igd-vbios.rom", ROMS / "igd-vbios-pair.rom"
PLACES = ("config", "ports", "bar")
HOST = {"cpu": "sandybridge", "vga": "igd", "lpc_id": 0x1C4F, "ggc": 0x0209, "bdsm": 0xDBA00000}
FACTS = [0x1C4F8086, 0x01048086, 0x0209]
"""By address: the host's PCH and its host bridge (Sandy Bridge's 0104), and the guest's GGC; then its BDSM."""
PAGES = (32 << 20) // 4096 - 1
"""What either ROM maps of 32 MiB: all but the last page. Without GGC it takes 1 MiB for granted."""


def rig_of(place, kind="qemu", profile="10.0", machine="pc"):
    return GuestRig(
        Scenario(host=Host(**HOST), hypervisor=Hypervisor(kind=kind, profile=profile, pair=place),
                 guest=Guest(machine=machine), firmware=Firmware(kind="seabios"))
    )  # fmt: skip


def by_config(rig, fact):
    rig.set_config(0xD8, fact)
    return rig.config(0xD8), rig.config(0xDC)


def by_ports(rig, fact):
    callbacks.port_out(0, 0x3DB, 1, fact, rig.root)
    return int(callbacks.port_in(0, 0x3DB, 1, rig.root)), int(callbacks.port_in(0, 0x3DC, 4, rig.root))


def by_registers(rig, fact):
    read = []
    for offset in (0x78F00, 0x78F04 + 4 * fact):
        rig.out(0, offset)
        read.append(rig.in_(4))
    assert [rig.bar0(0x78F00), rig.bar0(0x78F04 + 4 * fact)] == read
    return tuple(read)


ASK = {"config": by_config, "ports": by_ports, "bar": by_registers}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_told(place):
    rig = rig_of(place)
    told = [ASK[place](rig, fact) for fact in range(6)]
    bdsm = rig.config(0x5C)
    rig.close()
    assert bdsm == rig.built.placed.bdsm != HOST["bdsm"]
    assert [value for _, value in told] == [*FACTS, bdsm, 0, 0]
    present = {"config": [0x80000000 | fact for fact in range(6)], "ports": [0x80 | fact for fact in range(6)]}
    assert [mark for mark, _ in told] == present.get(place, [0x80000000] * 6)


@pytest.mark.parametrize("kind", ["none", "qemu"])
@pytest.mark.parametrize("place", PLACES)
def test_on_hardware_and_without_it_the_bit_is_zero(place, kind):
    """A host has it never, whatever the scenario says; a guest has it where it is said."""
    rig = rig_of("none" if kind == "qemu" else place, kind)
    mark, _ = ASK[place](rig, 0)
    rig.close()
    assert mark == (0xFF if place == "ports" else 0)  # an open port; 8xh would be the pair


def test_a_write_changes_no_fact():
    rig = rig_of("config")
    rig.set_config(0xD8, 1)
    rig.set_config(0xDC, 0x12345678)
    assert rig.config(0xDC) == FACTS[1]
    assert rig.config(0xD8, 1) == 1
    rig.close()


@pytest.mark.parametrize("gen", [6, 7, 8, 9, 11, 12])
def test_no_register_is_known_to_be_there(gen):
    """What the design stands on: the database has nothing at 00:02.0 @D8h-DFh, nor from 78F00h to 78F17h."""
    igd = 0x02 << 15
    assert [offset for offset in range(0xD8, 0xE0) if all_at("pci", igd | offset, gen)] == []
    assert [offset for offset in range(0x78F00, 0x78F18) if all_at("mmio", offset, gen)] == []
    assert all_at("pci", igd | 0xFC, gen)


def scenario(rom, place, source="file", profile="10.0", kind="qemu", **guest):
    return Scenario(
        host=Host(**HOST), hypervisor=Hypervisor(kind=kind, profile=profile if kind == "qemu" else "", pair=place),
        rom=Rom(file=str(rom), source=source), call=(Call(ax=0x4F02, bx=0x4118),), guest=Guest(**guest),
    )  # fmt: skip


@pytest.mark.parametrize("source", ["file", "shadow"])
@pytest.mark.parametrize("place", PLACES)
def test_a_rom_that_asks_maps_all_of_the_guests_memory(place, source, tmp_path):
    """Whatever an i440FX has for GGC, and whatever base a POST on the host left in the shadow."""
    summary, _ = ran(scenario(ASKING, place, source), tmp_path)
    targets = summary.gtt.targets
    assert (targets.guest_stolen, targets.host_stolen, targets.guest_ram) == (PAGES, 0, 0)
    assert summary.gtt.first.value == summary.firmware.bdsm | 1
    assert summary.calls[0].ok  # 3 MiB of frame: more than the 1 MiB that is assumed without GGC
    assert summary.iommu.faults == 0
    assert summary.failed == []


@pytest.mark.parametrize(
    ("rom", "place"), [(ASKING, "none"), (PLAIN, "config"), (PLAIN, "none")], ids=["no-pair", "does-not-ask", "neither"]
)
def test_without_one_of_the_two_all_is_as_before(rom, place, tmp_path):
    """The posted shadow has the host's base, and GGC reads 0 at the i440FX: 255 pages of 1 MiB, all the host's."""
    summary, _ = ran(scenario(rom, place, "shadow"), tmp_path)
    targets = summary.gtt.targets
    assert (targets.guest_stolen, targets.host_stolen) == (0, 255)
    assert not summary.calls[0].ok


def test_a_hypervisor_that_also_rewrites_shifts_what_the_pair_told(tmp_path):
    """9.1 adds guest - host to entries that are the guest's already: part of them leave its stolen memory."""
    summary, _ = ran(scenario(ASKING, "config", profile="9.1"), tmp_path)
    assert summary.gtt.targets.guest_ram + summary.gtt.targets.unmapped > 0
    assert {each.id for each in summary.failed} & {"gtt-guest-stolen", "gtt-no-corruption"}


def test_where_nothing_was_placed_the_rom_reads_the_register(tmp_path):
    """Xen shows BDSM raw and places nothing: fact 3 is 0, which is no answer."""
    summary, _ = ran(scenario(ASKING, "config", kind="xen"), tmp_path)
    assert summary.firmware.bdsm == 0
    assert summary.gtt.first.value == HOST["bdsm"] | 1


def test_a_gen9_rom_takes_the_pch_from_the_pair(tmp_path):
    """On a q35 00:1f.0 is an ICH9, at which a Skylake image stops for ever; told A145h it goes on."""
    host = Host(cpu="skylake", vga="igd", device_id=0x1912, ggc=0x02C1, lpc_id=0xA145)
    ends = {}
    for place in ("none", "config"):
        wanted = scenario(ASKING, place, machine="q35")
        wanted = replace(wanted, host=host, call=(), rom=replace(wanted.rom, any_device=True))
        ends[place] = ran(wanted, tmp_path / place)[0].stop.reason
    assert ends == {"none": "hung", "config": "completed"}


def test_the_post_on_the_host_finds_no_pair():
    wanted = host_of(scenario(ASKING, "config", "shadow"))
    rig = GuestRig(wanted)
    assert rig.config(0xD8, 4, IGD) == 0
    rig.close()


def test_a_snapshot_keeps_the_address():
    rig = rig_of("ports")
    by_ports(rig, 1)
    kept = rig.machine.snapshot()
    by_ports(rig, 2)
    rig.machine.restore(kept)
    assert int(callbacks.port_in(0, 0x3DC, 4, rig.root)) == FACTS[1]
    rig.close()
