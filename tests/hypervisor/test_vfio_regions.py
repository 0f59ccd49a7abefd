"""The regions that the kernel offers of a host, the error of each, and what QEMU makes of it.

Linux drivers/vfio/pci/vfio_pci_igd.c and vfio_pci.c: the first error ends it, what came before stays; ENODEV leaves
the device, any other closes it.
"""

import pytest

from fwsim.errors import FwsimError
from fwsim.machine.build import assignment
from fwsim.scenario.model import Host, Hypervisor, Scenario


def made(profile="9.1", kind="qemu", opregion=None, disable_vga=False, **host):
    if opregion is not None:
        host["opregion"] = str(opregion)
    return Scenario(
        host=Host(cpu="sandybridge", **host), hypervisor=Hypervisor(kind=kind, profile=profile, disable_vga=disable_vga)
    )


def opregion(folder, size_kib=8, signature=b"IntelGraphicsMem"):
    head = bytearray(0x2000)
    head[:16], head[0x10] = signature, size_kib
    (folder / "host.op").write_bytes(head)
    return folder / "host.op"


@pytest.mark.parametrize("asls", [0, 0xFFFFFFFF])
def test_without_an_opregion_there_are_no_bridges_either(asls):
    """vfio_pci_igd_init returns before it looks at them; QEMU names the first thing that it misses."""
    scenario = made(asls=asls)
    device = scenario.device
    assert (device.opregion_region, device.host_region, device.lpc_region) == (False, False, False)
    given = assignment(scenario, None)
    assert given.messages == ["error: IGD device 0000:00:02.0 does not support OpRegion access,legacy mode disabled"]
    assert "OpRegion" in assignment(made("10.1", asls=asls), None).refusal


def test_without_an_lpc_bridge_the_other_two_are_there():
    scenario = made(lpc_id=0)
    device = scenario.device
    assert (device.opregion_region, device.host_region, device.lpc_region) == (True, True, False)
    assert assignment(scenario, None).messages == [
        "error: IGD device 0000:00:02.0 does not support LPC bridge access,legacy mode disabled"
    ]


def test_a_bridge_of_another_class_closes_the_device():
    for kind, profile in (("qemu", "9.1"), ("qemu", "10.2"), ("ranged", "")):
        with pytest.raises(FwsimError) as caught:
            assignment(made(profile, kind, lpc_class=0x060000), None)
        assert caught.value.where == "host.lpc_class"
        assert caught.value.found.endswith("error getting device from group 1: Invalid argument")
    assert made(lpc_class=0x060000).assignment.messages[0].endswith("Failed to setup Intel IGD regions")


def test_no_signature_or_no_size_closes_it(tmp_path):
    for file in (opregion(tmp_path, signature=b"IntelGraphicsMen"), opregion(tmp_path, size_kib=0)):
        with pytest.raises(FwsimError) as caught:
            assignment(made(opregion=file), None)
        assert (caught.value.where, "Invalid argument" in caught.value.found) == ("host.opregion", True)


def test_disable_vga_leaves_no_vga_region():
    given = assignment(made(disable_vga=True), None)
    assert given.messages[0] == (
        "error: vfio 0000:00:02.0: failed getting region info for VGA region index 8: Invalid argument"
    )
    assert not given.vga
    assert made("10.0", disable_vga=True).assignment.aborted


def test_xen_asks_no_kernel():
    assert not made("", "xen", lpc_class=0x060000).assignment.error
