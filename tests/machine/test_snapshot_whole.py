"""A machine restored to any slice boundary, in any order, does what it did: events, memory, screens, endings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from msgspec import Struct
from protected import CODE32, HANDLERS, gate
from protected import program as protected

from fwsim.devices.timers import C_RELOAD
from fwsim.environment.ending import Ending
from fwsim.environment.replay import ReplaySession, as_record
from fwsim.environment.slices import Slices, Snapshot
from fwsim.environment.wait.limits import ASSIST_POLLS
from fwsim.memory.ram import RamSnapshot
from fwsim.native import R_STALE_LIMIT, R_WAIT_LIMIT
from fwsim.rom.chain import load
from fwsim.running.calls import Caller
from fwsim.running.pipeline import Run, assemble
from fwsim.scenario.load import loads
from fwsim.trace.event import Space

OURS = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
GMADR = 0xE0000000
WAIT = "ba 0003 ec a8 10 75 fb"
"""in al,dx / test al,10h / jnz: waits for bit 4 of port 300h, which is all ones."""


def outb(port: int, value: int) -> str:
    return f"ba {port.to_bytes(2, 'little').hex()} b0 {value:02x} ee"


def outl(port: int, value: int) -> str:
    return f"ba {port.to_bytes(2, 'little').hex()} 66b8 {value.to_bytes(4, 'little').hex()} 66ef"


def inb(port: int) -> str:
    return f"ba {port.to_bytes(2, 'little').hex()} ec"


def inl(port: int) -> str:
    return f"ba {port.to_bytes(2, 'little').hex()} 66ed"


def config(offset: int, value: int) -> str:
    return outl(0xCF8, 0x80001000 | offset) + outl(0xCFC, value)


def program(*steps: str, end: str = "cb") -> bytes:
    """``steps`` with an INT 11h between them, where a slice ends: registers of a device are set half there."""
    return bytes.fromhex("fb" + "cd11".join(steps) + end)


BOARD = program(
    outb(0x70, 0x0F), outb(0x71, 0x5A), outb(0x70, 0x10), outb(0x70, 0x0F), inb(0x71),  # CMOS
    outb(0x20, 0x11), outb(0x21, 0x08), outb(0x21, 0x04), outb(0x21, 0x01), outb(0x21, 0xB8), inb(0x21),  # PIC
    outb(0x64, 0xAA), outb(0x64, 0x20), inb(0x60), inb(0x60),  # keyboard controller
    "ba 1005 b8 1900 ef", inb(0x511), inb(0x511), inb(0x511), inb(0x511),  # fw_cfg: the directory's count
    outb(0x402, 0x68), outb(0x402, 0x69), outb(0x402, 0x0A), outb(0x402, 0x21), outb(0x402, 0x0A),  # two lines of log
    outb(0x43, 0x00), inb(0x40), inb(0x40), outb(0x43, 0xB6), outb(0x42, 0x34), outb(0x42, 0x12),  # PIT
    outb(0x92, 3), inb(0x92), inb(0x61),
    outb(0x3C8, 5), outb(0x3C9, 1), outb(0x3C9, 2), outb(0x3C9, 3), outb(0x3C7, 5), inb(0x3C9), inb(0x3C9),  # DAC
    "b8415f cd15", "b84154 cd15", "b8415f cd15",  # leaves that nobody knows
    outl(0xC000, 0xE4000), outl(0xC004, 0x0E000000), inl(0xC004), outl(0xC000, 1),  # index port, GTT
    config(0x20, 0x8001), inl(0xC004), inl(0x8004), config(0x20, 0x9001), inl(0x8004), inl(0xC004), inl(0x9004),
    config(0x20, 0xC001), inl(0x9004), inl(0xC004),  # the I/O BAR on its way, and what it leaves behind
    config(0x18, 0xD0000008), config(0x18, GMADR | 8),
    outl(0xC004, 0xF0000001), "31c0 8ec0 be0080 b80087 b90200 cd15",  # a page in nowhere, and INT 15h, 87h reads it
    "f4", "cd08",
)  # fmt: skip
DESCRIPTORS = bytes(16) + bytes.fromhex("ffff 0000 00 93 00 e0  ffff 0090 00 93 00 00") + bytes(16)


@pytest.mark.parametrize("hypervisor", ["ranged", "none"])
def test_a_board_left_half_done(rig, hypervisor):
    """Every device between two of its own accesses; BARs that move away and back; a DMA fault on the way."""
    made = rig(BOARD, f'[hypervisor]\nkind = "{hypervisor}"\n', {0x8000: DESCRIPTORS})
    whole(made.session.slices, [made.post, made.post], every=9)
    assert made.built.log[-2:] == ["hi", "!"]
    assert made.session.bios.unknown_leaves() == [(0x15, 0x5441, 2), (0x15, 0x5F41, 4)]
    assert made.built.guard.vtd.faults == (2 if hypervisor == "ranged" else 0)


@pytest.mark.parametrize("assist", ["false", "true"])
def test_a_wait_that_would_not_end(rig, assist):
    """How the hang is explained, and what was helped along, are known again."""
    made = rig(program("40", "40", "40", WAIT, "40", WAIT, "f4"), f"[rom]\nassist = {assist}\n")
    made.machine.root[R_WAIT_LIMIT] = made.machine.root[R_STALE_LIMIT] = ASSIST_POLLS
    whole(made.session.slices, [made.post], every=1)
    assist_ = made.session.slices.assist
    assert assist_.release.tested == 1 << 4
    assert sorted(count for _, count in assist_.given.values()) == ([1, 1] if assist == "true" else [])


PAGED = (
    "b800000100 0f22d8 0f20c0 0d00000080 0f22c0 eb00"  # CR3 = 10000h, CR0.PG
    + 2 * "a100000200 e780 cd30"  # mov eax,[20000h] / out 80h,eax / int 30h
    + "c7058010010003100200 0f20d8 0f22d8"  # page 20h leads to 21000h from now on
    + 2 * "a100000200 e780 cd30"
    + "fa f4"
)


def test_page_tables_that_change(rig):
    """What an address led to later is forgotten with the page table that said so."""
    tables = {
        0x10000: b"\x03\x10\x01\x00",
        0x11000: b"".join((at << 12 | 3).to_bytes(4, "little") for at in range(1024)),
    }
    code, memory = protected(PAGED, {0x30: gate(CODE32, HANDLERS, 0xF)}, "cf")
    made = rig(code, memory=memory | tables | {0x20000: b"AAAA", 0x21000: b"BBBB"})
    whole(made.session.slices, [made.post], every=1)
    assert [value for _, port, value, _ in made.ports() if port == 0x80] == [0x41414141] * 2 + [0x42424242] * 2


SHADOW = f"""
[hypervisor]
kind = "qemu"
profile = "10.0"
[rom]
file = "{OURS}"
source = "shadow"
[payload]
frames = 2
"""


def test_our_own_rom():
    """POST and mode sets under QEMU 10.0, and the pictures that the IOMMU does not let the display take."""
    one = Run(assemble(loads(SHADOW, "test"), load(OURS)))
    session = one.session
    one.built.machine.platform[C_RELOAD] = 1193
    session.slices.processor.arm_timer()  # a tick each millisecond: a slice ends
    modes = [{"ax": 0x12}, {"ax": 0x4F02, "bx": 0xC101}, {"ax": 0x4F02, "bx": 0xC112}, {"ax": 3}]

    def picture() -> bytes:
        taken = Caller(one.built, session, one.scenario, None)
        taken.finish()
        return taken.pictures[-1].tobytes()

    steps = [one.post, *(partial(session.interrupt, 0x10, mode) for mode in modes)]
    whole(session.slices, steps, every=4, after=picture)
    assert one.built.guard.vtd.faults > 100
    one.close()


def test_a_rom_held_against_a_record(rig):
    """How far the record was followed is part of it, and which access it does not have."""
    code = program(*[outb(0x70, number) + inb(0x71) for number in range(8)])
    first = rig(code)
    assert first.post().reason == "completed"
    events = first.events().copy()
    last = np.flatnonzero(events["space"] == int(Space.PORT))[-1]
    events["address"][last] = 0x75
    made = rig(code)
    session = ReplaySession(made.built, as_record(events))
    whole(session.slices, [partial(session.call_rom, 3, 0x10)], every=1)
    assert session.slices.ended.reason == "error"
    assert session.diverged["address"].tolist() == [0x71]
    assert session.registers["edx"] & 0xFFFF == 0x71


@pytest.mark.parametrize("file", [False, True])
def test_on_again_after_another_way(rig, tmp_path, file):
    """A later snapshot keeps the events and the lines that a run from an earlier one has written over."""
    made = rig(
        program(*[outb(0x402, letter) for letter in b"one\ntwo\n"]),
        memory={0x9000: program(outb(0x402, 0x78), outb(0x402, 0x0A), inb(0x71))},
        events=tmp_path / "events.npy" if file else None,
    )
    slices, log = made.session.slices, made.built.log
    early = slices.snapshot()
    made.post()
    late, events, lines = slices.snapshot(), made.events().tobytes(), list(log)
    for _ in range(2):
        slices.restore(early)
        made.session.call_rom(0, 0x10, 0x9000)
        assert log[-1] == "x"
        between = slices.snapshot()
        slices.restore(late)
        assert made.events().tobytes() == events
        assert log == lines
        slices.restore(between)
        assert log[-1] == "x"
        assert made.machine.recorder.count * 56 < len(events)


def whole(
    slices: Slices, steps: list[Callable[[], Ending]], every: int, after: Callable[[], object] = lambda: None
) -> None:
    """Make the steps, ``after`` behind each; then again from each ``every``-th boundary, later ones first and last."""
    taken: list[tuple[int, Snapshot]] = []
    results = []
    for number, step in enumerate(steps):
        slices.between = lambda number=number: taken.append((number, slices.snapshot()))
        results.append((step(), after()))
    slices.between = None
    end = slices.snapshot()
    chosen = taken[::every]
    assert len(chosen) >= 3
    for number, snapshot in [*reversed(chosen), *chosen]:
        slices.restore(snapshot)
        again = [(step(), after()) for step in (slices.resume, *steps[number + 1 :])]
        assert again == results[number:]
        assert not differences(slices.snapshot(), end)
    slices.restore(end)
    assert not differences(slices.snapshot(), end)


def differences(one: object, other: object, path: str = "") -> list[str]:
    """Where two snapshots are not the same, by the names of their fields; the CPU's opaque context is left out."""
    if isinstance(one, RamSnapshot):
        return [] if _pages(one) == _pages(other) else [path]
    if isinstance(one, Struct):
        names = [name for name in one.__struct_fields__ if name not in ("context", "shared", "rest")]
        return [at for name in names for at in differences(getattr(one, name), getattr(other, name), f"{path}.{name}")]
    if isinstance(one, np.ndarray):
        return [f"{path}{np.flatnonzero(one != other)[:8]}"] if one.tobytes() != other.tobytes() else []
    if isinstance(one, tuple | list) and len(one) == len(other):
        return [at for i, (a, b) in enumerate(zip(one, other, strict=True)) for at in differences(a, b, f"{path}[{i}]")]
    return [] if one == other else [f"{path}: {one!r} {other!r}"]


def _pages(ram: RamSnapshot) -> dict[int, bytes]:
    return {int(page): data.tobytes() for page, data in zip(ram.pages, ram.data, strict=True) if data.any()}
