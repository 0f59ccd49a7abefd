"""QEMU's ACPI tables as its firmware gets them: how many bytes there are, whatever is in them.

Source: QEMU hw/i386/acpi-build.c (acpi_build, acpi_align_size); sizes asked of QEMU 7.2 by fw_cfg.
"""

ACPI_TABLES = 0x20000
"""`etc/acpi/tables`: padded to 128 KiB, which 255 CPUs, 20 bridges or 255 memory slots do not fill."""
TABLE_LOADER = 0x1000
"""`etc/table-loader`: padded likewise."""
