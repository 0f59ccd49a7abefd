"""The growth table has every size, says what it leaves out, and its measurements are of their own processes."""

import json
import os
import subprocess
import sys
from collections import namedtuple

import msgspec
import pytest
from capstone import CS_ARCH_X86, CS_MODE_16, Cs

from fwsim.bench import alone, grown, growth, growth_work, loops, peers, qemu
from fwsim.cli import main
from fwsim.errors import FwsimError
from fwsim.trace.event import EVENT

HEADER = 4096
WORK = {each.what: each for each in growth.WORK}


# --- sizes and slopes -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("what", "to", "sizes"),
    [
        ("events to a file", 10**8, [10**5, 10**6, 10**7, 10**8]),
        ("events to a file", 2_000_000, [10**5, 10**6]),
        ("events to a file", 1000, [1000]),
        ("placements, 2 processes", 10**8, [10**2, 10**3, 10**4, 10**5, 10**6]),
        ("placements, 1 Dask worker", 10**8, [10**2, 10**3, 10**4, 10**5]),
        ("ROM runs, 1 process", 10**8, [10, 10**2, 10**3]),
        ("ROM runs, 1 process", 1000, [1]),
    ],
)
def test_sizes_are_ten_times_apart(what, to, sizes):
    assert WORK[what].sizes(to) == sizes


def test_the_slope_is_that_of_the_two_largest_sizes():
    assert growth.slope([(10, 1.0), (100, 10.0)]) == 1.0
    assert growth.slope([(1000, 900.0), (10, 5.0), (100, 9.0)]) == 2.0
    assert growth.slope([(100, 3.0), (10, 3.0)]) == 0.0
    assert growth.slope([(10, 1.0)]) is None


def series(slope):
    rows = [grown.Row(size=10, seconds=1.0, cpu_s=2.0, reference_us=1e5, peak_mib=64.0, file_mb=0.5)]
    return grown.Series(what="work", unit="piece", reference="less work", rows=rows, slope=slope)


@pytest.mark.parametrize(("slope", "verdict"), [(0.5, "linear or less"), (1.1, "linear or less"),
                                                (1.101, "more than linear"), (None, "not known")])  # fmt: skip
def test_the_verdict(slope, verdict):
    assert series(slope).verdict == verdict


# --- a process of its own ---------------------------------------------------------------------------------------------
def test_the_peak_is_not_the_parents():
    """What wait4 says would be at least this process's."""
    held = bytearray(400 << 20)
    held[::4096] = b"x" * len(held[::4096])
    assert alone.peak_kib(os.getpid()) > 400 << 10
    found = alone.measured("fwsim.bench.growth_work:events", 1000)
    assert 10 << 10 < found.peak_kib < 400 << 10
    assert len(held) == 400 << 20


