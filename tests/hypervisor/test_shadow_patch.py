"""What vfio_igd_legacy_rom_quirk of QEMU 10.0.13 does to a ROM, by the bytes that its comment lists."""

import pytest

from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import Choice, Device

DEVICE = Device(0x0126, 6, 0x0208, 0xDBA00000, 32 << 20, 0xDA9F5018)
ROUTINE = bytes.fromhex("66 2e 83 3e 00 02 00 74 07 66 2e a1 00 02 eb 0f b8 5e 10")
"""cmpl $0, %cs:v; je; mov %cs:v, %eax; jmp; mov $0x105e, %ax, with v at 200h: igd.c's comment."""


def rom(*parts, size=1024, code_type=0, sign=b"PCIR", fill=0):
    """A ROM of ``size`` bytes whose variable at 200h holds the host's base; ``parts``: (offset, bytes)."""
    made = bytearray([fill]) * size
    made[0:3] = b"\x55\xaa\x02"
    made[0x18:0x1A] = (0x40).to_bytes(2, "little")
    made[0x40:0x44] = sign
    made[0x54] = code_type
    made[0x200:0x204] = DEVICE.bdsm.to_bytes(4, "little")
    for at, data in parts:
        made[at : at + len(data)] = data
    return bytes(made)


def changed(image):
    return kinds.hypervisor(Choice("qemu", "10.0.13")).change_rom(image, DEVICE)


def test_the_base_is_cleared_and_all_bytes_add_up_to_zero():
    """The sum is the region's, also where it was wrong before: ``rom[6] -= checksum`` over rom_size."""
    made = changed(rom((0x100, ROUTINE), fill=3))
    assert (made.offset, made.held) == (0x200, 0xDBA00000)
    assert made.image[0x200:0x204] == bytes(4)
    assert sum(made.image) & 0xFF == 0


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (rom(), "0 times"),
        (rom((0x100, ROUTINE), (0x180, ROUTINE)), "2 times"),
        (rom((0x100, ROUTINE.replace(b"\x74\x07", b"\x74\x08"))), "0 times"),
        (rom((0x100, ROUTINE.replace(b"\xeb\x0f", b"\xeb\x10"))), "0 times"),
        (rom((0x100, ROUTINE.replace(b"\xa1\x00\x02", b"\xa1\x04\x02"))), "0 times"),
        (rom((0x100, ROUTINE.replace(b"\x00\x02", b"\xfe\x03"))), "1 times"),
        (rom((0x100, ROUTINE), code_type=3), "no legacy ROM"),
        (rom((0x100, ROUTINE), sign=b"PCIX"), "no legacy ROM"),
        (rom((0x100, ROUTINE), (0, b"\0\0")), "no legacy ROM"),
    ],
)
def test_where_it_changes_nothing(image, why):
    made = changed(image)
    assert (made.image, made.offset) == (image, None)
    assert why in made.reason


def test_a_place_whose_references_differ_does_not_count():
    other = ROUTINE.replace(b"\xa1\x00\x02", b"\xa1\x04\x02")
    assert changed(rom((0x100, ROUTINE), (0x180, other))).offset == 0x200
