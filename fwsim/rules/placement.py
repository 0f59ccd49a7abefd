"""The rules of where stolen memory, OpRegion and BARs may lie, in two tables.

``SHARED`` holds for a run as well (``fwsim/rules/run.py`` takes it in); ``PLACED`` needs what only a placement tells. A
rule answers with the facts, hexadecimal addresses in them, or not at all where it does not concern the placement.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from fwsim.devices.ecam import window
from fwsim.firmware.request import Step
from fwsim.memory.ranges import Range
from fwsim.registers.family import Family
from fwsim.results.summary import CheckResult, E820Range
from fwsim.units import MIB, format_size

FOUR_GIB = 1 << 32
LARGEST_OLD_GMS = 0x10
"""The largest GMS code that gens 6 and 7 document: 512 MiB."""
CHIPSET = Range(0xFEC00000, FOUR_GIB)
"""IOAPIC, LAPIC and flash of every PC."""
SIGNED_RANGES = ("RESERVED", "NVS")

Verdict = tuple[bool, str] | None


class Layout(Struct, frozen=True, kw_only=True):
    """What every rule looks at. Sizes in bytes; ``bdsm`` and ``asls`` are 0 where there is none.

    ``wanted``: stolen memory that was asked for, 0 where nobody did; ``opregion``: the same for the OpRegion. ``bars``
    are (name, start, size) of memory BARs; ``behind_bar`` what PCI keeps free instead of e820.
    """

    family: Family
    e820: Sequence[E820Range]
    bdsm: int = 0
    asls: int = 0
    wanted: int = 0
    opregion: int = 0
    bars: Sequence[tuple[str, int, int]] = ()
    behind_bar: Sequence[Range] = ()

    @property
    def stolen(self) -> Range:
        """The stolen memory."""
        return Range(self.bdsm, self.bdsm + self.wanted)

    @property
    def other_bars(self) -> list[tuple[str, int, int]]:
        """The BARs but for those that the memory lies behind."""
        return [bar for bar in self.bars if Range(bar[1], bar[1] + bar[2]) not in self.behind_bar]

    @property
    def asls_range(self) -> Range:
        """The OpRegion."""
        size = self.opregion
        if not size:
            from fwsim.rom.opregion import SIZE as size  # noqa: N811  # the whole room comes with it

        return Range(self.asls, self.asls + size)

    def inside(self, wanted: Range, types: tuple[str, ...]) -> tuple[bool, str]:
        """Whether ``wanted`` lies in e820 ranges of these types; the detail names the first part that does not."""
        if any(bar.contains(wanted.start, max(1, wanted.size)) for bar in self.behind_bar):
            return True, f"{span(*wanted)}, behind a BAR"
        at = wanted.start
        while at < max(wanted.end, wanted.start + 1):
            found = next((entry for entry in self.e820 if entry.start <= at < entry.end), None)
            if found is None or found.type not in types:
                kind = f"{found.type} ({span(found.start, found.end)})" if found else "in no e820 range"
                return False, f"{span(*wanted)}: {at:#x} is {kind}"
            at = found.end
        return True, span(*wanted)


class Placed(Layout, frozen=True, kw_only=True):
    """What is known of a placement besides, and what the firmware was told.

    ``size``: bytes of stolen memory really placed; ``register`` where their base went (0x5C, 0xC0; 0: nowhere);
    ``announced`` what GGC says, ``announced_gtt`` what it says of the GTT's memory; ``ecam`` and ``hole`` are the
    machine's ranges for devices; ``missing`` names the BARs without an address. ``profile`` is QEMU's, empty for other
    hypervisors; ``refusal`` why its legacy mode does not come up, ``vbios`` whether the guest needs that mode,
    ``emulates_bdsm`` whether BDSM is the guest's own, ``offers_opregion`` whether it hands the OpRegion over by itself.
    ``no_bdsm`` and ``no_asls``: the cause of there being none.
    ``at_host_base``: stolen memory is to be where the host has it, whatever the generation. ``steps`` are what the
    guest does to the placement. ``pciexbar``: what the firmware wrote there, 0 for nothing; ``kept`` is memory of the
    device model's in no map, ``overlaps`` what meets it.
    """

    at_host_base: bool = False
    boot: str = "ok"
    size: int = 0
    register: int = 0
    ggc: int = 0
    announced: int = 0
    announced_gtt: int = 0
    ecam: Range | None = None
    hole: Range | None = None
    missing: Sequence[str] = ()
    host_bdsm: int = 0
    profile: str = ""
    refusal: str = ""
    vbios: bool = True
    emulates_bdsm: bool = True
    offers_opregion: bool = True
    notes: Sequence[str] = ()
    no_bdsm: str = ""
    no_asls: str = ""
    steps: Sequence[Step] = ()
    pciexbar: int = 0
    kept: Sequence[Range] = ()
    overlaps: Sequence[str] = ()

    @property
    def stolen(self) -> Range:
        """The stolen memory: what was placed, whatever was asked for."""
        return Range(self.bdsm, self.bdsm + (self.size or self.wanted))


class PlacementRule(Struct, frozen=True):
    """One rule: a short stable ``id``, what it ``protects`` from, and the ``source`` it follows from."""

    id: str
    test: Callable[[Layout], Verdict]
    protects: str
    source: str


class PlacedRule(Struct, frozen=True):
    """A rule that needs a whole placement."""

    id: str
    test: Callable[[Placed], Verdict]
    protects: str
    source: str


def check_placed(placed: Placed) -> list[CheckResult]:
    """Every rule that concerns the placement, in the tables' order."""
    found = [CheckResult(rule.id, *verdict) for rule in SHARED if (verdict := rule.test(placed)) is not None]
    return found + [CheckResult(rule.id, *verdict) for rule in PLACED if (verdict := rule.test(placed)) is not None]


