"""The page docs/run-more-than-once.md is made from runs: what changes where a ROM runs again, by image.

``python -m fwsim.report.repeated_page docs/run-more-than-once.md DIR`` runs our own ROM and every Intel image of the
catalogue that is under DIR in every way of ``fwsim.analysis.repeated``, and writes what came of it: facts of the runs,
nothing of the images.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from textwrap import fill

from msgspec import Struct

from fwsim.analysis.repeated import Once, Way, repeated
from fwsim.report.catalogued import OWN, build_of, catalogued
from fwsim.report.events import place, register
from fwsim.rom.catalog import roms_folder
from fwsim.scenario.model import Call, Host, Hypervisor, Rom, Scenario

CALLS = (Call(ax=0x0003), Call(ax=0x4F02, bx=0x4114))
"""Text, and 800x600 with 16 bits: what fits the 1 MiB that a ROM maps where 00:00.0 has no GGC."""
_SHOWN = 8


class Section(Struct, frozen=True):
    """One image on its host, and its runs."""

    title: str
    cpu: str
    runs: list[Once]

    def of(self, *ways: Way) -> list[Once]:
        """The runs made in these ways."""
        return [once for once in self.runs if once.way in ways]


def scenario(path: Path, cpu: str) -> Scenario:
    """What is run in every way: the image at ``path`` on its host, with its cpu's usual display.

    The guest is the trap layer's, which rewrites each entry that points into the host's stolen memory: what is left to
    go wrong then comes from running again.
    """
    return Scenario(
        name="again", host=Host(cpu=cpu), hypervisor=Hypervisor(kind="ranged"),
        rom=Rom(file=str(path), checksum="ignore", any_device=True), call=CALLS,
    )  # fmt: skip


def own() -> Section:
    """Our own ROM's section."""
    return Section("igd-vbios (fwsim's own)", "sandybridge", repeated(scenario(roms_folder() / OWN, "sandybridge")))


def sections(folder: str) -> list[Section]:
    """Those of the images under ``folder``, by generation."""
    found = [
        Section(build_of(known), known.cpu, repeated(scenario(path, known.cpu))) for known, path in catalogued(folder)
    ]
    return sorted(found, key=lambda each: (Host(cpu=each.cpu).family.gen, each.cpu, each.title))


def render(found: Sequence[Section]) -> str:
    """The whole page, as Markdown."""
    lines = [*_head(found), *_matrix(found)]
    for each in found:
        lines += section(each)
    return "\n".join(lines).rstrip("\n") + "\n"


_ABOUT = """\
# A ROM run more than once

Made by `make docs` from runs of fwsim's own ROM and of the images under `$FWSIM_ROMS`: change the runs, not this page.

"From my experience with coreboot, running the vga option rom multiple times during a given boot is very fragile", wrote
the maintainer of SeaBIOS in 2016, by host and guest or by several guests; the author of QEMU's IGD code took it for
"the option ROM being run multiple times without resetting the device". Who is right?

"""

_TRY = """\
Try it with a ROM of yours: the first run, the run after a host and another guest, and what differs.

```console
$ fwsim run ROM --out first
$ fwsim run ROM --set 'rom.before=["host", "guest"]' --set rom.reset=none --out again
$ fwsim trace diff first again
```

`rom.before`, `rom.reset`, `rom.posts` and `rom.source` are told of in [scenario.md](scenario.md); which hypervisor
leaves whose base in the GTT, in [designs.md](designs.md).

"""
_LIMITS = """\
What such runs cannot show: a PLL that does not lock again while its pipe runs, a link or a panel that is switched on
twice without being switched off, a power well that is late. The device here takes writes in any order and has its
answers ready. A ROM that comes to its end here has run the same code that it would run there; whether the silicon
follows it is not known from here. What it does *otherwise* without a reset, the registers and reads below, is where
to look.

Each image runs with its cpu's usual display; the calls are INT 10h modes 03h and 4F02h of mode 114h, for those before
as well. The guest's firmware is SeaBIOS, its hypervisor the trap layer (`ranged`), which rewrites every entry into the
host's stolen memory. A second guest has a device whose configuration space vfio has put back, and memory of its own.
No driver ran in between: what i915 leaves behind is not modelled.

"""


def _head(found: Sequence[Section]) -> Iterator[str]:
    yield from _ABOUT.splitlines()
    yield from _answer(found)
    yield ""
    yield from _LIMITS.splitlines()
    yield from _TRY.splitlines()


