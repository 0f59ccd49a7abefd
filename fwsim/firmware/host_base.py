"""OVMF with EVE's IGD driver puts the guest's stolen memory where the host has it.

From gen 11 on the device keeps pointers into stolen memory that host firmware sets and nobody can change:
STOLEN_RESERVED (MMIO 0x1082C0), RC6_CTX_BASE (0xD48), 0xDC8. They agree with BDSM only where guest and host have the
same base, which QEMU publishes as `etc/igd-stolen-base` (8 bytes, little-endian).
Source: lf-edge/eve pkg/uefi/vfioigd-patches 0002 (memory of the GTT below the data's) and 0003 (host base), pull
request 6432; both are patches to VfioIgdPkg.
"""

from __future__ import annotations

from functools import lru_cache, partial

from fwsim.exactness import Exactness, Known
from fwsim.firmware.ovmf import Edk2, boot
from fwsim.firmware.ovmf.igd import vfioigd
from fwsim.firmware.ovmf.layout import page_allocator
from fwsim.firmware.ovmf.pages import PageAllocator
from fwsim.firmware.ovmf.versions import version_row
from fwsim.firmware.request import Cpu, Function, Options, Placement, Request
from fwsim.memory.ramsplit import ram_split
from fwsim.memory.ranges import Range, align_up

_MIB = 1 << 20
STOLEN_BASE = "etc/igd-stolen-base"
_MOST_RAM = {"pc": 0xE0000000, "q35": 0xB0000000}
"""How far QEMU's RAM below 4 GiB can reach, by machine (QEMU hw/i386/pc_piix.c, pc_q35.c)."""


class HostBase(Edk2):
    """The allocator's row: EVE's IgdAssignmentDxe in the OVMF versions of ``ovmf``."""

    name = "host-base"
    title = "OVMF with EVE's IGD driver"
    at_host_base = True

    def exactness(self, version: str, options: Options) -> Exactness:
        """OVMF's, but for BDSM: EVE's patches were read."""
        return {**super().exactness(version, options), "bdsm": Known("read", "lf-edge/eve pkg/uefi/vfioigd-patches")}

    def place(self, request: Request) -> Placement:
        """Place at ``request.host.bdsm``; a file `etc/igd-stolen-base` in ``fw_cfg`` counts instead, if there is one.

        Where the base cannot be had the driver takes any place, and ``notes`` say why. Raises FwsimError as OVMF does.
        """
        return boot(request, _driver)


HOST_BASE = HostBase()
place = HOST_BASE.place


def gsm_size(ggc: int) -> int:
    """Bytes of GTT stolen memory that the driver keeps below the data's: GGC bits 7:6, 0, 2, 4 or 8 MiB."""
    code = ggc >> 6 & 3
    return _MIB << code if code else 0


def _driver(request: Request, pages: PageAllocator, out: Placement) -> None:
    vfioigd(request, pages, out, partial(_stolen, request, pages, out))


def _stolen(
    request: Request, pages: PageAllocator, out: Placement, function: Function, size: int, register: int
) -> None:
    name = f"SetupStolenMemory: 0000:{function.bdf_text}: "
    gsm = gsm_size(function.ggc or 0) if register == 0xC0 else 0
    total = align_up(size + gsm, 0x1000)
    raw = request.fw_cfg.get(STOLEN_BASE, request.host.bdsm.to_bytes(8, "little") if request.host.bdsm else b"")
    wanted = int.from_bytes(raw, "little") & -_MIB
    base: int | None = None
    if len(raw) == 8 and wanted > gsm:
        free = pages.allocate_at(wanted - gsm, total)
        base = wanted - gsm if free else None
        answer = "Success" if free else "Not Found"
        out.log.append(f"{name}stolen memory at host base 0x{wanted - gsm:X} (size 0x{total:X}): {answer}")
        if not free:
            out.notes.append(_why(request, out, Range(wanted - gsm, wanted - gsm + total)))
    else:
        out.notes.append(f"no {STOLEN_BASE} of 8 bytes: the driver does not know the host's base")
    if base is None:
        base = pages.allocate_aligned("Reserved", total, _MIB)
        if base is None:
            out.log.append(f"{name}failed to allocate stolen memory: Out of Resources")
            return
        out.log.append(
            f"{name}stolen memory NOT at the host base; the GPU's firmware-owned pointers will target "
            "unrelated guest RAM"
        )
    out.bdsm[function.bdf] = base + gsm
    out.bdsm_register[function.bdf] = register
    out.bdsm_size[function.bdf] = align_up(size, 0x1000)
    if gsm:
        out.reserved.append((base, gsm))
    out.log.append(f"{name}BDSM @ 0x{base + gsm:X}, DSM {size // _MIB} MB, GSM 0x{gsm:X} below")


def _why(request: Request, out: Placement, wanted: Range) -> str:
    """Why the host's base is not to be had: a BAR or no RAM there, or memory that the firmware uses itself."""
    what = f"the host's {wanted.start:#x}-{wanted.end - 1:#x}"
    sizes = {(f.bdf, bar.index): (f, bar) for f in request.functions for bar in f.bars if bar.kind != "io"}
    for key, address in out.bars.items():
        if key in sizes and wanted.overlaps(address, sizes[key][1].size):
            function, bar = sizes[key]
            return (
                f"{what} is taken: BAR{bar.index} of {function.bdf_text} is at {address:#x}-{address + bar.size - 1:#x}"
            )
    low, _ = ram_split(request.machine, request.ram, max_low=request.max_low)
    if wanted.end <= low:
        least = least_ram(request.version, request.machine, request.cpu, *wanted)
        more = f": {least >> 20} MiB of RAM would leave it free" if least else ""
        return f"{what} is in guest RAM, but the firmware itself uses part of it{more}"
    text = f"guest RAM below 4 GiB ends at {low:#x}, {what} is not in it"
    least = least_ram(request.version, request.machine, request.cpu, *wanted)
    if least:
        return f"{text}: give the guest {least >> 20} to {(_MOST_RAM[request.machine] >> 20) - 1} MiB of RAM"
    if request.machine != "pc" and least_ram(request.version, "pc", request.cpu, *wanted):
        return f"{text}, nor can it be on {request.machine}: machine pc has up to {_MOST_RAM['pc']:#x}"
    return f"{text}, nor can it be with any size"


@lru_cache(maxsize=256)
def least_ram(version: str, machine: str, cpu: Cpu, start: int, end: int) -> int:
    """The least RAM, in whole MiB, of which OVMF leaves ``start`` to ``end`` free; 0 where none does."""
    row = version_row(version)
    for ram in range(align_up(end, _MIB), _MOST_RAM.get(machine, 0), _MIB):
        if page_allocator(row, machine, cpu, ram, 0).allocate_at(start, end - start):
            return ram
    return 0
