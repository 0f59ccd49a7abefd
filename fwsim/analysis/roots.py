"""What a slice ends at is said in words by whoever knows the run: a ROM's, or a guest program's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from fwsim.analysis.nodes import Node, Slice
from fwsim.rom.catalog import Licence
from fwsim.scenario.model import Scenario

if TYPE_CHECKING:
    from fwsim.analysis.slicer import Slicer

Earlier = tuple[Slice, "Slicer"]
"""A slice of another machine's run, with that machine's slicer."""


class Roots(ABC):
    """Names what one run's slices end at."""

    scenario: Scenario

    @property
    @abstractmethod
    def licence(self) -> Licence | None:
        """What is known of the licence of the code that ran; None: it may be shown, and nothing need be said."""

    @abstractmethod
    def input_text(self, node: Node, slicer: Slicer, short: bool = False) -> str:
        """What was read from a device: where; unless ``short``, with what it read and who gave it."""

    @abstractmethod
    def readback_text(self, node: Node, slicer: Slicer) -> str:
        """What was read from a device that had it from an earlier write, event ``node.selected``."""

    @abstractmethod
    def answer_text(self, node: Node, slicer: Slicer) -> str:
        """What somebody else than the code left in a register."""

    @abstractmethod
    def byte_text(self, node: Node) -> tuple[str, Earlier | None]:
        """Bytes that lay in memory, and the slice that says who put them there."""

    @abstractmethod
    def event_text(self, slicer: Slicer, seq: int) -> str:
        """An event of the code's in words."""

    @abstractmethod
    def start_text(self, node: Node) -> str:
        """A register that nothing wrote since the start."""

    @abstractmethod
    def memory_text(self, address: int) -> str:
        """A place in memory."""

    def function_at(self, address: int) -> str:
        """The function of the program's that has this address, with the offset in it; "" where nobody knows."""
        return ""
