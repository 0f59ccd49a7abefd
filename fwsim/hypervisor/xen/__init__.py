"""Xen: QEMU's xen-pt beside an HVM guest, libxl before it, and the IGD in dom0's own domain."""
