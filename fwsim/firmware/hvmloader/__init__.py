"""Xen's hvmloader: where it puts BARs, the ECAM and the OpRegion, and what of RAM moves for it."""

from fwsim.firmware.hvmloader.hole import grow_hole
from fwsim.firmware.hvmloader.options import HOLE_END, PAGE_SHIFT, HvmloaderOptions
from fwsim.firmware.hvmloader.place import HVMLOADER, Hvmloader, place

__all__ = ["HOLE_END", "HVMLOADER", "PAGE_SHIFT", "Hvmloader", "HvmloaderOptions", "grow_hole", "place"]
