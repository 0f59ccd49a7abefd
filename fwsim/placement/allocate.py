"""Placements: which firmware places what where in one configuration, no ROM run, and what the rules say of it.

``place`` takes an ``Ask`` and gives an ``Allocation``: ``firmware`` and ``checks`` as in ``summary.json``, and what
only a placement tells. It takes under a millisecond and imports no numpy.
"""

from functools import lru_cache

import msgspec
from msgspec import field
from msgspec.structs import replace

from fwsim import __version__
from fwsim.errors import FwsimError
from fwsim.exactness import Known
from fwsim.firmware.allocators import allocator, check_version
from fwsim.firmware.interface import Allocator
from fwsim.firmware.request import Bar, Function, Host, Options, Placement, Request, Step, format_bdf, parse_bdf
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import HOST_BRIDGE, Assignment, Choice
from fwsim.hypervisor.qemu.releases import release
from fwsim.memory.ranges import Range
from fwsim.placement.ask import Ask, BarAsk, assignment, cpu_asked, igd_bars, machine_functions, options_of, resolve
from fwsim.registers.families import family
from fwsim.registers.family import Family
from fwsim.results.summary import CheckResult, E820Range, FirmwareSummary
from fwsim.rules.placement import Placed, check_placed
from fwsim.units import GIB, MIB, format_size

__all__ = [
    "Allocation", "Ask", "BarAsk", "BarPlace", "Details", "GuestStep", "decode", "explain", "largest_stolen", "place",
    "recheck",
]  # fmt: skip


class BarPlace(msgspec.Struct, kw_only=True):
    """One BAR of the machine: ``address`` None where the firmware found no place; ``name`` such as "00:02.0 BAR2"."""

    name: str
    size: int
    kind: str
    address: int | None = None


class GuestStep(msgspec.Struct, kw_only=True):
    """One moment of a guest's start: what is ``mapped`` then, what ``breaks``; not ``sure``: it only may happen."""

    step: str
    mapped: str
    breaks: str = ""
    sure: bool = True


class KeptRange(msgspec.Struct, kw_only=True):
    """Memory of the device model's own that is in no map: ``what``, from ``start`` up to ``end``."""

    what: str
    start: int
    end: int


class HoleBy(msgspec.Struct, kw_only=True):
    """The low hole where ``by`` sizes it (firmware, toolstack, agreed), and what comes of it (request.HoleSide)."""

    by: str
    start: int
    wanted: int
    moved: int
    gaps: tuple[tuple[int, int], ...] = ()
    lost: tuple[str, ...] = ()
    high: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()


class Details(msgspec.Struct, kw_only=True):
    """What a placement tells besides. Ranges are (start, end); ``register`` is where BDSM went, 0 for nowhere.

    ``size``: bytes of stolen memory really placed; ``announced``: what the guest's GGC says. ``notes`` say why.
    ``no_bdsm`` and ``no_asls``: the one cause of there being none; "" where there is one, or nobody knows.
    ``pciexbar``: the value that the firmware gave it, 0 where it gave none. ``kept``: what the device model keeps in no
    map; ``overlaps`` what meets it; ``holes`` the low hole by each way to size it.
    """

    version: str = ""
    boot: str = "ok"
    register: int = 0
    size: int = 0
    announced: int = 0
    ecam: tuple[int, int] | None = None
    hole: tuple[int, int] | None = None
    behind_bar: list[tuple[int, int]] = field(default_factory=list)
    bars: list[BarPlace] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    no_bdsm: str = ""
    no_asls: str = ""
    steps: list[GuestStep] = field(default_factory=list)
    pciexbar: int = 0
    kept: list[KeptRange] = field(default_factory=list)
    overlaps: list[str] = field(default_factory=list)
    holes: list[HoleBy] = field(default_factory=list)


class Allocation(msgspec.Struct, kw_only=True):
    """The outcome, as ``fwsim alloc --json`` prints it. ``ask`` has every default filled in.

    ``exactness``: how well each number of ``firmware`` is known, the hypervisor's rules, and fields of ``ask``.
    """

    fwsim: str = __version__
    ask: Ask
    firmware: FirmwareSummary
    details: Details
    checks: list[CheckResult] = field(default_factory=list)
    exactness: dict[str, Known] = field(default_factory=dict)

    @property
    def failed(self) -> list[CheckResult]:
        """The checks that did not hold."""
        return [check for check in self.checks if not check.ok]


