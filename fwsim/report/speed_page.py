"""The page docs/speed.md and its plot are made from a measurement: every figure on it is one of that run.

``python -m fwsim.report.speed_page docs/speed.json docs/speed.md docs/images/speed.png``; the measurement is what
``fwsim bench --growth --save docs/speed.json`` wrote.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import log10
from pathlib import Path

from fwsim.bench.grown import Grown, read
from fwsim.errors import FwsimError
from fwsim.report import plots
from fwsim.report.growth import HEAD, disturbed, growth, rate, rows, steps

_COLOURS = ("#0072b2", "#d55e00", "#e69f00", "#009e73", "#56b4e9", "#cc79a7", "#999999")
"""Okabe and Ito's, which the colour-blind tell apart."""

_ABOUT = """\
Made by `make docs` from `docs/speed.json`, which `make bench` writes: measure again, do not edit this page. All figures
are of one run of

    fwsim bench --growth --to {to} --save docs/speed.json

with fwsim {fwsim} on {cores} cores of a machine whose CPU calls itself {cpu}.
Meanwhile {disturbed}.
Compare the ratios, not the numbers: what else a machine does, and cores that are shared, make a time longer, never
shorter; what stands side by side here was measured in turn. Growth is told by CPU time, which other programs disturb
less than the clock.

`fwsim bench` prints the figures that have a target; `fwsim bench --growth --to 1e6` measures a little of this page.
"""

_GROWTH = """\
Each measurement has a process of its own. *CPU s* is user and system time of all its processes, *each us* that of one
unit in microseconds, *ref. us* that of the reference, measured in turn in the same process, *times* how many of it.
*Peak* is the sum of the peaks of resident memory of all its processes (VmHWM): the interpreter, libraries and what the
reference takes are in it, pages that two of them share count twice. Growth is the slope of log CPU time against log
size between the two largest sizes: 1 is linear, less is a fixed start that still shows. What takes less than two
seconds was measured three times; the least counts.

Lines that are as steep as the thin grey ones grow as the size does:

![Left, CPU time against size, right, peak memory against size, all axes logarithmic]({plot})
"""

_SERIES = {
    "events": """\
Port accesses of a loop, each recorded to `events.npy`. One chunk of the file is mapped at a time: what memory a trace
takes does not depend on its length.
""",
    "placements": """\
A sweep over ten firmwares and RAM of many sizes, to `rows.parquet`. Processes are started meanwhile; a Dask cluster is
there before.
""",
    "ROM": """\
A sweep of our own ROM's mode set, with a CX of its own in each call: one POST, then a call, the picture and the row.
""",
}
"""What each kind of work is, by its first word."""

_PEERS = """\
The accesses are those of one loop in real mode: two dword OUTs, the index and the data of a GTT entry, and ten other
instructions a turn. The instructions are those of a loop with a load and a store and hardly an OUT. Each program ran in
turn; the best of {turns} turns counts, without QEMU's start. Unicorn's engine is QEMU 5.0's, with hooks in the
translated code. QEMU's ports are the host bridge's, CF8 and CFC; its trace is `-d trace:memory_region_ops_write`.
"""

_LIMIT = """\
Unicorn calls a function for an OUT. With a native one that does nothing, an access takes {empty} ns, {million} million
a second: no program that uses Unicorn can be told of accesses faster. fwsim's way takes {own} ns, {times} times that.
Here is where it goes: each line does what the one above it does, and more.
"""

_AFTER = """\
An event is 56 bytes: {bytes} GB a second at that rate. A page that was never touched is given by the kernel, and
cleared, before it is written to: that is the last line. A trace to a file has the disk's part on top of it.
"""


def render(found: Grown, plot: str) -> str:
    """The whole page, as Markdown; ``plot`` is the picture's path from there."""
    return "\n".join([*_head(found), *_growth(found, plot), *_peers(found), *_limit(found)]) + "\n"


def _head(found: Grown) -> Iterator[str]:
    yield "# How fast it is, and how that grows"
    yield ""
    yield _ABOUT.format(
        cores=found.cores,
        cpu=found.cpu,
        fwsim=found.fwsim,
        to=f"{found.to:g}".replace("e+0", "e"),
        disturbed=disturbed(found),
    )


