"""The GMS and GGMS decodings give the stolen memory that a GGC or GMCH_CTRL word stands for, a row a family.

GMS is the size of the data stolen memory (DSM), GGMS that of the GTT's own (GSM).
Cherryview's codes 1Eh and 1Fh are what the kernel's formula makes of them; no manual names them.
Sources: Linux arch/x86/kernel/early-quirks.c, include/drm/intel/i915_drm.h, i915 gt/intel_ggtt.c, char/agp/intel-agp.h.
"""

from msgspec import Struct

KIB = 1 << 10
MIB = 1 << 20


class SizeRule(Struct, frozen=True):
    """A size field: ``(word & mask) >> shift`` is a code; ``runs`` are (first code, last code, bytes of first, step).

    A code in no run means no stolen memory.
    """

    name: str
    mask: int
    shift: int
    runs: tuple[tuple[int, int, int, int], ...]
    source: str

    def code(self, word: int) -> int:
        """The field's value in the register's ``word``."""
        return (word & self.mask) >> self.shift

    def decode(self, word: int) -> int:
        """Bytes that ``word`` (the whole 16-bit register) stands for; 0 for a code that means none."""
        code = self.code(word)
        for first, last, size, step in self.runs:
            if first <= code <= last:
                return size + (code - first) * step
        return 0

    def encode(self, size: int) -> int | None:
        """The field's bits, in place, for ``size`` bytes; None where no code stands for it."""
        for code in range((self.mask >> self.shift) + 1):
            if self.decode(code << self.shift) == size:
                return code << self.shift
        return None


def _list(**sizes: int) -> tuple[tuple[int, int, int, int], ...]:
    """Runs of one code each, from ``c<hex>=bytes``."""
    return tuple((int(code[1:], 16), int(code[1:], 16), size, 0) for code, size in sizes.items())


_QUIRK = "Linux arch/x86/kernel/early-quirks.c"
_GGTT = "Linux i915 gt/intel_ggtt.c"
_AGP = "Linux drivers/char/agp/intel-agp.h"

GMS: dict[str, SizeRule] = {
    row.name: row
    for row in (
        SizeRule("i830", 0x70, 4, _list(c2=512 * KIB, c3=MIB, c4=8 * MIB), _QUIRK),
        SizeRule(
            "i855",
            0xF0,
            4,
            _list(
                **{
                    f"c{code:x}": mib * MIB
                    for code, mib in enumerate((1, 4, 8, 16, 32, 48, 64, 128, 256, 96, 160, 224, 352), start=1)
                }
            ),
            _QUIRK,
        ),
        SizeRule("gen6", 0xF8, 3, ((0, 0x1F, 0, 32 * MIB),), _QUIRK),
        SizeRule("gen8", 0xFF00, 8, ((0, 0xFF, 0, 32 * MIB),), _QUIRK),
        SizeRule(
            "chv",
            0xF8,
            3,
            ((0, 0x10, 0, 32 * MIB), (0x11, 0x16, 8 * MIB, 4 * MIB), (0x17, 0x1F, 36 * MIB, 4 * MIB)),
            _QUIRK,
        ),
        SizeRule("gen9", 0xFF00, 8, ((0, 0xEF, 0, 32 * MIB), (0xF0, 0xFF, 4 * MIB, 4 * MIB)), _QUIRK),
    )
}
"""Data stolen memory: i830 (830, 845), i855 (855, 865, gens 3 to 5), gen6 (6, 7), gen8, chv, gen9 (9 and later)."""

_POWERS = ((1, 1, 2 * MIB, 0), (2, 2, 4 * MIB, 0), (3, 3, 8 * MIB, 0))

GGMS: dict[str, SizeRule] = {
    row.name: row
    for row in (
        SizeRule("g33", 0x300, 8, ((1, 2, MIB, MIB),), _AGP),
        SizeRule(
            "g4x",
            0xF00,
            8,
            _list(c1=MIB, c3=2 * MIB, c9=MIB, ca=3 * MIB // 2, cb=2 * MIB),
            _AGP,
        ),
        SizeRule("gen6", 0x300, 8, ((0, 3, 0, MIB),), _GGTT),
        SizeRule("gen8", 0xC0, 6, _POWERS, _GGTT),
        SizeRule("chv", 0x300, 8, _POWERS, _GGTT),
    )
}
"""GTT stolen memory: g33, g4x (G45, GM45, Ironlake), gen6 (6, 7), gen8 (8 and later), chv. Before G33 there is none."""