def test_processes_below_are_found_while_they_live():
    line = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(7, flush=True); input()'])"
    with subprocess.Popen([sys.executable, "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"7\n"
        mine = alone.below(os.getpid())
        assert child.pid in mine
        (grandchild,) = alone.below(child.pid)
        assert grandchild in mine
        assert alone.peak_kib(grandchild) > 1 << 10
        child.communicate(b"\n")
    assert alone.below(child.pid) == []
    assert alone.peak_kib(child.pid) == 0


def test_the_time_of_processes_that_ended_counts():
    before = alone.cpu_s()
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass"], check=True)
    assert alone.cpu_s() - before > 0.15  # in ticks of 10 ms


def test_a_measurement_that_fails_says_why():
    with pytest.raises(FwsimError) as raised:
        alone.measured("fwsim.bench.growth_work:placements", 0, 1, False)
    assert "placements 0 1 False" in raised.value.where
    assert "Error" in raised.value.found


def test_a_measurement_that_fails_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(alone.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(FwsimError, match="a measurement failed"):
        alone.measured("tempfile:mkdtemp")  # makes a folder, and returns no figures
    assert list(tmp_path.iterdir()) == []


# --- the work ---------------------------------------------------------------------------------------------------------
def test_events_are_as_many_as_the_file_has():
    found = growth_work.events(3000)
    before = (found.file_bytes - HEADER) // EVENT.itemsize - 3000
    assert 0 <= before < 100  # what building the machine recorded
    assert found.file_bytes == HEADER + (3000 + before) * EVENT.itemsize
    assert found.cpu_s > 0
    assert found.reference_us > 0


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (10, 10), (40, 40)])
def test_placements_are_as_many_as_asked_for(count, rows, monkeypatch):
    done = []

    def swept(store, workers, tell):
        done.append((store.matrix.cells, workers.jobs))
        store.rows.write_bytes(b"rows")

    monkeypatch.setattr(growth_work, "sweep", swept)
    found = growth_work.placements(count, 2, False)
    assert done == [(rows, 2)]
    assert found.file_bytes == 4
    assert found.reference_us > 0


def test_every_firmware_has_its_turn():
    from fwsim.firmware.allocators import allocator

    for name in growth_work.FIRMWARES:
        assert allocator(name).name == name


# --- the other programs -----------------------------------------------------------------------------------------------
def test_the_firmware_image_runs_the_loop_and_ends_qemu():
    code = loops.gtt_writes(5, qemu.PORT, 0xDBA00000)
    image = qemu.firmware(code)
    assert len(image) == 0x10000
    (jump,) = Cs(CS_ARCH_X86, CS_MODE_16).disasm(image[0xFFF0:0xFFF5], 0xFFF0)
    assert (jump.mnemonic, jump.op_str) == ("ljmp", "0xf000:0")
    found = list(Cs(CS_ARCH_X86, CS_MODE_16).disasm(image[: len(code) + 4], 0))
    assert image.startswith(code[:-1])
    assert [(each.mnemonic, each.op_str) for each in found[-3:]] == [("mov", "al, 0x2a"), ("out", "0xf4, al"),
                                                                     ("hlt", "")]  # fmt: skip


def test_qemu_comes_to_the_end_or_says_why():
    found = qemu.find()
    if found.missing:
        pytest.skip(found.missing)
    assert found.seconds(loops.gtt_writes(10, qemu.PORT, 0)) > 0


def test_a_program_that_is_no_qemu_is_not_measured(monkeypatch):
    monkeypatch.setattr(qemu.shutil, "which", lambda name: "/bin/false")
    assert qemu.find().missing == "not measured: exit code 1"
    monkeypatch.setattr(qemu.shutil, "which", lambda name: None)
    assert qemu.find().missing == "not measured: takes qemu-system-x86"


@pytest.fixture
def few(monkeypatch):
    """Two small measurements, and no other program."""
    monkeypatch.setattr(growth, "WORK", (WORK["events to a file"], WORK["placements, 1 process"]))
    monkeypatch.setattr(growth, "_ROUNDS", 1)
    monkeypatch.setattr(peers, "ROUNDS", 1)
    monkeypatch.setattr(peers, "PAIRS", 1000)
    monkeypatch.setattr(qemu.shutil, "which", lambda name: None)


def test_the_peers_that_are_not_there_say_so(few):
    found = peers.beside()
    rows = {peer.name: peer for peer in found.peers}
    assert next(iter(rows)) == "fwsim"
    assert len(rows) == 6
    assert "libx86emu-dev" in rows["libx86emu"].missing
    assert rows["libx86emu"].accesses is None
    assert all("qemu-system-x86" in peer.missing for name, peer in rows.items() if name.startswith("QEMU"))
    assert all(rows[name].accesses > 0 and not rows[name].missing for name in ("fwsim", "Unicorn"))
    assert len(found.steps) == 6
    assert all(step.ns > 0 for step in found.steps)


def test_the_loop_without_its_outs_is_as_long():
    code = loops.gtt_writes(1000, 0xC000, 0xDBA00000)
    assert code.count(peers.OUT) == 2
    assert len(peers.OUT) == len(peers.NOTHING)


# --- the command ------------------------------------------------------------------------------------------------------
def test_the_command_prints_and_saves_every_row(few, capsys, tmp_path):
    kept = tmp_path / "speed.json"
    assert main(["bench", "--growth", "--to", "1e3", "--json", "--save", str(kept)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["what"], [row["size"] for row in each["rows"]]) for each in found["series"]] == [
        ("events to a file", [1000]), ("placements, 1 process", [10]),
    ]  # fmt: skip
    for each in found["series"]:
        for row in each["rows"]:
            assert row["cpu_s"] > 0
            assert row["peak_mib"] > 10
            assert row["reference_us"] > 0
            assert row["missing"] == ""
    assert msgspec.to_builtins(grown.read(kept)) == found


def test_what_has_no_room_is_left_out_and_said(few, monkeypatch, capsys):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(growth.shutil, "disk_usage", lambda path: usage(2 << 30, 1 << 30, (1 << 30) + 55_999))
    monkeypatch.setattr(growth, "WORK", (WORK["events to a file"],))
    assert main(["bench", "--growth", "--to", "1e3"]) == 0
    out = capsys.readouterr().out
    assert "1,000  left out: takes 0.0 GB, 1.1 GB are free: set TMPDIR" in out
    assert all(len(line) <= 80 for line in out.splitlines() if "left out" not in line)


def test_without_dask_its_rows_are_left_out(monkeypatch):
    monkeypatch.setattr(growth, "find_spec", lambda name: None)
    row = growth._row(WORK["placements, 1 Dask worker"], 100)
    assert row.cpu_s is None
    assert "fwsim[cluster]" in row.missing


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--growth", "--to", "10"], "expected: 1000 to 1e+09"),
        (["--growth", "--to", "nan"], "found: nan"),
        (["--growth", "--to", "1e12"], "found: 1e+12"),
        (["--growth", "--kinds"], "found: --growth and --kinds"),
        (["--growth", "--save", "no/such/folder/x.json"], "--save: no such folder"),
        (["--to", "1e6"], "expected: --growth"),
        (["--save", "x.json"], "found: --save"),
    ],
)
def test_what_cannot_be_measured_is_refused(given, said, capsys, monkeypatch):
    monkeypatch.setattr(growth, "beside", lambda: pytest.fail("measured all the same"))
    assert main(["bench", *given]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert said in err


def test_a_file_that_is_no_measurement_is_refused(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(FwsimError, match="cannot read"):
        grown.read(path)
    path.write_text('{"fwsim": 3}')
    with pytest.raises(FwsimError, match="not a measurement"):
        grown.read(path)
