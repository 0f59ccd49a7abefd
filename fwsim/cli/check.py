"""``fwsim check``: the rules of what a correct run, or a right placement, is, one line each."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError


def check(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or a file of fwsim alloc --json.")],
    json: common.Json = False,
) -> None:
    """Show the checks of a run or of a placement; exits 1 when one of them fails.

    A placement's are made anew from what the file says.

    \b
    Examples:
      fwsim check runs/x220
      fwsim check placement.json
    """
    failed = _check_placement(run, json) if run.is_file() else _check_run(run, json)
    if failed:
        raise typer.Exit(1)


def _check_run(run: Path, json: bool) -> bool:
    from fwsim.rundir import RunDir

    summary = RunDir.open(run).summary()
    if json:
        common.emit_json({"run": str(run), "checks": summary.checks})
    else:
        from fwsim.report.run import render_checks

        common.emit(render_checks(summary))
    return bool(summary.failed)


def _check_placement(file: Path, json: bool) -> bool:
    from fwsim.alloc import decode, recheck

    try:
        data = file.read_bytes()
    except OSError as error:
        raise FwsimError(
            f"cannot be read: {error.strerror or error}", where=str(file), hint="check its permissions"
        ) from None
    results = decode(data, str(file))
    for result in results:
        result.checks = recheck(result)
    if json:
        named = [{"firmware": result.firmware.kind, "checks": result.checks} for result in results]
        common.emit_json({"file": str(file), **(named[0] if len(named) == 1 else {"placements": named})})
    else:
        from fwsim.report.alloc import checks, title

        common.emit(*(part for result in results for part in (title(result), checks(result))))
    return any(result.failed for result in results)


app = common.app(check)
