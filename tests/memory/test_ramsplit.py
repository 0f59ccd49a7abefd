import pytest

from fwsim.errors import FwsimError
from fwsim.memory.ramsplit import qemu_e820, ram_split

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
    assert qemu_e820(G, 0, amd=False) == [(0, G, 1)]
    assert qemu_e820(G, G)[1:] == [(4 * G, G, 1), (0xFD00000000, 0x300000000, 2)]


def test_unknown_machine():
    with pytest.raises(FwsimError, match="no such machine"):
        ram_split("microvm", G)
