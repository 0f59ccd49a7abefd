"""``fwsim trace import``: a real machine's log as events, and beside a run."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir


def import_(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG...", help="QEMU trace logs, dmesg, journalctl -k.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Keep the events in a new folder.")] = None,
    run: Annotated[Path | None, typer.Option("--explain", metavar="RUN", help="Which faults does RUN explain?")] = None,
    force: common.Force = False,
    json: common.Json = False,
) -> None:
    """Read QEMU trace logs and kernel logs; keep them as events, and compare their faults with a run.

    The folder that --out makes is read by fwsim trace show and fwsim check as a run's. Lines that are cut or unknown
    are counted and shown.

    \b
    Examples:
      fwsim trace import qemu.log dmesg.txt --out runs/real
      fwsim trace import dmesg.txt --explain runs/x220
    """
    from tempfile import TemporaryDirectory

    from fwsim.analysis.faults import explain, import_folder
    from fwsim.report.faults import render_explanation, render_import

    for log in logs:
        if not log.is_file():
            raise FwsimError(
                "no such log" if not log.exists() else "not a file", where=str(log), expected="a text file",
                hint="name a QEMU trace log, or what dmesg or journalctl -k printed",
            )  # fmt: skip
    with TemporaryDirectory() as scratch:
        target = RunDir.create(out, force) if out is not None else RunDir.create(Path(scratch) / "import")
        with target as folder:
            against = RunDir.open(run) if run is not None else None
            about = import_folder(logs, folder)
            result = explain(folder.events(), about, against) if against is not None else None
        if result is not None:
            result.run = str(run)
        if json:
            common.emit_json({"import": about, "explanation": result})
            return
        lines = render_import(about, out)
        common.emit_lines([*lines, *(render_explanation(result) if result else [])])


app = common.app(import_)
