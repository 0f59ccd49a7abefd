"""The decoders of the data blocks, on blocks put together by hand from the structures Linux names."""

import struct

import pytest

from fwsim.rom.bdb import Tables
from fwsim.rom.bdb_fields import Bits, flag, number, read_rows
from fwsim.rom.chain import inspect_bytes

DTD = bytes.fromhex("641900404100263018883600000000000018")
BDB = 0x80 + 48


@pytest.fixture
def tables(make):
    """A function from (id, data) pairs and a BDB version to the tables of a ROM with this VBT at 0x80."""

    def build(blocks, version=200):
        table = bytearray(make.vbt(blocks))
        struct.pack_into("<H", table, 48 + 16, version)
        image = make.legacy(blocks=16, word_1a=0x80, extra=[(0x80, bytes(table))])
        rom = inspect_bytes(image)
        return Tables(rom.legacy.vbt, rom.data)

    return build


def decoded(tables, number):
    return tables.decode(next(block for block in tables.vbt.blocks if block.id == number))


def rows(tables, number):
    return {row.name: row.value for row in decoded(tables, number).rows}


def child(**changes):
    """A child device of 38 bytes: EFP 2, DisplayPort and HDMI, on DP-C with DDC pin 4 and AUX C."""
    fields = {"handle": 0x40, "type": 0x60D6, "port": 8, "ddc": 4, "aux": 0x20, "support": 3, "flags": 1}
    fields |= changes
    record = bytearray(38)
    struct.pack_into("<HH", record, 0, fields["handle"], fields["type"])
    record[16], record[17], record[18], record[19] = fields["port"], 5, 0x70, fields["ddc"]
    record[23], record[24], record[25] = fields["flags"], fields["support"], fields["aux"]
    return bytes(record)


def definitions(*children, size=38):
    return bytes((2, 4, 1, 0, size)) + b"".join(children)


def test_bits_and_the_rest():
    fields = (flag(0, 1, "one"), Bits(1, 2, 4, 8, "middle"), number(3, 1, "time", "ms", 10), flag(9, 0, "beyond"))
    said = read_rows(b"\x07\xf5\x5f\x02", fields, 200)
    assert [(row.name, row.value, row.text) for row in said] == [
        ("one", True, "yes"),
        ("middle", 0xFF, "255"),
        ("time", 2, "20 ms"),
        ("bits without a name", 3, "+0x0: 0x05, +0x1: 0x05, +0x2: 0x50"),
    ]


def test_fields_of_another_version_have_no_name():
    fields = (flag(0, 0, "young", since=181), flag(0, 1, "old", until=180))
    assert [row.name for row in read_rows(b"\x02", fields, 180)] == ["old"]
    assert [row.name for row in read_rows(b"\x02", fields, 181)] == ["young", "bits without a name"]


def test_general_features(tables):
    said = rows(tables([(1, b"\x8b\x02\x00\x01\x21")]), 1)
    assert said["panel fitting"] == 3
    assert (said["boot messages"], said["DVO colour flip"], said["flexible AIM"]) == (True, True, False)
    assert (said["LVDS spread spectrum"], said["legacy monitor detection"]) == (True, 1)
    assert (said["CRT on the chip"], said["TV on the chip"], said["DisplayPort dongles may use it"]) == (
        True, False, True,
    )  # fmt: skip


def test_child_devices(tables):
    first, second = tables([(2, definitions(child(), child(handle=8, type=0x1022, port=4, ddc=3, aux=0)))]).children()
    assert (first.handle_name, first.type_name, first.port_name) == ("EFP 2", "DP, HDMI or DVI", "DP-C")
    assert (first.ddc_pin, first.aux_name, first.i2c_pin, first.i2c_address) == (4, "C", 5, 0x70)
    assert (first.hdmi, first.dp, first.tmds, first.docked) == (True, True, False, True)
    assert first.offset + 38 == second.offset
    assert (second.handle_name, second.type_name, second.port_name, second.aux_name) == ("LFP 1", "LFP", "LVDS", "")
    assert second.type_bits == ("internal", "LVDS", "digital")


def test_child_devices_of_an_old_table(tables):
    record = bytearray(child(type=0x1009, port=5)[:33])
    record[4:14] = b"TV encoder"
    (only,) = tables([(2, definitions(bytes(record), size=33))], version=142).children()
    assert (only.id, only.type_name, only.port_name) == ("TV encoder", "TV", "TV")
    assert (only.hdmi, only.dp, only.docked) == (False, False, False), "these bits came with version 158"


