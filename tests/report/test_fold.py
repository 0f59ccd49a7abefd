"""The folded trace hides nothing, and says what went over the wires."""

import re
from pathlib import Path

import numpy as np
import pytest

from fwsim import cli
from fwsim.devices.edid import default_edid
from fwsim.report.fold import ordinal
from fwsim.report.fold_lines import HEADING, folded_lines
from fwsim.report.fold_time import duration
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Display, Host, Hypervisor, Rom, Scenario
from fwsim.trace.event import EVENT, Actor, Flag, Op, Space

OWN = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
SNM_2170 = "9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04"
HSW_2180 = "356fe5c4bef3d9ee84299208593cae7d4e0bbbebd223c71e7eb20974467df4e5"
STEP = re.compile(r"^ *(\d+) +\d+\.\d{3} +(\d+)  (.*)$")
FURTHER = re.compile(r"^ {31}(.*)$")
HIDDEN = re.compile(r"^(\d+) events not shown at this verbosity$")
CPU = "sandybridge"


def trace(*rows) -> np.ndarray:
    """Events (space, op, width, address, value[, flags[, aux]]), a microsecond apart."""
    events = np.zeros(len(rows), dtype=EVENT)
    for number, (space, op, width, address, value, *rest) in enumerate(rows):
        flags, aux = (*rest, *(0, value)[len(rest) :])
        events[number] = (
            number + 1, 1000 * number, 0x10, address, value, aux, 0xC000, flags, Actor.ROM, space, op, width,
        )  # fmt: skip
    return events


def port(op, address, value=0, width=1):
    return (Space.PORT, op, width, address, value)


def mmio(op, address, value):
    return (Space.MMIO, op, 4, address, value)


R, W = Op.READ, Op.WRITE


def folded(events, verbosity=1, chunk=None):
    """[(events, text)] of the steps, and how many are not shown; every line fits 80 columns."""
    size = chunk or max(1, len(events))
    chunks = (events[start : start + size] for start in range(0, len(events), size))
    lines = list(folded_lines(chunks, verbosity, CPU))
    assert lines[0] == HEADING
    return parsed(lines[1:])


def parsed(lines):
    steps, hidden = [], 0
    for line in lines:
        assert len(line) <= 80, line
        step, further, left = STEP.match(line), FURTHER.match(line), HIDDEN.match(line)
        if step:
            steps.append([int(step[2]), step[3]])
        elif further:
            steps[-1][1] += "\n" + further[1]
        elif left:
            hidden = int(left[1])
        else:
            assert line == "no events"
    return steps, hidden


def said(*rows):
    return [tuple(step) for step in folded(trace(*rows))[0]]


def test_a_poll_says_when_the_bit_came():
    rows = [mmio(R, 0x70008, 0x80000000)] * 30 + [mmio(R, 0x70008, 0xC0000000)]
    assert said(*rows) == [(31, "0x70008 PIPECONF_A read 31 times, bit 30 set at\n  the 31st")]
    assert said(*rows[:3]) == [(3, "0x70008 PIPECONF_A read 3 times: 0x80000000")]


def test_an_index_and_its_data_are_one_register():
    assert said(port(W, 0x3C4, 1), port(W, 0x3C5, 0x20)) == [(2, "VGA SR01 = 0x20")]
    assert said(port(W, 0x3D4, 0x0F36, 2), port(R, 0x3D5, 0xE)) == [(1, "VGA CR36 = 0xf"), (1, "VGA CR36 is 0xe")]
    assert said(port(W, 0x3CE, 6), port(R, 0x3CF, 5)) == [(2, "VGA GR06 is 0x5")]
    assert said(port(W, 0x70, 0x8F), port(R, 0x71, 9)) == [(2, "CMOS[0x0f] is 0x9")]


def test_the_attribute_controllers_port_takes_turns():
    rows = (port(R, 0x3DA, 0), port(W, 0x3C0, 0x30), port(W, 0x3C0, 0xC), port(W, 0x3C0, 0x20))
    assert [text for _, text in said(*rows)] == ["port 0x3da INPUT_STATUS1_COLOUR is 0x0", "VGA AR10 = 0xc",
                                                 "port 0x3c0 ATTR_PORT = 0x20"]  # fmt: skip


