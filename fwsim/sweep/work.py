"""Who does the work? Processes of this machine, or a Dask cluster; what dies costs its own row only."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from fwsim.errors import FwsimError
from fwsim.sweep.cell import Row, Runner, crashed, rows_of
from fwsim.sweep.matrix import Matrix
from fwsim.sweep.store import Store

Progress = Callable[[str, float | None], None]
Done = tuple[int, list[Row]]
CLUSTER_WAIT_S = 5


class Workers(Protocol):
    """Does pieces of work, in whatever order they are done."""

    def work(self, matrix: Matrix, pieces: Iterable[int]) -> Iterator[Done]:
        """(Number, rows) of each piece."""


def sweep(store: Store, workers: Workers, progress: Progress | None = None) -> None:
    """Do what ``store`` does not have yet. Ended at any moment, the same call goes on where it was."""
    matrix = store.matrix
    left = [number for number in range(matrix.chunks) if number not in store.done]
    for number, rows in workers.work(matrix, left) if left else ():
        store.write(number, rows)
        if progress:
            progress(f"{len(store.done):,} of {matrix.chunks:,} parts", len(store.done) / matrix.chunks)
    store.finish()


@dataclass
class _Task:
    """Cells of one piece of work that are still to be done."""

    number: int
    cells: list[int]


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    task: _Task | None = None


class Processes:
    """``jobs`` processes of this machine. One that dies is replaced, and its cells are done again one by one."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._context = get_context("spawn")
        self._workers: list[_Worker] = []

    def work(self, matrix: Matrix, pieces: Iterable[int]) -> Iterator[Done]:
        """(Number, rows) of each piece, as they are done."""
        waiting = iter(pieces)
        again: deque[_Task] = deque()
        singles: dict[int, dict[int, Row]] = {}
        todo: dict[int, int] = {}
        try:
            self._workers = [self._start(matrix) for _ in range(self.jobs)]
            while True:
                for worker in self._workers:
                    if worker.task is None:
                        self._give(worker, again, waiting, matrix)
                busy = {worker.pipe: worker for worker in self._workers if worker.task}
                if not busy:
                    return
                for pipe in wait(list(busy)):
                    worker = busy[pipe]  # type: ignore[index]  # wait gives what it was given
                    task, rows = worker.task, self._receive(worker)
                    assert task is not None
                    worker.task = None
                    if rows is None:
                        self._workers[self._workers.index(worker)] = self._start(matrix)
                        if len(task.cells) > 1:
                            todo[task.number] = len(task.cells)
                            again.extend(_Task(task.number, [cell]) for cell in task.cells)
                            continue
                        rows = [crashed(matrix, cell) for cell in task.cells]
                    if task.number not in todo and len(rows) == len(task.cells):
                        yield task.number, rows
                        continue
                    kept = singles.setdefault(task.number, {})
                    kept |= {row["cell"]: row for row in rows}
                    if len(kept) == todo[task.number]:
                        del singles[task.number], todo[task.number]
                        yield task.number, [kept[cell] for cell in sorted(kept)]
        finally:
            self._stop()

    def _start(self, matrix: Matrix) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, matrix), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _give(self, worker: _Worker, again: deque[_Task], waiting: Iterator[int], matrix: Matrix) -> None:
        if again:
            task = again.popleft()
        else:
            number = next(waiting, None)
            if number is None:
                return
            task = _Task(number, matrix.chunk(number))
        worker.task = task
        try:
            worker.pipe.send(task.cells)
        except OSError:
            return  # it died: receiving from it tells

    def _receive(self, worker: _Worker) -> list[Row] | None:
        try:
            rows: list[Row] = worker.pipe.recv()
            return rows
        except (EOFError, OSError):
            worker.process.join()
            worker.pipe.close()
            return None

    def _stop(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()


def _serve(pipe: Connection, matrix: Matrix) -> None:
    """A worker process: cells in, rows out, until the other end goes. Ctrl-C is its parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runner = Runner()
    while True:
        try:
            cells = pipe.recv()
        except EOFError:
            return
        pipe.send(rows_of(matrix, cells, runner))


class Dask:
    """The workers of a Dask cluster. Raises FwsimError when nobody answers at ``address``, or Dask is missing."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise FwsimError(
                "Dask is not installed", where="--dask", expected="the extra fwsim[cluster]",
                hint="pip install 'fwsim[cluster]', or use --jobs",
            ) from None  # fmt: skip
        try:
            self.client = Client(address, timeout=CLUSTER_WAIT_S, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise FwsimError(
                "no Dask scheduler answers", where="--dask", found=f"{address}: {str(error).splitlines()[0]}",
                expected="such as tcp://127.0.0.1:8786", hint="start one: dask scheduler; or use --jobs",
            ) from None  # fmt: skip
        try:
            self.client.wait_for_workers(1, timeout=CLUSTER_WAIT_S)
        except TimeoutError:
            self.client.close()
            raise FwsimError(
                "the Dask cluster has no workers", where="--dask", found=address, expected="at least one",
                hint=f"start some: dask worker {address}",
            ) from None  # fmt: skip

    def work(self, matrix: Matrix, pieces: Iterable[int]) -> Iterator[Done]:
        """(Number, rows) of each piece, as they are done; a few for each worker are under way at a time."""
        from distributed import as_completed

        waiting = iter(pieces)
        tasks: dict[str, _Task] = {}
        kept: dict[int, dict[int, Row]] = {}
        wanted: dict[int, int] = {}
        running = as_completed(loop=self.client.loop)

        def submit(task: _Task) -> None:
            future = self.client.submit(_on_cluster, matrix, task.cells, pure=False)
            tasks[future.key] = task
            running.add(future)

        def more() -> None:
            number = next(waiting, None)
            if number is not None:
                cells = matrix.chunk(number)
                kept[number], wanted[number] = {}, len(cells)
                submit(_Task(number, cells))

        try:
            for _ in range(4 * max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))):
                more()
            for future in running:
                task = tasks.pop(future.key)
                if future.status == "finished":
                    rows = future.result()
                elif why := _trouble(future):
                    raise FwsimError(
                        "the Dask cluster cannot do it", where="--dask", found=why,
                        expected="workers with the same version of fwsim",
                        hint="install it on them; the same command goes on where it was",
                    )  # fmt: skip
                elif len(task.cells) > 1:
                    for cell in task.cells:
                        submit(_Task(task.number, [cell]))
                    continue
                else:
                    rows = [crashed(matrix, cell) for cell in task.cells]
                kept[task.number] |= {row["cell"]: row for row in rows}
                if len(kept[task.number]) == wanted[task.number]:
                    yield task.number, [row for _, row in sorted(kept.pop(task.number).items())]
                    more()
        finally:
            self.client.close()


def _trouble(future: Any) -> str:
    """What is wrong with the cluster itself; nothing where a worker died of its cells: those are rows."""
    from distributed.scheduler import KilledWorker

    if future.status != "error":
        return f"work that is {future.status}"
    error = future.exception()
    return "" if isinstance(error, KilledWorker) else f"{type(error).__name__}: {error}"


_RUNNER = Runner()
_ALONE = threading.Lock()
"""A Dask worker may have several threads; its machines are one thread's at a time."""


def _on_cluster(matrix: Matrix, cells: list[int]) -> list[Row]:
    with _ALONE:
        return rows_of(matrix, cells, _RUNNER)
