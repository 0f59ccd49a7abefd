"""Dumps are judged: a host's facts against each other, and a guest's placement by the placement rules."""

from collections.abc import Callable

from fwsim.errors import FwsimError
from fwsim.host.facts import Dumps, Missing, locate
from fwsim.host.places import places, where_all
from fwsim.memory.ranges import Range
from fwsim.registers.families import family
from fwsim.registers.family import Family
from fwsim.results.summary import CheckResult
from fwsim.rom.opregion import SIZE as OPREGION_SIZE
from fwsim.rules.placement import SHARED, Layout, Placed, Verdict, check_placed, span
from fwsim.units import MIB, format_size

NEED_E820 = ("bdsm-reserved", "asls-reserved")
_ECAM_SIZES = (256, 128, 64)

COLLECT = {
    "bridge": ("00:00.0's configuration space: GGC, BGSM, TOLUD", "sudo lspci -xxxx -s 00.0 > bridge.txt"),
    "igd": ("00:02.0's configuration space: device id, BDSM, ASLS", "sudo lspci -nnvvvxxxx -s 02.0 > igd.txt"),
    "lpc": ("the device id of 00:1f.0", "lspci -nns 1f.0 > lpc.txt"),
    "e820": ("the firmware's memory map", "sudo dmesg > dmesg    (soon after boot: the log forgets its start)"),
    "iomem": ("/proc/iomem", "sudo cat /proc/iomem > iomem"),
    "opregion": ("the OpRegion", "sudo cp /sys/kernel/debug/dri/0/i915_opregion ."),
    "rom": ("the option ROM", "sudo fwsim host capture --out dumps    (it enables sysfs's rom file)"),
    "edid": ("what is attached", "cp /sys/class/drm/card0-HDMI-A-1/edid HDMI-A-1.edid    (and so on)"),
}  # fmt: skip
"""What a host file lives on, with the command that collects it."""


def missing(dumps: Dumps) -> list[Missing]:
    """What no dump tells, with the command that collects each."""
    configured = {fact.how.rpartition(" of ")[2] for fact in dumps.facts if fact.rank == 0}
    absent = {
        "bridge": "00:00.0" not in configured, "igd": "00:02.0" not in configured,
        "lpc": dumps.best("lpc_id") is None, "e820": not dumps.e820, "iomem": not dumps.iomem,
        "opregion": not dumps.opregion and not dumps.vbt, "rom": not dumps.rom, "edid": not dumps.monitors,
    }  # fmt: skip
    return [Missing(what=COLLECT[name][0], command=COLLECT[name][1]) for name, gone in absent.items() if gone]


def host_checks(dumps: Dumps) -> list[CheckResult]:
    """The facts of a host against each other; what is not known is not judged."""
    if not dumps.cpu:
        return []
    fam = family(dumps.cpu)
    layout = _layout(dumps, fam)
    found = [(rule.id, rule.test(layout)) for rule in SHARED if dumps.e820 or rule.id not in NEED_E820]
    if dumps.best("bdsm") is None:
        found = [row for row in found if not row[0].startswith("bdsm")]
    if dumps.best("asls") is None:
        found = [row for row in found if not row[0].startswith("asls")]
    found += [(name, test(dumps, fam)) for name, test in _CROSS]
    return [CheckResult(name, *verdict) for name, verdict in found if verdict is not None]


def guest_checks(dumps: Dumps) -> tuple[list[CheckResult], list[Missing]]:
    """(the placement rules applied to what a guest shows, what could not be judged and how to collect it).

    Raises FwsimError when the dumps do not show the guest's IGD.
    """
    if not dumps.cpu or dumps.best("device_id") is None:
        raise FwsimError(
            "the dumps do not show the guest's IGD", where=", ".join(source.file for source in dumps.sources)[:200],
            found="no 00:02.0 of Intel's" if dumps.best("device_id") is None else "an unknown device id",
            expected="its configuration space", hint=f"in the guest: {COLLECT['igd'][1]}",
        )  # fmt: skip
    fam = family(dumps.cpu)
    placed = placed_of(dumps, fam)
    known = {"bdsm": dumps.best("bdsm") is not None, "asls": dumps.best("asls") is not None, "e820": bool(dumps.e820)}
    results = [
        result
        for result in check_placed(placed)
        if (known["e820"] or result.id not in NEED_E820)
        and all(known[name] for name in ("bdsm", "asls") if result.id.startswith(name))
        and (result.id != "ggc-usual" or placed.ggc)
        and result.id != "firmware-boots"  # it ran: there are dumps
    ]
    faults = _faults(dumps, fam)  # a host's log among them, or an IOMMU of the guest's own
    results += [CheckResult("no-dma-faults", *faults)] if faults is not None else []
    names = [name for name, gone in (
        ("igd", not (known["bdsm"] and known["asls"])), ("e820", not known["e820"]), ("iomem", not dumps.iomem)
    ) if gone]  # fmt: skip
    return results, [Missing(what=COLLECT[name][0], command=f"in the guest: {COLLECT[name][1]}") for name in names]


