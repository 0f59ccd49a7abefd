"""The figures are shown in one table of 80 columns: value, target, verdict, and what the value was compared with."""

from collections.abc import Sequence
from typing import Protocol

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

_WORDS = {True: ("met", "green"), False: ("missed", "bold red"), None: ("", "")}


class FigureLike(Protocol):
    """A measured figure, as ``fwsim.bench`` makes it."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> float | None: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def reference(self) -> float | None: ...  # noqa: D102
    @property
    def reference_unit(self) -> str: ...  # noqa: D102
    @property
    def measured(self) -> float | None: ...  # noqa: D102
    @property
    def target(self) -> float | None: ...  # noqa: D102
    @property
    def most(self) -> bool: ...  # noqa: D102
    @property
    def detail(self) -> str: ...  # noqa: D102
    @property
    def ok(self) -> bool | None: ...  # noqa: D102


def render_figures(figures: Sequence[FigureLike]) -> RenderableType:
    """The figures, one under the other."""
    table = Table(box=None, width=80, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("target", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("measured against", ratio=1)
    for figure in figures:
        word, style = _WORDS[figure.ok]
        sign = "<" if figure.most else ">="
        target = "" if figure.target is None else f"{sign} {figure.target:g}"
        table.add_row(figure.name, _value(figure), target, Text(word, style), _against(figure))
    return table


def _value(figure: FigureLike) -> Text:
    if figure.value is None:
        return Text("-", "dim")
    return Text(f"{figure.value:g} {'' if figure.unit in ('ratio', 'times') else figure.unit}".rstrip(), "bold")


def _against(figure: FigureLike) -> Text:
    text = Text()
    if figure.reference is not None:
        own = f"{figure.measured:g} : " if figure.measured not in (None, figure.value) else ""
        text.append(f"{own}{figure.reference:g} {figure.reference_unit}")
    if figure.detail:
        text.append(("\n" if text else "") + figure.detail, "dim")
    return text
