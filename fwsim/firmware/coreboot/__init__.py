"""coreboot: where it places what, and by which of its two ways it calls an option ROM."""

from fwsim.firmware.coreboot.place import COREBOOT, Coreboot

__all__ = ["COREBOOT", "Coreboot"]
