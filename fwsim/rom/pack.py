"""Drivers become one option ROM, an image each, as edk2's EfiRom makes it: what a user gives QEMU as romfile=.

Source: UEFI Specification 2.10, 14.4.2 (EFI PCI expansion ROM header), PCI Firmware Specification 3.0, 5.1.2 (PCIR).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_BLOCK = 512
_PCIR_AT, _PCIR_SIZE = 0x1C, 0x1C
_EFI_SIGN, _BOOT_DRIVER, _X64 = 0x0EF1, 11, 0x8664
_CODE_EFI, _LAST, _REVISION = 3, 0x80, 3
_DISPLAY = b"\0\0\x03"


def packed(drivers: Sequence[bytes], vendor: int, device: int) -> bytes:
    """A chain of uncompressed images with these PE drivers, in their order, for the display ``vendor``:``device``."""
    last = len(drivers) - 1
    return b"".join(_image(each, vendor, device, last=number == last) for number, each in enumerate(drivers))


def _image(driver: bytes, vendor: int, device: int, *, last: bool) -> bytes:
    at = _PCIR_AT + _PCIR_SIZE
    blocks = -(-(at + len(driver)) // _BLOCK)
    header = struct.pack(
        "<2sHIHHH8xHH", b"\x55\xaa", blocks, _EFI_SIGN, _BOOT_DRIVER, _X64, 0, at, _PCIR_AT
    ).ljust(_PCIR_AT, b"\0")  # fmt: skip
    pcir = struct.pack(
        "<4sHHHHB3sHHBBHHH", b"PCIR", vendor, device, 0, _PCIR_SIZE, _REVISION, _DISPLAY, blocks, 0, _CODE_EFI,
        _LAST if last else 0, 0, 0, 0,
    )  # fmt: skip
    return (header + pcir + driver).ljust(blocks * _BLOCK, b"\0")
