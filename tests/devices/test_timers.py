"""The 8254, port 61h and the PM timer against their data sheets, by numbers worked out by hand.

One PIT clock is 1e9 / 1193182 = 838.095 ns.
"""

import numpy as np
import pytest
from native_code import load

from fwsim.devices import timers
from fwsim.devices.timers import pit_in, pit_out, pm_timer, port61_in, port61_out
from fwsim.native import R_IRQ_TIME, R_PLATFORM, R_TIME, ROOT_WORDS, address_of, callback

MS = 1_000_000


@callback("u64(u64, i64)")
def _pit_in(root, port):
    return np.uint64(pit_in(root, port))


@callback("void(u64, i64, i64)")
def _pit_out(root, port, value):
    pit_out(root, port, value)


@callback("u64(u64)")
def _in61(root):
    return np.uint64(port61_in(root))


@callback("void(u64, i64)")
def _out61(root, value):
    port61_out(root, value)


@callback("u64(u64)")
def _pm(root):
    return np.uint64(pm_timer(root))


load(_pit_in, _pit_out, _in61, _out61, _pm)


class Pit:
    """The timers alone, at a time the test sets."""

    def __init__(self) -> None:
        self.words = np.zeros(ROOT_WORDS, np.uint64)
        self.block = timers.new_platform()
        self.words[R_PLATFORM] = address_of(self.block)
        self._root = address_of(self.words)

    def at(self, nanoseconds: int) -> "Pit":
        self.words[R_TIME] = nanoseconds
        return self

    def read(self, port: int) -> int:
        return int(_in61(self._root) if port == 0x61 else _pit_in(self._root, port))

    def write(self, port: int, *values: int) -> None:
        for value in values:
            if port == 0x61:
                _out61(self._root, value)
            else:
                _pit_out(self._root, port, value)

    def count(self, counter: int) -> int:
        """Latch and read, low byte first."""
        self.write(0x43, counter << 6)
        return self.read(0x40 + counter) | self.read(0x40 + counter) << 8

    @property
    def pm(self) -> int:
        return int(_pm(self._root))


@pytest.fixture
def pit():
    return Pit()


def test_mode_2_counts_down_by_one_and_starts_over(pit):
    """Counter 0, mode 2, 1000: after 100 clocks (83,810 ns) 900; after 1000 (838,096 ns) 1000 again."""
    pit.write(0x43, 0x34)
    pit.write(0x40, 0xE8, 0x03)
    assert pit.at(0).count(0) == 1000
    assert pit.at(83_810).count(0) == 900
    assert pit.at(837_258).count(0) == 1
    assert pit.at(838_096).count(0) == 1000


def test_mode_3_counts_down_by_two(pit):
    """1000: after 100 clocks 800; the second half cycle starts at 1000 again."""
    pit.write(0x43, 0x36)
    pit.write(0x40, 0xE8, 0x03)
    assert pit.at(83_810).count(0) == 800
    assert pit.at(419_048).count(0) == 1000
    assert pit.at(502_858).count(0) == 800


