"""The kinds of hypervisor: a row each, loaded when asked for; others come from installed packages."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import Choice, Hypervisor

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "fwsim.hypervisors"
"""The entry point group in which an installed package names its own: subclasses of ``Hypervisor``."""
ROWS: dict[str, tuple[str, str]] = {
    "none": ("fwsim.hypervisor.bare", "Bare"),
    "ranged": ("fwsim.hypervisor.ranged", "Ranged"),
    "qemu": ("fwsim.hypervisor.qemu.kind", "Qemu"),
    "xen": ("fwsim.hypervisor.xen.kind", "Xen"),
    "bhyve": ("fwsim.hypervisor.bhyve", "Bhyve"),
    "acrn": ("fwsim.hypervisor.acrn", "Acrn"),
    "crosvm": ("fwsim.hypervisor.crosvm", "Crosvm"),
    "vpci": ("fwsim.hypervisor.vpci.kind", "Vpci"),
    "custom": ("fwsim.hypervisor.custom", "Custom"),
}
"""Kind: (module, class)."""
DEFAULT = "qemu"
"""The kind taken where none is named."""


def names() -> list[str]:
    """Every kind there is, ours first."""
    return [*ROWS, *sorted(set(_entry_points()) - set(ROWS))]


def default_profile(kind: str) -> str:
    """The profile of ``kind`` where none is named; empty for a kind that has none, or that is not there."""
    try:
        return _class(kind).defaults
    except FwsimError:
        return ""


def kind_class(kind: str) -> type[Hypervisor]:
    """The class of ``kind``. Raises FwsimError for one that is not there."""
    return _class(kind)


def remedies(posted: bool) -> list[str]:
    """What our kinds have against a host's address in the GTT; ``posted``: the ROM has it from a POST on the host."""
    return [each.text for kind in ROWS for each in _class(kind).remedies if posted or not each.posted]


def hypervisor(choice: Choice) -> Hypervisor:
    """The hypervisor of ``choice``. Raises FwsimError for an unknown kind, and for what the kind refuses to be."""
    found = _class(choice.kind)
    if choice.kind in ROWS:
        return found(choice)
    from fwsim.hypervisor.installed import guarded

    return guarded(found, choice, _entry_points()[choice.kind])


@lru_cache(maxsize=64)
def _class(kind: str) -> type[Hypervisor]:
    row = ROWS.get(kind)
    if row is not None:
        found: type[Hypervisor] = getattr(import_module(row[0]), row[1])
        return found
    point = _entry_points().get(kind)
    if point is None:
        known = names()
        near = get_close_matches(kind, known, n=1, cutoff=0.5)
        raise FwsimError(
            "no such hypervisor", where="hypervisor.kind", found=f'"{kind}"', expected="one of " + ", ".join(known),
            hint=f"did you mean {near[0]}?" if near else f"an installed package adds one by entry point group {GROUP}",
        )  # fmt: skip
    from fwsim.hypervisor.installed import loaded

    return loaded(point)


@lru_cache(maxsize=1)
def _entry_points() -> dict[str, EntryPoint]:
    """Every installed kind. Raises FwsimError for one that has a name of ours."""
    from importlib.metadata import entry_points

    found = {point.name: point for point in entry_points(group=GROUP)}
    for name in ROWS.keys() & found.keys():
        from fwsim.hypervisor.installed import where

        raise FwsimError(
            f"an installed package calls its hypervisor {name}, a name of fwsim's own", where=where(found[name]),
            found=name, expected="a name that is not " + ", ".join(ROWS), hint="rename the entry point",
        )  # fmt: skip
    return found
