"""The work whose cost is followed as it grows: events recorded to a file, and sweeps of placements and of runs."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fwsim.bench import loops
from fwsim.bench.alone import Measured, cpu_s
from fwsim.bench.rig import Rig
from fwsim.cpu.plain import PlainCpu
from fwsim.demo.igd import scenarios
from fwsim.sweep.cell import Runner, rows_of
from fwsim.sweep.matrix import Matrix, load
from fwsim.sweep.store import Store
from fwsim.sweep.work import Dask, Processes, Workers, sweep

PAIRS = 500_000
"""Index/data pairs of one turn of the loop: two events each."""
FIRMWARES = ("seabios", "ovmf", "hvmloader", "bhyve", "acrn", "crosvm", "host-base", "fake-bar", "coreboot", "none")
_RAM = 256 << 20, 16 << 10
"""The least RAM of a placement, and how much more the next one has: a million stay below 2 GiB."""


def events(count: int) -> Measured:
    """``count`` events or a few more, each port access recorded to a file; in turn the same loop on a bare engine.

    The reference is that engine with a native callback at OUT that does nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.npy"
        rig = Rig(path)
        code = loops.gtt_writes(max(1, min(count // 2, PAIRS)), rig.io_bar, rig.host_base)
        rig.put(code)
        bare = PlainCpu(code, hooked="out")
        recorder = rig.machine.recorder
        first, seconds, cpu, other = recorder.count, 0.0, 0.0, 0.0
        while recorder.count - first < count:
            before = time.process_time()
            seconds += rig.run()
            between = time.process_time()
            bare.run()
            cpu, other = cpu + between - before, other + time.process_time() - between
        recorder.close()
        done = recorder.count - first
        return Measured(seconds * count / done, cpu * count / done, 1e6 * other / done, path.stat().st_size)


def placements(count: int, workers: int, cluster: bool) -> Measured:
    """A sweep of ``count`` placements, each firmware in turn and RAM of every size, by so many workers."""
    firmwares = FIRMWARES[:count]
    least, step = _RAM
    most = least + step * (count // len(firmwares) - 1)
    ram = f"{{ from = {least}, to = {most}, step = {step} }}" if most > least else str(least)
    return _swept(f"[set]\nram = {ram}\nfirmware = {list(firmwares)}\n", workers, cluster)


def runs(count: int, workers: int, cluster: bool) -> Measured:
    """A sweep of ``count`` runs of our own ROM, POST and a call that differs in CX, by so many workers."""
    scenario = scenarios()[0]
    calls = ", ".join(f"[{{ ax = 0x4f02, bx = 0xc114, cx = {number} }}]" for number in range(count))
    return _swept(f'kind = "run"\n[set]\nrom.file = "{scenario.rom.file}"\ncall = [{calls}]\n', workers, cluster)


def _swept(text: str, workers: int, cluster: bool) -> Measured:
    """The sweep of the matrix ``text``; the reference is a cell done in this process, without a sweep.

    A cluster is there before it is measured; processes are started meanwhile.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "matrix.toml"
        path.write_text(text)
        matrix = load(path)
        store = Store.open(Path(folder) / "sweep", matrix)
        runner = Runner()
        rows_of(matrix, _some(matrix, 0), runner)
        with _workers(workers, cluster) as ready:
            seconds, cpu, other, cells = 0.0, 0.0, 0.0, 0
            for turn in range(2):
                sample = _some(matrix, turn + 1)
                before = time.process_time()
                rows_of(matrix, sample, runner)
                other, cells = other + time.process_time() - before, cells + len(sample)
                if turn == 0:
                    before, started = cpu_s(), time.perf_counter()
                    sweep(store, ready(), None)
                    seconds, cpu = time.perf_counter() - started, cpu_s() - before
        return Measured(seconds, cpu, 1e6 * other / cells, store.rows.stat().st_size)


def _some(matrix: Matrix, turn: int) -> list[int]:
    """Cells of the ``turn``-th piece of work, one after the other; a small matrix has but one."""
    return matrix.chunk(min(turn, matrix.chunks - 1))


@contextlib.contextmanager
def _workers(count: int, cluster: bool) -> Iterator[Callable[[], Workers]]:
    if not cluster:
        yield lambda: Processes(count)
        return
    from distributed import LocalCluster

    with LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None) as made:
        yield lambda: Dask(made.scheduler_address)
