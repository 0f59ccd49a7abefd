"""The golden traces: our ROM, posted or pristine, under four hypervisors. ``python tests/golden.py`` writes them."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fwsim.report.trace import select
from fwsim.results.folder import RunDir
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
HEX = ("cs", "ip", "address", "value", "aux")


def lines(name: str, folder: Path) -> Iterator[str]:
    """The lines of ``traces/NAME.jsonl``, from a run in ``folder``."""
    scenario = load(ROOT / SCENARIO, MATRIX[name])
    with RunDir.create(folder / name) as out:
        summary = run(scenario, out)
    yield json.dumps({"scenario": SCENARIO, "set": MATRIX[name]})
    for chunk in select(out.events(), compile_where(WHERE)):
        for row in rows(chunk):
            yield json.dumps(row | {column: f"{row[column]:#x}" for column in HEX})
    targets = {to: getattr(summary.gtt.targets, to) for to in ("guest_stolen", "host_stolen", "guest_ram", "unmapped")}
    totals = {
        "events": summary.events,
        "gtt": {"writes": summary.gtt.writes, "rewritten": summary.gtt.rewritten, "targets": targets},
        "iommu": {"faults": summary.iommu.faults, "by_reason": summary.iommu.by_reason},
        "unreadable_pages": [screen.unreadable_pages for screen in summary.display],
        "failed": sorted(check.id for check in summary.failed),
    }
    yield json.dumps({"totals": totals})


def main() -> None:
    """Write every trace anew."""
    with tempfile.TemporaryDirectory() as folder:
        for name in MATRIX:
            (ROOT / "traces" / f"{name}.jsonl").write_text("\n".join(lines(name, Path(folder))) + "\n")


if __name__ == "__main__":
    main()
