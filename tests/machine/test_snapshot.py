"""A snapshot brings the whole machine back: what follows is the same, byte for byte, as often as one likes."""

from pathlib import Path

import pytest

from fwsim.environment.bios.session import Session
from fwsim.machine.build import build
from fwsim.native import R_TIME
from fwsim.rom.chain import load
from fwsim.scenario.load import loads

OURS = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"


@pytest.fixture
def ours():
    rom = load(OURS)
    built = build(loads('[hypervisor]\nkind = "ranged"\n'), rom, rom.data, None)
    built.machine.ram.write(0xC0000, rom.data)
    yield Session(built)
    built.machine.recorder.close()


def mode_set(session: Session) -> tuple[bytes, bytes, list[int]]:
    """Modes 12h and 4F02 640x480, then 4F03: the events since, low and stolen memory, AX, BX, entries of the GTT."""
    machine = session.machine
    first = machine.recorder.count
    assert session.interrupt(0x10, {"ax": 0x12}).reason == "completed"
    assert session.interrupt(0x10, {"ax": 0x4F02, "bx": 0x4101}).reason == "completed"
    assert session.interrupt(0x10, {"ax": 0x4F03}).reason == "completed"
    events = machine.recorder.read(first, machine.recorder.count).tobytes()
    stolen = session.built.placed.bdsm
    memory = machine.ram.read(0, 0x100000) + machine.ram.read(stolen, 0x400000)
    return events, memory, [session.cpu.get("ax"), session.cpu.get("bx"), *machine.igd.gtt[:64].tolist()]


def test_between_calls(ours):
    assert ours.call_rom(3, 0x10).reason == "completed"
    taken = ours.slices.snapshot()
    first = mode_set(ours)
    assert len(first[0]) > 56 * 100
    for _ in range(2):
        ours.slices.restore(taken)
        assert mode_set(ours) == first


def test_before_post(ours):
    taken = ours.slices.snapshot()
    ours.call_rom(3, 0x10)
    events = ours.machine.recorder.read(0, ours.machine.recorder.count).tobytes()
    ours.slices.restore(taken)
    assert ours.machine.first_gtt is None
    ours.call_rom(3, 0x10)
    assert ours.machine.recorder.read(0, ours.machine.recorder.count).tobytes() == events


def test_in_the_middle_of_a_call(rig):
    """Between slices of a program that waits for ticks, reads clocks and ports, asks the BIOS, and writes registers."""
    made = rig("fb bd0400 f4 e440 e461 b400 cd1a 66b8e4000e00 ba00c0 66ef 83c204 66ed 6640 66ef 4d 75e0 cb")
    taken = []
    made.session.slices.between = lambda: taken.append(made.session.slices.snapshot())
    assert made.post().reason == "completed"
    made.session.slices.between = None
    machine = made.machine
    events = made.events().tobytes()
    memory, after = machine.ram.read(0, 0x100000), machine.root[R_TIME]
    assert len(taken) > 10
    for snapshot in taken[::3]:
        made.session.slices.restore(snapshot)
        assert made.session.slices.resume().reason == "completed"
        assert made.events().tobytes() == events
        assert machine.ram.read(0, 0x100000) == memory
        assert machine.root[R_TIME] == after


def test_two_machines_do_the_same():
    results = []
    for _ in range(2):
        rom = load(OURS)
        built = build(loads('[hypervisor]\nkind = "ranged"\n'), rom, rom.data, None)
        built.machine.ram.write(0xC0000, rom.data)
        session = Session(built)
        session.call_rom(3, 0x10)
        mode_set(session)
        results.append(built.machine.recorder.read(0, built.machine.recorder.count).tobytes())
        built.machine.recorder.close()
    assert results[0] == results[1]


def test_a_hung_machine_goes_back_to_before(rig):
    made = rig("fa f4")
    taken = made.session.slices.snapshot()
    assert made.post().reason == "hung"
    assert made.session.interrupt(0x11, {}).reason == "hung"
    made.session.slices.restore(taken)
    assert made.session.slices.ended is None
    assert made.session.interrupt(0x11, {}).reason == "completed"


def test_what_moved_since_moves_back(rig):
    """A BAR moved after the snapshot answers at its old place again, and so does a port range."""
    made = rig("66b810100080 baf80c 66ef bafc0c 66b80000d0f0 66ef 66b820100080 baf80c 66ef bafc0c 66b801800000 66ef cb")
    machine = made.machine
    taken = made.session.slices.snapshot()
    assert made.post().reason == "completed"
    assert machine.ports[0xC000] != machine.ports[0x8000]
    moved = bytes(machine.ports)
    made.session.slices.restore(taken)
    assert bytes(machine.ports) != moved
    assert machine.ports[0xC000:0xC008].tolist() == [6] * 8
    assert machine.ports[0x8000:0x8008].tolist() == [0] * 8
    assert machine.engine.read(0xFE400000 + 0x60000, 4) != b"\xff" * 4
    assert machine.engine.read(0xF0D00000 + 0x60000, 4) == b"\xff" * 4
