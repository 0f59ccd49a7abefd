"""ACRN puts stolen memory and OpRegion at a fixed address before gen11, where the host has them from there on.

Source: ACRN devicemodel/hw/pci/passthrough.c, hw/pci/igd_pciids.h, core/sw_load_common.c; hypervisor/dm/vpci.
"""

from __future__ import annotations

from dataclasses import dataclass

from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.interface import Allocator, SizeSource
from fwsim.firmware.request import IGD_BDF, Function, Options, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.registers.family import Family

MIB, FOUR_GIB = 1 << 20, 1 << 32
_U32 = FOUR_GIB - 1
DSM_GPA = 0x7C000000
OPREGION_SIZE = 0x5000
LOW_LIMIT = 0x80000000
MMIO32 = (0x80000000, 0xE0000000)
ECAM = (0xE0000000, 0x10000000)
PRELAUNCHED_OPREGION = LOW_LIMIT - MIB - MIB - OPREGION_SIZE
"""A pre-launched VM's OpRegion: below 1 MiB of ACPI NVS and 1 MiB of ACPI data at the top of 2 GiB."""
_ODD_SIZES = {0x20: 1024, 0x30: 1536, 0x40: 2048}


def dsm_size(ggc: int) -> int:
    """Bytes of stolen memory for the word at 0x50; 0 for a code that ACRN refuses, which abandons the set-up."""
    code = ggc >> 8 & 0xFF
    if code <= 0x10:
        return code * 32 * MIB
    if 0xF0 <= code <= 0xFE:
        return (code - 0xEF) * 4 * MIB
    return _ODD_SIZES.get(code, 0) * MIB


@dataclass(frozen=True, slots=True)
class Igd:
    """Guest addresses and the values that the guest reads from ASLS and BDSM (whose high dword is 0 from gen11 on).

    ``dsm`` is where stolen memory is mapped; above 4 GiB, ``opregion`` and ``bdsm`` have the low 32 bits only.
    """

    dsm: int
    opregion: int
    asls: int
    bdsm: int
    bdsm_register: int


def guest_addresses(gen: int, host_bdsm: int, host_asls: int) -> Igd:
    """The addresses for a host whose BDSM register reads ``host_bdsm``, 64 bits from gen11 on."""
    wide = gen >= 11
    dsm = host_bdsm & -MIB if wide else DSM_GPA
    opregion = dsm - OPREGION_SIZE & _U32
    read = dsm & _U32 | host_bdsm & MIB - 1
    return Igd(dsm, opregion, opregion | (host_asls & 0xFFF), read, 0xC0 if wide else 0x5C)


def _mapped(igd: Igd, size: int) -> list[tuple[int, int]]:
    end = igd.opregion + OPREGION_SIZE
    if end == igd.dsm:
        return [(igd.opregion, end + size)]
    return [(igd.opregion, end), (igd.dsm, igd.dsm + size)]


class Acrn(Allocator):
    """The allocator's row: ACRN's device model of 2025 (d61d98cf)."""

    name = "acrn"
    title = "ACRN's device model"
    versions = ("d61d98cf",)
    default_version = "d61d98cf"
    guest_of = "acrn"

    def size_from(self, options: Options) -> SizeSource:
        """The device model reads the host's GGC."""
        return "ggc"

    def announced(self, family: Family, device: int, ggc: int, options: Options) -> int:
        """The same codes for every generation."""
        return dsm_size(ggc)

    def ecam(self, machine: str, version: str) -> tuple[int, int] | None:
        """At E0000000, whatever the machine."""
        return ECAM[0], sum(ECAM)

    def has_chip(self, machine: str, bdf: int) -> bool:
        """The host bridge only: the device model has no south bridge of QEMU's."""
        return bdf == 0

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """The device model looks at one slot only."""
        if (why := super().why_none(request, display, out)) or display.bdf == IGD_BDF:
            return why
        return f"the device is at {display.bdf_text}: stolen memory is for 00:02.0 only"

    def exactness(self, version: str, options: Options) -> Exactness:
        """Nothing of it was held against a running ACRN."""
        source = "acrn-hypervisor d61d98cf: devicemodel/hw/pci/passthrough.c, igd_pciids.h, core/sw_load_common.c"
        return of_each("bdsm asls e820", Known("read", source))

    def place(self, request: Request) -> Placement:
        """Place the IGD's memory for the device at 00:02.0; needs ``request.host`` and the function's ``ggc``."""
        out = Placement()
        low, high = request.ram_split(LOW_LIMIT)
        memory_map = E820Map([(0, low, E820Type.RAM)])
        memory_map.remove(0xA0000, 0x60000)
        memory_map.add(*ECAM, E820Type.RESERVED)
        if high:
            memory_map.add(FOUR_GIB, high, E820Type.RAM)
        out.windows["mem32"] = MMIO32
        function = next((f for f in request.functions if f.bdf == IGD_BDF and f.vendor == 0x8086), None)
        size = dsm_size(function.ggc or 0) if function is not None else 0
        if function is not None and not size:
            out.warnings.append(f"GVT-d: unsupported GMS in GGC {function.ggc or 0:#06x}, set-up abandoned")
        elif function is not None:
            gen = request.host.gen
            if not gen:
                out.warnings.append("GVT-d: unknown device id, taken as generation 11")
            igd = guest_addresses(gen or 11, request.host.bdsm_raw or request.host.bdsm, request.host.asls)
            memory_map.add(igd.opregion, OPREGION_SIZE + size, E820Type.RESERVED)
            out.asls[function.bdf] = igd.asls
            out.bdsm[function.bdf], out.bdsm_size[function.bdf] = igd.bdsm & -MIB, size
            out.bdsm_register[function.bdf], out.bdsm_value[function.bdf] = igd.bdsm_register, igd.bdsm
            out.mapped += _mapped(igd, size)
            if igd.dsm >= FOUR_GIB:
                out.notes.append(
                    f"the host's stolen memory is mapped at {igd.dsm:#x}, and the guest reads the low 32 bits of that, "
                    f"{igd.bdsm & -MIB:#x}"
                )
        out.e820 = memory_map.rows()
        return out


ACRN = Acrn()
place = ACRN.place
