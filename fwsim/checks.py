"""Is this run what a correct one would be? The rules, one small function each, in one table.

A rule answers with the facts, hexadecimal addresses in them, or not at all where it does not concern the run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fwsim.hypervisor.igd import (
    BDSM_NEW,
    BDSM_OLD,
    LegacyFacts,
    emulated_registers,
    generation,
    legacy_refusal,
    stolen,
    version,
)
from fwsim.memory.ranges import Range
from fwsim.registers.families import Family
from fwsim.rom.opregion import SIZE as OPREGION_SIZE
from fwsim.scenario import Scenario
from fwsim.summary import CheckResult, E820Range, Summary
from fwsim.units import MIB, format_size

INTEL = 0x8086
FOUR_GIB = 1 << 32
LARGEST_OLD_GMS = 0x10
"""The largest GMS code that gens 6 and 7 document: 512 MiB."""

Verdict = tuple[bool, str] | None


IGD_SLOT = 0x10
"""00:02.0: firmware gives stolen memory to a device there only (SeaBIOS src/fw/pciinit.c, intel_igd_setup)."""


@dataclass(frozen=True)
class Facts:
    """What the rules look at: the run, and what follows from its scenario.

    ``stolen`` is the guest's stolen memory (on the host itself, the host's), empty where the firmware placed none;
    ``wanted`` the bytes it was asked for. ``graphics``: the display device is Intel's.
    """

    scenario: Scenario
    summary: Summary
    graphics: bool
    on_host: bool
    wanted: int

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


@dataclass(frozen=True)
class Rule:
    """One rule: a short stable ``id``, what it ``protects`` from, and the ``source`` it follows from."""

    id: str
    test: Callable[[Facts], Verdict]
    protects: str
    source: str


def check(scenario: Scenario, summary: Summary) -> list[CheckResult]:
    """Every rule that concerns the run, in the table's order."""
    vga = scenario.host.vga
    graphics = vga == "igd" or (vga == "auto" and summary.rom.vendor == INTEL)
    on_host = scenario.hypervisor.kind == "none"
    facts = Facts(scenario, summary, graphics, on_host, stolen_size(scenario) if graphics else 0)
    verdicts = ((rule, rule.test(facts)) for rule in RULES)
    return [CheckResult(rule.id, *verdict) for rule, verdict in verdicts if verdict is not None]


def stolen_size(scenario: Scenario) -> int:
    """Bytes of stolen memory that the firmware is asked for; 0 where the hypervisor offers the guest none."""
    host, hypervisor = scenario.host, scenario.hypervisor
    if hypervisor.kind == "none":
        return host.family.gms.decode(host.ggc)
    row = version("10.0" if hypervisor.kind == "ranged" else hypervisor.profile)
    gen = generation(row, host.device_id)
    refused = legacy_refusal(
        row,
        LegacyFacts(
            gen=gen,
            gmch=host.ggc,
            machine=scenario.guest.machine,
            slot_2=scenario.guest.devfn == 0x10,
            lpc_occupied=scenario.guest.machine == "q35",
        ),
    )
    emulated = emulated_registers(row, gen, legacy=not refused, opregion=True, x_igd_gms=hypervisor.gms)
    if not any(register.offset in (BDSM_OLD, BDSM_NEW) for register in emulated):
        return 0
    return stolen(row, gen, host.ggc, hypervisor.gms).bdsm_size


def _span(start: int, end: int) -> str:
    """A range as people write it: first and last byte."""
    return f"{start:#x}-{max(start, end - 1):#x}"


# --- the ROM ---------------------------------------------------------------------------------------------------------


def _rom_finished(facts: Facts) -> Verdict:
    stop = facts.summary.stop
    if stop.reason == "completed":
        return True, "init and every call returned"
    where = f" at {stop.cs:04x}:{stop.ip:04x}" if stop.cs or stop.ip else ""
    return False, f"{stop.reason}{where}{': ' + stop.detail.splitlines()[0] if stop.detail else ''}"


def _calls_answered(facts: Facts) -> Verdict:
    wanted, made = len(facts.scenario.call), facts.summary.calls
    if not wanted and not made:
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


