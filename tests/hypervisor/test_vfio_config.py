"""Configuration space behind vfio-pci, asked by a guest's own accesses: capability lists, what takes a write, ASLS.

What the lists must be: lspci listings of real machines (Latitude E6540 with its bytes; others by offset and name), and
what Linux drivers/vfio/pci/vfio_pci_config.c and QEMU hw/vfio/pci.c make of them.
"""

import pytest
from guest_rig import GuestRig

from fwsim.scenario.model import Firmware, Guest, Host, Hypervisor, Scenario

STATUS, POINTER = 0x06, 0x34
E6540 = {0x40: "0900 0c01 6921 0062 d000 4474", 0x90: "05d0 0000", 0xA4: "1300 0603 0000", 0xD0: "01a4 2200 0000 0000"}
"""Bytes of its 00:02.0 but for MSI, which a driver had switched on."""


@pytest.fixture
def guest():
    made = []

    def make(*arguments, **named):
        made.append(GuestRig.of(*arguments, **named))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def usual(rig):
    """Each capability that 34h leads to: offset and id."""
    found, at = [], rig.config(POINTER, 1)
    while at and len(found) < 48:
        found.append((at, rig.config(at, 1)))
        at = rig.config(at + 1, 1)
    return found


def extended(rig):
    """Each that 100h leads to, without the version; a place without a name counts."""
    found, at = [], 0x100
    while at and len(found) < 48:
        header = rig.config(at)
        found.append((at, header & 0xFFFF))
        at = header >> 20
    return found


@pytest.mark.parametrize("kind", ["none", "qemu", "crosvm"])
def test_a_haswell_has_the_bytes_of_a_real_one(guest, kind):
    rig = guest(kind, cpu="haswell")
    for at, text in E6540.items():
        wanted = bytes.fromhex(text)
        assert bytes(rig.config(at + i, 1) for i in range(len(wanted))) == wanted, hex(at)
    assert rig.config(STATUS, 2) == 0x0090


OLD = [(0x90, 5), (0xD0, 1), (0xA4, 0x13)]
NEW = [(0x40, 9), (0x70, 0x10), (0xAC, 5), (0xD0, 1)]


@pytest.mark.parametrize(
    ("cpu", "lists", "beyond"),
    [
        ("855", [(0xD0, 1)], []), ("945", OLD[:2], []), ("GM45", OLD[:2], []), ("ironlake", OLD, []),
        ("sandybridge", OLD, []), ("broadwell", OLD, []),
        ("skylake", NEW, [(0x100, 0x1B), (0x200, 0x0F), (0x300, 0x13)]),
        ("tigerlake", NEW, [(0x100, 0x1B), (0x200, 0x0F), (0x300, 0x13), (0x320, 0x10)]),
    ],
)  # fmt: skip
def test_the_host_has_its_familys_lists(guest, cpu, lists, beyond):
    rig = guest("none", cpu=cpu)
    assert usual(rig) == lists
    assert (extended(rig) if beyond else rig.config(0x100)) == (beyond or 0xFFFFFFFF)


def test_the_lists_leave_the_bases_alone(guest):
    """MSI with a mask bit ends right before BDSM at C0h."""
    rig = guest("none", cpu="alderlake", bdsm=0x4C800000, asls=0x45A3A018)
    assert [rig.config(0xC0), rig.config(0xC4), rig.config(0xFC)] == [0x4C800001, 0, 0x45A3A018]


@pytest.mark.parametrize("cpu", ["sandybridge", "skylake", "tigerlake"])
@pytest.mark.parametrize("kind", ["qemu", "ranged", "crosvm"])
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_every_usual_capability_is_shown(guest, cpu, kind, machine):
    """None of an IGD's has the length 0 that hides it; on the root bus of a q35 the endpoint stays integrated."""
    rig = guest(kind, cpu=cpu, machine=machine)
    assert usual(rig) == (OLD if cpu == "sandybridge" else NEW)
    assert cpu == "sandybridge" or rig.config(0x72, 2) == 0x0092


