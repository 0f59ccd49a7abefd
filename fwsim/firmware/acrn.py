"""ACRN puts stolen memory and OpRegion at a fixed address before gen11, where the host has them from there on.

Source: ACRN devicemodel/hw/pci/passthrough.c, hw/pci/igd_pciids.h, core/sw_load_common.c; hypervisor/dm/vpci. The
releases at their tags v2.4 to v3.3; the device model of a year later, d61d98cf, is as 3.3.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.errors import FwsimError
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
_FIXED_SIZE = 64 * MIB
"""GPU_DSM_SIZE, up to 3.2: whatever the host's GGC says."""
_EHL = (0x4500, 0x4541, 0x4551, 0x4571)
_TGL = (0x9A40, 0x9A49, 0x9A59, 0x9A60, 0x9A68, 0x9A70, 0x9A78, 0x9AC0, 0x9AC9, 0x9AD9, 0x9AF8)
_ADLS = (0x4680, 0x4681, 0x4682, 0x4683, 0x4690, 0x4691, 0x4692, 0x4693, 0x4698, 0x4699)
_ADLP = (
    0x4626, 0x4628, 0x462A, 0x46A0, 0x46A1, 0x46A2, 0x46A3, 0x46A6, 0x46A8, 0x46AA, 0x46B0, 0x46B1, 0x46B2, 0x46B3,
    0x46C0, 0x46C1, 0x46C2, 0x46C3,
)  # fmt: skip
_RPL = (
    0x46D0, 0x46D1, 0x46D2, 0xA780, 0xA781, 0xA782, 0xA783, 0xA788, 0xA789, 0xA78A, 0xA78B, 0xA721, 0xA7A1, 0xA7A9,
    0xA720, 0xA7A0, 0xA7A8,
)  # fmt: skip
_ODD_SIZES = {0x20: 1024, 0x30: 1536, 0x40: 2048}


def dsm_size(ggc: int) -> int:
    """Bytes of stolen memory for the word at 0x50; 0 for a code that ACRN refuses, which abandons the set-up."""
    code = ggc >> 8 & 0xFF
    if code <= 0x10:
        return code * 32 * MIB
    if 0xF0 <= code <= 0xFE:
        return (code - 0xEF) * 4 * MIB
    return _ODD_SIZES.get(code, 0) * MIB


class Rules(Struct, frozen=True):
    """What differs between releases. ``wide``: the devices whose BDSM it takes for 64 bits; None: by generation.

    ``opregion``: bytes that it maps. ``fixed``: bytes of stolen memory; 0: as GGC says. ``prelaunched``: the hypervisor
    itself places, the OpRegion alone.
    """

    wide: tuple[int, ...] | None = None
    opregion: int = OPREGION_SIZE
    fixed: int = 0
    prelaunched: bool = False

    def is_wide(self, device_id: int, gen: int) -> bool:
        """Whether BDSM is at C0h, and stolen memory where the host has it."""
        return gen >= 11 if self.wide is None else device_id in self.wide

    def size(self, ggc: int) -> int:
        """Bytes of stolen memory; 0 where the set-up is abandoned."""
        return self.fixed or dsm_size(ggc)


RULES = {
    "2.4": Rules((0x4571, 0x9A49), 0x4000, _FIXED_SIZE), "2.6": Rules((*_EHL, *_TGL, *_ADLS), 0x4000, _FIXED_SIZE),
    "2.7": Rules((*_EHL, *_TGL, *_ADLS), fixed=_FIXED_SIZE),
    "3.0": Rules((*_EHL, *_TGL, *_ADLS, *_ADLP), fixed=_FIXED_SIZE),
    "3.2": Rules((*_EHL, *_TGL, *_ADLS, *_ADLP, *_RPL), fixed=_FIXED_SIZE), "d61d98cf": Rules(),
    "pre-launched": Rules(prelaunched=True),
}  # fmt: skip
"""By the first release that has them; a pre-launched VM's since 2.7."""


class Igd(Struct, frozen=True):
    """Guest addresses and the values that the guest reads from ASLS and BDSM (whose high dword is 0 from gen11 on).

    ``dsm`` is where stolen memory is mapped; above 4 GiB, ``opregion`` and ``bdsm`` have the low 32 bits only.
    """

    dsm: int
    opregion: int
    asls: int
    bdsm: int
    bdsm_register: int


def guest_addresses(wide: bool, host_bdsm: int, host_asls: int, opregion_size: int = OPREGION_SIZE) -> Igd:
    """The addresses for a host whose BDSM register reads ``host_bdsm``, 64 bits where it is ``wide``."""
    dsm = host_bdsm & -MIB if wide else DSM_GPA
    opregion = dsm - opregion_size & _U32
    read = dsm & _U32 | host_bdsm & MIB - 1
    return Igd(dsm, opregion, opregion | (host_asls & 0xFFF), read, 0xC0 if wide else 0x5C)


