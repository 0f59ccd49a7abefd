"""Pictures become PNG files, the same bytes for the same pixels, whatever the time or the machine.

Written here and not by a library, since nothing else of fwsim takes one: a signature and three chunks around what zlib
makes of the rows. Source: Portable Network Graphics, third edition (W3C 2025), sections 5, 9 and 11.
"""

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 1  # of zlib: screens compress well at any level, and this one takes a few milliseconds
_TIGHT = 9
_MOST = 256 << 20
"""Bytes of rows: a picture that says it has more is left as it is."""
_UP = 2
"""The filter of every row: what differs from the row above. Screens are mostly the same, row by row."""


def png_bytes(rgb: NDArray[np.uint8]) -> bytes:
    """``rgb``, (height, width, 3), as a PNG without time stamp or other metadata.

    Raises FwsimError for an array that is no picture.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise FwsimError(
            "not a picture", found=f"{rgb.dtype} array of shape {rgb.shape}", expected="uint8, (height, width, 3)"
        )
    height, width, _ = rgb.shape
    rows = np.full((height, 1 + 3 * width), _UP, np.uint8)
    flat = rgb.reshape(height, 3 * width)
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    depth, truecolour, rest = 8, 2, bytes(3)
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header = _chunk(b"IHDR", size + bytes((depth, truecolour)) + rest)
    return _SIGNATURE + header + _chunk(b"IDAT", zlib.compress(rows.data, _LEVEL)) + _chunk(b"IEND", b"")


def repacked(png: bytes) -> bytes:
    """The same picture, compressed as tightly as zlib does.

    What is no whole PNG, or has more than 256 MiB of rows, comes back as it is.
    """
    try:
        parts = list(_chunks(png))
        opened = zlib.decompressobj()
        data = opened.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"), _MOST)
    except (ValueError, zlib.error):
        return png
    if not opened.eof:
        return png
    at = next(number for number, (kind, _) in enumerate(parts) if kind == b"IDAT")
    kept = [(kind, body) for kind, body in parts if kind != b"IDAT"]
    kept.insert(at, (b"IDAT", zlib.compress(data, _TIGHT)))
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in kept)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk's kind and body. Raises ValueError for what is no whole PNG."""
    at = len(_SIGNATURE)
    if not png.startswith(_SIGNATURE):
        raise ValueError
    kind = b""
    while kind != b"IEND":
        size, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        chunk = png[at : at + size + 12]
        if len(chunk) != size + 12 or _chunk(kind, chunk[8:-4]) != chunk:
            raise ValueError
        yield kind, chunk[8:-4]
        at += size + 12
