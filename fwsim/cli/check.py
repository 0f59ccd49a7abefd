"""``fwsim check``: the rules of what a correct run, or a right placement, is, one line each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError

if TYPE_CHECKING:
    from fwsim.host.facts import Dumps
    from fwsim.results.folder import RunDir


def check(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="A run's folder, a file of fwsim alloc --json, or a guest's dumps."),
    ],
    json: common.Json = False,
) -> None:
    """Show the checks of a run, of a placement, or of what a real guest shows; exits 1 when one of them fails.

    A placement's are made anew from what the file says. A guest's dumps are a folder or a file as for fwsim host
    import (lspci -xxxx, dmesg, /proc/iomem of the guest), or what host import kept of them.

    \b
    Examples:
      fwsim check runs/x220
      fwsim check placement.json
      fwsim check guest-dumps
    """
    if _check(run, json):
        raise typer.Exit(1)


def _check(run: Path, json: bool) -> bool:
    from fwsim.results.folder import is_run

    if run.is_dir():
        return _check_run(run, json) if is_run(run) else _check_folder(run, json)
    if not run.is_file():
        return _check_run(run, json)  # which says what is wrong with it
    facts = run.with_name(run.stem + ".facts.json") if run.suffix == ".toml" else run
    if facts != run and not facts.is_file():
        raise FwsimError(
            "a scenario has no checks of its own", where=str(run), found=f"no {facts.name} beside it",
            expected="a run, a placement, a guest's dumps, or a host file that fwsim host import made",
            hint=f"run it: fwsim run {run}",
        )  # fmt: skip
    data = _read(facts)
    if data[:64].split(b'"')[1:2] == [b"host_import"]:
        from fwsim.host.hostfile import load_facts

        return _show_guest(load_facts(data, str(facts)).dumps, run, json)
    if _is_json(data):
        return _check_placement(data, run, json)
    from fwsim.host.hostfile import read_dumps

    return _show_guest(read_dumps([run])[0], run, json)


def _is_json(data: bytes) -> bool:
    """Whether it is meant as JSON: an object, or a list of them. A kernel's log begins with "[" as well."""
    head = data.lstrip()[:256]
    return head[:1] == b"{" or (head[:1] == b"[" and head[1:].lstrip()[:1] in (b"{", b"]"))


def _check_folder(folder: Path, json: bool) -> bool:
    """A folder that is no run's: a guest's dumps, or nothing that can be checked."""
    from fwsim.host.hostfile import read_dumps

    try:
        dumps = read_dumps([folder])[0]
    except FwsimError as error:
        if not error.what.startswith("nothing here"):
            raise
        return _check_run(folder, json)  # which says what a run's folder is
    return _show_guest(dumps, folder, json)


def _show_guest(dumps: "Dumps", where: Path, json: bool) -> bool:
    from fwsim.host.judge import guest_checks

    results, missing = guest_checks(dumps)
    if json:
        common.emit_json({"dumps": str(where), "checks": results, "missing": missing, "notes": dumps.notes})
    else:
        from fwsim.report.host import render_guest

        common.emit(render_guest(dumps, results, missing))
    return any(not result.ok for result in results)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FwsimError(
            f"cannot be read: {error.strerror or error}", where=str(file), hint="check its permissions"
        ) from None


def _check_run(run: Path, json: bool) -> bool:
    from fwsim.cli.opened import other_version
    from fwsim.results.folder import RunDir

    folder = RunDir.open(run)
    if folder.file("import.json").is_file() and not folder.file("summary.json").is_file():
        return _check_import(folder, json)
    summary = folder.summary()
    other_version(str(folder.file("summary.json")), summary.fwsim)
    if json:
        common.emit_json({"run": str(run), "checks": summary.checks})
    else:
        from fwsim.report.run import render_checks

        common.emit(render_checks(summary))
    return bool(summary.failed)


def _check_import(folder: "RunDir", json: bool) -> bool:
    """A folder that trace import made: what its log can tell, without a summary."""
    from fwsim.analysis.faults import import_checks
    from fwsim.results.summary import Summary

    summary = Summary(checks=import_checks(folder))
    if json:
        common.emit_json({"run": str(folder.path), "checks": summary.checks})
    else:
        from fwsim.report.run import render_checks

        common.emit(render_checks(summary))
    return bool(summary.failed)


def _check_placement(data: bytes, file: Path, json: bool) -> bool:
    from fwsim.placement.allocate import decode, recheck

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
