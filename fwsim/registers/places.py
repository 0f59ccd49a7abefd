"""Helpers for the register files: where the pipes of each generation lie, and other places that follow a rule."""

from fwsim.registers.core import VLV_BASE, Array, each
from fwsim.registers.variants import expand

PRM = "Intel PRM"
DISPLAY = "Linux i915 display/intel_display_regs.h"
PLANE = "Linux i915 display/i9xx_plane_regs.h"
UNIVERSAL = "Linux i915 display/skl_universal_plane_regs.h"
I915 = "Linux i915 i915_reg.h"

PCH = "5-,!vlv,!bxt"
"""Families with a platform controller hub, and so with its display registers at 0xC0000 and up."""

DDI = "hsw,9-"
"""Families whose digital ports are DDIs."""

PCH_PORTS = "ilk"
"""Families whose PCH drives HDMI, DisplayPort and LVDS itself (Ironlake to Ivy Bridge)."""

Places = dict[frozenset[str], Array]


def _chosen(gen: str, *terms: str) -> frozenset[str]:
    return expand(gen) & expand(",".join(terms))


def pipes(base: int, gen: str = "2-") -> Places:
    """A register each pipe has: two pipes to gen 6, three from Ivy Bridge, four on gen 12; VLV and CHV 0x180000 up."""
    rows = {
        _chosen(gen, "2-6"): each(base, 0x1000, "AB"),
        _chosen(gen, "7-11,!vlv"): each(base, 0x1000, "ABC"),
        _chosen(gen, "12"): each(base, 0x1000, "ABCD"),
        _chosen(gen, "baytrail"): each(VLV_BASE + base, 0x1000, "AB"),
        _chosen(gen, "cherryview"): Array(
            (
                ("A", VLV_BASE + base),
                ("B", VLV_BASE + base + 0x1000),
                ("C", VLV_BASE + base + (0x4000 if base >= 0x70000 else 0x3000)),
            )
        ),
    }
    return {families: array for families, array in rows.items() if families}


def transcoders(base: int, gen: str = "2-") -> Places:
    """A register each transcoder has: as ``pipes``, and the eDP transcoder at 0x6F000 from Haswell to gen 11."""
    edp = expand("hsw,9-11") & expand(gen)
    rows: Places = {}
    for families, array in pipes(base, gen).items():
        if families & edp:
            rows[families & edp] = Array((*array.members, ("EDP", base + 0xF000)))
        if families - edp:
            rows[families - edp] = array
    return rows


def cursors(base: int, gen: str = "2-") -> Places:
    """A cursor register: the second cursor lies 0x40 up to gen 6, in its own pipe's page later."""
    rows = {
        _chosen(gen, "2-6"): each(base, 0x40, "AB"),
        _chosen(gen, "7-11,!vlv"): each(base, 0x1000, "ABC"),
        _chosen(gen, "12"): each(base, 0x1000, "ABCD"),
        _chosen(gen, "baytrail"): each(VLV_BASE + base, 0x40, "AB"),
        _chosen(gen, "cherryview"): Array(
            (("A", VLV_BASE + base), ("B", VLV_BASE + base + 0x40), ("C", VLV_BASE + base + 0x60))
        ),
    }
    return {families: array for families, array in rows.items() if families}


def planes(base: int, gen: str = "9-", count: int = 3) -> Places:
    """A universal plane's register: plane n of pipe p lies 0x100 * n + 0x1000 * p up."""
    rows: Places = {}
    for families, letters in ((_chosen(gen, "9-11"), "ABC"), (_chosen(gen, "12"), "ABCD")):
        if families:
            rows[families] = Array(
                tuple(
                    (f"{number + 1}{pipe}", base + 0x100 * number + 0x1000 * index)
                    for index, pipe in enumerate(letters)
                    for number in range(count)
                )
            )
    return rows
