"""The newest QEMU finds the variable in which a video BIOS keeps its copy of the stolen base, and clears it.

Source: QEMU hw/vfio/igd.c of 10.0.13, vfio_igd_legacy_rom_quirk and igd_vbios_find_saved_bdsm (256229e8 upstream; the
same at tomitamoeko/qemu 3844fbc0): the one routine that uses the saved base if there is one and reads configuration
00:02.0 @5Eh otherwise, 19 bytes long, its jumps included. A place whose two references differ does not count.
"""

import re

from fwsim.hypervisor.interface import RomChange

_CACHED_BASE = re.compile(
    rb"\x66\x2e\x83\x3e(?P<variable>..)\x00"  # is the saved dword zero?
    rb"\x74\x07"  # then go and read it
    rb"\x66\x2e\xa1(?P=variable)"  # else use it
    rb"\xeb\x0f"
    rb"\xb8\x5e\x10",  # the register to read: 00:02.0 @5Eh, as bus and function in the high byte
    re.DOTALL,
)
_PCIR_AT, _CODE_TYPE, _BYTES = 0x18, 0x14, 4
CHECKSUM_BYTE = 6


def variable(image: bytes) -> tuple[int | None, str]:
    """Offset of the saved base that the one routine uses, or None and why it is not known."""
    hits = [int.from_bytes(hit["variable"], "little") for hit in _CACHED_BASE.finditer(image)]
    first = next((n for n, at in enumerate(hits) if at + _BYTES <= len(image)), None)
    if first is None or hits[first + 1 :]:  # one that points past the end counts only behind a good one
        return None, f"the routine that loads the base was found {len(hits)} times, not once"
    return hits[first], ""


def _is_legacy(image: bytes) -> bool:
    """A ROM whose first image is for a PC's BIOS."""
    at = int.from_bytes(image[_PCIR_AT : _PCIR_AT + 2], "little")
    there = image[:2] == b"\x55\xaa" and at + _CODE_TYPE < len(image)
    return there and image[at : at + 4] == b"PCIR" and image[at + _CODE_TYPE] == 0


def patch(image: bytes) -> RomChange:
    """Clear the cached base in ``image``, the whole ROM region, if the place is found exactly once; else nothing.

    Byte 6 is set so that all bytes of the region add up to 0, whatever they added up to before.
    """
    if not _is_legacy(image):
        return RomChange(image, None, reason="no legacy ROM")
    offset, reason = variable(image)
    if offset is None:
        return RomChange(image, None, reason=reason)
    patched = bytearray(image)
    held = int.from_bytes(patched[offset : offset + _BYTES], "little")
    patched[offset : offset + _BYTES] = bytes(_BYTES)
    patched[CHECKSUM_BYTE] = patched[CHECKSUM_BYTE] - sum(patched) & 0xFF
    return RomChange(bytes(patched), offset, held)
