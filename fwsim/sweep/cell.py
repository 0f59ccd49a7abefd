"""What comes of one cell, a placement or a run, is one row of plain values.

Runs that differ in their calls only share one machine: it is put back to where the ROM's POST left it. A run under UEFI
has no such calls, and is made anew for each cell.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, UnsetType

from fwsim.errors import FwsimError
from fwsim.memory.arm_map import MACHINE
from fwsim.results.summary import NOTHING
from fwsim.sweep.matrix import Matrix, ask_of, table_of

if TYPE_CHECKING:
    from fwsim.environment.slices import Snapshot
    from fwsim.results.summary import Summary, VpciSummary
    from fwsim.rom.chain import Rom
    from fwsim.running.base import AnyRun
    from fwsim.running.image import ImageRun
    from fwsim.running.pipeline import Run
    from fwsim.scenario.model import Scenario

Row = dict[str, Any]
DIED = "the process died of it (killed, or a crash in native code)"
COMMON = {"status": "VARCHAR", "failed": "VARCHAR", "why": "VARCHAR"}
"""Every row's: ok | nothing | failed (checks) | refused (as input) | stopped (ROM) | crashed; the checks' ids; why.

nothing: no check of a placement fails, but the guest gets no stolen memory.
"""
PLACED = {"boot": "VARCHAR", "bdsm": "UBIGINT", "bdsm_register": "UBIGINT", "asls": "UBIGINT", "size": "UBIGINT",
          "announced": "UBIGINT", "overlap": "VARCHAR"}  # fmt: skip
RAN = {"stop": "VARCHAR", "bdsm": "UBIGINT", "asls": "UBIGINT"} | dict.fromkeys((
    "gtt_writes", "gtt_rewritten", "guest_stolen", "host_stolen", "guest_ram", "unmapped", "silent", "faults",
    "calls", "calls_ok", "screens", "unreadable_pages", "events", "code_bytes", "virtual_ns", "config_lost"),
    "UBIGINT") | {"config_answers": "VARCHAR"}  # fmt: skip
RAN_ARM = {"stop": "VARCHAR"} | dict.fromkeys((
    "functions", "functions_shown", "bridges", "bars", "bars_mapped", "mappings", "config_reads", "config_writes",
    "window_writes", "aborts", "faults", "xen_lines", "events", "code_bytes", "virtual_ns"), "UBIGINT")  # fmt: skip
"""Of runs of Arm guests; where a sweep has both kinds, each row has its own kind's."""


@lru_cache(maxsize=4)
def columns(matrix: Matrix) -> dict[str, str]:
    """Column to its SQL type, in order."""
    axes = {axis.name: "UBIGINT" if isinstance(axis.labels[0], int) else "VARCHAR" for axis in matrix.axes}
    results = PLACED if matrix.kind == "placement" else {}
    if matrix.kind == "run":
        results = ({} if matrix.machines == {MACHINE} else RAN) | (RAN_ARM if MACHINE in matrix.machines else {})
    return {"cell": "UBIGINT"} | axes | COMMON | {f"result_{n}" if n in axes else n: t for n, t in results.items()}


def rows_of(matrix: Matrix, cells: list[int], runner: Runner) -> list[Row]:
    """A row for each cell."""
    return [row_of(matrix, cell, runner) for cell in cells]


def row_of(matrix: Matrix, cell: int, runner: Runner) -> Row:
    """The row of one cell; whatever goes wrong is in it."""
    try:
        result = _placed(matrix, cell) if matrix.kind == "placement" else _ran(matrix, cell, runner)
    except FwsimError as error:
        why = f"{error.what} ({error.found})" if error.found else error.what
        result = {"status": "refused", "failed": "", "why": why}
    except Exception as error:  # one crashing case is one failed row
        result = {"status": "crashed", "failed": "", "why": f"{type(error).__name__}: {error}"}
    return named(matrix, cell, result)


def crashed(matrix: Matrix, cell: int) -> Row:
    """The row of a cell that took its process with it."""
    return named(matrix, cell, {"status": "crashed", "failed": "", "why": DIED})


def named(matrix: Matrix, cell: int, result: Row) -> Row:
    """``result`` with the cell's number and place before it, every column there."""
    labels = matrix.labels(cell)
    row = dict.fromkeys(columns(matrix))
    row.update(labels, cell=cell)
    for name, value in result.items():
        row[f"result_{name}" if name in labels else name] = value
    return row


def _placed(matrix: Matrix, cell: int) -> Row:
    from fwsim.firmware.allocators import allocator
    from fwsim.placement.allocate import place

    result = place(ask_of(matrix.values(cell), "set"))
    failed = result.failed
    there = result.firmware.bdsm and allocator(result.ask.firmware).maps_stolen
    notes = "; ".join(result.details.notes)
    causes = {"bdsm-set": result.details.no_bdsm, "asls-set": result.details.no_asls}
    why = (causes.get(failed[0].id) or failed[0].detail) if failed else notes
    return {
        "status": "failed" if failed else "ok" if there else "nothing",
        "failed": ",".join(check.id for check in failed), "why": why,
        "boot": result.details.boot, "bdsm": result.firmware.bdsm, "bdsm_register": result.details.register,
        "asls": result.firmware.asls, "size": result.details.size, "announced": result.details.announced,
        "overlap": "; ".join(result.details.overlaps),
    }  # fmt: skip


