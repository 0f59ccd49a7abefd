"""The low hole of a Xen guest, sized by the firmware and by a toolstack; what lies over the device model's memory."""

import pytest
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware.hvmloader import HvmloaderOptions, place
from fwsim.firmware.hvmloader.hole import toolstack_hole
from fwsim.firmware.request import Bar, Bridge, Function, Request

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
MCH = Function(0, 0x8086, 0x29C0, 0x060000)


def device(bdf, *bars):
    return Function(bdf, 0x1AF4, 1, 0xFF0000, bars)


def pref(size, index=0):
    return Bar(index, size, "pref", True)


def mem(size, index=0):
    return Bar(index, size, "mem")


def asked(*functions, ram=2 * GIB, **options):
    return Request(
        machine="q35", ram=ram, functions=(MCH, *functions), version="mmconfig", options=HvmloaderOptions(**options)
    )


def sides(request):
    return {side.by: side for side in place(request).holes}


@pytest.mark.parametrize(
    ("total", "reserved", "size"),
    [
        (100 * MIB, (), 256),  # xl takes no smaller mmio_hole
        (320 * MIB, (), 384),  # and 64 MiB from FC000000 up
        (320 * MIB + 4 * KIB, (), 385),  # whole MiB
        (320 * MIB, ((0xF0000000, 16 * MIB),), 400),  # a region inside is room lost
        (320 * MIB, ((0xE7800000, 16 * MIB),), 400),  # half of it is at first, and all of it in the larger hole
        (320 * MIB, ((0x80000000, 16 * MIB), (0xFD000000, MIB)), 384),
        (3 * GIB, (), 2048),
    ],
)
def test_the_toolstack_sums_what_it_knows(total, reserved, size):
    assert toolstack_hole(total, reserved) == size * MIB


def test_both_agree_where_the_sum_begins_at_an_address_that_is_aligned():
    """192 MiB below FC000000 are F0000000: nobody moves RAM, and no byte is lost to alignment."""
    found = sides(asked(device(0x20, mem(128 * MIB)), ram=6 * GIB))
    assert {side.start for side in found.values()} == {0xF0000000}
    assert all((side.moved, side.gaps, side.lost, side.overlaps) == (0, (), (), ()) for side in found.values())


def test_where_they_part_the_firmware_moves_ram_and_the_toolstack_loses_a_bar():
    """256 + 64 MiB: doubling begins at E0000000, the sum at E8000000, 128 MiB short of a multiple of 256 MiB."""
    found = sides(asked(device(0x20, pref(256 * MIB)), ram=6 * GIB))
    firmware, toolstack = found["firmware"], found["toolstack"]
    assert (firmware.start, firmware.moved, firmware.lost) == (0xE0000000, 256 * MIB, ())
    assert firmware.overlaps == (
        "RAM moved to 0x190000000-0x19fffffff overlaps video RAM and option ROMs that the device model keeps at "
        "0x190000000-0x190ffffff",
    )
    assert (toolstack.start, toolstack.moved, toolstack.lost) == (0xE8000000, 0, ("00:04.0 BAR0",))
    assert toolstack.overlaps == ()


def test_a_toolstack_that_doubles_as_well_needs_no_ram_moved_and_loses_nothing():
    agreed = sides(asked(device(0x20, pref(256 * MIB)), ram=6 * GIB))["agreed"]
    assert agreed.start == 0xE0000000
    assert (agreed.moved, agreed.gaps, agreed.lost, agreed.overlaps) == (0, (), (), ())


def test_a_bar_past_1_gib_goes_high_and_over_video_ram_in_spite_of_that():
    """6 GiB of RAM, 256 MiB of them moved up from the start: it ends at 6.25 GiB, and so 8 GiB are the next multiple of
    2 GiB; with 7.75 GiB it ends there.
    """
    found = sides(asked(device(0x20, pref(2 * GIB)), ram=6 * GIB))["agreed"]
    assert (found.high, found.overlaps) == (("00:04.0 BAR0",), ())
    found = sides(asked(device(0x20, pref(2 * GIB)), ram=8 * GIB - 256 * MIB))["agreed"]
    assert found.overlaps[0].startswith("00:04.0 BAR0 at 0x200000000-0x27fffffff overlaps video RAM")


