import pytest

from fwsim.registers.gms import GGMS, GMS

KIB, MIB = 1 << 10, 1 << 20

# Linux arch/x86/kernel/early-quirks.c.
STOLEN = [
    ("i830", 0x00, 0),
    ("i830", 0x10, 0),
    ("i830", 0x20, 512 * KIB),
    ("i830", 0x30, MIB),
    ("i830", 0x40, 8 * MIB),
    ("i830", 0x50, 0),
    *[
        ("i855", code << 4, mib * MIB)
        for code, mib in enumerate((0, 1, 4, 8, 16, 32, 48, 64, 128, 256, 96, 160, 224, 352, 0, 0))
    ],
    ("gen6", 0x0008, 32 * MIB),
    ("gen6", 0x00F8, 992 * MIB),
    ("gen6", 0x0209, 32 * MIB),
    ("gen8", 0x1000, 512 * MIB),
    ("gen8", 0xFF00, 8160 * MIB),
    ("chv", 0x0080, 512 * MIB),
    ("chv", 0x0088, 8 * MIB),
    ("chv", 0x00B0, 28 * MIB),
    ("chv", 0x00B8, 36 * MIB),
    ("chv", 0x00E8, 60 * MIB),
    ("chv", 0x00F0, 64 * MIB),
    ("chv", 0x00F8, 68 * MIB),
    ("gen9", 0x02C1, 64 * MIB),
    ("gen9", 0xEF00, 7648 * MIB),
    ("gen9", 0xF000, 4 * MIB),
    ("gen9", 0xFE00, 60 * MIB),
    ("gen9", 0xFF00, 64 * MIB),
]

GTT = [
    ("g33", 0x100, MIB),
    ("g33", 0x200, 2 * MIB),
    ("g33", 0x300, 0),
    ("g4x", 0x100, MIB),
    ("g4x", 0x300, 2 * MIB),
    ("g4x", 0x900, MIB),
    ("g4x", 0xA00, 3 * MIB // 2),
    ("g4x", 0xB00, 2 * MIB),
    ("g4x", 0x200, 0),
    ("gen6", 0x100, MIB),
    ("gen6", 0x300, 3 * MIB),
    ("gen8", 0x000, 0),
    ("gen8", 0x040, 2 * MIB),
    ("gen8", 0x080, 4 * MIB),
    ("gen8", 0x0C0, 8 * MIB),
    ("chv", 0x000, 0),
    ("chv", 0x300, 8 * MIB),
]


@pytest.mark.parametrize(("rule", "word", "size"), STOLEN)
def test_data_stolen_memory(rule, word, size):
    assert GMS[rule].decode(word) == size


@pytest.mark.parametrize(("rule", "word", "size"), GTT)
def test_gtt_stolen_memory(rule, word, size):
    assert GGMS[rule].decode(word) == size


def test_encode():
    assert GMS["gen9"].encode(60 * MIB) == 0xFE00
    assert GMS["gen6"].encode(32 * MIB) == 0x08
    assert GMS["gen6"].encode(33 * MIB) is None
