"""What came of UEFI drivers is judged by rules; what no driver notices, and its user suffers from, is told here.

VfioIgdPkg's drivers: github.com/tomitamoeko/VfioIgdPkg 067328d, PlatformGopPolicy.c (GetVbtData) and build.sh. A rule
that fails says what to change, in the words of the tool where it is changed. What each driver does when something is
missing: runs of the GOP drivers of coreboot's boards (docs/uefi.md).
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from fwsim.results.summary import EfiDriverResult, EfiInput, EfiSummary, Summary
from fwsim.rules.placement import Verdict
from fwsim.scenario.model import Scenario

SUCCESS = "SUCCESS"
_PAGE = 0xFFF
_COPIES = ("sandybridge", "ivybridge")
_VBT_AT = 0x400
_NO_POLICY = (
    "no VBT: put VfioIgdPkg's PlatformGopPolicy before it into the romfile (build.sh --gop), with x-igd-opregion=on, "
    "for it takes the VBT from the OpRegion; here host.vbt"
)
_NO_SINK = (
    "plug a display in at a port that the VBT has, open the lid, or give this very machine's VBT; here [[display]] "
    "port, host.vbt"
)


class EfiFacts(Struct, frozen=True):
    """What the rules look at: the run, its drivers, and the guest's BDSM and ASLS, 0 where there is none."""

    scenario: Scenario
    summary: Summary
    efi: EfiSummary
    bdsm: int
    asls: int


class EfiRule(Struct, frozen=True):
    """One rule: a short stable ``id``, what it ``protects`` from, and the ``source`` it follows from."""

    id: str
    test: Callable[[EfiFacts], Verdict]
    protects: str
    source: str


def _drivers(facts: EfiFacts) -> Verdict:
    """Every driver that was loaded starts, or is there for others only."""
    if facts.summary.stop.reason != "completed":
        return None
    if not failed_drivers(facts.efi):
        names = [each.name for each in facts.efi.drivers if each.start]
        if names:
            return True, f"{', '.join(names)} started"
        offered = [each for each in facts.efi.drivers if each.supported]
        if not offered:
            return True, f"{', '.join(each.name for each in facts.efi.drivers)} entered; no driver binding among them"
        device = f"8086:{facts.scenario.host.device_id:04x}"
        return False, (
            f"no driver takes {device}: Supported of {offered[-1].name} is {offered[-1].supported}; put the GOP driver "
            "of this generation into the romfile (fwsim rom info FILE --ids)"
        )
    return False, gave_up(facts.efi)


def gave_up(efi: EfiSummary) -> str:
    """Which drivers returned errors, and what is known of the reasons."""
    return "; ".join(gave_up_text(each, efi) for each in failed_drivers(efi))


def failed_drivers(efi: EfiSummary) -> list[EfiDriverResult]:
    """The drivers that gave up, at their entry or in Start."""
    return [each for each in efi.drivers if {each.entry, each.start} - {"", SUCCESS}]


def gave_up_text(driver: EfiDriverResult, efi: EfiSummary) -> str:
    """What one of them returned, and what is known of the reason."""
    entered = driver.entry in ("", SUCCESS)
    step, status = ("Start", driver.start) if entered else ("the entry point", driver.entry)
    text = f"{step} of {driver.name} returned {status}"
    why = driver.why or _known_reason(driver, efi)
    return f"{text}: {why}" if why else text


def _known_reason(driver: EfiDriverResult, efi: EfiSummary) -> str:
    """The reason that the last reads tell without a trial; "" where they do not."""
    if driver.start == "NOT_FOUND" and not efi.vbt:
        return "see gop-policy"
    if shy(driver):
        return "it read 00:1f.0's id and gave up: see gop-lpc-id"
    return f"it had read last: {reads_text(driver.last_reads)}" if driver.last_reads else ""


def shy(driver: EfiDriverResult) -> bool:
    """Whether it gave up before it touched a register, and had looked at 00:1f.0."""
    return not driver.registers and any(each.name == "LPC_DID" for each in driver.last_reads)


def reads_text(reads: Sequence[EfiInput]) -> str:
    """``LPC_DID 0x2918, mmio 0x6c060 0x0 (10002 times)``: three of them."""
    return ", ".join(_read_text(each) for each in reads[:3])


def _read_text(read: EfiInput) -> str:
    times = f" ({read.count} times)" if read.count > 1 else ""
    return f"{read.name or f'{read.space} {read.address:#x}'} {read.value:#x}{times}"


def _policy(facts: EfiFacts) -> Verdict:
    """A VBT for the drivers that ask for one."""
    if facts.efi.vbt:
        return True, f"{facts.efi.vbt} bytes of VBT"
    asked = any(each.start == "NOT_FOUND" for each in facts.efi.drivers)
    return (False, _NO_POLICY) if asked else None


def _lpc(facts: EfiFacts) -> Verdict:
    """A PCH that the driver knows: without one it gives up before it touches a register."""
    found = [each for each in failed_drivers(facts.efi) if shy(each)]
    if not found:
        return None
    return False, (
        f"00:1f.0 is 8086:{facts.efi.lpc_id:04x}, no PCH that {found[0].name} knows: x-igd-lpc=on (pc machine), or a "
        "q35 patched to have the host's ids at its isa bridge; here hypervisor.lpc, host.lpc_id"
    )


