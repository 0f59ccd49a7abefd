"""Which firmware allocators are there? One row each, loaded when asked for; others come from installed packages."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from fwsim.errors import FwsimError
from fwsim.firmware.request import Allocator

GROUP = "fwsim.allocators"
"""The entry point group in which an installed package names its own: an allocator, or a class of one."""
ROWS: dict[str, tuple[str, str]] = {
    "seabios": ("fwsim.firmware.seabios.place", "SEABIOS"),
    "ovmf": ("fwsim.firmware.ovmf", "OVMF"),
    "hvmloader": ("fwsim.firmware.hvmloader", "HVMLOADER"),
    "bhyve": ("fwsim.firmware.bhyve", "BHYVE"),
    "acrn": ("fwsim.firmware.acrn", "ACRN"),
    "crosvm": ("fwsim.firmware.crosvm", "CROSVM"),
    "host-base": ("fwsim.firmware.host_base", "HOST_BASE"),
    "fake-bar": ("fwsim.firmware.fake_bar", "FAKE_BAR"),
    "none": ("fwsim.firmware.none", "NONE"),
}
"""Name: (module, attribute) of an ``Allocator``."""

_loaded: dict[str, Allocator] = {}


def allocator(name: str) -> Allocator:
    """The allocator called ``name``, ours or an installed package's. Raises FwsimError with the names there are."""
    found = _loaded.get(name)
    if found is None:
        found = _ours(name) if name in ROWS else _installed(name)
        if name in ROWS:
            _loaded[name] = found
    return found


def names() -> list[str]:
    """Every name that ``allocator`` knows, ours first."""
    return [*ROWS, *sorted(point for point in _entry_points() if point not in ROWS)]


def check_version(row: Allocator, version: str) -> None:
    """Refuse a version that ``row`` has no rules for. Raises FwsimError naming the nearest one."""
    if not version or version in row.versions or (row.name == "seabios" and _seabios_knows(version)):
        return
    near = nearest_version(version, tuple(filter(None, row.versions)))
    raise FwsimError(
        f"no rules for this version of {row.name}" if any(row.versions) else f"firmware {row.name} has no versions",
        where="--version", found=repr(version), expected=", ".join(filter(None, row.versions)) or "nothing",
        hint=f"did you mean {near}?" if near else "leave --version out",
    )  # fmt: skip


def nearest_version(version: str, known: tuple[str, ...]) -> str:
    """The known version nearest to ``version``: of numbers the last that is not newer, else the most similar text."""
    wanted = _numbers(version)
    rows = sorted((numbers, name) for name in known if (numbers := _numbers(name)))
    if wanted and rows:
        return next((name for numbers, name in reversed(rows) if numbers <= wanted), rows[0][1])
    return next(iter(get_close_matches(version, known, n=1, cutoff=0.3)), "")


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.removeprefix("rel-").split(".")
    return tuple(int(part) for part in parts) if len(parts) > 1 and all(part.isdigit() for part in parts) else ()


def _seabios_knows(version: str) -> bool:
    from fwsim.firmware.seabios.versions import version_row

    try:
        version_row(version)
    except FwsimError:
        return False
    return True


def _ours(name: str) -> Allocator:
    module, attribute = ROWS[name]
    found: Allocator = getattr(import_module(module), attribute)
    return found


def _entry_points() -> dict[str, object]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def _installed(name: str) -> Allocator:
    from importlib.metadata import EntryPoint

    point = _entry_points().get(name)
    if not isinstance(point, EntryPoint):
        known = names()
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        raise FwsimError(
            "no such firmware", where="firmware.kind", found=repr(name), expected=", ".join(known),
            hint=f"did you mean {near[0]}?" if near else f"an installed package adds one by entry point group {GROUP}",
        )  # fmt: skip
    where = f"entry point {point.name} = {point.value}"
    try:
        made = point.load()
    except (ImportError, AttributeError) as error:
        raise FwsimError(
            "the installed allocator cannot be loaded", where=where, found=str(error),
            hint="install its package again, or take it away",
        ) from None  # fmt: skip
    found = made() if isinstance(made, type) else made
    if not all(hasattr(found, field) for field in ("name", "versions", "default_version", "place")):
        raise FwsimError(
            "not an allocator", where=where, found=type(found).__name__,
            expected="name, versions, default_version and place(request)", hint="see docs/allocators.md",
        )  # fmt: skip
    loaded: Allocator = found
    return loaded
