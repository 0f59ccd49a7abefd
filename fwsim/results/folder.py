"""A run's folder is made safely, written atomically, and opened with clear errors."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from fnmatch import fnmatch
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from fwsim.errors import FwsimError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fwsim.results.summary import Summary
    from fwsim.scenario.model import Scenario

SUMMARY, EVENTS, SCENARIO, SHADOW, REPORT = "summary.json", "events.npy", "scenario.toml", "shadow.rom", "report.html"
_OURS = (SUMMARY, EVENTS, SCENARIO, SHADOW, REPORT, "screen-*.png", "panel-*.png", "import.json", "given.*",
         ".*.partial")  # fmt: skip
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class RunDir:
    """One run's folder. ``create`` makes it for a run, ``open`` reads one.

    As a context manager around a run, it takes a new folder away again when the run's input is refused or the disk is
    full (and puts back the one it replaced, unless the new run had begun). Whatever else ends the run, a folder with an
    event in it stays.
    """

    def __init__(self, path: Path) -> None:
        """Use ``create`` or ``open``."""
        self.path = path
        self._made: list[Path] = []
        self._replaced: Path | None = None

    @classmethod
    def create(cls, path: str | Path | None = None, force: bool = False, *, name: str = "run") -> RunDir:
        """A new, empty folder at ``path``; None: ``runs/<name>``, then ``runs/<name>-2`` and so on.

        Raises FwsimError when it exists (``force`` replaces it, but nothing that is not a run's folder), or cannot be
        made. What is replaced is moved aside, and deleted only once the new run has begun.
        """
        if path is None:
            return cls._create_numbered(Path("runs"), name)
        made = cls(Path(path).absolute())
        if made.path.exists() or made.path.is_symlink():
            made._move_aside(force)
        try:
            made._make()
        except FileExistsError:  # another run was quicker
            made._move_aside(False)
        return made

    @classmethod
    def _create_numbered(cls, parent: Path, name: str) -> RunDir:
        number = 1
        while True:
            made = cls((parent / (name if number == 1 else f"{name}-{number}")).absolute())
            if not made.path.exists():
                with contextlib.suppress(FileExistsError):  # another run was quicker
                    made._make()
                    return made
            number += 1

    @classmethod
    def open(cls, path: str | Path) -> RunDir:
        """The folder of a run that was made. Raises FwsimError when ``path`` is not one."""
        folder = Path(path)
        if not folder.is_dir():
            raise FwsimError(
                "no such run" if not folder.exists() else "not a folder",
                where=str(folder), expected="the folder of a run", hint=_other_runs(folder),
            )  # fmt: skip
        if not is_run(folder):
            inner = [entry.name for entry in sorted(folder.iterdir()) if is_run(entry)]
            raise FwsimError(
                "not a run's folder", where=str(folder), found=f"neither {SUMMARY} nor {EVENTS}",
                expected="a folder that fwsim run --out made",
                hint=f"name a run in it: {folder / inner[0]}" if inner else "make one: fwsim run SCENARIO --out DIR",
            )  # fmt: skip
        return cls(folder.absolute())

    def child(self, name: str) -> RunDir:
        """A new run's folder inside this one."""
        made = RunDir(self.path / name)
        made._make()
        return made

    def _make(self) -> None:
        missing = [parent for parent in self.path.parents if not parent.exists()]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir()
        except OSError as error:
            if isinstance(error, FileExistsError) and self.path.is_dir():
                raise
            self._restore()
            raise _failed("cannot make the run's folder", self.path, error) from None
        self._made = [self.path, *missing]

    def _move_aside(self, force: bool) -> None:
        if not force:
            raise FwsimError(
                "the run's folder exists", where=str(self.path), expected="a folder that is not there yet",
                hint="give another --out, or --force to replace this run",
            )  # fmt: skip
        foreign = _not_ours(self.path)
        if foreign:
            raise FwsimError(
                "--force replaces only the folder of a run", where=str(self.path), found=foreign,
                expected=f"a folder with {SUMMARY} or {EVENTS}, and nothing that is not fwsim's",
                hint="give another --out",
            )  # fmt: skip
        aside = self.path.with_name(f".{self.path.name}.replaced-{os.getpid()}")
        try:
            self.path.rename(aside)
        except OSError as error:
            raise _failed("cannot replace the run's folder", self.path, error) from None
        self._replaced = aside

    def _restore(self) -> None:
        if self._replaced is not None:
            self._replaced.rename(self.path)
            self._replaced = None

    def keep(self) -> None:
        """The run has begun: deletes what ``force`` replaced."""
        if self._replaced is not None:
            shutil.rmtree(self._replaced, ignore_errors=True)
            self._replaced = None

    def discard(self) -> None:
        """Take away what ``create`` made, and put back what it replaced."""
        if not self._made:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        for parent in self._made[1:]:
            with contextlib.suppress(OSError):  # somebody else put something there
                parent.rmdir()
        self._made = []
        self._restore()

    def __enter__(self) -> RunDir:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, FwsimError) or (error is not None and not self._has_events()):
            self.discard()
        else:
            self.keep()

    def _has_events(self) -> bool:
        from fwsim.trace.store import open_events

        for file in [self.events_path, *self.path.glob(f"*/{EVENTS}")]:
            with contextlib.suppress(FwsimError):
                if len(open_events(file)):
                    return True
        return False

    @property
    def events_path(self) -> Path:
        """Where the recorder writes."""
        return self.path / EVENTS

    def file(self, name: str) -> Path:
        """The path of the file ``name`` in this folder."""
        return self.path / name

    def write(self, name: str, data: bytes) -> Path:
        """Write ``data`` to the file ``name``: all of it or nothing. Raises FwsimError when the disk is full."""
        target, partial = self.path / name, self.path / f".{name}.partial"
        try:
            partial.write_bytes(data)
            partial.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise _failed("cannot write", target, error) from None
        return target

    def write_scenario(self, scenario: Scenario) -> Path:
        """Write ``scenario.toml``, every default written out."""
        from fwsim.scenario.load import dumps

        return self.write(SCENARIO, dumps(scenario).encode())

    def write_summary(self, summary: Summary) -> Path:
        """Write ``summary.json``."""
        from fwsim.results.summary import encode

        return self.write(SUMMARY, encode(summary))

    def read(self, name: str) -> bytes:
        """The bytes of the file ``name``. Raises FwsimError when it is not there."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            hint = "the run did not get that far, or was killed: fwsim trace show reads what it left"
            if name != SUMMARY or not self.events_path.exists():
                hint = "make the run again: fwsim run SCENARIO --out DIR --force"
            raise FwsimError(f"the run has no {name}", where=str(self.path), hint=hint) from None
        except OSError as error:
            raise _failed("cannot read", self.path / name, error) from None

    def summary(self) -> Summary:
        """What came of the run."""
        from fwsim.results.summary import decode

        return decode(self.read(SUMMARY), str(self.path / SUMMARY))

    def scenario(self) -> Scenario:
        """The scenario as it was run."""
        from fwsim.scenario.load import loads

        text = self.read(SCENARIO).decode("utf-8", errors="replace")
        return loads(text, str(self.path / SCENARIO))

    def events(self) -> NDArray[np.void]:
        """The events, memory-mapped; see ``fwsim.trace.store.open_events``."""
        from fwsim.trace.store import open_events

        if not self.events_path.exists():
            self.read(EVENTS)
        return open_events(self.events_path)

    def rom(self) -> bytes:
        """The ROM's file, or an Arm guest's program, as it was run.

        Raises FwsimError when it is gone, or is not the same any more.
        """
        scenario, wanted = self.scenario(), self.summary().rom.sha256
        program = scenario.payload.program
        what, file, again = ("program", program, "") if program else ("ROM", scenario.rom.file, " with --rom FILE")
        try:
            data = Path(file).read_bytes()
        except OSError as error:
            raise FwsimError(
                f"the run's {what} cannot be read: {error.strerror}", where=str(file),
                expected=f"the file with sha256 {wanted}", hint=f"put it back, or run again{again}",
            ) from None  # fmt: skip
        found = hashlib.sha256(data).hexdigest()
        if found != wanted:
            raise FwsimError(
                f"the run's {what} has changed since", where=str(file), found=f"sha256 {found}",
                expected=f"sha256 {wanted}", hint="put the old file back, or run again",
            )  # fmt: skip
        return data


def is_run(folder: Path) -> bool:
    """Whether ``folder`` is a run's: it has events or a summary."""
    return (folder / EVENTS).is_file() or (folder / SUMMARY).is_file()


