"""What native code is made of is followed from the callbacks: each function they reach, each global it uses."""

import hashlib
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import fwsim
from fwsim.native import primitives
from fwsim.native.image import digest
from fwsim.native.marks import Callback

PACKAGE = Path(fwsim.__file__).parent
_COMPILER = Path(__file__).parent


def callbacks() -> list[Callback]:
    """Every callback of the package, by name; the modules that have some are imported."""
    found: dict[str, Callback] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        if "\n@callback(" in file.read_text(encoding="utf-8"):
            module = importlib.import_module(
                ".".join((fwsim.__name__, *file.relative_to(PACKAGE).with_suffix("").parts))
            )
            found |= {each.name: each for each in vars(module).values() if isinstance(each, Callback)}
    return [found[name] for name in sorted(found)]


def sources() -> dict[str, str]:
    """The start of the SHA-256 of each file of the package that importing the callbacks' modules took, and of the
    compiler's own.
    """
    names = [name for name in sys.modules if name.partition(".")[0] == fwsim.__name__]
    files = {Path(str(sys.modules[name].__file__)) for name in names} | set(_COMPILER.glob("*.py"))
    inside = sorted(file for file in files if file.is_relative_to(PACKAGE))
    return {file.relative_to(PACKAGE).as_posix(): _digest(file) for file in inside}


def _digest(file: Path) -> str:
    """ "": the file was changed since this process began, and what was imported may be another text."""
    return "" if file.stat().st_ctime_ns >= fwsim.STARTED else digest(file.read_bytes())


def used(function: FunctionType) -> dict[str, Any]:
    """The globals that a function names, and what they are."""
    names = function.__code__.co_names
    return {name: function.__globals__[name] for name in names if name in function.__globals__}


def meaning(of: list[Callback], tools: str) -> str:
    """A hash of all that the machine code of these callbacks depends on: code, constants, builder, ``tools``.

    Comments, docstrings and line numbers do not count. ``tools`` names the versions that compile.
    """
    told = hashlib.sha256(f"{tools} {sys.implementation.cache_tag}".encode())
    for file in (*sorted(_COMPILER.glob("*.py")), Path(primitives.__file__), PACKAGE / "native" / "marks.py"):
        told.update(file.read_bytes())
    seen: set[FunctionType] = set()
    for each in of:
        told.update(f"{each.name} {each.signature.text}".encode())
        for line in _described(each.function, seen):
            told.update(line.encode())
    return told.hexdigest()


def _described(function: Callable[..., Any], seen: set[FunctionType]) -> Iterator[str]:
    """A function and, the first time, all that it reaches."""
    assert isinstance(function, FunctionType)
    yield f"\n{function.__module__}.{function.__qualname__}"
    if function in seen:
        return
    seen.add(function)
    code = function.__code__
    yield f" {getattr(function, 'native', None)!r} {code.co_code.hex()} {code.co_names} {code.co_varnames}"
    yield f" {_constants(function)}"
    for name, value in used(function).items():
        if isinstance(value, FunctionType):
            yield from _described(value, seen)
        elif isinstance(value, ModuleType) and value.__name__.startswith(f"{fwsim.__name__}."):
            yield f" {name} {[(each, repr(getattr(value, each))) for each in code.co_names if hasattr(value, each)]}"
        elif isinstance(value, ModuleType):
            yield f" {name} {value.__name__}"  # a library's, wherever it is installed: ``tools`` says its version
        else:
            yield f" {name} {value!r}"


def _constants(function: FunctionType) -> str:
    constants = [each for each in function.__code__.co_consts if not isinstance(each, CodeType)]
    return repr([each for each in constants if each != function.__doc__ or each is None])
