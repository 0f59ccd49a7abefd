"""An OpRegion is taken apart, or made from a VBT where the host's own is not at hand.

Layout: Intel ACPI IGD OpRegion specification 0.5: header 0-FFh (signature, size in KiB at 10h, version at 14h,
mailboxes at 58h), ACPI mailbox 100h, software SCI 200h, ASLE 300h, VBT 400h-1BFFh, extensions 1C00h. Where the VBT is:
Linux i915 display/intel_opregion.c and drivers/vfio/pci/vfio_pci_igd.c.
"""

import struct

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.rom.finding import Finding
from fwsim.rom.vbt import SIGNATURE as VBT_SIGNATURE

SIZE = 0x2000
VBT_AT, VBT_ROOM = 0x400, 0x1800
SIGNATURE = b"IntelGraphicsMem"

_SIZE_AT, _VERSION_AT, _MAILBOXES_AT, _PCON_AT = 0x10, 0x14, 0x58, 0x60
_RVDA_AT, _RVDS_AT = 0x3BA, 0x3C2
_EXTENDED = 0x0200
"""First version with RVDA; there it is a physical address, from 2.1 on an offset in the OpRegion."""

_MAX_RVDS = 0x10000
MAILBOXES = {1: "ACPI", 2: "software SCI", 3: "ASLE", 4: "VBT", 5: "extensions"}
_KINDS = {0: "other", 1: "CRT", 2: "TV", 3: "digital", 4: "panel"}


class OpRegion(Struct, frozen=True):
    """An OpRegion's header and the fields of its mailboxes that firmware fills in.

    ``size`` in bytes; ``version`` as major << 8 | minor; ``mailboxes`` those present, 1 to 5; texts without padding;
    display lists are ACPI ids; ``backlight`` (per cent, duty of 255) pairs; ``rvda`` and ``rvds`` as stored;
    ``vbt_offset`` where in the file the VBT begins, None when it is not in it, ``vbt_from`` says by what.
    """

    size: int
    version: int
    revision: int
    mailboxes: tuple[int, ...]
    pcon: int
    system_bios: str
    video_bios: str
    graphics_driver: str
    driver: str
    displays: tuple[int, ...]
    attached: tuple[int, ...]
    active: tuple[int, ...]
    lid_open: bool
    docked: bool
    brightness: int | None
    backlight: tuple[tuple[int, int], ...]
    rvda: int
    rvds: int
    vbt_offset: int | None
    vbt_from: str

    @property
    def version_name(self) -> str:
        """``2.1``."""
        return f"{self.version >> 8}.{self.version & 0xFF}"

    @property
    def extended(self) -> bool:
        """Whether RVDA and RVDS say where the VBT is."""
        return 3 in self.mailboxes and self.version >= _EXTENDED and bool(self.rvda and self.rvds)


def display_name(acpi_id: int) -> str:
    """An ACPI display id in words: kind, port and number (OpRegion specification, 3.1.5)."""
    kind = _KINDS.get(acpi_id >> 8 & 15, "?")
    return f"{kind} {acpi_id & 0xF}" + (f", port {acpi_id >> 4 & 15}" if acpi_id >> 4 & 15 else "")


def build_opregion(vbt: bytes, version: int = 0) -> bytes:
    """An OpRegion with mailboxes 1-4 and ``vbt``, of ``version`` (0x0100, 0x0200, 0x0201...; 0 chooses).

    A table of up to 6 KiB lies in mailbox 4 and the region is 8 KiB long. A larger one follows the 8 KiB, found by
    RVDA (the offset 2000h) and RVDS (its size), in version 2.1 or later. Raises FwsimError for a larger one when
    ``version`` is earlier, and for one over 64 KiB.
    """
    large = len(vbt) > VBT_ROOM
    chosen = version or (_EXTENDED + 1 if large else _EXTENDED)
    if not 0x0100 <= chosen <= 0x02FF:
        raise FwsimError("no such OpRegion version", found=f"{chosen:#06x}", expected="0x0100-0x02ff (1.0 to 2.x)")
    if large and (chosen <= _EXTENDED or len(vbt) > _MAX_RVDS):
        raise FwsimError(
            "the VBT does not fit into this OpRegion",
            found=f"{len(vbt)} bytes, version {chosen >> 8}.{chosen & 0xFF}",
            expected=f"at most {VBT_ROOM} bytes in mailbox 4, or {_MAX_RVDS} behind it from version 2.1 on",
        )
    region = bytearray(SIZE)
    struct.pack_into("<16sIHH", region, 0, SIGNATURE, SIZE >> 10, 0, chosen)
    struct.pack_into("<I", region, _MAILBOXES_AT, 0xF)
    if large:
        struct.pack_into("<QI", region, _RVDA_AT, SIZE, len(vbt))
        return bytes(region) + vbt
    region[VBT_AT : VBT_AT + len(vbt)] = vbt
    return bytes(region)


def is_opregion(data: bytes) -> bool:
    """Whether ``data`` begins as an OpRegion does."""
    return data.startswith(SIGNATURE)


