"""ACRN beside the vectors: releases, what a guest reads and cannot write, what is mapped, pre-launched VMs."""

import pytest
from guest_rig import GuestRig

from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE, Choice
from fwsim.scenario.model import Firmware, Guest, Host, Hypervisor, Scenario

GIB, MIB, KIB = 1 << 30, 1 << 20, 1 << 10
BASE, ASLS = 0x8C000000, 0x8B8FE018
ONES = 0xFFFFFFFF


@pytest.fixture
def guest():
    made = []

    def make(profile="3.2", ram=4 * GIB, cpu="skylake", firmware="acrn", machine="pc", **host):
        facts = {"vga": "igd", "ggc": 0x2C1, "bdsm": BASE, "asls": ASLS, "lpc_id": 0x9D48} | host
        made.append(
            GuestRig(
                Scenario(host=Host(cpu=cpu, **facts), hypervisor=Hypervisor(kind="acrn", profile=profile),
                         guest=Guest(ram=ram, machine=machine), firmware=Firmware(kind=firmware))
            )
        )  # fmt: skip
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def mapped(rig, address):
    """Where in this process the device's DMA to a guest address lands; None for a fault."""
    regions = rig.machine.igd.dma.tolist()
    return next((at + address - start for start, end, at in regions if start <= address < end), None)


@pytest.mark.parametrize("profile", ["2.3", "3.4", "three", "1.6"])
def test_a_release_that_there_is_not_is_refused_with_those_that_there_are(profile):
    with pytest.raises(FwsimError) as caught:
        kinds.hypervisor(Choice("acrn", profile))
    assert caught.value.where == "hypervisor.profile"
    assert "3.3, pre-launched" in caught.value.expected


@pytest.mark.parametrize("profile", ["2.4", "2.7", "3.2", "3.3"])
def test_bdsm_and_asls_take_no_write(guest, profile):
    """passthru_cfgwrite: what has_virt_pcicfg_regs says is not written at all."""
    rig = guest(profile)
    before = [rig.config(0x5C), rig.config(0xFC)]
    assert before[0] == 0x7C000001
    for at in (0x5C, 0xFC):
        rig.set_config(at, 0x12345678)
    assert [rig.config(0x5C), rig.config(0xFC)] == before


@pytest.mark.parametrize(("profile", "asls"), [("2.4", 0x7BFFC018), ("2.6", 0x7BFFC018), ("2.7", 0x7BFFB018)])
def test_the_opregion_has_five_pages_since_2_7(guest, profile, asls):
    """GPU_OPREGION_SIZE 4000h, then 5000h; the offset in the page is the host's."""
    assert guest(profile).config(0xFC) == asls


@pytest.mark.parametrize(
    ("profile", "cpu", "device_id", "register"),
    [
        ("2.4", "tigerlake", 0x9A49, 0xC0), ("2.4", "tigerlake", 0x9A40, 0x5C), ("2.6", "tigerlake", 0x9A40, 0xC0),
        ("2.7", "alderlake-p", 0x46A6, 0x5C), ("3.0", "alderlake-p", 0x46A6, 0xC0),
        ("3.1", "raptorlake", 0xA780, 0x5C), ("3.2", "raptorlake", 0xA780, 0xC0),
        ("3.2", "icelake", 0x8A52, 0x5C), ("3.3", "icelake", 0x8A52, 0xC0), ("3.2", "sandybridge", 0x0126, 0x5C),
    ],
)  # fmt: skip
def test_each_release_knows_more_devices_of_gen_11(guest, profile, cpu, device_id, register):
    """passthru_gpu_dsm_opregion's switch at v2.4, v2.6, v2.7, v3.0 and v3.2; igd_gen from 3.3 on."""
    rig = guest(profile, cpu=cpu, device_id=device_id)
    assert rig.built.given.bdsm.offset == register
    assert rig.config(register) == (BASE if register == 0xC0 else 0x7C000000) | 1


def test_a_device_before_skylake_is_taken_for_gen_11_from_3_3_on(guest):
    with pytest.raises(FwsimError) as caught:
        guest("3.3", cpu="ivybridge")
    assert caught.value.where == "hypervisor.profile"
    assert "taken for generation 11" in caught.value.found


