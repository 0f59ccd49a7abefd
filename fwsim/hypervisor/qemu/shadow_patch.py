"""The newest QEMU finds the variable in which a video BIOS keeps its copy of the stolen base, and clears it.

Source: tomitamoeko/qemu hw/vfio/igd.c at 3844fbc0: the one routine that uses the saved base if there is one and reads
configuration 00:02.0 @5Eh otherwise, 19 bytes long, whose two references must agree.
"""

import re

from fwsim.hypervisor.interface import RomChange

_CACHED_BASE = re.compile(
    rb"\x66\x2e\x83\x3e(?P<compared>..)\x00"  # is the saved dword zero?
    rb"\x74."  # then go and read it
    rb"\x66\x2e\xa1(?P<loaded>..)"  # else use it
    rb"\xeb."
    rb"\xb8\x5e\x10",  # the register to read: 00:02.0 @5Eh, as bus and function in the high byte
    re.DOTALL,
)
CHECKSUM_BYTE = 6


def variable(image: bytes) -> tuple[int | None, str]:
    """Offset of the saved base that the one routine uses, or None and why it is not known."""
    hits = list(_CACHED_BASE.finditer(image))
    if len(hits) != 1:
        return None, f"the routine that loads the base was found {len(hits)} times, not once"
    compared, loaded = (int.from_bytes(hits[0][name], "little") for name in ("compared", "loaded"))
    if compared != loaded or compared + 4 > len(image):
        return None, f"its two references differ: {compared:#06x} and {loaded:#06x}"
    return compared, ""


def patch(image: bytes) -> RomChange:
    """Clear the cached base in ``image`` and adjust byte 6, if the place is found exactly once; else change nothing."""
    offset, reason = variable(image)
    if offset is None:
        return RomChange(image, None, reason=reason)
    patched = bytearray(image)
    held = int.from_bytes(patched[offset : offset + 4], "little")
    patched[offset : offset + 4] = bytes(4)
    patched[CHECKSUM_BYTE] = patched[CHECKSUM_BYTE] + sum(held.to_bytes(4, "little")) & 0xFF
    return RomChange(bytes(patched), offset, held)
