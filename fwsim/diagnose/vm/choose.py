"""Of several VMs the one in question: named by the user, or the only one that has the IGD."""

from __future__ import annotations

from fwsim.diagnose.case import Case, Vm
from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds

PASSED = ("host", "mdev")


def has_igd(vm: Vm) -> bool:
    """Whether the host's IGD, or a part of it, is the VM's."""
    return any(vm.value(name) is not None for name in PASSED)


def choose(case: Case, name: str = "") -> None:
    """Leave in ``case.vms`` the VM called ``name``; without a name those that may be meant, one where that is clear.

    Two files that describe the same VM become one. Raises FwsimError where no VM is called so.
    """
    merged = _merged([vm for vm in case.vms if "machine" in vm.settings] or case.vms)
    if name:
        found = [vm for vm in merged if name in (vm.name, vm.value("vmid"), f"{vm.name}@{_file(vm)}", _file(vm))]
        if not found:
            raise FwsimError(
                "no such VM", where="--vm", found=name, hint="name one of them",
                expected=", ".join(vm.name for vm in merged) or "a VM's configuration among the files",
            )  # fmt: skip
        case.vms = found
        return
    ours = [vm for vm in merged if has_igd(vm)]
    case.vms = ours or merged


def _file(vm: Vm) -> str:
    return next((setting.evidence.file for setting in vm.settings.values()), "")


def _merged(vms: list[Vm]) -> list[Vm]:
    """VMs of one name and kind in one: what somebody wrote counts before what was assumed, the first file first."""
    found: dict[tuple[str, str], Vm] = {}
    for vm in vms:
        key = (vm.name, "qemu" if vm.value("hypervisor") == kinds.DEFAULT else vm.tool)
        first = found.setdefault(key, vm)
        if first is vm:
            continue
        for name, setting in vm.settings.items():
            there = first.settings.get(name)
            if there is None or (there.assumed and not setting.assumed):
                first.settings[name] = setting
        first.unread += vm.unread
    return list(found.values())
