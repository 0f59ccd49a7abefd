"""Memory behind a dummy BAR is there, for the CPU and for the IGD's DMA, where the BAR is and while it is decoded."""

from pathlib import Path

import numpy as np
import pytest
from lab import Lab

from fwsim.devices.apic import IOAPIC_BASE, LAPIC_BASE, VERSION
from fwsim.scenario.load import loads
from fwsim.trace.event import Actor, Op, Space

ROM = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"
HOLDERS = {"igd": (0x10, 5), "isa": (0xF8, 0), "bridge": (0x18, 0), "device": (0x18, 0)}
BASE, OPREGION, ELSEWHERE = 0xF8000000, 0xFA000000, 0xC0000000
"""Where SeaBIOS's rules put a BAR of 64 MiB here; the OpRegion is behind 32 MiB of stolen memory."""
SIGNATURE, NOTHING = b"IntelGraphicsMem", b"\xff" * 16
COMMAND, ON, OFF = 4, 0x107, 0x104


@pytest.fixture
def lab(request):
    """A ROM that has POSTed, mode 105h drawn on; ``request.param`` is who holds the BAR."""
    holder = getattr(request, "param", "isa")
    one = Lab(loads(f'[firmware]\nkind = "fake-bar"\noptions = {{ holder = "{holder}" }}\n[rom]\nfile = "{ROM}"'))
    assert one.int10(0x4F02, bx=0xC105).ok
    one.caller.photograph()
    one.holder, one.index = HOLDERS[holder]
    yield one
    one.close()


def config(lab, offset, value, width=4, bdf=None):
    machine = lab.machine
    machine.pci.write(machine.root, lab.holder if bdf is None else bdf, offset, width, value)


def move(lab, address):
    config(lab, 0x10 + 4 * lab.index, address)


def at(lab, address):
    return lab.machine.engine.read(address, 16)


def missing(lab):
    """Pages of the screen that the display can not read now; the picture is kept where it is another."""
    count = len(lab.caller.pictures)
    lab.caller.look_again()
    return [screen.unreadable_pages for screen in lab.caller.screens[count:]]


@pytest.mark.parametrize("lab", HOLDERS, indirect=True)
def test_without_decoding_there_is_nothing(lab):
    assert (lab.run.built.placed.bdsm, lab.run.built.placed.asls) == (BASE, OPREGION)
    assert at(lab, OPREGION) == SIGNATURE
    config(lab, COMMAND, OFF, 2)
    assert at(lab, OPREGION) == at(lab, BASE) == NOTHING
    assert missing(lab) == [192]  # 1024 x 768 bytes
    config(lab, COMMAND, ON, 2)
    assert at(lab, OPREGION) == SIGNATURE
    assert missing(lab) == [0]
    first, gone, last = lab.caller.pictures
    assert (first == last).all()
    assert len(np.unique(gone.reshape(-1, 3), axis=0)) == 2  # the stripes of what could not be read


@pytest.mark.parametrize("lab", HOLDERS, indirect=True)
def test_what_else_the_holder_has_goes_off_with_it(lab):
    """The IGD's registers only where the IGD itself holds the BAR."""
    config(lab, COMMAND, OFF, 2)
    registers = lab.machine.engine.read(lab.run.built.placed.bars[0] + 0x60000, 4)
    assert (registers == b"\xff" * 4) == (lab.holder == 0x10)


@pytest.mark.parametrize("lab", HOLDERS, indirect=True)
def test_what_is_moved_is_there_and_nowhere_else(lab):
    move(lab, ELSEWHERE)
    assert at(lab, ELSEWHERE + OPREGION - BASE) == SIGNATURE
    assert at(lab, OPREGION) == NOTHING
    assert missing(lab) == [192]  # every entry names the old place
    faults = lab.run.built.guard.vtd
    assert faults.faults == 192
    assert "Request device [00:02.0] fault addr 0xf8000000 [fault reason 0x06] PTE Read access is not set" in " ".join(
        faults.lines
    )
    move(lab, BASE)
    assert missing(lab) == [0]
    assert faults.faults == 192


