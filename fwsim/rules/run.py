"""A run is judged by rules: one small function each, in one table.

A rule answers with the facts, hexadecimal addresses in them, or not at all where it does not concern the run.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial

from msgspec import Struct, UnsetType

from fwsim.board.q35 import ext_tseg
from fwsim.devices.mch import EXT_TSEG
from fwsim.firmware.allocators import allocator
from fwsim.hypervisor.groups.opening import not_viable
from fwsim.hypervisor.groups.topology import short
from fwsim.hypervisor.interface import OPREGION_CUT, Assignment, Hypervisor
from fwsim.memory.ram import PAGE
from fwsim.memory.ranges import Range
from fwsim.registers.family import Family
from fwsim.results.summary import CheckResult, EfiSummary, GttTargets, Screen, Stop, Summary
from fwsim.rom.opregion import SIZE as OPREGION_SIZE
from fwsim.rules.config_space import CONFIG_SPACE, ConfigRule
from fwsim.rules.placement import SHARED, Layout, PlacementRule, Verdict, ggc_note, span
from fwsim.rules.uefi import DRIVERS, EfiFacts, EfiRule
from fwsim.scenario.host_functions import asked, place
from fwsim.scenario.model import Scenario
from fwsim.scenario.options import allocator_of
from fwsim.units import MIB, format_size

FINISHED = "rom-finished"
LAST_VGA_MODE = 0x13

IGD_SLOT = 0x10
"""00:02.0: firmware gives stolen memory to a device there only (SeaBIOS src/fw/pciinit.c, intel_igd_setup)."""


class Facts(Struct, frozen=True, dict=True):
    """What the rules look at: the run, and what follows from its scenario.

    ``stolen`` is the guest's stolen memory (on the host itself, the host's), empty where the firmware placed none;
    ``wanted`` the bytes it was asked for. ``graphics``: the display device is Intel's. ``given``: what ``design``, the
    hypervisor, makes of it. ``behind_bar``: address space of the placement's that PCI keeps free instead of e820.
    """

    scenario: Scenario
    summary: Summary
    graphics: bool
    design: Hypervisor
    given: Assignment
    behind_bar: Sequence[Range] = ()

    @property
    def on_host(self) -> bool:
        """Whether there is no guest."""
        return self.design.on_host

    @property
    def wanted(self) -> int:
        """Bytes of stolen memory that the firmware is to place; 0 where the hypervisor offers the guest none."""
        return stolen_size(self.scenario, self.given) if self.graphics else 0

    @property
    def family(self) -> Family:
        """The host cpu's row."""
        return self.scenario.host.family

    @property
    def bdsm(self) -> int:
        """The base of the guest's stolen memory, the lock bit left out; 0 where there is none."""
        return (self.scenario.host.bdsm if self.on_host else self.summary.firmware.bdsm) & ~1

    @property
    def asls(self) -> int:
        """The address of the guest's OpRegion; 0 where there is none."""
        return self.scenario.host.asls if self.on_host else self.summary.firmware.asls

    @property
    def stolen(self) -> Range:
        """The guest's stolen memory."""
        return Range(self.bdsm, self.bdsm + self.wanted)

    @cached_property
    def layout(self) -> Layout:
        """What the rules of a placement look at."""
        firmware, placed = self.summary.firmware, allocator(self.scenario.firmware.kind).knows_igd
        offered = self.given.opregion and placed and self.scenario.host.asls
        in_slot = self.scenario.guest.devfn == IGD_SLOT
        bars = [
            (f"BAR{bar.index} ({bar.role})", address, bar.size)
            for bar in self.family.bars
            if bar.kind != "io" and (address := firmware.bars.get(str(bar.index), 0))
        ]
        return Layout(
            family=self.family, e820=firmware.e820, bdsm=self.bdsm, asls=self.asls, bars=bars,
            wanted=self.wanted if self.bdsm or self.on_host or (placed and in_slot) else 0,
            opregion=OPREGION_SIZE if self.asls or offered else 0, behind_bar=self.behind_bar,
        )  # fmt: skip


class Rule(Struct, frozen=True):
    """One rule: a short stable ``id``, what it ``protects`` from, and the ``source`` it follows from."""

    id: str
    test: Callable[[Facts], Verdict]
    protects: str
    source: str


