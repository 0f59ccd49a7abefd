"""What is free when OVMF's drivers start, worked out from the top of RAM below 4 GiB down.

S3's memory comes first, then what PEI takes; page tables; the memory type bins; what DXE takes, of which the start of
PEI's memory is the last. Only the lengths of PEI's and DXE's own part are measured, the rest are edk2's sums.
Source: edk2 OvmfPkg/PlatformPei/MemDetect.c (PublishPeiMemory, GetPeiMemoryCap), MdeModulePkg/Core/DxeIplPeim/X64/
VirtualMemory.c (InitializePageTablePool), OvmfPkg's .dsc (PcdMemoryType..., the bins' lengths).
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from fwsim.firmware.ovmf.pages import PAGE, PageAllocator, Range
from fwsim.firmware.ovmf.versions import Version
from fwsim.firmware.ovmf.window import FOUR_GIB, table_bits
from fwsim.firmware.request import Cpu
from fwsim.memory.ranges import align_up

_MIB = 1 << 20
_POOL = 2 * _MIB
"""Page tables are taken in pieces of this size, on its boundary."""
_S3 = 512 << 10
_STACK = 0x8000
"""Bytes of stack for each CPU (PcdCpuApStackSize), in S3's memory as in PEI's."""
_PEI = 64 * _MIB
_PEI_STACK = 0x20000
"""DXE's stack, at the start of PEI's memory."""
_BINS = {
    "RTData": (0x312000, 0x212000), "RTCode": (0x212000, 0x112000), "Reserved": (0x112000, 0x92000),
    "ACPIReclaim": (0x92000, 0x80000), "NVS": (0x80000, 0x0),
}  # fmt: skip
"""Distances of each bin's start and end to the end of the NVS bin, the topmost."""


class Layout(Struct, frozen=True):
    """Addresses: ``taken`` is the lowest that PEI takes above the page tables, ``tables`` (start, end) these.

    ``nvs_end`` is the end of the bins, ``pei`` the start of PEI's memory, ``dxe`` the lowest that DXE takes in it.
    ``between`` (start, end) is a free run inside of DXE's, (0, 0) without one.
    """

    taken: int
    tables: Range
    nvs_end: int
    pei: int
    dxe: int
    between: Range


def layout(version: Version, machine: str, cpu: Cpu, low_top: int, high_ram: int) -> Layout:
    """The layout for ``low_top`` bytes of RAM below 4 GiB and ``high_ram`` above, on "pc" or "q35"."""
    bits = table_bits(cpu, version, FOUR_GIB + high_ram)
    huge = cpu.one_gib_pages and version.huge_tables
    s3_bottom = low_top - _S3 - cpu.count * _STACK
    cap = _PEI + _tables(bits, huge) * PAGE + (PAGE + cpu.count * _STACK if version.full_cap else 0)
    taken = s3_bottom - version.pei_top - (cpu.count - 1) * version.pei_cpu
    pool = align_up(_tables(bits, huge) + 1, _POOL // PAGE) * PAGE  # a page more has the pool's own header
    if version.bins_first:
        nvs_end, tables = taken, (taken, taken)
    else:
        end = align_up(taken, _POOL) - _POOL  # taken with room to spare, rounded up: AllocateAlignedPages
        tables = (end - pool, end)
        nvs_end = end - pool - version.below_tables
    more = (cpu.count - 1) * version.dxe_cpu + (version.dxe_cpus if cpu.count > 1 else 0)
    above = nvs_end - (pool if version.bins_first else 0)
    dxe = above - version.dxe - (version.dxe_rdrand if cpu.rdrand else 0) - more
    dxe -= version.dxe_low if machine == "pc" and not high_ram else 0
    between = (0, 0)
    if version.between is not None:
        start, end, end_rdrand = version.between
        between = (dxe + start, above - (end_rdrand if cpu.rdrand else end) - more)
    return Layout(taken, tables, nvs_end, s3_bottom - cap, dxe, between)


def _tables(bits: int, huge: bool) -> int:
    """Pages of tables that map ``bits`` address bits on four levels, in pages of 2 MiB or, ``huge``, of 1 GiB."""
    roots = 1 << max(bits - 39, 0)
    return 1 + roots * (1 if huge else 1 + (1 << min(bits, 39) - 30))


@lru_cache(maxsize=64)
def least_ram(version: Version, machine: str, cpu: Cpu) -> int:
    """Bytes of RAM below 4 GiB from which on the layout holds: PEI's memory is above the decompressed firmware."""
    return version.first_run + FOUR_GIB - layout(version, machine, cpu, FOUR_GIB, 0).pei


def page_allocator(version: Version, machine: str, cpu: Cpu, low_top: int, high_ram: int) -> PageAllocator:
    """What OVMF's page allocator has when device drivers start: the free runs below 4 GiB, and the bins."""
    found = layout(version, machine, cpu, low_top, high_ram)
    runs = [*version.low_runs, (version.first_run, found.pei), (found.pei + _PEI_STACK, found.dxe), found.between]
    runs += [(found.nvs_end - start, found.nvs_end - end) for start, end in version.bin_runs]
    runs.append((found.tables[1], found.taken))
    bins = {name: (found.nvs_end - start, found.nvs_end - end) for name, (start, end) in _BINS.items()}
    return PageAllocator([(start, end) for start, end in runs if 0 <= start < end], bins)
