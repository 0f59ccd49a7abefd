"""What a guest reads under each kind: bridges and ids, emulated registers, VGA ports, asked by its own accesses."""

import pytest
from guest_rig import GuestRig

from fwsim.hypervisor.interface import HOST_BRIDGE, IGD, LPC_BRIDGE
from fwsim.machine import callbacks
from fwsim.scenario.model import Guest, Host, Hypervisor, Scenario

HOST = {"subsystem": 0x21DA17AA, "bridge_subsystem": 0x220317AA, "lpc_id": 0x1C4F}
QEMU_SUBSYSTEM = 0x11001AF4


@pytest.fixture
def guest():
    made = []

    def make(*arguments, **named):
        made.append(GuestRig.of(*arguments, **(HOST | named)))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def ids(rig, bdf):
    """(vendor and device, revision, subsystem) at ``bdf``."""
    return rig.config(0, 4, bdf), rig.config(8, 1, bdf), rig.config(0x2C, 4, bdf)


@pytest.mark.parametrize("profile", ["5.0", "9.2", "10.0", "next"])
def test_legacy_mode_dresses_the_bridges_as_the_hosts(guest, profile):
    """An i440FX keeps its id; revision and subsystem are the host's. 00:1f.0 is the host's altogether."""
    rig = guest("qemu", profile)
    assert ids(rig, HOST_BRIDGE) == (0x12378086, 0x09, 0x220317AA)
    assert ids(rig, LPC_BRIDGE) == (0x1C4F8086, 0x04, 0x220317AA)
    assert ids(rig, IGD) == (0x01268086, 0x09, 0x21DA17AA)


@pytest.mark.parametrize(("kind", "profile"), [("qemu", "9.2"), ("qemu", "10.0"), ("ranged", "")])
def test_without_legacy_mode_the_bridges_are_qemus(guest, kind, profile):
    rig = guest(kind, profile, machine="q35")
    assert ids(rig, HOST_BRIDGE) == (0x29C08086, 0x00, QEMU_SUBSYSTEM)
    assert ids(rig, LPC_BRIDGE) == (0x29188086, 0x02, QEMU_SUBSYSTEM)
    assert ids(rig, IGD)[2] == 0x21DA17AA


def test_no_bridge_at_1f_on_a_pc_without_legacy_mode(guest):
    rig = guest("qemu", "10.1", ggc=0x020B)  # bit 1: VGA is disabled
    assert "VGA is disabled" in rig.built.given.refusal
    assert rig.lpc() is None


def test_every_host_has_ids_of_its_own(guest):
    """Nothing said: a device's own id under Intel's vendor id."""
    rig = GuestRig.of("none", cpu="haswell")
    assert ids(rig, IGD)[2] == rig.machine.scenario.host.device_id << 16 | 0x8086
    assert ids(rig, HOST_BRIDGE)[2] == rig.machine.scenario.host.family.host_bridge_id << 16 | 0x8086
    rig.close()


def vga_answers(rig):
    """Whether the index of the graphics controller, written, reads back at 3CEh."""
    callbacks.port_out(0, 0x3CE, 1, 0x05, rig.root)
    return int(callbacks.port_in(0, 0x3CE, 1, rig.root)) == 0x05


@pytest.mark.parametrize(
    ("kind", "profile", "machine", "more", "shown"),
    [
        ("qemu", "9.2", "pc", {}, True), ("qemu", "10.0", "pc", {}, True), ("qemu", "10.0", "q35", {}, False),
        ("qemu", "10.0", "pc", {"ggc": 0x020B}, False), ("ranged", "", "pc", {}, True),
        ("xen", "", "pc", {}, True), ("crosvm", "", "pc", {}, False), ("none", "", "pc", {}, True),
    ],
)  # fmt: skip
def test_vga_ports_are_the_devices_in_legacy_mode_only(guest, kind, profile, machine, more, shown):
    assert vga_answers(guest(kind, profile, machine=machine, **more)) == shown


def test_x_vga_passes_them_all_the_same():
    rig = GuestRig(
        Scenario(host=Host(vga="igd"), hypervisor=Hypervisor(kind="qemu", vga="on"), guest=Guest(machine="q35"))
    )
    assert vga_answers(rig)
    rig.close()


