"""bhyve beside the vectors: what each release makes of a device, what its guest finds, what its DMA hits."""

import struct

import pytest
from guest_rig import GuestRig

from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE, Choice
from fwsim.rom.opregion import build_opregion
from fwsim.scenario.model import Firmware, Function, Guest, Host, Hypervisor, Scenario

GIB, MIB = 1 << 30, 1 << 20
BASE, ASLS = 0x8C000000, 0x8B8FE018
ONES = 0xFFFFFFFF


def guest_of(
    profile="15.0", ram=4 * GIB, cpu="skylake", firmware="bhyve", machine="pc", function=(), lpc="auto", **host
):  # fmt: skip
    facts = {"vga": "igd", "ggc": 0x2C1, "bdsm": BASE, "asls": ASLS, "lpc_id": 0x9D48} | host
    return GuestRig(
        Scenario(host=Host(cpu=cpu, **facts), hypervisor=Hypervisor(kind="bhyve", profile=profile, lpc=lpc),
                 guest=Guest(ram=ram, machine=machine), firmware=Firmware(kind=firmware), function=function)
    )  # fmt: skip


@pytest.fixture
def guest():
    made = []

    def make(*arguments, **named):
        made.append(guest_of(*arguments, **named))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


@pytest.mark.parametrize("profile", ["13.2", "14", "14.9", "fourteen", "10.0"])
def test_a_release_that_there_is_not_is_refused_with_those_that_there_are(profile):
    with pytest.raises(FwsimError) as caught:
        kinds.hypervisor(Choice("bhyve", profile))
    assert (caught.value.where, caught.value.found) == ("hypervisor.profile", f'"{profile}"')
    assert "13.3, 13.4" in caught.value.expected
    assert "GVT-d" in caught.value.hint


def test_stolen_memory_is_where_the_host_has_it_and_both_registers_are_storage(guest):
    """passthru_cfgwrite_emulate: the guest's writes stay in bhyve, and are read back."""
    rig = guest()
    assert [rig.config(0x5C), rig.config(0xFC)] == [BASE | 1, ASLS]
    rig.set_config(0x5C, 0x12345678)
    rig.set_config(0xFC, 0x9ABC)
    assert [rig.config(0x5C), rig.config(0xFC)] == [0x12345678, 0x9ABC]
    held = rig.machine.pci.get(rig.machine.pci.slot(0x10), 0x5C, 4)
    assert held == BASE | 1


@pytest.mark.parametrize(
    ("profile", "config", "raw", "mirrored"),
    [("14.1", 0x5C, True, False), ("14.2", 0xC0, False, True), ("next", 0xC0, False, True)],
)
def test_gen_11_is_known_later(guest, profile, config, raw, mirrored):
    """Before, BDSM is answered at 5Ch, where gen 11 has none, and the guest reads the host's at C0h."""
    rig = guest(profile, ram=2 * GIB, cpu="tigerlake")
    assert rig.config(config) == 0x7C000001
    assert (rig.config(0xC0) == BASE | 1) == raw
    assert rig.built.given.own_bdsm != raw
    assert (rig.bar0(0x1080C0) == 0x7C000001) == mirrored


@pytest.mark.parametrize("device_id", [0x7D45, 0x29C2, 0x2A84])
def test_a_device_that_the_table_lacks_ends_bhyve(device_id):
    """Meteor Lake, G33, and an id of nobody's; before the table any device of Intel's is taken."""
    with pytest.raises(FwsimError) as caught:
        guest_of(device_id=device_id)
    assert caught.value.found == "gvt_d_setup_gsm: Unknown IGD device. It's not supported yet!"
    guest_of("14.0", device_id=device_id).close()


def test_the_bridges_are_bhyves(guest):
    rig = guest()
    assert [rig.config(0, bdf=HOST_BRIDGE), rig.config(0xB0, bdf=HOST_BRIDGE)] == [0x12751275, 0]
    assert rig.lpc() == (0x8086, 0x7000, 0)
    assert rig.config(0x2C, bdf=LPC_BRIDGE) == 0
    assert [rig.config(0, bdf=bdf) for bdf in (0x08, 0x09, 0x0B)] == [ONES] * 3


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize(("lpc", "shown"), [("auto", 0x70008086), ("on", 0x9D488086), ("off", ONES)])
def test_the_lpc_bridge_has_the_hosts_ids_on_demand(guest, machine, lpc, shown):
    """pci_lpc.c, pci_config_read_reg: pcireg.vendor=host and its like."""
    assert guest(machine=machine, lpc=lpc).config(0, bdf=LPC_BRIDGE) == shown


