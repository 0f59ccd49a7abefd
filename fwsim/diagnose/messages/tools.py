"""Lines that tell which system and which tool this is, whether a guest is speaking, and what its kernel was told.

Sources: Linux init/main.c (version, command line), drivers/firmware/dmi_scan.c, arch/x86/kernel/cpu/hypervisor.c;
release strings of Proxmox (pve), unraid, XCP-ng, FreeBSD; lspci.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_LINE = r"(?:Command line: |Kernel command line: |\bBOOT_IMAGE=|^[^#]*\bGRUB_CMDLINE_LINUX(?:_DEFAULT)?=|^\s*append )"
"""Where the kernel's command line stands: its own log, /proc/cmdline, /etc/default/grub, syslinux (unraid)."""

ROWS = (
    Row("proxmox-kernel", "Linux", "-pve", r"Linux version \S+-pve\b", None, "Proxmox", "", "", "release string"),
    Row(
        "unraid-kernel", "Linux", "nraid", r"Linux version \S+-[Uu]nraid\b", None, "unraid", "", "", "release string",
    ),
    Row(
        "xcp-kernel", "Linux", "xen", r"Linux version \S+\+?\d* .*(?:XenServer|XCP-ng|xcp-ng)", None, "XCP-ng", "",
        "", "release string",
    ),
    Row(
        "bhyve-log", "FreeBSD", "FreeBSD", r"^(?:\S+ )?FreeBSD (?P<version>\d+\.\d\S*)|\bbhyve: ", None, "FreeBSD",
        "", "", "kernel's first lines",
    ),
    Row(
        "libvirt-log", "libvirt", "libvirt version", r"libvirt version: (?P<version>[\d.]+)", None,
        "libvirt {version}", "", "", "qemu's log by libvirt",
    ),
    Row(
        "qemu-version", "QEMU", "qemu version", r"qemu version: (?P<version>[\d.]+)", None, "QEMU {version}", "", "",
        "qemu's log by libvirt",
    ),
    Row(
        "guest-dmi", "Linux", "DMI: ", r"DMI: (?P<name>QEMU|Red Hat KVM|Xen HVM domU|BHYVE|VirtualBox|VMware)", None,
        "a guest's log: {name}", "", "", "dmi_scan.c",
    ),
    Row(
        "guest-hardware", "Linux", "Hardware name: ", r"Hardware name: (?P<name>QEMU|Red Hat KVM|Xen HVM domU|BHYVE)",
        None, "a guest's log: {name}", "", "", "dump_stack.c, beside a kernel's complaint",
    ),
    Row(
        "guest-hypervisor", "Linux", "Hypervisor detected",
        r"Hypervisor detected: (?P<name>KVM|Xen HVM|Microsoft Hyper-V|VMware|ACRN)", None, "a guest's log: {name}",
        "", "", "hypervisor.c",
    ),
    Row(
        "guest-bridge", "lspci", "00:00.0", r"\b00:00\.0 .*(?:8086:1237|440FX|8086:29c0 .*QEMU|82G33.*QEMU)", None,
        "a guest's lspci", "", "", "lspci: QEMU's i440FX",
    ),
    Row(
        "guest-pci-bridge", "Linux", "0000:00:00.0", r"pci 0000:00:00\.0: \[8086:(?P<id>1237|29c0)\]", None,
        "a guest's log: QEMU's bridge", "", "", "drivers/pci/probe.c",
    ),
    Row(
        "cmdline-iommu-off", "Linux", "intel_iommu=off", _LINE + r".*\bintel_iommu=off", "fatal",
        "intel_iommu=off is on the host's command line", "vfio needs VT-d", "iommu-on", "/proc/cmdline",
    ),
    Row(
        "cmdline-igfx-off", "Linux", "igfx_off", _LINE + r".*\bintel_iommu=\S*igfx_off", "fatal",
        "intel_iommu=igfx_off is on the host's command line", "VT-d leaves the IGD alone: it cannot be assigned",
        "igfx-on", "/proc/cmdline",
    ),
    Row(
        "cmdline-iommu-on", "Linux", "intel_iommu=on", _LINE + r".*\bintel_iommu=\S*\bon", None, "intel_iommu=on", "",
        "", "/proc/cmdline",
    ),
    Row(
        "cmdline-iommu-pt", "Linux", "iommu=pt", _LINE + r".*\biommu=pt\b", None, "iommu=pt", "", "", "/proc/cmdline",
    ),
    Row(
        "cmdline-disable-vga", "Linux", "disable_vga=", _LINE + r".*\bvfio[-_]pci\.disable_vga=(?:1|[Yy])", "warning",
        "vfio-pci.disable_vga=1 is on the host's command line", "vfio-pci then offers no VGA ranges, and legacy "
        "mode has none", "vga-region", "/proc/cmdline; vfio_pci_core.c",
    ),
    Row(
        "modprobe-disable-vga", "Linux", "disable_vga=1", r"^\s*options\s+vfio[-_]pci\b.*\bdisable_vga=(?:1|[Yy])",
        "warning", "disable_vga=1 is set for vfio-pci", "vfio-pci then offers no VGA ranges, and legacy mode has "
        "none", "vga-region", "/etc/modprobe.d",
    ),
    Row(
        "cmdline-no-framebuffer", "Linux", "sysfb_init", _LINE + r".*\b(?P<what>initcall_blacklist=\S*sysfb_init)",
        None, "the host's framebuffer is off ({what})", "", "", "/proc/cmdline",
    ),
    Row(
        "cmdline-framebuffer-off", "Linux", "fb:off", _LINE + r".*\b(?P<what>video=\S*(?:efifb|vesafb|simplefb):off)",
        None, "the host's framebuffer is off ({what})", "", "", "/proc/cmdline",
    ),
    Row(
        "cmdline-vfio-ids", "Linux", "vfio-pci.ids=", _LINE + r".*\bvfio[-_]pci\.ids=(?P<ids>[0-9a-f:,]+)", None,
        "vfio-pci takes {ids}", "", "", "/proc/cmdline",
    ),
    Row(
        "cmdline-nomodeset", "Linux", "nomodeset", _LINE + r".*\bnomodeset\b", "note",
        "nomodeset is on the command line", "i915 does not drive the device then: in a guest there is no picture "
        "but the firmware's", "nomodeset", "/proc/cmdline",
    ),
    Row(
        "cmdline-unsafe", "Linux", "allow_unsafe_interrupts", r"allow_unsafe_interrupts=(?:1|[Yy])", "note",
        "vfio goes without interrupt remapping", "", "", "/proc/cmdline",
    ),
    Row(
        "lspci-display", "lspci", "Display controller",
        r"^\W*(?:0000:)?00:02\.0 Display controller(?: \[0380\])?: Intel", None, "class 0380", "", "",
        "lspci, pci.ids: 0380 in words",
    ),
    Row(
        "driver-vfio", "lspci", "Kernel driver in use: vfio-pci", r"", None, "a device is bound to vfio-pci", "", "",
        "lspci -k",
    ),
    Row(
        "driver-i915", "lspci", "Kernel driver in use: ", r"Kernel driver in use: (?P<driver>i915|xe)\b", None,
        "a device is bound to {driver}", "", "", "lspci -k",
    ),
)  # fmt: skip
