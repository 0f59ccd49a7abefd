"""``fwsim bench``: the figures, each beside its reference, measured in one run."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common


def bench(
    rom: Annotated[
        Path | None, typer.Option("--rom", metavar="F", help="Also time this image's POST and a mode set.")
    ] = None,
    cpu: Annotated[
        str, typer.Option("--cpu", metavar="CPU", help="The image's host.cpu, if not that of its device id.")
    ] = "",
    kinds: Annotated[
        bool, typer.Option("--kinds", help="Also time a run under each kind of hypervisor, beside QEMU 10.0's.")
    ] = False,
    reading: Annotated[
        bool, typer.Option("--reading", help="Also time why, trace diff, show and export of recorded runs.")
    ] = False,
    efi: Annotated[
        Path | None,
        typer.Option("--efi", metavar="F", help="Also time a UEFI driver's entry to SetMode: a .efi, ROM or scenario."),
    ] = None,
    json: common.Json = False,
) -> None:
    """Measure fwsim's speed on this machine: each figure beside a reference measured in the same run.

    Takes about ten seconds, and 600 MiB in the temporary folder. Ratios mean more than numbers: other work on the
    machine disturbs both sides alike. With --rom the image's POST and one mode set are compared with the same code
    under empty native hooks, every IN answered as recorded; with --efi a driver's entry, Start and first SetMode are,
    without the time that services take in the reference.

    \b
    Examples:
      fwsim bench --rom x220.rom
      fwsim bench --efi gop.toml
    """
    from fwsim.bench.figures import measure

    with common.progress_bar() as progress:
        figures = measure(rom, progress, cpu, efi, every_kind=kinds, read=reading)
    if json:
        common.emit_json({"figures": figures})
    else:
        from fwsim.report.bench import render_figures

        common.emit(render_figures(figures))


app = common.app(bench)
