"""Leaks are shown: what gets through first, then who reads it and where it went, then what is kept back."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.analysis.leaks_rows import Leak, Leaks

_WIDTH = 80
_HOLDS = {
    "stolen": "stolen memory", "gsm": "the GTT's memory", "reserved": "its reserved part",
    "end": "end of stolen memory", "gtt": "the GTT", "opregion": "OpRegion", "sizes": "sizes, no address",
}  # fmt: skip
_KEPT = {
    "foreign": "another machine's: none of this host's addresses, and none of the guest's either",
    "hides": "hidden: the hypervisor's own register answers", "traps": "trapped: BAR0 answers from configuration",
    "patches": "patched: changed before the guest got it", "same": "the guest's own: placed at the host's address",
    "size": "passes, but holds sizes, no address", "own": "the host itself: its own addresses",
}  # fmt: skip


def render_leaks(found: Leaks, full: bool) -> list[RenderableType]:
    """The page, on 80 columns."""
    parts: list[RenderableType] = [Text(line) for line in _head(found)]
    through = found.passing
    if found.on_host:
        parts.append(Text("no guest here: this is the host itself, each address is its own"))
    elif through:
        parts += [Text(f"{len(through)} of the host's addresses get through", style="bold red"), _table(through)]
    else:
        parts.append(Text("no address of the host gets through", style="bold green"))
    for leak in through:
        parts += [Text(line) for line in _story(leak, full)]
    parts += _kept([leak for leak in found.leaks if leak.verdict != "passes"], full)
    if found.unset:
        parts += [Text(line) for line in _wrapped("there, but empty in this model: " + ", ".join(found.unset))]
    return parts


def _head(found: Leaks) -> Iterator[str]:
    yield f"{found.name}: {found.cpu} (gen {found.generation}), hypervisor {found.hypervisor}"
    guest = "none" if found.guest_stolen[0] >= found.guest_stolen[1] else _range(found.guest_stolen)
    yield f"stolen memory  host {_range(found.host_stolen)}, guest {guest}"
    yield f"OpRegion       host {found.host_opregion:#010x}, guest {found.guest_opregion:#010x}"
    for note in found.notes:
        yield from _wrapped(f"note: {note}")


def _range(area: tuple[int, int]) -> str:
    return f"{area[0]:08x}-{area[1] - 1:08x}" if area[1] > area[0] else "none"


def _table(rows: list[Leak]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, width=_WIDTH, header_style="bold")
    for name in ("where", "register", "guest reads", "address of", "reads"):
        table.add_column(name, overflow="fold")
    for leak in rows:
        reads = str(sum(read.count for read in leak.reads)) if leak.reads else "-"
        where = leak.where.replace("BAR0", "BAR0, I/O") if leak.also else leak.where
        table.add_row(*(Text(cell) for cell in (where, leak.register, f"{leak.guest:#010x}",
                                                _HOLDS[leak.holds], reads)))  # fmt: skip
    return table


def _story(leak: Leak, full: bool) -> Iterator[str]:
    lines = [f"{reader.who} ({reader.source})" for reader in leak.readers]
    yield from _wrapped(f"{leak.where}: " + (f"read by {'; '.join(lines)}" if lines else "no reader is known"))
    if leak.note:
        yield from _wrapped(leak.note, "  ")
    if full and leak.source:
        yield from _wrapped(f"source: {leak.source}", "  ")
    yield from _traced(leak, "  ")


def _traced(leak: Leak, indent: str) -> Iterator[str]:
    """The reads that were made, and where the value went."""
    for read in leak.reads:
        yield (
            f"{indent}{read.cs:04x}:{read.ip:04x} read {read.width} bytes at {read.offset:#x}: "
            f"{read.value:#x}, {read.count}x"
        )
    for flow in leak.flows:
        moved = f"; {flow.moved} of them moved by the hypervisor" if flow.moved else ""
        text = f"-> {flow.space} {flow.where}: {flow.count} writes, first {flow.value:#x} (event {flow.seq}){moved}"
        text += f"; it came from {flow.origin}" if flow.origin else ""
        yield from _wrapped(text, indent)


def _kept(rows: list[Leak], full: bool) -> Iterator[RenderableType]:
    """What does not get through, by the way it is kept back."""
    for verdict, text in _KEPT.items():
        some = [leak for leak in rows if leak.verdict == verdict]
        if not some:
            continue
        yield Text(text, style="bold")
        for leak in some:
            values = f"host {leak.host:#x}, guest {leak.guest:#x}" if leak.verdict != "own" else f"{leak.host:#x}"
            said = "; ".join(filter(None, (leak.note, f"by the {leak.also} too" if leak.also else "")))
            note = f" ({said})" if said else ""
            for line in _wrapped(f"{leak.where} {leak.register}: {values}{note}", "  "):
                yield Text(line)
            for line in _detail(leak) if full else ():
                yield Text(line)


def _detail(leak: Leak) -> Iterator[str]:
    for reader in leak.readers:
        yield from _wrapped(f"read by {reader.who} ({reader.source})", "    ")
    yield from _traced(leak, "    ")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False)
