"""Waits that would not end are explained and, where the scenario asks for it, given the answer that ends them."""

from typing import Any

from fwsim.environment.ending import Ending
from fwsim.environment.interface import Question
from fwsim.environment.wait.answers import ask
from fwsim.environment.wait.limits import ASSIST_POLLS, ASSIST_TIMES
from fwsim.environment.wait.trials import Release, Tried, force, investigate
from fwsim.environment.wait.waiting import TAIL, waited_for, waits_for_a_device
from fwsim.machine.common import Common
from fwsim.native import R_STALE_LIMIT, R_WAIT_LIMIT, R_WAITS
from fwsim.trace.event import Op, Space


class Assist:
    """Finds out what ends each wait of one machine. ``release`` is what the last one waits for, None before the first.

    ``given``: instruction and input (CS, IP, address) to what was found there, and how often its answer was given.
    """

    def __init__(self, machine: Common) -> None:
        self._recorder, self._root = machine.recorder, machine.root
        self._answers = machine.scenario.rom.assist
        self.release: Release | None = None
        self.given: dict[tuple[int, int, int], tuple[Release, int]] = {}
        if self._answers:
            machine.root[R_WAIT_LIMIT] = machine.root[R_STALE_LIMIT] = ASSIST_POLLS

    def helps(self, loop: Tried, ending: Ending) -> bool:
        """At a wait that would not end: find out what ends it and, under assist, give that answer once."""
        if ending.reason != "hung" or ending.detail:
            return False
        questions = loop.environment.asked()
        if questions:
            return self._asked(loop, questions)
        self.release = self._known() or investigate(loop)
        wait, answer = self.release.wait, self.release.answer
        if not self._answers or answer is None:
            return False
        key = (wait.cs, wait.ip, wait.address)
        self.given[key] = (self.release, self.given.get(key, (self.release, 0))[1] + 1)
        force(self._root, wait, 0, answer, 1)
        self._root[R_WAITS] = 0
        return True

    def _asked(self, loop: Tried, questions: list[Question]) -> bool:
        """At a question that is asked for ever; in a loop that waits for a device or for the time, it is let be."""
        tail = self._recorder.tail(TAIL)
        answers = tail[(tail["op"] == int(Op.RETURN)) & (tail["space"] == int(Space.INTERRUPT))]
        found = ask(loop, questions, int(answers[-1]["value"]) & 0xFFFF if len(answers) else questions[0].ax)
        if found is None or (found.registers is None and waits_for_a_device(tail)):
            loop.environment.let_be(questions)
            return True
        self.release = found
        if not self._answers or found.registers is None:
            return False
        self.given[found.wait.cs, found.wait.ip, found.question.ax] = (found, 1)
        loop.environment.answer(found.question, found.registers)
        self._root[R_WAITS] = 0
        return True

    def _known(self) -> Release | None:
        """What was found out at the same instruction before, as long as it answers the same last value."""
        wait = waited_for(self._recorder.tail(TAIL))
        known = self.given.get((wait.cs, wait.ip, wait.address))
        return known[0] if known and known[0].wait.last == wait.last and known[1] < ASSIST_TIMES else None

    def snapshot(self) -> Any:
        """What is known of waits."""
        return self.release, dict(self.given)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self.release, given = state
        self.given = dict(given)