def check(scenario: Scenario, summary: Summary, behind_bar: Sequence[tuple[int, int]] = ()) -> list[CheckResult]:
    """Every rule that concerns the run, in the table's order. ``behind_bar`` (start, end) is the placement's."""
    vga = scenario.host.vga
    graphics = vga == "igd" or (vga == "auto" and summary.rom.intel)
    design = scenario.hypervisor.design
    behind = [Range(*each) for each in behind_bar]
    facts = Facts(scenario, summary, graphics, design, scenario.assignment, behind)
    verdicts = ((rule, rule.test(facts)) for rule in RULES)
    return [CheckResult(rule.id, *verdict) for rule, verdict in verdicts if verdict is not None]


def stolen_size(scenario: Scenario, given: Assignment) -> int:
    """Bytes of stolen memory that the firmware is to place; 0 where the hypervisor offers the guest none."""
    if not given.stolen or scenario.hypervisor.design.on_host:
        return given.stolen
    firmware, options = allocator_of(scenario.firmware)
    source = firmware.size_from(options)
    if not firmware.knows_igd or source == "file":
        return given.stolen
    if source == "ggc":
        ggc = scenario.host.ggc if given.ggc is None else given.ggc
        return firmware.announced(scenario.host.family, scenario.host.device_id, ggc, options)
    return scenario.host.stolen_size if source == "host" else 0


# --- the ROM ---------------------------------------------------------------------------------------------------------


def _rom_found(facts: Facts) -> Verdict:
    return facts.summary.rom.taken, facts.summary.rom.how


def finished(stop: Stop, efi: EfiSummary | None = None) -> tuple[bool, str]:
    """Whether the ROM's code came to its end, and how it came to another."""
    if stop.reason == "completed":
        return True, "init and every call returned" if efi is None else "every driver returned"
    where = f" at {stop.cs:04x}:{stop.ip:04x}" if stop.cs or stop.ip else ""
    return False, f"{stop.reason}{where}{': ' + stop.detail.splitlines()[0] if stop.detail else ''}"


def _rom_finished(facts: Facts) -> Verdict:
    return finished(facts.summary.stop, facts.summary.efi)


def _calls_answered(facts: Facts) -> Verdict:
    wanted, made = len(facts.scenario.call), facts.summary.calls
    if facts.summary.efi is not None or (not wanted and not made):
        return None
    bad = [call for call in made if not call.ok]
    if bad:
        first = bad[0]
        answer = f"INT {first.vector:02X}h AX={first.ax:04X} BX={first.bx:04X} answered AX={first.result_ax:04X}"
        return False, f"{len(bad)} of {len(made)} refused: {answer}{', ' + first.detail if first.detail else ''}"
    if len(made) < wanted:
        return False, f"{len(made)} of {wanted} were made"
    return True, f"{len(made)} of {len(made)}"


def _assists(facts: Facts) -> Verdict:
    if not facts.scenario.rom.assist:
        return None
    assists = facts.summary.assists
    if not assists:
        return True, "none was needed"
    return False, "; ".join(f"{assist.count}x {assist.what}" for assist in assists)


def _budget(facts: Facts) -> Verdict:
    budget, used = facts.scenario.budget, facts.summary
    return used.stop.reason != "budget", (
        f"{used.code_bytes:,} of {budget.code:,} code bytes, {used.events:,} of {budget.events:,} events, "
        f"{used.virtual_ns / 1e9:.3f} of {budget.time_ns / 1e9:g} s"
    )


# --- placement -------------------------------------------------------------------------------------------------------


def _mode(facts: Facts) -> Verdict:
    """The mode that a vBIOS needs of its hypervisor."""
    calls_none = facts.summary.efi is not None or allocator_of(facts.scenario.firmware)[0].uefi
    if not facts.graphics or not facts.design.mode or calls_none:
        return None
    title, given = facts.design.title, facts.given
    if not given.refusal:
        return True, f"{title}: comes up"
    if given.vga:
        return True, f"{title}: {given.refusal}; x-vga=on passes the VGA ranges all the same"
    own = "" if given.own_bdsm else ", and BDSM is the host's"
    return False, f"{title}: {given.refusal}; the vBIOS gets no VGA ranges{own}"


def _of_layout(rule: PlacementRule, facts: Facts) -> Verdict:
    return rule.test(facts.layout) if facts.graphics else None


# --- what the device reads ------------------------------------------------------------------------------------------