def test_an_index_without_its_data_stays_what_it_is():
    assert said(port(W, 0x3C4, 1), mmio(R, 0x70008, 0)) == [
        (1, "port 0x3c4 SEQ_INDEX = 0x1"), (1, "0x70008 PIPECONF_A is 0x0"),
    ]  # fmt: skip


def test_cf8_belongs_to_its_configuration_access():
    read = (Space.PCI, R, 2, 0x1005E, 0xDBA0)
    assert said(port(W, 0xCF8, 0x8000105C, 4), read) == [(2, "00:02.0 @0x5E BDSM+2 is 0xdba0")]
    other = port(W, 0xCF8, 0x80000050, 4)
    assert [n for n, _ in said(other, read)] == [1, 1]


def test_runs_of_entries():
    def entry(n, value, aux=None):
        flags = Flag.INDEXED | (Flag.REWRITTEN if aux is not None else 0)
        index = port(W, 0xC000, 4 * n + 1, 4)
        return index, (Space.GTT, W, 4, 4 * n, value, flags, value if aux is None else aux)

    rows = [row for n in range(8191) for row in entry(n, 0xDBA00001 + 0x1000 * n)]
    assert said(*rows) == [(16382, "GTT[0x1..0x7ff9] 8191 entries 0xdba00001 +\n  n*0x1000")]
    rows = [row for n in range(5) for row in entry(n, 0x7CF00001 + 0x1000 * n, 0xDBA00001 + 0x1000 * n)]
    ((n, text),) = said(*rows)
    assert n == 10
    written = "GTT[0x1..0x11] 5 entries 0xdba00001 + n*0x1000 rewritten to 0x7cf00001 + n*0x1000"
    assert " ".join(text.split()) == written
    high = [(Space.GTT, W, 4, 4 * n, 0x3 if n % 2 else 0xDBA00003 + 0x800 * n) for n in range(8)]
    assert [n for n, _ in said(*high)] == [8]
    assert "0x3dba00003 + n*0x1000" in said(*high)[0][1].replace("\n ", "")


def test_a_transaction_of_gmbus_with_a_delay_inside():
    data = bytes(range(0x10, 0x18))
    rows = [mmio(W, 0xC5100, 2), mmio(W, 0xC5104, 0x4E0800A1), mmio(R, 0xC5108, 0xA00), port(R, 0x61, 0x10)]
    rows += [mmio(R, 0xC510C, int.from_bytes(data[:4], "little")), mmio(R, 0xC5108, 0xA00)]
    rows += [mmio(R, 0xC510C, int.from_bytes(data[4:], "little")), mmio(R, 0x70008, 0)]
    assert said(*rows) == [(7, f"GMBUS pin 2: read 50h from 00h, 8 bytes:\n  {data.hex(' ')}"),
                           (1, "0x70008 PIPECONF_A is 0x0")]  # fmt: skip
    assert said(mmio(W, 0xC5100, 5), mmio(W, 0xC5104, 0x4A0100A0), mmio(R, 0xC5108, 0xC00))[0][1] == (
        "GMBUS pin 5: write 50h: no answer"
    )


def test_a_count_of_gmbus_has_nine_bits():
    """Linux intel_gmbus_regs.h: GMBUS_BYTE_COUNT_MAX is 256, one more than eight bits hold."""
    rows = [mmio(W, 0xC5100, 2), mmio(W, 0xC5104, 0x4F0000A1), mmio(R, 0xC510C, 0x03020100)]
    ((n, text),) = said(*rows)
    assert (n, " ".join(text.split())) == (3, "GMBUS pin 2: read 50h from 00h, bytes 0 to 4 of 256: 00 01 02 03")


def test_a_transaction_of_aux():
    control, first = 0xE4110, 0xE4114
    rows = [mmio(W, first, 0x90000002), mmio(W, control, 0x80400064), mmio(R, control, 0x80400064)]
    rows += [mmio(R, control, 0x40400064), mmio(R, first, 0x00110A84)]
    assert said(*rows) == [(5, "AUX B: native read 00000h, 3 bytes, acknowledged:\n  11 0a 84")]
    rows[3] = mmio(R, control, 0x50000064)
    rows[3] = mmio(R, control, 0x40400064)
    assert said(*rows[:4]) == [(4, "AUX B: native read 00000h, 3 bytes, answered by 4\n  bytes")]
    rows[3] = mmio(R, control, 0x50000064)
    assert said(*rows[:4]) == [(4, "AUX B: native read 00000h, 3 bytes, nobody\n  answers (time-out)")]


