"""The Video BIOS Table: hand-made ones, and the published images' against bare arithmetic."""

import struct

import pytest

from fwsim.errors import FwsimError
from fwsim.rom.bdb import Tables
from fwsim.rom.chain import inspect_bytes, load
from fwsim.rom.source import find_vbt

BLOCKS = [(1, b"\x01" * 5), (254, b"\0Test BIOS\r\nBuild 7 of today\0"), (2, b"\x02" * 9)]


def test_header_and_blocks(make):
    table = make.vbt(BLOCKS)
    vbt = inspect_bytes(make.legacy(word_1a=0x80, extra=[(0x80, table)])).legacy.vbt
    assert (vbt.offset, vbt.signature, vbt.version, vbt.header_size, vbt.size) == (
        0x80,
        "$VBT TEST",
        100,
        48,
        len(table),
    )
    assert (vbt.bdb_offset, vbt.bdb_version, vbt.bdb_header_size, vbt.sum) == (0x80 + 48, 200, 22, 0)
    first = 0x80 + 48 + 22
    second = first + 8
    third = second + 3 + len(BLOCKS[1][1])
    assert [(b.id, b.offset, b.size) for b in vbt.blocks] == [(1, first, 5), (254, second, 29), (2, third, 9)]
    assert vbt.blocks[0].name == "general features"
    assert vbt.sign_on == ("Test BIOS", "Build 7 of today")


def test_wrong_checksum_is_a_note_only(make):
    rom = inspect_bytes(make.legacy(word_1a=0x80, extra=[(0x80, make.vbt(BLOCKS, checksum=0x77))]))
    assert rom.legacy.vbt.sum != 0
    (finding,) = rom.findings
    assert (finding.level, finding.offset) == ("note", 0x80 + 26)
    assert "never required" in finding.what


def test_mipi_sequence_block_has_a_size_of_its_own(make):
    data = b"\x03" + struct.pack("<I", 15) + bytes(15)
    table = bytearray(make.vbt([(53, data), (1, b"abc")]))
    struct.pack_into("<H", table, 48 + 22 + 1, 0)
    vbt = inspect_bytes(make.legacy(word_1a=0x80, extra=[(0x80, bytes(table))])).legacy.vbt
    assert [(b.id, b.size) for b in vbt.blocks] == [(53, 20), (1, 3)]


def test_block_past_the_end_is_said(make):
    table = bytearray(make.vbt(BLOCKS))
    struct.pack_into("<H", table, 48 + 22 + 1, 500)
    rom = inspect_bytes(make.legacy(word_1a=0x80, extra=[(0x80, bytes(table))]))
    assert rom.legacy.vbt.blocks == ()
    assert any(finding.what == "data block 1 runs past the end of the blocks" for finding in rom.findings)


def test_lengths_that_cannot_be_are_said(make):
    short = bytearray(make.vbt(BLOCKS))
    struct.pack_into("<H", short, 24, 31)
    far = bytearray(make.vbt(BLOCKS))
    struct.pack_into("<I", far, 28, len(far))
    for table, said in ((short, "shorter than its header"), (far, "lie outside it")):
        rom = inspect_bytes(make.legacy(word_1a=0x80, extra=[(0x80, bytes(table))]))
        assert any(said in finding.what for finding in rom.findings)


def test_no_more_blocks_than_there_are_numbers(make):
    rom = inspect_bytes(make.legacy(blocks=8, word_1a=0x80, extra=[(0x80, make.vbt([(7, b"")] * 500))]))
    assert len(rom.legacy.vbt.blocks) == 256
    assert any("too many data blocks" in finding.what for finding in rom.findings)


def test_data_blocks_elsewhere_are_said(make):
    table = bytearray(make.vbt(BLOCKS))
    struct.pack_into("<I", table, 28, 0xFFFFFF00)
    rom = inspect_bytes(make.legacy(word_1a=0x80, extra=[(0x80, bytes(table))]))
    assert rom.legacy.vbt.bdb_version == 0
    assert any("not where it says" in finding.what for finding in rom.findings)