def place(ask: Ask) -> Allocation:
    """Let the firmware place what ``ask`` says, and judge it.

    Firmware that finds no room is no error, it says so. Raises FwsimError for what no machine can be, an unknown
    firmware, version or cpu, and two devices in one place.
    """
    row, given = allocator(ask.firmware), ask
    options = options_of(ask, row)
    ask = resolve(ask, row, row.size_from(options) == "ggc")
    check_version(row, ask.version)
    fam = family(ask.gen)
    request = _request(ask, fam, row, options)
    placement = row.place(request)
    bdf = parse_bdf(ask.slot)
    result = Allocation(
        ask=ask,
        firmware=FirmwareSummary(
            kind=ask.firmware, bdsm=placement.bdsm.get(bdf, 0), asls=placement.asls.get(bdf, 0),
            e820=[E820Range(start=start, end=end, type=name) for start, end, name in placement.e820],
            bars={str(index): address for (at, index), address in placement.bars.items() if at == bdf},
            log=[*placement.log, *placement.warnings],
        ),
        details=_details(ask, fam, row, request, placement),
        exactness=_exactness(given, ask, row, options),
    )  # fmt: skip
    result.checks = check_placed(_placed(result, row, options))
    return result


def recheck(result: Allocation) -> list[CheckResult]:
    """The rules applied to ``result`` as it stands, whatever its ``checks`` say."""
    row = allocator(result.ask.firmware)
    return check_placed(_placed(result, row, options_of(result.ask, row)))


def decode(data: bytes, where: str) -> list[Allocation]:
    """What ``fwsim alloc --json`` printed (several by --compare). Raises FwsimError naming ``where``."""
    try:
        parts = msgspec.json.decode(data)
        many = parts.get("placements") if isinstance(parts, dict) else None
        return msgspec.convert([parts] if many is None else [part for part in many if "error" not in part],
                               list[Allocation])  # fmt: skip
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise FwsimError(
            "not what fwsim alloc --json prints", where=where, found=str(error), expected="ask, firmware, details",
            hint="fwsim alloc --firmware seabios --json > placement.json",
        ) from None  # fmt: skip


def explain(result: Allocation) -> Allocation:
    """``result``, with the largest size that would fit where a size is to blame. Places several times."""
    for check in result.checks:
        if check.id == "bdsm-set" and not check.ok:
            largest = largest_stolen(result.ask)
            if largest and largest < result.ask.stolen:
                check.detail += f"; the largest that fits is {format_size(largest)}"
        elif check.id == "asls-set" and not check.ok:
            pages = largest_opregion(result.ask)
            if pages and pages < result.ask.opregion:
                check.detail += f"; the largest that fits is {format_size(pages)}"
        elif check.id in ("firmware-boots", "bars-placed") and not check.ok:
            fits = _largest_bar(result.ask)
            if fits:
                check.detail += f"; {fits}"
    return result


def largest_stolen(ask: Ask) -> int:
    """The most stolen memory, in whole MiB, that this firmware places in this guest; 0 where it places none at all."""
    low, high = 0, (1 << 32) // MIB + 1
    codes = _announceable(ask) if reads_ggc(ask) else []
    if codes:
        return next((size for size in reversed(codes) if _fits(ask, size)), 0)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(ask, middle * MIB) else (low, middle)
    return low * MIB


def largest_opregion(ask: Ask) -> int:
    """The largest OpRegion, in whole pages, that this firmware places in this guest; 0 where it places none at all."""
    low, high = 0, (min(ask.ram, 1 << 32) >> 12) + 1
    while high - low > 1:
        middle = (low + high) // 2
        placed = place(replace(ask, opregion=middle << 12)).firmware.asls
        low, high = (middle, high) if placed else (low, middle)
    return low << 12


def _fits(ask: Ask, size: int) -> bool:
    return bool(place(replace(ask, stolen=size, ggc=-1)).firmware.bdsm)


def _announceable(ask: Ask) -> list[int]:
    rule = family(ask.gen).gms
    sizes = {rule.decode(code << rule.shift) for code in range((rule.mask >> rule.shift) + 1)}
    return sorted(size for size in sizes if size)


