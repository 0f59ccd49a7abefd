"""What the Linux kernel's vfio-pci makes of an assigned device."""