def test_delays():
    rows = [port(R, 0x608, 0x100 + 4 * n, 4) for n in range(61)]
    assert said(*rows) == [(61, "delay: PM timer read 61 times, 60 us")]
    assert said(*[port(R, 0x3DA, 8 * (n & 1)) for n in range(5)])[0][1] == "delay: VGA status 3dah read 5 times, 4 us"
    rows = [port(W, 0x43, 0x80), port(R, 0x42, 9), port(R, 0x42, 0)] * 50
    assert said(*rows) == [(150, "delay: PIT read 100 times, 149 us")]
    assert said(port(R, 0x61, 0x30), port(W, 0x61, 0x31)) == [(1, "port 0x61 PORT61 is 0x30"),
                                                               (1, "port 0x61 PORT61 = 0x31")]  # fmt: skip


def test_lines_that_repeat():
    one, two = mmio(R, 0x70008, 0), mmio(R, 0x70024, 4)
    steps = said(*[one, two] * 50, one, mmio(W, 0x70008, 9))
    assert [n for n, _ in steps] == [1, 1, 1, 1, 96, 2]
    assert steps[4][1] == "the 2 lines above 48 times more"
    rows = [port(W, 0x3C4, 1), port(W, 0x3C5, 0x20)] * 5
    assert said(*rows) == [(10, "VGA SR01 written 5 times: 0x20")]
    aux = [mmio(W, 0xE4110, 0x80400064), mmio(R, 0xE4110, 0x50400064)] * 9
    assert [n for n, _ in said(*aux)] == [18]
    assert said(*aux)[0][1].replace("\n ", "").endswith("nobody answers (time-out), 9 times so")


def test_the_story_has_reads_of_host_addresses_and_rewrites():
    config = (Space.PCI, R, 2, 0x1005E, 0xDBA0)
    rows = [config, (Space.PCI, R, 2, 0x10002, 0x126), (Space.PCI, W, 4, 0x10010, 0xFE400000)]
    rows += [mmio(R, 0x70008, 0), (Space.MMIO, R, 4, 0x70008, 5, Flag.REWRITTEN, 6)]
    rows += [(Space.IOMMU, R, 4, 0xDBA00000, 6, Flag.FAULTED), (Space.MEMORY, Op.NOTE, 4, 0xC0400, 0, 0, 7)]
    steps, hidden = folded(trace(*rows), 0)
    assert [text.partition(" ")[0] for _, text in steps] == ["00:02.0", "00:02.0", "0x70008", "DMA", "note"]
    assert hidden == 1


def test_fields_at_verbosity_2():
    steps, _ = folded(trace(mmio(W, 0xC7204, 0xABCD0001)), 2)
    assert "POWER = 0x1: panel power wanted" in steps[0][1]
    assert folded(trace(mmio(W, 0xC7204, 0xABCD0001)), 1)[0] == [[1, "0xc7204 PP_CONTROL = 0xabcd0001"]]


def test_small_words():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 101, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "101st", "111th",
    ]  # fmt: skip
    assert [duration(n) for n in (0, 900, 60_000, 1_400_000, 2_300_000_000, 61_000_000_000)] == [
        "0 ns", "900 ns", "60 us", "1.4 ms", "2.3 s", "61 s",
    ]  # fmt: skip


