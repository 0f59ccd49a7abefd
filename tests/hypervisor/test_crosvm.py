"""crosvm's guest: GMS 0, the host's BDSM, an OpRegion in the MMIO window, and a chipset of one bridge."""

import pytest
from guest_rig import GuestRig

from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import HOST_BRIDGE, Choice
from fwsim.scenario.model import Firmware, Guest, Host, Hypervisor, Scenario

GIB = 1 << 30


@pytest.fixture
def rig():
    made = GuestRig(
        Scenario(host=Host(cpu="skylake", vga="igd", ggc=0x2C1, bdsm=0x8C000000, asls=0x8B8FE018),
                 hypervisor=Hypervisor(kind="crosvm"), guest=Guest(ram=4 * GIB), firmware=Firmware(kind="crosvm"))
    )  # fmt: skip
    yield made
    made.close()


def test_the_guest_reads_gms_0_and_the_hosts_base(rig):
    """vfio_pci.rs: bits 15:8 of the dword at 50h; nothing is done about BDSM, so the kernel shows the device's."""
    assert [rig.config(0x50), rig.config(0x5C)] == [0x000000C1, 0x8C000001]
    assert rig.built.given.ggc == 0xC1
    assert not rig.built.given.own_bdsm


def test_the_opregion_is_in_the_window_and_asls_says_where(rig):
    at = rig.config(0xFC)
    assert 0xD0000000 <= at < 0xF4000000
    assert rig.machine.engine.read(at, 16) == b"IntelGraphicsMem"


def test_one_bridge_with_an_i440fxs_id_is_all_the_chipset(rig):
    assert [rig.config(0, bdf=HOST_BRIDGE), rig.config(0x59, 1, HOST_BRIDGE)] == [0x12378086, 0]
    assert [rig.config(0, bdf=bdf) for bdf in (0x08, 0x09, 0x0B, 0xF8)] == [0xFFFFFFFF] * 4


def test_low_ram_ends_below_the_window():
    assert kinds.hypervisor(Choice("crosvm")).ram_split("pc", 4 * GIB) == (0xD0000000, 4 * GIB - 0xD0000000)


def test_the_story_says_that_a_vbios_never_runs_there():
    assert "starts Linux directly" in kinds.hypervisor(Choice("crosvm")).story
