"""Who answered configuration space, as a run's text shows it: design, servers, windows, and a line for each answer."""

from collections.abc import Iterator, Sequence

from msgspec import UnsetType
from rich.console import RenderableType
from rich.text import Text

from fwsim.report.run_parts import facts, grid
from fwsim.results.summary import ConfigAnswer, ConfigSpace, Summary

_HEAD = ("by", "who", "as", "reads", "writes", "lost", "functions")


def config_space_block(summary: Summary) -> list[RenderableType]:
    """The block; empty where nobody asks who answers."""
    found = summary.config_space
    if isinstance(found, UnsetType):
        return []
    rows = [("config", f"{found.design}: {found.title}"), *(("", text) for text in _places(found))]
    return [facts(rows), _table(found.answers)] if found.answers else [facts(rows)]


def _places(found: ConfigSpace) -> Iterator[str]:
    """Servers, and the window's places."""
    names = (f"{each.name}: {', '.join(each.functions)}" for each in found.servers if each.functions)
    yield "; ".join(names)
    for each in found.windows:
        over = f", {each.ram >> 20} MiB of it RAM" if each.ram else ""
        over += f", over {', '.join(each.bars)}" if each.bars else ""
        told = "" if each.told else ", Xen is not told"
        state = "locked, refused" if each.state == "locked" else each.state
        yield f"event {each.seq}: window {state} {each.start:#x}, {each.size >> 20} buses{over}{told}"


def _table(answers: Sequence[ConfigAnswer]) -> RenderableType:
    """A row for each way, party and form, what is lost apart."""
    table = grid()
    for _ in range(2):
        table.add_column()
    table.add_row(*(Text(word, style="bold") for word in _HEAD))
    merged: dict[tuple[str, str, str, bool], list[ConfigAnswer]] = {}
    for each in answers:
        merged.setdefault((each.way, each.who, each.form, bool(each.lost)), []).append(each)
    for (way, who, form, lost), rows in merged.items():
        counts = (sum(getattr(each, name) for each in rows) for name in ("reads", "writes", "lost"))
        words = [way, who, form or "-", *map(str, counts), ", ".join(each.function for each in rows)]
        table.add_row(*(Text(word, style="red" if lost else "") for word in words))
    return table
