"""``fwsim run``: run a scenario's ROM and say what happened."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.scenario.guess import guess, is_rom
from fwsim.scenario.load import load
from fwsim.scenario.model import Scenario

Roms = Annotated[Path | None, typer.Option("--rom", metavar="FILE", help="The ROM to run instead of the scenario's.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a field, such as host.bdsm=0xdba00000 or call.0.ax=3."),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The run's folder; default runs/NAME.")]


def run(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="The scenario, a TOML file; or a ROM alone.")],
    rom: Roms = None,
    overrides: Sets = None,
    out: Out = None,
    force: common.Force = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when a check fails.")] = False,
    assist: Annotated[bool, typer.Option("--assist", help="Help the ROM out of endless waits, and say so.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all of it, not what fits a screen.")] = False,
    json: common.Json = False,
) -> None:
    """Run a scenario's ROM, or a ROM alone, and say what happened; the last line is the verdict.

    A ROM alone runs on the machine that its ids and its VBT name: what was guessed is said, and how to correct it.
    Exits 3 when the ROM does not finish (hang, budget, invalid code, guest killed): the trace up to there is kept.

    \b
    Examples:
      fwsim run x220.rom
      fwsim run x220.toml --rom x220.rom --set guest.ram=4G --out runs/x220
    """
    wanted = [*(overrides or []), *(["rom.assist=true"] if assist else [])]
    guessed = guess(scenario, wanted, _taken(scenario)) if rom is None and is_rom(scenario) else None
    loaded = guessed.scenario if guessed else load(scenario, wanted, rom)
    if not (loaded.rom.file or loaded.payload.program):
        raise FwsimError(
            "no ROM named", where=f"{scenario}: rom.file", expected="an option ROM's file",
            hint='give --rom FILE, or write file = "..." under [rom]',
        )  # fmt: skip
    folder, summary = run_into(loaded, out, force)
    if summary.stop.gave_up or summary.efi is not None:
        _explain(loaded, folder, summary)
    if json:
        for each in guessed.guesses if guessed else ():
            common.note(f"guessed: {each.field}={each.value}: {each.why}")
        common.emit_json(summary)
    else:
        with common.imports():
            from fwsim.report.run import render, render_whole

        common.emit((render_whole if verbose else render)(summary, folder.path, guessed))
    if summary.stop.reason != "completed":
        raise typer.Exit(3)
    if strict and summary.failed:
        raise typer.Exit(1)


def _taken(file: Path) -> list[int]:
    """The device ids that a bare UEFI driver takes, found out by asking it; none of a ROM, whose header names them."""
    from fwsim.rom.chain import is_pe, read_file
    from fwsim.rom.drivers import EfiDriver

    data = read_file(file)
    if not is_pe(data):
        return []
    from fwsim.running.efi_ids import accepted

    return accepted(EfiDriver(file.name, data))


def _explain(scenario: Scenario, folder: RunDir, summary: Summary) -> None:
    """Find out, by running it again, why a ROM or a UEFI driver gave up."""
    from fwsim.analysis.gave_up import explain_stop
    from fwsim.analysis.gave_up_uefi import can_explain, explain_drivers

    explain = explain_stop if summary.stop.gave_up else explain_drivers
    if not summary.stop.gave_up and not can_explain(summary):
        return
    with common.progress_bar() as progress:
        if progress is not None:
            progress("looking for what made it give up", None)
        explain(scenario, summary)
    folder.write_summary(summary)


def run_into(scenario: Scenario, out: Path | None, force: bool) -> tuple[RunDir, Summary]:
    """Run ``scenario`` into a new folder, with a progress bar; a run that fails before its first event leaves none."""
    folder = RunDir.create(out, force, name=scenario.name)
    try:
        with folder, common.progress_bar() as progress:
            with common.imports():
                from fwsim.running.pipeline import run as execute

            folder.write_scenario(scenario)  # first: a run that is killed has said what it was
            try:
                return folder, execute(scenario, folder, progress)
            except FwsimError as error:
                error.hint = error.hint or f"see what is in it: fwsim rom info {scenario.rom.file}"
                raise
    except KeyboardInterrupt:
        kept = folder.path.is_dir()  # without an event it is gone by now
        traced = f"what was traced so far is in {_near(folder.path)}" if kept else "nothing was traced yet"
        raise common.InterruptedRun(traced) from None


def _near(path: Path) -> Path:
    """``path`` from the current folder on, where it lies below it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


app = common.app(run)
