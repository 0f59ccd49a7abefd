"""The host's dmesg tells of a fault: VT-d's fault registers as Linux and Xen print them, style by style.

Source: Linux drivers/iommu/intel/dmar.c, earlier drivers/iommu/dmar.c: pr_fmt, dmar_get_fault_reason, dmar_fault_do_one
and dmar_fault. In A pr_fmt is KBUILD_MODNAME, which is "dmar"; in B0, read in 4.4.302, it is "DMAR: " before A's
messages. D0 came with commit 719a19335692, and D with the fix of that, queued for 5.15: no 0x in the device.

Xen xen/drivers/passthrough/vtd/iommu.c, iommu_page_fault_do_one: "xen" from 4.4 to 4.12, read in 4.4 and 4.12; without
the unit's register since 4.13 (read in 4.13 and 4.22); with its index in the tree behind 4.22 (commit 7a091bd8b0).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

Style = Literal["A", "B0", "B", "C", "D0", "D", "xen", "xen-4.13", "xen-unstable"]
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
_SCALABLE_GROUPS = {
    0x30: (
        "Invalid Root Table Address",
        "TTM 0 for request with PASID",
        "TTM 0 for page group request",
    ),
    0x38: (
        "Error attempting to access Root Entry",
        "Present bit in Root Entry is clear",
        "Non-zero reserved field set in Root Entry",
    ),
    0x40: (
        "Error attempting to access Context Entry",
        "Present bit in Context Entry is clear",
        "Non-zero reserved field set in the Context Entry",
        "Invalid Context Entry",
        "DTE field in Context Entry is clear",
        "PASID Enable field in Context Entry is clear",
        "PASID is larger than the max in Context Entry",
        "PRE field in Context-Entry is clear",
        "RID_PASID field error in Context-Entry",
    ),
    0x50: (
        "Error attempting to access the PASID Directory Entry",
        "Present bit in Directory Entry is clear",
        "Non-zero reserved field set in PASID Directory Entry",
    ),
    0x58: (
        "Error attempting to access PASID Table Entry",
        "Present bit in PASID Table Entry is clear",
        "Non-zero reserved field set in PASID Table Entry",
        "Invalid Scalable-Mode PASID Table Entry",
        "ERE field is clear in PASID Table Entry",
        "SRE field is clear in PASID Table Entry",
    ),
    0x70: (
        "Error attempting to access first-level paging entry",
        "Present bit in first-level paging entry is clear",
        "Non-zero reserved field set in first-level paging entry",
        "Error attempting to access FL-PML4 entry",
        "First-level entry address beyond MGAW in Nested translation",
        "Read permission error in FL-PML4 entry in Nested translation",
        "Read permission error in first-level paging entry in Nested translation",
        "Write permission error in first-level paging entry in Nested translation",
        "Error attempting to access second-level paging entry",
        "Read/Write permission error in second-level paging entry",
        "Non-zero reserved field set in second-level paging entry",
        "Invalid second-level page table pointer",
        "A/D bit update needed in second-level entry when set up in no snoop",
    ),
    0x80: (
        "Address in first-level translation is not canonical",
        "U/S set 0 for first-level translation with user privilege",
        "No execute permission for request with PASID and ER=1",
        "Address beyond the DMA hardware max",
        "Second-level entry address beyond the max",
        "No write permission for Write/AtomicOp request",
        "No read permission for Read/AtomicOp request",
        "Invalid address-interrupt address",
    ),
    0x90: ("A/D bit update needed in first-level entry when set up in no snoop",),
}
_SCALABLE = {first + n: f"SM: {text}" for first, texts in _SCALABLE_GROUPS.items() for n, text in enumerate(texts)}
_XEN_UNIT = "ffff82c00021d000"
"""Where Xen maps the IGD's unit: its fixmap, as logs of the time show it. The address says nothing of the fault."""
_XEN_13 = "Blocked a DMA translation request"
"""Xen's words for reason 0Dh; it knows neither PASIDs nor scalable mode."""
_TWO_LINES = ("A", "B0")
"""The styles whose kernels print where and why in two lines. They do not know scalable mode's reasons."""


class Reason(NamedTuple):
    """``kind`` is DMA_REMAP, INTR_REMAP or UNKNOWN; ``text`` the kernel's words."""

    kind: str
    text: str


