"""A value that an Arm guest writes is followed through AArch64 code, memory and vPCI's trap, and to nothing else."""

import json
import subprocess
import sys

import lief
import numpy as np
import pytest

from fwsim.analysis.again import Again
from fwsim.analysis.slicer import Slicer
from fwsim.analysis.why import explain
from fwsim.cli import main
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.trace.event import Actor, Flag, Op, Space
from tests.arm_code import CODE, ENTRY, NIC, elf, scenario
from tests.arm_why_code import DETOURS, TRAP, WAITS, detour, with_symbols

OPTIONS = 'pci = ["08:00.0,backend=vpci"]'
DEVICE = (
    NIC
    + """bars = ["mem 128K @ 0x50000000", "mem 1M @ 0x51000000"]
"""
)


def made(folder, program):
    with RunDir.create(folder / "run") as out:
        run(scenario(folder, program, DEVICE, OPTIONS), out)
    return RunDir.open(folder / "run")


def inputs(why):
    return [node for node in why.nodes if node.kind in ("input", "readback")]


@pytest.fixture(scope="module")
def trap(tmp_path_factory):
    """The run of TRAP; its guest's events, by what they did, in order."""
    return made(tmp_path_factory.mktemp("trap"), elf(TRAP.data))


def events_of(run, space, op, address):
    rows = run.events()
    mine = (rows["actor"] == Actor.GUEST) & (rows["space"] == space) & (rows["op"] == op) & (rows["address"] == address)
    return rows[mine]["seq"].tolist()


PROGRAMS = {name: detour(name) for name in DETOURS} | {"the trap": TRAP, "waits": WAITS}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_bytes_are_the_assembly(name, tmp_path):
    pytest.importorskip("ziglang")
    code = PROGRAMS[name]
    source, built = tmp_path / "code.s", tmp_path / "code.o"
    source.write_text(code.text)
    clang = [sys.executable, "-m", "ziglang", "clang", "--target=aarch64-unknown-none-elf", "-c", "-o"]
    subprocess.run([*clang, str(built), str(source)], check=True, timeout=300)
    binary = lief.parse(str(built))
    section = next(each for each in binary.sections if each.name == ".text")
    assert bytes(section.content) == code.data


@pytest.mark.parametrize("name", DETOURS)
def test_followed(name, tmp_path):
    why = explain(made(tmp_path, elf(detour(name).data)), "config[00:00.0@0x14]")
    found = inputs(why)
    assert [node.text.partition(" read ")[0] for node in found] == ["config 00:00.0 @0x10 (BAR0)"], why.lines()
    assert "the host's own address" in found[0].text
    assert why.nodes[-1].text == "config 00:00.0 @0x14 (BAR1) written 0x50000000"


def test_the_size_is_a_part_of_what_was_written(trap):
    """Of all ones vPCI keeps the address bits of 128 KiB (PCI Local Bus 3.0, 6.2.5.1)."""
    _, sized, _ = events_of(trap, Space.PCI, Op.READ, 0x10)
    ones, _, _ = events_of(trap, Space.PCI, Op.WRITE, 0x10)
    why = explain(trap, str(sized))
    assert why.nodes[-1].kind == "readback"
    words = f"read 0xfffe0000: of 0xffffffff, which event {ones} wrote, vPCI keeps 0xfffe0000"
    assert words in why.nodes[-1].text
    assert any(node.seq == ones for node in why.nodes)


def test_a_write_under_decoding_is_not_what_is_read(trap):
    *_, last = events_of(trap, Space.PCI, Op.READ, 0x10)
    _, moved, late = events_of(trap, Space.PCI, Op.WRITE, 0x10)
    why = explain(trap, str(last))
    text = why.nodes[-1].text
    assert f"read 0x23000000, as event {moved} had stored it; event {late} came while memory was decoded" in text
    assert [node.seq for node in why.nodes if node.seq in (moved, late)] == [moved]


def test_a_mapping_is_the_commands_and_the_bars(trap):
    rows = trap.events()
    notes = (rows["actor"] == Actor.HYPERVISOR) & (rows["space"] == Space.MEMORY) & (rows["op"] == Op.NOTE)
    first, gone = rows[notes & (rows["address"] == 0x23000000)]["seq"].tolist()
    on, off = events_of(trap, Space.PCI, Op.WRITE, 0x4)
    _, moved, _ = events_of(trap, Space.PCI, Op.WRITE, 0x10)
    why = explain(trap, str(first))
    top = why.nodes[-1]
    assert top.text == "stage 2 maps 0x20000 bytes at 0x23000000 to the host's 0x50000000, BAR 0 of 0000:08:00.0"
    assert {why.nodes[each].seq for each in top.sources} == {on, moved}
    why = explain(trap, str(gone))
    assert why.nodes[-1].text == "stage 2 maps 0x20000 bytes at 0x23000000 no more"
    assert off in [why.nodes[each].seq for each in why.nodes[-1].sources]


