"""What differs between OVMF builds, as far as placement goes: one row a build.

Rules are edk2's at the tags edk2-stable202211 and edk2-stable202502, and at c5aa7e7d for 2026.08; distances are of
Debian's builds, measured in QEMU 7.2 and 11.1.3 (TCG). Builds with SMM (secboot) were not: theirs lies below TSEG.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fwsim.errors import FwsimError

DEFAULT = "2022.11"
Span = tuple[int, int]


class Version(Struct, frozen=True):
    """One build's facts. Sizes and distances in bytes; ``package`` is where its numbers were measured.

    ``ecam``: PcdPciExpressBaseAddress. ``max_bits``: the most address bits that it uses (PlatformInitLib/MemDetect.c,
    PlatformAddressWidthFromCpuid). ``steps_aside``: its dynamic 64-bit window moves below what QEMU reserves
    (PlatformReservationConflictCB). ``huge_tables``: its page tables have 1 GiB pages where the CPU has
    (PcdUse1GPageTable; 2022.11's 4M build does not set it, for its PEI is IA32). ``full_cap``: the cap on PEI's memory
    counts a level 5 table and the AP stacks (PlatformPei/MemDetect.c, GetPeiMemoryCap). ``bins_first``: PEI takes the
    memory type bins before the page tables, else DXE takes them below.

    Measured: ``pei_top``, what PEI takes below S3's memory, and ``pei_cpu`` for each further CPU; ``below_tables``,
    between the page tables and the bins; ``first_run``, where the first large free run begins, ``low_runs`` below it;
    ``bin_runs``, what is free in the bins, as distances to the end of the NVS bin; ``dxe``, what DXE takes below that,
    ``dxe_rdrand`` more with RDRAND (drivers of the network wait for random numbers), ``dxe_low`` more on pc without RAM
    above 4 GiB, ``dxe_cpu`` for each further CPU and ``dxe_cpus`` once; ``between``, a free run inside of that: its
    start from DXE's lower end, its end from the upper one, and the end with RDRAND.
    """

    name: str
    package: str
    ecam: int
    max_bits: int
    steps_aside: bool
    huge_tables: bool
    full_cap: bool
    bins_first: bool
    pei_top: int
    pei_cpu: int
    below_tables: int
    first_run: int
    low_runs: tuple[Span, ...]
    bin_runs: tuple[Span, ...]
    dxe: int
    dxe_rdrand: int
    dxe_cpu: int
    dxe_cpus: int = 0
    dxe_low: int = 0
    between: tuple[int, int, int] | None = None

    @property
    def measured(self) -> str:
        """What was measured, and of what there was no boot."""
        return (
            f"boots of Debian's ovmf {self.package} under TCG, with up to 64 CPUs of 36, 39, 40 and 46 address bits; "
            f"under KVM none was made; an OpRegion past {self.nvs_room >> 10} KiB may be some pages off"
        )

    @property
    def nvs_room(self) -> int:
        """The largest OpRegion that the NVS bin has room for; a larger one lies where DXE's memory ends."""
        return self.bin_runs[-2][0] - self.bin_runs[-2][1]


_V202211 = Version(
    "2022.11", "2022.11-6+deb12u2, OVMF_CODE_4M.fd", 0xB0000000, 47, steps_aside=False, huge_tables=False,
    full_cap=False, bins_first=False, pei_top=0xF7000, pei_cpu=0x8000, below_tables=0x2000, first_run=0x1500000,
    low_runs=((0x0, 0xA0000), (0x100000, 0x806000), (0x808000, 0x810000)),
    bin_runs=((0x312000, 0x2E2000), (0x212000, 0x1A6000), (0x112000, 0xC1000), (0x92000, 0x8A000), (0x80000, 0x22000),
              (0x21000, 0x14000)),
    dxe=0x12BA000, dxe_rdrand=0, dxe_cpu=0x8000, dxe_cpus=-0x1000, dxe_low=0x2000,
)  # fmt: skip
_V202211_2M = replace(
    _V202211, name="2022.11-2M", package="2022.11-6+deb12u2, OVMF_CODE.fd", huge_tables=True, pei_top=0x9D000,
    below_tables=0x1000, low_runs=((0x0, 0xA0000), (0x100000, 0x800000), (0x808000, 0x80B000), (0x80C000, 0x810000)),
    bin_runs=((0x312000, 0x2EB000), (0x212000, 0x1A6000), (0x112000, 0xB6000), (0x92000, 0x8A000), (0x80000, 0x22000),
              (0x21000, 0x17000)),
    dxe=0x12B3000, dxe_cpus=-0x4000, dxe_low=0,
)  # fmt: skip
_V202502 = Version(
    "2025.02", "2025.02-8+deb13u1, OVMF_CODE_4M.fd", 0xE0000000, 46, steps_aside=True, huge_tables=True,
    full_cap=True, bins_first=False, pei_top=0x109000, pei_cpu=0x8000, below_tables=0x1000, first_run=0x1780000,
    low_runs=((0x0, 0xA0000), (0x100000, 0x800000), (0x808000, 0x80B000), (0x80C000, 0x811000)),
    bin_runs=((0x312000, 0x27A000), (0x212000, 0x13A000), (0x112000, 0xC4000), (0x92000, 0x8A000), (0x80000, 0x22000),
              (0x21000, 0x17000)),
    dxe=0x1147000, dxe_rdrand=0xAD000, dxe_cpu=0x8000,
)  # fmt: skip
_V202608 = Version(
    "2026.08", "2026.08+ds-2, OVMF_CODE_4M.fd", 0xE0000000, 46, steps_aside=True, huge_tables=True, full_cap=True,
    bins_first=True, pei_top=0x8C000, pei_cpu=0, below_tables=0, first_run=0x1780000,
    low_runs=((0x0, 0x87000), (0x100000, 0x800000), (0x808000, 0x80B000), (0x80C000, 0x812000), (0x813000, 0x814000)),
    bin_runs=((0x312000, 0x27C000), (0x212000, 0x13A000), (0x112000, 0xC6000), (0x92000, 0x8A000), (0x80000, 0x22000),
              (0x21000, 0x19000)),
    dxe=0x1528000, dxe_rdrand=0xE2000, dxe_cpu=0x11000, between=(0x155000, 0x134C000, 0x144D000),
)  # fmt: skip

VERSIONS: dict[str, Version] = {row.name: row for row in (_V202211, _V202211_2M, _V202502, _V202608)}


def version_row(text: str) -> Version:
    """The row of a version's name, "" for the default. Raises FwsimError."""
    row = VERSIONS.get(text or DEFAULT)
    if row is None:
        raise FwsimError("no rules for this OVMF version", found=repr(text), expected=", ".join(VERSIONS))
    return row