def reason(code: int, style: str = "D") -> Reason:
    """The words of a style's kernel for a fault reason, "Unknown" where it has none.

    Scalable mode's ("SM: ...", 30h to 90h with gaps) are dma_remap_sm_fault_reasons, which is in dmar.c since 5.4, the
    same in C's kernel and today's. A kernel of A or B0 has no such table; B is printed as by its releases from 5.4 on.
    """
    if style.startswith("xen") and code == len(_DMA) - 1:
        return Reason("DMA_REMAP", _XEN_13)
    if 0 <= code < len(_DMA):
        return Reason("DMA_REMAP", _DMA[code])
    if 0x20 <= code < 0x20 + len(_INTERRUPT):
        return Reason("INTR_REMAP", _INTERRUPT[code - 0x20])
    if style not in _TWO_LINES and not style.startswith("xen") and min(_SCALABLE) <= code <= max(_SCALABLE):
        return Reason("DMA_REMAP", _SCALABLE.get(code, "Unknown"))
    return Reason("UNKNOWN", "Unknown")


def reason_words(code: int) -> str:
    """``reason 0x06, PTE Read access is not set``; one that the kernel has no words for is said to be such."""
    text = reason(code).text
    none = f"for which the kernel has no words ({code} in decimal)"
    return f"reason {code:#04x}, {text if text != 'Unknown' else none}"


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
    return f"{_prefix(style)}DRHD: handling fault status reg {fsts:x}"


def _prefix(style: str) -> str:
    """pr_fmt: the file's name as the build knows it in style A, since then the table's."""
    return "dmar: " if style == "A" else "DMAR: "


class Fault(Struct, frozen=True):
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
        """The record's lines in dmesg: styles A (to 4.1), B0 (4.4), B (to 5.9), C (5.10), D0 and D (since); Xen's."""
        if style.startswith("xen"):
            return self._xen_lines(style)
        kind, text = reason(self.code, style)
        bus, device, function = self.source >> 8, self.source >> 3 & 31, self.source & 7
        hexadecimal = "0x" if style in ("D0", "D") else ""
        place = f"0x{bus:02x}:0x{device:02x}.{function:d}" if style == "D0" else f"{bus:02x}:{device:02x}.{function:d}"
        why = f"[fault reason {f'0x{self.code:02x}' if hexadecimal else f'{self.code:02d}'}] {text}"
        if kind == "INTR_REMAP":
            index = f"fault index {hexadecimal}{self.address >> 48:x}"
            if style in _TWO_LINES:  # the second bracket is the kernel's
                return [f"{_prefix(style)}INTR-REMAP: Request device [[{place}] {index}", f"INTR-REMAP:{why}"]
            return [f"DMAR: [INTR-REMAP] Request device [{place}] {index} {why}"]
        way = "DMA Read" if self.read else "DMA Write"
        address = f"fault addr {hexadecimal}{self.address:x}"
        if style in _TWO_LINES:
            return [f"{_prefix(style)}DMAR:[{way}] Request device [{place}] {address} ", f"DMAR:{why}"]
        if style in ("B", "C"):
            pasid = f"PASID {_NO_PASID if self.pasid is None else self.pasid:x} " if style == "C" else ""
            return [f"DMAR: [{way}] Request device [{place}] {pasid}{address} {why}"]
        tag = "NO_PASID" if self.pasid is None else f"PASID 0x{self.pasid:x}"
        return [f"DMAR: [{way} {tag}] Request device [{place}] {address} {why}"]

    def _xen_lines(self, style: str) -> list[str]:
        """As ``xl dmesg`` has them: where and why in a line each."""
        kind, text = reason(self.code, style)
        name = {"DMA_REMAP": "DMAR", "INTR_REMAP": "INTR-REMAP"}.get(kind, "UNKNOWN")
        head = f"DMAR:[{'DMA Read' if self.read else 'DMA Write'}]" if name == "DMAR" else f"{name}:"
        place = f"0000:{self.source >> 8:02x}:{self.source >> 3 & 31:02x}.{self.source & 7:d}"
        what = f"fault index {self.address >> 48:x}" if name == "INTR-REMAP" else f"fault addr {self.address:x}"
        unit = f", iommu reg = {_XEN_UNIT}" if style == "xen" else ""
        where = " on iommu:0" if style == "xen-unstable" else ""
        return [
            f"(XEN) [VT-D]{head} Request device [{place}] {what}{unit}",
            f"(XEN) [VT-D]{name}: reason {self.code:02x} - {text}{where}",
        ]