def _not_ours(folder: Path) -> str:
    """What makes ``folder`` something else than a run's, a folder of runs, or an empty one; "" for none."""
    if folder.is_symlink() or not folder.is_dir():
        return "a symbolic link" if folder.is_symlink() else "a file"
    entries = sorted(folder.iterdir())
    for entry in entries:
        ours = not entry.is_dir() and any(fnmatch(entry.name, pattern) for pattern in _OURS)
        if not ours and not (entry.is_dir() and not entry.is_symlink() and is_run(entry) and not _not_ours(entry)):
            return f"{entry.name}, which is not fwsim's"
    if entries and not is_run(folder) and not any(entry.is_dir() for entry in entries):
        return f"neither {SUMMARY} nor {EVENTS}"
    return ""


def _other_runs(folder: Path) -> str:
    with contextlib.suppress(OSError):
        runs = [str(entry) for entry in sorted(folder.parent.iterdir()) if is_run(entry)]
        if runs:
            return "there are: " + ", ".join(runs[:5])
    return "make one: fwsim run SCENARIO --out DIR"


def _failed(what: str, path: Path, error: OSError) -> FwsimError:
    if error.errno in _NO_SPACE:
        hint = "free space, or give --out on another file system"
    else:
        hint = "check the folder's permissions, or give another --out"
    return FwsimError(f"{what}: {error.strerror or error}", where=str(path), hint=hint)
