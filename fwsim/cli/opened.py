"""The trace commands open a run's folder or its events.npy, with what names its registers."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fwsim.report.arm_names import ArmNames


class Opened(NamedTuple):
    """A run's events; its ``host.cpu``, None where its files do not say; whether its display device is an IGD.

    ``arm``: the names of an Arm guest's run, None for every other.
    """

    events: "NDArray[np.void]"
    cpu: str | None
    igd: bool
    arm: "ArmNames | None" = None


def open_trace(path: Path) -> Opened:
    """The events of the run at ``path``. Says so on standard error when another version wrote it."""
    from fwsim.trace.store import open_events

    events = open_events(path) if path.is_file() else RunDir.open(path).events()
    run = RunDir(path.absolute().parent if path.is_file() else path)
    intel = True
    if run.file("summary.json").is_file():
        try:
            summary = run.summary()
            intel = summary.rom.intel
            other_version(str(run.file("summary.json")), summary.fwsim)
        except FwsimError as error:
            common.note(f"fwsim: {error}")
    try:
        scenario = run.scenario()
    except FwsimError:
        return Opened(events, None, True)
    if scenario.guest.on_arm:
        from fwsim.report.arm_names import arm_names

        return Opened(events, None, False, arm_names(run, events))
    return Opened(events, scenario.host.cpu, scenario.host.vga == "igd" or intel)


def other_version(where: str, version: str) -> None:
    """Say that a run was written by another version, when it was."""
    from fwsim import __version__

    if version != __version__:
        common.note(f"fwsim: {where}: written by fwsim {version}, read by {__version__}: names it had not are left out")
