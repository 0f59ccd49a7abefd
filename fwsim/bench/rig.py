"""The machine that is measured is the demo's, under the ranged trap layer, with everything installed and recording."""

import time
from pathlib import Path

from fwsim.demo import scenarios
from fwsim.errors import FwsimError
from fwsim.machine.build import build
from fwsim.native import BAR_IGD, R_ACTOR, R_CODE_LIMIT, R_EV_LIMIT, R_EV_NEXT, R_SEQ, R_TIME_LIMIT, R_WAITS, STOP_NONE
from fwsim.rom.chain import load
from fwsim.running.option_rom import offer
from fwsim.trace.event import Actor

_NO_LIMIT = 1 << 62


class Rig:
    """A built machine that runs a loop in the ROM's place, without budget; events go to ``path`` or to memory."""

    def __init__(self, path: Path | None = None) -> None:
        scenario = scenarios()[1]
        rom = load(scenario.rom.file)
        image = offer(scenario, rom, scenario.host.device_id, None).image
        self.machine = build(scenario, rom, image, path).machine
        self.host_base = scenario.host.bdsm
        root = self.machine.root
        for word in (R_EV_LIMIT, R_CODE_LIMIT, R_TIME_LIMIT):
            root[word] = _NO_LIMIT
        root[R_ACTOR] = int(Actor.ROM)

    @property
    def io_bar(self) -> int:
        """First port of the index/data pair."""
        return int(self.machine.bar_bases[BAR_IGD])

    def put(self, code: bytes) -> None:
        """Place ``code`` at C0000."""
        self.machine.ram.write(0xC0000, code)
        self.machine.engine.flush_code()

    def run(self) -> float:
        """Run what was placed, once, to its HLT; seconds it took. Raises FwsimError when it stops otherwise."""
        cpu = self.machine.engine
        self.machine.root[R_WAITS] = 0
        for name, value in (("ds", 0), ("es", 0), ("ss", 0), ("eflags", 2), ("cs", 0xC000), ("eip", 0)):
            cpu.set(name, value)
        started = time.perf_counter()
        reason = cpu.run()
        seconds = time.perf_counter() - started
        if reason != STOP_NONE:
            raise FwsimError(
                "a measured loop did not reach its end", found=f"stop {reason}", hint="report it as a bug of fwsim"
            )
        return seconds

    def run_again(self) -> float:
        """``run``, recording over the first events of the window: pages of the file that have been touched before."""
        self.machine.root[R_EV_NEXT] = self.machine.root[R_SEQ] = 0
        return self.run()

    def run_fresh(self) -> float:
        """``run``, recording into pages that nothing was written to yet."""
        self.machine.recorder.rewind(0)
        return self.run()
