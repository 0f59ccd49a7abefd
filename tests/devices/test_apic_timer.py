"""The local APIC's timer by the SDM and QEMU's hw/intc/apic.c: 1 GHz, divided; N + 1 counts from end to end."""

import pytest

from fwsim.devices.apic import Lapic
from fwsim.devices.apic_timer import CURRENT, DIVIDE, INITIAL, LVT, MASKED, PERIODIC, ApicTimer

BY_1 = 0xB


def counting(lvt: int, initial: int, divide: int = BY_1, now: int = 1000) -> ApicTimer:
    made = ApicTimer()
    for at, value in ((DIVIDE, divide), (LVT, lvt), (INITIAL, initial)):
        made.write(at, value, now)
    return made


@pytest.mark.parametrize(
    ("code", "by"), [(0x0, 2), (0x1, 4), (0x2, 8), (0x3, 16), (0x8, 32), (0x9, 64), (0xA, 128), (0xB, 1)]
)
def test_the_divide_configuration(code, by):
    """SDM vol. 3, figure 11-10."""
    made = counting(0x20040, 99, code)
    assert made.next == 1000 + 100 * by
    assert made.read(CURRENT, 1000 + 40 * by) == 59


def test_periodic_asks_again_and_again_and_once_for_what_was_missed():
    made = counting(PERIODIC | 0x40, 99)
    assert not made.expired(1099)
    assert made.expired(1100)
    assert not made.expired(1100)
    assert made.next == 1200
    assert made.expired(1350)
    assert made.next == 1400
    assert made.read(CURRENT, 1350) == 49


def test_one_shot_asks_once_and_stays_at_zero():
    made = counting(0x40, 99)
    assert made.expired(1100)
    assert made.next is None
    assert made.read(CURRENT, 5000) == 0
    made.write(INITIAL, 9, 6000)
    assert made.next == 6010


def test_masked_it_counts_and_does_not_ask():
    made = counting(MASKED | PERIODIC | 0x40, 99)
    assert (made.next, made.expired(5000)) == (None, False)
    assert made.read(CURRENT, 1040) == 59


def test_an_initial_count_of_zero_stops_it():
    made = counting(PERIODIC | 0x40, 99)
    made.write(INITIAL, 0, 1050)
    assert (made.next, made.read(CURRENT, 1060)) == (None, 0)


def test_the_apic_leads_there_and_a_snapshot_has_it():
    lapic = Lapic()
    lapic.clock = lambda: 1000
    for at, value in ((DIVIDE, BY_1), (LVT, PERIODIC | 0x40), (INITIAL, 99)):
        lapic.write(at, value)
    assert [lapic.read(at) for at in (DIVIDE, LVT, INITIAL, CURRENT)] == [BY_1, PERIODIC | 0x40, 99, 99]
    held = lapic.snapshot()
    lapic.write(INITIAL, 0)
    lapic.restore(held)
    assert lapic.timer.next == 1100