def test_entries_that_follow_the_bar_find_the_picture(lab):
    """The driver writes them anew: 255 pages of stolen memory, then the picture is whole from the new place."""
    move(lab, ELSEWHERE)
    igd = lab.machine.igd
    for index in range(0, 2 * 255, 2):
        entry = int(igd.gtt[index // 2])
        lab.machine.engine.write(lab.run.built.placed.bars[0] + 0x200000 + 2 * index,
                                 (entry - BASE + ELSEWHERE).to_bytes(4, "little"))  # fmt: skip
    assert missing(lab) == []  # the picture that was there before
    assert lab.run.built.guard.vtd.faults == 0


def test_what_the_cpu_writes_goes_along(lab):
    lab.machine.engine.write(BASE + 0x1F00000, b"kept")
    config(lab, COMMAND, OFF, 2)
    lab.machine.engine.write(BASE + 0x1F00000, b"lost")
    move(lab, ELSEWHERE)
    config(lab, COMMAND, ON, 2)
    assert lab.machine.engine.read(ELSEWHERE + 0x1F00000, 4) == b"kept"


def test_each_move_is_an_event(lab):
    first = lab.machine.recorder.count
    config(lab, COMMAND, OFF, 2)
    move(lab, ELSEWHERE)
    config(lab, COMMAND, ON, 2)
    move(lab, BASE)
    rows = lab.machine.recorder.read(first, lab.machine.recorder.count)
    notes = rows[(rows["op"] == Op.NOTE) & (rows["space"] == Space.MEMORY) & (rows["actor"] == Actor.HYPERVISOR)]
    size = 64 << 20
    assert [tuple(int(row[name]) for name in ("address", "value", "aux")) for row in notes] == [
        (BASE, 0, size), (ELSEWHERE, size, 0), (ELSEWHERE, 0, size), (BASE, size, 0),
    ]  # fmt: skip


def test_a_snapshot_has_it_where_it_was(lab):
    machine = lab.machine
    on = machine.snapshot()
    config(lab, COMMAND, OFF, 2)
    off = machine.snapshot()
    machine.restore(on)
    assert at(lab, OPREGION) == SIGNATURE
    assert missing(lab) == []
    machine.restore(off)
    assert at(lab, OPREGION) == NOTHING
    assert missing(lab) == [192]
    move(lab, ELSEWHERE)
    config(lab, COMMAND, ON, 2)
    machine.restore(on)
    assert at(lab, OPREGION) == SIGNATURE
    assert at(lab, ELSEWHERE + OPREGION - BASE) == NOTHING
    assert missing(lab) == [0]


def test_all_ones_put_nothing_over_the_chipset(lab):
    """With decoding on: the dummy BAR, the aperture and BAR0, each of which would end at FFFFFFFF."""
    machine, places = lab.machine, lab.run.built.placed.bars

    def version(base, index):
        return machine.engine.read(base + index, 4)

    lapic, ioapic = version(LAPIC_BASE, VERSION), version(IOAPIC_BASE, 0)
    for bdf, offset, old in ((0xF8, 0x10, BASE), (0x10, 0x18, places[2]), (0x10, 0x10, places[0])):
        config(lab, offset, 0xFFFFFFFF, bdf=bdf)
        assert (version(LAPIC_BASE, VERSION), version(IOAPIC_BASE, 0)) == (lapic, ioapic) != (b"\xff" * 4,) * 2
        assert at(lab, 0xFFFF0000) == NOTHING
        config(lab, offset, old, bdf=bdf)
    assert (version(LAPIC_BASE, VERSION), version(IOAPIC_BASE, 0)) == (lapic, ioapic)
    assert at(lab, OPREGION) == SIGNATURE


def test_a_host_has_no_dummy_bar():
    one = Lab(loads(f'[hypervisor]\nkind = "none"\n[firmware]\nkind = "fake-bar"\n[rom]\nfile = "{ROM}"'))
    assert all(bar.index != 5 for each in one.machine.functions if each.devfn == 0x10 for bar in each.bars)
    assert not one.run.built.placed.held
    one.close()


def test_dma_to_a_bar_faults_while_it_is_not_decoded(lab):
    """An entry that points at the aperture itself: mapped in the IOMMU as long as the aperture is decoded."""
    machine, places = lab.machine, lab.run.built.placed.bars
    machine.engine.write(places[0] + 0x200000, (places[2] | 1).to_bytes(4, "little"))
    lab.caller.look_again()
    guard = lab.run.built.guard
    assert guard.vtd.faults == 0
    config(lab, COMMAND, OFF, 2, bdf=0x10)
    lab.caller.look_again()
    assert guard.vtd.faults == 1