def _growth(found: Grown, plot: str) -> Iterator[str]:
    yield "## As the work grows"
    yield ""
    yield _GROWTH.format(plot=plot)
    said: set[str] = set()
    for series in found.series:
        yield f"### {series.what[:1].upper()}{series.what[1:]}"
        yield ""
        kind = series.what.split()[0].rstrip(",")
        if kind not in said:
            said.add(kind)
            yield _SERIES[kind]
        yield f"Reference: {series.reference}. {_capital(growth(found, series))}."
        yield ""
        yield "| " + " | ".join(HEAD) + " |"
        yield "|---:" * len(HEAD) + "|"
        for cells in rows(series):
            yield "| " + " | ".join(cells) + " |"
        yield ""
        for row in series.rows:
            if row.missing:
                yield f"{row.size:,} left out: {row.missing}."
                yield ""


def _peers(found: Grown) -> Iterator[str]:
    yield "## Beside other programs"
    yield ""
    own = found.peers[0].accesses
    yield "| | with an access | M accesses/s | fwsim is | M instr/s |"
    yield "|---|---|---:|---:|---:|"
    for peer in found.peers:
        times = f"{own / peer.accesses:.2f} times" if own and peer.accesses else "-"
        cells = (peer.name, peer.missing or peer.does, rate(peer.accesses), times, rate(peer.instructions))
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield _PEERS.format(turns=found.turns)


def _limit(found: Grown) -> Iterator[str]:
    _, _, empty, _, own, _ = (step.ns for step in found.steps)
    yield "## The limit, and where an access's time goes"
    yield ""
    yield _LIMIT.format(
        empty=f"{empty:.0f}", million=f"{1e3 / empty:.0f}", own=f"{own:.0f}", times=f"{own / empty:.1f}"
    )
    yield "| done | ns | more |"
    yield "|---|---:|---:|"
    for cells in steps(found):
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield _AFTER.format(bytes=f"{56 / own:.2f}")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def write_plot(found: Grown, path: Path) -> None:
    """Draw CPU time and peak memory against size, a line for each series, into ``path``, a PNG. Raises FwsimError."""
    figure = plots.figure(1000, 460, "docs/speed.md")
    figure.set_layout_engine("constrained", w_pad=0.1)
    left, right = figure.subplots(1, 2)
    for colour, series in zip(_COLOURS, found.series, strict=False):
        dashed = "--" if ", 2 " in series.what else "-"
        for axes, field in ((left, "cpu_s"), (right, "peak_mib")):
            points = [(row.size, getattr(row, field)) for row in series.rows if getattr(row, field)]
            if points:
                axes.plot(*zip(*points, strict=True), dashed, color=colour, marker="o", markersize=4, label=series.what)
    for axes, title in ((left, "CPU time, seconds"), (right, "peak memory of all processes, MiB")):
        axes.set(xscale="log", yscale="log", title=title, xlabel="events, placements or runs")
        axes.xaxis.set_major_formatter(_power)
        axes.yaxis.set_major_formatter(lambda value, place: f"{value:g}")
        axes.grid(color="#dee2e6", linewidth=0.6)
        axes.set_axisbelow(True)
    right.set_ylim(10, 10_000)
    sizes, costs = left.get_xlim(), left.get_ylim()
    for power in range(-10, 1):  # where cost is linear, lines are as steep as these
        left.plot(sizes, [size * 10.0**power for size in sizes], color="#adb5bd", linewidth=0.6, zorder=0)
    left.set(xlim=sizes, ylim=costs)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    plots.write_png(figure, path)


def _power(value: float, place: int) -> str:
    return f"1e{round(log10(value))}"


def main(measurement: str, page: str, plot: str) -> int:
    """Write page and plot; 2 where the measurement cannot be read or the plot not be drawn."""
    try:
        found = read(Path(measurement))
        Path(page).write_text(render(found, Path(plot).relative_to(Path(page).parent).as_posix()), encoding="utf-8")
        write_plot(found, Path(plot))
    except FwsimError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
