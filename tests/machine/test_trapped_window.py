"""A configuration window that a hypervisor traps: RAM and directly mapped BARs are in front of it, and stay."""

import pytest

from fwsim.devices.config_traps import VIA_LEFT, VIA_WINDOW
from fwsim.machine.config_window import parts
from fwsim.memory.ranges import Range, without

MIB = 1 << 20
LOW = (0, 0x80000000)


@pytest.mark.parametrize(
    ("window", "left", "taken", "expected"),
    [
        (None, None, [LOW], []),
        ((0xE0000000, 64 * MIB), None, [LOW], [(0xE0000000, 64 * MIB, 0, VIA_WINDOW)]),
        ((0x10000000, 64 * MIB), None, [LOW], []),
        ((0x7E000000, 64 * MIB), None, [LOW], [(0x80000000, 32 * MIB, 32 * MIB, VIA_WINDOW)]),
        (
            (0xE0000000, 64 * MIB), None, [(0xE1000000, 16 * MIB)],
            [(0xE0000000, 16 * MIB, 0, VIA_WINDOW), (0xE2000000, 32 * MIB, 32 * MIB, VIA_WINDOW)],
        ),
        (
            (0xE0000000, 64 * MIB), (0xF0000000, 64 * MIB), [],
            [(0xE0000000, 64 * MIB, 0, VIA_WINDOW), (0xF0000000, 64 * MIB, 0, VIA_LEFT)],
        ),
        (
            (0xE2000000, 64 * MIB), (0xE0000000, 64 * MIB), [],
            [(0xE2000000, 64 * MIB, 0, VIA_WINDOW), (0xE0000000, 32 * MIB, 0, VIA_LEFT)],
        ),
    ],
)  # fmt: skip
def test_what_of_a_window_traps(window, left, taken, expected):
    """Start, bytes, how far into the window the part begins, and the way of its accesses."""
    assert list(parts(window, left, taken)) == expected


def test_what_is_left_of_a_range():
    whole = Range(10, 20)
    assert without(whole, []) == [whole]
    assert without(whole, [(5, 12), (14, 15), (18, 30)]) == [Range(12, 14), Range(15, 18)]
    assert without(whole, [(14, 15), (5, 12)]) == [Range(12, 14), Range(15, 20)]
    assert without(whole, [(0, 30)]) == without(whole, [(10, 20), (25, 26)]) == []
    assert without(whole, [(20, 25), (0, 10)]) == [whole]
