"""``fwsim trace export``: a run's events as another program reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fwsim.scenario.model import Scenario
    from fwsim.trace.qemu_lines import Log

TEXTS = ("qemu", "dmesg")
SUFFIX = {
    "qemu": "qemu.log", "dmesg": "dmesg.txt", "perfetto": "perfetto-trace", "parquet": "parquet", "jsonl": "jsonl",
    "csv": "csv", "intel_reg": "mmio.bin",
}  # fmt: skip


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its events.npy.")],
    form: Annotated[str, typer.Option("--format", metavar="F", help="One of " + ", ".join(SUFFIX) + ".")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; qemu and dmesg print.")] = None,
    style: Annotated[
        str, typer.Option("--style", metavar="S", help="dmesg: A, B0, B, C, D0, D or Xen's; default the run's.")
    ] = "",
    timestamps: Annotated[bool, typer.Option("--timestamps", help="qemu, dmesg: time before each line.")] = False,
    devid: Annotated[str, typer.Option("--devid", metavar="ID", help="intel_reg: device id; default the run's.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the file --out names.")] = False,
    json: common.Json = False,
) -> None:
    """Write a run's events as another program reads them.

    qemu: trace-event lines of its log backend. dmesg: the DMAR lines of the host's kernel. perfetto: a time line for
    ui.perfetto.dev. parquet, jsonl, csv: one row an event. intel_reg: the registers' last values, for
    intel_reg --mmio=FILE.

    \b
    Examples:
      fwsim trace export runs/x220 --format dmesg --style B
      fwsim trace export runs/x220 --format perfetto --out x220.perfetto-trace
      fwsim trace export runs/x220 --format parquet --out x220.parquet
    """
    from fwsim.trace.store import open_events

    if form not in SUFFIX:
        raise FwsimError(
            "no such format", where="--format", found=form, expected=", ".join(SUFFIX), hint="name one of these"
        )
    events = open_events(run) if run.is_file() else RunDir.open(run).events()
    folder = RunDir(run.absolute().parent if run.is_file() else run)
    if form in TEXTS:
        _text(events, folder, form, style, timestamps, out, force, json)
        return
    if out is None:
        raise FwsimError(
            f"{form} is no text to print", where="--out", expected="a file to write",
            hint=f"--out {folder.path.name}.{SUFFIX[form]}",
        )  # fmt: skip
    facts = _file(events, folder, form, out, force, devid)
    _say(out, form, len(events), facts, json)


def _text(
    events: NDArray[np.void], folder: RunDir, form: str, style: str, timestamps: bool, out: Path | None, force: bool,
    json: bool,
) -> None:  # fmt: skip
    from fwsim.trace.export import whole_file, write_lines

    if form == "dmesg":
        from fwsim.analysis.faults import STYLES, dmesg

        if not style:
            told = _scenario(folder)
            style = told.hypervisor.design.dma.style if told else "D"
        if style not in STYLES:
            raise FwsimError(
                "no such style", where="--style", found=style, expected=", ".join(STYLES), hint="name one of these"
            )
        lines = dmesg(events, style, timestamps)  # type: ignore[arg-type]
    else:
        from fwsim.trace.qemu_lines import QemuLines

        scenario = _scenario(folder)
        offset = scenario.host.family.gtt_offset if scenario else 0x200000
        bridge = "mch" if scenario and scenario.guest.machine == "q35" else "i440FX"
        lines = QemuLines(offset, bridge, timestamps, _qemu_log(scenario)).lines(events)
    if out is not None:
        with whole_file(out, force) as partial:
            count = write_lines(partial, lines)
        _say(out, form, len(events), {"lines": count}, json)
    elif json:
        common.emit_json({"format": form, "lines": list(lines)})
    else:
        common.emit_lines(lines)


def _qemu_log(scenario: Scenario | None) -> Log | None:
    """What QEMU of the scenario's release has in its log beside the guest's accesses; None: which one is not known."""
    from fwsim.trace.qemu_lines import Log, Mirror

    if scenario is None:
        return None
    given = scenario.assignment
    return Log(
        scenario.hypervisor.design.release, given.traced, given.cleared.stop if given.ports_trapped else 0,
        given.ggc or 0, tuple(Mirror(each.offset, each.width, each.config, each.name) for each in given.overlays),
    )  # fmt: skip


def _file(events: NDArray[np.void], folder: RunDir, form: str, out: Path, force: bool, devid: str) -> dict[str, Any]:
    from fwsim.trace.export import whole_file

    with whole_file(out, force) as partial:
        if form == "perfetto":
            from fwsim.trace.perfetto import write_perfetto

            return {"aggregated": write_perfetto(events, partial, folder.path.absolute().name)}
        if form == "intel_reg":
            from fwsim.trace.snapshot import mmio_image

            device = _devid(devid, folder)
            image, known = mmio_image(events)
            partial.write_bytes(image.tobytes())
            return {"registers": known, "read_it": f"intel_reg --mmio={out} --devid={device:04x} dump"}
        from fwsim.trace.table import write_table

        write_table(events, partial, form)
    return {}


def _devid(text: str, folder: RunDir) -> int:
    if not text:
        scenario = _scenario(folder)
        if scenario is None:
            raise FwsimError(
                "the run's folder does not say which device it was", where="--devid", expected="a PCI device id",
                hint="give it, such as --devid 0126",
            )  # fmt: skip
        return scenario.host.device_id
    try:
        number = int(text, 16)
    except ValueError:
        number = -1
    if not 0 < number < 0x10000:
        raise FwsimError(
            "no device id", where="--devid", found=text, expected="four hex digits", hint="such as --devid 0126"
        )
    return number


def _scenario(folder: RunDir) -> Scenario | None:
    try:
        return folder.scenario()
    except FwsimError:
        return None


def _say(out: Path, form: str, events: int, facts: dict[str, Any], json: bool) -> None:
    if json:
        common.emit_json({"format": form, "file": str(out), "events": events, "bytes": out.stat().st_size, **facts})
        return
    lines = [f"{out}: {form}, {events:,} events, {out.stat().st_size:,} bytes"]
    if facts.get("aggregated"):
        lines.append("so many events are shown by their number, not one by one")
    if "registers" in facts:
        lines += [f"{facts['registers']} registers known, the others 0; read it with", f"  {facts['read_it']}"]
    common.emit_lines(lines)


app = common.app(export)
