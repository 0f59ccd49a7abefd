"""A ROM with another VBT: where it fits, what is made right, and what is refused with numbers."""

import struct

import pytest

from fwsim.errors import FwsimError
from fwsim.rom.chain import inspect_bytes, load_bytes
from fwsim.rom.source import find_vbt
from fwsim.rom.vbt_replace import replace_vbt

AT = 0x100


def table(make, size):
    """A VBT of ``size`` bytes in all."""
    return make.vbt([(254, b"x" * (size - 48 - 22 - 3))])


@pytest.fixture
def vbt_file(make, tmp_path):
    def make_one(size):
        path = tmp_path / f"{size}.vbt"
        path.write_bytes(table(make, size))
        return find_vbt(path)

    return make_one


def rom(make, size, follows=b"", blocks=2, fill=0, **options):
    """A ROM of 1 KiB with a VBT at 0x100, what follows it, and padding."""
    body = table(make, size) + follows
    body += bytes((fill,)) * (blocks * 512 - AT - len(body) - 1)
    return make.legacy(blocks=blocks, word_1a=AT, extra=[(AT, body)], **options)


def sums(data):
    """Of the first image, over its length byte, and of the VBT: by hand."""
    size = struct.unpack_from("<H", data, AT + 24)[0]
    return sum(data[: data[2] * 512]) & 0xFF, sum(data[AT : AT + size]) & 0xFF


def test_a_smaller_one_is_followed_by_padding_and_all_sums_are_0(make, vbt_file):
    old = rom(make, 200, follows=b"code")
    result = replace_vbt(old, vbt_file(150), "x")
    assert len(result.data) == len(old)
    assert result.data[AT + 150 : AT + 200] == bytes(50)
    assert result.data[AT + 200 : AT + 204] == b"code"
    assert sums(result.data) == (0, 0)
    assert load_bytes(result.data).legacy.vbt.size == 150
    assert result.data[AT : AT + 26] == table(make, 150)[:26]


def test_a_longer_one_is_refused_where_code_follows(make, vbt_file):
    with pytest.raises(FwsimError, match="does not fit") as error:
        replace_vbt(rom(make, 200, follows=b"code"), vbt_file(201), "x.rom")
    assert error.value.where == "x.rom at 0x100"
    assert error.value.found == "0xc9 bytes, 0x1 too many"
    assert error.value.expected.startswith("at most 0xc8: at 0x1c8 other parts")


@pytest.mark.parametrize("fill", [0, 0xFF])
def test_a_longer_one_takes_the_padding(make, vbt_file, fill):
    most = 1024 - AT - 1
    result = replace_vbt(rom(make, 200, fill=fill), vbt_file(most), "x")
    assert (result.room, result.length) == (most, (1024, 1024))
    assert sums(result.data) == (0, 0)


def test_past_the_padding_the_image_grows_and_the_next_one_moves(make, vbt_file):
    following = make.efi()
    old = rom(make, 200, structure=make.pcir(last=False)) + following
    result = replace_vbt(old, vbt_file(1024 - AT), "x")
    assert result.length == (1024, 1536)
    assert (
        result.data[2],
        struct.unpack_from("<H", result.data, inspect_bytes(result.data).images[0].pcir.offset + 16)[0],
    ) == (3, 3)
    assert result.data[1536:] == following
    assert [image.offset for image in load_bytes(result.data).images] == [0, 1536]
    assert sums(result.data) == (0, 0)


def test_a_segment_is_the_most(make, vbt_file):
    blocks = 127
    start = blocks * 512 - 0x200
    body = table(make, 300) + bytes(0x200 - 300 - 1)
    old = make.legacy(blocks=blocks, structure=make.pcir(blocks=blocks), word_1a=start, extra=[(start, body)])
    fits = replace_vbt(old, vbt_file(0x10000 - start - 1), "x")
    assert fits.length[1] == 0x10000
    with pytest.raises(FwsimError, match="longer than a segment") as error:
        replace_vbt(old, vbt_file(0x10000 - start), "x")
    assert "0xfc00 bytes before the VBT and 0x400 of it" in error.value.found


def test_a_rom_without_one_and_a_damaged_one_are_refused(make, vbt_file, tmp_path):
    with pytest.raises(FwsimError, match="no VBT to replace"):
        replace_vbt(make.legacy(), vbt_file(100), "x")
    cut = tmp_path / "cut.vbt"
    cut.write_bytes(table(make, 200)[:150])
    with pytest.raises(FwsimError, match="past the end of the file"):
        replace_vbt(rom(make, 200), find_vbt(cut), "x")