def test_unusual_values_are_numbers(tables):
    (only,) = tables([(2, definitions(child(handle=0x1234, type=0x8401, port=99, aux=0xA0)))]).children()
    assert (only.handle_name, only.port_name, only.aux_name) == ("0x1234", "0x63", "0xa0")
    assert only.type_name == "class extension, MIPI, analog"


def test_absent_and_broken_child_devices(tables):
    said = decoded(tables([(2, definitions(child(type=0), child()) + b"\1\2")]), 2)
    assert [row[0] for row in said.grids[0].rows] == [1]
    assert said.problems == ("2 bytes follow the last whole child device",)
    for size in (0, 32, 255):
        broken = tables([(2, definitions(child(), size=size))])
        assert broken.children() == ()
        assert decoded(broken, 2).problems or size == 255
    assert tables([(2, b"\1")]).children() == ()


def panel_blocks(count=16, shift=0, pairs=3, panel_type=1):
    """Blocks 40, 41 and 42: ``count`` panels of 1024x768 whose clock is 650 + index (10 kHz); LFP data comes first."""
    start = 22 + 3
    registers = 4 + 8 * pairs + 2
    size = registers + 18 + 10
    data = b""
    pointers = b"\x03"
    for index in range(count):
        at = start + len(data) + shift
        pointers += struct.pack("<HBHBHB", at, registers, at + registers, 18, at + registers + 18, 10)
        data += struct.pack("<HH", 1024, 768)
        data += b"".join(struct.pack("<II", 0xE1180 + 4 * pair, 0x300 + index) for pair in range(pairs)) + b"\xff\xff"
        data += struct.pack("<H", 6500 + index) + DTD[2:] + b"\x36\x7f" + struct.pack("<HIBB", index, 7, 1, 12)
    assert len(data) == count * size
    pointers = pointers.ljust(145, b"\0") + struct.pack("<HB", start + len(data), 13)
    data += b"".join(f"panel {index}".encode().ljust(13) for index in range(count))
    return [(42, data), (41, pointers), (40, bytes((panel_type, 0, 0x73, 0)))]


def test_panels(tables):
    said = tables(panel_blocks())
    panels = said.panels()
    assert [panel.index for panel in panels] == list(range(16))
    panel = said.panel()
    assert (panel.index, panel.width, panel.height, panel.name) == (1, 1024, 768, "panel 1")
    assert (panel.maker, panel.product, panel.serial, panel.week, panel.year) == ("MS_", 1, 7, 1, 2002)
    assert panel.registers == ((0xE1180, 0x301), (0xE1184, 0x301), (0xE1188, 0x301))
    timing = panel.timing
    assert (timing.clock_khz, timing.hactive, timing.htotal, timing.vsync_end) == (65010, 1024, 1344, 777)
    assert (timing.hsync_positive, timing.vsync_positive) == (False, False)


def test_the_register_list_ends_where_it_says(tables):
    """Crestline keeps five pairs, Sandy Bridge four: the terminator decides, not the table's version."""
    assert [len(tables(panel_blocks(pairs=pairs)).panels()[0].registers) for pairs in (0, 4, 5)] == [0, 4, 5]


def test_pointers_out_of_the_data(tables):
    said = tables(panel_blocks(shift=0x4000))
    assert said.panels() == ()
    problems = decoded(said, 42).problems
    assert problems[0] == "panel 0: its pointers lead out of the LFP data"
    assert "is none of the LFP data's panels" in decoded(said, 40).problems[0]
    assert said.panel() is None


def test_pieces_of_panels_that_overlap_are_said(tables):
    blocks = panel_blocks()
    pointers = bytearray(blocks[1][1])
    pointers[1 + 9 : 1 + 18] = pointers[1:10]  # panel 1 lies where panel 0 does
    said = decoded(tables([blocks[0], (41, bytes(pointers)), blocks[2]]), 42)
    assert said.problems == ("panel 1: its data overlap another piece of the LFP data",)


def test_a_panel_the_table_does_not_know(tables):
    said = tables(panel_blocks(panel_type=16))
    assert (said.panel_type, said.panel()) == (None, None)
    assert decoded(said, 40).problems == ("panel type 16 is none of the LFP data's panels",)
    assert "EDID" in decoded(tables(panel_blocks(panel_type=0xFF)), 40).problems[0]


