"""OpRegions: built and taken apart, by the offsets of the specification and of the kernel's vfio driver."""

import struct

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor.vfio.opregion import region_bytes, view_of
from fwsim.rom.opregion import SIZE, build_opregion, display_name, parse_opregion
from fwsim.rom.source import find_vbt

BLOCKS = [(1, b"\x01" * 5)]


def header(version=0x0200, size_kib=8, mailboxes=0x1F, rvda=0, rvds=0, vbt=b"", tail=b""):
    """An OpRegion by hand: every field at the offset the specification gives."""
    data = bytearray(0x2000)
    data[0:16] = b"IntelGraphicsMem"
    struct.pack_into("<I", data, 0x10, size_kib)
    struct.pack_into("<I", data, 0x14, version << 16)
    struct.pack_into("<I", data, 0x58, mailboxes)
    struct.pack_into("<Q", data, 0x3BA, rvda)
    struct.pack_into("<I", data, 0x3C2, rvds)
    data[0x400 : 0x400 + len(vbt)] = vbt
    return bytes(data) + tail


def parsed(data):
    findings = []
    return parse_opregion(data, findings), findings


def test_every_field(make):
    data = bytearray(header(vbt=make.vbt(BLOCKS)))
    data[0x18:0x1D] = b"BIOS7"
    data[0x38:0x3C] = b"1046"
    data[0x60:0x64] = b"\x81\x01\0\0"
    struct.pack_into("<3I", data, 0x120, 0x100, 0x400, 0x10301)
    struct.pack_into("<I", data, 0x140, 0x400)
    struct.pack_into("<I", data, 0x1AC, 1)
    struct.pack_into("<I", data, 0x318, 0x80000064)
    struct.pack_into("<3H", data, 0x31C, 0x8033, 0x8A40, 0xE4FF)
    region, findings = parsed(bytes(data))
    assert (region.size, region.version, region.version_name) == (8192, 0x0200, "2.0")
    assert (region.mailboxes, region.pcon) == ((1, 2, 3, 4, 5), 0x181)
    assert (region.system_bios, region.video_bios) == ("BIOS7", "1046")
    assert (region.displays, region.attached, region.active) == ((0x100, 0x400, 0x10301), (0x400,), ())
    assert [display_name(each) for each in region.displays] == ["CRT 0", "panel 0", "digital 1"]
    assert (region.lid_open, region.docked, region.brightness) == (True, False, 100)
    assert region.backlight == ((0, 0x33), (10, 0x40), (100, 0xFF))
    assert (region.vbt_offset, region.vbt_from, findings) == (0x400, "mailbox 4", [])


@pytest.mark.parametrize("version", [0x0100, 0x0200, 0x0201, 0x0203])
def test_a_small_vbt_lies_in_mailbox_4(make, version):
    table = make.vbt(BLOCKS)
    data = build_opregion(table, version)
    assert len(data) == SIZE
    assert data[:16] == b"IntelGraphicsMem"
    assert struct.unpack_from("<IHH", data, 0x10) == (8, 0, version)
    assert data[0x400 : 0x400 + len(table)] == table
    assert data[0x3BA:0x3C6] == bytes(12)
    region, findings = parsed(data)
    assert (region.version, region.mailboxes, region.vbt_from, findings) == (version, (1, 2, 3, 4), "mailbox 4", [])


def test_a_large_vbt_follows(make, tmp_path):
    table = make.vbt([(46, bytes(7000))])
    data = build_opregion(table)
    assert len(data) == SIZE + len(table)
    assert struct.unpack_from("<H", data, 0x16) == (0x0201,)
    assert struct.unpack_from("<QI", data, 0x3BA) == (0x2000, len(table))
    assert data[0x400:0x404] == bytes(4)
    region, findings = parsed(data)
    assert (region.extended, region.vbt_offset, region.vbt_from, findings) == (True, 0x2000, "RVDA", [])
    (tmp_path / "dump").write_bytes(data)
    found = find_vbt(tmp_path / "dump")
    assert (found.vbt.size, [block.id for block in found.vbt.blocks]) == (len(table), [46])


def test_the_kernel_takes_it_as_meant(make):
    """The model of vfio's driver, written apart from this, sees the same table."""
    table = make.vbt([(46, bytes(7000))])
    data = build_opregion(table)
    seen = view_of(data, 0xDA9F5018)
    assert (seen.errno, seen.size, seen.vbt, seen.vbt_size) == ("", SIZE + len(table), 0xDA9F7018, len(table))
    assert parsed(region_bytes(data, table, 0xDA9F5018))[0].vbt_offset == 0x2000


@pytest.mark.parametrize(
    ("size", "version", "said"), [(6145, 0x0200, "does not fit"), (65537, 0, "does not fit"), (10, 0x0300, "version")]
)
def test_what_cannot_be_built(size, version, said):
    with pytest.raises(FwsimError, match=said):
        build_opregion(bytes(size), version)


def test_version_2_0_has_an_address(make):
    region, (finding,) = parsed(header(rvda=0x9A7F0000, rvds=0x1800))
    assert (region.vbt_offset, region.extended, finding.level) == (None, True, "note")
    assert "elsewhere in the host's memory" in finding.what
    assert "0x9a7f0000" in finding.found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (header(0x0201, rvda=0x2000, rvds=0x40), "leads past the end"),
        (header(0x0201, rvda=0xFFFFFFFFFFFFFFFF, rvds=0xFFFFFFFF), "leads past the end"),
        (header(0x0201, rvda=0x2000, rvds=0x40, tail=bytes(0x40)), "no VBT where RVDA says"),
        (header(0x0100, rvda=0x2000, rvds=0x40, tail=bytes(0x40)), "do not count"),
        (header(0x0201, mailboxes=0x0B, rvda=0x2000, rvds=0x40, tail=bytes(0x40)), "do not count"),
        (header(size_kib=4), "unusual size"),
        (header()[:0x1000], "cut off"),
        (header(mailboxes=0x8000001F), "bits that mean nothing"),
    ],
)
def test_what_is_odd(data, said):
    region, findings = parsed(data)
    assert any(said in finding.what for finding in findings)
    assert region.vbt_offset is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not an OpRegion"),
        (b"X" * 8192, "not an OpRegion"),
        (header()[:0x3FF], "cut off"),
        (header(size_kib=0), "no size"),
    ],
)
def test_what_is_none(data, said):
    with pytest.raises(FwsimError, match=said) as caught:
        parse_opregion(data, [], "dump.bin")
    assert caught.value.where.startswith("dump.bin")


def test_no_vbt_says_why(tmp_path):
    (tmp_path / "dump").write_bytes(header(rvda=0x9A7F0000, rvds=0x1800))
    with pytest.raises(FwsimError, match="no VBT in this file: the VBT lies elsewhere") as caught:
        find_vbt(tmp_path / "dump")
    assert "vfio" in caught.value.hint
