"""Xen's device model (QEMU's xen-pt) shows the IGD as it is, maps the host's OpRegion, and dresses up two bridges.

Sources: QEMU hw/xen/xen_pt.c, xen_pt_graphics.c, xen_pt_load_rom.c, hw/pci-host/xen_igd_pt.c and the table of ISA
bridges; Xen xen/drivers/passthrough/vtd for dom0's domain. QEMU's side, read in 7.2, is taken for every release's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from fwsim.devices.config_traps import Owner
from fwsim.exactness import Known
from fwsim.firmware.request import Function
from fwsim.hypervisor.config_space import ConfigBoard, ConfigDesign
from fwsim.hypervisor.interface import (
    ASLS,
    HOST_BRIDGE,
    IGD,
    Assignment,
    Choice,
    Copied,
    Device,
    Dma,
    Hypervisor,
    Reaction,
    Register,
)
from fwsim.hypervisor.interrupts import Line, MaskedLine
from fwsim.hypervisor.xen import chipset, config, libxl
from fwsim.hypervisor.xen.options import read
from fwsim.hypervisor.xen.releases import release
from fwsim.hypervisor.xl.pci_host import resolved

_COPIES = tuple(
    Copied(offset, width)
    for offset, width in ((0x08, 2), (0x2C, 2), (0x2E, 2), (0x50, 2), (0x52, 2), (0xA4, 4), (0xA8, 4))
)
"""What the guest's 00:00.0 reads from the host's."""
_PAGE, _OPREGION_PAGES = 0x1000, 3
_BRIDGES = {gpu: (0x8C4E, 4) for gpu in libxl.HASWELL} | {gpu: (0x9CC3, 3) for gpu in libxl.BROADWELL}
_BRIDGES[0x0A26] = (0x8C4E, 6)
"""(device id, revision) of the bridge made at 00:1f.0, by the GPU's device id."""
_SANDY_BRIDGE = (0x0102, 0x0106, 0x010A, 0x0112, 0x0116, 0x0122, 0x0126)
_HINTS = {
    "kind": "", "options.gfx_passthru": "", "options.iommu": "take iommu=no-igfx off Xen's command line",
    "options.rdm_policy": 'rdm_policy = "relaxed" lets the guest go on',
}  # fmt: skip
"""What helps, by the option that is refused, where libxl's table has no word of its own."""
_PERMISSIVE = (
    "If the device doesn't work, try enabling permissive mode",
    "(unsafe) and if it helps report the problem to xen-devel",
)


