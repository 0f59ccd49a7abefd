"""This room knows option ROM images: chain, PCIR, PnP, VBT, EFI header; it fixes, compares and extracts them."""

from fwsim.rom.chain import MAX_FILE_SIZE, Rom, inspect, inspect_bytes, load, load_bytes
from fwsim.rom.compare import diff
from fwsim.rom.image import Image
from fwsim.rom.repair import fix, fix_checksum

__all__ = [
    "MAX_FILE_SIZE",
    "Image",
    "Rom",
    "diff",
    "fix",
    "fix_checksum",
    "inspect",
    "inspect_bytes",
    "load",
    "load_bytes",
]
