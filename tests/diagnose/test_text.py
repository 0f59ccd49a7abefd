"""Lines come out of files as tools leave them: encodings, gzip, colour, damage; a line of any length, a file of any."""

import gzip
import random
import tracemalloc

import pytest

from fwsim.diagnose.messages.sieve import SMALL, Sieve
from fwsim.diagnose.text import LINE_MAX, blocks, lines, shown

TEXT = "one\ntwo DMAR: übel\n\nfour"


def read(tmp_path, data):
    path = tmp_path / "x.log"
    path.write_bytes(data)
    return list(lines(path))


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(), b"\xef\xbb\xbf" + TEXT.encode(), TEXT.replace("\n", "\r\n").encode(), TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"), TEXT.encode("utf-16-le"), TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode("utf-16"), gzip.compress(TEXT.encode(), mtime=0),
        gzip.compress(TEXT.encode("utf-16"), mtime=0),
        gzip.compress(b"one\n", mtime=0) + gzip.compress(TEXT[4:].encode(), mtime=0),
        TEXT.replace("two", "\x1b[1;31mtwo\x1b[0m").encode(),
        b"\0" * 600 + TEXT.encode(), (TEXT + "\n").encode(),
    ],
)  # fmt: skip
def test_the_same_lines_whatever_the_file(tmp_path, data):
    assert read(tmp_path, data) == [(1, "one"), (2, "two DMAR: übel"), (3, ""), (4, "four")]


@pytest.mark.parametrize("data", [b"", b"\x55\xaa" + bytes(range(256)) * 64, bytes(5000), b"\0\x01\0\x02" * 2000])
def test_what_is_no_text_has_no_lines(tmp_path, data):
    assert read(tmp_path, data) == []


def test_bytes_that_are_no_text_do_not_end_a_line(tmp_path):
    assert read(tmp_path, b"a\xff\xfeb\nc") == [(1, "a��b"), (2, "c")]


def test_a_line_feed_in_a_utf16_letter_is_none(tmp_path):
    """U+0A0D is 0D 0A in bytes, and U+010A U+000B has 0A 00 across two letters."""
    text = "xĊ਍y\nz"
    assert read(tmp_path, text.encode("utf-16")) == [(1, "xĊ਍y"), (2, "z")]


def test_a_gzip_file_that_is_cut_says_so(tmp_path):
    path = tmp_path / "x.gz"
    body = "".join(f"{random.Random(n).random()}\n" for n in range(4000)).encode()
    path.write_bytes(gzip.compress(body, mtime=0)[:-4000])
    found = list(blocks(path))
    assert found[-1].cut == "the gzip file is cut off"
    assert 0 < sum(block.count for block in found) < 4000
    path.write_bytes(gzip.compress(body, mtime=0)[:-8] + bytes(8))
    found = list(blocks(path))
    assert "damaged" in found[-1].cut
    assert sum(block.count for block in found) > 3000


def test_blocks_number_their_lines_on(tmp_path):
    path = tmp_path / "x.log"
    path.write_text("".join(f"line {number}\n" for number in range(1, 300_001)))
    assert len(list(blocks(path))) > 2
    assert all(text == f"line {number}" for number, text in lines(path))
    assert sum(1 for _ in lines(path)) == 300_000


def test_a_line_of_100_mib_and_a_bomb_cost_no_memory(tmp_path):
    path = tmp_path / "x.log"
    with path.open("wb") as file:
        file.write(b"begin ")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b"\nDMAR: IOMMU enabled\n")
    packed = tmp_path / "x.gz"
    packed.write_bytes(gzip.compress(b"y" * (64 << 20) + b"\nend", mtime=0))
    tracemalloc.start()
    found, bomb = list(lines(path)), list(lines(packed))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(number, text[:8], len(text)) for number, text in found] == [(1, "begin xx", LINE_MAX), (2, "DMAR: IO", 19)]
    assert [text[:3] for _, text in bomb] == ["yyy", "end"]
    assert peak < 16 << 20


def test_what_is_shown_is_printable_and_short():
    assert shown("  a\x07b\tc  ") == "a b c"
    assert len(shown("x" * 1000)) == 240


def test_a_sieve_finds_what_search_finds():
    """Of a block too large to search for each text, as of a small one."""
    words = ["legacy mode disabled", "IOMMU", ") failed: ", "VT-d", "übel"]
    draw = random.Random(7)
    for size in (100, SMALL + 5000):
        block = "".join(draw.choice("abc IOMU-VTd)f:lue\n") for _ in range(size))
        for inside in ([], words[:1], words[1:3], words):
            text = block[: size // 2] + " ".join(inside) + block[size // 2 :]
            assert Sieve(words).found_in(text) == {word for word in words if word in text} >= set(inside)