def test_an_odd_count_of_mode_3_is_high_one_clock_longer_than_low(pit):
    """8254 data sheet: it is high for (N + 1) / 2 counts and low for (N - 1) / 2. Counter 2's is bit 5 of port 61h."""
    pit.write(0x61, 1)
    pit.write(0x43, 0xB6)
    pit.write(0x42, 5, 0)
    half = 419  # ns: the middle of a clock
    levels = [pit.at(clock * 1_000_000_000 // 1_193_182 + half).read(0x61) >> 5 & 1 for clock in range(10)]
    assert levels == [1, 1, 1, 0, 0] * 2


def test_mode_0_counts_through_zero(pit):
    """FFFFh behind 0, and the output goes high and stays so: counter 2's is bit 5 of port 61h."""
    pit.write(0x61, 1)
    pit.write(0x43, 0xB0)
    assert not pit.read(0x61) & 0x20
    pit.write(0x42, 100, 0)
    assert pit.at(50 * 839).count(2) == 50
    assert not pit.read(0x61) & 0x20
    assert pit.at(102 * 839).count(2) == 0xFFFE
    assert pit.read(0x61) & 0x20
    assert pit.at(50 * MS).read(0x61) & 0x20


def test_a_count_of_zero_is_65536(pit):
    """18.2065 Hz: the interrupt period is 65536 clocks = 54,925,401 ns."""
    pit.block[timers.PF_IRQ0] = 1
    pit.write(0x43, 0x36)
    pit.write(0x40, 0, 0)
    assert int(pit.words[R_IRQ_TIME]) == 65536 * 1_000_000_000 // 1_193_182
    assert pit.at(0).count(0) == 0


def test_a_latched_count_stays_until_it_is_read(pit):
    pit.write(0x43, 0x34)
    pit.write(0x40, 0xE8, 0x03)
    pit.at(83_810).write(0x43, 0x00)
    pit.at(400_000).write(0x43, 0x00)  # a second latch is ignored
    assert pit.read(0x40) | pit.read(0x40) << 8 == 900
    low, high = pit.at(838_096).read(0x40), pit.read(0x40)
    assert low | high << 8 == 1000


def test_one_byte_access_modes(pit):
    """Low byte only: 64h; high byte only: 64h << 8."""
    pit.write(0x43, 0x14)
    pit.write(0x40, 0x64)
    assert pit.at(0).read(0x40) == 0x64
    pit.write(0x43, 0x24)
    pit.write(0x40, 0x64)
    assert pit.at(0).read(0x40) == 0x64
    assert int(pit.block[timers.C_RELOAD]) == 0x6400


def test_read_back_latches_status_and_count(pit):
    """C2h: both of counter 0. Status: OUT, null count, access, mode (data sheet, read-back command)."""
    pit.write(0x43, 0x34)
    pit.write(0x43, 0xE2)  # status only, before a count: null count set, OUT high in mode 2
    assert pit.read(0x40) == 0xF4
    pit.write(0x40, 0xE8, 0x03)
    pit.at(83_810).write(0x43, 0xC2)
    assert pit.read(0x40) == 0xB4
    assert pit.read(0x40) | pit.read(0x40) << 8 == 900


def test_the_gate_holds_mode_0_and_restarts_mode_3(pit):
    pit.write(0x61, 1)
    pit.write(0x43, 0xB0)
    pit.write(0x42, 0xE8, 0x03)
    pit.at(83_810).write(0x61, 0)
    assert pit.at(10 * MS).count(2) == 900
    pit.write(0x61, 1)
    assert pit.at(10 * MS + 83_820).count(2) in (799, 800)
    pit.write(0x43, 0xB6)
    pit.write(0x42, 0xE8, 0x03)
    pit.at(20 * MS).write(0x61, 0)
    pit.at(30 * MS).write(0x61, 1)
    assert pit.at(30 * MS).count(2) == 1000


def test_nothing_is_read_from_the_control_port(pit):
    assert pit.read(0x43) == 0xFF


def test_the_refresh_bit_toggles_every_15085_ns(pit):
    """66.29 kHz requests; bit 4 changes at each (IBM PS/2 Technical Reference)."""
    bits = [pit.at(at).read(0x61) & 0x10 for at in (0, 15_084, 15_085, 30_169, 30_170, 45_255)]
    assert bits == [0, 0, 0x10, 0x10, 0, 0x10]


def test_port_61_keeps_its_four_low_bits(pit):
    pit.write(0x61, 0xFF)
    assert pit.read(0x61) & 0x0F == 0x0F
    pit.write(0x61, 0x02)
    assert pit.read(0x61) & 0x0F == 0x02


def test_the_pm_timer_runs_at_3579545_hz_in_24_bits(pit):
    """One second: 3,579,545; it wraps at 2^24, that is at 4.687 s."""
    assert pit.at(0).pm == 0
    assert pit.at(1_000_000_000).pm == 3_579_545
    assert pit.at(5_000_000_000).pm == 17_897_725 - (1 << 24)
    assert pit.at(300_000_000_000).pm == 300 * 3_579_545 % (1 << 24)
