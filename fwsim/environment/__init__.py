"""Environments run code and answer what it asks: BIOS services, real images, UEFI, a record."""
