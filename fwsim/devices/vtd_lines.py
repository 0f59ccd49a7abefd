"""The host's dmesg tells of a DMA fault: VT-d's fault registers as Linux prints them, style by style.

Source: Linux drivers/iommu/intel/dmar.c, older drivers/iommu/dmar.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

STYLES = ("A", "B", "C", "D0", "D")
_NO_PASID = 0xFFFFFFFF
_DMA = (
    "Software",
    "Present bit in root entry is clear",
    "Present bit in context entry is clear",
    "Invalid context entry",
    "Access beyond MGAW",
    "PTE Write access is not set",
    "PTE Read access is not set",
    "Next page table ptr is invalid",
    "Root table address invalid",
    "Context table ptr is invalid",
    "non-zero reserved fields in RTP",
    "non-zero reserved fields in CTP",
    "non-zero reserved fields in PTE",
    "PCE for translation request specifies blocking",
)
_INTERRUPT = (
    "Detected reserved fields in the decoded interrupt-remapped request",
    "Interrupt index exceeded the interrupt-remapping table size",
    "Present field in the IRTE entry is clear",
    "Error accessing interrupt-remapping table pointed by IRTA_REG",
    "Detected reserved fields in the IRTE entry",
    "Blocked a compatibility format interrupt request",
    "Blocked an interrupt request due to source-id verification failure",
)


class Reason(NamedTuple):
    """``kind`` is DMA_REMAP, INTR_REMAP or UNKNOWN; ``text`` the kernel's words."""

    kind: str
    text: str


def reason(code: int) -> Reason:
    """The kernel's words for a fault reason, "Unknown" where there are none; scalable mode's (0x30 up) are not here."""
    if 0 <= code < len(_DMA):
        return Reason("DMA_REMAP", _DMA[code])
    if 0x20 <= code < 0x20 + len(_INTERRUPT):
        return Reason("INTR_REMAP", _INTERRUPT[code - 0x20])
    return Reason("UNKNOWN", "Unknown")


class Status(NamedTuple):
    """FSTS: overflow (bit 0), records pending (bit 1), index of the first pending record (bits 15:8)."""

    overflow: bool
    pending: bool
    first: int

    @classmethod
    def decode(cls, fsts: int) -> Status:
        """The fields of a fault status register."""
        return cls(bool(fsts & 1), bool(fsts & 2), fsts >> 8 & 0xFF)


def status_line(fsts: int, style: str = "D") -> str:
    """The line that the handler starts with: the status in bare hex. The kernel prints none for 0."""
    return f"{'dmar' if style == 'A' else 'DMAR'}: DRHD: handling fault status reg {fsts:x}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault record: source id bus<<8 | devfn, page address, reason code, direction, PASID or None."""

    source: int
    address: int
    code: int
    read: bool
    pasid: int | None = None
    valid: bool = True

    @classmethod
    def decode(cls, dwords: tuple[int, int, int, int]) -> Fault:
        """A fault recording register of four dwords, lowest first."""
        low, high, source, top = dwords
        pasid = top >> 8 & 0xFFFFF if source >> 31 else None
        address = (high << 32 | low) & ~0xFFF
        return cls(source & 0xFFFF, address, top & 0xFF, bool(top >> 30 & 1), pasid, bool(top >> 31))

    def encode(self) -> tuple[int, int, int, int]:
        """The four dwords that ``decode`` reads."""
        top = self.code | (self.pasid or 0) << 8 | self.read << 30 | self.valid << 31
        source = self.source | (self.pasid is not None) << 31
        return self.address & 0xFFFFF000, self.address >> 32, source, top

    def lines(self, style: str = "D") -> list[str]:
        """The record's lines in dmesg: styles A (to 4.0), B (to 5.9), C (5.10), D0 and D (since)."""
        kind, text = reason(self.code)
        if kind == "INTR_REMAP":
            return [_interrupt_line(self, text, style)]
        way = "Read" if self.read else "Write"
        bus, device, function = self.source >> 8, self.source >> 3 & 31, self.source & 7
        place = f"{bus:02x}:{device:02x}.{function:d}"
        if style == "A":
            first = f"dmar: DMAR:[DMA {way}] Request device [{place}] fault addr {self.address:x} "
            return [first, f"DMAR:[fault reason {self.code:02d}] {text}"]
        if style in ("B", "C"):
            pasid = f"PASID {_NO_PASID if self.pasid is None else self.pasid:x} " if style == "C" else ""
            where = f"DMAR: [DMA {way}] Request device [{place}] {pasid}fault addr {self.address:x}"
            return [f"{where} [fault reason {self.code:02d}] {text}"]
        if style == "D0":
            place = f"0x{bus:02x}:0x{device:02x}.{function:d}"
        tag = "NO_PASID" if self.pasid is None else f"PASID 0x{self.pasid:x}"
        where = f"DMAR: [DMA {way} {tag}] Request device [{place}] fault addr 0x{self.address:x}"
        return [f"{where} [fault reason 0x{self.code:02x}] {text}"]


def _interrupt_line(fault: Fault, text: str, style: str) -> str:
    place = f"{fault.source >> 8:02x}:{fault.source >> 3 & 31:02x}.{fault.source & 7:d}"
    index = fault.address >> 48
    if style in ("D0", "D"):
        tail = f"0x{index:x} [fault reason 0x{fault.code:02x}] {text}"
    else:
        tail = f"{index:x} [fault reason {fault.code:02d}] {text}"
    return f"DMAR: [INTR-REMAP] Request device [{place}] fault index {tail}"
