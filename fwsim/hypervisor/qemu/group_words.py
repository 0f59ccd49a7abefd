"""What QEMU prints when vfio does not give it a device's group.

Source: QEMU hw/vfio/container.c, vfio_get_group, vfio_connect_container and vfio_get_device (10.0; hw/vfio/common.c
before 9.0), hw/vfio/pci.c, vfio_realize; and of 2.7, whose messages have no prefix yet, hw/vfio/common.c.
"""

from __future__ import annotations

from fwsim.hypervisor.groups.opening import Refused

_BOUND = "Please ensure all devices within the iommu_group are bound to their vfio bus driver."
_VERIFY = "Verify all devices in group {0.group} are bound to vfio-<bus> or pci-stub and not already in use"
_NOW = {
    "group": "no iommu_group found: {0.errno}",
    "open": "failed to open /dev/vfio/{0.group}: {0.errno}",
    "viable": "group {0.group} is not viable\n" + _BOUND,
    "container": "failed to setup container for group {0.group}: Failed to set group container: {0.errno}",
    "iommu": "failed to setup container for group {0.group}: Failed to set iommu for container: {0.errno}",
    "device": "error getting device from group {0.group}: {0.errno}\n" + _VERIFY,
}
_OLD = {
    "group": "vfio: error no iommu_group for device",
    "open": "vfio: error opening /dev/vfio/{0.group}: {0.errno}",
    "viable": "vfio: error, group {0.group} is not viable, please ensure all devices within the iommu_group are bound "
    "to their vfio bus driver.",
    "container": "vfio: failed to set group container: {0.errno}\nvfio: failed to setup container for group {0.group}",
    "iommu": "vfio: failed to set iommu for container: {0.errno}\nvfio: failed to setup container for group {0.group}",
    "device": "vfio: error getting device {0.function.name} from group {0.group}: {0.errno}\n" + _VERIFY,
}


def said(refused: Refused, release: tuple[int, ...]) -> str:
    """The message, without the command's name and option that QEMU puts before it."""
    if release < (2, 8):
        return _OLD[refused.step].format(refused)
    return f"vfio {refused.function.name}: {_NOW[refused.step].format(refused)}"
