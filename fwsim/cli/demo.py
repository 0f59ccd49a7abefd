"""``fwsim demo``: our own ROM on one host, under two hypervisors, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.results.folder import REPORT, RunDir


def demo(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The demo's folder; default runs/demo.")
    ] = None,
    uefi: Annotated[bool, typer.Option("--uefi", help="One guest under SeaBIOS and under OVMF instead.")] = False,
    force: common.Force = False,
    json: common.Json = False,
) -> None:
    """Run fwsim's own ROM twice, with and without the rewrite, and compare.

    One host, one ROM as the host hands it out: under QEMU 10.0 it writes host addresses and its DMA faults; under the
    trap layer that rewrites them it does not. DIR/report.html shows both in a browser. With --uefi it is one guest
    under two firmwares: SeaBIOS runs the ROM's video BIOS, OVMF its EFI drivers.

    \b
    Example:
      fwsim demo --out runs/demo
      fwsim demo --uefi --out runs/firmwares
    """
    with RunDir.create(out, force, name="demo") as folder, common.progress_bar() as progress:
        from fwsim.demo import demo as execute

        summaries = execute(folder, progress, uefi=uefi)
        from fwsim.report.html.page import render, save

        both = [RunDir.open(folder.path / summary.scenario) for summary in summaries]
        page = folder.file(REPORT)
        save(render(both), page)
    if json:
        common.emit_json({"runs": summaries})
    else:
        from fwsim.report.run_demo import render_demo

        common.emit(render_demo(summaries, folder.path, page))
    if any(summary.stop.reason != "completed" for summary in summaries):
        raise typer.Exit(3)


app = common.app(demo)
