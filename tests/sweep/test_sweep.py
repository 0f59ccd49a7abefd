"""The rows are the same whoever did the work and whatever died on the way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from patience import HANG_S

from fwsim.errors import FwsimError
from fwsim.sweep import store, work
from fwsim.sweep.cell import Runner, row_of
from fwsim.sweep.matrix import CHUNK, load, read
from fwsim.sweep.store import Store

REPO = Path(__file__).parents[2]
STEP = {"from": "1G", "to": "4G", "step": "64M"}
PLACED = {"firmware": ["seabios", "ovmf", "crosvm"], "gen": ["6", "12"], "ram": STEP}
RUN = {"rom": {"file": str(REPO / "roms" / "igd-vbios.rom")}, "call": [[{"ax": 3}], [{"ax": 0x4F02, "bx": 0xC101}], []]}


def placements(**fields):
    return read({"set": PLACED | fields}, "m", Path("/"))


def made(folder, matrix, workers):
    work.sweep(Store.open(folder, matrix), workers)
    return table(folder)


def table(folder):
    return duckdb.sql(f"SELECT * FROM '{folder}/rows.parquet'").fetchall()


@pytest.fixture(scope="module")
def cluster():
    """The address of a scheduler on loopback with two workers."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    ) as found:
        yield found.scheduler_address


def test_the_same_rows_whoever_works(tmp_path, cluster, monkeypatch):
    monkeypatch.setitem(CHUNK, "placement", 60)
    matrix = placements()
    alone = [tuple(row_of(matrix, cell, Runner()).values()) for cell in range(matrix.cells)]
    assert len(alone) == 3 * 2 * 49
    assert made(tmp_path / "1", matrix, work.Processes(1)) == alone
    assert made(tmp_path / "2", matrix, work.Processes(2)) == alone
    assert made(tmp_path / "dask", matrix, work.Dask(cluster)) == alone


def test_the_same_runs_whoever_works(tmp_path, cluster):
    matrix = read({"kind": "run", "set": RUN}, "m", Path("/"))
    here = made(tmp_path / "1", matrix, Seen([]))
    assert {row[matrix_column(matrix, "status")] for row in here} == {"ok"}
    assert made(tmp_path / "dask", matrix, work.Dask(cluster)) == here


def matrix_column(matrix, name):
    return list(row_of(matrix, 0, Runner())).index(name)


def killed_at_2_gib(pipe, matrix):
    """A worker that its third GiB of guest RAM kills."""
    runner = Runner()
    while True:
        try:
            cells = pipe.recv()
        except EOFError:
            return
        if any(matrix.labels(cell)["ram"] == 2 << 30 for cell in cells):
            os.kill(os.getpid(), signal.SIGKILL)
        pipe.send_bytes(store.packed(work.rows_of(matrix, cells, runner)))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_worker_that_is_killed_is_one_failed_row(tmp_path, monkeypatch, jobs):
    monkeypatch.setitem(CHUNK, "placement", 3)
    matrix = placements(firmware="seabios", gen="6", ram={"from": "1G", "to": "9G", "step": "1G"})
    good = made(tmp_path / "good", matrix, work.Processes(1))
    monkeypatch.setattr(work, "_serve", killed_at_2_gib)
    rows = made(tmp_path / "bad", matrix, work.Processes(jobs))
    assert [rows[0], *rows[2:]] == [good[0], *good[2:]]
    assert "crashed" in rows[1]
    assert "the process died of it (killed, or a crash in native code)" in rows[1]


MATRIX = '[set]\nfirmware = ["seabios", "crosvm"]\nram = { from = "1G", to = "3G", step = "2M" }\n'
KILLED = """
import os, signal, sys
from pathlib import Path
from fwsim.sweep import store, work
from fwsim.sweep.matrix import load
from fwsim.sweep.store import Store

store = Store.open(Path(sys.argv[2]), load(Path(sys.argv[1])))
work.sweep(store, work.Processes(2), lambda *_: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_sweep_goes_on_where_it_was(tmp_path):
    """Its processes go with it, and say nothing: there is an end of what they could write to."""
    matrix, out = tmp_path / "m.toml", tmp_path / "out"
    matrix.write_text(MATRIX)
    command = [sys.executable, "-c", KILLED, str(matrix), str(out)]
    process = subprocess.run(command, cwd=REPO, capture_output=True, check=False)
    assert (process.returncode, process.stdout, process.stderr) == (-signal.SIGKILL, b"", b"")
    kept = [int(part.name[:6]) for part in out.glob("parts/0*.json.gz")]
    assert len(kept) == 1
    rest = Store.open(out, load(matrix))
    seen = []
    work.sweep(rest, Seen(seen))
    assert set(seen) == set(range(rest.matrix.chunks)) - set(kept)
    assert table(out) == made(tmp_path / "fresh", load(matrix), Seen([]))
    work.sweep(Store.open(out, load(matrix)), Seen(seen := []))
    assert seen == []


INTERRUPTED = """
import os, signal, sys
from fwsim.cli import main
from fwsim.sweep.store import Store
from fwsim.sweep.work import Processes

