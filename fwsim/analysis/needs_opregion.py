"""The parts of the OpRegion that a ROM uses are seen by making the run again with an eye on it."""

from __future__ import annotations

from msgspec import Struct

from fwsim.rom.chain import load
from fwsim.rom.opregion import SIZE
from fwsim.scenario.model import Scenario

_PARTS = (
    (0x100, "header"), (0x200, "mailbox 1, ACPI"), (0x300, "mailbox 2, SWSCI"), (0x400, "mailbox 3, ASLE"),
    (0x1C00, "mailbox 4, VBT"), (0x2000, "mailbox 5"),
)  # fmt: skip
"""End of each part (Intel IGD OpRegion specification 0.5), and its name."""


class OpRegionPart(Struct, frozen=True):
    """Bytes ``first`` to ``end`` (exclusive) of the OpRegion, all accessed so: ``access`` is r or w."""

    first: int
    end: int
    access: str
    part: str


def opregion_parts(scenario: Scenario) -> list[OpRegionPart]:
    """What the ROM of ``scenario`` reads and writes of the OpRegion, in order. Runs it; nothing is kept."""
    from fwsim.running.pipeline import assemble, begin

    seen: dict[str, set[int]] = {"r": set(), "w": set()}
    made = assemble(scenario, load(scenario.rom.file))
    asls = made.built.placed.asls
    size = len(made.built.given.files.get("etc/igd-opregion", b"")) or SIZE

    def told(address: int, width: int, writes: bool) -> None:
        seen["w" if writes else "r"].update(range(address - asls, address - asls + width))

    if asls:
        made.built.machine.engine.watch(asls, size, told)
    one = begin(made)
    try:
        one.post()
        one.calls()
    finally:
        one.close()
    return sorted(
        (part for access, touched in seen.items() for part in _ranges(sorted(touched), access)),
        key=lambda part: (part.first, part.access),
    )


def _ranges(touched: list[int], access: str) -> list[OpRegionPart]:
    found: list[OpRegionPart] = []
    for at in touched:
        name = next((name for end, name in _PARTS if at < end), "extended VBT")
        if found and found[-1].end == at and found[-1].part == name:
            found[-1] = OpRegionPart(found[-1].first, at + 1, access, name)
        else:
            found.append(OpRegionPart(at, at + 1, access, name))
    return found
