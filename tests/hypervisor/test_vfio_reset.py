"""A guest that writes FLR, or goes to D3hot and back: what the device loses, what is put back, what does not answer.

PCI Express 5.0, 6.6.2; Advanced Capabilities ECN; PCI Power Management 1.2, 5.4.1; and for who puts what back Linux
drivers/vfio/pci/vfio_pci_config.c. That GTT and BDSM survive: QEMU hw/vfio/igd.c, which clears the GTT by hand.
"""

import pytest
from guest_rig import GuestRig

from fwsim.trace.event import Actor, Op, Space

REGISTER = 0x70180
"""DSPACNTR, whose reset value is 0."""
HOWS = {
    "af": ("sandybridge", 0xA8, 1, 1), "express": ("skylake", 0x78, 2, 0x8000),
}  # fmt: skip


def worked(kind, cpu, profile=""):
    """A guest that has used its device: BARs on, a register, a GTT entry, BDSM."""
    rig = GuestRig.of(kind, profile, cpu=cpu)
    if kind == "none":
        rig.set_config(0x10, 0xF0000000)
    rig.set_config(4, 0x0407, 2)
    rig.set_bar0(REGISTER, 0x01000000)
    rig.set_gtt(0x40, 0x80000001)
    return rig


def seen(rig):
    return [rig.config(at) for at in (0x10, 0x18, 0x20, 0x50, 0x5C, 0xFC)]


@pytest.mark.parametrize("how", list(HOWS))
@pytest.mark.parametrize("kind", ["qemu", "ranged", "crosvm"])
def test_flr_resets_registers_and_puts_the_rest_back(kind, how):
    cpu, at, width, bit = HOWS[how]
    rig = worked(kind, cpu)
    before, command, gtt = seen(rig), rig.config(4, 2), rig.gtt(0x10)
    assert rig.bar0(REGISTER) == 0x01000000
    rig.set_config(at, bit, width)
    event = rig.last
    assert (event["op"], event["space"], event["actor"]) == (Op.NOTE, Space.PCI, Actor.HYPERVISOR)
    assert (event["address"], event["value"]) == (0x10 << 12 | at, bit)
    assert rig.config(at, width) & bit == 0
    assert rig.bar0(REGISTER) == 0
    assert (seen(rig), rig.config(4, 2), rig.gtt(0x10)) == (before, command, gtt)
    rig.close()


def test_on_the_host_command_and_bars_are_gone():
    rig = worked("none", "sandybridge")
    bdsm = rig.config(0x5C)
    rig.set_config(0xA8, 1, 1)
    assert rig.last["actor"] == Actor.DEVICE
    assert [rig.config(4, 2), rig.config(0x10), rig.config(0x5C)] == [0, 4, bdsm]
    assert rig.gtt(0x10) == 0x80000001
    rig.close()


@pytest.mark.parametrize("kind", ["xen", "vpci"])
def test_elsewhere_nothing_happens(kind):
    rig = worked(kind, "sandybridge")
    rig.set_config(0xA8, 1, 1)
    assert rig.bar0(REGISTER) == 0x01000000
    rig.close()


@pytest.mark.parametrize(("cpu", "at"), [("sandybridge", 0xD4), ("skylake", 0xD4)])
def test_in_d3_nothing_answers_and_back_in_d0_registers_are_new(cpu, at):
    """NoSoftRst is 0, so the way back is a reset; D1 and D2 are no states of it."""
    rig = worked("qemu", cpu)
    before, port = seen(rig), rig.port
    for state in (1, 2):
        rig.set_config(at, state, 2)
        assert rig.config(at, 2) == 0
    rig.set_config(at, 3, 2)
    assert rig.config(at, 2) == 3
    assert not int(rig.machine.bar_bases[0])
    rig.set_config(at, 0, 2)
    assert rig.last["value"] == 3
    assert (seen(rig), rig.config(4, 2)) == (before, 0x0407)
    assert int(rig.machine.bar_bases[0]) == port
    assert rig.bar0(REGISTER) == 0
    rig.close()


def test_a_snapshot_taken_before_undoes_it():
    rig = worked("qemu", "sandybridge")
    before = rig.machine.snapshot()
    rig.set_config(0xA8, 1, 1)
    rig.machine.restore(before)
    assert rig.bar0(REGISTER) == 0x01000000
    rig.close()