def test_the_toolstack_splits_ram_at_its_hole_and_the_device_model_follows():
    out = place(asked(device(0x20, pref(256 * MIB)), ram=6 * GIB, hole="toolstack"))
    assert out.windows["mem32"][0] == 0xE8000000
    assert [(start, end) for start, end, kind in out.e820 if kind == "RAM"][1:] == [
        (MIB, 0xE8000000), (1 << 32, (1 << 32) + 6 * GIB - 0xE8000000)
    ]  # fmt: skip
    assert out.kept == [("video RAM", 0x198000000, 0x199000000)]


def test_a_bar_that_goes_high_lies_over_video_ram():
    """RAM that may not be moved leaves F0000000 up: 320 MiB do not fit, the 64-bit BAR goes behind high RAM."""
    out = place(asked(device(0x20, pref(256 * MIB)), ram=6 * GIB, allow_relocate=False, option_roms=MIB))
    assert out.bars == {(0x20, 0): 0x190000000}
    said = "00:04.0 BAR0 at 0x190000000-0x19fffffff overlaps video RAM and option ROMs"
    assert out.overlaps == [f"{said} that the device model keeps at 0x190000000-0x1910fffff"]
    assert any(note.startswith("RAM leaves no larger hole: it ends at 0xf0000000") for note in out.notes)


def test_a_bar_in_the_hole_lies_over_video_ram_where_ram_ends_right_below_it():
    """3840 MiB of RAM end at F0000000, and no RAM is above 4 GiB: QEMU's next block begins in the hole."""
    out = place(asked(device(0x20, mem(32 * MIB)), ram=0xF0000000, vram=16 * MIB))
    assert out.overlaps == [
        "the ECAM at 0xf0000000-0xf3ffffff overlaps video RAM and option ROMs that the device model keeps at "
        "0xf0000000-0xf0ffffff"
    ]
    assert place(asked(device(0x20, mem(32 * MIB)), ram=0xE0000000)).overlaps == []


def test_the_window_comes_behind_bars_of_its_size():
    out = place(asked(device(0x20, mem(64 * MIB)), device(0x28, mem(64 * MIB))))
    assert out.bars == {(0x20, 0): 0xF0000000, (0x28, 0): 0xF4000000}
    assert out.ecam == (0xF8000000, 0xFC000000)


def test_the_window_takes_the_next_row_for_its_own_and_goes_above_4_gib():
    """The patch leaves the row's 64-bit flag as the BAR that was there had it: without one the window is lost."""
    out = place(asked(device(0x20, pref(128 * MIB)), ram=6 * GIB, allow_relocate=False, ecam=256 * MIB))
    assert (out.ecam, out.pciexbar) == ((0x190000000, 0x1A0000000), 0x190000001)
    assert out.zeroed == [(0, 0x60), (0, 0x64)]
    assert out.written == [(0, 0x60, 0x90000001), (0, 0x64, 1)]
    out = place(asked(device(0x20, mem(128 * MIB)), ram=6 * GIB, allow_relocate=False, ecam=256 * MIB))
    assert (out.ecam, out.pciexbar, out.written, out.contents) == (None, 0, [], [])
    assert out.warnings == ["pci dev 00:0 bar 60 size 10000000: no space for resource!"]


def test_a_reserved_window_in_e820():
    out = place(asked(device(0x20, mem(64 * MIB))))
    assert (out.ecam[0], out.ecam[1], "RESERVED") in out.e820


def behind(*functions, bus=1):
    return Function(0x80, 0x1B36, 0xC, 0x060400, bridge=Bridge(bus)), *functions