def placed_of(dumps: Dumps, fam: Family) -> Placed:
    """What the dumps show, as the placement rules want it."""
    layout = _layout(dumps, fam)
    old = dumps.value("old_bdsm") or 0
    bdsm, register = layout.bdsm, fam.bdsm_register or 0
    if not bdsm and old & -MIB:
        bdsm, register = old & -MIB, 0x5C
    bars = [bar for bar in dumps.bars if bar.start]
    reserved = dumps.value("stolen_reserved")
    elsewhere = reserved is not None and reserved & 1 and fam.gen >= 11 and bdsm
    inside = elsewhere and Range(bdsm, bdsm + layout.wanted).contains((reserved or 0) & -MIB)
    return Placed(
        family=fam, e820=layout.e820, bdsm=bdsm, asls=layout.asls, wanted=layout.wanted, opregion=OPREGION_SIZE,
        bars=[(bar.label, bar.start, bar.end - bar.start) for bar in bars],
        missing=[bar.label for bar in dumps.bars if not bar.start], register=register if bdsm else 0,
        ggc=dumps.value("ggc") or 0, announced=layout.wanted, ecam=_ecam(dumps),
        at_host_base=bool(elsewhere),  # the anchors are then judged without a QEMU version
        host_bdsm=bdsm if inside else ((reserved or 0) & -MIB) + MIB - layout.wanted if elsewhere else 0,
    )  # fmt: skip


def _layout(dumps: Dumps, fam: Family) -> Layout:
    bdsm, asls, ggc = (dumps.value(name) or 0 for name in ("bdsm", "asls", "ggc"))
    size = fam.gms.decode(ggc) if ggc else dumps.value("stolen_size") or 0
    return Layout(
        family=fam, e820=dumps.e820, bdsm=bdsm & -MIB, asls=asls, opregion=OPREGION_SIZE,
        wanted=size if fam.bdsm_register is not None else 0,
        bars=[(bar.label, bar.start, bar.end - bar.start) for bar in dumps.bars if bar.start],
    )  # fmt: skip


def _ecam(dumps: Dumps) -> Range | None:
    area = next((area for area in dumps.iomem if "MMCONFIG" in area.label or "ECAM" in area.label), None)
    if area:
        return Range(area.start, area.end)
    value = dumps.value("pciexbar") or 0
    code = value >> 1 & 3
    if not value & 1 or code > 2:
        return None
    size = _ECAM_SIZES[code] * MIB
    base = value & 0x7F_FFFF_FFFF & -size
    return Range(base, base + size)


# --- one fact against another ----------------------------------------------------------------------------------------


def _sizes(dumps: Dumps, fam: Family) -> tuple[int, int]:
    ggc = dumps.value("ggc") or 0
    return fam.gms.decode(ggc), fam.ggms.decode(ggc) if fam.ggms else 0


def _tolud(dumps: Dumps, fam: Family) -> Verdict:
    tolud, bdsm, (size, _) = dumps.value("tolud"), dumps.value("bdsm"), _sizes(dumps, fam)
    if not tolud or not bdsm or not size:
        return None
    top, base = tolud & -MIB, bdsm & -MIB
    if top - size == base:
        return True, f"TOLUD {top:#x} - {format_size(size)} = BDSM {base:#x}"
    return False, f"TOLUD {top:#x} - {format_size(size)} = {top - size:#x}, but BDSM is {base:#x}"


def _bgsm(dumps: Dumps, fam: Family) -> Verdict:
    bgsm, bdsm, (_, size) = dumps.value("bgsm"), dumps.value("bdsm"), _sizes(dumps, fam)
    if not bgsm or not bdsm or not size:
        return None
    low, base = bgsm & -MIB, bdsm & -MIB
    if base - size == low:
        return True, f"BDSM {base:#x} - {format_size(size)} = BGSM {low:#x}"
    return False, f"BDSM {base:#x} - {format_size(size)} = {base - size:#x}, but BGSM is {low:#x}"


def _tseg(dumps: Dumps, fam: Family) -> Verdict:
    tseg, bgsm = dumps.value("tseg"), dumps.value("bgsm")
    if not tseg or not bgsm or not tseg & -MIB:
        return None
    return tseg & -MIB <= bgsm & -MIB, f"TSEG from {tseg & -MIB:#x}, BGSM {bgsm & -MIB:#x}"


def _size(dumps: Dumps, fam: Family) -> Verdict:
    said, (size, _) = dumps.best("stolen_size"), _sizes(dumps, fam)
    ggc = dumps.best("ggc")
    if said is None or not size or ggc is None or ggc.rank > said.rank:
        return None
    return said.value == size, f"GGC announces {format_size(size)}; {said.place} says {format_size(said.value)}"


def _rmrr(dumps: Dumps, fam: Family) -> Verdict:
    bdsm, (size, _) = dumps.value("bdsm"), _sizes(dumps, fam)
    if not dumps.rmrr or not bdsm or not size:
        return None
    base = bdsm & -MIB
    area = next((area for area in dumps.rmrr if area.start <= base and base + size <= area.end), None)
    if area:
        return True, f"{span(base, base + size)} is in the RMRR {span(area.start, area.end)}"
    return False, f"{span(base, base + size)} is in none of {', '.join(span(a.start, a.end) for a in dumps.rmrr)}"


def _faults(dumps: Dumps, fam: Family) -> Verdict:
    if not dumps.faults:
        return None
    first = dumps.faults[0]
    where = where_all((fault.start for fault in dumps.faults), places(dumps), dumps)
    many = f"{len(dumps.faults)} DMA fault{'s' if len(dumps.faults) > 1 else ''}"
    return False, f"{many} of 00:02.0: {where}; first {first.start:#x} ({locate(first.file, first.line)})"


_CROSS: tuple[tuple[str, Callable[[Dumps, Family], Verdict]], ...] = (
    ("tolud-is-end", _tolud), ("bgsm-below", _bgsm), ("tseg-below", _tseg), ("size-agrees", _size),
    ("rmrr-covers", _rmrr), ("no-dma-faults", _faults),
)  # fmt: skip
"""What holds on a host whose firmware laid memory out as Intel's manuals say."""
