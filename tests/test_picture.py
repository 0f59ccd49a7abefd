import io
import zlib

import numpy as np
import pytest
from PIL import Image

from fwsim.errors import FwsimError
from fwsim.results.png import png_bytes


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
