"""``fwsim bench``: the figures, each beside its reference, measured in one run."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError


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
    startup: Annotated[
        bool, typer.Option("--startup", help="Only time whole commands, each beside an import of NumPy.")
    ] = False,
    growth: Annotated[
        bool, typer.Option("--growth", help="Instead: how time and memory grow with the work, and other programs.")
    ] = False,
    to: Annotated[
        float | None, typer.Option("--to", metavar="N", help="--growth: events of the longest measurement; 1e8.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="--growth: also write it to a JSON file.")
    ] = None,
    json: common.Json = False,
) -> None:
    """Measure fwsim's speed on this machine: each figure beside a reference measured in the same run.

    Takes about ten seconds, and 600 MiB in the temporary folder. Ratios mean more than numbers: other work on the
    machine disturbs both sides alike. With --rom the image's POST and one mode set are compared with the same code
    under empty native hooks, every IN answered as recorded; with --efi a driver's entry, Start and first SetMode are,
    without the time that services take in the reference.

    With --startup it is what commands take from the start of their process to its end, in user and system time of the
    CPU: --version, --help, rom info, alloc, and run, why and demo of our own ROM. Half a minute.

    --growth measures work of sizes ten times apart, each in a process of its own (events to a file, placements and ROM
    runs, with one and two processes, and Dask), then the same loop under Unicorn, libx86emu and QEMU where they are
    installed. To 1e8 events that is a quarter of an hour, and 6 GB in the temporary folder (TMPDIR).

    \b
    Examples:
      fwsim bench --rom x220.rom
      fwsim bench --efi gop.toml
      fwsim bench --startup
      fwsim bench --growth --to 1e6
    """
    if startup and (rom or cpu or kinds or efi or reading or growth):
        raise FwsimError("--startup beside what is timed in one process", expected="--startup alone")
    if growth:
        for name, value in (("--rom", rom), ("--cpu", cpu), ("--kinds", kinds), ("--efi", efi), ("--reading", reading)):
            if value:
                raise FwsimError("two measurements at once", where="fwsim bench", found=f"--growth and {name}",
                                 expected="one of them", hint="measure one after the other")  # fmt: skip
        _growth(1e8 if to is None else to, save, json)
        return
    if save or to is not None:
        raise FwsimError("nothing that this option is for", where="fwsim bench", found="--save" if save else "--to",
                         expected="--growth", hint="fwsim bench --growth --to 1e6")  # fmt: skip
    with common.progress_bar() as progress:
        if startup:
            from fwsim.bench import startup as commands

            figures = commands.measure(progress)
        else:
            from fwsim.bench.figures import measure

            figures = measure(rom, progress, cpu, efi, every_kind=kinds, read=reading)
    if json:
        common.emit_json({"figures": figures})
    else:
        from fwsim.report.bench import render_figures

        common.emit(render_figures(figures))


def _growth(to: float, save: Path | None, json: bool) -> None:
    from fwsim.bench import grown
    from fwsim.bench.growth import measure

    if save and not save.parent.is_dir():  # not after a quarter of an hour
        raise FwsimError("no such folder", where="--save", found=str(save), expected="a file in a folder that is there",
                         hint=f"mkdir -p {save.parent}")  # fmt: skip
    with common.progress_bar() as progress:
        found = measure(to, progress)
    if save:
        grown.save(found, save)
    if json:
        common.emit_json(found)
    else:
        from fwsim.report.growth import lines

        common.emit_lines(lines(found))


app = common.app(bench)
