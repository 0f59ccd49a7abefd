"""The names that QEMU knows: properties of vfio-pci, display devices, options that take a value."""

from __future__ import annotations

_VFIO_TEXT = """
driver id bus addr host sysfsdev fd vf-token iommufd romfile rombar romsize multifunction bootindex acpi-index
failover_pair_id display xres yres ramfb x-vga x-req x-igd-opregion x-igd-lpc x-igd-legacy-mode x-igd-gms x-no-mmap
x-no-kvm-intx x-no-kvm-msi x-no-kvm-msix x-no-geforce-quirks x-no-kvm-ioeventfd x-no-vfio-ioeventfd x-pci-vendor-id
x-pci-device-id x-pci-sub-vendor-id x-pci-sub-device-id x-pci-class-code x-nv-gpudirect-clique x-msix-relocation
x-balloon-allowed x-intx-mmap-timeout-ms x-pre-copy-dirty-page-tracking x-device-dirty-page-tracking
x-enable-migration enable-migration migration-events x-migration-multifd-transfer x-pcie-lnksta-dllla
x-pcie-extcap-init x-pcie-err-unmask x-pcie-ari-nextfn-1 x-max-bounce-buffer-size command_serr_enable skip-vsc-check
use-legacy-x86-rom rom-bar
"""
VFIO = frozenset(_VFIO_TEXT.split())
"""Properties of vfio-pci (QEMU hw/vfio/pci.c, vfio_pci_dev_properties; hw/pci/pci.c, pci_props)."""
FOREIGN = {
    "legacy-igd": "machine pc and addr=02.0: legacy mode comes up by itself",
    "pcie": "bus= of a root port",
    "mapping": "host=00:02.0",
}  # fmt: skip
"""Proxmox's own words, and what QEMU has in their place (qemu-server src/PVE/QemuServer/PCI.pm,
print_hostpci_devices)."""
DRIVERS = ("vfio-pci", "vfio-pci-nohotplug")
DISPLAYS = {
    "VGA": "std", "secondary-vga": "secondary", "cirrus-vga": "cirrus", "qxl-vga": "qxl", "qxl": "qxl",
    "virtio-vga": "virtio", "virtio-vga-gl": "virtio", "virtio-gpu-pci": "virtio", "virtio-gpu-gl-pci": "virtio",
    "vmware-svga": "vmware", "bochs-display": "bochs-display", "ramfb": "ramfb", "ati-vga": "ati",
}  # fmt: skip
"""Device: the word for its display (QEMU hw/display)."""
_WITHOUT_VALUE_TEXT = """
h help version enable-kvm no-acpi no-hpet nodefaults nographic no-user-config no-shutdown no-reboot daemonize S s
snapshot full-screen usb rtc-td-hack no-fd-bootchk mem-prealloc win2k-hack singlestep preconfig only-migratable
enable-fips no-quit portrait sdl curses xen-attach xen-domid-restrict nouserconfig
"""
WITHOUT_VALUE = frozenset(_WITHOUT_VALUE_TEXT.split())
"""Options that stand alone (QEMU qemu-options.hx)."""
NOT_PCI = ("usb-", "ide-", "scsi-", "isa-", "virtserial", "virtconsole", "pc-dimm", "nvdimm", "hda-", "i8042", "tpm-",
           "vmgenid", "vmcoreinfo", "ramfb", "pvpanic", "kvm-", "ivshmem-flat", "floppy", "loader")  # fmt: skip
"""How devices are named that take no slot of a PCI bus."""