def test_xen_shows_the_hosts_stolen_memory_and_its_bridge(guest):
    """BDSM is the host's, lock and all; 00:00.0 @50h too; an id that its table lacks has no bridge at 1f.0."""
    rig = guest("xen", bdsm=0xDBA00000, ggc=0x0209)
    assert [rig.config(0x5C), rig.config(0x50, 2, HOST_BRIDGE), rig.lpc()] == [0xDBA00001, 0x0209, None]
    assert ids(rig, HOST_BRIDGE)[1:] == (0x09, 0x220317AA)
    assert rig.config(0xB0, 4, HOST_BRIDGE) == 0


def test_xen_shows_the_hosts_own_pages_to_cpu_and_dma(guest):
    rig = guest("xen", asls=0xDA9F5018)
    rig.set_config(0xFC, 0xFDFFC000)
    at = rig.config(0xFC)
    assert at == 0xFDFFC018
    assert rig.machine.engine.read(at, 16) == b"IntelGraphicsMem"
    taken = rig.machine.snapshot()
    rig.machine.engine.write(at + 0x100, b"mail")
    rig.machine.restore(taken)
    assert rig.machine.engine.read(at, 16) == b"IntelGraphicsMem"
    rig.set_config(0xFC, 0xFE000000)
    assert rig.config(0xFC) == at


def test_what_xen_mapped_is_gone_before_it_was_mapped(guest):
    rig = guest("xen", asls=0xDA9F5018)
    before = rig.machine.snapshot()
    rig.set_config(0xFC, 0xFDFFC000)
    after = rig.machine.snapshot()
    rig.machine.restore(before)
    assert (rig.config(0xFC), rig.machine.engine.read(0xFDFFC018, 4)) == (0, b"\xff" * 4)
    rig.machine.restore(after)
    assert (rig.config(0xFC), rig.machine.engine.read(0xFDFFC018, 5)) == (0xFDFFC018, b"Intel")


def test_crosvm_hides_gms_and_the_ports(guest):
    rig = guest("crosvm", cpu="skylake", ggc=0x02C1)
    assert [rig.config(0x50, 2), rig.config(0x20)] == [0x00C1, 0]
    assert rig.port == 0


def test_vpci_shows_the_header_and_nothing_else(guest):
    rig = guest("vpci", bdsm=0xDBA00000)
    assert ids(rig, IGD)[0] == 0x01268086
    assert [rig.config(at) for at in (0x50, 0x5C, 0xFC, 0x100)] == [0xFFFFFFFF] * 4
    assert rig.config(0x30) == 0


def test_the_hosts_bridge_has_the_bases_of_stolen_memory(guest):
    """Intel 2nd gen Core datasheet, vol. 2, 2.5: BDSM B0h, BGSM B4h below it by what GGMS says, TOLUD BCh; bit 0 locks.

    GGC 0209h: GGMS 2 is 2 MiB for the GTT, GMS 1 is 32 MiB.
    """
    rig = guest("none", bdsm=0xDBA00000, ggc=0x0209)
    found = [rig.config(at, 4, HOST_BRIDGE) for at in (0xB0, 0xB4, 0xBC)]
    assert found == [0xDBA00001, 0xDB800001, 0xDDA00001]


@pytest.mark.parametrize(
    ("profile", "cpu", "register", "taken"),
    [("10.0", "skylake", 0x5C, True), ("next", "tigerlake", 0xC0, True), ("9.2", "tigerlake", 0xC0, True),
     ("9.2", "skylake", 0x5C, False)],
)  # fmt: skip
def test_a_write_to_the_mirror_is_a_write_to_bdsm(guest, profile, cpu, register, taken):
    """vfio_generic_quirk_mirror_write (10.0 on), vfio_igd_quirk_bdsm_write (9.2, gen 11 on): never to the device."""
    device = {"device_id": 0x9A49} if cpu == "tigerlake" else {}
    rig = guest("qemu", profile, cpu=cpu, ggc=0x02C1, bdsm=0xDBA00000, **device)
    rig.set_bar0(0x1080C0, 0x7CF00000)
    assert (rig.config(register) == 0x7CF00000) == taken
    rig.set_bar0(0x1080C2, 0x7D, size=1)
    assert (rig.config(register) == 0x7C7D0000) == taken
    assert (rig.bar0(0x1080C0) == 0x7C7D0000) == taken


def test_ggcs_mirror_takes_no_write(guest):
    """Its register is read-only: bits 15:0 stay (hw/vfio/igd.c, wmask 0)."""
    rig = guest("qemu", "10.0", cpu="skylake", ggc=0x02C1)
    rig.set_bar0(0x108040, 0xFFFF)
    assert (rig.config(0x50, 2), rig.bar0(0x108040) & 0xFFFF) == (0x02C1, 0x02C1)
