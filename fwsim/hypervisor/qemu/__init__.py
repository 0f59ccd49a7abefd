"""QEMU's vfio-igd, release by release."""
