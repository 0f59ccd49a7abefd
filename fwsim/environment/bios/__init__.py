"""The BIOS environment: option ROM code called as SeaBIOS or coreboot calls it, its INTs answered."""
