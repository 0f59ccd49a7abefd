"""Fixing ids and checksums: vfio's rule over the whole region, the general one over the length byte's extent."""

import struct

import pytest

from fwsim.errors import FwsimError
from fwsim.rom.chain import load_bytes
from fwsim.rom.repair import fix, fix_checksum, fix_ids


def differing(a, b):
    return [at for at, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]


def test_vfio_replaces_the_device_and_sums_the_whole_region(make):
    region = make.legacy(blocks=4).ljust(0x20000, b"\xff")
    fixed = fix(region, 0x8086, 0x0166)
    assert struct.unpack_from("<HH", fixed, 0x44) == (0x8086, 0x0166)
    assert sum(fixed) & 0xFF == 0
    assert set(differing(region, fixed)) <= {6, 0x46, 0x47}


@pytest.mark.parametrize(("vendor", "device"), [(0x8086, 0x0106), (0x10DE, 0x0166)])
def test_vfio_leaves_a_matching_id_and_a_foreign_vendor_alone(make, vendor, device):
    bogus = make.legacy(checksum=False)
    assert fix(bogus, vendor, device) == bogus, "its bogus checksum stays bogus"


def test_vfio_leaves_what_is_no_pci_rom_alone(make):
    for data in (b"", b"\x55\xaa", bytes(64), make.legacy(structure=False)):
        assert fix(data, 0x8086, 0x0166) == data


def test_vfio_sum_does_not_make_a_shrunk_shadow_right(make):
    """The sum is over the region: with live bytes behind a shrunk length byte SeaBIOS's own sum is not 0."""
    shadow = make.legacy(blocks=4, length_byte=3, structure=make.pcir(blocks=4), extra=[(0x7FF, b"\x5a")])
    fixed = fix(shadow, 0x8086, 0x0166)
    assert sum(fixed) & 0xFF == 0
    assert sum(fixed[: 3 * 512]) & 0xFF == 0x100 - 0x5A
    assert not load_bytes(fixed).legacy.checksum_ok


@pytest.mark.parametrize(("vendor", "device"), [(-1, 0), (0, 0x10000)])
def test_ids_of_more_than_16_bits(make, vendor, device):
    with pytest.raises(FwsimError, match="16 bits"):
        fix(make.legacy(), vendor, device)


def test_checksum_goes_to_byte_6_behind_a_jump(make):
    data = make.legacy(blocks=4, length_byte=3, checksum=False)
    fixed, at = fix_checksum(data)
    assert at == 6
    assert sum(fixed[: 3 * 512]) & 0xFF == 0
    assert differing(data, fixed) == [6]


def test_checksum_goes_to_the_last_byte_when_byte_6_is_code(make):
    data = make.legacy(entry=b"\x50\x53\x51\x52", checksum=False)
    fixed, at = fix_checksum(data)
    assert at == 1023
    assert sum(fixed) & 0xFF == 0


def test_checksum_byte_by_choice(make):
    fixed, at = fix_checksum(make.legacy(checksum=False), byte=0x200)
    assert at == 0x200
    assert sum(fixed) & 0xFF == 0
    with pytest.raises(FwsimError, match="must lie in the image"):
        fix_checksum(make.legacy(), byte=2)


def test_right_checksum_is_left_alone(make):
    data = make.legacy()
    assert fix_checksum(data) == (data, 6)


@pytest.mark.parametrize("data", [b"", b"\x55\xaa", b"\x55\xaa\x00" + bytes(600), b"\x55\xaa\x04" + bytes(600)])
def test_checksum_of_no_whole_image(data):
    with pytest.raises(FwsimError, match="no whole image"):
        fix_checksum(data)


def test_ids_of_every_image_and_legacy_checksums(make):
    data = make.legacy(structure=make.pcir(last=False)) + make.efi()
    fixed, changes = fix_ids(data, None, 0x0A16)
    rom = load_bytes(fixed)
    assert [image.pcir.device for image in rom.images] == [0x0A16, 0x0A16]
    assert rom.legacy.checksum == 0
    assert [(c.offset, c.what) for c in changes] == [
        (6, "image 0: checksum byte"),
        (0x46, "image 0: PCIR device id"),
        (1024 + 0x22, "image 1: PCIR device id"),
    ]


def test_ids_for_an_isa_rom(make):
    with pytest.raises(FwsimError, match="no PCIR"):
        fix_ids(make.legacy(structure=False), 0x8086, None)


def test_real_image_gets_another_id(real):
    data = real("snm_2170.dat").read_bytes()
    fixed = fix(data, 0x8086, 0x0126)
    assert differing(data, fixed) == [6, 0x46]
    assert load_bytes(fixed).legacy.checksum == 0
