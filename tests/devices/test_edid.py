"""EDIDs: ours and a hand-made one against bare arithmetic, and what is refused or warned of."""

import os

import pytest

from fwsim.devices.edid import default_edid, parse_edid, read_edid
from fwsim.errors import FwsimError


def edid(changes=(), extension=False, checksum=True):
    """A digital 1.4 monitor, maker ACM, 1920x1080 preferred, named "HAND MADE"; ``changes`` are (offset, bytes)."""
    data = bytearray.fromhex("00ffffffffffff00") + bytearray(120)
    data[8:18] = b"\x04\x6d\x34\x12\x78\x56\x34\x12\x05\x1e"  # A=1 C=3 M=13: 00001 00011 01101
    data[18:23] = bytes((1, 4, 0xA5, 52, 29))
    data[54:72] = bytes.fromhex("023a801871382d40582c4500092521 00001e".replace(" ", ""))
    data[72:90] = b"\0\0\0\xfc\0HAND MADE\n   "
    if extension:
        data[126] = 1
    for offset, raw in changes:
        data[offset : offset + len(raw)] = raw
    if checksum:
        data[127] = -sum(data[:127]) & 0xFF
    if extension:
        block = bytearray(b"\x02\x03\x04\x00") + bytearray(124)
        block[127] = -sum(block) & 0xFF
        data += block
    return bytes(data)


def test_what_it_says():
    said = parse_edid(edid())
    assert (said.maker, said.product, said.serial, said.year) == ("ACM", 0x1234, 0x12345678, 2020)
    assert (said.version, said.name, said.digital) == ("1.4", "HAND MADE", True)
    assert (said.width_cm, said.height_cm, said.extensions) == (52, 29, 0)
    assert (said.preferred.hactive, said.preferred.vactive, said.preferred.clock_khz) == (1920, 1080, 148500)
    assert said.warnings == ()


def test_ours_is_in_order():
    said = parse_edid(default_edid())
    assert (said.maker, said.name, said.digital, said.warnings) == ("FWS", "FWSIM", False, ())
    timing = said.preferred
    assert (timing.hactive, timing.vactive, timing.clock_khz) == (1024, 768, 65000)
    assert timing.refresh_hz == pytest.approx(60, abs=0.01)


def test_two_blocks():
    said = parse_edid(edid(extension=True))
    assert (len(said.data), said.extensions, said.warnings) == (256, 1, ())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (edid(checksum=False), "block 0: wrong checksum"),
        (edid(extension=True)[:255] + b"\1", "block 1: wrong checksum"),
        (edid([(126, b"\1")]), "says 1 extension blocks, the file has 0"),
        (edid(extension=True, changes=[(126, b"\0")]), "says 0 extension blocks, the file has 1"),
        (edid([(18, b"\2\0")]), "version 2.0"),
        (edid([(54, bytes(18))]), "no preferred timing"),
        (edid([(57, b"\1\x70")]), "preferred timing: horizontal sync"),
    ],
)
def test_warnings(data, said):
    assert any(said in warning for warning in parse_edid(data).warnings)


def test_a_wrong_checksum_names_the_right_byte():
    data = edid()
    (warning,) = parse_edid(data[:127] + bytes([data[127] ^ 0x55])).warnings
    assert warning.endswith(f"{data[127]:#04x}")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 bytes"),
        (edid()[:100], "100 bytes"),
        (edid() * 3, "384 bytes"),
        (bytes(128), "beginning 00 00 00 00"),
        (edid()[1:] + b"\0", "beginning ff ff"),
    ],
)
def test_what_is_no_edid(tmp_path, data, said):
    path = tmp_path / "m.edid"
    path.write_bytes(data)
    with pytest.raises(FwsimError, match="not an EDID") as caught:
        read_edid(str(path))
    assert said in caught.value.found or said == "384 bytes"
    assert caught.value.where == str(path)


def test_files_that_cannot_be_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("gone", "cannot be read"), (".", "cannot be read|not a regular"), ("pipe", "not a regular")):
        with pytest.raises(FwsimError, match=said):
            read_edid(str(tmp_path / name))


def test_a_large_file_is_not_read_whole(tmp_path):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FwsimError, match="not an EDID") as caught:
        read_edid(str(tmp_path / "large"))
    assert str(1 << 40) in caught.value.found
