"""``fwsim demo``: our own ROM on one host, under two hypervisors, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.results.folder import REPORT, RunDir
from fwsim.results.summary import Summary


def demo(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The demo's folder; default runs/demo.")
    ] = None,
    uefi: Annotated[bool, typer.Option("--uefi", help="One guest under SeaBIOS and under OVMF instead.")] = False,
    arm: Annotated[bool, typer.Option("--arm", help="An Arm guest under both designs of its bridges instead.")] = False,
    force: common.Force = False,
    json: common.Json = False,
) -> None:
    """Run fwsim's own ROM twice, with and without the rewrite, and compare.

    One host, one ROM as the host hands it out: under QEMU 10.0 it writes host addresses and its DMA faults; under the
    trap layer that rewrites them it does not. DIR/report.html shows both in a browser. With --uefi it is one guest
    under two firmwares: SeaBIOS runs the ROM's video BIOS, OVMF its EFI drivers. With --arm it is a program on an Arm
    guest of Xen's: its devices on one made-up bus, and behind copies of the host's bridges.

    \b
    Example:
      fwsim demo --out runs/demo
      fwsim demo --uefi --out runs/firmwares
      fwsim demo --arm --out runs/arm
    """
    if arm and uefi:
        raise FwsimError("--arm and --uefi at once", expected="one of them", hint="leave one out")
    with RunDir.create(out, force, name="demo") as folder, common.progress_bar() as progress:
        summaries = _run(folder, progress, uefi, arm)
        with common.imports():
            from fwsim.report.html.page import render, save

        both = [RunDir.open(folder.path / summary.scenario) for summary in summaries]
        page = folder.file(REPORT)
        save(render(both), page)
    if json:
        common.emit_json({"runs": summaries})
    elif arm:
        from fwsim.report.arm_demo import render_arm_demo

        common.emit(render_arm_demo(summaries, folder.path, page))
    else:
        with common.imports():
            from fwsim.report.run_demo import render_demo

        common.emit(render_demo(summaries, folder.path, page))
    if any(summary.stop.reason != "completed" for summary in summaries):
        raise typer.Exit(3)


def _run(folder: RunDir, progress: common.Progress | None, uefi: bool, arm: bool) -> tuple[Summary, ...]:
    if arm:
        with common.imports():
            from fwsim.demo.arm import demo as arms

        return arms(folder, progress)
    with common.imports():
        from fwsim.demo.igd import demo as graphics

    return graphics(folder, progress, uefi=uefi)


app = common.app(demo)
