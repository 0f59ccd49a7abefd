"""Which answer of the BIOS ends a loop that asks for one, tried out: the loop is run again with its leaf answered.

From a snapshot in the middle of the loop, one answer after the other is given in a run of its own: AX=005F, which is
what a hook's success is (Intel's and VIA's; Silicon Motion's is 007F), then what the loop's own compare instructions
name, then registers bit by bit. An answer *releases* the loop when the code goes where the loop never goes and does not
come back to ask. What of it can be left out is left out: the rest is what the loop tests.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import field

from fwsim.cpu.engine import Engine
from fwsim.devices.timers import PIT_HZ
from fwsim.disasm.operands import decode
from fwsim.environment.interface import Question
from fwsim.environment.wait.limits import LEAF_LOOK, LOOK, LOOK_CODE
from fwsim.environment.wait.trials import Release, Tried
from fwsim.environment.wait.waiting import Wait
from fwsim.native import R_CODE, R_CODE_LIMIT, R_STALE_LIMIT, R_TIME, R_WAIT_LIMIT, R_WAITS
from fwsim.registers.database import leaf_name
from fwsim.registers.leaves import SELECTOR

Answer = dict[str, int]
"""Registers, as ``rom.int15`` has them; those not named stay, and CF is clear."""
_REGISTERS = {"a": "ax", "b": "bx", "c": "cx", "d": "dx"}
_COMPARES = frozenset(("cmp", "test", "sub", "xor", "and"))
TICKS = 0x46C
"""The BIOS data area's count of timer ticks."""
BIOS_START, BIOS_END = 0xF0000, 0x100000
_SECOND = 1_000_000_000
BLOCK = 64
"""Bytes of a block that are looked at for what it compares with."""


class LeafRelease(Release, frozen=True):
    """A question that is asked for ever, and the answer that ends it (None: no answer tried does)."""

    question: Question = field(default_factory=lambda: Question(0, 0, 0, 0, 0, 0, 0))
    registers: Answer | None = None
    tests: str = ""

    def text(self, name: str) -> str:
        """The story, with the line of the scenario that ends it."""
        asked = self.question
        selector = SELECTOR.get(asked.ax, "cx")
        leaf = f"INT {asked.vector:02X}h AX={asked.ax:04X} {selector.upper()}={getattr(asked, selector):X}"
        means = leaf_name(asked.vector, asked.ax)
        answered = f"keeps being answered AX={self.wait.last or 0:04X}" if asked.answered else "is not answered"
        said = f"{leaf} ({means}) {answered}" if means else f"{leaf} {answered}"
        if self.registers is None:
            return f"{said}; no answer that was tried ends the loop"
        line = ", ".join(f"{register} = {value:#x}" for register, value in self.registers.items())
        return f'{said}; the loop tests {self.tests}; add `[rom.int15] "{asked.ax:04x}" = {{{line or "carry = 0"}}}`'


def ask(loop: Tried, questions: list[Question], last: int) -> LeafRelease | None:
    """Which answer to one of ``questions`` ends the loop; ``last`` is AX as the first was answered last.

    None: the loop ends by itself, for it looks at a clock. It is afterwards as it was before.
    """
    found = None
    for question in questions:
        wait = Wait(question.cs, question.ip, "interrupt", question.vector, last)
        trials = _Trials(loop, question)
        try:
            if trials.times_out():
                return None
            registers = trials.find() if question.vector == 0x15 else None
            tests = trials.tests(registers) if registers is not None else ""
        finally:
            trials.back()
        if registers is not None:
            return LeafRelease(wait, question=question, registers=registers, tests=tests)
        found = found or LeafRelease(wait, question=question)
    return found