def _gop(facts: EfiFacts) -> Verdict:
    """A GOP: SUCCESS of Start alone says nothing."""
    gop = facts.efi.gop
    drivers = facts.efi.drivers
    if facts.summary.stop.reason != "completed" or failed_drivers(facts.efi):
        return None
    if not any(each.supported for each in drivers):
        return False, (
            "no driver for the display among them, black until the guest's own driver: a GOP driver into the romfile "
            "(VfioIgdPkg's build.sh --gop)"
        )
    if not any(each.start == SUCCESS for each in drivers):
        return None
    if gop is None:
        reads = next((each.last_reads for each in drivers if each.start == SUCCESS and each.last_reads), [])
        asked = f"; it had read last: {reads_text(reads)}" if reads else ""
        return False, f"Start is SUCCESS without a GOP, no display was found: {_NO_SINK}{asked}"
    if not facts.summary.display:
        return False, f"a GOP with {len(gop.modes)} modes, but nothing is lit: link training failed, or {_NO_SINK}"
    bad = [mode for mode in gop.modes if mode.set != SUCCESS]
    if bad:
        return False, f"SetMode({bad[0].number}) is {bad[0].set}: {len(bad)} of {len(gop.modes)} modes cannot be set"
    return True, f"{len(gop.modes)} modes, frame buffer at {gop.base:#x}"


def _base(facts: EfiFacts) -> Verdict:
    """BDSM 0 is taken as it is by every driver, and nothing tells."""
    first = facts.summary.gtt.first
    if first is None or facts.bdsm or (first.value & ~_PAGE) != 0 or not first.value & 1:
        return None
    return False, (
        f"GTT entries begin at {first.value:#x}: BDSM is 0, and the driver took it as it is, so the display reads "
        "guest memory from 0 on: VfioIgdPkg's IgdAssignmentDxe before the GOP driver in the romfile, with "
        "etc/igd-bdsm-size (x-igd-gms=N); here firmware.drivers"
    )


def _mapped(facts: EfiFacts) -> Verdict:
    """A GOP whose GGTT nobody has filled shows nothing that is drawn."""
    if facts.efi.gop is None or not facts.summary.display:
        return None
    writes = facts.summary.gtt.writes
    if writes:
        return True, f"{writes} writes to the GTT"
    ggc = facts.scenario.host.ggc if facts.scenario.assignment.ggc is None else facts.scenario.assignment.ggc
    return False, (
        f"the plane is on and the GTT is empty: GGC {ggc:#06x} says no stolen memory, so the driver mapped none: "
        "x-igd-gms=2 (64 MiB) or more; here hypervisor.gms"
    )


def _opregion(facts: EfiFacts) -> Verdict:
    """Without OpRegion two drivers write their VBT to physical 400h."""
    host = facts.scenario.host
    if facts.asls or host.cpu not in _COPIES or not any(each.start for each in facts.efi.drivers):
        return None
    if facts.efi.gop is not None:
        return None
    return False, (
        f"ASLS is 0 and no display was found: this driver copies the whole VBT to ASLS + {_VBT_AT:#x}, over the "
        f"guest's memory at {_VBT_AT:#x}: x-igd-opregion=on and a firmware that places it (IgdAssignmentDxe)"
    )


def _services(facts: EfiFacts) -> Verdict:
    """What a driver asked for and fwsim does not have: a result without it may be another on a real machine."""
    missing = facts.summary.unhandled.services
    if not missing:
        return None
    names = ", ".join(f"{each.name} x{each.count}" for each in missing[:4])
    more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
    text = f"answered EFI_UNSUPPORTED, for fwsim does not model them: {names}{more}"
    return facts.efi.gop is not None and not failed_drivers(facts.efi), text


def _breaches(facts: EfiFacts) -> Verdict:
    """What a driver must not do."""
    found = facts.efi.breaches
    if not found:
        return None
    more = f"; and {len(found) - 2} more" if len(found) > 2 else ""
    return False, f"{'; '.join(found[:2])}{more}: the driver's own fault, another build may do better"


DRIVERS: tuple[EfiRule, ...] = (
    EfiRule("efi-drivers", _drivers, "a driver that gives up, or is for another device", "UEFI 2.10, 11.1: Start"),
    EfiRule("gop-policy", _policy, "a GOP driver without a VBT", "VfioIgdPkg PlatformGopPolicy"),
    EfiRule("gop-lpc-id", _lpc, "a GOP driver that knows no PCH of this id", "QEMU hw/vfio/igd.c: x-igd-lpc"),
    EfiRule("gop-there", _gop, "SUCCESS without a display", "UEFI 2.10, 12.9: Graphics Output Protocol"),
    EfiRule("gop-base", _base, "a picture out of the guest's first megabytes", "BDSM bits 31:20, taken as they are"),
    EfiRule("gop-mapped", _mapped, "a plane on over an empty GTT", "GGC's GMS: the driver maps as much"),
    EfiRule("gop-opregion", _opregion, "a VBT over the guest's memory at 400h", "runs of the drivers of gens 6 and 7"),
    EfiRule("efi-services", _services, "a verdict on what fwsim does not model", "UEFI 2.10, 7 and 8"),
    EfiRule("efi-breaches", _breaches, "a driver that breaks UEFI's rules", "UEFI 2.10, 7.1 and 7.2"),
)
"""Every rule of a UEFI run; each concerns the display's drivers."""
