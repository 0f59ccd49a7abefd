"""Functions are marked as native here: what they are compiled as, and where a run finds their machine code.

Nothing is compiled while fwsim runs: ``fwsim.native.compiler`` compiles every marked function ahead of time, into the
image that ``fwsim.native.image`` maps. Python calls no marked function but callbacks, by their addresses.
"""

import ctypes
from collections.abc import Callable
from functools import cached_property
from typing import Any

from fwsim.native import image

_WORDS: dict[str, Any] = {
    "u8": ctypes.c_uint8, "u16": ctypes.c_uint16, "u32": ctypes.c_uint32, "u64": ctypes.c_uint64,
    "i32": ctypes.c_int32, "i64": ctypes.c_int64, "bool": ctypes.c_bool, "void": None,
}  # fmt: skip
_PACKAGE = __name__.partition(".")[0]


class Signature:
    """A C function's result and arguments, written as ``"u64(u64, i32)"``: u8 to u64, i32, i64, bool, void."""

    def __init__(self, text: str) -> None:
        self.text = text
        result, _, rest = text.partition("(")
        self.result = result.strip()
        self.arguments = tuple(word.strip() for word in rest.removesuffix(")").split(",") if word.strip())
        assert {self.result, *self.arguments} <= _WORDS.keys(), text


class Callback:
    """A C function of the native image, for the engine or another library to call."""

    def __init__(self, function: Callable[..., Any], signature: str) -> None:
        self.function = function
        self.signature = Signature(signature)
        self.name = f"{function.__module__.removeprefix(f'{_PACKAGE}.')}.{function.__name__}"
        self.__doc__ = function.__doc__

    @cached_property
    def address(self) -> int:
        """Where its code lies in this process. Raises FwsimError where the native image cannot be used."""
        return image.address(self.name)

    @cached_property
    def _called(self) -> Any:
        arguments = [_WORDS[word] for word in self.signature.arguments]
        return ctypes.CFUNCTYPE(_WORDS[self.signature.result], *arguments)(self.address)

    def __call__(self, *arguments: Any) -> Any:
        """Call it from Python: the slow way, for what is rare."""
        return self._called(*arguments)


def native(function: Any) -> Any:
    """Mark ``function`` as one for native callers only, compiled for each kind of arguments they have.

    Division by zero gives 0, as no exception can leave a callback.
    """
    function.native = ""
    return function


def inlined(function: Any) -> Any:
    """``native``, copied into every caller: for the few functions on the way of each port access."""
    function.native = "inlined"
    return function


def fixed(signature: str) -> Callable[[Any], Any]:
    """Mark a function as native, with arguments of this signature whatever its callers have: one copy, not one each."""

    def marked(function: Any) -> Any:
        function.native = signature
        return function

    return marked


def callback(signature: str) -> Callable[[Any], Callback]:
    """Make a function of this signature a C function of the native image."""

    def marked(function: Any) -> Callback:
        return Callback(function, signature)

    return marked
