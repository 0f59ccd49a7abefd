"""Refused DMA and interrupts of the device: where the accesses go says whose addresses they are."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fwsim.devices.vtd_lines import reason_words
from fwsim.diagnose.case import Case, Fault
from fwsim.diagnose.finding import Finding, Severity
from fwsim.diagnose.remedies import remedy
from fwsim.host.places import BEYOND, GUEST_RAM, HOLE, OTHER_RMRR, Place, place_of, places, where_all
from fwsim.trace.log_lines import time_of

_NOT_ATTACHED = (1, 2)
"""Reasons of VT-d that speak of the device's context, not of the page."""


class _Meaning(Struct, frozen=True):
    id: str
    severity: Severity
    why: str
    remedy: str = ""


_STOLEN = _Meaning(
    "faults-host-stolen", "fatal",
    "the guest's GTT has the host's addresses: a vBIOS that has run on the host carries the base of the host's stolen "
    "memory, and the IOMMU refuses what is not the guest's", "host-base-in-rom",
)  # fmt: skip
_UNATTACHED = _Meaning(
    "faults-no-context", "warning",
    "the IOMMU had no context for the device at that moment: it drew while it belonged to nobody, between the host's "
    "driver "
    "and the guest, or after the guest ended. Alone it is harmless",
)  # fmt: skip
_AT_BOOT = _Meaning(
    "faults-at-boot", "note",
    "no guest runs so early: the screen that the host's firmware left is read while the kernel switches VT-d on, and "
    "the firmware's RMRR does not cover it, or the tables are still being made. It ends with the host's driver",
)  # fmt: skip
_ZERO = _Meaning(
    "faults-zero", "warning",
    "address 0 is what an empty entry of the GTT says: a plane is on, and shows entries that nobody has written in "
    "this guest. Neither a vBIOS nor a GOP driver set up a screen, or its driver has not yet",
)  # fmt: skip
_BOOT_ENDS = 4_000_000_000
"""Nanoseconds of a kernel's clock within which no VM is started."""
_FEW = 4
"""Times that a fault of the boot comes again at most."""
_MEANINGS: dict[str, _Meaning] = {
    OTHER_RMRR: _Meaning("faults-other-rmrr", "warning", "that range is another device's: the guest's driver reads "
                                                         "registers that hold "
                         "the host's addresses", "same-base"),
    GUEST_RAM: _Meaning("faults-guest-ram", "warning", "the IOMMU does not give the device the guest's own memory: "
                                                       "the VM had ended, the "
                        "mapping failed (QEMU says vfio_dma_map), or the guest has an IOMMU of its "
                        "own", "guest-ram-map"),
    HOLE: _Meaning("faults-hole", "warning", "no memory is there on the host: an entry of the GTT that nobody wrote, "
                                             "or one made of a "
                   "base that is no base", "host-base-in-rom"),
    BEYOND: _Meaning("faults-beyond", "warning", "the IOMMU has no such address: an entry of the GTT that was never "
                                                 "written, read as one"),
    "the host's "
    "RAM": _Meaning("faults-host-ram", "warning", "the device still has addresses of the host's own driver: i915 or "
                                                  "the "
                               "framebuffer drove it before the guest, and its GTT was kept", "i915-blacklist"),
    "the host's "
    "BAR": _Meaning("faults-bar", "warning", "the device reaches for another device's BAR, or its own: nobody maps "
                                             "these for DMA"),
    "": _Meaning("faults-unplaced", "warning", "where these addresses lie cannot be told from what is "
                                               "here", "collect-igd"),
}  # fmt: skip
_RESERVED = _Meaning(
    "faults-reserved", "fatal",
    "that is memory that the host's firmware keeps, as stolen memory is: a vBIOS that has run on the host carries "
    "the host's "
    "base. 00:02.0's configuration space would decide it", "host-base-in-rom",
)  # fmt: skip


