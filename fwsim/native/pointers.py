"""Raw addresses, made usable in native code: words and bytes behind an address, and C functions to call."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray


def _pointer(typingctx: Any, address: Any, element: Any) -> Any:
    """The numba half of ``u64s`` and its like: a C pointer, which the compiler takes far quicker than an array."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(element)(types.uint64), codegen


@intrinsic
def u64s(typingctx: Any, address: Any) -> Any:
    """The 64-bit words at ``address``: index them with [number]; nothing checks it."""
    return _pointer(typingctx, address, types.uint64)


@intrinsic
def u32s(typingctx: Any, address: Any) -> Any:
    """The 32-bit words at ``address``."""
    return _pointer(typingctx, address, types.uint32)


@intrinsic
def u16s(typingctx: Any, address: Any) -> Any:
    """The 16-bit words at ``address``."""
    return _pointer(typingctx, address, types.uint16)


@intrinsic
def u8s(typingctx: Any, address: Any) -> Any:
    """The bytes at ``address``."""
    return _pointer(typingctx, address, types.uint8)


@intrinsic
def call(typingctx: Any, function: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Call the C function at address ``function`` with four integer or pointer arguments (the rest is ignored)."""
    word = types.uint64

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i64 = ir.IntType(64)
        kind = ir.FunctionType(i64, [i64] * 4)
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), list(args[1:]))

    return word(word, word, word, word, word), codegen


def place(record: np.dtype[Any], field: str) -> int:
    """Which of the words at a record's address a field is (for an array: its first): words as wide as the field's."""
    assert record.fields is not None
    kind, offset = record.fields[field][:2]
    return int(offset) // kind.base.itemsize


def address_of(array: NDArray[Any]) -> int:
    """The address of a numpy array's data, for a word of a block; the caller keeps the array alive."""
    return int(array.ctypes.data)
