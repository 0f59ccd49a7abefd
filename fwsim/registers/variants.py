"""Which host cpus does "6-8,vlv,!haswell" mean? The generation ranges of the register database.

A range is a comma-separated list, read from left to right: ``7`` one generation, ``6-8`` several, ``9-`` all from nine
on, a family's name, or one of the groups below; ``!`` before a term takes it out again.
"""

from functools import cache

from fwsim.errors import FwsimError
from fwsim.registers.families import families

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
    low, dash, high = name.partition("-")
    if low.isdigit() and int(low) < 100:
        last = int(high) if high else (99 if dash else int(low))
        return {family for family, gen in known.items() if int(low) <= gen <= last}
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
    """The shortest usual text for a set of families: ``6-8, apollolake`` (whole generations first)."""
    known = _generations()
    numbers = sorted(set(known.values()))
    whole = [n for n in numbers if {f for f, g in known.items() if g == n} <= chosen]
    parts: list[str] = []
    index = 0
    while index < len(whole):
        last = index
        while last + 1 < len(whole) and numbers.index(whole[last + 1]) == numbers.index(whole[last]) + 1:
            last += 1
        parts.append(str(whole[index]) if last == index else f"{whole[index]}-{whole[last]}")
        index = last + 1
    return ", ".join(parts + [name for name, gen in known.items() if name in chosen and gen not in whole])