def _largest_bar(ask: Ask) -> str:
    """For a BAR that finds no room: the largest that does in its stead."""
    bars = igd_bars(family(ask.gen), ask)
    biggest = max((bar for bar in bars if bar.kind != "io"), key=lambda bar: bar.size, default=None)
    if biggest is None:
        return ""
    size = biggest.size >> 1
    while size >= 4096:
        smaller = BarAsk(index=biggest.index, size=size, kind=biggest.kind, is64=biggest.is64)
        others = [bar for bar in ask.bars if bar.slot or bar.index != biggest.index]
        tried = place(replace(ask, bars=[*others, smaller]))
        if tried.details.boot == "ok" and not any(bar.address is None for bar in tried.details.bars):
            return f"the largest BAR{biggest.index} that fits is {format_size(size)}"
        size >>= 1
    return ""


def reads_ggc(ask: Ask) -> bool:
    """Whether this firmware takes the size of the stolen memory from GGC, not from what it is told."""
    row = allocator(ask.firmware)
    return row.size_from(options_of(ask, row)) == "ggc"


def _request(ask: Ask, fam: Family, row: Allocator, options: Options) -> Request:
    return Request(
        machine=ask.machine, ram=ask.ram, functions=machine_functions(ask, fam, row, options),
        opregion_size=ask.opregion or None, bdsm_file=ask.stolen.to_bytes(8, "little"), version=ask.version,
        max_low=ask.max_low or None, options=options, cpu=cpu_asked(ask),
        release=release(ask.profile),
        host=Host(ask.host_bdsm, ask.host_bdsm | 1, ask.stolen, ask.host_asls, fam.gen, fam.name),
    )  # fmt: skip


def _details(ask: Ask, fam: Family, row: Allocator, request: Request, placement: Placement) -> Details:
    bdf, version_name = parse_bdf(ask.slot), ask.version or row.default_version
    notes = list(placement.notes)
    display = next(function for function in request.functions if function.bdf == bdf)
    reason = "" if placement.bdsm.get(bdf) else row.why_none(request, display, placement)
    if reason:
        notes.append(reason)
    said = [*placement.warnings, *placement.notes]
    no_asls = "" if placement.asls.get(bdf) else row.why_no_opregion(request, display, placement)
    hole = placement.windows.get("mem32")
    if placement.bdsm and not row.maps_stolen:
        notes.append(f"{row.name} maps nothing there: the driver reads the address only")
    if _would_stay_low(ask, row, placement):
        notes.append(
            "in QEMU's legacy mode 00:00.0 has the host's subsystem id, and this firmware then does not ask the CPU "
            "for its address bits: BARs stay below 4 GiB where they fit (--legacy on)"
        )
    return Details(
        version=version_name, boot=placement.boot, register=placement.bdsm_register.get(bdf, 0),
        size=placement.bdsm_size.get(bdf, 0), announced=row.announced(fam, ask.device, ask.ggc, _own(request)),
        ecam=placement.ecam or row.ecam(ask.machine, version_name),
        hole=(hole[0], hole[1]) if hole else None, behind_bar=list(placement.behind_bar),
        bars=_bars(request.functions, placement), notes=notes, warnings=placement.warnings,
        no_bdsm="" if placement.bdsm.get(bdf) else _cause(placement.boot, reason, said),
        no_asls="" if placement.asls.get(bdf) else _cause(placement.boot, no_asls, said),
        steps=[GuestStep(step=s.step, mapped=s.mapped, breaks=s.breaks, sure=s.sure) for s in placement.steps],
        pciexbar=placement.pciexbar, overlaps=list(placement.overlaps),
        kept=[KeptRange(what=what, start=start, end=end) for what, start, end in placement.kept],
        holes=[msgspec.convert(side, HoleBy, from_attributes=True) for side in placement.holes],
    )  # fmt: skip


def _cause(boot: str, reason: str, said: list[str]) -> str:
    """The one cause: the guest never started, what the allocator looks at, or the first thing that it said."""
    return boot if boot != "ok" else next(filter(None, [reason, *said]), "")


