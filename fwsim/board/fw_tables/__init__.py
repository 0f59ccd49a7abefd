"""What QEMU tells a guest's firmware by fw_cfg, made from the board: ACPI with its loader, SMBIOS, files and keys."""
