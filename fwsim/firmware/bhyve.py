"""bhyve's GVT-d puts stolen memory and OpRegion where the host has them if that is guest RAM, else below the top.

Source: FreeBSD usr.sbin/bhyve/amd64/pci_gvt-d.c (old and with gen11) and e820.c. bhyve places BARs itself; its firmware
keeps them, so none are given here.
"""

from __future__ import annotations

from fwsim.errors import FwsimError
from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.interface import Allocator, SizeSource
from fwsim.firmware.request import Function, Options, Placement, Request
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import U32, align_down, align_up

FOUR_GIB, MIB, KIB = 1 << 32, 1 << 20, 1 << 10
LOW_LIMIT = 3 << 30
GSM_ALIGN, OPREGION_ALIGN = MIB, 1


def allocate(memory_map: E820Map, host: int, size: int, align: int, limit: int = FOUR_GIB) -> int | None:
    """The guest address for ``size`` bytes that lie at ``host``: the same one if it is all RAM there, else the highest.

    The identity needs no alignment; the fallback is ``align``-aligned, below ``limit``, from the highest RAM entry that
    has room. None where there is none.
    """
    ram = [entry for entry in memory_map if entry.type == E820Type.RAM]
    if any(entry.start <= host and host + size <= entry.end for entry in ram):
        return host
    for entry in reversed(ram):
        end = min(entry.end, limit)
        address = align_down(end - size, align)
        if address > 0 and address >= align_up(entry.start, align):
            return address
    return None


def guest_map(ram: int) -> E820Map:
    """bhyve's map for ``ram`` bytes: low RAM up to 3 GiB without the VGA and ROM hole, the rest from 4 GiB up."""
    low = min(ram, LOW_LIMIT)
    memory_map = E820Map([(0, min(low, 0xA0000), E820Type.RAM)])
    if low > MIB:
        memory_map.add(MIB, low - MIB, E820Type.RAM)
    if ram > low:
        memory_map.add(FOUR_GIB, ram - low, E820Type.RAM)
    return memory_map


class Bhyve(Allocator):
    """The allocator's row: "gvt-d" (before gen11 was known) and "gen11"."""

    name = "bhyve"
    versions = ("gvt-d", "gen11")
    default_version = "gen11"
    guest_of = "bhyve"
    maps_stolen = False

    def size_from(self, options: Options) -> SizeSource:
        """The device model reads the host's registers."""
        return "host"

    def ecam(self, machine: str, version: str) -> tuple[int, int] | None:
        """256 MiB at E0000000 (usr.sbin/bhyve/pci_emul.h, PCI_EMUL_ECFG_BASE), whatever the machine."""
        return 0xE0000000, 0xF0000000

    def has_chip(self, machine: str, bdf: int) -> bool:
        """The host bridge only: the device model has no south bridge of QEMU's."""
        return bdf == 0

    def exactness(self, version: str, options: Options) -> Exactness:
        """Nothing of it was held against a running bhyve."""
        return of_each("bdsm asls e820", Known("read", "FreeBSD usr.sbin/bhyve/amd64/pci_gvt-d.c, e820.c"))

    def place(self, request: Request) -> Placement:
        """Place the IGD's memory; needs ``request.host``. BDSM is at 0xC0 from gen11 on with version gen11.

        Raises FwsimError for an unknown version.
        """
        version = request.version or self.default_version
        if version not in self.versions:
            raise FwsimError("no rules for this bhyve", found=repr(version), expected=", ".join(self.versions))
        memory_map = E820Map(request.e820) if request.e820 else guest_map(request.ram)
        out = Placement()
        for function in request.functions:
            if function.vendor == 0x8086 and function.class_code >> 16 == 0x03:
                _set_up(request, function, version, memory_map, out)
        out.e820 = memory_map.rows()
        return out


BHYVE = Bhyve()
place = BHYVE.place


def _set_up(request: Request, function: Function, version: str, memory_map: E820Map, out: Placement) -> None:
    host = request.host
    if host.bdsm_size:
        base = host.bdsm & ~0xFFFFF
        address = allocate(memory_map, base, host.bdsm_size, GSM_ALIGN)
        if address is None:
            _refuse(out, "Graphics Stolen Memory", base, host.bdsm_size)
            return
        _warn_moved(out, "Graphics Stolen Memory", base, address)
        memory_map.add(address, host.bdsm_size, E820Type.RESERVED)
        wide = version == "gen11" and host.gen >= 11
        out.bdsm[function.bdf] = address
        out.bdsm_register[function.bdf] = 0xC0 if wide else 0x5C
        out.bdsm_size[function.bdf] = host.bdsm_size
        out.bdsm_value[function.bdf] = address | (host.bdsm_raw & 0xFFFFF)  # the host's low bits, the lock among them
    if request.opregion_size:
        address = allocate(memory_map, host.asls, request.opregion_size, OPREGION_ALIGN)
        if address is None:
            _refuse(out, "OpRegion", host.asls, request.opregion_size)
            return
        _warn_moved(out, "OpRegion", host.asls, address)
        memory_map.add(address, request.opregion_size, E820Type.NVS)
        out.asls[function.bdf] = address & U32


def _refuse(out: Placement, what: str, host: int, size: int) -> None:
    """bhyve ends: the guest is never started."""
    step = "gvt_d_setup_gsm" if what.startswith("Graphics") else "gvt_d_setup_opregion"
    out.boot = f"{step}: Unable to add {what} to E820 table (hpa {host:#x} len {size:#x})"
    out.warnings += [out.boot, f"gvt_d_init: Unable to setup {what}"]


def _warn_moved(out: Placement, what: str, host: int, address: int) -> None:
    if address != host:
        out.warnings.append(
            f"Warning: Unable to reuse host address of {what}. GPU passthrough might not work properly. "
            f"({address:#x} instead of {host:#x})"
        )
