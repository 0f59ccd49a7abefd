"""A register is shown in tables at 80 columns for `fwsim lookup`."""

import textwrap
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fwsim.registers.core import Decoded
from fwsim.registers.lookup import Answer, Where

_WIDTH = 80
_ACCESS = {
    "ro": "read only",
    "rw": "read and write",
    "wo": "write only",
    "w1c": "write 1 to clear",
    "rc": "cleared by reading",
    "lock": "read and write until locked",
}


def render_answers(answers: Sequence[Answer]) -> RenderableType:
    """The registers found at an address, one under the other."""
    parts: list[RenderableType] = []
    for number, answer in enumerate(answers):
        if number:
            parts.append(Text())
        parts += [*_head(answer), _fields(answer)]
    return Group(*parts)


def _head(answer: Answer) -> Iterable[RenderableType]:
    line = Text()
    line.append(answer.name, style="bold")
    line.append(f"  {answer.space} {answer.where}  {answer.width * 8} bits", style="cyan")
    if answer.value is not None:
        line.append(f"  = {answer.value:#0{answer.width * 2 + 2}x}", style="bold green")
    yield line
    yield _wrapped(answer.description)
    about = f"gen {answer.generations} · {_ACCESS[answer.access]}"
    if answer.space == "int":
        about = "INT, by the ROM · the fields are CX of the answer, where AX=005F"
    elif answer.space != "gtt":
        about += f" · reset {'by straps or firmware' if answer.reset is None else f'{answer.reset:#x}'}"
    yield _wrapped(about, "dim")
    yield _wrapped(f"source: {answer.source}", "dim")


def _wrapped(text: str, style: str = "") -> Text:
    return Text("\n".join(textwrap.wrap(text, _WIDTH)), style=style)


def _fields(answer: Answer) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    table.add_column("bits", justify="right", no_wrap=True)
    table.add_column("field", no_wrap=True)
    if answer.value is not None:
        table.add_column("value", justify="right", no_wrap=True)
    table.add_column("meaning", overflow="fold")
    for field in answer.fields:
        style = "bold red" if field.field == "?" else "dim" if answer.value is not None and not field.value else ""
        cells = [field.bits, field.field, *([_number(field)] if answer.value is not None else []), field.meaning]
        table.add_row(*cells, style=style)
    return table


def _number(field: Decoded) -> str:
    return f"{field.value:#x}" if field.value > 9 else str(field.value)


def render_places(places: Sequence[Where]) -> RenderableType:
    """Where a register lies in each generation."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    for heading in ("name", "space", "address", "bits", "access"):
        table.add_column(heading, no_wrap=True)
    table.add_column("generations and families", overflow="fold")
    for place, label in _folded(places):
        table.add_row(
            f"{place.name}{label}", place.space, place.where, str(place.width * 8), place.access, place.generations
        )
    lines: list[RenderableType] = [table, Text()]
    seen: set[str] = set()
    for place in places:
        if place.description not in seen:
            seen.add(place.description)
            lines.append(_wrapped(f"{place.description} ({place.source})", "dim"))
    return Group(*lines)


def _folded(places: Sequence[Where]) -> Iterable[tuple[Where, str]]:
    """The places, an array longer than eight shown by its first and last members."""
    runs: dict[tuple[str, str], list[Where]] = {}
    for place in places:
        runs.setdefault((place.description, place.generations), []).append(place)
    for run in runs.values():
        shown = run if len(run) <= 8 else [run[0], run[-1]]
        for place in shown:
            yield place, f"_{place.label}" if place.label else ""
