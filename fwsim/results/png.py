"""Pictures become PNG files, the same bytes for the same pixels, whatever the time or the machine.

Source of the format: W3C, Portable Network Graphics (PNG) Specification, 5 (chunks), 9 (filters).
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 1  # of zlib: screens compress well at any level, and this one takes a few milliseconds
_DEPTH, _RGB = 8, 2
_UP = 2
"""The filter of each line: its bytes less those above them. Screens are bars, boxes and letters: most become 0."""


def png_bytes(rgb: NDArray[np.uint8]) -> bytes:
    """``rgb``, (height, width, 3), as a PNG without time stamp or other metadata.

    Raises FwsimError for an array that is no picture.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise FwsimError(
            "not a picture", found=f"{rgb.dtype} array of shape {rgb.shape}", expected="uint8, (height, width, 3)"
        )
    height, width, _ = rgb.shape
    lines = np.empty((height, 1 + 3 * width), np.uint8)
    pixels = rgb.reshape(height, 3 * width)
    lines[:, 0] = _UP
    lines[0, 1:] = pixels[0]
    np.subtract(pixels[1:], pixels[:-1], out=lines[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, _DEPTH, _RGB, 0, 0, 0)
    packed = zlib.compress(lines.data, _LEVEL)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
