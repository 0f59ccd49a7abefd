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
    """A register each pipe has: two pipes to gen 6, three from gen 7, four from 12 on; VLV and CHV 0x180000 up."""
    rows = {
        _chosen(gen, "2-6"): each(base, 0x1000, "AB"),
        _chosen(gen, "7-11,!vlv"): each(base, 0x1000, "ABC"),
        _chosen(gen, "12-"): each(base, 0x1000, "ABCD"),
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


def pipe_units(base: int, stride: int, gen: str = "5-,!vlv", words: int = 0) -> Places:
    """A register of a unit each pipe has ``stride`` bytes apart: two pipes on gens 5 and 6, then three, four from 12.

    ``words``: so many of 4 bytes follow one another in each unit, labelled ``A0`` on; 0: there is one.
    """
    rows: Places = {}
    for term, letters in (("5-6", "AB"), ("7-11,!vlv", "ABC"), ("12-", "ABCD")):
        if families := _chosen(gen, term):
            rows[families] = Array(
                tuple(
                    (f"{pipe}{word}" if words else pipe, base + stride * index + 4 * word)
                    for index, pipe in enumerate(letters)
                    for word in range(words or 1)
                )
            )
    return rows


def transcoders(base: int, gen: str = "2-", dsi: bool = False) -> Places:
    """A register each transcoder has: as ``pipes``, and the eDP transcoder at 0x6F000 from Haswell to gen 11.

    igt's list gives the eDP one to Tiger Lake as well, since it takes Skylake's over whole; i915 doesn't use it there.
    ``dsi``: the two MIPI transcoders of gen 11 on have it too, 0xB000 and 0xB800 up (i915 icl_dsi_regs.h).
    """
    more = {"EDP": (0xF000, expand("hsw,9-11,tigerlake") & expand(gen))}
    if dsi:
        more |= {"DSI0": (0xB000, expand("11-,!meteorlake")), "DSI1": (0xB800, expand("11-,!meteorlake"))}
    rows: dict[Array, set[str]] = {}
    for families, array in pipes(base, gen).items():
        for name in sorted(families):
            extra = tuple((label, base + up) for label, (up, having) in more.items() if name in having)
            rows.setdefault(Array((*array.members, *extra)), set()).add(name)
    return {frozenset(families): array for array, families in rows.items()}


def cursors(base: int, gen: str = "2-") -> Places:
    """A cursor register: the second cursor lies 0x40 up to gen 6, in its own pipe's page later."""
    rows = {
        _chosen(gen, "2-6"): each(base, 0x40, "AB"),
        _chosen(gen, "7-11,!vlv"): each(base, 0x1000, "ABC"),
        _chosen(gen, "12-"): each(base, 0x1000, "ABCD"),
        _chosen(gen, "baytrail"): each(VLV_BASE + base, 0x40, "AB"),
        _chosen(gen, "cherryview"): Array(
            (("A", VLV_BASE + base), ("B", VLV_BASE + base + 0x40), ("C", VLV_BASE + base + 0x60))
        ),
    }
    return {families: array for families, array in rows.items() if families}


_FEW = "rocketlake,alderlake,raptorlake"
"""Gen 12 parts with five planes a pipe (i915's HAS_D12_PLANE_MINIMIZATION)."""

_UNIVERSAL = (
    ("9,!geminilake", "ABC", 3),
    ("geminilake,10", "ABC", 4),
    ("11", "ABC", 7),
    ("tigerlake", "ABCD", 7),
    (f"{_FEW},13-", "ABCD", 5),
)
"""Families, their pipes, and how many universal planes each pipe has (Linux i915 display/intel_display_device.c)."""


def planes(base: int, gen: str = "9-", words: int = 0, highest: int = 7) -> Places:
    """A universal plane's register: plane n of pipe p lies 0x100 * n + 0x1000 * p up, labelled ``1A``.

    ``words``: so many of 4 bytes follow one another in each plane, labelled ``1A_0`` on; 0: there is one, without a
    number. ``highest`` is the last plane that has it.
    """
    return {
        families: Array(
            tuple(
                (
                    f"{number}{pipe}_{word}" if words else f"{number}{pipe}",
                    base + 0x100 * (number - 1) + 0x1000 * index + 4 * word,
                )
                for index, pipe in enumerate(letters)
                for number in range(1, min(count, highest) + 1)
                for word in range(words or 1)
            )
        )
        for term, letters, count in _UNIVERSAL
        if (families := _chosen(gen, term))
    }


def scalers(base: int, gen: str = "9-") -> Places:
    """A pipe scaler's register: scaler n of pipe p lies 0x100 * n + 0x800 * p up; pipe C of gens 9 and 10 has one.

    Linux i915 i915_reg.h (_PS_CTRL_1A, _PS_CTRL_2A, _PS_CTRL_1B), intel_display_device.c (num_scalers).
    """

    labels = ["1A", "2A", "1B", "2B", "1C", "2C", "1D", "2D"]
    rows = {_chosen(gen, "9-10"): labels[:5], _chosen(gen, "11"): labels[:6], _chosen(gen, "12-"): labels}
    return {
        families: Array(
            tuple((name, base + 0x100 * (int(name[0]) - 1) + 0x800 * "ABCD".index(name[1])) for name in names)
        )
        for families, names in rows.items()
        if families
    }


def combo_phys(offset: int, lanes: bool = False) -> Places:
    """A combo PHY's register: A and B on gen 11, C from Elkhart Lake on, D on Rocket and Alder Lake-S, E on the latter.

    ``lanes``: lanes 0 to 3 have one each, 0x100 apart, labelled ``A0`` on. Linux i915 display/intel_combo_phy_regs.h.
    """
    bases = {"A": 0x162000, "B": 0x6C000, "C": 0x160000, "D": 0x161000, "E": 0x16B000}
    rows = {
        "icelake": "AB",
        "elkhartlake,jasperlake,tigerlake": "ABC",
        "rocketlake": "ABCD",
        "alderlake,raptorlake": "ABCDE",
        "13-,!meteorlake": "AB",
    }
    return {
        expand(term): Array(
            tuple(
                (f"{phy}{lane}" if lanes else phy, bases[phy] + offset + 0x100 * lane)
                for phy in letters
                for lane in range(4 if lanes else 1)
            )
        )
        for term, letters in rows.items()
    }
