"""UEFI: images of drivers run, and boot services, protocols and driver binding answer them."""
