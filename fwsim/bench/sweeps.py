"""Placements and cells of ROM runs are timed as one process of a sweep makes them.

A placement stands beside Python's own json, which writes and reads its answer: that has no rule to apply. A cell stands
beside the same run made alone, from a machine of its own.
"""

import json
import time
from itertools import product
from pathlib import Path

import msgspec

from fwsim.demo.igd import scenarios
from fwsim.placement.allocate import place
from fwsim.placement.ask import Ask
from fwsim.sweep.cell import Row, Runner, rows_of
from fwsim.sweep.matrix import Matrix, read
from fwsim.units import MIB

_FIRMWARE = ("seabios", "ovmf", "hvmloader", "bhyve", "acrn", "crosvm", "host-base", "fake-bar", "none")
_MODES = (0x03, 0x12, 0x13)
_LINEAR = (0xC101, 0xC111, 0xC114)
ALONE = 3
"""Runs of a round that are made alone."""


class Placements:
    """Every firmware for two generations and twelve sizes of RAM: neighbours, as they are in a sweep."""

    def __init__(self) -> None:
        sizes = [size * MIB for size in range(512, 6656, 512)]
        self.asks = [
            Ask(firmware=name, gen=gen, ram=ram) for name, gen, ram in product(_FIRMWARE, ("haswell", "12"), sizes)
        ]
        self._answers = [msgspec.to_builtins(place(ask)) for ask in self.asks]

    def run(self) -> float:
        """CPU seconds of a placement."""
        started = time.process_time()
        for ask in self.asks:
            place(ask)
        return (time.process_time() - started) / len(self.asks)

    def run_json(self) -> float:
        """CPU seconds in which Python's json writes and reads one answer."""
        started = time.process_time()
        for answer in self._answers:
            json.loads(json.dumps(answer))
        return (time.process_time() - started) / len(self.asks)


class Cells:
    """Runs of our own ROM that differ in the mode they set: one POST, and a machine put back for each."""

    def __init__(self) -> None:
        calls = [[{"ax": mode}] for mode in _MODES] + [[{"ax": 0x4F02, "bx": mode}] for mode in _LINEAR]
        rom = next(iter(scenarios())).rom.file
        fields = {"rom.file": rom, "call": calls}
        self.matrix: Matrix = read({"kind": "run", "set": fields}, "bench", Path("/"))
        self._kept, self._alone = Runner(keep=1), Runner(keep=0)

    def rows(self) -> list[Row]:
        """The rows, each of a machine that was put back but for the first ever."""
        return rows_of(self.matrix, list(range(self.matrix.cells)), self._kept)

    def run(self) -> float:
        """CPU seconds of a cell."""
        started = time.process_time()
        count = len(self.rows())
        return (time.process_time() - started) / count

    def run_alone(self) -> float:
        """CPU seconds of the same on a machine of its own, its ROM's POST included."""
        cells = list(range(ALONE))
        started = time.process_time()
        rows_of(self.matrix, cells, self._alone)
        return (time.process_time() - started) / ALONE
