"""OVMF: where it puts BARs, how its page allocator hands out memory, and its IGD drivers."""

from fwsim.firmware.ovmf.place import OVMF, Edk2, Ovmf, boot, place

__all__ = ["OVMF", "Edk2", "Ovmf", "boot", "place"]
