"""Where an address lies on the host, by whatever is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from fwsim.host.facts import Dumps, locate
from fwsim.registers.families import family
from fwsim.units import MIB


@dataclass(frozen=True)
class Place:
    """A range with a name; ``start`` to ``end`` exclusive; ``source`` is the file and line that tells of it."""

    kind: str
    start: int
    end: int
    source: str

    def __str__(self) -> str:
        return f"{self.kind} {self.start:x}-{self.end - 1:x}"


def places(host: Dumps) -> list[Place]:
    """What is known, what says most of an address first: stolen memory, the GTT's, RMRRs, BARs, the e820 map."""
    found: list[Place] = []
    base, sizes = host.best("bdsm"), _sizes(host)
    if base is not None and base.essence and sizes[0]:
        start = base.value & -MIB
        found.append(Place("the host's stolen memory", start, start + sizes[0], base.place))
        if sizes[1]:
            found.append(Place("the host's GTT stolen memory", start - sizes[1], start, base.place))
    found += [Place("the RMRR", area.start, area.end, locate(area.file, area.line)) for area in host.rmrr]
    found += [
        Place(f"the host's {bar.label}", bar.start, bar.end, locate(bar.file, bar.line))
        for bar in host.bars
        if bar.start
    ]
    found += [Place(f"{row.type} of the host's e820", row.start, row.end, host.e820_from) for row in host.e820]
    return found


def place_of(address: int, known: list[Place]) -> Place | None:
    """The first of ``known`` that has ``address``."""
    return next((place for place in known if place.start <= address < place.end), None)


def _sizes(host: Dumps) -> tuple[int, int]:
    """Bytes of stolen memory, and of the GTT's."""
    ggc = host.value("ggc")
    if not host.cpu or ggc is None:
        return host.value("stolen_size") or 0, 0
    fam = family(host.cpu)
    return fam.gms.decode(ggc), fam.ggms.decode(ggc) if fam.ggms else 0
