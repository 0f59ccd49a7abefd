"""The type of a row: the graphics device of one host cpu, with its BARs, GTT, stolen memory and ids."""

from typing import Literal

from msgspec import Struct

from fwsim.registers.gms import SizeRule
from fwsim.registers.pte import PteFormat, pte_format

BarKind = Literal["io", "mem", "pref"]
_GSM_SIZE = 8 << 20
"""Of Meteor Lake's LMEMBAR the GTT's stolen memory (Linux i915 gem/i915_gem_stolen.c, i915_gem_stolen_lmem_setup)."""


class Bar(Struct, frozen=True):
    """One base address register of 00:02.0: ``index`` 0-5 (config 0x10 + 4 * index), ``size`` in bytes.

    ``kind``: io ports, mem (not prefetchable), pref (prefetchable memory). A 64-bit BAR takes the next index as well.
    """

    index: int
    size: int
    kind: BarKind
    is64: bool
    role: str

    @property
    def offset(self) -> int:
        """Its offset in PCI configuration space."""
        return 0x10 + 4 * self.index

    @property
    def type_bits(self) -> int:
        """The read-only low bits a read of the BAR shows: 1 io, 4 for 64-bit, 8 for prefetchable."""
        return 1 if self.kind == "io" else 4 * self.is64 | 8 * (self.kind == "pref")


class Family(Struct, frozen=True):
    """One host.cpu. Sizes in bytes, addresses physical, offsets in PCI configuration space unless said otherwise."""

    name: str
    title: str
    gen: int
    pte: str
    """Name of the PTE format (``pte.FORMATS``)."""
    bars: tuple[Bar, ...]
    mmio_bar: int
    """Index of the BAR with the registers; they lie at its start, ``mmio_size`` bytes."""
    mmio_size: int
    gtt_bar: int
    gtt_offset: int
    """Where the GTT begins inside BAR ``gtt_bar``."""
    gtt_size: int
    aperture_bar: int
    io_bar: int | None
    """Index of the index/data port pair's BAR; None where there is none."""
    ggc_bridge: int
    """Offset of GGC (GMCH_CTRL before gen 6) on 00:00.0."""
    ggc_igd: int | None
    """Offset of its read-only mirror on 00:02.0; None on 830 and 845."""
    ggc: int
    gms: SizeRule
    ggms: SizeRule | None
    bdsm_register: int | None
    """Offset of BDSM on 00:02.0; None where the base is derived from other registers (gen 2) or fixed (Meteor Lake)."""
    bdsm_width: int
    bdsm: int
    """Base of the data stolen memory, lock bit left out."""
    tolud: int
    asls: int
    device_id: int
    revision: int
    host_bridge_id: int
    lpc_id: int
    pch: str
    displays: tuple[str, ...]
    """What is attached when the scenario does not say: the port a POST of this family's images works best with."""
    panel: str
    """The laptop panel's usual port: lvds, edp, or empty for a desktop part."""
    origin: str
    """Where ggc, bdsm, tolud and asls were seen, or how they follow from one another."""

    @property
    def pte_format(self) -> PteFormat:
        """The PTE format's row."""
        return pte_format(self.pte)

    @property
    def pte_width(self) -> int:
        """Bytes of one GTT entry."""
        return self.pte_format.width

    @property
    def stolen_size(self) -> int:
        """Bytes of data stolen memory that the default ``ggc`` gives."""
        return self.gms.decode(self.ggc)

    @property
    def gsm_size(self) -> int:
        """Bytes of stolen memory for the GTT that the default ``ggc`` gives; 0 before G33."""
        return self.ggms.decode(self.ggc) if self.ggms else 0

    @property
    def bgsm(self) -> int:
        """Base of the GTT stolen memory, right below the data stolen memory; 0 where there is none."""
        return self.bdsm - self.gsm_size if self.gsm_size else 0

    @property
    def local_memory(self) -> int:
        """Where stolen memory begins in the device's own memory, which BAR2 shows; 0 where the device has none."""
        return _GSM_SIZE if any(bar.role == "LMEMBAR" for bar in self.bars) else 0

    def bar(self, index: int) -> Bar | None:
        """The BAR at ``index``, or None."""
        return next((bar for bar in self.bars if bar.index == index), None)