def test_a_device_of_gen_11_that_the_list_lacks_works_with_a_warning(guest):
    rig = guest("3.3", cpu="meteorlake", device_id=0x7D45)
    assert rig.config(0xC0) == BASE | 1
    assert [line for line in rig.built.log if "8086:7d45 is not an igd device in allowlist" in line]


@pytest.mark.parametrize(("ggc", "words"), [(0x11C1, 2), (0x00C1, 1)])
def test_a_size_that_3_3_refuses_leaves_the_hosts_registers(guest, ggc, words):
    rig = guest("3.3", ggc=ggc)
    assert [rig.config(0x5C), rig.config(0xFC)] == [BASE | 1, ASLS]
    said = [line for line in rig.built.log if "igd dsm region size" in line or "Invalid GMS value" in line]
    assert len(said) == words
    assert guest("3.2", ggc=ggc).config(0x5C) == 0x7C000001


def test_stolen_memory_is_mapped_where_the_guest_has_no_ram(guest):
    rig = guest("3.3", cpu="tigerlake")
    assert mapped(rig, BASE) is not None
    assert mapped(rig, BASE + 64 * MIB) is None
    assert rig.built.guest_stolen == rig.built.host_stolen


def test_the_hosts_opregion_is_in_the_guest(guest):
    """Its pages are mapped: what the guest writes at ASLS is read there, and nothing of it reaches stolen memory."""
    rig = guest("3.3", cpu="tigerlake")
    at = rig.config(0xFC)
    assert at == BASE - 0x5000 + 0x18
    assert rig.machine.engine.read(at, 16) == b"IntelGraphicsMem"
    rig.machine.engine.write(at + 0x100, b"mail")
    assert rig.machine.engine.read(at + 0x100, 4) == b"mail"


def test_an_opregion_longer_than_what_is_mapped_is_cut():
    shown = kinds.hypervisor(Choice("acrn", "2.6")).opregion(bytes(32 * KIB), ASLS)
    assert len(shown) == 0x4000 - 0x18


def test_the_bridges_of_a_post_launched_guest(guest):
    """NetApp's host bridge; igd-lpc has the host's ids (devicemodel/hw/pci/lpc.c, pci_igd_lpc_init)."""
    for machine in ("pc", "q35"):
        rig = guest(machine=machine, bridge_subsystem=0x220317AA)
        assert rig.config(0, bdf=HOST_BRIDGE) == 0x12751275
        assert [rig.config(0, bdf=LPC_BRIDGE), rig.config(0x2C, bdf=LPC_BRIDGE)] == [0x9D488086, 0x220317AA]
        assert rig.config(0, bdf=0x08) == ONES


def test_a_pre_launched_guest_has_the_opregion_alone(guest):
    """passthru_gpu_opregion; the rest of the configuration space passes, BDSM with it."""
    rig = guest("pre-launched")
    assert [rig.config(0xFC), rig.config(0x5C), rig.built.placed.bdsm] == [0x7FDFB018, BASE | 1, 0]
    rig.set_config(0xFC, 0)
    assert rig.config(0xFC) == 0x7FDFB018
    assert mapped(rig, BASE) is None
    found = [rig.config(at, bdf=HOST_BRIDGE) for at in (0x00, 0x50, 0xB0, 0xB4, 0xB8, 0xBC, 0x60)]
    assert found == [0x5AF08086, 0x2C1, 0x7C000001, 0x7B800001, 0x7B000001, 0x80000001, 0xE0000001]
    assert rig.lpc() is None


def test_up_to_1_5_gms_reads_0_and_nothing_is_placed(guest):
    """passthru_cfgread at v1.5: PCIM_GMCH_CTL_GMS is cleared, the rest is the host's."""
    rig = guest("1.5", firmware="none", ggc=0x02C3)
    assert [rig.config(0x50, 2), rig.config(0x5C), rig.config(0xFC)] == [0x00C3, BASE | 1, ASLS]
    assert not [line for line in rig.built.log if "firmware.kind" in line]
    assert [line for line in guest("1.5").built.log if 'firmware.kind = "none"' in line]


def test_low_ram_ends_at_2_gib(guest):
    rig = guest(ram=3 * GIB)
    assert (rig.machine.low, rig.machine.high) == (2 * GIB, GIB)
    seabios = guest(ram=3 * GIB, firmware="seabios")
    assert max(end for start, end, kind in seabios.built.placed.e820 if kind == "RAM" and end < 4 * GIB) <= 2 * GIB