def test_bare_table_and_opregion(make, tmp_path):
    table = make.vbt(BLOCKS)
    (tmp_path / "bare").write_bytes(table)
    header = struct.pack("<16sIHH", b"IntelGraphicsMem", 8, 0, 0x200).ljust(0x58, b"\0") + b"\x0f"
    (tmp_path / "opregion").write_bytes(header.ljust(0x400, b"\0") + table.ljust(0x1C00, b"\0"))
    assert find_vbt(tmp_path / "bare").vbt.offset == 0
    assert find_vbt(tmp_path / "opregion").vbt.offset == 0x400
    (tmp_path / "rom").write_bytes(make.legacy())
    with pytest.raises(FwsimError, match="no VBT in this file"):
        find_vbt(tmp_path / "rom")


@pytest.mark.parametrize(
    ("name", "signature", "bdb_version", "count"),
    [
        ("snm_2170.dat", "$VBT SNB/IVB-MOBILE", 174, 37),
        ("hsw2180.dat", "$VBT HASWELL", 177, 37),
        ("Vga.dat", "$VBT VALLEYVIEW", 155, 25),
    ],
)
def test_published_images(real, name, signature, bdb_version, count):
    path = real(name)
    data = path.read_bytes()
    vbt = load(path).legacy.vbt
    start = struct.unpack_from("<H", data, 0x1A)[0]
    assert (vbt.offset, vbt.signature, vbt.bdb_version) == (start, signature, bdb_version)
    at = start + struct.unpack_from("<I", data, start + 28)[0] + 22
    for block in vbt.blocks:
        assert (block.id, block.offset, block.size) == (data[at], at, struct.unpack_from("<H", data, at + 1)[0])
        at += 3 + block.size
    assert at == start + struct.unpack_from("<H", data, start + 24)[0], "the blocks fill the table to its end"
    assert len(vbt.blocks) == count
    assert vbt.sum != 0, "wrong in every image"
    assert "DECOMPILATION OR DISASSEMBLY PROHIBITED" in vbt.sign_on


def findings_of(make, table):
    rom = inspect_bytes(make.legacy(blocks=16, word_1a=0x80, extra=[(0x80, bytes(table))]))
    return rom, [finding.what for finding in rom.findings]


def test_a_block_that_repeats_is_said_once(make):
    rom, said = findings_of(make, make.vbt([(1, b"\1" * 5), (1, b"\2" * 5), (1, b"\3" * 5)]))
    assert [what for what in said if "more than once" in what] == [
        "data block 1 is there more than once: the first one counts"
    ]
    assert Tables(rom.legacy.vbt, rom.data).block(1).raw == b"\1" * 5


def test_blocks_that_end_outside_the_table_are_said(make):
    table = bytearray(make.vbt(BLOCKS))
    struct.pack_into("<H", table, 48 + 20, len(table) - 48 + 1)
    assert "the VBT's data blocks end outside it" in findings_of(make, table)[1]
    struct.pack_into("<H", table, 48 + 20, 0xFFFF)
    rom, said = findings_of(make, table)
    assert "the VBT's data blocks run past the end of the file" in said
    assert [block.id for block in rom.legacy.vbt.blocks[:3]] == [1, 254, 2]


@pytest.mark.parametrize(("counted", "there"), [(15, True), (20, True), (21, False), (0xFFFFFFFF, False)])
def test_a_sequence_whose_own_size_ends_outside_is_said(make, counted, there):
    """Its size leaves out five bytes; Linux asks that what is counted, not the whole, ends within the blocks."""
    rom, said = findings_of(make, make.vbt([(53, b"\x03" + struct.pack("<I", counted) + bytes(15))]))
    assert bool(rom.legacy.vbt.blocks) is there
    assert ("data block 53 runs past the end of the blocks" in said) is not there
