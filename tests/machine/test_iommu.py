"""What the IOMMU says of DMA that it refuses: the reason that VT-d's specification names, in events and in dmesg."""

import pytest
from guest_rig import GuestRig

from fwsim.machine import callbacks
from fwsim.trace.event import Space

NOWHERE = 0xDB000000  # neither RAM nor a BAR of a guest of 2 GiB


@pytest.fixture
def guest():
    made = GuestRig.of("qemu", "10.0")
    yield made
    made.close()


def touch(guest, entry, *, write):
    """An access of the first page of the aperture, whose entry is ``entry``; the faults that it made."""
    guest.set_gtt(0, entry)
    before = guest.machine.recorder.count
    if write:
        callbacks.aperture_write(0, 0x10, 4, 0x1234, guest.root)
    else:
        callbacks.aperture_read(0, 0x10, 4, guest.root)
    events = guest.machine.recorder.read(before, guest.machine.recorder.count)
    return events[events["space"] == int(Space.IOMMU)]


@pytest.mark.parametrize(
    ("write", "reason", "said"),
    [(False, 6, "[fault reason 0x06] PTE Read access is not set"),
     (True, 5, "[fault reason 0x05] PTE Write access is not set")],
)  # fmt: skip
def test_the_reason_is_the_access_that_is_not_allowed(guest, write, reason, said):
    """VT-d specification, "Fault reason encodings": 5 is a write without write permission, 6 a read without read's."""
    (fault,) = touch(guest, NOWHERE | 1, write=write)
    assert (int(fault["address"]), int(fault["value"]), int(fault["aux"])) == (NOWHERE, reason, reason)
    unit = guest.built.guard.vtd
    assert unit.by_reason == {str(reason): 1}
    unit.finish()
    assert unit.lines[-1].endswith(said)


def test_dma_to_a_bar_is_no_fault(guest):
    """VFIO maps the BARs into the device's domain as well (QEMU hw/vfio/common.c: regions that are RAM devices)."""
    bar = guest.config(0x18) & ~0xF  # the aperture itself
    for page, faults in ((bar, 0), (bar - 0x1000, 1), (bar + 0x0FFFF000, 0)):
        assert len(touch(guest, page | 1, write=False)) == faults, hex(page)


def test_an_entry_that_is_not_valid_asks_for_nothing(guest):
    assert len(touch(guest, NOWHERE, write=False)) == 0
