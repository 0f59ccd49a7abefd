"""Which leaves code asks for again and again, while nothing else that is new happens.

Counted are leaves that nobody answers, and the video BIOS's hooks, whose answer never changes by itself.
"""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from fwsim.environment.interface import Question
from fwsim.environment.wait.limits import LEAF_COUNTED, LEAF_ROUNDS

Key = tuple[int, int, int, int]
"""Vector, AX, and the INT's CS:IP."""
NEVER = 1 << 62


class _Asked(Struct):
    """A question as it was asked last: with the same registers so often, with any so often."""

    question: Question
    same: int = 1
    alike: int = 1


class Repeats(Struct):
    """The questions asked since something new happened. ``rounds`` with the same registers, or ``counted`` with others
    each time, make one endless; ``seq`` is the last event of the last question; ``let_be`` are no longer counted.
    """

    rounds: int = LEAF_ROUNDS
    counted: int = LEAF_COUNTED
    seq: int = 0
    asked: dict[Key, _Asked] = field(default_factory=dict)
    let_be: frozenset[Key] = frozenset()

    def look(self, question: Question, novel_seq: int, seq: int) -> None:
        """It is asked, by event ``seq``. ``novel_seq``: the last event that was new; the question's own is no news."""
        if self.seq < novel_seq != seq:
            self.asked.clear()
        held = self.asked.setdefault(question.key, _Asked(question, 0, 0))
        held.alike += 1
        held.same = held.same + 1 if held.question == question else 1
        held.question = question

    def endless(self) -> list[Question]:
        """The questions that the code asks for ever, the one that was asked last first; none while none is."""
        least = min(self.rounds, self.counted)
        if all(each.alike < least for each in self.asked.values()):
            return []
        mine = [each for key, each in self.asked.items() if key not in self.let_be]
        if not any(each.same >= self.rounds or each.alike >= self.counted for each in mine):
            return []
        most = max(each.alike for each in mine)
        return [each.question for each in mine if 2 * each.alike >= most]

    def snapshot(self) -> Repeats:
        """A copy."""
        return replace(self, asked={key: replace(each) for key, each in self.asked.items()})

    def restore(self, state: Repeats) -> None:
        """Go back to it."""
        for name, value in asdict(state.snapshot()).items():
            setattr(self, name, value)