def test_the_kernel_hides_pasid_and_qemu_sr_iov(guest):
    """The first stays as a place without name and version; the last is no longer led to, its registers are there."""
    rig = guest("crosvm", cpu="tigerlake", machine="q35")
    assert extended(rig) == [(0x100, 0), (0x200, 0x0F), (0x300, 0x13), (0x320, 0x10)]
    assert rig.config(0x100) == 0x20000000
    rig = guest("qemu", cpu="tigerlake", machine="q35")
    assert extended(rig) == [(0x100, 0), (0x200, 0x0F), (0x300, 0x13)]
    assert rig.config(0x320) == 0x00010010
    assert rig.config(0x300) == 0x00010013


def test_ats_takes_a_write_on_the_host_only(guest):
    for kind, left in (("none", 0x8003), ("qemu", 0), ("crosvm", 0)):
        rig = guest(kind, cpu="skylake", machine="q35")
        rig.set_config(0x206, 0x8003, 2)
        assert rig.config(0x206, 2) == left, kind


def test_msi_is_qemus_and_begins_switched_off(guest):
    """Address from bit 2 on, 16 bits of data, one vector, by the list; a mask bit from gen 12 on (Maskable+)."""
    for cpu, at in (("sandybridge", 0x90), ("skylake", 0xAC), ("alderlake", 0xAC)):
        rig = guest("qemu", cpu=cpu)
        rig.set_config(at + 4, 0xFEE0018F)
        rig.set_config(at + 8, 0x12344021)
        rig.set_config(at + 2, 0xFFFF, 2)
        maskable = cpu == "alderlake"
        assert [rig.config(at + 4), rig.config(at + 8, 2)] == [0xFEE0018C, 0x4021]
        assert rig.config(at + 2, 2) == (0x0171 if maskable else 0x0071)
        rig.set_config(at + 0x0C, 0xFFFFFFFF)
        assert rig.config(at + 0x0C) == int(maskable)
        assert rig.config(at + 0x10) == 0


def test_device_control_is_storage_for_sizes_only(guest):
    """FLR reads 0, payload and read request keep what is written, every other bit is the device's."""
    rig = guest("qemu", cpu="skylake")
    rig.set_config(0x78, 0x7FFF, 2)
    assert rig.config(0x78, 2) == 0x70E0
    rig = guest("none", cpu="skylake")
    rig.set_config(0x78, 0x7FFF, 2)
    assert rig.config(0x78, 2) == 0


@pytest.mark.parametrize(
    ("profile", "machine", "read"),
    [("9.1", "q35", 0xA6F4A018), ("9.1", "pc", 0), ("10.0", "q35", 0xA6F4A018), ("10.1", "q35", 0), ("10.0", "pc", 0)],
)
def test_whose_asls_a_guest_reads(guest, profile, machine, read):
    """Where QEMU does not answer, the kernel does, with the host's; a write stays in software all the same."""
    rig = behind(profile, machine, Host(cpu="kabylake", vga="igd", asls=0xA6F4A018))
    assert rig.config(0xFC) == read
    rig.set_config(0xFC, 0x12345678)
    assert rig.config(0xFC) == 0x12345678
    assert rig.machine.pci.get(rig.machine.pci.slot(0x10), 0xFC, 4) == 0xA6F4A018
    rig.close()


def test_with_an_extended_vbt_asls_reads_as_its_address(tmp_path):
    """vfio_pci_igd_opregion_init fills vconfig with ``addr``, which by then is the VBT's: ASLS + RVDA from 2.1 on."""
    head = bytearray(0x3000)
    head[:16] = b"IntelGraphicsMem"
    head[0x10], head[0x17], head[0x16] = 8, 2, 1
    head[0x3BA:0x3C6] = (0x2000).to_bytes(8, "little") + (0x1000).to_bytes(4, "little")
    (tmp_path / "host.op").write_bytes(head)
    host = Host(cpu="kabylake", vga="igd", asls=0xA6F4A018, opregion=str(tmp_path / "host.op"))
    rig = behind("9.1", "q35", host)
    assert rig.config(0xFC) == 0xA6F4C018
    rig.close()


def behind(profile, machine, host, kind="qemu", **more):
    """A guest whose firmware writes no ASLS, on ``host``."""
    return GuestRig(
        Scenario(
            host=host, hypervisor=Hypervisor(kind=kind, profile=profile, **more), guest=Guest(machine=machine),
            firmware=Firmware(kind="none"),
        )
    )  # fmt: skip
