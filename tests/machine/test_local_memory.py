"""Meteor Lake's stolen memory lies behind BAR2, and its GTT entries lead there by offset, past the IOMMU."""

from guest_rig import GuestRig

from fwsim.registers.families import family
from fwsim.running.framebuffer import store

STOLEN = 8 << 20
SIZE = 60 << 20


def rig():
    return GuestRig.of("qemu", "10.2", cpu="meteorlake", ggc=0xFEC1)


def pages(guest, *entries):
    for number, entry in enumerate(entries):
        guest.set_bar0(0x800000 + 8 * number, entry)
        guest.set_bar0(0x800004 + 8 * number, 0)
    return guest.machine.igd.pages[: len(entries)].tolist()


def test_an_entry_leads_into_the_devices_memory_or_by_dma_into_the_guests():
    guest = rig()
    local, ram = guest.machine.local, guest.machine.ram
    assert local.size == STOLEN + SIZE
    last = STOLEN + SIZE - 0x1000
    assert pages(guest, STOLEN | 3, last | 3, last + 0x1000 | 3, 0x200001, 0x200002) == [
        local.address + STOLEN, local.address + last, 0, ram.address + 0x200000, 0
    ]  # fmt: skip


def test_other_devices_have_none():
    guest = GuestRig.of("qemu", "10.2", cpu="tigerlake")
    assert guest.machine.local is None
    assert pages(guest, 0x200003) == [guest.machine.ram.address + 0x200000]
    assert [row.name for row in map(family, ("alderlake-p", "meteorlake")) if row.local_memory] == ["meteorlake"]
    assert family("meteorlake").local_memory == STOLEN


def test_bar2_shows_it():
    guest = rig()
    place = next((each, bar) for each in guest.machine.functions for bar in each.bars if bar.role == "LMEMBAR")
    base = guest.machine.windows.bar_address(*place)
    assert base
    store(guest.built, base + STOLEN, b"pixels")
    assert guest.machine.local.read(STOLEN, 6) == b"pixels"
    store(guest.built, base + STOLEN + SIZE - 3, b"pixels")
    assert guest.machine.local.read(STOLEN + SIZE - 3, 3) == b"pix"
    guest.machine.engine.write(base + STOLEN, b"code's")
    assert guest.machine.local.read(STOLEN, 6) == b"code's"


def test_a_snapshot_has_it():
    guest = rig()
    local = guest.machine.local
    local.write(STOLEN, b"before")
    snapshot = guest.built.snapshot()
    local.write(STOLEN, b"behind")
    guest.built.restore(snapshot)
    assert local.read(STOLEN, 6) == b"before"
