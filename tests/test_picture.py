import io
import zlib

import numpy as np
import pytest
from PIL import Image

from fwsim.errors import FwsimError
from fwsim.results.png import png_bytes, repacked


def chunks(data):
    """(type, content) of a PNG's chunks, read by hand."""
    at = 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert int.from_bytes(data[at + 8 + size : at + 12 + size], "big") == zlib.crc32(kind + content)
        yield kind, content
        at += size + 12


def test_pixels_come_back_and_nothing_but_pixels_is_in_it():
    rgb = np.random.default_rng(1).integers(0, 256, (11, 7, 3)).astype(np.uint8)
    data = png_bytes(rgb)
    assert {kind for kind, _ in chunks(data)} == {b"IHDR", b"IDAT", b"IEND"}
    assert dict(chunks(data))[b"IHDR"] == bytes([0, 0, 0, 7, 0, 0, 0, 11, 8, 2, 0, 0, 0])
    assert (np.asarray(Image.open(io.BytesIO(data))) == rgb).all()
    assert png_bytes(rgb[:, ::-1][:, ::-1]) == data


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3), (4, 0, 3)])
def test_what_is_no_picture(shape):
    with pytest.raises(FwsimError, match="not a picture"):
        png_bytes(np.zeros(shape, np.uint8))


def test_only_bytes_are_pixels():
    with pytest.raises(FwsimError, match="not a picture"):
        png_bytes(np.zeros((4, 4, 3)))


def test_packed_tightly_it_is_the_same_picture():
    rgb = np.repeat(np.random.default_rng(1).integers(0, 4, (60, 80, 1)).astype(np.uint8), 3, axis=2)
    foreign = io.BytesIO()
    Image.fromarray(rgb).save(foreign, "PNG", compress_level=0)
    for data in (png_bytes(rgb), foreign.getvalue()):
        packed = repacked(data)
        assert len(packed) < len(data)
        assert (np.asarray(Image.open(io.BytesIO(packed))) == rgb).all()


@pytest.mark.parametrize("spoil", ["cut", "other", "changed", "endless"])
def test_what_is_no_whole_png_stays_as_it_is(spoil):
    data = png_bytes(np.zeros((4, 4, 3), np.uint8))
    bad = {
        "cut": data[:-5], "other": b"GIF89a" + data, "changed": data[:50] + b"\0" + data[51:], "endless": data[:8],
    }[spoil]  # fmt: skip
    assert repacked(bad) == bad


def test_one_that_would_become_too_large_stays_as_it_is():
    """A kilobyte a megabyte: 300 MiB of zeros, said to be the rows of a small picture."""
    data = png_bytes(np.zeros((4, 4, 3), np.uint8))
    content = zlib.compress(bytes(300 << 20), 9)
    chunk = b"IDAT" + content
    bad = data[:33] + len(content).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[-12:]
    assert repacked(bad) == bad