def faults(case: Case) -> Iterator[Finding]:
    """Refused DMA of the device, one finding for each kind of place; what is in stolen memory, the GTT's or its RMRR is
    one.
    """
    known = places(case.host, _ram(case))
    groups: dict[_Meaning, list[Fault]] = {}
    at_boot = all(_is_early(fault) for fault in case.faults)
    for fault in case.faults:
        meaning = _AT_BOOT if at_boot else _meaning(fault, place_of(fault.page, known))
        groups.setdefault(meaning, []).append(fault)
    for number, (meaning, those) in enumerate(groups.items()):
        yield _finding(case, meaning, those, known, more=not number)
    if not case.faults and case.suppressed:
        yield Finding(
            id="faults-suppressed", severity="warning",
            what=f"{case.suppressed:,} DMA faults were left out of the log, and none of the IGD is in it",
            why="the kernel prints ten in five seconds; which device they are of cannot be "
                "told", remedy=remedy("collect-dmesg", case.tool, case.vm),
            evidence=next((each.evidence for each in case.of("fault-suppressed")), None),
        )  # fmt: skip
    if case.others:
        names = ", ".join(f"{name} ({count})" for name, count in sorted(case.others.items())[:4])
        yield Finding(
            id="faults-others", severity="note", what=f"faults of other devices: {names}", why="they are left aside"
        )


def interrupts(case: Case) -> Iterator[Finding]:
    """Refused interrupts of the device: no DMA at all."""
    if case.interrupts:
        yield Finding(
            id="interrupt-refused", severity="warning",
            what=f"interrupt remapping refused {_times(len(case.interrupts), 'interrupt')} of the IGD",
            why="an interrupt that was set up before the guest had the device, or by an address that the guest wrote "
                "itself; a driver "
                "that waits for it hangs",
            evidence=case.interrupts[0], also=case.interrupts[1:4], remedy=remedy("interrupts", case.tool, case.vm),
        )  # fmt: skip


def _ram(case: Case) -> int:
    ram = case.vm.value("ram") if case.vm else None
    return ram if isinstance(ram, int) else 0


def _is_early(fault: Fault) -> bool:
    time = time_of(fault.evidence.text)
    return time is not None and time < _BOOT_ENDS and fault.count <= _FEW


def _meaning(fault: Fault, place: Place | None) -> _Meaning:
    if fault.reason in _NOT_ATTACHED:
        return _UNATTACHED
    if fault.page == 0:
        return _ZERO
    if place is None:
        return _MEANINGS[""]
    if place.is_stolen:
        return _STOLEN
    if place.kind == "reserved memory of the host" and fault.page >= 1 << 24:
        return _RESERVED
    return next((meaning for kind, meaning in _MEANINGS.items() if kind and place.kind.startswith(kind)), _MEANINGS[""])


def _finding(case: Case, meaning: _Meaning, those: list[Fault], known: list[Place], more: bool) -> Finding:
    total = sum(each.count for each in those)
    lost = case.suppressed + case.more_faults if more else 0
    how = "the kernel did not print" if not case.more_faults else "are not placed"
    after = f", and {lost:,} more that {how}" if lost else ""
    others = sum(each.count for each in those if each.function != "00:02.0")
    virtual = f" ({others} of its virtual functions)" if others else ""
    told = meaning not in (_UNATTACHED, _ZERO, _AT_BOOT)
    where = where_all((each.page for each in those), known, case.host) if told else ""
    distinct = f" at {len(those):,} address{'es' if len(those) > 1 else ''}" if len(those) != total else ""
    reasons = dict.fromkeys(reason_words(each.reason) for each in those if each.reason >= 0)
    return Finding(
        id=meaning.id, severity=meaning.severity,
        what=f"{_times(total, 'DMA fault')}{distinct} of 00:02.0{virtual}{after}" + (f": {where}" if where else ""),
        why=meaning.why + (f" ({'; '.join(list(reasons)[:3])})" if reasons else ""), evidence=those[0].evidence,
        also=[each.evidence for each in those[1:4]], remedy=remedy(meaning.remedy, case.tool, case.vm),
    )  # fmt: skip


def _times(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
