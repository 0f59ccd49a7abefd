"""Nobody stands between ROM and device: the ROM runs on the host itself."""

from __future__ import annotations

from typing import ClassVar, Literal

from fwsim.exactness import Known
from fwsim.hypervisor.interface import Assignment, Device, Dma, Hypervisor


class Bare(Hypervisor):
    """``none``: stolen memory and OpRegion are the host's, BDSM is locked, there is no IOMMU."""

    kind = "none"
    on_host: ClassVar[bool] = True
    firmware = "none"
    guest_reset: ClassVar[Literal["dropped", "passed", "restored"]] = "passed"

    @property
    def known(self) -> Known:
        """There is nobody whose rules could be wrong."""
        return Known("read", "nobody stands between: Intel's manuals say what BDSM and ASLS of a host are")

    @property
    def story(self) -> str:
        """One sentence."""
        return "Nobody stands between ROM and device: this is the host itself."

    def assign(self, device: Device) -> Assignment:
        """Everything passes; the firmware is asked for nothing."""
        return Assignment(opregion=False, stolen=device.stolen)

    @property
    def dma(self) -> Dma:
        """DMA reaches all memory."""
        return Dma(translated=False)
