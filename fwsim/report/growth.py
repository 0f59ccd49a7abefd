"""The growth table, the peers and the steps of an access are shown in plain text of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwsim.bench.grown import Grown, Series

HEAD = ("size", "seconds", "CPU s", "each us", "ref. us", "times", "peak MiB", "file MB")
_WIDTHS = (11, 9, 9, 10, 10, 7, 9, 9)


def lines(found: Grown) -> Iterator[str]:
    """Everything, series by series; each under what it was measured beside."""
    yield f"{found.cpu}, {found.cores} cores"
    yield f"meanwhile {disturbed(found)}"
    yield "each and ref.: CPU time of one, and of one by the reference in the same process"
    for series in found.series:
        yield ""
        yield f"{series.what}; ref.: {series.reference}"
        yield _line(HEAD)
        for row in series.rows:
            if row.missing:
                yield f"{row.size:>{_WIDTHS[0]},}  left out: {row.missing}"
        for cells in rows(series):
            yield _line(cells)
        yield f"  {growth(found, series)}"
    yield ""
    yield f"{'the same loop, by':<31}{'M accesses/s':>13}{'M instr/s':>11}"
    for peer in found.peers:
        yield f"{peer.name:<31}{rate(peer.accesses):>13}{rate(peer.instructions):>11}"
        yield f"  {peer.missing or peer.does}"
    yield ""
    yield f"{'one port access, by how much of it is done':<46}{'ns':>8}{'more':>8}"
    for name, ns, more in steps(found):
        yield f"{name:<46}{ns:>8}{more:>8}"


def disturbed(found: Grown) -> str:
    """What else the cores did meanwhile."""
    return f"other programs had {found.others:.0%} of their time, other machines {found.stolen:.0%}"


def _line(cells: Sequence[str]) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))


def rows(series: Series) -> Iterator[tuple[str, ...]]:
    """The cells of each row that was measured, as in HEAD; ``times`` is a unit's cost to its reference's."""
    for row in series.rows:
        if row.each_us is not None and row.reference_us:
            yield (
                f"{row.size:,}", *map(_short, (row.seconds, row.cpu_s, row.each_us, row.reference_us)),
                _short(row.each_us / row.reference_us), _short(row.peak_mib), _short(row.file_mb),
            )  # fmt: skip


def _short(value: float | None) -> str:
    """Three digits, or the whole number where it has more."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def growth(found: Grown, series: Series) -> str:
    """Whether cost is linear and memory bounded, and what a second worker gains, each with its numbers."""
    peaks = [row.peak_mib for row in series.rows if row.peak_mib is not None]
    said = [f"cost {series.verdict}" + ("" if series.slope is None else f", slope {series.slope:.2f}")]
    if peaks:
        said.append(f"memory {_short(peaks[0])} to {_short(peaks[-1])} MiB")
    one = found.series[found.series.index(series) - 1]
    if ", 2 " in series.what and ", 1 " in one.what:
        alone, both = ({row.size: row.seconds for row in each.rows if row.seconds} for each in (one, series))
        size = max(alone.keys() & both.keys(), default=None)
        if size:
            said.append(f"{alone[size] / both[size]:.2f} times one's speed")
    return "; ".join(said)


def rate(value: float | None) -> str:
    """A rate in millions; a dash for none."""
    return "-" if value is None else f"{value:g}"


def steps(found: Grown) -> Iterator[tuple[str, str, str]]:
    """(What is done, ns, how much more than the step before)."""
    before = 0.0
    for step in found.steps:
        yield step.name, f"{step.ns:.1f}", f"{step.ns - before:+.1f}"
        before = step.ns
