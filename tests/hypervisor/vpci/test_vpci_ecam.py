"""Arm's configuration window: addresses, accesses, sizes. Source: Xen c447b7308b, xen/arch/arm/vpci.c, vpci.c."""

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.ecam import accesses, check_reach, check_window, decode

BASE, MIB = 0x10000000, 1 << 20


@pytest.mark.parametrize(
    ("address", "bdf", "offset"),
    [(BASE, 0, 0), (BASE + 0x80FC, 0x08, 0xFC), (BASE + 0x100050, 0x0100, 0x50), (BASE + 0xFFFFFFF, 0xFFFF, 0xFFF),
     (BASE + 0x802B704, 0x802B, 0x704)],
)  # fmt: skip
def test_an_address_is_function_and_register(address, bdf, offset):
    assert decode(address, BASE) == (bdf, offset)


@pytest.mark.parametrize(
    ("offset", "width", "becomes"),
    [(0x10, 4, [(0x10, 4)]), (0x10, 8, [(0x10, 4), (0x14, 4)]), (0x3C, 1, [(0x3C, 1)]), (0x14, 8, None),
     (0x11, 2, None), (0x12, 4, None), (0xFFE, 4, None), (0xFF8, 8, [(0xFF8, 4), (0xFFC, 4)]), (0x10, 16, None)],
)  # fmt: skip
def test_which_accesses_are_taken(offset, width, becomes):
    assert accesses(offset, width) == becomes


@pytest.mark.parametrize(("size", "buses"), [(MIB, 1), (3 * MIB, 3), (256 * MIB, 256)])
def test_a_window_has_a_bus_a_mib(size, buses):
    assert check_window(BASE, size) == buses


@pytest.mark.parametrize(
    ("base", "size", "found"),
    [(BASE, 0, "0 MiB"), (BASE, MIB + 0x1000, "0x101000 bytes"), (BASE, 512 * MIB, "512 MiB"),
     (BASE + 0x100000, 256 * MIB, "256 MiB at 0x10100000"), (0x10200000, 3 * MIB, "3 MiB at 0x10200000")],
)  # fmt: skip
def test_what_hardware_cannot_have(base, size, found):
    with pytest.raises(FwsimError) as caught:
        check_window(base, size, "guest.ecam")
    assert (caught.value.where, caught.value.found) == ("guest.ecam", found)


@pytest.mark.parametrize("sbdf", [0x1000, 0x10000])
def test_a_function_past_the_window(sbdf):
    check_reach(0x0FFF, 16 * MIB)
    with pytest.raises(FwsimError):
        check_reach(sbdf, 16 * MIB)
