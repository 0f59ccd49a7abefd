"""libxl before the guest starts: does it know the IGD, and does a reserved region lie in the guest's RAM?

Sources: Xen tools/libs/light libxl_dm.c (libxl__detect_gfx_passthru_kind, libxl__domain_device_construct_rdm) and
libxl_pci.c (libxl__is_igd_vga_passthru) of 4.7 to 4.22; xen/arch/x86/mm/p2m.c (p2m_add_identity_entry) and
xen/drivers/passthrough/vtd/iommu.c (intel_iommu_assign_device) for what the hypervisor adds at the assignment.
"""

from __future__ import annotations

from msgspec import Struct, field

from fwsim.hypervisor.interface import Device
from fwsim.hypervisor.xen.options import Rmrr, XenOptions
from fwsim.hypervisor.xen.releases import Release

HASWELL = (
    0x0402, 0x0406, 0x040A, 0x0412, 0x0416, 0x041A, 0x041E, 0x0A06, 0x0A0E, 0x0A16, 0x0A1E, 0x0A26, 0x0A2E, 0x0D22,
    0x0D26,
)  # fmt: skip
BROADWELL = (
    0x1602, 0x1606, 0x160E, 0x1612, 0x1616, 0x161E, 0x1622, 0x1626, 0x162A, 0x162B, 0x162D,
)  # fmt: skip
"""The GPUs of both tables there are: libxl's fixup_ids (to 4.9), and that of QEMU's ISA bridges."""
UNKNOWN_KIND = "libxl: error: unable to detect required gfx_passthru_kind"
NO_IGD = "Need to enable igd-passthru if you're trying to passthrough IGD GFX"
"""xen_pt_realize (QEMU hw/xen/xen_pt.c)."""
NO_VBIOS = "VGA: Can't get VBIOS"
"""xen_pt_setup_vga (hw/xen/xen_pt_graphics.c)."""
_VGA, _OTHER_DISPLAY = 0x030000, 0x038000
_LARGE_PAGE = 2 << 20
HINTS = {
    UNKNOWN_KIND: 'gfx_passthru = "igd" says it; libxl goes by class 0300 from 4.10 on, by 0380 as well from 4.20 on',
    NO_IGD: 'gfx_passthru = "igd" in xl.cfg, and an IGD of class 0300: xen-pt takes 00:02.0 as VGA only',
    NO_VBIOS: "the host's kernel must show a ROM for the device: the posted one at C0000",
}
"""What helps against each."""


def knows_igd(release: Release, device: Device) -> bool:
    """Whether gfx_passthru=1 finds an IGD among the assigned devices."""
    if device.vendor != 0x8086:
        return False
    if release.detects == "table":
        return device.device_id in (*HASWELL, *BROADWELL)
    return device.class_code == _VGA or (release.detects == "display" and device.class_code == _OTHER_DISPLAY)


def refusal(release: Release, options: XenOptions, device: Device) -> str:
    """Why the domain is not made, in libxl's words or the device model's; "" where it is.

    QEMU asks for class 0300, whatever libxl found.
    """
    if options.gfx_passthru == "auto" and not knows_igd(release, device):
        return UNKNOWN_KIND
    if not options.gfx_passthru or device.class_code >> 8 != _VGA >> 8:
        return NO_IGD
    return "" if device.rom else NO_VBIOS


def low_end(options: XenOptions, low: int) -> int:
    """Where libxl ends RAM below 4 GiB: below a region past the boundary, down to 2 MiB for large pages."""
    for region in options.rmrr:
        if region.start < low and region.start > options.boundary:
            low = region.start & -_LARGE_PAGE
    return low


class Regions(Struct):
    """What becomes of the IGD's RMRRs: ``mapped`` (start, end), what is said, and why the device is refused."""

    mapped: list[tuple[int, int]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    error: str = ""


def regions(release: Release, options: XenOptions, ram: int) -> Regions:
    """Reserved regions in a guest whose RAM below 4 GiB ends at ``ram``: each is mapped whole, or not at all."""
    found = Regions()
    for each in options.rmrr:
        if not options.reserved:
            found.messages.append("warning: (XEN) " + release.unreserved(each.start, each.last))
        if not found.error:
            found.error = _one(release, options, each, ram, found)
    return found


def _one(release: Release, options: XenOptions, region: Rmrr, ram: int, found: Regions) -> str:
    """Why the device is refused for ``region``; "" where it is not."""
    relaxed = options.rdm_policy == "relaxed"
    if region.start < ram:
        if not relaxed:
            return f"libxl: error: RDM conflict at {region.start:#x}."
        found.messages.append(f"warning: libxl: Ignoring RDM conflict at {region.start:#x}.")
    if region.shared:
        word = "risky" if relaxed else "disallowed"
        domain = "d1" if release.names_domain else "Dom1"
        text = f"(XEN) [VT-D] It's {word} to assign 0000:00:02.0 with shared RMRR at {region.start:x} for {domain}."
        if not relaxed:
            return text
        found.messages.append("warning: " + text)
    if region.start < ram:
        page = region.start >> 12
        found.messages.append(
            f"warning: (XEN) Cannot setup identity map d1:{page:x}, gfn already mapped: not mapped are "
            f"{region.start:#x}-{min(region.last, ram - 1):#x}, the guest's own RAM"
        )
    start = max(region.start, ram)
    if start <= region.last:
        found.mapped.append((start, region.last + 1))
    return ""
