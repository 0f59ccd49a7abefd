import pytest

from fwsim.errors import FwsimError
from fwsim.memory.ramsplit import high_start, highest_used, largest_ram, qemu_e820, ram_split

G = 1 << 30


@pytest.mark.parametrize(
    ("machine", "ram", "max_low", "expected"),
    [
        ("pc", 2 * G, None, (2 * G, 0)),
        ("pc", 4 * G, None, (3 * G, G)),
        ("pc", 0xDFFFFFFF, None, (0xDFFFFFFF, 0)),
        ("pc", 0xE0000000, None, (3 * G, 0x20000000)),
        ("pc", 2 * G, G, (G, G)),
        ("q35", 0xAFFFFFFF, None, (0xAFFFFFFF, 0)),
        ("q35", 0xB0000000, None, (2 * G, 0x30000000)),
        ("q35", 2 * G, G, (G, G)),
    ],
)
def test_split_of_the_gigabyte_aligned_machines(machine, ram, max_low, expected):
    assert ram_split(machine, ram, max_low=max_low) == expected


def test_old_pc_types_split_at_3_5_gib():
    assert ram_split("pc", 4 * G, gigabyte_align=False) == (0xE0000000, 0x20000000)


def test_hypertransport_hole_only_for_amd():
    assert qemu_e820(G, 0, amd=False, kvm=False) == [(0, G, 1)]
    assert qemu_e820(G, G, amd=True, kvm=False)[1:] == [(4 * G, G, 1), (0xFD00000000, 0x300000000, 2)]


def test_kvm_keeps_pages_of_its_own():
    assert (0xFEFFC000, 0x4000, 2) in qemu_e820(G, 0, amd=False, kvm=True)


@pytest.mark.parametrize(
    ("machine", "ram", "amd", "last"),
    [
        ("pc", 62, False, 0x103FFFFFFF), ("q35", 31, False, 0x103FFFFFFF), ("pc", 1100, True, 0x212BFFFFFFF),
        ("pc", 1009, True, 0xFCFFFFFFFF),
    ],
)  # fmt: skip
def test_the_last_address_is_that_of_qemus_error(machine, ram, amd, last):
    """As QEMU 7.2 prints it ("Address space limit ... < LAST phys-bits too low"); 1009G is the most that it takes."""
    low, high = ram_split(machine, ram * G)
    assert highest_used(machine, high, amd=amd) == last
    assert high_start(machine, high, amd=amd) == (1 << 40 if ram == 1100 else 4 * G)
    assert low + high == ram * G


@pytest.mark.parametrize(("machine", "bits", "most"), [("pc", 36, 61), ("q35", 36, 30)])
def test_the_most_ram_that_qemu_starts_with(machine, bits, most):
    low, _ = ram_split(machine, most * G)
    assert largest_ram(machine, low, (1 << bits) - 1, amd=False) == most * G


def test_unknown_machine():
    with pytest.raises(FwsimError, match="no such machine"):
        ram_split("microvm", G)