def test_no_events():
    assert list(folded_lines(iter(()), 1)) == [HEADING, "no events"]


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_hidden_whatever_the_events_are(seed):
    """Any events, cut into chunks anywhere, are counted; and where they are cut changes nothing."""
    random = np.random.default_rng(seed)
    addresses = np.array(
        [0x3C0, 0x3C4, 0x3C5, 0x3D4, 0x3DA, 0x42, 0x61, 0xCF8, 0xC000, 0xC004, 0x608, 0x1005C, 0xC5100,
                          0xC5104, 0xC5108, 0xC510C, 0xE4110, 0xE4114, 0, 4, 8, 12, 2**63])  # fmt: skip
    events = np.zeros(600, dtype=EVENT)
    events["seq"] = np.arange(1, 601)
    for column, top in (("space", 9), ("op", 6), ("actor", 7), ("flags", 256), ("width", 9)):
        events[column] = random.integers(0, top, 600)
    sane = random.random(600) < 0.8
    events["op"][sane] = random.integers(0, 2, sane.sum())
    events["space"][sane] = random.choice([0, 0, 2, 3, 4], sane.sum())
    events["address"] = random.choice(addresses, 600)
    values = [0, 1, 5, 0x800, 0x8000105C, 0x4E0800A1, 0xC5108, 0x80400064, 2**64 - 1]
    events["value"] = random.choice(np.array(values, dtype=np.uint64), 600)
    events["aux"] = np.where(random.random(600) < 0.5, events["value"], 3)
    for verbosity in (0, 1, 2):
        steps, hidden = folded(events, verbosity)
        assert sum(n for n, _ in steps) + hidden == 600
        assert verbosity == 0 or not hidden
        assert folded(events, verbosity, chunk=7) == (steps, hidden)


def edid_of_ours() -> bytes:
    """An EDID that no model has by itself: another serial number."""
    data = bytearray(default_edid())
    data[12:16] = b"\x21\x43\x65\x07"
    data[127] = -sum(data[:127]) & 0xFF
    return bytes(data)


def made(folder, rom, *, host=None, port="crt", **more) -> RunDir:
    (folder / "monitor.edid").write_bytes(edid_of_ours())
    scenario = Scenario(
        name="x", host=host or Host(cpu=CPU, bdsm=0xDBA00000),
        display=(Display(port=port, edid=str(folder / "monitor.edid")),), rom=Rom(file=str(rom), fix_ids=True, **more),
        hypervisor=Hypervisor(kind="ranged"), call=(Call(ax=0x4F02, bx=0xC114),),
    )  # fmt: skip
    with RunDir.create(folder / "run") as out:
        out.write_scenario(scenario)
        run(scenario, out)
    return out


def shown(out, capsys, verbosity):
    assert cli.main(["trace", "show", str(out.path), "-v", str(verbosity)]) == 0
    return parsed(capsys.readouterr().out.splitlines()[1:])


def check_run(out, capsys):
    total = len(out.events())
    for verbosity in (0, 1, 2):
        steps, hidden = shown(out, capsys, verbosity)
        assert sum(n for n, _ in steps) + hidden == total
        assert verbosity == 0 or not hidden
        if verbosity == 1:
            folds = [text for _, text in steps]
    reads = [text for text in folds if text.startswith("GMBUS pin 2: read 50h") and "128 bytes" in text]
    assert bytes.fromhex(reads[0].partition(":\n")[2]) == edid_of_ours()
    return folds


def test_our_own_rom(tmp_path, capsys):
    out = made(tmp_path, OWN, source="shadow")
    folds = check_run(out, capsys)
    story = " ".join(" ".join(text for _, text in shown(out, capsys, 0)[0]).split())
    assert re.search(r"GTT\[0x1\.\.0x3f9\] 255 entries 0xdba00001 \+ n\*0x1000 rewritten to 0x\w+ \+ n\*0x1000", story)
    assert "int 10h AX=4F02" in story
    assert len(folds) < len(out.events()) / 3


def test_a_real_image(tmp_path, capsys, real_rom):
    out = made(tmp_path, real_rom("snm_2170.dat", SNM_2170), checksum="ignore")
    folds = check_run(out, capsys)
    assert any(text.startswith("delay: PIT read") for text in folds)
    assert len(folds) < len(out.events()) / 8


def test_a_real_image_that_asks_by_aux(tmp_path, capsys, real_rom):
    """The EDID comes over AUX sixteen bytes at a time; so do the replies that the lines show."""
    rom = real_rom("hsw2180.dat", HSW_2180)
    out = made(tmp_path, rom, host=Host(cpu="haswell", device_id=0x416, lpc_id=0x8C4F), port="dp-b", checksum="ignore")
    steps, hidden = shown(out, capsys, 1)
    assert sum(n for n, _ in steps) + hidden == len(out.events())
    texts = [" ".join(text.split()) for _, text in steps]
    blocks = [text.rpartition(": ")[2] for text in texts if text.startswith("AUX B: I2C read 50h, 16 bytes, ack")]
    assert bytes.fromhex(" ".join(blocks[:8])) == edid_of_ours()
