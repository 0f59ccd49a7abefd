"""The page docs/must-be-mirrored.md is made from the images: what each generation's vBIOS needs of its host.

``python -m fwsim.report.mirror_page docs/must-be-mirrored.md DIR`` runs every Intel image of the catalogue that is
under DIR on the host itself, and writes what it touched: facts of the runs, nothing of the images.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path

from msgspec import Struct

from fwsim.analysis.needs import Config, GttRange, Needs, needs_of
from fwsim.hypervisor.mirror.model import merged
from fwsim.registers.database import name_of
from fwsim.report.catalogued import build_of, catalogued
from fwsim.results.folder import RunDir
from fwsim.rom.catalog import KnownRom
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Host, Hypervisor, Payload, Rom, Scenario

CALLS = ((0x03, 0, 0), (0x12, 0, 0), (0x13, 0, 0), (0x4F00, 0, 0), (0x4F01, 0, 0x118), (0x4F02, 0x4118, 0))
"""AX, BX, CX: text, two VGA modes, and 1024x768 with 24 or 32 bits."""
_HEADER = 0x40
_DWORD = 4


class Column(Struct, frozen=True):
    """One image, and what it needed."""

    known: KnownRom
    needs: Needs

    @property
    def build(self) -> str:
        """The image's name without its ending, as the page calls it."""
        return build_of(self.known)


def columns(folder: str) -> list[Column]:
    """Every Intel image of the catalogue under ``folder``, run; by generation."""
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for known, path in catalogued(folder):
            scenario = Scenario(
                name=known.name.partition(".")[0], host=Host(cpu=known.cpu), hypervisor=Hypervisor(kind="none"),
                rom=Rom(file=str(path), checksum="ignore", any_device=True), payload=Payload(draw="none"),
                call=tuple(Call(ax=ax, bx=bx, cx=cx) for ax, bx, cx in CALLS),
            )  # fmt: skip
            out = RunDir.create(Path(scratch) / known.name)
            out.write_scenario(scenario)
            run(scenario, out)
            found.append(Column(known, needs_of(out)))
    return sorted(found, key=lambda each: (each.needs.generation, each.needs.cpu, each.known.name))


def render(found: Sequence[Column]) -> str:
    """The whole page, as Markdown."""
    return "\n".join([*_head(found), *_wide(found), *_by_function(found), *_registers(found)]) + "\n"


_ABOUT = """\
Made by `make docs` from runs of the images under `$FWSIM_ROMS`: change the runs, not this page. In 2014 those who gave
Intel graphics to guests asked for a list, by generation, of the registers, OpRegions and GTT mappings that a guest must
see of its host, of those that it must write, and of what must lie where the host has it. This is that list, for the
vBIOS, as far as these images go.

{count} images, each POSTed on the host itself with its cpu's usual display; then INT 10h modes 03h, 12h and 13h, 4F00h,
4F01h and 4F02h of mode 118h. `R 0x50/2` is a read of two bytes at 50h. *identity*: the image does not read BDSM, for a
POST before left the base inside; its guest's stolen memory must lie where the host's does. *virtual*: any will do.
What a driver needs beside is not here. `fwsim needs` makes such a list of any ROM, and [`custom`](custom.md) runs a
guest with nothing but it.
"""


def _head(found: Sequence[Column]) -> Iterator[str]:
    yield "# What must be mirrored"
    yield ""
    yield _ABOUT.format(count=len(found))


def _wide(found: Sequence[Column]) -> Iterator[str]:
    """One row an image: everything but BAR0's registers."""
    cells: tuple[tuple[str, Callable[[Needs], str]], ...] = (
        ("00:00.0", lambda needs: _function(needs, "00:00.0")),
        ("00:02.0 beyond the header", lambda needs: _function(needs, "00:02.0")),
        ("00:02.0, header", lambda needs: _function(needs, "00:02.0", header=True)),
        ("00:1f.0", lambda needs: _function(needs, "00:1f.0")),
        ("00:1f.2", lambda needs: _function(needs, "00:1f.2")),
        ("write access", _writes),
        ("stolen memory", lambda needs: needs.bdsm),
        ("GTT", _gtt),
        ("OpRegion", _opregion),
        ("VGA ports", lambda needs: _yes(bool(needs.vga))),
        ("other ports", lambda needs: ", ".join(each.text for each in needs.ports) or "-"),
        ("INT 15h", lambda needs: " ".join(f"{each.ax:04x}" for each in needs.interrupts) or "-"),
        ("BAR0", lambda needs: f"{needs.registers} registers"),
    )
    yield "## By generation"
    yield ""
    yield "| | " + " | ".join(f"{each.build}" for each in found) + " |"
    yield "|---" * (len(found) + 1) + "|"
    yield "| host | " + " | ".join(f"gen {each.needs.generation}, {each.needs.cpu}" for each in found) + " |"
    for title, cell in cells:
        yield f"| {title} | " + " | ".join(cell(each.needs) for each in found) + " |"
    yield ""


