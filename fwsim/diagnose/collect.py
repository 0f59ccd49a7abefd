"""What to collect next: only what would decide something that is open, with the command, and when it has to be done."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.diagnose.case import Case
from fwsim.diagnose.finding import Collect
from fwsim.host.judge import COLLECT

_BEFORE = "before vfio-pci is bound: i915 has to drive the device"
_VM = {
    "proxmox": "qm config VMID > vm.conf", "libvirt": "virsh dumpxml NAME > vm.xml", "xl": "xl list -l NAME > vm.json; its xl.cfg",
    "bhyve": "the bhyve command line", "qemu": "ps -ww -C qemu-system-x86_64 -o args > vm.txt",
}  # fmt: skip
_QEMU_LOG = {
    "proxmox": "journalctl -b > journal.txt; the task's output (Tasks, VM Start)", "libvirt": "/var/log/libvirt/qemu/NAME.log",
    "xl": "/var/log/xen/qemu-dm-NAME.log",
}  # fmt: skip
_FIRMWARE_LOG = "-chardev file,id=f,path=/tmp/seabios.log -device isa-debugcon,iobase=0x402,chardev=f on QEMU's command line"


def collect_of(case: Case) -> list[Collect]:
    """The next things to get, the most telling first."""
    return list(_wanted(case))


def _wanted(case: Case) -> Iterator[Collect]:
    host = case.host
    if host.best("device_id") is None:
        yield _collect("igd", "which device this is")
    elif not host.value("bdsm") or not host.value("ggc"):
        yield _collect("igd", "where the host's stolen memory is")
    if not case.vms:
        yield Collect(what="the VM's configuration: machine, slot, romfile, firmware", command=_VM.get(case.tool, _VM["qemu"]))
    if not any(each.id.startswith(("qemu", "vfio-failed")) for each in case.seen):
        yield Collect(what="QEMU's messages: whether legacy mode came up", command=_QEMU_LOG.get(case.tool, "what QEMU printed when it started: 2> qemu.log"))
    if not case.faults and not case.suppressed and "dmar" not in "".join(each.id for each in case.seen) and not host.rmrr:
        yield Collect(what="the host's kernel log, after the VM started: DMA faults, RMRRs", command="sudo dmesg > dmesg.txt")
    if case.faults and not host.rom:
        yield Collect(what="the file that romfile= names: whose base is in it", command="fwsim diagnose ... FILE.rom; fwsim rom info FILE.rom")
    if case.guest is None and not case.faults:
        yield Collect(what="the guest's firmware log: what it placed, which ROM ran", command=_FIRMWARE_LOG)
    if host.best("device_id") and not host.opregion and not host.vbt:
        yield _collect("opregion", "which ports the VBT names", when=_BEFORE)


def _collect(name: str, why: str, when: str = "") -> Collect:
    what, command = COLLECT[name]
    return Collect(what=f"{what} ({why})", command=command, when=when)
