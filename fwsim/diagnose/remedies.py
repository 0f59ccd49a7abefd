"""What to change, in the words of the tool that the user has."""

from __future__ import annotations

from collections.abc import Mapping

from fwsim.diagnose.case import Tool

REMEDIES: dict[str, Mapping[Tool | str, str]] = {
    "vga-region": {
        "": "check: zgrep VFIO_PCI_VGA /proc/config.gz /boot/config-$(uname -r); remove vfio-pci.disable_vga=1 from "
            "the "
            "kernel's command line; keep the host's framebuffer off the device (video=efifb:off, or "
            "initcall_blacklist=sysfb_init)",
    },
    "host-base-in-rom": {
        "": "give a ROM that has not run on this host: extract the vBIOS from the firmware's image (fwsim rom find), "
            "or take "
            "QEMU 11.1 (or 10.0.13), which clears the base",
        "proxmox": "in /etc/pve/qemu-server/VMID.conf: hostpci0: 0000:00:02,legacy-igd=1,romfile=CLEAN.rom, CLEAN.rom "
                   "taken out of the firmware's image (fwsim rom find FLASH), copied to /usr/share/kvm/; or "
                   "pve-qemu-kvm 11.1 or "
                   "later, which clears the base",
    },
    # What logs show.
    "igd-regions": {"": "on the host: zgrep VFIO_PCI_IGD /proc/config.gz /boot/config-$(uname -r) has to say y; the "
                        "IGD on and "
                        "primary in the firmware's setup; lspci -nns 00.0 and 1f.0 have to show Intel's bridges (VMD "
                        "and RST off)"},
    "same-base": {"": "the guest's stolen memory has to lie where the host's does: QEMU's and OVMF's versions with "
                      "etc/igd-stolen-base; or go without GuC: i915.enable_guc=0 in the guest"},
    "reserve-stolen": {"": "in a guest: bring legacy mode up, so that its firmware reserves stolen memory in e820; "
                           "on a host: "
                           "update the firmware (coreboot, MrChromebox), whose e820 has to reserve BDSM's range as a "
                           "whole"},
    "guest-firmware": {"": "SeaBIOS 1.10 or later, or OVMF with VfioIgdPkg; the device at 00:02.0 of the guest; from "
                           "gen 11 on "
                           "SeaBIOS writes no BDSM: use OVMF with VfioIgdPkg"},
    "guc-off": {"": "i915.enable_guc=0 on the guest kernel's command line; xe has no way without GuC; then power the "
                    "host off "
                    "and on, for WOPCM's registers stay locked over a reset"},
    "mediated-device": {"": "harmless while the guest works; else give the whole device: host=0000:00:02.0 in place "
                            "of a "
                            "mediated one"},
    "bind-group": {"": "bind every device of the group to vfio-pci (find /sys/kernel/iommu_groups/N/devices), or to "
                       "no driver"},
    "igd-enabled": {"": "lspci -nns 02.0 on the host has to show the IGD: switch it on in the firmware's setup, also "
                        "where a "
                        "card is in (IGD Multi-Monitor)"},
    "igfx-on": {"": "take igfx_off out of intel_iommu= on the host kernel's command line: intel_iommu=on"},
    "rmrr": {"": "a kernel from kernel.org of 4.2 or later; the IGD's RMRR is allowed there, other devices' need the "
                 "firmware's "
                 "setup (their RMRR off)"},
    "memlock": {"": "ulimit -l unlimited for the VM's user; libvirt: <memtune><hard_limit unit='GiB'>RAM + "
                    "1</hard_limit></memtune>"},
    "no-hotplug": {"": "give the device when the VM starts, not by device_add"},
    "display-off": {"": "leave out display=on and ramfb=on: they are of mediated devices"},
    "sriov-off": {"": "echo 0 > /sys/bus/pci/devices/0000:00:02.0/sriov_numvfs, then bind 00:02.0"},
    "vbt-port": {"": "plug the monitor into a port that the VBT names (fwsim rom vbt FILE), or give the board's own "
                     "VBT"},
    "interrupts": {"": "shut the VM down, not only reboot it; if it stays: intremap=off on the host's command line "
                       "tells whether "
                       "it is this"},
    "force-probe": {"": "a newer kernel in the guest, or i915.force_probe=ID"},
    "bars": {"": "see where the guest's firmware placed the BARs: lspci -vvs 02.0 in the guest; more room below 4 GiB: "
                 "max-ram-below-4g=2G"},
    "linux-firmware": {"": "install linux-firmware (Debian: firmware-misc-nonfree) in the guest, update-initramfs -u"},
    "shadow-gtt": {"": "a firmware update, or its setup's graphics memory with VT (GGMS '2 MB, VT mode'); else the "
                       "IGD cannot be assigned"},
    "no-vtd-gfx": {"": "this chipset cannot: take a Sandy Bridge or later"},
    "firmware-stolen": {"": "set graphics memory (DVMT Pre-Allocated) to 32M or 64M in the firmware's setup"},
    "firmware-update": {"": "update the host's firmware; VT-d off and on in its setup, with the IGD on"},
    "rom-fix": {"": "fwsim rom fix FILE; or a ROM out of the firmware's image: fwsim rom find FLASH"},
    "max-below-4g": {"": "-machine pc,max-ram-below-4g=2G, or an aperture of 256M in the firmware's setup"},
    "newer-igdpkg": {"": "a newer VfioIgdPkg: its list of ids has to have the device"},
    "secure-boot": {"": "switch Secure Boot off in the guest's OVMF setup"},
    "pci-mmio64": {"": "-fw_cfg name=opt/ovmf/X-PciMmio64Mb,string=65536"},
    "xen-igfx": {"": "take iommu=no-igfx off Xen's command line; VT-d on in the firmware's setup"},
    "pciback": {"": "xl pci-assignable-add 0000:00:02.0; dom0's i915 must not drive it: "
                    "xen-pciback.hide=(0000:00:02.0) on dom0's command line"},
    "mmio-hole": {"": "mmio_hole = 2048 in xl.cfg, or an aperture of 256M in the firmware's setup"},
    "coreboot-run-rom": {"": "make menuconfig: Devices, Display, Run VGA Option ROMs (CONFIG_VGA_ROM_RUN); "
                             "CONFIG_PCI_OPTION_ROM_RUN_REALMODE"},
    "coreboot-vbios-id": {"": "CONFIG_VGA_BIOS_ID has to be the device's id (lspci -nns 02.0), as in "
                              "pci8086,0416.rom in cbfstool print"},
    "coreboot-vbt": {"": "CONFIG_INTEL_GMA_ADD_VBT with the board's data.vbt (fwsim rom vbt FILE shows it)"},
    "vbios-run": {"": "run the image where each step is seen: fwsim run FILE, then fwsim why"},
    "int15-leaf": {"": "run the image with that answer: [rom.int15] in a scenario; then add it to coreboot's int15 "
                       "handler of the board"},
    "nomodeset": {"": "take nomodeset off the guest kernel's command line"},
    "guest-ram-map": {"": "look for vfio_dma_map in QEMU's log; leave out a viommu (intel-iommu, virtio-iommu) for "
                          "this device"},
    "collect-igd": {"": "sudo lspci -nnvvvxxxx > lspci.txt on the host, and again: fwsim diagnose dmesg.txt lspci.txt"},
    "collect-dmesg": {"": "sudo dmesg > dmesg.txt soon after the VM started, or journalctl -k -b"},
    # What logs show, and configurations too.
    "legacy-igd": {"": "machine pc (i440fx), the device at 00:02.0 of the guest, no other display, nothing else at "
                       "1f.0"},
    "sysfb": {"": "initcall_blacklist=sysfb_init on the host kernel's command line (before 5.15 "
                  "video=efifb:off,vesafb:off); reboot"},
    "not-bound": {"": "bind 0000:00:02.0 to vfio-pci before i915 has it: options vfio-pci ids=8086:ID, softdep i915 "
                      "pre: vfio-pci"},
    "gms": {"": "x-igd-gms=0x2 (units of 32 MiB), or DVMT Pre-Allocated in the host's setup"},
    "romfile": {"": "romfile=VBIOS.rom with SeaBIOS, taken out of the firmware's image (fwsim rom find FLASH); an "
                    "EFI ROM with OVMF"},
    "rdm": {"": "rdm = \"strategy=host,policy=relaxed\" in xl.cfg"},
    "qemu-newer": {"": "QEMU 10.1 or later"},
    "unsafe-interrupts": {"": "options vfio_iommu_type1 allow_unsafe_interrupts=1, only where the platform has no "
                              "interrupt remapping"},
    "idle-d3": {"": "options vfio-pci disable_idle_d3=1 in /etc/modprobe.d; echo on > "
                    "/sys/bus/pci/devices/0000:00:02.0/power/control"},
    "memory": {"": "more RAM for the guest: 2 GiB or more"},
    "ivd": {"": "in the firmware's setup: primary display IGD, CSM on"},
    "lpc": {"": "x-igd-lpc=on (QEMU 10.0 or later, i440fx); a PCH that the ROM knows: host.lpc_id in a scenario"},
    "i915-blacklist": {"": "keep the host's i915 off the device: blacklist i915 in /etc/modprobe.d"},
    "rom-id": {"": "fwsim rom fix FILE --device 0xID, and give the result; or rombar=0"},
    "opregion": {"": "x-igd-opregion=on"},
    "class-0380": {"": "in the firmware's setup: primary display IGD"},
    "iommu-on": {"": "VT-d on in the firmware's setup, intel_iommu=on on the host kernel's command line"},
    "gfx-passthru": {"": "gfx_passthru = \"igd\" in xl.cfg"},
    "phys-bits": {"": "-cpu host,host-phys-bits-limit=39"},
}  # fmt: skip
"""Key: text by tool; "" for the tools without one of their own."""


def remedy(key: str, tool: Tool) -> str:
    """The text of ``key`` for ``tool``; "" for an empty key."""
    rows = REMEDIES[key] if key else {}
    return rows.get(tool) or rows.get("", "")
