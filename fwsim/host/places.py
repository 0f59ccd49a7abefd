"""Where an address lies on the host, by whatever is known of it, and in words that do not claim what is not."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from msgspec import Struct

from fwsim.host.facts import Area, Dumps, locate
from fwsim.registers.families import family
from fwsim.units import GIB, MIB

STOLEN, GTT, RMRR_STOLEN = "the host's stolen memory", "the host's GTT stolen memory", "the RMRR"
OTHER_RMRR, GUEST_RAM = "another device's RMRR", "the guest's RAM"
HOLE, BEYOND = "a hole of the host's memory map", "beyond"
_LEAST_STOLEN = 4 * MIB
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class Place(Struct, frozen=True):
    """A range with a name; ``start`` to ``end`` exclusive; ``source`` is the file and line that tells of it."""

    kind: str
    start: int
    end: int
    source: str

    def __str__(self) -> str:
        return f"{self.kind} {self.start:x}-{self.end - 1:x}"

    @property
    def is_stolen(self) -> bool:
        """Whether the host's graphics memory is there, by BDSM or, where that is unknown, by its RMRR."""
        return self.kind in (STOLEN, GTT, RMRR_STOLEN)


def places(host: Dumps, ram: int = 0) -> list[Place]:
    """What is known, what says most of an address first: stolen memory, the GTT's, RMRRs, BARs, RAM, the e820 map.

    ``ram`` is the VM's, in bytes, 0 unknown: below 4 GiB at most 3 GiB of it are, as QEMU's pc has it.
    """
    found = _stolen(host)
    for area in host.rmrr:
        kind = RMRR_STOLEN if of_graphics(area) else OTHER_RMRR
        found.append(Place(kind, area.start, area.end, locate(area.file, area.line)))
    for bar in host.bars:
        if bar.start:
            found.append(Place(f"the host's {bar.label}", bar.start, bar.end, locate(bar.file, bar.line)))
    if ram:
        found.append(Place(GUEST_RAM, 0, min(ram, 3 * GIB), "the VM's configuration"))
    kinds = {"RAM": "the host's RAM", "RESERVED": "reserved memory of the host"}
    for row in host.e820:
        found.append(Place(kinds.get(row.type, f"{row.type} memory of the host"), row.start, row.end, host.e820_from))
    found += _ends(host)
    return found


def of_graphics(area: Area) -> bool:
    """Whether an RMRR is the IGD's: whole MiB, of the least stolen memory's size. A USB controller's is of pages."""
    return not area.start % MIB and not area.end % MIB and area.end - area.start >= _LEAST_STOLEN


def place_of(address: int, known: list[Place]) -> Place | None:
    """The first of ``known`` that has ``address``."""
    return next((place for place in known if place.start <= address < place.end), None)


def where_all(addresses: Iterable[int], known: list[Place], host: Dumps) -> str:
    """Where ``addresses`` lie, in words: each place with how many of them, "" for no addresses.

    Where stolen memory is unknown that is said, never that none lies in it.
    """
    counts: dict[Place | None, int] = {}
    for address in addresses:
        place = place_of(address, known)
        counts[place] = counts.get(place, 0) + 1
    total = sum(counts.values())
    parts = [_words(place, count, total) for place, count in counts.items()]
    if any(place and place.is_stolen and place.kind == RMRR_STOLEN for place in counts):
        parts[-1] += ", which is where stolen memory is"
    stolen = next((place for place in known if place.kind == STOLEN), None)
    if stolen is None:
        absent = "BDSM" if host.best("bdsm") is None else "a BDSM that is not 0" if not host.value("bdsm") else "GGC"
        parts.insert(0, f"in stolen memory or not is unknown, because {absent} is not in the dumps")
    elif not any(place and place.kind == STOLEN for place in counts):
        parts.insert(0, f"none in {stolen}")
    return "; ".join(parts)


def _words(place: Place | None, count: int, total: int) -> str:
    where = str(place) if place else "no place that is known"
    if count == total and place is None:
        return "none of them lies at a place that is known" if total > 1 else "it lies at no place that is known"
    if count == total:
        return f"all {_number(total)} lie in {where}" if total > 1 else f"it lies in {where}"
    return f"{_number(count)} in {where}"


def _number(value: int) -> str:
    return _NUMBERS[value] if value < len(_NUMBERS) else f"{value:,}"


def _stolen(host: Dumps) -> list[Place]:
    base, (size, gtt) = host.best("bdsm"), stolen_sizes(host)
    if base is None or not base.essence or not size:
        return []
    start = base.essence
    found = [Place(STOLEN, start, start + size, base.place)]
    if gtt:
        return [*found, Place(GTT, start - gtt, start, base.place)]
    below = gtt_by_rmrr(host)
    return [*found, Place(GTT, below.start, start, locate(below.file, below.line))] if below else found


def gtt_by_rmrr(host: Dumps) -> Area | None:
    """The RMRR that tells of a GTT below BDSM, where GGC says that there is none; None where there is no such."""
    base, (size, gtt) = host.best("bdsm"), stolen_sizes(host)
    if base is None or not base.essence or gtt or not size:
        return None
    start = base.essence
    return next((area for area in host.rmrr if area.start < start < area.end and start - area.start <= 16 * MIB), None)


def stolen_sizes(host: Dumps) -> tuple[int, int]:
    """Bytes of stolen memory, and of the GTT's; 0 for what is unknown."""
    ggc = host.value("ggc")
    if not host.cpu or ggc is None:
        return host.value("stolen_size") or 0, 0
    fam = family(host.cpu)
    return fam.gms.decode(ggc), fam.ggms.decode(ggc) if fam.ggms else 0


def _ends(host: Dumps) -> list[Place]:
    """Holes of the map below its end, and what no address of the IOMMU reaches."""
    found: list[Place] = []
    rows = sorted((row for row in host.e820), key=lambda row: row.start)
    for low, high in pairwise(rows):
        if low.end < high.start:
            found.append(Place(HOLE, low.end, high.start, host.e820_from))
    width = host.best("address_width")
    if width and 32 <= width.value < 64:
        found.append(Place(f"{BEYOND} the IOMMU's {width.value} bits, from", 1 << width.value, 1 << 64, width.place))
    return found