def test_another_function_in_the_bridges_place_stays(guest):
    rig = guest(function=(Function(slot="1f.0", vendor=0x1B36, device=1, class_code=0x060400),))
    assert rig.config(0, bdf=LPC_BRIDGE) == 0x00011B36


def test_low_ram_ends_at_3_gib():
    design = kinds.hypervisor(Choice("bhyve"))
    assert design.ram_split("q35", 4 * GIB) == (3 * GIB, GIB)
    assert design.ram_split("pc", 2 * GIB) == (2 * GIB, 0)


def test_the_copy_of_the_opregion_is_in_guest_ram(guest):
    rig = guest()
    assert rig.machine.ram.read(ASLS, 16) == b"IntelGraphicsMem"
    rig.machine.ram.write(ASLS + 0x100, b"guest")
    assert rig.machine.engine.read(ASLS + 0x100, 5) == b"guest"


def test_the_device_reaches_its_stolen_memory_as_guest_ram(guest):
    """Nothing is mapped there: the IOMMU has the guest's own page, and the host's stolen memory is out of reach."""
    rig = guest()
    regions = [tuple(row) for row in rig.machine.igd.dma.tolist() if row[0] <= BASE < row[1]]
    assert [row[2] - row[0] for row in regions[:1]] == [rig.machine.ram.address]


VBT = b"$VBT KIT".ljust(0x1900, b"\x5a")


def altered(version=0x0201, size_kib=8, rvda=0x2000):
    content = bytearray(build_opregion(VBT, 0x0201))
    struct.pack_into("<I", content, 0x10, size_kib)
    struct.pack_into("<H", content, 0x16, version)
    struct.pack_into("<Q", content, 0x3BA, rvda)
    return bytes(content)


def test_an_extended_vbt_is_copied_behind_the_opregion():
    given = altered()
    moved = given[:0x2000] + bytes(0x1000) + given[0x2000:]
    moved = moved[:0x3BA] + (0x3000).to_bytes(8, "little") + moved[0x3C2:]
    shown = kinds.hypervisor(Choice("bhyve", "15.0")).opregion(moved, ASLS)
    assert shown == given


def test_before_gen_11_was_known_so_was_no_extended_vbt():
    """The header's size is copied, and RVDA leads behind it."""
    shown = kinds.hypervisor(Choice("bhyve", "14.1")).opregion(altered(), ASLS)
    assert (len(shown), shown[0x3BA:0x3BC]) == (0x2000, b"\x00\x20")
    assert len(kinds.hypervisor(Choice("bhyve", "14.1")).opregion(altered(size_kib=12), ASLS)) == 0x3000


@pytest.mark.parametrize(
    ("change", "words"),
    [({"size_kib": 16}, "Invalid OpRegion size of 0x4000"), ({"version": 0x0200}, "VBT lays outside OpRegion"),
     ({"rvda": (1 << 64) - 0x1000}, "overflow when calculating VBT address")],
)  # fmt: skip
def test_an_opregion_that_bhyve_refuses(change, words):
    with pytest.raises(FwsimError) as caught:
        kinds.hypervisor(Choice("bhyve", "15.0")).opregion(altered(**change), ASLS)
    assert caught.value.where == "host.opregion"
    assert words in caught.value.found


def test_a_release_places_by_its_own_rules(guest):
    """firmware.version says nothing where the hypervisor is the one that places."""
    old, new = (guest(profile, cpu="tigerlake", ram=2 * GIB) for profile in ("14.0", "15.0"))
    assert (old.config(0xC0), new.config(0xC0)) == (BASE | 1, 0x7C000001)


def test_another_firmware_is_told_that_there_is_none(guest):
    rig = guest(firmware="seabios")
    assert [line for line in rig.built.log if 'firmware.kind = "bhyve"' in line]
    assert not [line for line in guest().built.log if "firmware.kind" in line]


def test_a_version_that_is_not_the_releases_does_not_count():
    scenario = Scenario(host=Host(vga="igd"), hypervisor=Hypervisor(kind="bhyve", profile="15.0"),
                        firmware=Firmware(kind="bhyve", version="gvt-d"))  # fmt: skip
    rig = GuestRig(scenario)
    assert [line for line in rig.built.log if 'firmware.version = "gvt-d" does not count' in line]
    rig.close()


@pytest.mark.parametrize(("profile", "certainty"), [("14.0", "read"), ("14.2", "assumed"), ("15.0", "read")])
def test_how_well_a_release_is_known(profile, certainty):
    assert kinds.hypervisor(Choice("bhyve", profile)).known.certainty == certainty
