"""The kernel's vfio-pci shows the host's OpRegion as a region of its own: sizes, the stitched header, what 0xFC reads.

Source: Linux drivers/vfio/pci/vfio_pci_igd.c.
"""

from __future__ import annotations

from msgspec import Struct

SIGNATURE = b"IntelGraphicsMem"
HEADER_BYTES = 0x2000
_VERSION, _SIZE, _RVDA, _RVDS = 0x16, 0x10, 0x3BA, 0x3C2
_U32 = 0xFFFFFFFF


class OpRegionView(Struct, frozen=True):
    """The region as user space sees it. ``errno`` is "" or the name of the error; then nothing else counts.

    ``size`` in bytes; ``version`` and ``rvda`` as patched; ``config_asls`` is what a read of 0xFC gives,
    the VBT's own address where there is an extended VBT; ``vbt`` that host address or None. The driver keeps it in a
    u32, so of an RVDA that leads above 4 GiB it maps what lies at the low 32 bits.
    """

    errno: str = ""
    size: int = 0
    version: int = 0
    rvda: int = 0
    config_asls: int = 0
    vbt: int | None = None
    vbt_size: int = 0


def view(asls: int, version: int, size_kib: int, rvda: int, rvds: int, *, signature: bool = True) -> OpRegionView:
    """The view of a host OpRegion at ``asls`` whose header has these fields (version: the word at 0x16)."""
    if asls in (0, 0xFFFFFFFF):
        return OpRegionView("ENODEV")
    if not signature or not size_kib:
        return OpRegionView("EINVAL")
    size = size_kib * 1024
    if version < 0x200 or not rvda or not rvds:
        return OpRegionView("", size, version, 0, asls)
    vbt = (rvda if version == 0x200 else asls + rvda) & _U32
    shown = 0x201 if version == 0x200 else version
    return OpRegionView("", size + rvds, shown, HEADER_BYTES, vbt, vbt, rvds)


def view_of(opregion: bytes, asls: int) -> OpRegionView:
    """The view of a host OpRegion given as bytes (at least its first 8 KiB)."""
    head = opregion[:HEADER_BYTES].ljust(HEADER_BYTES, b"\0")

    def number(at: int, width: int) -> int:
        return int.from_bytes(head[at : at + width], "little")

    signed = head.startswith(SIGNATURE)
    return view(asls, number(_VERSION, 2), number(_SIZE, 4), number(_RVDA, 8), number(_RVDS, 4), signature=signed)


def region_bytes(opregion: bytes, vbt: bytes, asls: int) -> bytes:
    """The region's content: the header with version and RVDA patched, and from 0x2000 on the extended VBT.

    Empty where the kernel offers no region. ``vbt`` is the memory at the view's ``vbt`` address.
    """
    seen = view_of(opregion, asls)
    if seen.errno:
        return b""
    head = bytearray(opregion[:HEADER_BYTES].ljust(HEADER_BYTES, b"\0"))
    head[_VERSION : _VERSION + 2] = seen.version.to_bytes(2, "little")
    head[_RVDA : _RVDA + 8] = seen.rvda.to_bytes(8, "little")
    tail = vbt[: seen.vbt_size] if seen.vbt is not None else opregion[HEADER_BYTES:]
    return (bytes(head) + tail)[: seen.size].ljust(seen.size, b"\0")


def as_shown(opregion: bytes, asls: int) -> bytes:
    """``opregion`` as the region shows it, an extended VBT taken from where it lies behind; unchanged if refused."""
    seen = view_of(opregion, asls)
    at = (seen.vbt or asls) - asls
    return region_bytes(opregion, opregion[at : at + seen.vbt_size] if at > 0 else b"", asls) or opregion
