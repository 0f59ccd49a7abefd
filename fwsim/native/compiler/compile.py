"""Marked functions become one LLVM module through numba, which nothing else of fwsim imports.

numba sees copies of the functions: their globals hold what numba makes of each mark, so that the package's own modules
stay plain Python. A function is compiled once for each kind of arguments that its callers have.
"""

from collections.abc import Callable
from types import FunctionType
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core.ccallback import CFunc
from numba.core.typing.templates import Signature as NumbaSignature
from numba.extending import intrinsic

from fwsim.native import primitives
from fwsim.native.compiler.reach import used
from fwsim.native.marks import Callback, Signature

_TYPES: dict[str, Any] = {
    "u8": types.uint8, "u16": types.uint16, "u32": types.uint32, "u64": types.uint64,
    "i32": types.int32, "i64": types.int64, "bool": types.boolean, "void": types.void,
}  # fmt: skip
_OPTIONS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "error_model": "numpy"}


class Compiler:
    """Compiles callbacks, each function they call once. ``modules`` gathers LLVM's bitcode, one module a callback."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}
        self.modules: dict[str, bytes] = {}

    def add(self, callback: Callback) -> str:
        """Compile a callback; the name of its C function. Raises numba's errors for what cannot be native."""
        signature = _numba_signature(callback.signature)
        made: Any = CFunc(self._with_globals(callback.function), (signature.args, signature.return_type), {}, _COMPILED)
        made.compile()
        self.modules[callback.name] = made._library._final_module.as_bitcode()
        return str(made._wrapper_name)

    def _with_globals(self, function: Callable[..., Any]) -> Any:
        """A copy of ``function`` whose globals are what numba makes of them."""
        assert isinstance(function, FunctionType)
        found = {name: self._translated(value) for name, value in used(function).items()}
        copy = FunctionType(function.__code__, {**function.__globals__, **found}, function.__name__,
                            function.__defaults__, function.__closure__)  # fmt: skip
        copy.__module__ = function.__module__
        copy.__qualname__ = function.__qualname__
        return copy

    def _translated(self, value: Any) -> Any:
        """What a global is to numba: a mark's compiled function, a primitive's code, or the value itself."""
        if isinstance(value, FunctionType) and value.__module__ == primitives.__name__:
            return _PRIMITIVES[value.__name__]
        mark = getattr(value, "native", None) if isinstance(value, FunctionType) else None
        if mark is None:
            return value
        if value not in self._made:
            copy = self._with_globals(value)
            if mark in ("", "inlined"):
                self._made[value] = njit(forceinline=mark == "inlined", **_OPTIONS)(copy)
            else:
                self._made[value] = _as_written(copy, Signature(mark))
        return self._made[value]


_COMPILED = {"error_model": "numpy"}


def _numba_signature(signature: Signature) -> NumbaSignature:
    result: NumbaSignature = _TYPES[signature.result](*(_TYPES[word] for word in signature.arguments))
    return result


def _as_written(function: Any, signature: Signature) -> Any:
    """A function whose arguments are converted to what its signature says: one copy, whatever the callers have."""
    made = _numba_signature(signature)

    def generated(context: Any, builder: Any, given: Any, arguments: Any) -> Any:
        return context.compile_internal(builder, function, made, arguments)

    names = ", ".join(f"a{number}" for number in range(len(signature.arguments)))
    scope: dict[str, Any] = {"made": made, "generated": generated}
    exec(f"def {function.__name__}(typingctx, {names}):\n    return made, generated", scope)
    return intrinsic(scope[function.__name__])


def _pointer(element: Any) -> Any:
    """What ``u64s`` and its like become: a C pointer, which the compiler takes far quicker than an array."""

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    def pointer(typingctx: Any, address: Any) -> Any:
        return types.CPointer(element)(types.uint64), generated

    return intrinsic(pointer)


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def _call(typingctx: Any, function: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    word = types.uint64

    def generated(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        i64 = ir.IntType(64)
        kind = ir.FunctionType(i64, [i64] * 4)
        return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), list(arguments[1:]))

    return word(word, word, word, word, word), generated


_PRIMITIVES: dict[str, Any] = {
    "u8s": _pointer(types.uint8), "u16s": _pointer(types.uint16), "u32s": _pointer(types.uint32),
    "u64s": _pointer(types.uint64), "i32s": _pointer(types.int32), "i64s": _pointer(types.int64), "call": _call,
}  # fmt: skip