def _bdsm_set(facts: Facts) -> Verdict:
    if not facts.wanted or (facts.scenario.firmware.kind == "none" and not facts.on_host):
        return None
    if facts.scenario.guest.devfn != IGD_SLOT and not facts.on_host:
        return None
    if facts.bdsm:
        return True, f"{facts.bdsm:#x}"
    return False, f"BDSM is 0x0: the firmware placed none of the {format_size(facts.wanted)} it was asked for"


def _placed(test: Callable[[Facts], Verdict]) -> Callable[[Facts], Verdict]:
    """A rule about stolen memory that is there."""
    return lambda facts: test(facts) if facts.graphics and facts.bdsm else None


def _bdsm_aligned(facts: Facts) -> Verdict:
    below = facts.bdsm & (MIB - 1)
    return not below, f"{facts.bdsm:#x}{f' is {below:#x} past a multiple of 1 MiB' if below else ''}"


def _bdsm_low(facts: Facts) -> Verdict:
    if facts.family.gen >= 11:
        return None
    return facts.stolen.end <= FOUR_GIB, f"{_span(*facts.stolen)}, a 32-bit register"


def _bdsm_reserved(facts: Facts) -> Verdict:
    return _inside(facts.stolen, facts.summary.firmware.e820, ("RESERVED",))


def _inside(wanted: Range, e820: list[E820Range], types: tuple[str, ...]) -> tuple[bool, str]:
    """Whether ``wanted`` lies in e820 ranges of these types; the detail names the first part that does not."""
    at = wanted.start
    while at < max(wanted.end, wanted.start + 1):
        found = next((entry for entry in e820 if entry.start <= at < entry.end), None)
        if found is None or found.type not in types:
            kind = f"{found.type} ({_span(found.start, found.end)})" if found else "in no e820 range"
            return False, f"{_span(*wanted)}: {at:#x} is {kind}"
        at = found.end
    return True, _span(*wanted)


def _bdsm_clear(facts: Facts) -> Verdict:
    for name, start, size in _neighbours(facts):
        if facts.stolen.overlaps(start, size):
            return False, f"{_span(*facts.stolen)} overlaps {name} {_span(start, start + size)}"
    return True, _span(*facts.stolen)


def _neighbours(facts: Facts) -> Iterator[tuple[str, int, int]]:
    """(name, start, size) of the OpRegion and the device's memory BARs."""
    if facts.asls:
        yield "the OpRegion", facts.asls, OPREGION_SIZE
    for bar in facts.family.bars:
        address = facts.summary.firmware.bars.get(str(bar.index), 0)
        if bar.kind != "io" and address:
            yield f"BAR{bar.index} ({bar.role})", address, bar.size


def _asls_set(facts: Facts) -> Verdict:
    offered = facts.scenario.hypervisor.opregion != "off" and facts.scenario.firmware.kind != "none"
    if not facts.graphics or not facts.scenario.host.asls or not (facts.on_host or offered):
        return None
    return bool(facts.asls), f"{facts.asls:#x}" if facts.asls else "ASLS is 0x0: the firmware placed no OpRegion"


def _asls_reserved(facts: Facts) -> Verdict:
    if not facts.graphics or not facts.asls:
        return None
    return _inside(Range(facts.asls, facts.asls + OPREGION_SIZE), facts.summary.firmware.e820, ("RESERVED", "NVS"))


# --- what the device reads ------------------------------------------------------------------------------------------


def _gtt_inside(facts: Facts) -> Verdict:
    if not facts.graphics:
        return None
    targets, first = facts.summary.gtt.targets, facts.summary.gtt.first
    total = targets.guest_stolen + targets.host_stolen + targets.guest_ram + targets.unmapped
    if not targets.host_stolen and not targets.unmapped:
        if not total:
            return True, "no entry was written"
        return True, f"{targets.guest_stolen} of {total} entries in {_span(*facts.stolen)}"
    parts = []
    if targets.host_stolen:
        base = facts.scenario.host.bdsm & ~1
        span = _span(base, base + facts.family.gms.decode(facts.scenario.host.ggc))
        parts.append(f"{targets.host_stolen} of {total} entries point at the host's stolen memory, {span}")
    if targets.unmapped:
        parts.append(f"{targets.unmapped} of {total} entries point where nothing is mapped")
    if first is not None:
        parts.append(f"the first write was {first.value:#x}")
    return False, "; ".join(parts)


