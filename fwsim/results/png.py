"""Pictures become PNG files, the same bytes for the same pixels, whatever the time or the machine."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwsim.errors import FwsimError

_LEVEL = 1  # of zlib: screens compress well at any level, and this one takes a few milliseconds


def png_bytes(rgb: NDArray[np.uint8]) -> bytes:
    """``rgb``, (height, width, 3), as a PNG without time stamp or other metadata.

    Raises FwsimError for an array that is no picture.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise FwsimError(
            "not a picture", found=f"{rgb.dtype} array of shape {rgb.shape}", expected="uint8, (height, width, 3)"
        )
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(stream, "PNG", compress_level=_LEVEL, optimize=False)
    return stream.getvalue()


def write_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write ``rgb`` to ``path``. Raises FwsimError when it cannot be written."""
    data = png_bytes(rgb)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise FwsimError(
            f"cannot write the picture: {error.strerror or error}", where=str(path), hint="choose another folder"
        ) from None