def parse_opregion(data: bytes, findings: list[Finding], where: str = "") -> OpRegion:
    """The OpRegion that ``data`` begins with; what is odd about it is appended to ``findings``.

    Raises FwsimError, naming ``where``, when it is none: no signature, no size, or cut off before the VBT's mailbox.
    """
    _require(data, where)
    size_kib, version = struct.unpack_from("<II", data, _SIZE_AT)
    mask = struct.unpack_from("<I", data, _MAILBOXES_AT)[0]
    rvda, rvds = struct.unpack_from("<QI", data, _RVDA_AT)
    mailboxes = tuple(number for number in MAILBOXES if mask >> number - 1 & 1)
    if mask >> len(MAILBOXES):
        what = "the mailbox mask has bits that mean nothing"
        findings.append(Finding("note", _MAILBOXES_AT, what, f"{mask:#x}", f"at most {(1 << len(MAILBOXES)) - 1:#x}"))
    if size_kib << 10 != SIZE:
        findings.append(Finding("warning", _SIZE_AT, "an unusual size", f"{size_kib} KiB", f"{SIZE >> 10} KiB"))
    if len(data) < SIZE:
        what = "the OpRegion is cut off"
        findings.append(Finding("warning", len(data), what, f"{len(data):#x} bytes", f"{SIZE:#x} bytes"))
    vbt_offset, vbt_from = _vbt_place(data, version >> 16, mailboxes, (rvda, rvds), findings)
    acpi, asle = 1 in mailboxes, 3 in mailboxes
    return OpRegion(
        size=size_kib << 10,
        version=version >> 16,
        revision=version >> 8 & 0xFF,
        mailboxes=mailboxes,
        pcon=_dword(data, _PCON_AT),
        system_bios=_text(data[0x18:0x38]),
        video_bios=_text(data[0x38:0x48]),
        graphics_driver=_text(data[0x48:0x58]),
        driver=_text(data[0x64:0x84]),
        displays=_list(data, 0x120) if acpi else (),
        attached=_list(data, 0x140) if acpi else (),
        active=_list(data, 0x160) if acpi else (),
        lid_open=acpi and bool(_dword(data, 0x1AC) & 1),
        docked=acpi and bool(_dword(data, 0x1B0) & 1),
        brightness=_dword(data, 0x318) & 0xFFFF if asle and _dword(data, 0x318) >> 31 else None,
        backlight=_backlight(data) if asle else (),
        rvda=rvda,
        rvds=rvds,
        vbt_offset=vbt_offset,
        vbt_from=vbt_from,
    )


def _require(data: bytes, where: str) -> None:
    hint = "dump it from the address in config 0xFC of 00:02.0, or from vfio's OpRegion region"
    if not is_opregion(data):
        raise FwsimError(
            "not an OpRegion",
            where=where,
            found=data[:16].hex(" ") or "0 bytes",
            expected="IntelGraphicsMem, 8 KiB or more",
            hint=hint,
        )
    if len(data) < VBT_AT:
        raise FwsimError(
            "the OpRegion is cut off",
            where=where,
            found=f"{len(data)} bytes",
            expected=f"{SIZE} bytes or more",
            hint=hint,
        )
    if not _dword(data, _SIZE_AT):
        raise FwsimError(
            "the OpRegion says it has no size; the kernel refuses it (EINVAL)",
            where=f"{where} at {_SIZE_AT:#x}" if where else f"offset {_SIZE_AT:#x}",
            found="0 KiB",
            expected=f"{SIZE >> 10} KiB",
            hint=hint,
        )


def _vbt_place(
    data: bytes, version: int, mailboxes: tuple[int, ...], rv: tuple[int, int], findings: list[Finding]
) -> tuple[int | None, str]:
    """(offset in the file, by what) of the VBT: RVDA's if it can be had, else mailbox 4's; None where there is none."""
    rvda, rvds = rv
    if 3 in mailboxes and version >= _EXTENDED and rvda and rvds:
        if version == _EXTENDED:
            what = "the VBT lies elsewhere in the host's memory: version 2.0 has its address, not an offset"
            hint = "dump it too, or dump vfio's OpRegion region, which has both"
            findings.append(Finding("note", _RVDA_AT, what, f"{rvda:#x}, {rvds:#x} bytes", hint=hint))
        elif rvda + rvds > len(data):
            what = "RVDA leads past the end of the file"
            found = f"{rvda:#x}, {rvds:#x} bytes"
            findings.append(Finding("warning", _RVDA_AT, what, found, f"up to {len(data):#x}", "dump all of it"))
        elif data[rvda : rvda + 4] == VBT_SIGNATURE:
            if rvda < SIZE:
                findings.append(Finding("warning", _RVDA_AT, "RVDA leads into the OpRegion itself", f"{rvda:#x}"))
            return rvda, "RVDA"
        else:
            found = data[rvda : rvda + 4].hex(" ")
            findings.append(Finding("warning", _RVDA_AT, "no VBT where RVDA says", found, "24 56 42 54 ($VBT)"))
    elif rvda or rvds:
        what = "RVDA and RVDS do not count: they need mailbox 3, version 2.0 or later, and both"
        findings.append(Finding("note", _RVDA_AT, what, f"{rvda:#x}, {rvds:#x} bytes"))
    if data[VBT_AT : VBT_AT + 4] == VBT_SIGNATURE:
        if 4 not in mailboxes:
            findings.append(Finding("note", _MAILBOXES_AT, "a VBT in mailbox 4, which the mask leaves out"))
        return VBT_AT, "mailbox 4"
    return None, ""


def _dword(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _text(raw: bytes) -> str:
    return "".join(chr(byte) for byte in raw.split(b"\0")[0] if 0x20 <= byte < 0x7F).strip()


def _list(data: bytes, at: int) -> tuple[int, ...]:
    """The ids of a display list of eight, up to the first zero."""
    found: list[int] = []
    for place in range(at, at + 32, 4):
        if not _dword(data, place):
            break
        found.append(_dword(data, place))
    return tuple(found)


def _backlight(data: bytes) -> tuple[tuple[int, int], ...]:
    words = struct.unpack_from("<20H", data, 0x31C)
    return tuple((word >> 8 & 0x7F, word & 0xFF) for word in words if word >> 15)
