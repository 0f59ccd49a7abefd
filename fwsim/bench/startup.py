"""What a command takes from the start of its process to its end: CPU time, beside that of importing NumPy.

Each round runs every command and the reference once, one after the other, so that what disturbs one disturbs all; a
ratio is the median over the rounds. The first round is not counted: it may have to write byte code and compile.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

import fwsim
from fwsim.bench.figures import Figure, Progress
from fwsim.demo.igd import scenarios
from fwsim.errors import FwsimError
from fwsim.rom.catalog import roms_folder
from fwsim.scenario.text import write_struct

ROUNDS = 7
_MAIN = "import sys; from fwsim.cli import main; sys.exit(main())"
_REFERENCE = "import numpy"
_SCENARIO, _RUN, _DEMO = "demo.toml", "run", "demo"
_ROM = str(roms_folder() / "igd-vbios.rom")


class Command(NamedTuple):
    """A command line, and how many times the reference it may take; None: there is no target."""

    arguments: tuple[str, ...]
    target: float | None


COMMANDS: dict[str, Command] = {
    "start_version": Command(("--version",), 0.4),
    "start_help": Command(("--help",), None),
    "start_rom_info": Command(("rom", "info", _ROM), 1.5),
    "start_alloc": Command(("alloc",), 1.5),
    "start_run": Command(("run", _SCENARIO, "--out", _RUN, "--force"), 3.0),
    "start_why": Command(("why", _RUN, "gtt[0]"), 4.0),
    "start_demo": Command(("demo", "--out", _DEMO, "--force"), 8.0),
}
"""By figure, in the order of a round: what is explained has been run."""


def measure(tell: Progress | None = None) -> list[Figure]:
    """A figure for each of ``COMMANDS``: its ratio, with milliseconds of CPU of both sides. Half a minute.

    Raises FwsimError where a command fails.
    """
    say = tell or (lambda what, done: None)
    own: dict[str, list[float]] = {name: [] for name in COMMANDS}
    reference: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, _SCENARIO).write_text(write_struct(scenarios()[0]), encoding="utf-8")
        for number in range(ROUNDS + 1):
            reference.append(_cpu_ms((_REFERENCE,), folder))
            for name, command in COMMANDS.items():
                say(f"fwsim {command.arguments[0]}", number / (ROUNDS + 1))
                own[name].append(_cpu_ms((_MAIN, *command.arguments), folder))
    say("done", 1.0)
    return [
        Figure(
            name=name, value=round(median(a / b for a, b in zip(times[1:], reference[1:], strict=True)), 2),
            unit="ratio", target=COMMANDS[name].target, most=True, measured=round(median(times[1:])),
            reference=round(median(reference[1:])), reference_unit="ms of CPU, import numpy",
        )
        for name, times in own.items()
    ]  # fmt: skip


def _cpu_ms(code: tuple[str, ...], folder: str) -> float:
    """User and system time of a Python that runs ``code`` in ``folder``, of what it starts as well."""
    paths = [str(Path(fwsim.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else every start compiles all that it imports
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", *code], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise FwsimError(
            "a command that is timed fails", where=" ".join(("fwsim", *code[1:])),
            found=done.stderr.strip() or f"exit code {done.returncode}", expected="exit code 0",
            hint="run it alone",
        )  # fmt: skip
    return 1e3 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