def test_lfp_data_without_pointers_has_them_computed(tables):
    """Linux's generate_lfp_data_ptrs: 38 bytes of registers, 18 of timing, 10 of PnP id, sixteen times; then names."""
    whole = panel_blocks(pairs=4)
    (_, data), options = whole[0], (40, b"\1\0\0\0")
    for version, computed in ((200, True), (155, True), (154, False)):
        said = tables([(42, data), options], version=version)
        assert len(said.panels()) == (16 if computed else 0)
        assert bool(decoded(said, 42).problems) is not computed
    said = tables([(42, data), options])
    assert [panel.name for panel in said.panels()[:2]] == ["panel 0", "panel 1"]
    assert tables([(42, data[:-1]), options]).panels()[0].name == "", "no room for sixteen names"
    assert said.panels()[1].timing == tables(whole).panels()[1].timing
    assert tables([(42, data[: 16 * 66 - 1]), options]).panels() == ()


def test_impossible_timings_are_said(tables):
    blocks = panel_blocks()
    data = bytearray(blocks[0][1])
    data[4 + 24 + 2 + 4] = 0x40  # panel 0's horizontal blanking, less 256
    assert "panel 0: horizontal sync" in decoded(tables([(42, bytes(data)), *blocks[1:]]), 42).problems[0]


def test_edp(tables):
    sequences = b"".join(struct.pack("<5H", 2000 + index, 10, 2000, 500, 5000) for index in range(16))
    links = struct.pack("<H", 1 | 3 << 4 | 2 << 8 | 1 << 12) * 16
    body = sequences + struct.pack("<I", 0b1001 << 4) + links + bytes(4) + struct.pack("<HH", 4, 0xFFFF)
    power, features, links = decoded(tables([(27, body)], version=165), 27).grids
    assert (links.columns, links.rows[5]) == (("panel", "MSA delay"), (5, 0))
    assert power.rows[2] == (2, 200.2, 1.0, 200.0, 50.0, 500.0, 24, "2.7", 4, "0.6 V", "6 dB")
    assert power.rows[3][6] == 30
    assert features.columns == ("panel", "3D", "T3 opt.")
    assert [row[1:] for row in features.rows[1:4]] == [(0, 1), (1, 1), (0, 1)]


def test_backlight(tables):
    entries = b"".join(struct.pack("<BHBBB", 2 | 4 * (index == 3), 200 + index, index, 0, 0) for index in range(16))
    levels, control = bytes(range(100, 116)), bytes((0x12,)) * 16
    (grid,) = decoded(tables([(43, b"\x06" + entries + levels + control)], version=206), 43).grids
    assert grid.rows[3] == (3, "PWM", 203, "yes", 3, 103, "display PWM 1")
    assert decoded(tables([(43, b"\x00" + entries)]), 43).grids[0].rows == ()


@pytest.mark.parametrize(
    ("version", "bits", "level", "least", "used"),
    [
        (233, 0, 9, 25, 6),
        (234, 0, 9, 25, 25),
        (235, 0, 0x100, 510, 2),
        (236, 8, 0xFFFF, 25, 25),
        (240, 16, 1, 2550, 10),
    ],
)
def test_backlight_minimum_by_version(tables, version, bits, level, least, used):
    """Linux's parse_lfp_backlight: the byte until 233, then 16-bit levels, divided by 255 if wide."""
    body = b"\x06" + struct.pack("<BHBBB", 2, 200, 6, 0, 0) * 16 + b"\x64" * 16 + b"\x02" * 16
    body += struct.pack("<HH", level, 0) * 16 + struct.pack("<HH", least, 0) * 16 + bytes((bits,)) * 16
    said = tables([(43, body), (40, b"\1\0\0\0")], version=version)
    assert said.backlight().minimum == used
    (grid,) = decoded(said, 43).grids
    assert dict(zip(grid.columns, grid.rows[1], strict=True))["minimum"] == used


def test_psr_times_by_version(tables):
    body = b"".join(struct.pack("<BBHH", 1, 0x25, 2, 0x32) for _ in range(16))
    for version, times in ((200, ("200 us", "5000 us")), (206, ("2500 us", "5000 us"))):
        (grid,) = decoded(tables([(9, body)], version=version), 9).grids
        assert grid.rows[0] == (0, "yes", "no", 5, 2, *times)


