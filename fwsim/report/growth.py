"""The growth table, the peers and the steps of an access are shown in plain text of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwsim.bench.grown import Grown, Series

HEAD = ("size", "seconds", "CPU s", "each us", "ref. us", "times", "peak MiB", "file MB")
_WIDTHS = (11, 9, 9, 10, 10, 7, 9, 9)


def lines(found: Grown) -> Iterator[str]:
    """Everything, series by series; each under what it was measured beside."""
    yield f"{found.cpu}, {found.cores} cores, load {found.load[0]} before and {found.load[1]} after; each is CPU time"
    for series in found.series:
        yield ""
        yield f"{series.what}; ref.: {series.reference}"
        yield _line(HEAD)
        for row in series.rows:
            if row.missing:
                yield f"{row.size:>{_WIDTHS[0]},}  left out: {row.missing}"
        for cells in rows(series):
            yield _line(cells)
        yield f"  {growth(series)}"
    yield ""
    yield f"{'peers':<31}{'M accesses/s':>13}{'M instr/s':>11}   with an access"
    for peer in found.peers:
        yield f"{peer.name:<31}{rate(peer.accesses):>13}{rate(peer.instructions):>11}   {peer.missing or peer.does}"
    yield ""
    yield f"{'one port access, by how much of it is done':<46}{'ns':>8}{'more':>8}"
    for name, ns, more in steps(found):
        yield f"{name:<46}{ns:>8}{more:>8}"


def _line(cells: Sequence[str]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))


def rows(series: Series) -> Iterator[tuple[str, ...]]:
    """The cells of each row that was measured, as in HEAD; ``times`` is a unit's cost to its reference's."""
    for row in series.rows:
        if row.each_us is not None and row.reference_us:
            yield (
                f"{row.size:,}", f"{row.seconds:.3g}", f"{row.cpu_s:.3g}", f"{row.each_us:.3g}",
                f"{row.reference_us:.3g}", f"{row.each_us / row.reference_us:.2f}", f"{row.peak_mib:.0f}",
                f"{row.file_mb:.2f}" if (row.file_mb or 0) < 10 else f"{row.file_mb:,.0f}",
            )  # fmt: skip


def growth(series: Series) -> str:
    """Whether it is linear, and by which number."""
    return series.verdict if series.slope is None else f"{series.verdict}: slope {series.slope:.2f}"


def rate(value: float | None) -> str:
    """A rate in millions; a dash for none."""
    return "-" if value is None else f"{value:g}"


def steps(found: Grown) -> Iterator[tuple[str, str, str]]:
    """(What is done, ns, how much more than the step before)."""
    before = 0.0
    for step in found.steps:
        yield step.name, f"{step.ns:.1f}", f"{step.ns - before:+.1f}"
        before = step.ns