def scenario_of(matrix: Matrix, cell: int) -> Scenario:
    """The scenario of a cell, checked."""
    from fwsim.scenario.check import check, check_files
    from fwsim.scenario.model import Scenario
    from fwsim.scenario.text import read_struct

    scenario = read_struct(table_of(matrix, matrix.values(cell)), Scenario, "set", Path(matrix.folder))
    check(scenario, "set")
    check_files(scenario, "set")
    return scenario


def _ran(matrix: Matrix, cell: int, runner: Runner) -> Row:
    summary = runner.run(scenario_of(matrix, cell))
    failed = summary.failed
    stopped = summary.stop.reason != "completed"
    why = summary.stop.detail if stopped else failed[0].detail if failed else ""
    return {
        "status": "stopped" if stopped else "failed" if failed else "ok",
        "failed": ",".join(check.id for check in failed), "why": why, "stop": summary.stop.reason,
        "faults": summary.iommu.faults, "events": summary.events, "code_bytes": summary.code_bytes,
        "virtual_ns": summary.virtual_ns,
        **(_graphics(summary) if isinstance(summary.vpci, UnsetType) else _arm(summary.vpci)),
    }  # fmt: skip


def _arm(found: VpciSummary) -> Row:
    """What the guest has of its functions, and what it cost."""
    functions = [each for each in found.functions if each.host and not each.bridge]
    bars = [bar for each in functions for bar in each.bars]
    return {
        "functions": len(functions), "functions_shown": sum(not each.refused for each in functions),
        "bridges": sum(each.bridge for each in found.functions), "bars": len(bars),
        "bars_mapped": sum(bar.mapped for bar in bars), "mappings": len(found.mappings), "config_reads": found.reads,
        "config_writes": found.writes, "window_writes": found.window_writes, "aborts": found.aborts,
        "xen_lines": len(found.log),
    }  # fmt: skip


def _graphics(summary: Summary) -> Row:
    """Where the ROM's entries point, and what the screen shows."""
    gtt = summary.gtt
    return {
        "bdsm": summary.firmware.bdsm, "asls": summary.firmware.asls, "gtt_writes": gtt.writes,
        "gtt_rewritten": gtt.rewritten, "guest_stolen": gtt.targets.guest_stolen,
        "host_stolen": gtt.targets.host_stolen, "guest_ram": gtt.targets.guest_ram, "unmapped": gtt.targets.unmapped,
        "silent": gtt.targets.silent, "calls": len(summary.calls),
        "calls_ok": sum(call.ok for call in summary.calls), "screens": len(summary.display),
        "unreadable_pages": sum(screen.unreadable_pages for screen in summary.display), **_config_space(summary),
    }  # fmt: skip


def _config_space(summary: Summary) -> Row:
    """How many accesses to configuration space were lost, and who answered by each way; nothing where nobody asks."""
    found = summary.config_space
    if isinstance(found, UnsetType):
        return {}
    ways: dict[str, list[str]] = {}
    for each in found.answers:
        text = " ".join(filter(None, (each.who, each.form, "lost" if each.lost else "")))
        if each.function != NOTHING and text not in ways.setdefault(each.way, []):
            ways[each.way].append(text)
    said = "; ".join(f"{way}: {', '.join(texts)}" for way, texts in ways.items())
    return {"config_lost": sum(each.lost for each in found.answers), "config_answers": said}


class _Kept(Struct):
    """A run whose ROM has POSTed, and how to get back there."""

    run: Run | ImageRun
    posted: Snapshot


class Runner:
    """Runs scenarios in this process, events in memory; keeps ``keep`` machines that have POSTed to go back to.

    0: none, and no POST costs a snapshot; each machine goes when its run is over.
    """

    def __init__(self, keep: int = 2) -> None:
        self.keep = keep
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._roms: dict[str, Rom] = {}

    def run(self, scenario: Scenario) -> Summary:
        """The summary that ``fwsim run`` of ``scenario`` gives, but for the wall clock."""
        one = self._posted(scenario)
        try:
            one.calls()
            one.boot()
            one.pictures()
            return one.summary()
        finally:
            if not any(one is kept.run for kept in self._kept.values()):
                one.close()

    def _posted(self, scenario: Scenario) -> AnyRun:
        """A run whose drivers have started, or whose ROM has POSTed: kept, where one can go back to that."""
        from msgspec.json import encode
        from msgspec.structs import replace

        from fwsim.running.image import ImageRun
        from fwsim.running.pipeline import Run, assemble, begin, begun

        if scenario.guest.on_arm:
            program = begun(scenario)
            program.post()
            return program
        name = encode(replace(scenario, call=(), payload=type(scenario.payload)(), name="sweep"))
        found = self._kept.get(name)
        if found is not None:
            self._kept.move_to_end(name)
            found.run.back(found.posted, scenario)
            return found.run
        one = begin(assemble(scenario, self._rom(scenario.rom.file)))
        one.post()
        if not self.keep or not isinstance(one, Run | ImageRun):
            return one
        while len(self._kept) >= self.keep:
            _, old = self._kept.popitem(last=False)
            old.run.close()
        self._kept[name] = _Kept(one, one.session.slices.snapshot())
        return one

    def _rom(self, name: str) -> Rom:
        from fwsim.rom.chain import load

        if name not in self._roms:
            self._roms[name] = load(name)
        return self._roms[name]