class Xen(Hypervisor):
    """``xen``: BDSM and GGC are the host's, and nothing is placed for the guest.

    ASLS maps the host's OpRegion at its first write. fw_cfg is QEMU's: hvmloader reads none of it. The profile is a
    release of Xen's. With ``domain`` dom0 or pvh there is no guest: the IGD is in dom0's domain, at the host's
    addresses.
    """

    kind = "xen"
    defaults = "4.22"
    profiles = ("4.7", "4.10", "4.13", "4.22", "unstable")
    firmware = "hvmloader"
    reads_xl_cfg = True

    def __init__(self, choice: Choice) -> None:
        """Raises FwsimError for a profile that is no release, and for an option that Xen does not have."""
        super().__init__(choice)
        self.row = release(self.profile)
        self.options = read(choice.options, choice.xl_cfg)
        self.on_host = self.options.domain != "hvm"  # type: ignore[misc]  # dom0 has no guest in between
        self._table = config.Emulated((), frozenset(), ())

    @property
    def title(self) -> str:
        """As sentences name it."""
        return "Xen"

    @property
    def known(self) -> Known:
        """Nothing of it was held against a running Xen."""
        return Known("read", "QEMU hw/xen/xen_pt*.c, hw/pci-host/xen_igd_pt.c; Xen drivers/passthrough/vtd")

    @property
    def story(self) -> str:
        """One sentence."""
        if self.on_host:
            return "Xen's dom0 has the IGD: it is at the host's addresses, and so is its memory in the IOMMU's domain."
        return "Xen's device model stands between: the guest reads the host's BDSM, and sees the host's own OpRegion."

    @property
    def dma(self) -> Dma:
        """Xen's words; with iommu=no-igfx the unit before the IGD stays off, which no guest can have."""
        return Dma(translated=not (self.on_host and self.options.no_igfx), style=self.row.style)

    def line(self, inject: Callable[[bool], None], note: Callable[[bool], None]) -> Line:
        """Held until the guest's EOI (Xen xen/drivers/passthrough/x86/hvm.c: hvm_dirq_assist injects, __hvm_dpci_eoi
        takes it back and ends the host's with pirq_guest_eoi).
        """
        return MaskedLine(inject, note)

    def assign(self, device: Device) -> Assignment:
        """Everything passes but ASLS, and what ``registers_over`` has."""
        if self.on_host:
            return Assignment(opregion=False, stolen=device.stolen, messages=self._of_dom0(device))
        given = Assignment(
            opregion=False, registers=[Register(ASLS, 4, watched=True)], copies={HOST_BRIDGE: _COPIES},
            lpc=_BRIDGES.get(device.device_id), own_bdsm=False, absent=chipset.absent(self.options),
        )  # fmt: skip
        found = libxl.regions(self.row, self.options, self.ram_end(device, device.ram))
        given.messages = [*self.options.pci.notes, *found.messages]
        refused = libxl.refusal(self.row, self.options, device)
        for error, field in (
            (refused, "kind" if refused == libxl.NO_VBIOS else "options.gfx_passthru"),
            (f"(XEN) {self.row.igfx_off}" if self.options.no_igfx else "", "options.iommu"),
            (found.error, "options.rdm_policy"),
        ):
            if error:
                given.error, given.error_field, given.error_hint = error, field, libxl.HINTS.get(error, _HINTS[field])
                break
        return given

    def _of_dom0(self, device: Device) -> list[str]:
        options, found = self.options, []
        if not options.reserved:
            found += ["warning: (XEN) " + self.row.unreserved(each.start, each.last) for each in options.rmrr]
        if options.no_igfx:
            found.append("warning: (XEN) " + self.row.igfx_off)
        if options.snb_quirk and device.device_id not in _SANDY_BRIDGE:
            found.append("warning: snb_igd_quirk does nothing: the IGD is no Sandy Bridge's")
        return found

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """What is the same whatever the device holds; of 00:00.0 what Xen leaves out where it emulates that."""
        if function.bdf == HOST_BRIDGE and not self.on_host:
            return chipset.hidden(self.options)
        return super().registers(device, given, function)

    def registers_over(
        self, device: Device, given: Assignment, function: Function, read: Callable[[int, int], int]
    ) -> Sequence[Register]:
        """Of the IGD the header and the capabilities that xen-pt knows; in dom0 nothing is emulated."""
        if self.on_host or function.bdf != device.devfn:
            return self.registers(device, given, function)
        self._table = config.emulated(read)
        return [*given.registers, *self._table.registers(self.options.permissive)]

    @property
    def routes_config(self) -> bool:
        """Where the user asks, in a guest."""
        return bool(self.options.config_space) and not self.on_host

    def config_design(self, device: Device, board: ConfigBoard) -> ConfigDesign | None:
        """Its ioreq servers, where the user asks who answers."""
        return chipset.design(self.options, device, board) if self.routes_config else None

    def dropped(self, device: Device, bdf: int, offset: int, width: int, value: int) -> Sequence[str]:
        """What was written where, and the advice: xen-pt says it once a device."""
        mask = self._table.inhibited(offset, width, self.options.permissive)
        if mask is None:
            return ()
        place = f"[00:{bdf >> 3 & 31:02x}.{bdf & 7}] "
        text = f"Write-back to unknown field 0x{offset:02x} (partially) inhibited (0x{mask:0{2 * width}x})"
        return [place + line for line in (text, *_PERMISSIVE)]

    def owner(self, device: Device, function: Function) -> Owner | None:
        """vPCI, of an assigned function with that backend."""
        if not self.options.by_vpci(IGD if function.bdf == device.devfn else function.host):
            return None
        from fwsim.hypervisor.xen.by_vpci import shown

        return shown(function)

    def check_assigned(self, functions: Collection[int], machine: str) -> None:
        """The entries of ``pci`` against the host's functions. Raises FwsimError, pointing at the entry."""
        resolved(self.options.pci, functions, machine)

    def ram_end(self, device: Device, low: int) -> int:
        """libxl moves RAM out of a reserved region's way."""
        return low if self.on_host else libxl.low_end(self.options, low)

    def identity(self, device: Device) -> Sequence[tuple[int, int]]:
        """A guest's are its RMRRs; dom0's is stolen memory where e820, the RMRRs or the command line say so."""
        if not self.on_host:
            return libxl.regions(self.row, self.options, self.ram_end(device, device.ram)).mapped
        if self.options.reserved or self.options.inclusive or self.options.no_igfx:
            return [(device.bdsm, device.bdsm + device.stolen)]
        return [(each.start, each.last + 1) for each in self.options.rmrr]

    def fix_rom(self, image: bytes, device: Device) -> bytes | None:
        """The device id in PCIR, and the sum in the image's last byte (xen_pt_setup_vga).

        QEMU leaves a wrong sum alone where the id is right; SeaBIOS would not run that image. Here it is made right.
        """
        pointer, length = int.from_bytes(image[0x18:0x1A], "little"), image[2] * 512 if len(image) > 2 else 0
        if not 0 < length <= len(image) or pointer + 8 > length:
            return None
        fixed = bytearray(image)
        fixed[pointer + 6 : pointer + 8] = device.device_id.to_bytes(2, "little")
        fixed[length - 1] = fixed[length - 1] - sum(fixed[:length]) & 0xFF
        return bytes(fixed)

    def opregion_cut(self, content: bytes, asls: int) -> str:
        """Three pages from the one that it begins in: an extended VBT behind them is not the guest's."""
        if self.on_host:
            return ""
        from fwsim.rom.opregion import parse_opregion

        found = parse_opregion(content, [])
        if found.version < 0x200 or not found.rvda or not found.rvds:
            return ""
        rvda, rvds = found.rvda, found.rvds
        first = asls // _PAGE * _PAGE
        at = rvda if found.version == 0x200 else asls + rvda
        if first <= at and at + rvds <= first + _OPREGION_PAGES * _PAGE:
            return ""
        end = first + _OPREGION_PAGES * _PAGE - 1
        return f"the extended VBT at {at:#x}, {rvds:#x} bytes, is not in the three pages mapped, which end at {end:#x}"

    def written(
        self, device: Device, bdf: int, offset: int, old: int, new: int, read: Callable[[int, int], int]
    ) -> Reaction | None:
        """The first write of ASLS maps the host's OpRegion there, at the offset in its page; later ones are ignored."""
        if old:
            return Reaction(value=old)
        return Reaction(value=new & ~0xFFF | device.asls & 0xFFF, opregion_at=new & ~0xFFF, pages=_OPREGION_PAGES)
