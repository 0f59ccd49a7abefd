"""Xen's releases with IGD passthrough by qemu-xen, and what differs between them.

Sources: the branches stable-4.7 to stable-4.22 of Xen, and its tree of August 2026 (c447b73, 4.23 to come):
xen/drivers/passthrough/vtd/iommu.c and dmar.c, tools/libxl (from 4.15 on tools/libs/light) libxl_pci.c and libxl_dm.c.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal

from msgspec import Struct

from fwsim.devices.vtd_lines import Style
from fwsim.errors import FwsimError

Detects = Literal["table", "vga", "display"]
FIRST, LAST, UNSTABLE = 7, 22, "unstable"
"""Minor numbers of 4.x, and what comes after the last of them. libxl knows igd-passthru since 4.7."""
_TABLE, _VGA, _DISPLAY = 7, 10, 20
_SHORT_FAULT, _UNIT_IN_FAULT = 13, 23
_RMRR_SHORT, _RMRR_UNITY, _DOMAIN_SHORT = 14, 19, 15
_IGFX_SHORT = 16


class Release(Struct, frozen=True):
    """One release: ``minor`` of 4.x. ``style``: its fault lines, as ``fwsim.devices.vtd_lines`` names them.

    ``detects``: how libxl knows an IGD by itself: by a table of Haswell and Broadwell ids, by class 0300, or by class
    0300 or 0380.
    """

    minor: int

    @property
    def style(self) -> Style:
        """The words of iommu_page_fault_do_one: with the unit's register to 4.12, with its index after 4.22."""
        return "xen-unstable" if self.minor >= _UNIT_IN_FAULT else "xen-4.13" if self.minor >= _SHORT_FAULT else "xen"

    @property
    def detects(self) -> Detects:
        """libxl__is_igd_vga_passthru."""
        return "display" if self.minor >= _DISPLAY else "vga" if self.minor >= _VGA else "table"

    def unreserved(self, start: int, last: int) -> str:
        """What Xen says of an RMRR that the host's e820 does not have as reserved (acpi_parse_one_rmrr)."""
        if self.minor >= _RMRR_UNITY:
            return f"RMRR: [{start:#x}, {last:#x}] is not (entirely) in reserved memory"
        need = 'not in reserved memory; need "iommu_inclusive_mapping=1"?'
        if self.minor >= _RMRR_SHORT:
            return f"[VT-D] RMRR [{start:x},{last:x}] {need}"
        return f"[VT-D]  RMRR address range {start:x}..{last:x} {need}"

    @property
    def names_domain(self) -> bool:
        """Whether a domain is d1, and no longer Dom1, where Xen tells of a shared RMRR."""
        return self.minor >= _DOMAIN_SHORT

    @property
    def igfx_off(self) -> str:
        """What Xen says with iommu=no-igfx (iommu_enable_translation)."""
        if self.minor >= _IGFX_SHORT:
            return "[VT-D] passed iommu=no-igfx option; disabling IGD VT-d engine"
        return "[VT-D]Passed iommu=no-igfx option.  Disabling IGD VT-d engine."


def names() -> list[str]:
    """Every profile, oldest first."""
    return [*(f"4.{minor}" for minor in range(FIRST, LAST + 1)), UNSTABLE]


def release(profile: str) -> Release:
    """The release of ``profile``, "4.17", a patch level of it such as "4.17.2", or "unstable". Raises FwsimError."""
    known = names()
    if profile == UNSTABLE:
        return Release(LAST + 1)
    series, _, patch = profile.rpartition(".") if profile.count(".") == 2 else (profile, "", "0")
    if series in known and patch.isascii() and patch.isdecimal() and len(patch) <= 2:
        return Release(int(series.partition(".")[2]))
    near = get_close_matches(profile, known, n=1, cutoff=0.5)
    raise FwsimError(
        "no such Xen release", where="hypervisor.profile", found=repr(profile), expected="one of " + ", ".join(known),
        hint=f"did you mean {near[0]}?" if near else "4.7 is the first whose libxl has igd-passthru for qemu-xen",
    )  # fmt: skip
