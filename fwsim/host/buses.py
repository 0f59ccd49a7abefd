"""lspci's text and the kernel's listings of IOMMU groups give a host's functions as ``[[host_function]]`` rows.

Rows are made of a host whose groups are listed, or whose PCI Express types and ACS lspci -vv shows (it needs root
for those). The IGD's driver is vfio-pci in them: so a run can have it, whatever had it when the dumps were made.
"""

import re

from fwsim.hypervisor.groups.acs import BITS
from fwsim.hypervisor.groups.topology import Kind

EXPRESS: tuple[tuple[str, Kind], ...] = (
    ("Root Complex Integrated Endpoint", "rciep"), ("Root Complex Event Collector", "event-collector"),
    ("Legacy Endpoint", "legacy-endpoint"), ("Endpoint", "endpoint"), ("Root Port", "root-port"),
    ("Upstream Port", "upstream"), ("Downstream Port", "downstream"),
    ("PCI-Express to PCI/PCI-X Bridge", "pcie-to-pci"), ("PCI/PCI-X to PCI-Express Bridge", "pci-to-pcie"),
)  # fmt: skip
"""lspci's words behind "Express (v2)" (pciutils ls-caps.c, cap_express)."""
_FLAGS = {
    "SrcValid": "SV", "TransBlk": "TB", "ReqRedir": "RR", "CmpltRedir": "CR", "UpstreamFwd": "UF", "EgressCtrl": "EC",
    "DirectTrans": "DT",
}  # fmt: skip
"""lspci's words for the bits of ACSCap and ACSCtl (pciutils ls-ecaps.c, cap_acs)."""
_FLAG = re.compile(r"([A-Z][A-Za-z]+)([+-])")
_LISTED = re.compile(r"iommu_groups/(\d{1,4})/devices/([0-9a-f]{4}):([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\b")


def express(text: str) -> Kind | None:
    """The type that lspci names behind "Express"; None for words that it has not."""
    return next((kind for words, kind in EXPRESS if text.startswith(words)), None)


def acs_bits(capability: str, control: str) -> str:
    """lspci's ACSCap and ACSCtl as a row's ``acs``: the bits that the capability has, with the control's sign."""
    have = {_FLAGS[word] for word, sign in _FLAG.findall(capability) if sign == "+" and word in _FLAGS}
    on = {_FLAGS[word] for word, sign in _FLAG.findall(control) if sign == "+" and word in _FLAGS}
    return " ".join(f"{bit}{'+' if bit in on else '-'}" for bit in BITS if bit in have) or "empty"


def listed_groups(lines: list[str]) -> dict[str, int]:
    """Each function's group in a listing of /sys/kernel/iommu_groups, such as find /sys/kernel/iommu_groups -type l."""
    found = (_LISTED.search(line) for line in lines if "iommu_groups/" in line)
    return {
        match[3] if match[2] == "0000" else f"{match[2]}:{match[3]}": int(match[1]) for match in found if match
    }  # fmt: skip
