"""A replay runs a ROM with every read answered from a record, up to the access where the two part."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from fwsim.environment.replay import ReplaySession, as_record
from fwsim.errors import FwsimError
from fwsim.machine.build import executes
from fwsim.machine.built import Built
from fwsim.results.folder import SCENARIO, RunDir
from fwsim.rom.chain import load as load_rom
from fwsim.running.base import Progress, wants_uefi
from fwsim.running.pipeline import run as execute
from fwsim.scenario.arm import refuse_arm
from fwsim.scenario.load import load
from fwsim.scenario.model import Scenario
from fwsim.trace import answer as p
from fwsim.trace.describe import rows

Outcome = Literal["matched", "beyond", "differs", "ended"]
"""matched: every recorded access was made, in order, and no other. beyond: the same, and the code went on where the
record was cut or its run stopped. differs: an access was not the recorded one. ended: the code made no more of them."""
BEFORE = 8
"""Events before the place where they part that are kept: what led to it."""
Row = dict[str, object]


class Replayed(Struct):
    """What came of a replay. ``recorded``: the accesses of the record that a replay has to match."""

    run: str
    rom: str
    cpu: str
    """The host's, which registers are named for."""
    outcome: Outcome
    matched: int
    recorded: int
    stop: str
    """How the replayed code ended, where it was not stopped at a difference."""
    wanted: Row | None = None
    """The access that the record does not have."""
    registers: dict[str, int] = field(default_factory=dict)
    """The CPU before that access."""
    next: Row | None = None
    """What the record has there."""
    before: list[Row] = field(default_factory=list)
    moved: int = 0
    """Matching accesses made by an instruction elsewhere, and the first of them in the record."""
    moved_first: Row | None = None
    other: int = 0
    """Reads that fwsim's models would have answered otherwise; the first of them in the record, and that answer."""
    other_first: Row | None = None
    other_value: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything that is recorded happened again."""
        return self.outcome in ("matched", "beyond")


def replay(
    path: Path,
    out: RunDir,
    rom: Path | None = None,
    scenario: Path | None = None,
    progress: Progress | None = None,
    first: int = 0,
) -> Replayed:
    """Run the ROM of the run at ``path``, or ``rom``, against its record, into ``out``.

    ``scenario``: the machine, where the run's folder has none. ``first``: the seq to begin at.
    Raises FwsimError for what cannot be replayed.
    """
    folder = RunDir.open(path)
    events = folder.events()
    if not len(events):
        raise FwsimError(
            "nothing to replay", where=str(folder.events_path), found="no event", expected="a run that made accesses",
            hint="the run was cut or killed before its first event: make it again",
        )  # fmt: skip
    wanted, notes = _scenario(folder, rom, scenario)
    record = as_record(events, first)
    if not record.compared.any():
        raise FwsimError(
            "nothing to replay", where=str(folder.events_path), found=f"no access of code from event {first} on",
            expected=f"the record of a ROM's accesses; it has {len(events):,} events", hint="leave --from out",
        )  # fmt: skip
    if wants_uefi(wanted, load_rom(wanted.rom.file)):
        raise FwsimError(
            "a run under UEFI cannot be replayed", where="firmware.kind", found=wanted.firmware.kind,
            expected="the run of a legacy ROM, whose every answer is in the record",
            hint="fwsim trace diff compares two runs of it, fwsim why makes it again",
        )  # fmt: skip
    if executes(wanted):
        raise FwsimError(
            "a run of a firmware image cannot be replayed", where="firmware.kind", found=wanted.firmware.kind,
            expected="the run of a legacy ROM under a model's services",
            hint="fwsim trace diff compares two runs of it",
        )  # fmt: skip
    made: list[ReplaySession] = []

    def session(built: Built) -> ReplaySession:
        made.append(ReplaySession(built, record))
        return made[0]

    out.write_scenario(wanted)
    summary = execute(wanted, out, progress, session)
    if not made:
        raise FwsimError("the ROM was not called", where=wanted.rom.file, hint="see fwsim run for why")
    done = made[0]
    words = [int(word) for word in done.words]
    recorded = int(np.count_nonzero(record.compared))
    result = Replayed(
        run=str(path), rom=wanted.rom.file, cpu=wanted.host.cpu, outcome=_outcome(folder, events, words, recorded),
        matched=words[p.P_MATCHED], recorded=recorded, stop=_ending(summary.stop.reason, summary.stop.detail),
        moved=words[p.P_MOVED], other=words[p.P_OTHER], notes=notes + _placed(record.events[: record.start], done),
    )  # fmt: skip
    _fill(result, done, events, words)
    return result


def _ending(reason: str, detail: str) -> str:
    return f"{reason}: {detail.splitlines()[0]}" if detail else reason


def _outcome(folder: RunDir, events: NDArray[np.void], words: list[int], recorded: int) -> Outcome:
    if words[p.P_STATE] == p.REPLAY_DIFFERS:
        return "differs"
    if words[p.P_STATE] == p.REPLAY_AT_END:
        return "beyond" if _unfinished(folder, len(events)) else "differs"
    return "matched" if words[p.P_MATCHED] == recorded else "ended"


def _unfinished(folder: RunDir, count: int) -> bool:
    """Whether the record stops before its ROM did: killed, cut, or the run ended otherwise than by returning."""
    try:
        summary = folder.summary()
    except FwsimError:
        return True
    return summary.events != count or summary.stop.reason != "completed"


def _fill(result: Replayed, done: ReplaySession, events: NDArray[np.void], words: list[int]) -> None:
    at = words[p.P_NEXT]
    if not result.ok:
        left = np.flatnonzero(done.record.compared[at:])
        result.next = rows(events[at + left[:1]])[0] if len(left) else None
        result.before = rows(events[max(done.record.start, at - BEFORE) : at])
    if len(done.diverged):
        result.wanted, result.registers = rows(done.diverged)[0], done.registers
    if words[p.P_MOVED_FIRST]:
        result.moved_first = _event(events, words[p.P_MOVED_FIRST] - 1)
    if words[p.P_OTHER_FIRST]:
        result.other_first, result.other_value = _event(events, words[p.P_OTHER_FIRST] - 1), words[p.P_OTHER_VALUE]


def _event(events: NDArray[np.void], at: int) -> Row:
    return rows(events[at : at + 1])[0]


def _scenario(folder: RunDir, rom: Path | None, scenario: Path | None) -> tuple[Scenario, list[str]]:
    """The machine and the ROM; what could not be made sure of."""
    if scenario is None and not folder.file(SCENARIO).exists():
        raise FwsimError(
            "the folder does not say which machine it was", where=str(folder.path), found=f"no {SCENARIO}",
            expected="the scenario of the run", hint="name one: --scenario FILE --rom FILE",
        )  # fmt: skip
    wanted = load(scenario) if scenario else folder.scenario()
    refuse_arm(
        wanted, "a replay runs a ROM against its record", "a run of a ROM", str(folder.path),
        "run the program again, and compare: fwsim run SCENARIO --out B, fwsim trace diff A B",
    )  # fmt: skip
    notes: list[str] = []
    if rom is not None:
        wanted = replace(wanted, rom=replace(wanted.rom, file=str(rom.absolute())))
    elif not wanted.rom.file:
        raise FwsimError("no ROM named", where="rom.file", expected="an option ROM's file", hint="give --rom FILE")
    elif folder.file("summary.json").exists():
        folder.rom()
    elif Path(wanted.rom.file).is_file():
        digest = hashlib.sha256(Path(wanted.rom.file).read_bytes()).hexdigest()
        notes.append(f"the run has no summary to tell which ROM it was; replayed with sha256 {digest[:16]}")
    return replace(wanted, rom=replace(wanted.rom, assist=False)), notes


def _placed(recorded: NDArray[np.void], done: ReplaySession) -> list[str]:
    """Says so when the machine is not laid out as the recorded one was: ports and addresses are others then."""
    mine = done.placement
    columns = ["space", "op", "address", "value"]
    if not len(recorded) or (len(mine) == len(recorded) and bool(np.all(mine[columns] == recorded[columns]))):
        return []
    return ["the firmware placed things otherwise than recorded: BARs, BDSM or OpRegion lie elsewhere"]