def span(start: int, end: int) -> str:
    """A range as people write it: first and last byte."""
    return f"{start:#x}-{max(start, end - 1):#x}"


def ggc_note(family: Family, ggc: int, base: int) -> str:
    """``ggc``, what it says, and what is odd about it for stolen memory at ``base``."""
    size, code = family.gms.decode(ggc), family.gms.code(ggc)
    odd = []
    if not size:
        odd.append("no stolen memory at all")
    if family.gms.name == "gen6" and code > LARGEST_OLD_GMS:
        odd.append(f"GMS {code:#x} is past {LARGEST_OLD_GMS:#x}, the last code of this generation")
        if ggc >> 8 and ggc >> 6 & 3:
            odd.append(f"bits 15:8 would be {format_size((ggc >> 8) * 32 * MIB)} on gen 8 and later")
    if family.ggms and not family.ggms.decode(ggc):
        odd.append("no memory for the GTT")
    if ggc & 2:
        odd.append("VGA is disabled (bit 1)")
    if family.gen < 11 and base + size > FOUR_GIB:
        odd.append(f"stolen memory would end at {base + size:#x}")
    note = f"; odd: {'; '.join(odd)}" if odd else ""
    return f"{ggc:#06x}, {format_size(size)} stolen{note}"


# --- of every placement, a run's too ---------------------------------------------------------------------------------


def _bdsm_set(layout: Layout) -> Verdict:
    if not layout.wanted:
        return None
    if layout.bdsm:
        return True, f"{layout.bdsm:#x}"
    cause = f"{layout.no_bdsm}: " if isinstance(layout, Placed) and layout.no_bdsm else ""
    return False, f"{cause}BDSM is 0x0: the firmware placed none of the {format_size(layout.wanted)} it was asked for"


def _there(test: Callable[[Layout], Verdict]) -> Callable[[Layout], Verdict]:
    """A rule about stolen memory that is there."""
    return lambda layout: test(layout) if layout.bdsm else None


def _bdsm_aligned(layout: Layout) -> Verdict:
    below = layout.bdsm & (MIB - 1)
    return not below, f"{layout.bdsm:#x}{f' is {below:#x} past a multiple of 1 MiB' if below else ''}"


def _bdsm_low(layout: Layout) -> Verdict:
    if layout.family.gen >= 11 and not isinstance(layout, Placed):
        return None
    width = "a 32-bit register" if layout.family.gen < 11 else "low guest RAM and IOMMU windows"
    return layout.stolen.end <= FOUR_GIB, f"{span(*layout.stolen)}, {width}"


def _bdsm_reserved(layout: Layout) -> Verdict:
    return layout.inside(layout.stolen, ("RESERVED",))


def _bdsm_clear(layout: Layout) -> Verdict:
    return _clear(layout.stolen, [*_opregion(layout), *layout.other_bars])


def _opregion(layout: Layout) -> Iterable[tuple[str, int, int]]:
    if layout.asls:
        yield "the OpRegion", layout.asls, layout.asls_range.size


def _clear(wanted: Range, others: Iterable[tuple[str, int, int]]) -> tuple[bool, str]:
    for name, start, size in others:
        if wanted.overlaps(start, size):
            return False, f"{span(*wanted)} overlaps {name} {span(start, start + size)}"
    return True, span(*wanted)


def _asls_set(layout: Layout) -> Verdict:
    if not layout.opregion:
        return None
    if layout.asls:
        return True, f"{layout.asls:#x}"
    cause = f"{layout.no_asls}: " if isinstance(layout, Placed) and layout.no_asls else ""
    return False, f"{cause}ASLS is 0x0: the firmware placed no OpRegion"


def _asls_reserved(layout: Layout) -> Verdict:
    return layout.inside(layout.asls_range, SIGNED_RANGES) if layout.asls else None