def test_memory_through_a_bar(trap):
    """What is read is the host's; what is stored there comes back, and from where it came."""
    (signature,) = events_of(trap, Space.MEMORY, Op.READ, 0x23000000)
    why = explain(trap, str(signature))
    behind = "the host's 0x50000000, BAR 0 of 0000:08:00.0"
    assert why.nodes[-1].text == f"memory 0x23000000 ({behind}) read 0x10d38086"
    assert "mapping" in [why.nodes[each].kind for each in why.nodes[-1].chosen]
    (back,) = events_of(trap, Space.MEMORY, Op.READ, 0x23000040)
    why = explain(trap, str(back))
    assert why.nodes[-1].kind == "readback"
    assert signature in [node.seq for node in why.nodes]


def test_an_abort_is_its_address(trap):
    """Behind the BAR nothing is: the address is BAR 0's and its size, both read through the trap."""
    rows = trap.events()
    abort = rows[(rows["space"] == Space.INTERRUPT) & (rows["flags"] & Flag.FAULTED != 0)]["seq"].tolist()[0]
    why = explain(trap, str(abort))
    assert why.nodes[-1].text == "exception 4 at 0x23020000"
    assert sorted(node.seq for node in inputs(why)) == events_of(trap, Space.PCI, Op.READ, 0x10)[1:]


def test_a_load_that_aborted_loaded_nothing(tmp_path):
    """X7 is 77 still at the store behind the load (arm_code: "aborts")."""
    found = made(tmp_path, elf(CODE["aborts"].data))
    rows = found.events()
    _, store, *_ = rows[(rows["space"] == Space.INTERRUPT) & (rows["flags"] & Flag.FAULTED != 0)]["seq"].tolist()
    again = Again(found.scenario())
    slicer = Slicer(again.window(store), lambda until: again.window(store, until))
    nodes = slicer.of_register(store, 7, 0xFFFF).nodes.values()
    assert [node.value for node in nodes if node.how == "set"] == [77]
    assert {node.how for node in nodes} == {"set", "read"}


def test_a_hang_is_what_decided_it(tmp_path):
    """The program jumps to itself, because of the byte that it read before."""
    why = explain(made(tmp_path, elf(WAITS.data)), "hang")
    assert [node.text for node in inputs(why)] == ["config 00:00.0 @0x0E (HEADER_TYPE) read 0x0"]
    assert why.nodes[-1].text.startswith("hung: a jump to itself")
    assert [why.nodes[each] for each in why.nodes[-1].sources] == inputs(why)


def test_a_hang_that_nothing_decided(tmp_path):
    """B . (0x14000000)."""
    why = explain(made(tmp_path, elf(bytes.fromhex("00000014"))), "hang")
    assert [node.text.partition(":")[0] for node in why.nodes] == ["hung"]


def test_functions_are_named_where_there_are_symbols(tmp_path):
    program = with_symbols(elf(detour("a call").data), {"_start": (ENTRY, 0x24), "other": (ENTRY + 0x24, 0x20)})
    why = explain(made(tmp_path, program), "config[00:00.0@0x14]")
    assert inputs(why)[0].function == "_start+0x18"
    assert f"{ENTRY + 0x18:08x}   [_start+0x18] config 00:00.0 @0x10" in inputs(why)[0].line


def test_the_command(trap, capsys):
    run, seq = str(trap.path), str(events_of(trap, Space.PCI, Op.READ, 0x10)[-1])
    assert main(["why", run, seq, "--full"]) == 0
    out = capsys.readouterr().out
    assert "ldr w6, [x3, #0x10]" in out
    assert "licence" not in out
    assert main(["why", run, seq, "--full", "--json"]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert nodes[-1]["instruction"] == "ldr w6, [x3, #0x10]"
    assert nodes[-1]["ip"] == ENTRY + 0x2C


def test_another_program(trap, tmp_path):
    """A program that is not the one that ran is refused."""
    found = made(tmp_path, elf(TRAP.data))
    (tmp_path / "program.elf").write_bytes(elf(TRAP.data + bytes(4)))
    with pytest.raises(FwsimError, match="program has changed"):
        explain(found, "1")
    assert np.array_equal(found.events(), trap.events())
