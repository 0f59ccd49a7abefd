"""What to change, in the words of the tool that the user has."""

from __future__ import annotations

from collections.abc import Mapping

from fwsim.diagnose.case import Tool

REMEDIES: dict[str, Mapping[Tool | str, str]] = {
    "vga-region": {
        "": "check: zgrep VFIO_PCI_VGA /proc/config.gz /boot/config-$(uname -r); remove vfio-pci.disable_vga=1 from the "
            "kernel's command line; keep the host's framebuffer off the device (video=efifb:off, or initcall_blacklist=sysfb_init)",
    },
    "host-base-in-rom": {
        "": "give a ROM that has not run on this host: extract the vBIOS from the firmware's image (fwsim rom find), or take "
            "QEMU 11.1 (or 10.0.13), which clears the base",
        "proxmox": "in /etc/pve/qemu-server/VMID.conf: hostpci0: 0000:00:02,legacy-igd=1,romfile=CLEAN.rom, CLEAN.rom "
                   "taken out of the firmware's image (fwsim rom find FLASH), copied to /usr/share/kvm/; or pve-qemu-kvm 11.1 or "
                   "later, which clears the base",
    },
}  # fmt: skip
"""Key: text by tool; "" for the tools without one of their own."""


def remedy(key: str, tool: Tool) -> str:
    """The text of ``key`` for ``tool``; "" for an empty key."""
    rows = REMEDIES[key] if key else {}
    return rows.get(tool) or rows.get("", "")