def _gtt_inside(facts: Facts) -> Verdict:
    if not facts.graphics:
        return None
    targets, spare, first = facts.summary.gtt.targets, facts.summary.gtt.spare, facts.summary.gtt.first
    total = _count(targets)
    if not total:
        return True, "no entry was written"
    if facts.on_host and facts.summary.gtt.outside:
        return False, f"{total - targets.guest_stolen} of {total} entries {_elsewhere(facts)}"
    host_stolen, unmapped = targets.host_stolen - spare.host_stolen, targets.unmapped - spare.unmapped
    unneeded = _unneeded(facts, spare.host_stolen + spare.unmapped)
    if host_stolen == total and _same_addresses(facts):
        base = facts.scenario.device.bdsm
        where = span(base, base + facts.scenario.device.stolen)
        return True, f"{total} of {total} entries in {where}: the host's, which the guest has at the same addresses"
    if not host_stolen and not unmapped:
        if not (used := targets.guest_ram - spare.guest_ram):
            return True, f"{targets.guest_stolen} of {total} entries in {span(*facts.stolen)}{unneeded}"
        return True, (
            f"none of {total} entries points at the host's stolen memory{unneeded}; {used} of them at RAM "
            "that the guest uses: gtt-no-corruption"
        )
    parts = []
    if host_stolen:
        base = facts.scenario.host.bdsm & ~1
        where = span(base, base + facts.family.gms.decode(facts.scenario.host.ggc))
        parts.append(f"{host_stolen} of {total} entries point at the host's stolen memory, {where}")
    if unmapped:
        parts.append(f"{unmapped} of {total} entries point where nothing is mapped")
    if first is not None:
        parts.append(f"the first write was {first.value:#x}")
    return False, "; ".join(parts) + unneeded


def _same_addresses(facts: Facts) -> bool:
    """Whether the guest's domain has the host's stolen memory where the host has it."""
    device = facts.scenario.device
    rows = facts.design.identity(device) or ()
    return bool(device.stolen) and any(a <= device.bdsm and device.bdsm + device.stolen <= b for a, b in rows)


def _count(targets: GttTargets) -> int:
    return targets.guest_stolen + targets.host_stolen + targets.guest_ram + targets.unmapped


def _unneeded(facts: Facts, count: int) -> str:
    """What is said of ``count`` entries that no access went through; "" where there are none."""
    pages = facts.stolen.size // PAGE
    return f"; {count} from entry {pages:#x} on, past its end, are never used" if count else ""


def _elsewhere(facts: Facts) -> str:
    """Where a host's entries point that miss its stolen memory; all of them from a base on: it is in the image."""
    first, last = facts.summary.gtt.outside
    whose = ": the image carries another machine's base" if carries_base(facts.summary) else ""
    return f"at {first:#x}-{last:#x}{whose}; this host's stolen memory is {span(*facts.stolen)}"


def carries_base(summary: Summary) -> bool:
    """Whether every entry lies elsewhere than in stolen memory, from what may be a base (BDSM bits 31:20) on."""
    outside = summary.gtt.outside
    return bool(outside) and not summary.gtt.targets.guest_stolen and outside[0] % MIB == 0


def _gtt_harmless(facts: Facts) -> Verdict:
    if not facts.graphics:
        return None
    targets, spare = facts.summary.gtt.targets, facts.summary.gtt.spare
    harmful, unneeded = (each.guest_ram + each.silent for each in (targets, spare))
    never = _unneeded(facts, unneeded)
    if harmful == unneeded:
        return True, f"no entry that is used points at memory that the guest uses{never}" if never else (
            "no entry points at memory that the guest uses"
        )
    first = facts.summary.gtt.first
    where = f", from {first.value if first.written is None else first.written:#x} on" if first else ""
    return (
        False,
        f"{harmful - unneeded} entries point at RAM that the guest uses{where}: no fault tells{never}",
    )


def _no_faults(facts: Facts) -> Verdict:
    if not facts.graphics or (facts.on_host and not facts.design.dma.translated):
        return None
    iommu = facts.summary.iommu
    if not iommu.faults:
        return True, "none"
    reasons = ", ".join(f"{count}x reason {reason}" for reason, count in sorted(iommu.by_reason.items()))
    lost = f", {iommu.faults - iommu.recorded} of them found no free record" if iommu.overflowed else ""
    return False, f"{iommu.faults} DMA faults ({reasons}){lost}"


