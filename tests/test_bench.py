"""The benchmark's loops are what they say, and its figures complete. No figure is judged here: machines differ."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from capstone import CS_ARCH_X86, CS_MODE_16, Cs

from fwsim.bench import loops, runs, sweeps
from fwsim.bench.figures import Figure, alternate
from fwsim.bench.interrupts import COUNT, Interrupts
from fwsim.bench.reference import Reference
from fwsim.bench.rig import Rig
from fwsim.bench.x86emu import build
from fwsim.cpu.plain import PlainCpu
from fwsim.errors import FwsimError
from fwsim.native import R_CODE, R_SEQ, ROOT_WORDS, STOP_IRQ
from fwsim.placement.allocate import place
from fwsim.trace.event import Flag, Op, Space

CODES = {
    "load_store": loops.load_store(2)[0],
    "short_blocks": loops.load_store(2, short_blocks=True)[0],
    "gtt_writes": loops.gtt_writes(5, 0xC000, 0xDBA00000),
    "replay": loops.replay(100, 100_000),
    "clock_reads": loops.clock_reads(5, loops.HLT),
}


@pytest.mark.parametrize("name", CODES)
def test_loops_are_whole_instructions_whose_jumps_stay_inside(name):
    code = CODES[name]
    found = list(Cs(CS_ARCH_X86, CS_MODE_16).disasm(code, 0))
    assert sum(instruction.size for instruction in found) == len(code)
    assert found[-1].mnemonic == "hlt"
    starts = {instruction.address for instruction in found}
    assert all(int(i.op_str, 16) in starts for i in found if i.mnemonic in ("jne", "jmp"))


def test_load_store_executes_the_instructions_it_counts():
    """Counted by the code bytes: a turn of 3 + 3 + 2 + 2 bytes has four instructions."""
    rig = Rig()
    code, instructions = loops.load_store(2)
    rig.put(code)
    before = int(rig.machine.root[R_CODE])
    rig.run()
    assert int(rig.machine.root[R_CODE]) - before == pytest.approx(10 * 1_000_000, rel=1e-3)
    assert instructions == 4 * 1_000_000


def test_gtt_writes_take_the_whole_path():
    rig = Rig()
    rig.put(loops.gtt_writes(20_000, rig.io_bar, rig.host_base))
    first = int(rig.machine.root[R_SEQ])
    rig.run()
    events = rig.machine.recorder.read(first, rig.machine.recorder.count)
    data = events[events["space"] == Space.GTT]
    assert len(events) == 40_000
    assert len(data) == 20_000
    assert (data["op"] == Op.WRITE).all()
    assert (data["flags"] & Flag.REWRITTEN != 0).all()
    assert (data["address"] == [4 * i for i in range(20_000)]).all()
    assert (data["aux"] == [0xDBA00001 + 0x1000 * (i % 8192) for i in range(20_000)]).all()


def test_replay_has_the_accesses_and_nearly_the_code(monkeypatch):
    rig = Rig()
    rig.put(loops.replay(1000, 500_000))
    code, seq = int(rig.machine.root[R_CODE]), int(rig.machine.root[R_SEQ])
    rig.run()
    assert int(rig.machine.root[R_SEQ]) - seq == 1000
    assert int(rig.machine.root[R_CODE]) - code == pytest.approx(500_000, rel=0.05)


@pytest.mark.parametrize("hooked", ["none", "python", "empty", "interrupt"])
def test_the_bare_engine_reaches_the_end(hooked):
    assert PlainCpu(loops.gtt_writes(500, 0xC000, 0xDBA00000), hooked=hooked).run() > 0


def test_each_int_is_asked_and_answered():
    rig = Interrupts()
    assert rig.run() > 0
    recorder = rig.session.machine.recorder
    events = recorder.read(0, recorder.count)
    events = events[events["space"] == Space.INTERRUPT]
    assert len(events) == 2 * COUNT
    assert (events["address"] == 0x1A).all()
    assert (events["op"] == [Op.CALL, Op.RETURN] * COUNT).all()


@pytest.mark.skipif(
    not (shutil.which("cc") and Path("/usr/include/x86emu.h").exists()), reason="takes a C compiler and libx86emu-dev"
)
def test_libx86emu_records_every_access():
    emulator = build(loops.gtt_writes(1000, 0xC000, 0xDBA00000), 0xC000, 0xDBA00000)
    assert emulator.run is not None, emulator.missing
    assert emulator.run() > 0
    emulator.remove()
    assert emulator.folder is not None
    assert not emulator.folder.exists()


def test_without_a_compiler_there_is_no_figure(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    emulator = build(b"\xf4", 0, 0)
    assert emulator.run is None
    assert "libx86emu-dev" in emulator.missing


def test_alternate_takes_turns():
    order: list[str] = []

    def note(name: str) -> float:
        order.append(name)
        return float(len(order))

    first, second = alternate(2, lambda: note("a"), lambda: note("b"))
    assert order == ["a", "b"] * 3
    assert first == [3.0, 5.0]
    assert second == [4.0, 6.0]


def test_a_figure_knows_whether_its_target_is_met():
    figure = Figure(name="x", value=7.9, unit="times", reference=1.0, target=8.0)
    assert figure.ok is False
    assert Figure(name="x", value=99.0, unit="ms", reference=1.0, target=100.0, most=True).ok is True
    assert Figure(name="x", value=None, unit="times", reference=None, target=5.0).ok is None


def test_the_report_fits_80_columns_and_names_each_verdict(capsys):
    from fwsim.cli import common
    from fwsim.report.bench import render_figures

    figures = [
        Figure(
            name="rom_short_blocks_ratio", value=0.81, unit="ratio", measured=130.0,
            reference=160.0, reference_unit="M instr/s, engine without hooks",
        ),
        Figure(name="trap_vs_x86emu", value=None, unit="times", reference=None, target=5.0, detail="none here " * 8),
        Figure(name="demo_warm_ms", value=120.5, unit="ms", reference=2.0, target=100.0, most=True),
    ]  # fmt: skip
    common.emit(render_figures(figures))
    text = capsys.readouterr().out
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "missed" in text
    assert "130 : 160 M instr/s" in text


def hand_made_rom(path, code):
    """An ISA option ROM of 512 bytes whose init is ``code``."""
    data = bytearray(b"\x55\xaa\x01" + code).ljust(512, b"\0")
    data[-1] = -sum(data) & 0xFF
    path.write_bytes(data)
    return path


@pytest.fixture
def waiting(tmp_path):
    """An image that asks the BIOS, then reads port 61h for 65 ms with interrupts on: one timer tick of 55 ms comes.

    The reads change DX, so other answers end in another register; INT 10h stays the BIOS's.
    """
    loop = b"\xfb\xb9\xff\xff\x31\xd2\xe4\x61\x00\xc2\xe2\xfa\xfa"  # sti ... in al, 61h; add dl, al; loop; cli
    return runs.image(hand_made_rom(tmp_path / "waiting.rom", b"\xb8\x00\x88\xcd\x15" + loop + b"\xcb"))


def test_the_reference_goes_the_way_of_the_recorded_run(waiting):
    record = waiting.record
    assert waiting.outcome.startswith("completed")
    assert len(record.answers) == 0xFFFF
    reasons = [stretch.stop.reason for stretch in record.stretches]
    assert reasons.count(STOP_IRQ) == 1
    reference = Reference(record)
    assert reference.run() > 0
    assert reference.missing == ""


def test_the_reference_notices_another_answer(waiting):
    waiting.record.answers[1000] ^= 1
    reference = Reference(waiting.record)
    reference.run()
    assert "another way" in reference.missing


def test_the_reference_notices_too_few_answers(waiting):
    waiting.record.answers = waiting.record.answers[:-10]
    reference = Reference(waiting.record)
    reference.run()
    assert "another way" in reference.missing
    warm = runs.warm(waiting, rounds=1)
    assert warm.ratio is None
    assert warm.missing == reference.missing


def test_the_reference_answers_register_reads_by_memory():
    """Two dwords of BAR0 for a quadword, the named bytes for less; each answer is used once."""
    from fwsim.bench import hot
    from fwsim.native import address_of

    root, given = np.zeros(ROOT_WORDS, np.uint64), np.zeros(hot.ANSWER_WORDS, np.uint64)
    answers = np.array([0x11223344, 0xAABBCCDD, 0x55667788], np.uint32)
    given[:] = address_of(answers), 0, 3
    root[hot.ANSWERS] = address_of(given)
    assert hot.register_read(0, 2, 2, address_of(root)) == 0x1122
    assert hot.register_read(0, 0, 8, address_of(root)) == 0x55667788_AABBCCDD
    assert given[hot.A_NEXT] == 3


def test_figures_of_an_image(waiting, monkeypatch):
    from fwsim.bench import figures as module

    monkeypatch.setattr(module.runs, "ROUNDS", 1)
    found = {figure.name: figure for figure in module._rom(waiting)}
    assert set(found) == {"rom_ratio", "rom_warm_ms", "build_ms", "scan_png_ms", "rom_python_calls"}
    assert found["rom_ratio"].value > 0
    assert found["rom_ratio"].target == 3.0
    assert found["rom_python_calls"].value >= 4  # init, INT 15h, the tick, INT 10h from outside


def test_an_image_the_firmware_refuses_is_not_measured(tmp_path):
    path = tmp_path / "bad.rom"
    path.write_bytes(b"\x55\xaa\x00".ljust(512, b"\0"))
    with pytest.raises(FwsimError):
        runs.image(path)


def test_the_family_of_an_image_is_that_of_its_device_id(ours):
    assert ours.scenario.host.cpu == "sandybridge"
    assert ours.scenario.host.device_id == 0x0126
    reference = Reference(ours.record)
    reference.run()
    assert reference.missing == ""


@pytest.fixture(scope="module")
def ours():
    from fwsim.demo.igd import scenarios

    return runs.image(Path(scenarios()[1].rom.file))


def test_command_refuses_a_missing_image(capsys, tmp_path):
    from fwsim.cli import main

    assert main(["bench", "--json", "--rom", str(tmp_path / "none.rom")]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "none.rom" in err


def test_what_a_sweep_is_timed_by_does_its_work():
    """Each firmware places a BAR at least, and each mode is set, with a picture of it."""
    for ask in sweeps.Placements().asks:
        assert place(ask).details.boot == "ok"
        assert place(ask).details.bars or ask.firmware in ("bhyve", "acrn", "crosvm"), ask
    rows = sweeps.Cells().rows()
    assert [(row["stop"], row["calls_ok"], row["screens"]) for row in rows] == [("completed", 1, 1)] * 6


def test_json_has_every_figure(capsys, monkeypatch):
    from fwsim.bench import figures as module
    from fwsim.cli import main

    monkeypatch.setattr(module, "ROUNDS", 1)
    monkeypatch.setattr(module.memory, "in_child", lambda: (5.0, 534.0, 1.0))
    assert main(["bench", "--json"]) == 0
    found = {figure["name"]: figure for figure in json.loads(capsys.readouterr().out)["figures"]}
    wanted = {
        "rom_code_ratio",
        "trap_vs_python_hook",
        "trap_vs_x86emu",
        "int_trap_us",
        "demo_warm_ms",
        "events_memory_mib",
    }
    assert wanted <= set(found)
    assert {"placement_ms", "rom_cells_per_s"} <= set(found)
    assert all({"name", "value", "unit", "reference"} <= set(figure) for figure in found.values())
    assert found["rom_code_ratio"]["value"] > 0


def test_startup_has_a_row_for_each_command(capsys, monkeypatch):
    from fwsim.bench import startup
    from fwsim.cli import main

    monkeypatch.setattr(startup, "ROUNDS", 1)
    assert main(["bench", "--startup"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    wanted = [
        ("version", "0.4"), ("help", None), ("rom_info", "1.5"), ("alloc", "1.5"), ("run", "3"), ("why", "4"),
        ("demo", "8"),
    ]  # fmt: skip
    assert [row[0] for row in rows] == [f"start_{name}" for name, _ in wanted]
    for row, (_, target) in zip(rows, wanted, strict=True):
        assert float(row[1]) > 0
        assert target is None or (row[2:4] == ["<", target] and row[4] in ("met", "missed"))
        assert row[-5:] == ["ms", "of", "CPU,", "import", "numpy"]


def test_startup_is_timed_alone(capsys):
    from fwsim.cli import main

    assert main(["bench", "--startup", "--kinds"]) == 2
    assert "--startup alone" in capsys.readouterr().err


def test_startup_says_which_command_fails(capsys, monkeypatch):
    from fwsim.bench import startup
    from fwsim.cli import main

    monkeypatch.setattr(startup, "COMMANDS", {"start_run": startup.Command(("run", "none.toml"), 3.0)})
    assert main(["bench", "--startup", "--json"]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "fwsim run none.toml" in err