def _function(needs: Needs, bdf: str, *, header: bool = False) -> str:
    rows = [
        each for each in needs.config
        if each.bdf == bdf and (bdf != "00:02.0" or (each.offset < _HEADER) is header)
    ]  # fmt: skip
    return ", ".join(f"{each.text} {each.name}".rstrip() for each in rows) or "-"


def _writes(needs: Needs) -> str:
    rows: list[Config] = [each for each in needs.config if each.access == "w"]
    return ", ".join(f"{each.bdf} {each.text}" for each in rows) or "none in configuration space"


def _gtt(needs: Needs) -> str:
    return ", ".join(
        f"{access.upper()} {first:#x}-{end - 1:#x}" for first, end, access in _runs(needs.gtt)
    ) or "-"  # fmt: skip


def _opregion(needs: Needs) -> str:
    parts = [f"{each.access.upper()} {each.first:#x}-{each.end - 1:#x}" for each in needs.opregion_parts]
    return ", ".join(parts) or "none"


def _yes(found: bool) -> str:
    return "yes" if found else "no"


def _runs(rows: Sequence[GttRange]) -> list[tuple[int, int, str]]:
    return list(merged((each.first, each.end, each.access) for each in rows))


# --- BAR0 ------------------------------------------------------------------------------------------------------------
def _dwords(needs: Needs) -> Iterator[tuple[str, int, str]]:
    """(area, offset, access) of each register of BAR0 that was used; the area "" where none describes it."""
    for first, end, access in _runs(needs.bar0):
        for offset in range(first, end, _DWORD):
            known = name_of("mmio", offset, needs.cpu)
            yield known.register.__module__.rpartition(".")[2] if known else "", offset, access


def _by_function(found: Sequence[Column]) -> Iterator[str]:
    """How many registers of each function an image uses, and how many of them it writes."""
    counts: dict[str, dict[str, list[str]]] = {}
    for each in found:
        for area, _, access in _dwords(each.needs):
            counts.setdefault(area, {}).setdefault(each.known.name, []).append(access)
    yield "## BAR0 by function"
    yield ""
    yield "Registers used, and of these how many are written."
    yield ""
    yield "| function | " + " | ".join(each.build for each in found) + " |"
    yield "|---" * (len(found) + 1) + "|"
    for area in sorted(counts):
        rows = [counts[area].get(each.known.name, []) for each in found]
        cells = [f"{len(row)}, {sum('w' in access for access in row)} written" if row else "-" for row in rows]
        yield f"| {_title(area)} | " + " | ".join(cells) + " |"
    yield ""


def _title(area: str) -> str:
    """What the registers of one area are for."""
    if not area:
        return "not known"
    text = (import_module(f"fwsim.registers.{area}").__doc__ or area).split("\n")[0]
    text = text.removeprefix("The registers ").removeprefix("The ").rstrip(".")
    return text[:1].upper() + text[1:]


def _registers(found: Sequence[Column]) -> Iterator[str]:
    """By host cpu the registers of its images, with the access that any of them makes."""
    yield "## BAR0 by host"
    yield ""
    yield "All images of a host together. A register that no name is known of has its offset."
    yield ""
    for cpu, some in groupby(found, key=lambda each: each.needs.cpu):
        mine = list(some)
        rows = [row for each in mine for row in each.needs.bar0]
        yield f"### {cpu}: {', '.join(each.build for each in mine)}"
        yield ""
        together = Needs("", cpu, mine[0].needs.generation, "", "", "", bar0=rows)
        by_area: dict[str, list[str]] = {}
        for area, offset, access in _dwords(together):
            known = name_of("mmio", offset, cpu)
            past = f"+{offset - known.address}" if known and known.address != offset else ""
            by_area.setdefault(area, []).append(f"{known.name}{past} {access}" if known else f"{offset:#x} {access}")
        for area in sorted(by_area):
            yield f"- {_title(area)}: {', '.join(_shortened(by_area[area]))}"
        yield ""


def _shortened(names: Sequence[str]) -> Iterator[str]:
    """A register wider than a dword, such as a palette, once."""
    for stem, some in groupby(names, key=lambda name: (name.split()[0].partition("+")[0], name.split()[1])):
        count = len(list(some))
        yield " ".join(stem) + (f" ({count} dwords)" if count > 1 else "")


def main(page: str, folder: str) -> int:
    """Write the page; 1 where there is no image, and the page stays as it is."""
    found = columns(folder)
    if not found:
        print(f"no Intel image of the catalogue is under {folder}: {page} stays as it is", file=sys.stderr)
        return 1
    Path(page).write_text(render(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
