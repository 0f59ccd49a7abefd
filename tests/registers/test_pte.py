import pytest

from fwsim.errors import FwsimError
from fwsim.registers.pte import FORMATS, pte_format

# Linux intel-gtt.c i965_write_entry and gt/intel_gtt.h, worked by hand.
ENCODINGS = [
    ("gen4", 0x7DA00000, 0x7DA00001),
    ("gen6", 0x7DA00000, 0x7DA00001),
    ("hsw", 0x7DA00000, 0x7DA00001),
    ("gen8", 0x7DA00000, 0x7DA00001),
    ("gen2", 0x1F800000, 0x1F800001),
    ("gen4", 0xF12345000, 0x123450F1),
    ("gen6", 0xAB12345000, 0x12345AB1),
    ("vlv", 0xAB12345000, 0x12345AB1),
    ("gen8", 0xAB12345000, 0xAB12345001),
    ("gen12", 0x2ABC12345000, 0x2ABC12345001),
    ("mtl", 0x2ABC12345000, 0x2ABC12345001),
]


@pytest.mark.parametrize(("name", "address", "entry"), ENCODINGS)
def test_encode_and_decode(name, address, entry):
    assert pte_format(name).encode(address) == entry
    assert pte_format(name).decode(entry) == (True, address)
    assert pte_format(name).decode(entry & ~1) == (False, address)


def test_haswell_loses_address_bit_39():
    form = pte_format("hsw")
    entry = form.encode(0xAB12345000)
    assert entry == 0x123452B1
    assert form.decode(entry) == (True, 0x2B12345000)
    assert form.decode(0x12345AB1 & ~0x800) == (True, 0x2B12345000)
    # Bit 11 of the entry is cacheability, not an address bit.
    assert form.decode(0x12345801) == (True, 0x12345000)


@pytest.mark.parametrize(
    ("name", "address"),
    [("gen2", 0x100000000), ("gen4", 0xAB12345000), ("gen6", 0x10000000000), ("hsw", 0x10000000000), ("gen8", 1 << 46),
     ("gen6", 0x7DA00800), ("gen8", 0xFFF)],
)  # fmt: skip
def test_an_address_that_does_not_fit_is_refused(name, address):
    with pytest.raises(FwsimError, match="GTT entry"):
        pte_format(name).encode(address)


def test_no_bit_is_hidden():
    assert pte_format("gen8").unnamed(0x8000000000000001) == 0x8000000000000000
    assert pte_format("gen12").flag_names(0x3) == ["local memory"]
    assert pte_format("hsw").unnamed(0xFFFFFFFF) == 0


def test_masks_do_not_overlap():
    for form in FORMATS.values():
        used = form.valid_mask | form.low_mask | form.high_mask
        assert form.low_mask & form.high_mask == 0
        for mask, _ in form.flags:
            assert not mask & used
            used |= mask
        assert used < 1 << (8 * form.width)


def test_unknown_format_names_the_known_ones():
    with pytest.raises(FwsimError) as error:
        pte_format("gen99")
    assert "gen6" in error.value.expected