def _interrupts(facts: Facts) -> Verdict:
    """Only where the device asked for an interrupt."""
    found = facts.summary.interrupts
    if found.kind == "none" and not found.lost:
        return None
    how = "by its pin" if found.kind == "intx" else "by MSI"
    held = f", {found.held} held while one was not over" if found.held else ""
    if not found.lost:
        return True, f"{found.fired} {how}, {found.injected} injected{held}"
    reasons = "; ".join(f"{reason}{f' ({count} times)' if count > 1 else ''}" for reason, count in found.lost.items())
    return False, f"{reasons}: {found.injected} of {found.fired} {how} injected{held}"


def _frame_buffer(facts: Facts) -> Verdict:
    """Only where the ROM named a frame buffer that nobody may draw on."""
    bad = [call for call in facts.summary.calls if call.undrawn]
    if not bad:
        return None
    return False, "; ".join(f"mode {call.bx & 0x1FF:#x}: {call.undrawn}" for call in bad)


def _screens(facts: Facts) -> Verdict:
    screens = facts.summary.display
    if not screens:
        return None
    bios = facts.summary.efi is None
    bad = [f"{screen.file or f'mode {screen.mode:#x}'} {why}" for screen in screens if (why := _wrong(screen, bios))]
    if bad:
        return False, "; ".join(bad)
    blank = sum(screen.flat for screen in screens)
    return True, f"{len(screens)} of {len(screens)}{f', {blank} of them blank: nothing was drawn' if blank else ''}"


def _wrong(screen: Screen, bios: bool) -> str:
    """What is wrong with one screen; "" where it is lit, whole, of its mode's size and shows what was drawn.

    ``bios``: its mode has a video BIOS's number, up to 13h a VGA's.
    """
    if screen.unreadable_pages:
        return f"lacks {screen.unreadable_pages} pages"
    if screen.lights.startswith("no pipe on"):
        return f"is shown by nobody: {screen.lights}"
    if bios and screen.wanted and screen.mode <= LAST_VGA_MODE and screen.format != "vga":
        return f"is the frame buffer that was there ({screen.format}): the VGA plane, which has the mode, is off"
    if screen.wanted and screen.wanted != (screen.width, screen.height):
        wide, high = screen.wanted
        return f"is {screen.width}x{screen.height}, the mode {wide}x{high}"
    return "is of one colour: the test card is not on it" if screen.flat and screen.drawn else ""


def _driver_pch(facts: Facts) -> Verdict:
    """Only where the scenario names a driver: whether it takes its PCH for what it would on the host itself."""
    found = facts.summary.driver
    if isinstance(found, UnsetType):
        return None
    assumed = "assumed: " if found.certainty == "assumed" else ""
    right = found.pch == found.host
    return right, f"{assumed}{found.name}: {found.pch} ({found.how}){'' if right else f'; on the host {found.host}'}"


def _of_config_space(rule: ConfigRule, facts: Facts) -> Verdict:
    """Only where several answer for configuration space."""
    found = facts.summary.config_space
    return None if isinstance(found, UnsetType) else rule.test(found)


def _of_drivers(rule: EfiRule, facts: Facts) -> Verdict:
    efi = facts.summary.efi
    if efi is None or not facts.graphics:
        return None
    return rule.test(EfiFacts(facts.scenario, facts.summary, efi, facts.bdsm, facts.asls))


def _ggc(facts: Facts) -> Verdict:
    """A note, not a failure: GGC is taken as the scenario gives it."""
    if not facts.graphics:
        return None
    host = facts.scenario.host
    return True, ggc_note(facts.family, host.ggc, host.bdsm & ~1)


def _bridge_ggc(facts: Facts) -> Verdict:
    """A note: where a vBIOS looks for GGC a q35 has a register of QEMU's own, legacy mode or not."""
    mib = ext_tseg(facts.design.qemu_release) if facts.scenario.guest.machine == "q35" else 0
    family = facts.family
    if facts.summary.efi is not None or not facts.graphics or not mib or family.ggc_bridge != EXT_TSEG:
        return None
    sizes = f"{format_size(family.gms.decode(mib))} of stolen memory"
    sizes += f" and {format_size(family.ggms.decode(mib))} for the GTT" if family.ggms else ""
    return True, (
        f"00:00.0 @50h reads {mib:#06x}, EXT_TSEG_MBYTES of QEMU's q35: a vBIOS that takes it for GGC finds {sizes}"
    )


