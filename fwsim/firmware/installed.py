"""Allocators of installed packages: what one gives is judged first, and who breaks the contract is named.

A placement that is merely bad (stolen memory in RAM, overlapping BARs) is for the checks to say. What is refused here
is what no machine can hold: wrong types, ranges of the memory map that overlap, addresses that a register has no bits
for.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn, TypeVar

from fwsim.errors import FwsimError
from fwsim.exactness import Exactness, Known
from fwsim.firmware.breach import breach
from fwsim.firmware.interface import SIZE_SOURCES, Allocator, SizeSource
from fwsim.firmware.request import Function, Options, Placement, Request
from fwsim.registers.family import Family

_T = TypeVar("_T")
_FACTS: dict[str, type] = {
    "title": str, "versions": tuple, "default_version": str, "guest_of": str, "uefi": bool, "calls_vbios": bool,
    "knows_igd": bool, "maps_stolen": bool, "places_io_bars": bool, "at_host_base": bool, "whole_pages": bool,
}  # fmt: skip
"""The attributes of ``Allocator`` and their types."""


def points(group: str) -> dict[str, EntryPoint]:
    """The entry points of ``group`` by name."""
    return {point.name: point for point in entry_points(group=group)}


def refuse_name(point: EntryPoint) -> NoReturn:
    """A package took a name of ours: nobody could tell whose allocator it is. Raises FwsimError."""
    raise FwsimError(
        "an installed allocator has a name of ours", where=_where(point), found=repr(point.name),
        expected="another name", hint=f"rename the entry point, or remove the package {_package(point)}",
    )  # fmt: skip


def load(point: EntryPoint) -> Allocator:
    """The allocator of an entry point, guarded. Raises FwsimError naming package and entry point for what is none."""
    try:
        made = point.load()
        found = made() if isinstance(made, type) else made
    except (Exception, SystemExit) as error:
        raise FwsimError(
            "the installed allocator cannot be loaded", where=_where(point), found=_told(error),
            expected="an Allocator, or a class of one", hint=f"install {_package(point)} again, or remove it",
        ) from None  # fmt: skip
    if not isinstance(found, Allocator):
        raise FwsimError(
            "not an allocator", where=_where(point), found=type(found).__name__,
            expected="an instance or a subclass of fwsim.firmware.interface.Allocator", hint="see docs/allocators.md",
        )  # fmt: skip
    return Installed(found, point)


class Installed(Allocator):
    """An allocator of a package: its facts, checked once, and its methods, each answer checked."""

    def __init__(self, inner: Allocator, point: EntryPoint) -> None:
        """Take over ``inner``'s facts. Raises FwsimError for one that is not what the interface says."""
        self._inner, self._point = inner, point
        facts = vars(self)
        if inner.name != point.name:
            self._refuse("it goes by another name than its entry point", repr(inner.name), f'name = "{point.name}"')
        facts["name"] = inner.name
        for name, kind in _FACTS.items():
            value = getattr(inner, name)
            if type(value) is not kind:
                self._refuse(f"{name} is of the wrong type", repr(value), kind.__name__)
            facts[name] = value
        if not inner.versions or not all(isinstance(each, str) for each in inner.versions):
            self._refuse("versions is not a tuple of texts", repr(inner.versions), 'such as ("1",)')
        self._take_options(inner)

    def _take_options(self, inner: Allocator) -> None:
        kind = inner.options
        if not isinstance(kind, type) or not issubclass(kind, Options):
            self._refuse("options is no struct of options", repr(kind), "a subclass of fwsim.firmware.request.Options")
        try:
            kind()
        except Exception as error:
            self._refuse("an option without a default", _told(error), "a default for each field")
        vars(self)["options"] = kind

    def place(self, request: Request) -> Placement:
        """What the package's allocator places. Raises FwsimError where it raises, or gives what no machine can hold."""
        out = self._call("place", lambda: self._inner.place(request))
        if broken := breach(out, request):
            what, found, expected = broken
            self._refuse(f"its placement is none: {what}", found, expected)
        return out

    def knows_version(self, version: str) -> bool:
        """As the package says."""
        return self._checked("knows_version", bool, lambda: self._inner.knows_version(version))

    def size_from(self, options: Options) -> SizeSource:
        """As the package says, one of the words there are."""
        found = self._call("size_from", lambda: self._inner.size_from(options))
        if found not in SIZE_SOURCES:
            self._refuse("size_from gave no source", repr(found), ", ".join(SIZE_SOURCES))
        return found

    def announced(self, family: Family, device: int, ggc: int, options: Options) -> int:
        """As the package says."""
        return self._checked("announced", int, lambda: self._inner.announced(family, device, ggc, options))

    def ecam(self, machine: str, version: str) -> tuple[int, int] | None:
        """As the package says."""
        found = self._call("ecam", lambda: self._inner.ecam(machine, version))
        if found is not None and not _is_range(found):
            self._refuse("ecam gave no range", repr(found), "(first, end) or None")
        return found

    def exactness(self, version: str, options: Options) -> Exactness:
        """As the package says."""
        found = self._call("exactness", lambda: self._inner.exactness(version, options))
        if not isinstance(found, dict) or not all(isinstance(each, Known) for each in found.values()):
            self._refuse("exactness gave no such dict", repr(found), "names to fwsim.exactness.Known")
        return found

    def has_chip(self, machine: str, bdf: int) -> bool:
        """As the package says."""
        return self._checked("has_chip", bool, lambda: self._inner.has_chip(machine, bdf))

    def ram_left(self, request: Request) -> tuple[int, int] | None:
        """As the package says."""
        found = self._call("ram_left", lambda: self._inner.ram_left(request))
        if found is not None and (not _is_pair(found) or sum(found) != request.ram or found[0] > 1 << 32):
            self._refuse("ram_left gave no split of the guest's RAM", repr(found), "(bytes below 4 GiB, above) or None")
        return found

    def sees_bridges(self, options: Options) -> bool:
        """As the package says."""
        return self._checked("sees_bridges", bool, lambda: self._inner.sees_bridges(options))

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """As the package says."""
        return self._checked("why_none", str, lambda: self._inner.why_none(request, display, out))

    def why_no_opregion(self, request: Request, display: Function, out: Placement) -> str:
        """As the package says."""
        return self._checked("why_no_opregion", str, lambda: self._inner.why_no_opregion(request, display, out))

    def _call(self, name: str, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except FwsimError as error:
            error.where = error.where or _where(self._point)
            raise
        except (Exception, SystemExit) as error:
            self._refuse(f"its {name}() raised", _told(error), "an answer, or FwsimError for what it has no rules for")

    def _checked(self, name: str, kind: type[_T], call: Callable[[], _T]) -> _T:
        found = self._call(name, call)
        if type(found) is not kind:
            self._refuse(f"{name}() gave the wrong type", repr(found), kind.__name__)
        return found

    def _refuse(self, what: str, found: str, expected: str) -> NoReturn:
        raise FwsimError(
            f"the installed allocator breaks its contract: {what}", where=_where(self._point), found=found[:300],
            expected=expected, hint=f"docs/allocators.md has it; mend the package {_package(self._point)}",
        )  # fmt: skip


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(type(each) is int and each >= 0 for each in value)


def _is_range(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(type(each) is int for each in value) and value >= (0, 0)


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "of an unknown name"


def _where(point: EntryPoint) -> str:
    return f"package {_package(point)}, entry point {point.name} = {point.value}"


def _told(error: BaseException) -> str:
    """The exception in a line, with the place it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{at}"
