"""The formats of graphics page table entries, by generation, as rows of masks.

A row's address rule is data, so that native code can use the same numbers:
``address = (entry & low_mask) | ((entry & high_mask) << high_shift)``.
Sources: Linux i915 gt/intel_gtt.h and gt/intel_ggtt.c, drivers/char/agp/intel-gtt.c, the GTT chapters of Intel's PRMs.
"""

from msgspec import Struct

from fwsim.errors import FwsimError

VALID = 1
"""Bit 0 of an entry in every format: the entry may be used."""


class PteFormat(Struct, frozen=True):
    """One format: ``width`` bytes an entry, and where the bits of the page address lie in it.

    ``lost_mask`` are address bits that the driver's encoder drops silently instead of carrying them.
    ``flags`` names the bits that are neither validity nor address: (mask, what it says).
    """

    name: str
    width: int
    low_mask: int
    high_mask: int = 0
    high_shift: int = 0
    lost_mask: int = 0
    flags: tuple[tuple[int, str], ...] = ()
    source: str = ""

    @property
    def valid_mask(self) -> int:
        """The bit that makes an entry valid (bit 0 in every format)."""
        return VALID

    @property
    def address_mask(self) -> int:
        """Every physical address bit that the format can express."""
        return self.low_mask | (self.high_mask << self.high_shift)

    def encode(self, address: int) -> int:
        """The valid entry, cache bits 0, for the page at physical ``address`` (4 KiB aligned).

        Raises FwsimError for an address that is not page aligned or that the format cannot express; bits of
        ``lost_mask`` are dropped without a word, as the hardware's format forces the driver to.
        """
        if address & ~(self.address_mask | self.lost_mask) or address < 0:
            raise FwsimError(
                f"no {self.name} GTT entry can point there",
                found=f"{address:#x}",
                expected=f"a 4 KiB page within address bits {self.address_mask:#x}",
            )
        return VALID | (address & self.low_mask) | ((address >> self.high_shift) & self.high_mask)

    def decode(self, entry: int) -> tuple[bool, int]:
        """(valid, physical page address) of ``entry``; the address is given for an invalid entry as well."""
        return bool(entry & VALID), (entry & self.low_mask) | ((entry & self.high_mask) << self.high_shift)

    def flag_names(self, entry: int) -> list[str]:
        """What the entry's remaining bits say, one text a flag that is set."""
        return [text for mask, text in self.flags if entry & mask]

    def unnamed(self, entry: int) -> int:
        """The bits of ``entry`` that no field of the format names."""
        known = VALID | self.low_mask | self.high_mask
        for mask, _ in self.flags:
            known |= mask
        return entry & ~known


_LOW32 = 0xFFFFF000
_HIGH = 0x3FFFFFFFF000
_AGP = "Linux drivers/char/agp/intel-gtt.c"
_GTT = "Linux i915 gt/intel_gtt.h"

FORMATS: dict[str, PteFormat] = {
    row.name: row
    for row in (
        PteFormat("gen2", 4, _LOW32, flags=((0x2, "local memory"), (0x4, "system memory, cached")), source=_AGP),
        PteFormat("gen4", 4, _LOW32, 0xF0, 28, flags=((0x6, "system memory, cached"),), source=_AGP),
        PteFormat("gen6", 4, _LOW32, 0xFF0, 28, flags=((0x2, "uncached"), (0x4, "LLC cached")), source=_GTT),
        PteFormat("vlv", 4, _LOW32, 0xFF0, 28, flags=((0x2, "writeable"), (0x4, "snooped")), source=_GTT),
        # Bit 11 of a Haswell entry is the fourth cacheability bit, so address bit 39 has no place.
        PteFormat("hsw", 4, _LOW32, 0x7F0, 28, lost_mask=1 << 39, flags=((0x80E, "cacheability"),), source=_GTT),
        # PRM of Broadwell says 38:12, but i915 stores the address unmasked; bits up to 45 are kept to show them.
        PteFormat("gen8", 8, _HIGH, flags=((0x2, "writeable"),), source=f"{_GTT}, gen8_pte_encode"),
        PteFormat("gen12", 8, _HIGH, flags=((0x2, "local memory"),), source=f"{_GTT}, GEN12_GGTT_PTE_ADDR_MASK"),
        PteFormat(
            "mtl",
            8,
            _HIGH,
            flags=((0x2, "local memory"), (3 << 52, "PAT index")),
            source=f"{_GTT}, MTL_GGTT_PTE_PAT0",
        ),
    )
}
"""Every format by name: gen2 (gens 2 and 3), gen4 (4 and 5), gen6, vlv, hsw, gen8 (8 to 11), gen12, mtl."""


def pte_format(name: str) -> PteFormat:
    """The row called ``name``; raises FwsimError with the names there are."""
    try:
        return FORMATS[name]
    except KeyError:
        raise FwsimError("unknown PTE format", found=repr(name), expected=", ".join(FORMATS)) from None