def test_generic_timings(tables):
    entry = struct.pack("<I10H", 148500, 1920, 280, 88, 44, 1080, 45, 4, 5, 521, 293) + b"\xc0\0\0\0"
    (grid,) = decoded(tables([(58, struct.pack("<H", 28) + entry)], version=229), 58).grids
    assert grid.rows == ((0, "1920x1080", 148500, "2008 2052 2200", "1084 1089 1125", "++", 60.0),)
    assert decoded(tables([(58, b"\x03\0" + entry)]), 58).grids[0].rows == ()


def test_sdvo_timings(tables):
    (grid,) = decoded(tables([(23, DTD * 4)]), 23).grids
    assert grid.rows[3] == (3, "1024x768", 65000, "1048 1184 1344", "771 777 806", "--", 60.0)


def test_a_block_without_a_decoder(tables):
    said = tables([(252, b"abc")])
    assert said.decode(said.vbt.blocks[0]) is None
    assert said.open(said.vbt.blocks[0]).raw == b"abc"


@pytest.mark.parametrize("number", [*range(1, 33), *range(40, 47), *range(50, 59), 252, 253, 254])
def test_blocks_of_every_length(tables, number):
    """A block cut at any length is read as far as it goes; a part of a structure is left out."""
    whole = dict([*panel_blocks(), (2, definitions(child(), child()))]).get(number, b"\xff" * 320)
    for length in range(0, len(whole) + 1, 7):
        said = tables([(number, whole[:length]), (41, b"\xff" * 148), (42, b"\xff" * 99), (40, b"\1")])
        for block in said.vbt.blocks:
            said.decode(block)
            said.panels()


def test_register_lists(tables):
    body = b"\xfc\xff\x02" + struct.pack("<IIII", 0xC6014, 0x4800080, 0x70080, 5) + b"\xff\xff"
    said = decoded(tables([(6, body)]), 6)
    assert said.grids[0].rows == ((0, "0x000c6014", "0x04800080"), (1, "0x00070080", "0x00000005"))
    assert said.problems == ()
    assert decoded(tables([(6, body[:-2])]), 6).problems == ("no end marker",)
    assert decoded(tables([(7, b"\xfe\xff\xce\x18\x07\xff\xff")]), 7).grids[0].rows == ((0, "0x18", "0x07"),)
    assert "is not known" in decoded(tables([(8, b"\xfe\xff\x07\x18")]), 8).problems[0]


def test_lists_of_displays_follow_each_other(tables):
    body = struct.pack("<HB", 2, 2) + struct.pack("<HH", 1, 0x48) + struct.pack("<HB", 1, 2) + struct.pack("<H", 0x203)
    for version, first, last in ((200, "CRT", "CRT, TV, 0x200"), (217, "EFP 6", "EFP 6, EFP 5, EFP 8")):
        one, two = decoded(tables([(31, body)], version=version), 31).grids
        assert one.rows == ((0, first), (1, "LFP 1, EFP 2"))
        assert two.rows == ((0, last),)


def test_attached_displays_have_two_forms(tables):
    new = struct.pack("<H", 1) + struct.pack("<HH", 4, 0x40)
    assert decoded(tables([(253, new)], version=217), 253).grids[0].rows == ((0, "EFP 1", "EFP 2"),)
    old = b"\x14\x04\x10" * 16 + struct.pack("<H", 16)
    for version in (200, 240):
        assert decoded(tables([(253, old)], version=version), 253).grids[0].rows[15] == (
            15,
            "EFP 1, EFP 4",
            "EFP 1",
            "EFP 4",
        )


def test_mipi_sequences(tables):
    actions = (
        b"\x0a"
        + struct.pack("<I", 13)
        + b"\x03\x03\x00\x01\x01"
        + b"\x02\x04"
        + struct.pack("<I", 20000)
        + b"\0"
        + b"\0"
    )
    body = b"\x00" + struct.pack("<I", len(actions)) + actions
    said = decoded(tables([(53, b"\x03" + struct.pack("<I", len(body)) + body)]), 53)
    assert said.grids[0].rows == (
        (0, "power on", "GPIO", "index 0, number 1, set 1"),
        (0, "power on", "delay", "20000 us"),
    )
    assert said.problems == ()
    cut = decoded(tables([(53, b"\x03" + struct.pack("<I", len(body) - 3) + body[:-3])]), 53)
    assert "run past the end" in cut.problems[0]
