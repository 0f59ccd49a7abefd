import pytest

from fwsim.registers.core import RESERVED, Field, Register, decode, each, gmch


class Sample(Register, at={"6-8,!vlv": each(0x100, 0x10, "AB")}, source="made up", gaps=RESERVED):
    """A register of this test."""

    ENABLE = Field(31, 31, "on")
    FORMAT = Field(29, 26, "format", values={5: "16 bpp"})
    WIDTH = Field(15, 8, "width", unit="pixels", plus=1)
    NEW = Field(1, 1, "new bit", gen="8")
    BASE = Field(25, 20, "base", address=True)


def test_field_and_value():
    assert Sample.FORMAT.bits == "29:26"
    assert Sample.FORMAT.mask == 0x3C000000
    assert Sample(0x94000000).FORMAT == 5
    assert Sample.WIDTH.put(0xFFFFFFFF, 0x12) == 0xFFFF12FF
    assert Sample.WIDTH.put(0, 0x1FF) == 0xFF00


def test_decode_names_every_set_bit():
    rows = decode(Sample, 0xD4307F03)
    assert [(row.field, row.bits, row.value) for row in rows] == [
        ("ENABLE", "31", 1),
        ("?", "30", 1),
        ("FORMAT", "29:26", 5),
        ("BASE", "25:20", 3),
        ("WIDTH", "15:8", 0x7F),
        ("NEW", "1", 1),
        ("?", "0", 1),
    ]
    assert rows[2].meaning == "16 bpp"
    assert rows[3].meaning == "base: 0x300000"
    assert rows[4].meaning == "128 pixels, width"
    assert "reserved" in rows[1].meaning


@pytest.mark.parametrize("value", [0, 1, 0x80000001, 0xFFFFFFFF, 0x123456789, 0x5A5A5A5A])
def test_the_parts_make_up_the_whole(value):
    total = 0
    for row in decode(Sample, value):
        total |= row.value << int(row.bits.rpartition(":")[2])
    assert total == value


def test_bits_past_the_register_are_shown():
    assert decode(Sample, 1 << 40)[0].meaning == "not named (past the register's 32 bits)"


def test_places():
    assert [(place.label, place.address) for place in Sample.places] == [("A", 0x100), ("B", 0x110)]
    assert Sample.families() == {"sandybridge", "ivybridge", "haswell", "broadwell"}
    assert gmch(0x61200) == {"2-4": 0x61200, "vlv": 0x1E1200}
