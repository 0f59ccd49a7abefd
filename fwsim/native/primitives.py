"""What native code can do beyond arithmetic: reach words and bytes behind an address, and call C functions.

These are declarations: ``fwsim.native.compiler`` knows what each becomes, and Python never calls one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def u64s(address: Any) -> Any:
    """The 64-bit words at ``address``: index them with [number]; nothing checks it."""


def u32s(address: Any) -> Any:
    """The 32-bit words at ``address``."""


def u16s(address: Any) -> Any:
    """The 16-bit words at ``address``."""


def u8s(address: Any) -> Any:
    """The bytes at ``address``."""


def i64s(address: Any) -> Any:
    """The signed 64-bit words at ``address``."""


def i32s(address: Any) -> Any:
    """The signed 32-bit words at ``address``."""


def call(function: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Call the C function at address ``function`` with four integer or pointer arguments (the rest is ignored)."""


def place(record: np.dtype[Any], field: str) -> int:
    """Which of the words at a record's address a field is (for an array: its first): words as wide as the field's."""
    assert record.fields is not None
    kind, offset = record.fields[field][:2]
    return int(offset) // kind.base.itemsize


def address_of(array: NDArray[Any]) -> int:
    """The address of a numpy array's data, for a word of a block; the caller keeps the array alive."""
    return int(array.ctypes.data)
