"""Pictures become PNG files, the same bytes for the same pixels, whatever the time or the machine."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError

_LEVEL = 1  # of zlib: screens compress well at any level, and this one takes a millisecond or two
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BITS, _RGB = 8, 2
_UP = 2
"""Each byte less the one above it: lines of a screen are mostly alike (PNG, third edition, 9.2)."""


def png_bytes(rgb: NDArray[np.uint8]) -> bytes:
    """``rgb``, (height, width, 3), as a PNG without time stamp or other metadata.

    Raises FwsimError for an array that is no picture.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise FwsimError(
            "not a picture", found=f"{rgb.dtype} array of shape {rgb.shape}", expected="uint8, (height, width, 3)"
        )
    height, width, _ = rgb.shape
    rows = rgb.reshape(height, -1)
    filtered = np.empty((height, 1 + 3 * width), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, _BITS, _RGB, 0, 0, 0)
    packed = zlib.compress(filtered.data, _LEVEL)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
