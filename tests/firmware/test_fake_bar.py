"""Stolen memory behind a dummy BAR: who holds it, and what Linux and Windows do to it."""

import pytest
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware.fake_bar import GUESTS, HOLDERS, FakeBarOptions, place
from fwsim.firmware.request import Bar, Function, Host, Request

MIB, GIB = 1 << 20, 1 << 30
BARS = (Bar(0, 16 * MIB, "mem", True), Bar(2, 256 * MIB, "pref", True), Bar(4, 64, "io"))
IGD = Function(0x10, 0x8086, 0x5912, 0x030000, BARS, ggc=0x02C1)
HOST_BRIDGE, LPC = Function(0, 0x8086, 0x1237, 0x060000), Function(0xF8, 0x8086, 0xA2C5, 0x060100)
REQUEST = Request(
    functions=(HOST_BRIDGE, IGD, LPC), opregion_size=0x2000, bdsm_file=(64 * MIB).to_bytes(8, "little"),
    host=Host(gen=9),
)  # fmt: skip


def placed(holder="igd", guest="linux", **changes):
    return place(replace(REQUEST, options=FakeBarOptions(holder=holder, guest=guest), **changes))


def broken(out):
    return [step for step in out.steps if step.breaks and step.sure]


@pytest.mark.parametrize(
    ("holder", "key"), [("igd", (0x10, 5)), ("isa", (0xF8, 0)), ("bridge", (0x18, 0)), ("device", (0x18, 0))]
)
def test_memory_lies_in_the_holders_bar(holder, key):
    out = placed(holder)
    base = out.bars[key]
    assert base % (128 * MIB) == 0  # 64 MiB and 8 KiB need a BAR of 128 MiB
    assert out.bdsm == {0x10: base}
    assert out.asls == {0x10: base + 64 * MIB}
    assert out.behind_bar == [(base, base + 128 * MIB)]
    assert not any(start <= base < end for start, end, _ in out.e820)


def test_the_register_follows_the_generation():
    assert placed().bdsm_register == {0x10: 0x5C}
    assert placed(host=Host(gen=12)).bdsm_register == {0x10: 0xC0}


# Linux sizes six BARs and the ROM, a 64-bit pair at once; two BARs on a bridge
@pytest.mark.parametrize(("holder", "times"), [("igd", 5), ("isa", 7), ("bridge", 3), ("device", 7)])
def test_linux_switches_the_bar_off_for_each_register(holder, times):
    out = placed(holder)
    assert len(broken(out)) == times
    assert all(step.mapped == "nothing" for step in broken(out))
    assert len(broken(placed(holder, "linux-6.15"))) == 1


def test_what_else_is_gone_with_the_holders_decoding():
    assert "registers and aperture" in broken(placed("igd"))[0].breaks
    assert "behind the bridge" in broken(placed("bridge"))[0].breaks
    assert ";" in broken(placed("device"))[0].breaks
    assert "bridge" not in broken(placed("device"))[0].breaks


def test_windows_moves_it_once_and_dislikes_it_on_the_igd():
    moved, refused = broken(placed("igd", "windows"))
    assert moved.mapped == "nothing in QEMU; elsewhere 0xf8000000"
    assert "LAPIC" in moved.breaks
    assert "which no IGD has" in refused.breaks
    assert len(broken(placed("isa", "windows"))) == 1


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("guest", GUESTS)
def test_a_moved_bar_is_told_last(holder, guest):
    out = placed(holder, guest)
    last = out.steps[-1]
    assert not last.sure
    start = int(last.mapped.partition("-")[0], 16)
    assert start != out.bdsm[0x10]
    others = [(at, size) for (bdf, index), at in out.bars.items() for size in (16 * MIB, 256 * MIB)[index == 2 :][:1]
              if (bdf, index) in ((0x10, 0), (0x10, 2))]  # fmt: skip
    assert not any(at < start + 128 * MIB and start < at + size for at, size in others)


def test_a_size_that_no_window_has_room_for():
    out = placed(bdsm_file=(2 * GIB).to_bytes(8, "little"))
    assert not out.bdsm
    assert "no room for BAR5 of 00:02.0: 0x100000000 bytes" in out.notes[0]
    out = placed(bdsm_file=GIB.to_bytes(8, "little"))
    assert not out.bdsm
    assert out.boot != "ok"


def test_nothing_asked_for_nothing_added():
    out = placed(bdsm_file=None, opregion_size=None)
    assert (0x10, 5) not in out.bars
    assert not out.steps


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"functions": (HOST_BRIDGE, replace(IGD, bars=(*BARS, Bar(5, 4096, "mem"))))}, "two claim BAR5"),
        ({"functions": (HOST_BRIDGE, IGD), "options": FakeBarOptions(holder="isa")}, "no ISA bridge"),
        ({"functions": (HOST_BRIDGE,)}, "no IGD"),
    ],
)
def test_refusals(changes, what):
    with pytest.raises(FwsimError, match=what):
        place(replace(REQUEST, **changes))


def test_no_slot_left():
    crowd = tuple(Function(slot << 3, 0x1AF4, 1, 0xFF0000) for slot in range(32) if slot != 2)
    with pytest.raises(FwsimError, match="no free slot"):
        placed("device", functions=(IGD, *crowd))
