"""Machine code kept on disk, so that only the first run after a change of native code compiles.

Each module's functions lie in a folder of their own, named for the module and its key (``native.key``), in
``$NUMBA_CACHE_DIR``, or else in ``fwsim`` in the user's cache folder (``$XDG_CACHE_HOME``). numba's own cache would
compile again after any change of a function's file, a comment's too, and not after one of the functions it calls.
"""

import hashlib
import os
import pickle
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

import fwsim
from fwsim.native.key import Sources, write_whole

KEPT = 8
"""So many states of a module are kept, those used last; a branch, a bisection or a second checkout is one each."""
KEPT_SECONDS = 14 * 24 * 3600
"""A state that was used within the last fortnight is kept however many there are."""
missed: list[str] = []
"""Functions of which no machine code was kept: this process compiles them."""
_DIGEST = hashlib.sha256().digest_size


class MachineCode(NullCache):  # type: ignore[misc, unused-ignore]
    """What numba asks for a function's machine code, and gives it to.

    A function outside the package, and one with variables of an enclosing function, is compiled in each process: its
    module's key would not tell when it changed.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = function.__name__
        self._folder = None if function.__closure__ else _folder(function.__module__)

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled function; None where none is kept, or what is kept was cut short."""
        target.refresh()
        if self._folder is None:
            return None
        kept = b""
        with suppress(OSError):
            kept = self._path(signature, target.codegen()).read_bytes()
        digest, data = kept[:_DIGEST], kept[_DIGEST:]
        if hashlib.sha256(data).digest() != digest:
            missed.append(self._name)
            return None
        return CompileResult._rebuild(target, *pickle.loads(data))

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep a compiled function, unless this process's own addresses are part of its code."""
        if self._folder is None or compiled.library.has_dynamic_globals or compiled.lifted:
            return
        data = dumps(compiled._reduce())
        write_whole(self._path(signature, compiled.library.codegen), hashlib.sha256(data).digest() + data)

    def _path(self, signature: Any, codegen: Any) -> Path:
        """One file a function, kind of arguments, processor, version of numba and of Python."""
        parts = (str(signature), codegen.magic_tuple(), numba.__version__, sys.implementation.cache_tag)
        assert self._folder is not None
        return self._folder / f"{self._name}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"


def home() -> Path:
    """The folder that holds what is kept."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fwsim"


@cache
def _sources() -> Sources:
    package = Path(fwsim.__file__).parent
    place = hashlib.sha256(f"{package} {sys.implementation.cache_tag}".encode()).hexdigest()[:16]
    return Sources(package, _used(home() / f"native-sources-{place}"))


@cache
def _folder(module: str) -> Path | None:
    """Where a module's machine code is kept, marked as used; None for a module that has no key."""
    key = _sources().key(module)
    return _used(home() / f"native-{module}-{key}") if key else None


def _used(folder: Path) -> Path:
    """``folder``, marked as used now; where there is none yet, older ones of its like make room."""
    try:
        os.utime(folder)
    except OSError:
        _prune(folder)
    return folder


def _prune(folder: Path) -> None:
    with suppress(OSError):
        kind = folder.name.rpartition("-")[0]
        others = sorted(folder.parent.glob(f"{kind}-*"), key=lambda path: path.stat().st_mtime)
        for old in others[: -KEPT + 1]:
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