def _exactness(given: Ask, ask: Ask, row: Allocator, options: Options) -> dict[str, Known]:
    """How well the firmware's numbers are known, the hypervisor's rules, and what of the machine was not given."""
    found = dict(row.exactness(ask.version or row.default_version, options))
    if row.guest_of == "qemu":
        found["hypervisor"] = _rules_known(ask.profile)
    usual = Known("assumed", f"{ask.gen}'s usual; lspci -xxxx of the host has the machine's own")
    missing = [name for name in ("device", "host_bdsm", "host_asls") if getattr(given, name) < 0]
    if given.ggc < 0 and given.stolen < 0:
        missing.append("ggc")
    return found | dict.fromkeys(missing, usual)


@lru_cache(maxsize=64)
def _rules_known(profile: str) -> Known:
    return kinds.hypervisor(Choice("qemu", profile)).known


def _would_stay_low(ask: Ask, row: Allocator, placement: Placement) -> bool:
    """Whether a BAR is above 4 GiB here, and legacy mode, which this machine comes up in, may keep it below."""
    if ask.legacy == "on" or not row.heeds_bridge(ask.version) or max(placement.bars.values(), default=0) < 4 * GIB:
        return False
    return HOST_BRIDGE in assignment(ask).copies


def _own(request: Request) -> Options:
    assert request.options is not None
    return request.options


def _bars(functions: tuple[Function, ...], placement: Placement) -> list[BarPlace]:
    """Every BAR with its address; none where this firmware leaves them to the device model."""
    if not placement.bars and placement.boot == "ok":
        return []
    addresses = placement.bars | placement.moved
    rows: dict[tuple[int, int], Bar] = {(f.bdf, bar.index): bar for f in functions for bar in f.bars}
    found = [
        BarPlace(
            name=f"{format_bdf(bdf)} BAR{index}", size=bar.size, kind=bar.kind, address=addresses.get((bdf, index))
        )
        for (bdf, index), bar in rows.items()
    ]
    for (bdf, index), address in addresses.items():
        if (bdf, index) not in rows:  # the ROM's, or one the firmware made itself
            size = next((f.rom_size for f in functions if f.bdf == bdf and index == 6), 0) or _behind(
                placement, address
            )
            name = "ROM" if index == 6 else f"BAR{index}"
            found.append(BarPlace(name=f"{format_bdf(bdf)} {name}", size=size, kind="mem", address=address))
    return found


def _behind(placement: Placement, address: int) -> int:
    return next((end - start for start, end in placement.behind_bar if start == address), 0)


def _placed(result: Allocation, row: Allocator, options: Options) -> Placed:
    """What the rules look at, from the outcome alone."""
    ask, details, firmware = result.ask, result.details, result.firmware
    fam = family(ask.gen)
    qemu = row.guest_of == "qemu"
    given = assignment(ask) if qemu else Assignment()
    source = row.size_from(options)
    nobody = not row.knows_igd or (source == "nobody" and not firmware.bdsm)
    wanted = details.announced if source == "ggc" else ask.stolen
    return Placed(
        family=fam, at_host_base=row.at_host_base, e820=firmware.e820, bdsm=firmware.bdsm, asls=firmware.asls,
        wanted=0 if nobody or fam.bdsm_register is None else wanted, size=details.size,
        opregion=ask.opregion if row.knows_igd else 0,
        bars=[(b.name, b.address, b.size) for b in details.bars if b.kind != "io" and b.address is not None],
        missing=[b.name for b in details.bars if b.address is None and (b.kind != "io" or row.places_io_bars)],
        behind_bar=[Range(*each) for each in details.behind_bar], boot=details.boot, register=details.register,
        ggc=ask.ggc, announced=details.announced, announced_gtt=fam.ggms.decode(ask.ggc) if fam.ggms else 0,
        ecam=Range(*details.ecam) if details.ecam else None, hole=Range(*details.hole) if details.hole else None,
        host_bdsm=ask.host_bdsm, profile=ask.profile if qemu else "", refusal=given.refusal,
        emulates_bdsm=given.own_bdsm, offers_opregion=given.opregion,
        vbios=not row.uefi, notes=details.notes, no_bdsm=details.no_bdsm, no_asls=details.no_asls,
        steps=[Step(s.step, s.mapped, s.breaks, s.sure) for s in details.steps],
        pciexbar=details.pciexbar, overlaps=details.overlaps, kept=[Range(k.start, k.end) for k in details.kept],
    )  # fmt: skip
