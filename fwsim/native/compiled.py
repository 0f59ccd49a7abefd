"""The ways a function becomes native code: for native callers, for the engine (a C callback), for Python."""

from collections.abc import Callable
from typing import Any

from numba import njit, types
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature

from fwsim.native.cache import MachineCode


def native(function: Any) -> Any:
    """Compile ``function`` for native callers only: what a call from Python needs is not made (such a call
    crashes; ``njit`` is for those that tests call), which saves a third of the time.

    Division by zero gives 0, as no exception can leave a callback.
    """
    return njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy")(function)


def inlined(function: Any) -> Any:
    """``native``, copied into every caller: for the few functions on the way of each port access."""
    return njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, error_model="numpy", forceinline=True)(function)


def callback(signature: Any) -> Callable[[Any], Any]:
    """Compile a function of this numba ``signature`` as a C function, for the engine or another library to call.

    ``address`` and ``ctypes`` of the result are numba's ``cfunc``'s; its machine code is kept (``native.cache``).
    """

    def compiled(function: Any) -> Any:
        made: Any = CFunc(function, normalize_signature(signature), locals={}, options={})
        made._cache = MachineCode(function)
        made.compile()
        return made

    return compiled


def kept(function: Any) -> Any:
    """Compile ``function`` for callers in Python, at its first call; its machine code is kept (``native.cache``)."""
    made: Any = njit(function)
    made._cache = MachineCode(function)
    return made


def fixed(function: Any, count: int, result: Any = types.void) -> Any:
    """The numba half of a function that takes 64-bit words whatever its callers have: one copy, not one a caller."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.compile_internal(builder, function, signature, args)

    return result(*[types.uint64] * count), codegen
