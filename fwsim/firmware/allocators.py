"""The table of allocators: one row each of ours, loaded when asked for; others come from installed packages."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from importlib import import_module

from fwsim.errors import FwsimError
from fwsim.firmware.interface import Allocator

GROUP = "fwsim.allocators"
"""The entry point group in which an installed package names its own: an allocator, or a class of one."""
ROWS: dict[str, tuple[str, str]] = {
    "seabios": ("fwsim.firmware.seabios.place", "SEABIOS"),
    "seabios-image": ("fwsim.running.executed", "SEABIOS_IMAGE"),
    "ovmf": ("fwsim.firmware.ovmf.place", "OVMF"),
    "hvmloader": ("fwsim.firmware.hvmloader", "HVMLOADER"),
    "bhyve": ("fwsim.firmware.bhyve", "BHYVE"),
    "acrn": ("fwsim.firmware.acrn", "ACRN"),
    "crosvm": ("fwsim.firmware.crosvm", "CROSVM"),
    "host-base": ("fwsim.firmware.host_base", "HOST_BASE"),
    "fake-bar": ("fwsim.firmware.fake_bar", "FAKE_BAR"),
    "coreboot": ("fwsim.firmware.coreboot", "COREBOOT"),
    "none": ("fwsim.firmware.none", "NONE"),
}
"""Name: (module, attribute) of an ``Allocator``."""

_loaded: dict[str, Allocator] = {}


def allocator(name: str) -> Allocator:
    """The allocator called ``name``, ours or an installed package's. Raises FwsimError with the names there are.

    An installed one is what ``fwsim.firmware.installed`` makes of it: it keeps to the interface, or says who does not.
    """
    found = _loaded.get(name)
    if found is None:
        found = _ours(name) if name in ROWS else _installed(name)
        _loaded[name] = found
    return found


def names() -> list[str]:
    """Every name that ``allocator`` knows, ours first."""
    from fwsim.firmware.installed import points

    return [*ROWS, *sorted(name for name in points(GROUP) if name not in ROWS)]


def check_version(row: Allocator, version: str, where: str = "--version") -> None:
    """Refuse a version that ``row`` has no rules for. Raises FwsimError naming the nearest below and above."""
    if row.knows_version(version):
        return
    known = tuple(filter(None, row.versions))
    below, above = around(version, known)
    near = below or above or next(iter(get_close_matches(version, known, n=1, cutoff=0.3)), "")
    beside = f"{above} is the nearest above" if below and above else "it is the newest here" if below else ""
    raise FwsimError(
        f"no rules for this version of {row.name}" if known else f"firmware {row.name} has no versions",
        where=where, found=repr(version), expected=", ".join(known) or "nothing",
        hint=f"did you mean {near}? {beside or 'It is the nearest'}".rstrip() if near else "remove it",
    )  # fmt: skip


def around(version: str, known: tuple[str, ...]) -> tuple[str, str]:
    """The nearest of the numbered ``known`` not above and not below ``version``, "" where there is none."""
    wanted = _numbers(version)
    rows = sorted((numbers, name) for name in known if name[:1].isdigit() and (numbers := _numbers(name)))
    if not wanted:
        return "", ""
    below = next((name for numbers, name in reversed(rows) if numbers <= wanted), "")
    return below, next((name for numbers, name in rows if numbers > wanted), "")


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.removeprefix("rel-").split(".")
    return tuple(int(part) for part in parts) if len(parts) > 1 and all(part.isdigit() for part in parts) else ()


def _ours(name: str) -> Allocator:
    if _packages_take_part():
        from fwsim.firmware.installed import points, refuse_name

        if point := points(GROUP).get(name):
            refuse_name(point)
    module, attribute = ROWS[name]
    found: Allocator = getattr(import_module(module), attribute)
    return found


def _packages_take_part() -> bool:
    """Whether a package in a folder of sys.path names our group: reading them takes 1 ms, importlib.metadata 80 ms."""
    for folder in sys.path:
        try:
            with os.scandir(folder or ".") as entries:
                found = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for path in found:
            try:
                with open(os.path.join(path, "entry_points.txt"), "rb") as text:
                    if GROUP.encode() in text.read():
                        return True
            except OSError:
                continue
    return False


def _installed(name: str) -> Allocator:
    from fwsim.firmware.installed import load, points

    point = points(GROUP).get(name)
    if point is not None:
        return load(point)
    known = names()
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    raise FwsimError(
        "no such firmware", where="firmware.kind", found=repr(name), expected=", ".join(known),
        hint=f"did you mean {near[0]}?" if near else f"an installed package adds one by entry point group {GROUP}",
    )  # fmt: skip
