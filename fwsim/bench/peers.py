"""Other programs run the same loops in the same run, and an access is taken apart: what each part of it costs."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from fwsim.bench import loops, x86emu
from fwsim.bench.grown import Peer, Step
from fwsim.bench.qemu import PORT as QEMU_PORT
from fwsim.bench.qemu import Qemu, find
from fwsim.bench.rig import Rig
from fwsim.cpu.plain import PlainCpu

ROUNDS = 15
_SHORT_S, _AGAIN = 0.05, 5
"""A turn that is shorter is measured so often: another program's slice of time is as long."""
PAIRS = 60_000
"""Index/data pairs of a turn: their events fit the recorder's first window."""
QEMU_PAIRS, TRACED_PAIRS = 2_000_000, 20_000
"""QEMU starts anew for each turn, so a turn is longer; less so where it writes every access."""
CODE_ROUNDS, QEMU_CODE_ROUNDS = 3, 100
NOBODY = 0x300
"""A port that no device has."""
OUT, NOTHING = b"\x66\xef", b"\x66\x90"
"""``out dx, eax``, and a NOP of the same length."""
Timer = Callable[[], float]


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """The peers, and the steps of fwsim's own way, all of one run."""

    peers: list[Peer]
    steps: list[Step]


class _Runner(msgspec.Struct):
    """A row that is to be measured: what gives its seconds, and of how many accesses and instructions.

    ``start`` gives what of these seconds is the program's own start.
    """

    name: str
    does: str
    accesses: Timer | None = None
    pairs: int = PAIRS
    code: Timer | None = None
    instructions: int = 0
    missing: str = ""
    start: Timer | None = None

    def peer(self, best: dict[Timer, float]) -> Peer:
        """The row, of the least seconds of each timer."""
        start = best[self.start] if self.start else 0.0

        def million(count: int, timer: Timer | None) -> float | None:
            seconds = best[timer] - start if timer else 0.0
            return float(f"{count / seconds / 1e6:.3g}") if seconds > 0 else None

        accesses = million(2 * self.pairs, self.accesses)
        missing = self.missing or ("" if accesses else "shorter than the program's start: measure again")
        return Peer(name=self.name, does=self.does, accesses=accesses, missing=missing,
                    instructions=million(self.instructions, self.code))  # fmt: skip


def beside() -> Beside:
    """All of them, turn by turn, the best of ``ROUNDS`` turns each: about half a minute."""
    rig, other, unanswered = Rig(), Rig(), Rig()
    base = rig.host_base
    pairs = loops.gtt_writes(PAIRS, rig.io_bar, base)
    code, instructions = loops.load_store(CODE_ROUNDS)
    rig.put(pairs)
    other.put(code)
    unanswered.put(loops.gtt_writes(PAIRS, NOBODY, base))
    program, coded = (x86emu.build(each, rig.io_bar, base) for each in (pairs, code))
    empty = PlainCpu(pairs, hooked="out").run
    steps: tuple[tuple[str, Timer], ...] = (
        ("the loop's instructions alone", PlainCpu(pairs.replace(OUT, NOTHING)).run),
        ("OUT, nobody is told of it", PlainCpu(pairs).run),
        ("an empty native callback", empty),
        ("fwsim: an event, nobody answers", unanswered.run_again),
        ("and the device, its GTT, the rewrite", rig.run_again),
        ("and pages that were never touched", rig.run_fresh),
    )
    runners = (
        _Runner("fwsim", "the device, the GTT, its rewrite, an event of 56 bytes", rig.run_again, code=other.run,
                instructions=instructions),
        _Runner("Unicorn", "an empty native callback", empty, code=PlainCpu(code, hooked="out").run,
                instructions=instructions),
        _Runner("Unicorn, its Python binding", "an empty Python function", PlainCpu(pairs, hooked="python").run),
        _Runner("libx86emu", "a C handler: the GTT, its rewrite, a record of 56 bytes", program.run, code=coded.run,
                instructions=instructions, missing=program.missing),
        *_qemu(find(), base),
    )  # fmt: skip
    timers = [run for _, run in steps] + [
        run for each in runners for run in (each.accesses, each.code, each.start) if run
    ]
    try:
        best = _best(list(dict.fromkeys(timers)))
    finally:
        program.remove()
        coded.remove()
    return Beside(
        peers=[each.peer(best) for each in runners],
        steps=[Step(name=name, ns=round(1e9 * best[run] / (2 * PAIRS), 1)) for name, run in steps],
    )


def _qemu(qemu: Qemu, base: int) -> tuple[_Runner, _Runner]:
    plain = _Runner("QEMU, TCG", "the host bridge's index/data pair in C")
    traced = _Runner("QEMU, TCG, with its own trace", "the same, and a line of text in a file")
    if qemu.missing:
        plain.missing = traced.missing = qemu.missing
        return plain, traced
    one, many, few = (loops.gtt_writes(pairs, QEMU_PORT, base) for pairs in (1, QEMU_PAIRS, TRACED_PAIRS))
    code, plain.instructions = loops.load_store(QEMU_CODE_ROUNDS)
    plain.pairs, traced.pairs = QEMU_PAIRS, TRACED_PAIRS
    plain.start = traced.start = lambda: qemu.seconds(one)
    plain.accesses, plain.code = lambda: qemu.seconds(many), lambda: qemu.seconds(code)
    traced.accesses = lambda: qemu.seconds(few, traced=True)
    return plain, traced


def _best(timers: list[Timer]) -> dict[Timer, float]:
    """The least seconds of each, one after the other in each turn: what disturbs one disturbs all."""
    turns = [[_least(run) for run in timers] for _ in range(ROUNDS)]
    return dict(zip(timers, map(min, zip(*turns, strict=True)), strict=True))


def _least(run: Timer) -> float:
    took = run()
    return took if took > _SHORT_S else min(took, *(run() for _ in range(_AGAIN - 1)))
