"""A run is made again with every instruction seen: the same machine, up to an event, its last steps recorded.

What only a UEFI's or an Arm guest's run needs is imported for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.analysis.scan import Steps
from fwsim.cpu.steps import Steps as Recorded
from fwsim.environment.bios.session import Session
from fwsim.environment.processor import Runnable
from fwsim.errors import FwsimError
from fwsim.machine.built import Built
from fwsim.native import R_EV_LIMIT
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load
from fwsim.running.base import AnyRun, PcRun
from fwsim.running.pipeline import Run, begun, on_host
from fwsim.scenario.model import Scenario

if TYPE_CHECKING:
    from fwsim.environment.uefi.drivers import Driver
    from fwsim.running.uefi import UefiRun

WINDOW = 1 << 22
"""Instructions kept at a time: up to 64 MiB, as much for the registers that they changed, and 48 MiB for their memory
writes. A ROM's POST takes a third of it, mostly.
"""


class Window(Struct):
    """Recorded steps, and the events so far."""

    steps: Steps
    events: NDArray[np.void]
    drivers: list[Driver] = field(default_factory=list)
    """The drivers that were loaded (UEFI)."""


class Again:
    """One machine of a run: the guest's, or that of the POST on the host that made its shadow.

    ``size``: instructions kept at a time, a power of two.
    """

    def __init__(self, scenario: Scenario, on_host: bool = False, size: int = WINDOW) -> None:
        self.scenario = scenario
        self.on_host = on_host
        self._window = size
        self._steps: Recorded | None = None

    def window(self, seq: int | None, until: int | None = None) -> Window:
        """Run to event ``seq`` (None: the end); the steps before it, or before the step ``until``."""
        limit = (1 << 63) - 1 if until is None else until

        def watched(built: Built) -> Session:
            steps(built)
            return Session(built)

        def steps(built: Runnable) -> Recorded:
            if self.scenario.guest.on_arm:
                from fwsim.machine.built_arm import ArmBuilt

                assert isinstance(built, ArmBuilt)
                base, end = built.machine.base, built.machine.base + built.machine.ram.size
                self._steps = Recorded(built.machine.engine, end, self._window, limit, base)
            else:
                assert isinstance(built, Built)
                self._steps = Recorded(built.machine.engine, built.machine.low, self._window, limit)
            if seq is not None:
                built.machine.root[R_EV_LIMIT] = max(seq, built.machine.recorder.count + 1)
            return self._steps

        one: AnyRun
        if self.on_host:
            one = on_host(self.scenario, load(self.scenario.rom.file), watched)
            one.post()
        else:
            one = begun(self.scenario, watched)
            if _by_uefi(one):
                one.uefi.watch(steps(one.built))
            elif not isinstance(one, Run):  # whose session has seen to it
                steps(one.built)
            one.post()
            one.calls(past_end=False)
            one.boot()
        assert self._steps is not None
        recorder = one.built.machine.recorder
        window = Window(Steps(self._steps), recorder.read(0, recorder.count))
        if _by_uefi(one):
            window.drivers = one.drivers
        one.close()
        return window


def _by_uefi(one: AnyRun) -> TypeGuard[UefiRun]:
    return isinstance(one, PcRun) and one.built.machine.engine.mode == "long"


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
