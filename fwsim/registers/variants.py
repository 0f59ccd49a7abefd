"""The generation ranges of the register database: which host cpus "6-8,vlv,!haswell" means.

A range is a comma-separated list, read from left to right: ``7`` one generation, ``6-8`` several, ``9-`` all from nine
on, a family's name, or one of the groups below; ``!`` before a term takes it out again.
"""

import re
from functools import cache

from fwsim.errors import FwsimError
from fwsim.registers.families import families

_RANGE = re.compile(r"(\d{1,2})(?:(-)(\d{1,2})?)?")

GROUPS: dict[str, tuple[str, ...]] = {
    "vlv": ("baytrail", "cherryview"),
    "g4x": ("G45", "GM45"),
    "bxt": ("apollolake", "geminilake"),
    "ilk": ("ironlake", "sandybridge", "ivybridge"),
    "skl": ("skylake", "kabylake", "coffeelake", "cometlake"),
    "hsw": ("haswell", "broadwell"),
}
"""Families that share display hardware, by the short name the register files use for them."""


@cache
def _generations() -> dict[str, int]:
    return {row.name: row.gen for row in families()}


@cache
def expand(text: str) -> frozenset[str]:
    """The host.cpu names that ``text`` stands for; raises FwsimError for a term that means nothing."""
    chosen: set[str] = set()
    for term in text.split(","):
        name = term.strip()
        if name.startswith("!"):
            chosen -= _term(name[1:], text)
        else:
            chosen |= _term(name, text)
    return frozenset(chosen)


def _term(name: str, text: str) -> set[str]:
    known = _generations()
    if name in GROUPS:
        return set(GROUPS[name])
    match = _RANGE.fullmatch(name)
    if match:
        first = int(match[1])
        last = int(match[3]) if match[3] else (99 if match[2] else first)
        chosen = {family for family, gen in known.items() if first <= gen <= last}
        if chosen:
            return chosen
    if name in known:
        return {name}
    raise FwsimError("not a generation range", where=text, found=repr(name), expected="a generation, family or group")


def selected(gen: int | str | None) -> frozenset[str]:
    """The families of a generation number, of a range's text, of a family's name; all of them for None."""
    if gen is None:
        return frozenset(_generations())
    if isinstance(gen, int):
        chosen = frozenset(family for family, number in _generations().items() if number == gen)
        if not chosen:
            numbers = sorted(set(_generations().values()))
            raise FwsimError(
                "no such graphics generation", where="--gen", found=str(gen), expected=", ".join(map(str, numbers))
            )
        return chosen
    by_lower = {name.lower(): name for name in _generations()}
    if gen.lower() in by_lower:
        return frozenset({by_lower[gen.lower()]})
    return expand(gen)


def describe(chosen: frozenset[str]) -> str:
    """The shortest usual text for a set of families: ``6-8, apollolake`` or ``7-12 but baytrail``."""
    known = _generations()
    whole = [gen for gen in sorted(set(known.values())) if {f for f, g in known.items() if g == gen} <= chosen]
    plain = ", ".join(_ranges(whole) + [name for name in known if name in chosen and known[name] not in whole])
    touched = sorted({known[name] for name in chosen})
    missing = [name for name in known if known[name] in touched and name not in chosen]
    less = f"{', '.join(_ranges(touched))} but {', '.join(missing)}"
    return less if missing and len(less) < len(plain) else plain


def _ranges(numbers: list[int]) -> list[str]:
    """``[6, 7, 8, 11]`` as ``6-8`` and ``11``: what is a neighbour is told by the generations there are."""
    order = sorted(set(_generations().values()))
    parts: list[str] = []
    for number in numbers:
        before = order[order.index(number) - 1] if order.index(number) else None
        if parts and parts[-1].rpartition("-")[2] == str(before):
            parts[-1] = f"{parts[-1].partition('-')[0]}-{number}"
        else:
            parts.append(str(number))
    return parts
