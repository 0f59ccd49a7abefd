"""The machine that is measured is the demo's, under the ranged trap layer, with everything installed and recording."""

import time
from pathlib import Path

from msgspec.structs import replace

from fwsim.cpu.exceptions import Event
from fwsim.demo.igd import scenarios
from fwsim.environment.interface import Environment, Halt
from fwsim.environment.slices import Slices
from fwsim.environment.x86 import X86
from fwsim.errors import FwsimError
from fwsim.native import BAR_IGD, R_CODE_LIMIT, R_EV_LIMIT, R_EV_NEXT, R_SEQ, R_TIME_LIMIT, R_WAITS
from fwsim.rom.chain import load
from fwsim.running.earlier import ROM_BASE
from fwsim.running.pipeline import assemble

_NO_LIMIT = 1 << 62


class Loop(Environment):
    """A loop of code, from its first instruction to its HLT: it asks for nothing."""

    def at_hlt(self) -> Halt:
        """The end of the loop."""
        return Halt.RETURNED

    def at_exception(self, event: Event) -> str:
        """Nobody takes one."""
        return "a measured loop has no handlers"


class Rig:
    """A built machine that runs a loop in the ROM's place, without budget; events go to ``path`` or to memory."""

    def __init__(self, path: Path | None = None) -> None:
        scenario = scenarios()[1]
        from_file = replace(scenario, rom=replace(scenario.rom, source="file"))
        self.built = built = assemble(from_file, load(scenario.rom.file), path).built
        self.machine = built.machine
        self.host_base = scenario.host.bdsm
        loop = Loop()
        self._slices = Slices(built, loop, X86(built.machine, loop))
        for word in (R_EV_LIMIT, R_CODE_LIMIT, R_TIME_LIMIT):
            self.machine.root[word] = _NO_LIMIT

    @property
    def io_bar(self) -> int:
        """First port of the index/data pair."""
        return int(self.machine.bar_bases[BAR_IGD])

    def put(self, code: bytes) -> None:
        """Place ``code`` at C0000."""
        self.machine.ram.write(ROM_BASE, code)
        self.machine.engine.flush_code()

    def run(self) -> float:
        """Run what was placed, once, to its HLT; seconds of CPU it took. Raises FwsimError when it stops otherwise."""
        cpu = self.machine.engine
        self.machine.root[R_WAITS] = 0
        for name, value in (("ds", 0), ("es", 0), ("ss", 0), ("eflags", 2), ("cs", 0xC000), ("eip", 0)):
            cpu.set(name, value)
        started = time.process_time()
        ending = self._slices.start()
        seconds = time.process_time() - started
        if ending.reason != "completed":
            raise FwsimError(
                "a measured loop did not reach its end", found=f"{ending.reason} {ending.detail}".rstrip(),
                hint="report it as a bug of fwsim",
            )  # fmt: skip
        return seconds

    def run_again(self) -> float:
        """``run``, recording over the first events of the window: pages of the file that have been touched before."""
        self.machine.root[R_EV_NEXT] = self.machine.root[R_SEQ] = 0
        return self.run()

    def run_fresh(self) -> float:
        """``run``, recording into a new window, whose pages nothing was written to yet; its making is counted too."""
        started = time.process_time()
        self.machine.recorder.next_chunk()
        return time.process_time() - started + self.run()
