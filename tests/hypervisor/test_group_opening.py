"""Who may have a group, and what QEMU and the kernel say to the others: at a run, and as the files show it."""

import pytest

from fwsim.diagnose.messages.table import ROWS
from fwsim.errors import FwsimError
from fwsim.machine.build import assignment
from fwsim.scenario.host_functions import asked
from fwsim.scenario.load import loads

PORT = '[[host_function]]\nslot = "00:01.0"\ntype = "root-port"\nclass = 0x060400\ndriver = "{}"\n'
IGD = '[[host_function]]\nslot = "01:00.0"\ntype = "endpoint"\nbehind = "00:01.0"\ndriver = "{}"\n'
BESIDE = '[[host_function]]\nslot = "01:00.1"\ntype = "endpoint"\nbehind = "00:01.0"\nclass = {}\ndriver = "{}"\n'
VFIO = "vfio 0000:01:00.0: "
LOCKED = "Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor."


def host(port="pcieport", igd="vfio-pci", beside="vfio-pci", *, beside_class="0x040300", more="", rmrr='["igd"]', **at):
    head = {"iommu": "on", "kernel": "6.12"} | {key: value for key, value in at.items() if key in ("iommu", "kernel")}
    lines = "".join(f'{key} = "{value}"\n' for key, value in head.items())
    text = f'[host]\nslot = "01:00.0"\nrmrr = {rmrr}\n{lines}'
    text += f'[hypervisor]\nkind = "{at.get("kind", "qemu")}"\nprofile = "{at.get("profile", "")}"\n'
    return loads(text + PORT.format(port) + IGD.format(igd) + BESIDE.format(beside_class, beside) + more)


OPEN = '[[group]]\nfunction = "01:00.1"\n'


@pytest.mark.parametrize(
    ("scenario", "field", "said"),
    [
        (host(beside="snd_hda_intel"), "host_function.2.driver",
         "group 0 is not viable\nPlease ensure all devices within the iommu_group are bound to their vfio bus driver."),
        (host(port="some_bridge_driver"), "host_function.0.driver", "group 0 is not viable"),
        (host(igd="i915", beside=""), "host_function.1.driver",
         "failed to open /dev/vfio/0: No such file or directory"),
        (host(igd=""), "host_function.1.driver", "error getting device from group 0: No such device"),
        (host(igd="pci-stub"), "host_function.1.driver", "error getting device from group 0: No such device"),
        (host(more=f'{OPEN}held = "another guest"\n'), "group.0.held",
         "failed to open /dev/vfio/0: Device or resource busy"),
        (host(more="[guest]\nuser = 1000\n"), "guest.user", "failed to open /dev/vfio/0: Permission denied"),
        (host(more=f"{OPEN}owner = 107\n[guest]\nuser = 1000\n"), "guest.user",
         "failed to open /dev/vfio/0: Permission denied"),
        (host(iommu="off"), "host.iommu", "no iommu_group found: No such file or directory"),
        (host(rmrr='["igd", "0x1000-0x1fff 01:00.1"]'), "host.rmrr",
         "failed to setup container for group 0: Failed to set group container: Invalid argument"),
        (host(rmrr='["0x1000-0x1fff 01:00.1"]', kernel="6.5"), "host.rmrr",
         "failed to setup container for group 0: Failed to set iommu for container: Operation not permitted"),
        (host(kernel="4.1"), "host.rmrr",
         "failed to setup container for group 0: Failed to set iommu for container: Operation not permitted"),
    ],
)  # fmt: skip
def test_what_vfio_refuses_ends_the_run_in_qemus_words(scenario, field, said):
    """QEMU hw/vfio/container.c, vfio_get_group and vfio_get_device; Linux drivers/vfio/group.c."""
    with pytest.raises(FwsimError) as caught:
        assignment(scenario, None)
    assert caught.value.where == field
    assert caught.value.found.startswith(VFIO + said)
    # a user's log with that line is known by ``fwsim diagnose``
    line = caught.value.found.splitlines()[0].partition("; vfio-pci ")[0]
    assert any(row.find(line) is not None for row in ROWS.values()), line


@pytest.mark.parametrize(
    "scenario",
    [
        host(), host(beside=""), host(beside="pci-stub"), host(port=""), host(beside="mlx5_vfio_pci"),
        host(port="some_bridge_driver", kernel="5.18"),
        host(more=f"{OPEN}owner = 1000\n[guest]\nuser = 1000\n"), host(more=f"{OPEN}owner = 1000\n"),
        host(rmrr='["0x1000-0x1fff 01:00.1"]', beside_class="0x0c0330"),  # USB's are relaxed
        host(rmrr='["igd", "0x1000-0x1fff 01:00.1"]', kernel="3.16"),
        host(rmrr="[]", kernel="4.1"), host(kernel="4.2"),
        host(kind="xen", beside="snd_hda_intel"),  # asks no vfio
    ],
)  # fmt: skip
def test_the_rest_comes_up(scenario):
    assignment(scenario, None)


def test_the_kernels_line_comes_with_qemus():
    for kernel, said in (("6.5", LOCKED), ("6.6", "Firmware has requested this device have a 1:1 IOMMU mapping")):
        with pytest.raises(FwsimError) as caught:
            assignment(host(rmrr='["0x1000-0x1fff 01:00.1"]', kernel=kernel), None)
        assert f"vfio-pci 0000:01:00.1: {said}" in caught.value.found


def test_qemu_2_7_still_had_its_older_words():
    with pytest.raises(FwsimError) as caught:
        assignment(host(beside="snd_hda_intel", profile="2.7"), None)
    assert caught.value.found.startswith("vfio: error, group 0 is not viable, please ensure all devices within the ")


def test_a_member_that_is_not_assigned_is_named_until_it_is():
    scenario = host(more='[[function]]\nslot = "05.0"\nhost = "01:00.1"\n')
    assert [each.short for each in asked(scenario).bystanders(0x100)] == ["00:01.0"]
    assert [each.short for each in asked(host()).bystanders(0x100)] == ["00:01.0", "01:00.1"]


def test_each_assigned_function_is_judged():
    alone = '[[host_function]]\nslot = "00:1f.3"\ndriver = "snd_hda_intel"\n'
    scenario = host(more=alone + '[[function]]\nslot = "05.0"\nhost = "00:1f.3"\n')
    with pytest.raises(FwsimError) as caught:
        assignment(scenario, None)
    assert caught.value.found == "vfio 0000:00:1f.3: failed to open /dev/vfio/1: No such file or directory"