class _Trials:
    """Runs from one snapshot, the leaf answered otherwise."""

    def __init__(self, tried: Tried, question: Question) -> None:
        self.tried = tried
        self.question = question
        self.start = tried.snapshot()
        self.stands = {name: tried.cpu.get(name) for name in ("ax", "bx", "cx", "dx")}
        """The registers as they are answered now."""
        self.loop, _ = self._run(None)

    def back(self) -> None:
        """Leave everything as it was found."""
        self.tried.restore(self.start)

    def times_out(self) -> bool:
        """Whether the loop ends when it is later: by ten seconds, for every clock."""
        seen, again = self._run(None, later=10 * _SECOND)
        return bool(seen - self.loop) and not again

    def find(self) -> Answer | None:
        """The first answer that ends the loop, in its shortest form."""
        success = 0x5F if self.question.ax >> 8 != 0x7F else 0x7F
        for base in ({"ax": success}, {}):
            better = base
            for _ in range(3):
                steps: list[Answer] = [{}, *self._compared(self._run(better)[0]), *_single_bits()]
                tried = [(self._score(better | step), better | step) for step in steps]
                (ends, news), best = max(tried, key=lambda pair: pair[0])
                if ends:
                    return self._shortest(next(each for (end, _), each in tried if end))
                if not news or best == better:
                    break
                better = best
        return None

    def tests(self, answer: Answer) -> str:
        """``AX=005F``: the registers that the loop tests, by halves where only one half matters; else CF."""
        parts = []
        for name, value in answer.items():
            if name == "carry":
                continue
            low, high = value & 0xFF, value >> 8
            other = self.stands[name] ^ 0xA5A5
            if self._score(answer | {name: low | other & 0xFF00})[0]:
                parts.append(f"{name[0].upper()}L={low:02X}")
            elif self._score(answer | {name: high << 8 | other & 0xFF})[0]:
                parts.append(f"{name[0].upper()}H={high:02X}")
            else:
                parts.append(f"{name.upper()}={value:04X}")
        return ", ".join(parts) or "CF=0"

    def _shortest(self, answer: Answer) -> Answer:
        for name in list(answer):
            shorter = {other: value for other, value in answer.items() if other != name}
            if self._score(shorter)[0]:
                answer = shorter
        return answer

    def _compared(self, blocks: set[int]) -> Iterator[Answer]:
        """What the instructions of these blocks compare registers with."""
        seen: list[Answer] = []
        for start in sorted(blocks):
            for name, low, width, value in self._immediates(start):
                held = self.stands[name] & ~(((1 << width) - 1) << low)
                step = {name: held | (value & (1 << width) - 1) << low}
                if step not in seen:
                    seen.append(step)
                    yield step

    def _immediates(self, start: int) -> Iterator[tuple[str, int, int, int]]:
        """Register, its first bit, width and the constant of each comparison from ``start`` to the block's end."""
        cpu, at = self.tried.cpu, 0
        assert isinstance(cpu, Engine), "questions are INTs, an x86's"
        code, bits = cpu.read(start, BLOCK), 32 if cpu.protected else 16
        while at < BLOCK and (step := decode(code[at:], start + at, bits)):
            left, right = (*step.operands, None, None)[:2]
            if step.name in _COMPARES and left and right and left.kind == "reg" and right.kind == "imm":
                name = left.name.removeprefix("e")
                if name[:1] in _REGISTERS and name[1:] in ("x", "l", "h"):
                    shift, width = (8 if name[1] == "h" else 0), (16 if name[1] == "x" else 8)
                    yield _REGISTERS[name[0]], shift, width, right.value
            if step.relative or step.name in ("ret", "retf", "iret", "int"):
                return
            at += step.size

    def _score(self, answer: Answer) -> tuple[bool, int]:
        """Whether the answer ends the loop, and how many blocks are new with it."""
        seen, again = self._run(answer)
        new = len(seen - self.loop)
        return bool(new) and not again, new

    def _run(self, answer: Answer | None, later: int = 0) -> tuple[set[int], bool]:
        """The blocks that run with the leaf answered so (None: as it is), and whether it is asked for ever again.

        Those of the BIOS, which answers and takes the timer's interrupt, are left out. ``later``: ns that pass before.
        """
        tried, root = self.tried, self.tried.machine.root
        with tried.cpu.blocks_seen() as seen:
            tried.restore(self.start)
            tried.environment.answer(self.question, answer, LEAF_LOOK)
            root[R_WAITS] = 0
            root[R_WAIT_LIMIT] = root[R_STALE_LIMIT] = LOOK
            root[R_CODE_LIMIT] = int(root[R_CODE]) + LOOK_CODE
            root[R_TIME] += np.uint64(later)
            ram = tried.machine.ram
            ram.put(TICKS, ram.word(TICKS, 4) + later * PIT_HZ // (_SECOND << 16), 4)
            tried.try_on()
        again = any(each.key == self.question.key for each in tried.environment.asked())
        return {address for address in seen if not BIOS_START <= address < BIOS_END}, again


def _single_bits() -> Iterator[Answer]:
    """One register with one bit, or all ones in its lower half: those that hooks answer in, CX first."""
    for name in ("cx", "bx", "dx"):
        yield from ({name: value} for value in (0, *(1 << bit for bit in range(8)), 0xFF))