def test_bus_0_only_without_the_option():
    out = place(asked(*behind(device(0x100, mem(MIB)))))
    assert out.bars == {}
    assert "hvmloader scans bus 0 only: 01:00.0 gets no address" in out.notes
    assert out.command[0x100] == 0


def test_a_bridges_window_is_whole_mib_at_the_alignment_of_its_largest_bar():
    """4 MiB and 4 KiB are 5 MiB at a multiple of 4; the prefetchable one, all 64-bit, is a window of its own."""
    out = place(
        asked(*behind(device(0x100, mem(4 * MIB), pref(2 * MIB, 2)), device(0x108, mem(4 * KIB))), bridges=True)
    )
    base = 0xF4000000
    assert out.ecam == (0xF0000000, base)
    assert out.bars == {(0x100, 0): base, (0x108, 0): base + 4 * MIB, (0x100, 2): base + 6 * MIB}
    assert out.bridge_windows == [(1, 5 * MIB, "mem"), (1, 2 * MIB, "pref")]
    assert (out.command[0x80], out.command[0x100]) == (6, 6)


def test_a_window_that_is_no_power_of_two_leaves_a_gap_and_both_may_lose():
    """64 + 1 MiB and 32 + 1 MiB behind two bridges sum to 98 MiB, with the window 162 MiB: 192 MiB are there, and the
    gap before the window takes 63 of them: what comes after no longer fits.
    """
    first = Function(0x80, 0x1B36, 0xC, 0x060400, bridge=Bridge(1))
    second = Function(0x88, 0x1B36, 0xC, 0x060400, bridge=Bridge(2))
    functions = first, second, device(0x100, mem(64 * MIB), mem(MIB, 1)), device(0x200, mem(32 * MIB), mem(MIB, 1))
    for side in sides(asked(*functions, bridges=True)).values():
        assert (side.start, side.wanted) == (0xF0000000, 162 * MIB)
        assert side.gaps == ((0xF4100000, 0xF8000000),)
        assert side.lost == ("00:11.0 memory window",)


def test_ports_behind_bridges_come_in_4_kib():
    """C000-FFFF has room for four such windows, whatever is in them."""
    ports = [Function((0x10 + n) << 3, 0x1B36, 0xC, 0x060400, bridge=Bridge(1 + n)) for n in range(5)]
    cards = [device((1 + n) << 8, Bar(0, 32, "io")) for n in range(5)]
    out = place(asked(*ports, *cards, bridges=True))
    assert [at for at in out.bars.values()] == [0xC000, 0xD000, 0xE000, 0xF000]
    assert out.warnings == ["pci dev 14:0 bar 1c size 1000: no space for resource!"]


def test_a_bridge_behind_a_bridge():
    inner = Function(0x100, 0x1B36, 0xC, 0x060400, bridge=Bridge(2))
    out = place(asked(*behind(inner, device(0x200, mem(8 * MIB)), device(0x208, mem(MIB))), bridges=True))
    assert out.bars == {(0x200, 0): 0xF4000000, (0x208, 0): 0xF4800000}
    assert out.bridge_windows == [(1, 9 * MIB, "mem"), (2, 9 * MIB, "mem")]


@pytest.mark.parametrize(
    ("options", "version", "said"),
    [
        ({"ecam": 32 * MIB}, "mmconfig", "no such ECAM"),
        ({"low_mem_pgend": 0xFC001}, "mmconfig", "RAM leaves no hole"),
        ({"hole": "toolstack", "mmio_hole_size": GIB}, "mmconfig", "two sizes"),
        ({"bridges": True}, "", "bus 0 only"),
    ],
)
def test_refusals(options, version, said):
    request = replace(asked(device(0x20, mem(MIB)), **options), version=version, machine="q35" if version else "pc")
    with pytest.raises(FwsimError, match=said) as caught:
        place(request)
    assert caught.value.hint
