"""The golden traces: our ROM, posted or pristine, under four hypervisors; our program on an Arm guest under two designs
of its bridges. ``python tests/golden.py`` writes them.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from msgspec import UnsetType

from fwsim.report.trace import select
from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.running.pipeline import run
from fwsim.scenario.load import load
from fwsim.trace.describe import rows
from fwsim.trace.where import compile_where

ROOT = Path(__file__).parents[1]
SCENARIO = "examples/demo-qemu.toml"
SOURCES = {"posted": ["rom.source=shadow"], "pristine": ["rom.source=file"]}
HYPERVISORS = {
    "9.2": ["hypervisor.profile=9.2"],
    "10.0": ["hypervisor.profile=10.0"],
    "next": ["hypervisor.profile=next"],
    "ranged": ["hypervisor.kind=ranged"],
}
MATRIX = {
    f"{source}-{hypervisor}": [*choice, *override]
    for source, choice in SOURCES.items()
    for hypervisor, override in HYPERVISORS.items()
}
WHERE = """
    op == note or (op == call and actor == firmware)
    or (space == pci and actor == rom) or (space == pci and address in (00:02.0@0x5c, 00:02.0@0xfc))
    or (space == gtt and actor == hypervisor and address in (0x0, 0x7fc))
    or (space == gtt and actor == rom and address in (0x0, 0x4, 0x3f4, 0x3f8))
    or (space == mmio and op == write and value != 0 and address in (0x6001c, 0x70008, 0x70180, 0x70188))
    or (space == iommu and address in (0xdba00000, 0xdba01000, 0xdbaea000))
"""
"""The events that tell the story; traces/README.md says which they are."""
ARM_SCENARIO = "examples/arm-vpci.toml"
ARM = {f"arm-{design}": [f"hypervisor.profile={design}"] for design in ("fake", "replicated")}
ARM_WHERE = """
    (space == pci and op == write) or (actor == hypervisor and space == memory) or space in (iommu, interrupt)
    or (space == memory and op == write and address in (0x23100000..0x231fffff))
"""
"""Configuration writes, what stage 2 then maps, the writes to edu's BAR, refused DMA, and how it ended."""
HEX = ("cs", "ip", "address", "value", "aux")


def lines(name: str, folder: Path) -> Iterator[str]:
    """The lines of ``traces/NAME.jsonl``, from a run in ``folder``."""
    file, overrides, where = (ARM_SCENARIO, ARM[name], ARM_WHERE) if name in ARM else (SCENARIO, MATRIX[name], WHERE)
    scenario = load(ROOT / file, overrides)
    with RunDir.create(folder / name) as out:
        summary = run(scenario, out)
    yield json.dumps({"scenario": file, "set": overrides})
    for chunk in select(out.events(), compile_where(where)):
        for row in rows(chunk):
            yield json.dumps(row | {column: f"{row[column]:#x}" for column in HEX})
    yield json.dumps({"totals": arm_totals(summary) if name in ARM else totals(summary)})


def totals(summary: Summary) -> dict[str, object]:
    """What a ROM's whole run came to."""
    targets = {to: getattr(summary.gtt.targets, to) for to in ("guest_stolen", "host_stolen", "guest_ram", "unmapped")}
    return {
        "events": summary.events,
        "gtt": {"writes": summary.gtt.writes, "rewritten": summary.gtt.rewritten, "targets": targets},
        "iommu": {"faults": summary.iommu.faults, "by_reason": summary.iommu.by_reason},
        "unreadable_pages": [screen.unreadable_pages for screen in summary.display],
        "failed": sorted(check.id for check in summary.failed),
    }


def arm_totals(summary: Summary) -> dict[str, object]:
    """What an Arm guest's whole run came to."""
    found = summary.vpci
    assert not isinstance(found, UnsetType)
    return {
        "events": summary.events,
        "functions": {each.host: each.guest for each in found.functions},
        "mappings": [[f"{each.guest:#x}", f"{each.host:#x}", f"{each.size:#x}"] for each in found.mappings],
        "config": {"reads": found.reads, "writes": found.writes, "window_writes": found.window_writes},
        "aborts": found.aborts,
        "smmu": {"faults": summary.iommu.faults},
        "failed": sorted(check.id for check in summary.failed),
    }


def main() -> None:
    """Write every trace anew."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (*MATRIX, *ARM):
            (ROOT / "traces" / f"{name}.jsonl").write_text("\n".join(lines(name, Path(folder))) + "\n")


if __name__ == "__main__":
    main()
