"""crosvm hides stolen memory: GMS reads 0. The OpRegion is a region of its own, and I/O BARs are hidden.

Source: crosvm devices/src/pci/vfio_pci.rs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fwsim.exactness import Known
from fwsim.firmware.request import Function
from fwsim.hypervisor.interface import ASLS, Assignment, Device, Hypervisor, Register
from fwsim.hypervisor.interrupts import Line, MaskedLine


class Crosvm(Hypervisor):
    """``crosvm``: no VGA ranges, no option ROM services; what it gives the guest is an OpRegion."""

    kind = "crosvm"

    @property
    def known(self) -> Known:
        """Nothing of it was held against a running crosvm."""
        return Known("read", "crosvm devices/src/pci/vfio_pci.rs")

    @property
    def story(self) -> str:
        """One sentence."""
        return "crosvm stands between: it shows the guest no stolen memory at all, and an OpRegion of its own."

    def assign(self, device: Device) -> Assignment:
        """Bits 15:8 of the dword at 50h read 0."""
        registers = [Register(0x51, 1, "hidden"), Register(ASLS, 4, writable=0xFFFFFFFF)]
        return Assignment(registers=registers, own_bdsm=False, vga=False)

    def line(self, inject: Callable[[bool], None], note: Callable[[bool], None]) -> Line:
        """vfio-pci's: masked when it fires, unmasked by the guest's EOI."""
        return MaskedLine(inject, note)

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """Besides, the I/O BARs of the IGD."""
        if function.bdf != device.devfn:
            return ()
        ports = [Register(0x10 + 4 * bar.index, 4, "hidden") for bar in function.bars if bar.kind == "io"]
        return [*given.registers, *ports]
