"""OVMF's PCI windows: the 32-bit layout by machine and RAM, the 64-bit one by the CPU's address bits.

Source: edk2 OvmfPkg/Library/PlatformInitLib, MemDetect.c and Platform.c.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.firmware.ovmf.versions import Version
from fwsim.firmware.request import Cpu
from fwsim.memory.e820 import E820Map, E820Type
from fwsim.memory.ranges import align_up

FOUR_GIB = 1 << 32
CLASSIC_WINDOW64 = 32 << 30
ECAM_SIZE = 0x10000000
IO_PORTS = {"pc": (0xC000, 0x4000), "q35": (0x6000, 0xA000)}
_MMIO_END = 0xFC000000
_LEAST_BITS = 36
"""What OVMF takes for a CPU whose address bits it does not believe."""
_TABLE_BITS = 40
"""The most that it uses where page tables have no 1 GiB pages."""


class Aperture(Struct, frozen=True):
    """The 32-bit layout: start of uncached memory, PCI window [base, end), (first port, count), ECAM or None."""

    uc32_base: int
    mmio_base: int
    mmio_end: int
    io: tuple[int, int]
    pciexbar: int | None


def aperture(machine: str, low_memory: int, version: Version) -> Aperture:
    """The layout for ``low_memory`` bytes of RAM below 4 GiB on "pc" or "q35". Raises FwsimError for too many.

    With the ECAM at B0000000h the window is above it, and uncached memory begins at 2 GiB or with the ECAM
    (PlatformQemuUc32BaseInitialization at edk2-stable202211); at E0000000h it ends there.
    """
    most = version.ecam if machine == "q35" else FOUR_GIB - 1
    if not 0 < low_memory <= most:
        raise FwsimError("OVMF asserts on this much RAM below 4 GiB", found=hex(low_memory), expected=f"to {most:#x}")
    uc32 = FOUR_GIB - (1 << (FOUR_GIB - low_memory).bit_length() - 1)
    uc32 = max(uc32, 0x80000000)
    if machine != "q35":
        return Aperture(uc32, uc32, _MMIO_END, IO_PORTS["pc"], None)
    if version.ecam >= 0xE0000000:
        return Aperture(uc32, uc32, version.ecam, IO_PORTS["q35"], version.ecam)
    uc32 = 0x80000000 if low_memory <= 0x80000000 else version.ecam
    return Aperture(uc32, version.ecam + ECAM_SIZE, _MMIO_END, IO_PORTS["q35"], version.ecam)


def believed_bits(cpu: Cpu, version: Version) -> int:
    """The address bits that OVMF uses of ``cpu``'s; 0 where it does not believe them.

    QEMU's own default of 40 bits is told by the vendor that no such CPU has (PlatformAddressWidthFromCpuid).
    """
    known = {"GenuineIntel": (36, 39), "AuthenticAMD": (40,)}.get(cpu.vendor, ())
    if cpu.phys_bits < 41 and cpu.phys_bits not in known:
        return 0
    bits = min(cpu.phys_bits, version.max_bits)
    return bits if cpu.one_gib_pages else min(bits, _TABLE_BITS)


def table_bits(cpu: Cpu, version: Version, ram_end: int) -> int:
    """The address bits that page tables cover; without any that are believed, as many as the 64-bit window takes."""
    return believed_bits(cpu, version) or max((sum(_classic(ram_end)) - 1).bit_length(), _LEAST_BITS)


def window64(cpu: Cpu, version: Version, memory: E820Map) -> tuple[int, int]:
    """(Base, size) of the 64-bit window: the top eighth of the address space, or 32 GiB behind RAM.

    The eighth counts where it is more than 32 GiB and above RAM (PlatformDynamicMmioWindow); newer versions move it
    below what ``memory`` has reserved there, which is how an AMD's 40 bits come to C000000000h.
    """
    base, size = _classic(FOUR_GIB + memory.ram_over_4g())
    bits = believed_bits(cpu, version)
    eighth = 1 << bits >> 3
    if eighth <= size or base + eighth >= 1 << bits:
        return base, size
    base = (1 << bits) - eighth
    if version.steps_aside:
        for start, end, kind in memory.rows():
            if kind == E820Type.RESERVED.name and max(start, base) < min(end, base + eighth):
                base = start - eighth & -eighth
    return base, eighth


def _classic(ram_end: int) -> tuple[int, int]:
    return align_up(ram_end, CLASSIC_WINDOW64), CLASSIC_WINDOW64
