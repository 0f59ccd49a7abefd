"""A run is made again with every instruction seen: the same machine, up to an event, its last steps recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fwsim.cpu.steps import Steps
from fwsim.environment.bios.session import Session
from fwsim.errors import FwsimError
from fwsim.machine.built import Built
from fwsim.native import R_EV_LIMIT
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load
from fwsim.running.pipeline import Run, assemble, on_host
from fwsim.scenario.model import Scenario

WINDOW = 1 << 21
"""Instructions kept at a time: up to 168 MiB, and 96 MiB for their memory writes."""


@dataclass
class Window:
    """Recorded steps: the number of the first since reset, the steps, their memory writes, the events so far."""

    first: int
    steps: NDArray[np.void]
    writes: NDArray[np.void]
    events: NDArray[np.void]


class Again:
    """One machine of a run: the guest's, or that of the POST on the host that made its shadow.

    ``size``: instructions kept at a time, a power of two.
    """

    def __init__(self, scenario: Scenario, on_host: bool = False, size: int = WINDOW) -> None:
        self.scenario = scenario
        self.on_host = on_host
        self.rom = load(scenario.rom.file)
        self._window = size
        self._steps: Steps | None = None

    def window(self, seq: int | None, until: int | None = None) -> Window:
        """Run to event ``seq`` (None: the end); the steps before it, or before the step ``until``."""
        limit = (1 << 63) - 1 if until is None else until

        def watched(built: Built) -> Session:
            self._steps = Steps(built.machine.engine, built.machine.low, self._window, limit)
            if seq is not None:
                built.machine.root[R_EV_LIMIT] = max(seq, built.machine.recorder.count + 1)
            return Session(built)

        if self.on_host:
            one = on_host(self.scenario, self.rom, watched)
            one.post()
        else:
            one = Run(assemble(self.scenario, self.rom), watched)
            one.post()
            one.calls(past_end=False)
        assert self._steps is not None
        first, steps, writes = self._steps.window()
        recorder = one.built.machine.recorder
        events = recorder.read(0, recorder.count)
        one.close()
        return Window(first, steps, writes, events)


def check_same(found: NDArray[np.void], run: RunDir, recorded: NDArray[np.void], upto: int) -> None:
    """What is explained must be what was recorded. Raises FwsimError where the run made again is another."""
    count = min(upto, len(recorded))
    if len(found) >= count and found[:count].tobytes() == recorded[:count].tobytes():
        return
    common = min(len(found), count)
    same = found[:common] == recorded[:common]
    at = int(np.argmin(same)) if common and not same.all() else common
    raise FwsimError(
        "the run made again is not the run that was recorded", where=str(run.path),
        found=f"another event {at + 1} of {len(recorded)}", expected="the same events, byte for byte",
        hint="the trace is another version's or was changed: run the scenario again",
    )  # fmt: skip
