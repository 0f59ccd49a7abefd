"""The BIOS environment: option ROM code called as SeaBIOS calls it, its INTs answered."""