def _gtt_harmless(facts: Facts) -> Verdict:
    if not facts.graphics:
        return None
    targets = facts.summary.gtt.targets
    if not targets.guest_ram and not targets.silent:
        return True, "no entry points at memory that the guest uses"
    first = facts.summary.gtt.first
    where = f", from {first.value if first.written is None else first.written:#x} on" if first else ""
    return (
        False,
        f"{targets.guest_ram + targets.silent} entries point at RAM that the guest uses{where}: no fault tells",
    )


def _no_faults(facts: Facts) -> Verdict:
    if not facts.graphics or facts.on_host:
        return None
    iommu = facts.summary.iommu
    if not iommu.faults:
        return True, "none"
    reasons = ", ".join(f"{count}x reason {reason}" for reason, count in sorted(iommu.by_reason.items()))
    lost = f", {iommu.faults - iommu.recorded} of them found no free record" if iommu.overflowed else ""
    return False, f"{iommu.faults} DMA faults ({reasons}){lost}"


def _screens(facts: Facts) -> Verdict:
    screens = facts.summary.display
    if not screens:
        return None
    torn = [screen for screen in screens if screen.unreadable_pages]
    if not torn:
        return True, f"{len(screens)} of {len(screens)}"
    parts = [f"{screen.file or f'mode {screen.mode:#x}'} lacks {screen.unreadable_pages} pages" for screen in torn]
    return False, "; ".join(parts)


def _ggc(facts: Facts) -> Verdict:
    """A note, not a failure: GGC is taken as the scenario gives it."""
    if not facts.graphics:
        return None
    family, ggc = facts.family, facts.scenario.host.ggc
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
    base = facts.scenario.host.bdsm & ~1
    if family.gen < 11 and base + size > FOUR_GIB:
        odd.append(f"stolen memory would end at {base + size:#x}")
    note = f"; odd: {'; '.join(odd)}" if odd else ""
    return True, f"{ggc:#06x}, {format_size(size)} stolen{note}"


RULES: tuple[Rule, ...] = (
    Rule("rom-finished", _rom_finished, "a ROM that hangs, crashes or is killed", "the run itself"),
    Rule("calls-answered", _calls_answered, "a boot loader left without its mode", "VBE 3.0, function status"),
    Rule("no-assists", _assists, "a ROM that only works when helped", "the run itself"),
    Rule("budget", _budget, "a verdict on a run that was cut short", "scenario: budget"),
    Rule("bdsm-set", _bdsm_set, "entries computed from base 0", "Linux i915_gem_stolen.c: base 0 is unusable"),
    Rule("bdsm-aligned", _placed(_bdsm_aligned), "a base whose low bits the register drops", "BDSM bits 31:20"),
    Rule("bdsm-below-4g", _placed(_bdsm_low), "a base cut off at 32 bits", "BDSM is 32 bits wide before gen 11"),
    Rule("bdsm-reserved", _placed(_bdsm_reserved), "an OS that uses the frame buffer as RAM", "Linux early-quirks.c"),
    Rule("bdsm-clear", _placed(_bdsm_clear), "a frame buffer over the OpRegion or a BAR", "SeaBIOS src/fw/pciinit.c"),
    Rule("asls-set", _asls_set, "a driver without VBT", "ACPI IGD OpRegion specification"),
    Rule("asls-reserved", _asls_reserved, "an OS that overwrites the OpRegion", "Linux display/intel_opregion.c"),
    Rule("gtt-guest-stolen", _gtt_inside, "a display that reads the host's memory", "QEMU docs/igd-assign.txt"),
    Rule("gtt-no-corruption", _gtt_harmless, "drawing over the guest's own data, which faults nowhere", "IOMMU domain"),
    Rule("no-dma-faults", _no_faults, "DMA that the IOMMU refuses", "VT-d specification, fault reasons 5 and 6"),
    Rule("screens-complete", _screens, "a torn picture", "scan-out, page by page"),
    Rule("ggc-usual", _ggc, "a GGC of another generation: it is taken as given", "Linux early-quirks.c, GMS codes"),
)
"""Every rule. ``ggc-usual`` is a note: the run obeys the value, and the rule says what is odd about it."""