SHARED: tuple[PlacementRule, ...] = (
    PlacementRule("bdsm-set", _bdsm_set, "entries computed from base 0", "Linux i915_gem_stolen.c: base 0 is unusable"),
    PlacementRule("bdsm-aligned", _there(_bdsm_aligned), "a base whose low bits the register drops", "BDSM bits 31:20"),
    PlacementRule(
        "bdsm-below-4g", _there(_bdsm_low), "a base cut off at 32 bits", "BDSM is 32 bits wide before gen 11"
    ),
    PlacementRule(
        "bdsm-reserved", _there(_bdsm_reserved), "an OS that uses the frame buffer as RAM", "Linux early-quirks.c"
    ),
    PlacementRule(
        "bdsm-clear", _there(_bdsm_clear), "a frame buffer over the OpRegion or a BAR", "SeaBIOS src/fw/pciinit.c"
    ),
    PlacementRule("asls-set", _asls_set, "a driver without VBT", "ACPI IGD OpRegion specification"),
    PlacementRule(
        "asls-reserved", _asls_reserved, "an OS that overwrites the OpRegion", "Linux display/intel_opregion.c"
    ),
)
"""The rules that a run's check makes too."""


# --- of a placement by itself ----------------------------------------------------------------------------------------


def _boots(placed: Placed) -> Verdict:
    return placed.boot == "ok", placed.boot


def _bars_placed(placed: Placed) -> Verdict:
    if placed.missing:
        return False, f"no address for {', '.join(placed.missing)}"
    return (True, f"{len(placed.bars)} memory BARs") if placed.bars else None


def _bars_clear(placed: Placed) -> Verdict:
    if not placed.bars:
        return None
    others = [*placed.bars, *((f"e820 {e.type}", e.start, e.end - e.start) for e in placed.e820 if e.type == "RAM")]
    if placed.ecam:
        others.append(("the ECAM", placed.ecam.start, placed.ecam.size))
    for number, (name, start, size) in enumerate(placed.bars):
        good, detail = _clear(Range(start, start + size), [*others[:number], *others[number + 1 :]])
        if not good:
            return False, f"{name} {detail}"
    return True, f"{len(placed.bars)} memory BARs overlap neither each other nor RAM"


def _register(placed: Placed) -> Verdict:
    if not placed.bdsm or not placed.register:
        return None
    right = placed.family.bdsm_register
    if right is None:
        return False, f"written to {placed.register:#x}, where {placed.family.title} has no BDSM"
    if right != placed.register:
        return False, (
            f"written to {placed.register:#x}; gen {placed.family.gen} has BDSM at {right:#x}, where it stays 0"
        )
    return True, f"{right:#x}, as gen {placed.family.gen} has it"


def _size(placed: Placed) -> Verdict:
    if not placed.bdsm or not placed.size:
        return None
    size, says = placed.size, f"GGC {placed.ggc:#06x} announces {format_size(placed.announced)}"
    if size == placed.announced:
        return True, f"{format_size(size)}: {says}"
    if placed.announced_gtt and size == placed.announced + placed.announced_gtt:
        return True, f"{format_size(size)}: {says} and {format_size(placed.announced_gtt)} for the GTT"
    return False, f"{format_size(size)} were placed, but {says}"


def _outside_devices(wanted: Range, placed: Placed) -> tuple[bool, str]:
    if any(bar.contains(wanted.start, max(1, wanted.size)) for bar in placed.behind_bar):
        return True, f"{span(*wanted)}, behind a BAR"
    ranges = [("IOAPIC, LAPIC and flash", CHIPSET.start, CHIPSET.size)]
    ranges += [("the ECAM", placed.ecam.start, placed.ecam.size)] if placed.ecam else []
    ranges += [("the MMIO hole", placed.hole.start, placed.hole.size)] if placed.hole else []
    return _clear(wanted, ranges)


def _bdsm_outside(placed: Placed) -> Verdict:
    return _outside_devices(placed.stolen, placed) if placed.bdsm else None


def _asls_outside(placed: Placed) -> Verdict:
    if not placed.asls:
        return None
    if placed.asls_range.end > FOUR_GIB:
        return False, f"{span(*placed.asls_range)}, ASLS has 32 bits"
    good, detail = _clear(placed.asls_range, placed.other_bars)
    return _outside_devices(placed.asls_range, placed) if good else (good, detail)


