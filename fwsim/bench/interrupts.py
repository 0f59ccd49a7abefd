"""An INT that the modelled BIOS answers in Python is timed, beside a bare engine with a Python hook at INT."""

import time

from fwsim.bench import loops
from fwsim.bench.rig import Rig
from fwsim.cpu.plain import PlainCpu
from fwsim.environment.bios.session import Session
from fwsim.errors import FwsimError
from fwsim.native import R_EV_NEXT, R_SEQ, R_WAITS

COUNT = 10_000
"""INTs of a round: their events fit the recorder's first window."""
_INIT = 3


class Interrupts:
    """``COUNT`` times INT 1Ah AH=00h, which reads and writes registers and memory, from an option ROM's init."""

    def __init__(self) -> None:
        rig = Rig()
        rig.put(bytes(_INIT) + loops.clock_reads(COUNT))
        self.session = Session(rig.built)
        self._bare = PlainCpu(loops.clock_reads(COUNT, loops.HLT), hooked="interrupt")

    def run(self) -> float:
        """CPU seconds that they take on the machine, events recorded over the first ones of the window again."""
        root = self.session.machine.root
        root[R_EV_NEXT] = root[R_SEQ] = root[R_WAITS] = 0
        started = time.process_time()
        ending = self.session.call_rom(_INIT, self.session.machine.scenario.guest.devfn)
        seconds = time.process_time() - started
        if ending.reason != "completed":
            raise FwsimError(
                "a measured loop of INTs did not reach its end", found=f"{ending.reason} {ending.detail}".rstrip(),
                hint="report it as a bug of fwsim",
            )  # fmt: skip
        return seconds

    def run_bare(self) -> float:
        """CPU seconds on the bare engine, whose hook reads and writes the same registers, and no memory."""
        started = time.process_time()
        self._bare.run()
        return time.process_time() - started
