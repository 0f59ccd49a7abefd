"""A checkout whose native image is missing or stale has a new one made, by a process of its own, with the compiler.

An installed fwsim comes with its image and has no compiler: there the way out is said.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import fwsim

COMMAND = "python -m fwsim.native.compiler"
REPORT = f"install fwsim again; report it as a bug if {COMMAND} does not help"
NOTE = "fwsim: compiling the native code, once after a change of it (about 20 s)"
done: float | None = None
"""How much of an image that is being made is there, 0 to 1; None: none is being made."""


def missing(folder: Path) -> str:
    """What has to be done before an image can be made in ``folder``; "": nothing."""
    absent = [name for name in ("numba", "lief") if find_spec(name) is None]
    if absent:
        return (
            f"in a checkout: pip install -e '.[build]' ({' and '.join(absent)}, which compiling takes, cannot be "
            "imported); otherwise: install fwsim again, from a wheel of this machine"
        )
    if not os.access(folder, os.W_OK):
        return f"let {folder} be written, or install fwsim again"
    return ""


def run() -> str:
    """Have an image made, said on standard error where that takes long; what failed, "" where it was made."""
    global done
    package = Path(fwsim.__file__).parent
    paths = [str(package.parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    process = subprocess.Popen(
        [sys.executable, "-m", "fwsim.native.compiler", "--count"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if done is None:
                print(NOTE, file=sys.stderr, flush=True)
            done = float(line)
    finally:
        done = None
    said = process.communicate()[1].strip()
    return "" if process.returncode == 0 else f"{COMMAND} failed: {said.splitlines()[-1] if said else 'it was killed'}"
