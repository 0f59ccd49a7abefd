"""``fwsim trace replay``: run a ROM against a recorded trace, to the first access that the record does not have."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir


def replay(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a recorded run.")],
    rom: Annotated[
        Path | None, typer.Option("--rom", metavar="FILE", help="Another build of the ROM to try against the record.")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", metavar="FILE", help="The machine, where the folder names none.")
    ] = None,
    first: Annotated[
        int, typer.Option("--from", min=1, metavar="SEQ", help="Where in the record the ROM begins, if not by itself.")
    ] = 1,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Keep the replay as a run's folder.")] = None,
    force: common.Force = False,
    json: common.Json = False,
) -> None:
    """Run a ROM against a recorded trace: every read gets the recorded answer.

    CPU and memory are real; ports, configuration, registers, GTT and INTs answer from the record, strictly in order.
    The first access that the record does not have ends it, and is shown. Exits 0 when all that is recorded happened
    again, 3 when not.

    \b
    Examples:
      fwsim trace replay runs/x220
      fwsim trace replay runs/x220 --rom new-build.rom
    """
    from fwsim.analysis.replay import replay as execute
    from fwsim.report.replay import render

    if rom is not None and not rom.is_file():
        raise FwsimError("no such ROM", where=str(rom), expected="an option ROM's file", hint="check --rom")
    RunDir.open(run)
    with ExitStack() as stack:
        if out is None:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fwsim-replay-")))
            folder = stack.enter_context(RunDir.create(place / "run"))
        else:
            if out.absolute() == run.absolute():
                raise FwsimError("--out is the run itself", where=str(out), hint="give another --out")
            folder = stack.enter_context(RunDir.create(out, force))
        progress = stack.enter_context(common.progress_bar())
        result = execute(run, folder, rom, scenario, progress, first)
    if json:
        common.emit_json(result)
    else:
        common.emit_lines(render(result, out))
    if not result.ok:
        raise typer.Exit(3)


app = common.app(replay)
