"""crosvm hides stolen memory: GMS reads 0. The OpRegion is a region of its own, and I/O BARs are hidden.

Source: crosvm devices/src/pci/vfio_pci.rs (03196819), pci_root.rs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from fwsim.exactness import Known
from fwsim.firmware.crosvm import MMIO32
from fwsim.firmware.request import Function
from fwsim.hypervisor import own_chipset
from fwsim.hypervisor.interface import ASLS, Assignment, Device, Hypervisor, Register
from fwsim.hypervisor.interrupts import Line, MaskedLine
from fwsim.hypervisor.vfio.config import kernel_rows

_BRIDGE = {0x00: 0x12378086, 0x08: 0x06000000}
"""00:00.0: an i440FX's id, and nothing behind it (pci_root.rs, PCI_DEVICE_ID_INTEL_82441)."""


class Crosvm(Hypervisor):
    """``crosvm``: no VGA ranges, no option ROM services; what it gives the guest is an OpRegion.

    ``vga`` "on" passes the VGA ranges, which crosvm never does.
    """

    kind = "crosvm"
    guest_reset: ClassVar[Literal["dropped", "passed", "restored"]] = "restored"
    by_vfio = True

    @property
    def known(self) -> Known:
        """Nothing of it was held against a running crosvm."""
        return Known("read", "crosvm devices/src/pci/vfio_pci.rs")

    @property
    def story(self) -> str:
        """One sentence."""
        return (
            "crosvm stands between: it shows the guest no stolen memory at all, and an OpRegion of its own; it starts "
            "Linux directly, so the vBIOS runs by fwsim's own services."
        )

    @property
    def placed_by(self) -> tuple[str, str]:
        """crosvm's own rules."""
        return "crosvm", "main"

    def ram_split(self, machine: str, ram: int) -> tuple[int, int]:
        """Up to the window for 32-bit BARs, whatever the machine."""
        low = min(ram, MMIO32[0])
        return low, ram - low

    def assign(self, device: Device) -> Assignment:
        """Bits 15:8 of the dword at 50h read 0; BDSM passes."""
        given = Assignment(own_bdsm=False, vga=self.choice.vga == "on", opregion=device.opregion_region)
        given.ggc = device.ggc & 0xFF
        given.registers = [Register(0x51, 1, "hidden")]
        if device.opregion_region:
            given.registers.append(Register(ASLS, 4, writable=0xFFFFFFFF))
        return given

    def line(self, inject: Callable[[bool], None], note: Callable[[bool], None]) -> Line:
        """vfio-pci's: masked when it fires, unmasked by the guest's EOI."""
        return MaskedLine(inject, note)

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """Besides, the I/O BARs of the IGD, and what the kernel makes of its capabilities; of QEMU's PC the host
        bridge's id alone.
        """
        if function.bdf != device.devfn:
            return own_chipset.answered(function, _BRIDGE, None, stored=True)
        ports = [Register(0x10 + 4 * bar.index, 4, "hidden") for bar in function.bars if bar.kind == "io"]
        return [*given.registers, *ports, *kernel_rows(function.config)]
