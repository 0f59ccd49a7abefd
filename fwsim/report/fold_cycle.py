"""Lines that repeat what the lines before them said, a line or up to four, are counted instead."""

from collections.abc import Iterator

from fwsim.report.fold_step import Step

_LONGEST = 4
Key = tuple[object, ...]


def repeated(steps: Iterator[Step]) -> Iterator[Step]:
    """``steps`` with a line that repeats as one, and a few lines that repeat said twice, then counted."""
    return _cycles(_same(steps))


def _key(step: Step) -> Key:
    return (step.level, step.lines, step.decode, step.first[2])


def _same(steps: Iterator[Step]) -> Iterator[Step]:
    last: Step | None = None
    times = 1
    for step in steps:
        if last is not None:
            if _key(step) == _key(last):
                times += 1
                last = last._replace(n=last.n + step.n)
                continue
            yield _times(last, times)
        last, times = step, 1
    if last is not None:
        yield _times(last, times)


def _times(step: Step, times: int) -> Step:
    return step if times == 1 else step._replace(lines=(*step.lines[:-1], f"{step.lines[-1]}, {times} times so"))


def _cycles(steps: Iterator[Step]) -> Iterator[Step]:
    """After two rounds of the same two to four lines, the further rounds are one line. Holds back less than a round."""
    said: list[Key] = []  # of the lines said last, the newest at the end
    cycle = _Cycle([])
    for step in steps:
        if cycle.keys:
            if cycle.take(step):
                continue
            yield from cycle.steps()
            cycle = _Cycle([])
        yield step
        said = [*said[1 - 2 * _LONGEST :], _key(step)]
        for length in range(2, _LONGEST + 1):
            round_ = said[-length:]
            if len(said) >= 2 * length and said[-2 * length : -length] == round_ and len({k[0] for k in round_}) == 1:
                cycle, said = _Cycle(round_), []
                break
    yield from cycle.steps()


class _Cycle:
    """Rounds of the lines ``keys`` that were said already."""

    def __init__(self, keys: list[Key]) -> None:
        self.keys = keys
        self.rounds = self.n = 0
        self.first: Step | None = None
        self.part: list[Step] = []  # of a round that has not ended

    def take(self, step: Step) -> bool:
        """Count ``step``; False when it does not go on with the round."""
        if _key(step) != self.keys[len(self.part)]:
            return False
        self.part.append(step)
        if len(self.part) == len(self.keys):
            self.first = self.first or self.part[0]
            self.rounds += 1
            self.n += sum(each.n for each in self.part)
            self.part = []
        return True

    def steps(self) -> Iterator[Step]:
        """The rounds as one step, then what began another."""
        if self.first is not None:
            more = "once more" if self.rounds == 1 else f"{self.rounds} times more"
            text = f"the {len(self.keys)} lines above {more}"
            yield Step(self.first.level, self.first.first, self.n, (text,))
        yield from self.part