def _answer(found: Sequence[Section]) -> Iterator[str]:
    """The counts, in sentences: each is of the images of this page."""
    runs = [once for each in found for once in each.runs]
    yield f"Both, by {len(runs)} runs of {len(found)} images:"
    yield ""
    for text in (_ended(found), *_compared(found)):
        yield fill(text, 118, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _ended(found: Sequence[Section]) -> str:
    pairs = [(each, once) for each in found for once in each.runs]
    well = [once for each, once in pairs if _well(once, _first(each, once))]
    text = f"**Most end, and show what they did at first**: {len(well)} of {len(pairs)}."
    bad: dict[str, list[str]] = {}
    for each, once in pairs:
        if once not in well:
            what = f"{each.title} {once.ending}, and {once.detail.partition(';')[0]}"
            bad.setdefault(what, []).append(_way(once.way))
    return " ".join([text, *(f"But: {what} ({'; '.join(ways)})." for what, ways in bad.items())])


def _compared(found: Sequence[Section]) -> Iterator[str]:
    runs = [once for each in found for once in each.runs]
    fresh = [once for once in runs if _fresh(once.way) and once.way.reset == "flr"]
    yield (f"**From the file, after a function level reset, it is the first run over again**: access for access and "
           f"value for value in {sum(once.same for once in fresh)} of {len(fresh)} runs, on the host, in a guest after "
           "the host, and in a guest after a guest.")  # fmt: skip
    warm = [once for once in runs if _fresh(once.way) and once.way.reset == "none"]
    other, changed = sum(not once.same for once in warm), sum(bool(_changes(once)) for once in warm)
    yield (f"**Without a reset it is another run** in {other} of {len(warm)}: it reads what the run before left. In "
           f"{changed} registers are written otherwise, up to {max(map(_changes, warm))} of them.")  # fmt: skip
    kept = [once for once in runs if not _fresh(once.way) and once.way.reset == "flr"]
    yield (f"**The code in memory is not the file**: init called again there, or handed to a guest as the shadow, "
           f"does something else in {sum(not once.same for once in kept)} of {len(kept)} runs *with* a reset. It keeps "
           f"variables: stolen memory's base, which it does not read again, and what it found out about displays; in "
           f"{sum(bool(_changes(once)) for once in kept)} that changes registers, up to {max(map(_changes, kept))}. "
           "Give a guest the file, not the shadow.")  # fmt: skip
    second = [(once, _before(each, once)) for each in found for once in each.runs if len(once.way.before) > 1]
    alike = sum(_names(one) == _names(two) for one, two in second)
    yield (f"**A second guest is as the first**: in {alike} of {len(second)} runs the same registers are written "
           "otherwise as in the guest that came right after the host.")  # fmt: skip


def _well(once: Once, first: Once) -> bool:
    """Whether it came to its end as the first one did: its calls, its pictures, the DMA faults."""
    return (once.ending, once.picture, once.faults) == (first.ending, first.picture, first.faults)


def _fresh(way: Way) -> bool:
    """Whether it is a run after another one, whose code comes from the file."""
    return bool(way.before) and way.source == "file"


def _first(each: Section, once: Once) -> Once:
    return next(first for first in each.runs if first.way.who == once.way.who)


def _before(each: Section, once: Once) -> Once:
    """The same for the guest that came right after the host."""
    way = once.way
    return each.of(Way(way.who, way.before[:1], way.reset, way.source))[0]


def _names(once: Once) -> tuple[list[int], list[int], list[int]]:
    return once.added, once.missing, once.other


def _changes(once: Once) -> int:
    return sum(map(len, _names(once)))


# --- tables ----------------------------------------------------------------------------------------------------------
_MATRIX: tuple[tuple[str, Callable[[Way], bool]], ...] = (
    ("host, init again in memory", lambda way: way.posts > 1),
    ("host, file again", lambda way: way.who == "host" and bool(way.before)),
    ("guest after host, file", lambda way: way.before == ("host",) and way.who == "guest" and way.source == "file"),
    ("guest after host, shadow", lambda way: way.before == ("host",) and way.source == "shadow"),
    ("another guest, file", lambda way: len(way.before) > 1 and way.source == "file"),
    ("another guest, shadow", lambda way: len(way.before) > 1 and way.source == "shadow"),
)


def _matrix(found: Sequence[Section]) -> Iterator[str]:
    """A row for each image and reset."""
    yield "## All of them"
    yield ""
    yield "*same*: the first run over again. Else the registers written otherwise (`+` only now, `-` only at first, `~`"
    yield "other values), and the places read with another answer."
    yield ""
    yield "| image | reset | " + " | ".join(title for title, _ in _MATRIX) + " |"
    yield "|---|---" + "|---" * len(_MATRIX) + "|"
    for each in found:
        for reset in ("none", "flr"):
            cells = [next(once for once in each.runs if once.way.reset == reset and of(once.way)) for _, of in _MATRIX]
            yield f"| {each.title} | {reset} | " + " | ".join(map(_cell, cells)) + " |"
    yield ""


def _cell(once: Once) -> str:
    if once.same:
        return "same"
    registers = " ".join(f"{sign}{len(some)}" for sign, some in zip("+-~", _names(once), strict=True) if some)
    reads = len({(steer.space, steer.address) for steer in once.steers})
    return f"{registers or 'no register'}, {reads} read{'s' * (reads != 1)}"


def section(each: Section) -> list[str]:
    """One image's part: its runs, then the registers and reads by name."""
    return [*_runs(each), *_named(each)]


def _runs(each: Section) -> Iterator[str]:
    yield f"## {each.title} on {each.cpu}"
    yield ""
    yield "| run | ends | lit after POST | events | GTT writes (rewritten) | screens | parts from the first run at |"
    yield "|---|---|---|---|---|---|---|"
    for once in each.runs:
        gtt = f"{once.gtt_writes:,}" + (f" ({once.gtt_rewritten:,})" if once.gtt_rewritten else "")
        faults = f"{once.faults:,} DMA faults" if once.faults else ""
        screens = "; ".join(filter(None, (once.picture or "whole", faults)))
        ending = once.ending if once.ending == "completed" else f"{once.ending}: {once.detail.partition(';')[0]}"
        yield (f"| {_way(once.way)} | {ending} | {once.lights} | {once.events:,} | {gtt} | {screens} | "
               f"{_parted(each, once)} |")  # fmt: skip
    yield ""


def _way(way: Way) -> str:
    """``guest after host and guest, shadow, FLR between``."""
    reset = {"none": "no reset", "flr": "FLR"}[way.reset]
    if way.posts > 1:
        return f"{way.who}, init called again, {reset} between"
    if not way.before:
        return f"{way.who}, first"
    after = " and ".join(way.before)
    return f"{way.who} after {after}, {way.source}, {reset} between"


def _parted(each: Section, once: Once) -> str:
    if once is _first(each, once):
        return "-"
    row = once.parted
    if row is None:
        return "nowhere: the same"
    where = place(str(row["space"]), int(str(row["address"])), each.cpu)
    steer = next(iter(once.steers), None)
    if steer and (steer.space, steer.address) == (row["space"], row["address"]):
        return f"{where}: read {steer.first:#x}, now {steer.again:#x}"
    how = {"a": "at first alone", "b": "now alone", "value": "another value"}[once.how]
    return f"{row['op']} of {where}, {how}: no answer differed before, so by its own memory"


def _named(each: Section) -> Iterator[str]:
    """By what a run did otherwise the runs that did it: registers and reads by name."""
    told = [once for once in each.runs if not once.same]
    told.sort(key=lambda once: str(_detail(each, once)))
    alike = [(detail, list(some)) for detail, some in groupby(told, key=lambda once: _detail(each, once))]
    alike.sort(key=lambda pair: each.runs.index(pair[1][0]))
    for detail, some in alike:
        yield "; ".join(_way(once.way) for once in sorted(some, key=each.runs.index)) + ":"
        yield ""
        yield from detail
        yield ""


def _detail(each: Section, once: Once) -> list[str]:
    titles = ("written now alone", "written at first alone", "written otherwise")
    lines = [f"- {title}: {_list(each.cpu, some)}" for title, some in zip(titles, _names(once), strict=True) if some]
    seen: dict[tuple[str, int], str] = {}
    for steer in once.steers:
        name = place(steer.space, steer.address, each.cpu)
        seen.setdefault((steer.space, steer.address), f"{name} {steer.first:#x}, now {steer.again:#x}")
    reads = list(seen.values())
    more = f", and {len(reads) - _SHOWN} more" if len(reads) > _SHOWN else ""
    return [*lines, f"- read with another answer: {'; '.join(reads[:_SHOWN]) or 'nothing'}{more}"]


def _list(cpu: str, offsets: Sequence[int]) -> str:
    """Names in order; registers of one array once, with their count."""
    stems: dict[str, int] = {}
    for offset in offsets:
        name = register("mmio", offset, cpu) or f"{offset:#x}"
        stem = name if name.startswith("0x") else name.rstrip("0123456789+").rstrip("_")
        stems[stem] = stems.get(stem, 0) + 1
    return ", ".join(stem + (f" ({count})" if count > 1 else "") for stem, count in stems.items())


def main(page: str, folder: str) -> int:
    """Write the page; 1 where there is no real image, and the page stays as it is."""
    found = sections(folder)
    if not found:
        print(f"no Intel image of the catalogue is under {folder}: {page} stays as it is", file=sys.stderr)
        return 1
    Path(page).write_text(render([own(), *found]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