def and_ctrl_c(method):
    def called(*given):
        done = method(*given)
        os.killpg(0, signal.SIGINT)  # as a terminal does: every process of the sweep gets it
        return done
    return called

signal.signal(signal.SIGINT, signal.default_int_handler)
Processes._start = and_ctrl_c(Processes._start) if sys.argv.pop(1) == "starting" else Processes._start
Store.write = and_ctrl_c(Store.write)
sys.exit(main())
"""


@pytest.mark.parametrize(("when", "kept"), [("starting", 0), ("working", 1)])
def test_ctrl_c_ends_it_and_keeps_what_is_done(tmp_path, when, kept):
    """When the first process has been started, and when the first part is written, while the other process works."""
    matrix, out = tmp_path / "m.toml", tmp_path / "out"
    matrix.write_text(MATRIX)
    command = [sys.executable, "-c", INTERRUPTED, when, "sweep", str(matrix), "--jobs", "2", "--out", str(out)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False, start_new_session=True)
    assert (done.returncode, done.stdout) == (130, "")
    parts = load(matrix).chunks
    assert done.stderr == f"fwsim: interrupted; the same command goes on: {kept} of {parts} parts are kept\n"
    assert len(list(out.glob("parts/0*.json.gz"))) == kept


def test_ctrl_c_while_rows_are_written_waits_for_them(tmp_path, monkeypatch):
    """DuckDB makes a RuntimeError of it, and an abort where it is only just imported."""
    matrix = placements(firmware="seabios", gen="6", ram="1G")
    folder = Store.open(tmp_path / "out", matrix)
    folder.write(0, store.packed([row_of(matrix, 0, Runner())]))
    writer = store._connection()

    class Interrupted:
        def execute(self, text):
            signal.raise_signal(signal.SIGINT)
            return writer.execute(text)

    monkeypatch.setattr(store, "_connection", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.finish()
    assert {entry.name for entry in (tmp_path / "out").iterdir()} == {"sweep.json", "rows.parquet"}
    assert len(table(tmp_path / "out")) == 1


class Seen:
    """This very process; tells which pieces it was given."""

    def __init__(self, seen):
        self.seen = seen

    def work(self, matrix, pieces):
        self.seen += pieces
        runner = Runner()
        for piece in self.seen:
            yield piece, store.packed(work.rows_of(matrix, matrix.chunk(piece), runner))


def test_a_cluster_without_workers_or_fwsim_is_said(tmp_path, monkeypatch, cluster):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(work, "CLUSTER_WAIT_S", HANG_S)  # for the scheduler; no worker comes, however long one waits
    wait = distributed.Client.wait_for_workers
    monkeypatch.setattr(distributed.Client, "wait_for_workers", lambda client, n, timeout: wait(client, n, 0.01))
    with (
        distributed.LocalCluster(
            n_workers=0,
            processes=False,
            host="127.0.0.1",
            protocol="tcp",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        ) as empty,
        pytest.raises(FwsimError, match="has no workers"),
    ):
        work.Dask(empty.scheduler_address)
    monkeypatch.setattr(work, "_on_cluster", without_fwsim)
    with pytest.raises(FwsimError, match="cannot do it") as error:
        made(tmp_path / "dask", placements(), work.Dask(cluster))
    assert "No module named 'fwsim'" in error.value.found


def without_fwsim(matrix, cells):
    raise ModuleNotFoundError("No module named 'fwsim'")


def test_a_dask_address_nobody_answers_is_said(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(work, "CLUSTER_WAIT_S", 0.01)  # nobody will, however long it waits
    for address in ("tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1", "tcp://"):
        with pytest.raises(FwsimError, match="no Dask scheduler answers") as error:
            work.Dask(address)
        assert error.value.hint == "start one: dask scheduler; or use --jobs"
