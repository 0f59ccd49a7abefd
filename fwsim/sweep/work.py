"""Processes of this machine or a Dask cluster do the work; what dies costs its own row only."""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.sweep.cell import Runner, crashed, rows_of
from fwsim.sweep.matrix import Matrix
from fwsim.sweep.store import Store, packed

Progress = Callable[[str, float | None], None]
Done = tuple[int, bytes]
CLUSTER_WAIT_S = 5


class Workers(Protocol):
    """Does pieces of work, in whatever order they are done."""

    def work(self, matrix: Matrix, pieces: Iterable[int]) -> Iterator[Done]:
        """(Number, packed rows) of each piece."""


def sweep(store: Store, workers: Workers, progress: Progress | None = None) -> None:
    """Do what ``store`` does not have yet. Ended at any moment, the same call goes on where it was."""
    matrix = store.matrix
    left = [number for number in range(matrix.chunks) if number not in store.done]
    for number, part in workers.work(matrix, left) if left else ():
        store.write(number, part)
        if progress:
            progress(f"{len(store.done):,} of {matrix.chunks:,} parts", len(store.done) / matrix.chunks)
    store.finish()


class _Task(Struct):
    """Cells of one piece of work that are still to be done."""

    number: int
    cells: list[int]


class _Pieces:
    """The pieces of work of a sweep, and the rows of those that are not whole yet."""

    def __init__(self, matrix: Matrix, numbers: Iterable[int]) -> None:
        self.matrix = matrix
        self._numbers = iter(numbers)
        self._again: deque[_Task] = deque()
        self._parts: dict[int, dict[int, bytes]] = {}
        self._wanted: dict[int, int] = {}

    def next(self) -> _Task | None:
        """What is to be done next; None when everything is done or under way."""
        if self._again:
            return self._again.popleft()
        number = next(self._numbers, None)
        if number is None:
            return None
        task = _Task(number, self.matrix.chunk(number))
        self._parts[number], self._wanted[number] = {}, len(task.cells)
        return task

    def done(self, task: _Task, part: bytes | None) -> Done | None:
        """The whole piece, in the order of its cells, once its last rows are there.

        ``part`` is None where the worker died of the task: its cells are done again one by one, and one that was alone
        is a row that says so.
        """
        if part is None and len(task.cells) > 1:
            self._again.extend(_Task(task.number, [cell]) for cell in task.cells)
            return None
        if part is None:
            part = packed([crashed(self.matrix, cell) for cell in task.cells])
        kept = self._parts[task.number]
        kept[task.cells[0] if task.cells else 0] = part
        self._wanted[task.number] -= len(task.cells)
        if self._wanted[task.number]:
            return None
        del self._parts[task.number], self._wanted[task.number]
        return task.number, b"".join(each for _, each in sorted(kept.items()))


class _Worker(Struct, eq=False):
    process: Any
    pipe: Connection
    task: _Task | None = None


class Processes:
    """Up to ``jobs`` processes of this machine, a pipe to each: a pipe that ends says which task its process died of.

    Kept beside three libraries, measured with one cell in forty that kills its process. A pool of loky's (as of
    concurrent.futures) breaks as a whole and does not say whose task it was, so whatever was under way is done again
    one by one, in twice the time; its processes outlive a parent that is killed. Pebble's says whose it was, but on a
    busy machine loses some of these tasks. Dask's LocalCluster starts a second later and blames cells that only waited.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._context = get_context("spawn")
        self._workers: list[_Worker] = []

    def work(self, matrix: Matrix, pieces: Iterable[int]) -> Iterator[Done]:
        """(Number, packed rows) of each piece, as they are done."""
        left = _Pieces(matrix, pieces)
        try:
            while True:
                for worker in self._workers:
                    if worker.task is None and (task := left.next()):
                        self._give(worker, task)
                while len(self._workers) < self.jobs and (task := left.next()):
                    self._workers.append(self._start(matrix))
                    self._give(self._workers[-1], task)
                busy = {worker.pipe: worker for worker in self._workers if worker.task}
                if not busy:
                    return
                for pipe in wait(list(busy)):
                    worker = busy[pipe]  # type: ignore[index]  # wait gives what it was given
                    task, part = worker.task, self._receive(worker)
                    assert task is not None
                    worker.task = None
                    if part is None:
                        self._workers.remove(worker)
                    if whole := left.done(task, part):
                        yield whole
        finally:
            self._stop()

    def _start(self, matrix: Matrix) -> _Worker:
        """A new process. Ctrl-C is for this one alone: it stays blocked in the other from its first instruction on."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, matrix), daemon=True)
        resource_tracker.ensure_running()  # starting one unblocks the signal
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return _Worker(process, ours)

    def _give(self, worker: _Worker, task: _Task) -> None:
        worker.task = task
        with contextlib.suppress(OSError):  # it died: receiving from it tells
            worker.pipe.send(task.cells)

    def _receive(self, worker: _Worker) -> bytes | None:
        try:
            return worker.pipe.recv_bytes()
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
    """A worker process: cells in, packed rows out, until the other end goes, however it does."""
    runner = Runner(keep=2 if matrix.shares_posts else 0)
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(packed(rows_of(matrix, pipe.recv(), runner)))
            if not gc.get_freeze_count():  # all is imported now: who looks for garbage, a machine each cell, leaves it
                gc.collect()
                gc.freeze()


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
        """(Number, packed rows) of each piece, as they are done; each worker has a few tasks under way at a time."""
        from distributed import as_completed

        left = _Pieces(matrix, pieces)
        tasks: dict[str, _Task] = {}
        running = as_completed(loop=self.client.loop)
        most = 4 * max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))

        def more() -> None:
            while len(tasks) < most and (task := left.next()):
                future = self.client.submit(_on_cluster, matrix, task.cells, pure=False)
                tasks[future.key] = task
                running.add(future)

        try:
            more()
            for future in running:
                task = tasks.pop(future.key)
                whole = left.done(task, _part_from(future))
                more()
                if whole:
                    yield whole
        finally:
            self.client.close()


def _part_from(future: Any) -> bytes | None:
    """The packed rows; None where a worker died of its cells. Raises FwsimError for what is wrong with the cluster."""
    from distributed.scheduler import KilledWorker

    if future.status == "finished":
        part: bytes = future.result()
        return part
    error = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        return None
    raise FwsimError(
        "the Dask cluster cannot do it", where="--dask",
        found=f"{type(error).__name__}: {error}" if error else f"work that is {future.status}",
        expected="workers with the same version of fwsim",
        hint="install it on them; the same command goes on where it was",
    )  # fmt: skip


_RUNNER = Runner()
_ALONE = threading.Lock()
"""A Dask worker may have several threads; its machines are one thread's at a time."""


def _on_cluster(matrix: Matrix, cells: list[int]) -> bytes:
    with _ALONE:
        return packed(rows_of(matrix, cells, _RUNNER))
