"""The I/O APIC by the 82093AA's data sheet, the local APIC by the SDM; PIRQ routing by QEMU's tables."""

import pytest

from fwsim.devices.apic import EOI, IRR, ISR, LINT0, PPR, SVR, TMR, TPR, Ioapic, Lapic
from fwsim.devices.pirq import HOST, ICH9, PIIX3, Route

MASKED, LEVEL, REMOTE_IRR = 0x10000, 0x8000, 0x4000


@pytest.fixture
def ioapic():
    made = Ioapic(Lapic())
    made.lapic = made._lapic
    made.seen = []
    made.ended = made.seen.append
    return made


def entry(ioapic, pin, low=None):
    ioapic.write(0, 0x10 + 2 * pin)
    if low is not None:
        ioapic.write(0x10, low)
    return ioapic.read(0x10)


def test_the_version_says_24_entries_and_they_start_masked(ioapic):
    ioapic.write(0, 1)
    assert ioapic.read(0x10) == 0x170020
    assert [entry(ioapic, pin) for pin in range(24)] == [MASKED] * 24


def test_a_level_is_sent_once_until_the_eoi_of_its_vector(ioapic):
    entry(ioapic, 16, LEVEL | 0x41)
    ioapic.drive(16, True)
    assert ioapic.lapic.request() == 0x41
    ioapic.lapic.acknowledge(0x41)
    assert entry(ioapic, 16) == LEVEL | REMOTE_IRR | 0x41
    assert ioapic.lapic.read(TMR + 0x20) == 2
    ioapic.drive(16, True)
    assert ioapic.lapic.request() is None
    ioapic.lapic.write(EOI, 0)
    assert ioapic.seen == [16]
    assert ioapic.lapic.request() == 0x41  # the pin is still up
    ioapic.lapic.acknowledge(0x41)
    ioapic.drive(16, True)  # remote IRR: not sent again
    ioapic.drive(16, False)
    ioapic.lapic.write(EOI, 0)
    assert (entry(ioapic, 16), ioapic.lapic.request()) == (LEVEL | 0x41, None)


def test_the_eoi_register_ends_by_vector(ioapic):
    entry(ioapic, 3, LEVEL | 0x50)
    ioapic.drive(3, True)
    ioapic.write(0x40, 0x51)
    assert ioapic.seen == []
    ioapic.drive(3, False)
    ioapic.write(0x40, 0x50)
    assert ioapic.seen == [3]
    assert not entry(ioapic, 3) & REMOTE_IRR


def test_an_edge_is_sent_when_it_rises_and_has_no_end_here(ioapic):
    entry(ioapic, 4, 0x60)
    ioapic.drive(4, True)
    ioapic.lapic.acknowledge(0x60)
    ioapic.drive(4, True)
    assert ioapic.lapic.request() is None
    ioapic.lapic.write(EOI, 0)
    assert ioapic.seen == []


def test_a_level_that_waits_behind_a_mask_is_sent_when_it_opens(ioapic):
    entry(ioapic, 11, MASKED | LEVEL | 0x73)
    ioapic.drive(11, True)
    assert ioapic.lapic.request() is None
    assert "GSI 11 is masked" in ioapic.waiting(11)
    entry(ioapic, 11, LEVEL | 0x73)
    assert ioapic.lapic.request() == 0x73


def test_remote_irr_cannot_be_written(ioapic):
    assert entry(ioapic, 5, LEVEL | REMOTE_IRR | 0x44) == LEVEL | 0x44


def test_priorities_are_those_of_the_vectors_class():
    """SDM 11.8.3: vector bits 7:4 must be above TPR's and above what is in service."""
    lapic = Lapic()
    lapic.accept(0x51, False)
    lapic.accept(0x5F, False)
    assert lapic.request() == 0x5F
    lapic.acknowledge(0x5F)
    assert lapic.read(PPR) == 0x50
    assert lapic.request() is None
    lapic.accept(0x61, False)
    assert lapic.request() == 0x61
    lapic.write(TPR, 0x60)
    assert lapic.request() is None
    lapic.write(TPR, 0)
    lapic.acknowledge(0x61)
    assert [lapic.read(ISR + 0x20), lapic.read(ISR + 0x30)] == [1 << 31, 1 << 1]
    lapic.write(EOI, 0)
    lapic.write(EOI, 0)
    assert lapic.read(IRR + 0x20) == 1 << 17
    assert lapic.request() == 0x51


def test_an_apic_that_is_off_takes_nothing_and_lets_the_8259a_through():
    lapic = Lapic()
    assert lapic.passes_pic  # LINT0 as ExtINT, as SeaBIOS leaves it
    lapic.write(LINT0, 0x10700)
    assert not lapic.passes_pic
    lapic.write(SVR, 0xFF)
    assert lapic.passes_pic
    assert not lapic.accept(0x40, False)
    lapic.write(SVR, 0x1FF)
    assert not lapic.accept(0x0F, False)
    assert lapic.accept(0x10, False)


REGISTERS = {(0x08, 0x60 + i): each for i, each in enumerate((10, 10, 11, 0x8B))} | {
    (0xF8, at): each for at, each in zip((0x60, 0x61, 0x62, 0x63, 0x68, 0x69, 0x6A, 0x6B), range(3, 11), strict=True)
}


@pytest.mark.parametrize(
    ("router", "device", "pin", "route"),
    [
        (PIIX3, 2, 0, Route(10, 10)),  # slot 2, INTA: (2 - 1) mod 4, PIRQB
        (PIIX3, 3, 0, Route(11, 11)),
        (PIIX3, 3, 1, Route(None, None)),  # PIRQD is off (bit 7)
        (ICH9, 2, 0, Route(9, 22)),  # PIRQG
        (ICH9, 3, 3, Route(9, 22)),
        (ICH9, 31, 1, Route(4, 17)),  # from device 25 on A to D by pin
        (ICH9, 1, 0, Route(None, 21)),  # PIRQF holds 8, a reserved value
        (HOST, 2, 0, Route(3, 16)),  # a PCH: INTA of graphics is PIRQA
    ],
)
def test_pins_lead_where_the_chipset_says(router, device, pin, route):
    assert router.route(device, pin, lambda bdf, offset: REGISTERS[bdf, offset]) == route
