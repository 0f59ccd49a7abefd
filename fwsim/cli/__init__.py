"""The entry point of ``fwsim`` finds the command, imports only that, and turns errors into exit codes.

Exit codes: 0 done, 1 a check that was asked for failed, 2 bad input or usage, 3 the ROM did not finish, 70 a bug in
fwsim, 130 interrupted.
"""

import atexit
import gc
import os
import sys
from collections.abc import Sequence

from fwsim import __version__
from fwsim.cli import output
from fwsim.errors import FwsimError

COMMANDS: dict[str, str] = {
    "demo": "Start here: our own ROM, with and without the rewrite.",
    "diagnose": "From your own logs and configuration to what is wrong.",
    "run": "Run a ROM, alone or in a scenario, and say what happened.",
    "alloc": "Place BARs, OpRegion and stolen memory as a firmware does.",
    "check": "Show the checks of a run, a placement or a guest's dumps.",
    "leaks": "Find host addresses that a guest can read.",
    "needs": "List what a hypervisor must mirror for a ROM.",
    "host": "Make a host file of a real machine's dumps.",
    "why": "Follow a value back to its source.",
    "trace": "Show and filter a run's events.",
    "rom": "Look into an option ROM: images, VBT, code.",
    "lookup": "Decode one register.",
    "report": "Show a run, or two compared, in a browser: one HTML file.",
    "sweep": "Place or run every combination of a matrix.",
    "bench": "Measure speed, each figure beside its reference.",
}
"""Each command with the line that ``fwsim --help`` shows; its code is in ``fwsim/cli/<name>.py``."""

EXTRAS = {"duckdb": "tables", "perfetto": "tables"}
"""Libraries that not every install has, each with the extra of fwsim that brings it."""
_BUG_EXIT = 70
_INTERRUPTED_EXIT = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``fwsim`` with ``arguments`` (None: the process's) and return the exit code."""
    output.open_closed_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:  # without what the other commands import first, which takes thrice as long
        return _flush(0, version())
    if arguments is None:
        _start_lightly()
    import typer

    from fwsim.cli import common
    from fwsim.cli.root import app

    try:
        typer.main.get_command(app).main(args=given, prog_name="fwsim")
    except SystemExit as stop:
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":  # typer's, put there when a help text's reader has gone
            return 0
        return _flush(stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1)
    except FwsimError as error:
        print(f"fwsim: {error}", file=sys.stderr)
        return 2
    except common.InterruptedRun as stop:
        print(f"\nfwsim: interrupted; {stop}", file=sys.stderr)
        return _INTERRUPTED_EXIT
    except MemoryError:
        print("fwsim: out of memory\n  next: a smaller guest.ram, or fewer runs at a time", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        library = str(error.name).partition(".")[0]
        return _not_installed(library) if library in EXTRAS else _report_bug(error)
    except Exception as error:  # the last stop: what gets here is a bug, and is said to be one
        return _report_bug(error)
    return _flush(0)


def _start_lightly() -> None:
    """A process that runs one command does not look for garbage while it imports and when it ends, and has one thread.

    Importing makes a hundred thousand objects that stay; ``common.imports`` begins the search again, without them.
    """
    gc.disable()
    gc.freeze()
    atexit.register(_end_lightly)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts them when it is imported: fwsim does not use them


def _end_lightly() -> None:
    """Nothing is searched once more for memory that goes back in a moment; LIEF alone would call what stays a leak."""
    gc.unfreeze() if "lief" in sys.modules else gc.freeze()


def version() -> str:
    """The line that ``fwsim --version`` prints."""
    return f"fwsim {__version__}\n"


def _flush(code: int, text: str = "") -> int:
    """Write ``text`` and what help texts left in standard output; a full disk makes it exit code 2."""
    try:
        output.write(text)
    except FwsimError as error:
        print(f"fwsim: {error}", file=sys.stderr)
        return 2
    return code


def _not_installed(library: str) -> int:
    extra = EXTRAS[library]
    missing = FwsimError(
        f"this takes {library}, which is not installed", expected=f"the extra fwsim[{extra}]",
        hint=f"pip install 'fwsim[{extra}]', or in a checkout pip install -e '.[{extra}]'",
    )  # fmt: skip
    print(f"fwsim: {missing}", file=sys.stderr)
    return 2


def _report_bug(error: Exception) -> int:
    if os.environ.get("FWSIM_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    else:
        print(f"fwsim: {type(error).__name__}: {error}", file=sys.stderr)
    print(
        "This is a bug in fwsim. Run the command again with FWSIM_TRACEBACK=1 set, and report what it prints.",
        file=sys.stderr,
    )
    return _BUG_EXIT