def prelaunched_asls(host_asls: int) -> int:
    """What a pre-launched VM reads from ASLS."""
    return PRELAUNCHED_OPREGION | host_asls & 0xFFF


def _mapped(igd: Igd, size: int, opregion_size: int) -> list[tuple[int, int]]:
    end = igd.opregion + opregion_size
    if end == igd.dsm:
        return [(igd.opregion, end + size)]
    return [(igd.opregion, end), (igd.dsm, igd.dsm + size)]


class Acrn(Allocator):
    """The allocator's row: ACRN's device model by release, and the hypervisor's own for pre-launched VMs."""

    name = "acrn"
    title = "ACRN's device model"
    versions = tuple(RULES)
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
        """The device model looks at one slot only; a pre-launched VM is given none."""
        if RULES[request.version or self.default_version].prelaunched:
            return "ACRN's hypervisor maps no stolen memory into a pre-launched VM"
        if (why := super().why_none(request, display, out)) or display.bdf == IGD_BDF:
            return why
        return f"the device is at {display.bdf_text}: stolen memory is for 00:02.0 only"

    def exactness(self, version: str, options: Options) -> Exactness:
        """Nothing of it was held against a running ACRN."""
        files = "devicemodel/hw/pci/passthrough.c, igd_pciids.h, core/sw_load_common.c"
        if RULES[version or self.default_version].prelaunched:
            files = "hypervisor/dm/vpci/pci_pt.c, arch/x86/guest/ve820.c"
        source = f"acrn-hypervisor {version or self.default_version}: {files}"
        return of_each("bdsm asls e820", Known("read", source))

    def place(self, request: Request) -> Placement:
        """Place the IGD's memory for the device at 00:02.0; needs ``request.host`` and the function's ``ggc``.

        Raises FwsimError for an unknown version.
        """
        version = request.version or self.default_version
        if version not in RULES:
            raise FwsimError("no rules for this ACRN", found=repr(version), expected=", ".join(RULES))
        rules, out = RULES[version], Placement()
        low, high = request.ram_split(LOW_LIMIT)
        memory_map = E820Map([(0, low, E820Type.RAM)])
        memory_map.remove(0xA0000, 0x60000)
        memory_map.add(*ECAM, E820Type.RESERVED)
        if high:
            memory_map.add(FOUR_GIB, high, E820Type.RAM)
        out.windows["mem32"] = MMIO32
        function = next((f for f in request.functions if f.bdf == IGD_BDF and f.vendor == 0x8086), None)
        if function is not None and rules.prelaunched:
            out.asls[function.bdf] = prelaunched_asls(request.host.asls)
            memory_map.add(PRELAUNCHED_OPREGION, OPREGION_SIZE, E820Type.RESERVED)
            out.mapped.append((PRELAUNCHED_OPREGION, PRELAUNCHED_OPREGION + OPREGION_SIZE))
        elif function is not None and rules.size(function.ggc or 0):
            _set_up(request, function, rules, memory_map, out)
        elif function is not None:
            out.warnings.append(f"GVT-d: unsupported GMS in GGC {function.ggc or 0:#06x}, set-up abandoned")
        out.e820 = memory_map.rows()
        return out


def _set_up(request: Request, function: Function, rules: Rules, memory_map: E820Map, out: Placement) -> None:
    """passthru_gpu_dsm_opregion: both are mapped, and reserved in one entry."""
    gen, size = request.host.gen, rules.size(function.ggc or 0)
    if not gen:
        out.warnings.append("GVT-d: unknown device id, taken as generation 11")
    wide = rules.is_wide(function.device, gen or 11)
    raw = request.host.bdsm_raw or request.host.bdsm
    igd = guest_addresses(wide, raw, request.host.asls, rules.opregion)
    memory_map.add(igd.opregion, rules.opregion + size, E820Type.RESERVED)
    out.asls[function.bdf] = igd.asls
    out.bdsm[function.bdf], out.bdsm_size[function.bdf] = igd.bdsm & -MIB, size
    out.bdsm_register[function.bdf], out.bdsm_value[function.bdf] = igd.bdsm_register, igd.bdsm
    out.mapped += _mapped(igd, size, rules.opregion)
    if igd.dsm >= FOUR_GIB:
        out.notes.append(
            f"the host's stolen memory is mapped at {igd.dsm:#x}, and the guest reads the low 32 bits of that, "
            f"{igd.bdsm & -MIB:#x}"
        )


ACRN = Acrn()
place = ACRN.place
