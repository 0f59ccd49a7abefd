"""A ROM's ids and checksum are made right again, as QEMU's vfio does it, and in general."""

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.rom.chain import inspect_bytes
from fwsim.rom.image import CHECKSUM_BYTE, ENTRY, ROM_SIGNATURE, Image

_JUMPS = (0xE9, 0xEB, 0xCB)


class Change(Struct, frozen=True):
    """One byte range that a fix rewrote: file ``offset``, the bytes ``before`` and ``after``, and ``what`` they are."""

    offset: int
    before: bytes
    after: bytes
    what: str


def fix(data: bytes, vendor: int, device: int) -> bytes:
    """``data`` as QEMU's vfio hands it to a guest whose device is ``vendor``:``device`` (hw/vfio/pci.c).

    When the vendor in PCIR matches and the device does not, the device id is replaced and byte 6 is set so that the sum
    over the *whole region*, which is ``data``, is 0. In every other case the bytes are returned as they are: a bogus
    checksum stays bogus. Raises FwsimError for an id that is not 16 bits wide.
    """
    _check_id("vendor", vendor)
    _check_id("device", device)
    pointer = int.from_bytes(data[0x18:0x1A], "little")
    if data[:2] != ROM_SIGNATURE or pointer + 8 >= len(data) or data[pointer : pointer + 4] != b"PCIR":
        return data
    if int.from_bytes(data[pointer + 4 : pointer + 6], "little") != vendor:
        return data
    if int.from_bytes(data[pointer + 6 : pointer + 8], "little") == device:
        return data
    fixed = bytearray(data)
    fixed[pointer + 6 : pointer + 8] = device.to_bytes(2, "little")
    fixed[CHECKSUM_BYTE] = 0
    fixed[CHECKSUM_BYTE] = -sum(fixed) & 0xFF
    return bytes(fixed)


def fix_checksum(data: bytes, base: int = 0, byte: int | None = None) -> tuple[bytes, int]:
    """``data`` with the 8-bit sum over the length byte's extent of the image at ``base`` made 0, and the offset used.

    The byte that is changed is ``byte`` (a file offset) or, by default, byte 6 of the header, as QEMU does, when the
    entry at offset 3 is a jump or a far return, so that byte 6 is no code; else the image's last byte. Raises
    FwsimError when there is no image or ``byte`` lies outside it.
    """
    length = data[base + 2] * 512 if data[base : base + 2] == ROM_SIGNATURE and base + 3 <= len(data) else 0
    if length == 0 or base + length > len(data):
        raise FwsimError(
            "no whole image to make a checksum for",
            where=f"offset {base:#x}",
            found=data[base : base + 3].hex(" ") or "the end of the file",
            expected="55 aa and a length within the file",
        )
    at = byte if byte is not None else _checksum_byte(data, base, length)
    if not base + ENTRY <= at < base + length:
        raise FwsimError(
            "the checksum byte must lie in the image, behind its length byte",
            found=f"{at:#x}",
            expected=f"{base + ENTRY:#x}-{base + length - 1:#x}",
        )
    fixed = bytearray(data)
    fixed[at] = (fixed[at] - sum(data[base : base + length])) & 0xFF
    return bytes(fixed), at


def fix_ids(
    data: bytes, vendor: int | None, device: int | None, byte: int | None = None
) -> tuple[bytes, tuple[Change, ...]]:
    """Every image's PCIR ids set to those given, then each code type 0 image's checksum; and what was changed.

    Works on damaged files as long as an image has a header. Raises FwsimError as ``fix_checksum`` does, or when ids are
    given and no image has a PCIR to take them.
    """
    images = inspect_bytes(data).images
    if (vendor is not None or device is not None) and not any(image.pcir for image in images):
        raise FwsimError(
            "no PCIR to put ids in", expected="a PCI option ROM", hint="leave the ids out to fix the checksum only"
        )
    fixed = bytearray(data)
    for image in images:
        _set_ids(fixed, image, vendor, device)
    result = bytes(fixed)
    legacy = [image for image in images if image.checksum_applies]
    if not images or (byte is not None and not legacy):
        result, _ = fix_checksum(result, 0, byte)
    for image in legacy:
        inside = byte if byte is not None and image.offset <= byte < image.end else None
        result, _ = fix_checksum(result, image.offset, inside)
    return result, changes(data, result)


def changes(before: bytes, after: bytes) -> tuple[Change, ...]:
    """Every run of bytes that differs, with the structure it lies in."""
    from fwsim.rom.compare import diff

    return tuple(Change(run.offset, run.a, run.b, run.structure) for run in diff(before, after).runs)


def _check_id(name: str, value: int) -> None:
    if not 0 <= value <= 0xFFFF:
        raise FwsimError(f"{name} id is not 16 bits wide", found=f"{value:#x}", expected="0x0-0xffff")


def _set_ids(fixed: bytearray, image: Image, vendor: int | None, device: int | None) -> None:
    if image.pcir is None:
        return
    for name, value, at in (("vendor", vendor, 4), ("device", device, 6)):
        if value is not None:
            _check_id(name, value)
            fixed[image.pcir.offset + at : image.pcir.offset + at + 2] = value.to_bytes(2, "little")


def _checksum_byte(data: bytes, base: int, length: int) -> int:
    return base + CHECKSUM_BYTE if data[base + ENTRY] in _JUMPS else base + length - 1