def _anchors(placed: Placed) -> Verdict:
    """What host firmware left in the device from gen 11 on points into the host's stolen memory."""
    wanted = placed.at_host_base or (placed.profile and placed.family.gen >= 11)
    if not wanted or not placed.bdsm or placed.family.bdsm_register is None:
        return None
    if placed.bdsm == placed.host_bdsm:
        return True, f"{placed.bdsm:#x}, the host's base"
    reasons = f"; {'; '.join(placed.notes)}" if placed.at_host_base and placed.notes else ""
    return False, (
        f"BDSM {placed.bdsm:#x}, but STOLEN_RESERVED, GSMBASE, BGSM and RC6_CTX_BASE stay the host's, for "
        f"{placed.host_bdsm:#x}{reasons}"
    )


def _legacy(placed: Placed) -> Verdict:
    if not placed.profile:
        return None
    name = f"QEMU {placed.profile}"
    if not placed.refusal:
        return True, f"{name}: comes up"
    if not placed.emulates_bdsm and placed.wanted:
        return False, f"{name}: {placed.refusal}; BDSM is then not emulated, the guest reads the host's"
    if placed.vbios:
        return False, f"{name}: {placed.refusal}; the vBIOS then gets no VGA ranges"
    return True, f"{name}: {placed.refusal}; a UEFI guest does not need it"


def _offered(placed: Placed) -> Verdict:
    if not placed.profile or not placed.opregion or not placed.asls:
        return None
    name = f"QEMU {placed.profile}"
    if placed.offers_opregion:
        return True, f"{name}: etc/igd-opregion is there"
    return False, f"{name} gives this guest no etc/igd-opregion by itself: all this is as with x-igd-opregion=on"


def _steps(placed: Placed) -> Verdict:
    if not placed.steps:
        return None
    broken = [step for step in placed.steps if step.breaks and step.sure]
    if not broken:
        return True, f"mapped in all {len(placed.steps)} steps"
    return False, f"{len(broken)} of {len(placed.steps)} steps break something, first: {broken[0].step}"


def _model_clear(placed: Placed) -> Verdict:
    if placed.overlaps:
        return False, "; ".join(placed.overlaps)
    if not placed.kept:
        return None
    return True, f"nothing else is at {span(placed.kept[0].start, placed.kept[-1].end)}"


def _ecam_decoded(placed: Placed) -> Verdict:
    if not placed.pciexbar or placed.ecam is None:
        return None
    found = window(placed.pciexbar, None)
    if found is None or Range(found[0], sum(found)) == placed.ecam:
        return True, span(*placed.ecam)
    return False, (
        f"PCIEXBAR {placed.pciexbar:#x} is meant for {span(*placed.ecam)}: QEMU without the series' own mend of its "
        f"masks decodes {span(found[0], sum(found))}"
    )


def _ggc(placed: Placed) -> Verdict:
    return True, ggc_note(placed.family, placed.ggc, placed.bdsm)


PLACED: tuple[PlacedRule, ...] = (
    PlacedRule("firmware-boots", _boots, "a guest that never starts", "SeaBIOS src/fw/pciinit.c: panic"),
    PlacedRule("bars-placed", _bars_placed, "a device without registers", "PCI specification 6.2.5"),
    PlacedRule("bars-clear", _bars_clear, "two devices that answer at one address", "PCI specification 6.2.5"),
    PlacedRule(
        "device-model-clear",
        _model_clear,
        "video RAM that guest RAM replaces, a BAR that no device hears",
        "QEMU hw/i386/xen/xen-hvm.c; Xen x86/mm/p2m.c",
    ),
    PlacedRule(
        "ecam-decoded",
        _ecam_decoded,
        "configuration space elsewhere than the MCFG table says",
        "QEMU hw/pci-host/q35.c: mch_update_pciexbar",
    ),
    PlacedRule("bdsm-register", _register, "a base that no driver reads", "Linux i915_drm.h: 0x5C, 0xC0 from gen 11"),
    PlacedRule("bdsm-size", _size, "a driver that uses more than was reserved", "Linux early-quirks.c, GMS codes"),
    PlacedRule("bdsm-outside-mmio", _bdsm_outside, "a frame buffer where devices answer", "QEMU docs/igd-assign.txt"),
    PlacedRule("asls-outside-mmio", _asls_outside, "an OpRegion where devices answer", "QEMU docs/igd-assign.txt"),
    PlacedRule("host-anchors", _anchors, "a driver that cross-checks the host's pointers", "lf-edge/eve pull 6432"),
    PlacedRule("legacy-mode", _legacy, "a vBIOS without VGA, a BDSM that is the host's", "QEMU hw/vfio/igd.c"),
    PlacedRule("opregion-offered", _offered, "a driver without VBT: no panel, no ports", "QEMU hw/vfio/igd.c"),
    PlacedRule("bar-stays", _steps, "memory that goes away while the display reads it", "Linux drivers/pci/probe.c"),
    PlacedRule("ggc-usual", _ggc, "a GGC of another generation: it is taken as given", "Linux early-quirks.c"),
)
"""The rules that need a whole placement. ``ggc-usual`` is a note."""
