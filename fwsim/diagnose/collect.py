"""What to collect next: only what would decide something that is open, with the command, and when it has to be done."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.diagnose.case import Case
from fwsim.diagnose.finding import Collect
from fwsim.host.judge import COLLECT

_BEFORE = "before vfio-pci is bound: i915 has to drive the device"
_VM = {
    "proxmox": "qm config VMID > vm.conf", "libvirt": "virsh dumpxml NAME > vm.xml", "xl": "the guest's xl.cfg",
    "bhyve": "the bhyve command line",
}  # fmt: skip
_PROCESS = "ps -ww -C qemu-system-x86_64 -o args > vm.txt"
_QEMU_LOG = {
    "proxmox": "journalctl -b > journal.txt; the output of the task VM Start",
    "libvirt": "/var/log/libvirt/qemu/NAME.log",
    "xl": "/var/log/xen/qemu-dm-NAME.log",
}  # fmt: skip
_STDERR = "what QEMU printed when it started: 2> qemu.log"
_DEBUG_PORT = "-chardev file,id=f,path=/tmp/seabios.log -device isa-debugcon,iobase=0x402,chardev=f"


def collect_of(case: Case) -> list[Collect]:
    """The next things to get, the most telling first."""
    return [*_of_host(case), *_of_vm(case)]


def _of_host(case: Case) -> Iterator[Collect]:
    host = case.host
    if host.best("device_id") is None:
        yield _collect("igd", "which device this is")
    elif not host.value("bdsm") or not host.value("ggc"):
        yield _collect("igd", "where the host's stolen memory is")
    if not (case.faults or case.suppressed or host.rmrr):
        yield Collect(
            what="the host's kernel log after the VM started: DMA faults, RMRRs", command="sudo dmesg > dmesg.txt"
        )


def _of_vm(case: Case) -> Iterator[Collect]:
    if not case.vms:
        what = "the VM's configuration: machine, slot, romfile, firmware"
        yield Collect(what=what, command=_VM.get(case.tool, _PROCESS))
    if not any(each.id.startswith(("qemu", "vfio-failed")) for each in case.seen):
        command = _QEMU_LOG.get(case.tool, _STDERR)
        yield Collect(what="QEMU's messages: whether legacy mode came up", command=command)
    if case.faults and not case.host.rom:
        yield Collect(what="the file that romfile= names: whose base is in it", command="fwsim diagnose ... FILE.rom")
    vm = case.vm
    if vm is not None and vm.value("romfile") and not case.host.rom and not case.faults:
        name = str(vm.value("romfile")).rpartition("/")[2]
        yield Collect(
            what="the file that romfile= names: whether the guest's firmware can run it, and whose id it has",
            command=f"fwsim diagnose ... {name}",
        )
    if case.guest is None and not case.faults:
        yield Collect(
            what="the guest's firmware log: what it placed, which ROM ran", command=f"QEMU with {_DEBUG_PORT}"
        )
    if case.host.best("device_id") and not case.host.opregion and not case.host.vbt:
        yield _collect("opregion", "which ports the VBT names", when=_BEFORE)


def _collect(name: str, why: str, when: str = "") -> Collect:
    what, command = COLLECT[name]
    return Collect(what=f"{what} ({why})", command=command, when=when)
