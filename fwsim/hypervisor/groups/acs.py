"""Access Control Services, or a quirk that knows of their like, keep a function's DMA from its neighbours.

Source: Linux 6.12 drivers/pci/pci.c (pci_acs_enabled, pci_acs_flags_enabled) and drivers/pci/quirks.c
(pci_dev_acs_enabled). Only the quirks of hosts with an Intel IOMMU are here. When a quirk came: 3.14 the PCH's root
ports (d99321b63b1f), 4.7 Sunrise Point's (1bf2bf229b64), 5.8 root-complex endpoints (3247bd10a449).
"""

from __future__ import annotations

from fwsim.hypervisor.groups.topology import HostFunction

BITS = {"SV": 1, "TB": 2, "RR": 4, "CR": 8, "UF": 0x10, "EC": 0x20, "DT": 0x40}
"""The bits of the ACS capability and control words (PCI Express 3.0, 7.16): source validation, translation blocking,
request redirect, completion redirect, upstream forwarding, egress control, direct translated."""
REQUIRED = BITS["SV"] | BITS["RR"] | BITS["CR"] | BITS["UF"]
"""REQ_ACS_FLAGS (drivers/iommu/iommu.c)."""
_INTEL = 0x8086
_PCH_PORTS = frozenset(
    {
        *range(0x3B42, 0x3B52), *range(0x1C10, 0x1C20), *range(0x1E10, 0x1E20), *range(0x8C10, 0x8C20),
        *range(0x9C10, 0x9C1C), *range(0x9C90, 0x9C9C), *range(0x1D10, 0x1D20, 2), *range(0x8D10, 0x8D1F),
        *range(0x8C90, 0x8CA0, 2),
    }
)  # fmt: skip
"""pci_quirk_intel_pch_acs_ids: root ports of Ibex Peak to Wildcat Point, which isolate without an ACS capability."""
_SUNRISE_PORTS = frozenset(
    {
        *range(0xA110, 0xA120), *range(0xA167, 0xA16B), *range(0xA290, 0xA2A0), *range(0xA2E7, 0xA2EF),
        *range(0x9D10, 0x9D1C),
    }
)  # fmt: skip
"""pci_quirk_intel_spt_pch_acs_match: the capability has dwords where the specification has words; lspci misreads it."""
_MULTIFUNCTION = frozenset(
    {
        (0x1924, 0x0903), (0x1924, 0x0923), (0x1924, 0x0A03), (0x19A2, 0x0710), (0x10DF, 0x0720),
        *((0x14E4, device) for device in (0x16D7, 0x1750, 0x1751, 0x1752, 0x1760, 0x1761, 0x1762, 0x1763)),
        *((_INTEL, device) for device in (
            0x10C6, 0x10DB, 0x10DD, 0x10E1, 0x10F1, 0x10F7, 0x10F8, 0x10F9, 0x10FA, 0x10FB, 0x10FC, 0x1507, 0x1514,
            0x151C, 0x1529, 0x152A, 0x154D, 0x154F, 0x1551, 0x1558, 0x1509, 0x150E, 0x150F, 0x1510, 0x1511, 0x1516,
            0x1527, 0x10C9, 0x10E6, 0x10E7, 0x10E8, 0x150A, 0x150D, 0x1518, 0x1526, 0x10A7, 0x10A9, 0x10D6, 0x1521,
            0x1522, 0x1523, 0x1524, 0x105E, 0x105F, 0x1060, 0x10D9, 0x15B7, 0x15B8,
        )),
    }
)  # fmt: skip
"""pci_quirk_mf_endpoint_acs: (vendor, device) of functions that do not reach their neighbours inside the device."""

Kernel = tuple[int, ...]


def isolated(function: HostFunction, kernel: Kernel) -> str:
    """What keeps ``function`` apart, in words; "" where nothing does: then ``lacking`` says what is missing."""
    if function.override:
        return "pcie_acs_override"
    quirk = _quirk(function, kernel)
    if quirk or function.kind in ("pci", "pcie-to-pci", "pci-to-pcie", "event-collector"):
        return quirk
    if function.kind not in ("root-port", "downstream") and not function.multifunction:
        return "a single function reaches nobody beside it"
    return "ACS" if function.acs is not None and not _missing(function) else ""


def lacking(function: HostFunction) -> str:
    """Why a function that is not isolated is not."""
    if function.kind == "pci":
        return "is conventional PCI, which has no ACS"
    if function.kind in ("pcie-to-pci", "pci-to-pcie", "event-collector"):
        return "is of a kind that Linux takes as not isolated"
    if function.acs is None:
        return "has no ACS capability"
    off = _missing(function)
    return "has these ACS bits off: " + " ".join(name for name, bit in BITS.items() if off & bit)


def _missing(function: HostFunction) -> int:
    """Required bits that are off. A bit that the capability lacks is taken as hard-wired on."""
    return REQUIRED & (function.acs or 0) & ~function.enabled


def _quirk(function: HostFunction, kernel: Kernel) -> str:
    ids = function.vendor, function.device
    if ids in _MULTIFUNCTION:
        return "a quirk of the kernel: the maker vouches for it"
    if function.vendor != _INTEL:
        return ""
    if function.kind == "rciep" and kernel >= (5, 8):
        return "a quirk of the kernel: Intel's root-complex endpoints"
    if function.kind == "root-port" and function.device in _PCH_PORTS and kernel >= (3, 14):
        return "a quirk of the kernel: the PCH's root ports"
    sunrise = function.kind == "root-port" and function.device in _SUNRISE_PORTS and function.acs is not None
    return "a quirk of the kernel: Sunrise Point's ACS" if sunrise and kernel >= (4, 7) else ""