def _whole_opregion(facts: Facts) -> Verdict:
    """A guest that is shown the host's own pages may not be shown all of them."""
    cut = next((line for line in facts.summary.firmware.log if line.startswith(OPREGION_CUT)), None)
    return (False, cut.removeprefix(f"{OPREGION_CUT}: ")) if cut else None


def _group(facts: Facts) -> Verdict:
    """The IGD's IOMMU group, where the scenario says what is on the host. vfio has judged it before the run."""
    scenario = facts.scenario
    if not facts.graphics or facts.on_host or not scenario.host_function:
        return None
    wanted = asked(scenario)
    igd = place(scenario.host.slot, "host.slot")
    group, beside = wanted.groups.of(igd), wanted.bystanders(igd)
    said = f"{scenario.guest.slot} of the guest is the host's {scenario.host.slot}, in group {group.number}"
    sends = wanted.groups.topology.requester(igd)
    if sends != igd & 0xFFFF:
        said += f"; its DMA arrives as {short(sends)}"
    if beside:
        said += f"; not assigned, and in the guest's domain all the same: {', '.join(each.short for each in beside)}"
    relaxed = [span(each.start, each.last + 1) for each in wanted.reserved if each.rid == igd]
    if relaxed:
        said += f"; not in that domain: its RMRR {', '.join(relaxed)}"
    bad = [] if facts.design.by_vfio else not_viable(group, wanted.kernel)
    if bad:
        named = ", ".join(f"{each.short} ({each.driver})" for each in bad)
        said += f"; {facts.design.title} does not ask for the group, and drivers of the host have of it: {named}"
    return not bad, said


RULES: tuple[Rule, ...] = (
    Rule("rom-found", _rom_found, "a ROM that the guest's firmware never runs", "SeaBIOS src/optionroms.c"),
    Rule(FINISHED, _rom_finished, "a ROM that hangs, crashes or is killed", "the run itself"),
    Rule("calls-answered", _calls_answered, "a boot loader left without its mode", "VBE 3.0, function status"),
    Rule("no-assists", _assists, "a ROM that only works when helped", "the run itself"),
    Rule("budget", _budget, "a verdict on a run that was cut short", "scenario: budget"),
    *(Rule(rule.id, partial(_of_drivers, rule), rule.protects, rule.source) for rule in DRIVERS),
    *(Rule(rule.id, partial(_of_layout, rule), rule.protects, rule.source) for rule in SHARED),
    Rule("legacy-mode", _mode, "a vBIOS without VGA, a BDSM that is the host's", "QEMU hw/vfio/igd.c"),
    Rule("iommu-group", _group, "a neighbour of the device that reaches the guest's memory", "Linux iommu.c, vfio"),
    Rule("gtt-guest-stolen", _gtt_inside, "a display that reads the host's memory", "QEMU docs/igd-assign.txt"),
    Rule("gtt-no-corruption", _gtt_harmless, "drawing over the guest's own data, which faults nowhere", "IOMMU domain"),
    Rule("opregion-whole", _whole_opregion, "a driver without the host's VBT", "QEMU hw/xen/xen_pt_graphics.c"),
    Rule("no-dma-faults", _no_faults, "DMA that the IOMMU refuses", "VT-d specification, fault reasons 5 and 6"),
    Rule("interrupts", _interrupts, "a driver that waits for an interrupt for ever", "8259A, 82093AA, Intel SDM 11"),
    Rule("frame-buffer", _frame_buffer, "a boot loader that draws over its own memory", "VBE 3.0, 4.4: PhysBasePtr"),
    Rule("screens-complete", _screens, "a torn, black or unlit picture", "scan-out, page by page"),
    Rule("ggc-usual", _ggc, "a GGC of another generation: it is taken as given", "Linux early-quirks.c, GMS codes"),
    Rule("ggc-at-bridge", _bridge_ggc, "a vBIOS that sizes its GTT by TSEG's size", "QEMU hw/pci-host/q35.c"),
    *(Rule(rule.id, partial(_of_config_space, rule), rule.protects, rule.source) for rule in CONFIG_SPACE),
    Rule("driver-pch", _driver_pch, "a driver that takes its PCH for another", "Linux i915, intel_detect_pch"),
)
"""Every rule. ``ggc-usual`` and ``ggc-at-bridge`` are notes: the run obeys the value, the rule says what is odd."""
