"""The BIOS behind the stubs: the dispatcher of services, given answers, PMM and the tick."""

from dataclasses import dataclass

from fwsim.environment.bios import segment
from fwsim.environment.bios.context import CARRY, Context
from fwsim.environment.bios.services import find
from fwsim.native import R_TIME
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.recorder import Recorder

_VECTORS = {offset: vector for vector, offset in segment.ENTRIES.items()}
PMM_END = 0x80000


@dataclass(frozen=True)
class BiosState:
    """What the firmware keeps outside the guest's memory."""

    pmm_next: int
    pmm_top: int
    unknown: dict[tuple[int, int], int]


class Bios:
    """The services of one machine. ``unknown`` counts the leaves nobody knew, by (vector, AX)."""

    def __init__(self, context: Context, recorder: Recorder) -> None:
        self.context = context
        self.recorder = recorder
        self.unknown: dict[tuple[int, int], int] = {}

    def snapshot(self) -> BiosState:
        """For a snapshot."""
        return BiosState(self.context.pmm_next, self.context.pmm_top, dict(self.unknown))

    def restore(self, state: BiosState) -> None:
        """Go back to it."""
        self.context.pmm_next, self.context.pmm_top = state.pmm_next, state.pmm_top
        self.unknown = dict(state.unknown)

    def answers(self, offset: int) -> bool:
        """Handle a HLT at F000:``offset``; False when no stub is there."""
        if offset == segment.ENTRIES[0x08]:
            self.context.ram.put(0x46C, self.context.ram.word(0x46C, 4) + 1, 4)
            return True
        if offset in (segment.ENTRIES[0x08] + 3, segment.ENTRIES[0x09], segment.ENTRIES[0x0E]):
            return True  # end of interrupt
        if offset == segment.PMM_ENTRY:
            self._pmm()
            return True
        if offset == segment.PNP_ENTRY:
            self.context.set("ax", 0x82)  # function not supported (Plug and Play BIOS 1.0a, appendix C)
            return True
        if offset not in _VECTORS:
            return False
        self._service(_VECTORS[offset])
        return True

    def _service(self, vector: int) -> None:
        c = self.context
        ax = c.get("ax")
        flags = 0
        service = find(vector, ax)
        if vector == 0x15 and ax in c.int15:
            self._given(c.int15[ax])
        elif service:
            service(c)
        elif vector not in (0x05, 0x10):  # before a video BIOS is there, INT 10h does nothing
            flags = int(Flag.UNHANDLED)
            self.unknown[vector, ax] = self.unknown.get((vector, ax), 0) + 1
            c.fail(0x86)
        self._record(vector, flags)

    def _given(self, answer: dict[str, int]) -> None:
        """An answer from the scenario: registers, and CF (clear unless ``cf`` says otherwise)."""
        for name, value in answer.items():
            if name != "carry":
                self.context.set(name, value)
        self.context.flag(CARRY, bool(answer.get("carry", 0)))

    def _record(self, vector: int, flags: int) -> None:
        c = self.context
        value = c.get("ax") | c.get("bx") << 16 | c.get("cx") << 32 | c.get("dx") << 48
        self.recorder.append(
            (int(c.root[R_TIME]), 0, vector, value, value, 0, flags, Actor.FIRMWARE, Space.INTERRUPT, Op.RETURN, 2)
        )

    def _pmm(self) -> None:
        """PMM by far call: 0 allocate (paragraphs, handle, flags), 1 find, 2 deallocate; DX:AX = address or 0."""
        c = self.context
        stack = (c.get("ss") << 4) + (c.get("sp") + 4 & 0xFFFF)
        function, length = c.ram.word(stack, 2), c.ram.word(stack + 2, 4) * 16
        flags = c.ram.word(stack + 10, 2)
        result = 0
        if function == 0 and length and flags & 3 != 2:
            start = (c.pmm_next + length - 1) // length * length if flags & 4 else c.pmm_next
            if start + length <= PMM_END:
                result, c.pmm_next = start, start + length
        if function == 0 and not result and length and flags & 2:
            result = self._pmm_high(length, bool(flags & 4))
        elif function == 0 and length == 0:
            result = PMM_END - c.pmm_next >> 4
        c.set("dx", result >> 16)
        c.set("ax", result & 0xFFFF)

    def _pmm_high(self, length: int, aligned: bool) -> int:
        """Extended memory, downwards from where the placement left the highest RAM."""
        c = self.context
        granule = length if aligned else 16
        start = (c.pmm_top - length) // granule * granule
        if start <= 1 << 20:
            return 0
        c.pmm_top = start
        return start

    def unknown_leaves(self) -> list[tuple[int, int, int]]:
        """(vector, AX, count) of every leaf nobody knew."""
        return [(vector, ax, count) for (vector, ax), count in sorted(self.unknown.items())]
