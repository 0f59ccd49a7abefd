"""The memory that ten million events take is counted in a process of its own."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fwsim.bench import loops
from fwsim.bench.rig import Rig
from fwsim.errors import FwsimError

EVENTS = 10_000_000
MIB = 1 << 20


def in_child() -> tuple[float, float, float]:
    """Peak growth of resident memory and size of the file in MiB, and seconds. Raises FwsimError when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        script = "import sys; from fwsim.bench.memory import main; main(sys.argv[1])"
        done = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise FwsimError(
            "ten million events could not be recorded", where=tempfile.gettempdir(),
            found=(done.stderr.strip().splitlines() or ["nothing said"])[-1], expected="600 MiB free",
            hint="set TMPDIR to a folder with room",
        )  # fmt: skip
    grown, size, seconds = json.loads(done.stdout)
    return grown, size, seconds


def main(folder: str) -> None:
    """Record ``EVENTS`` events into ``folder`` and print the three numbers."""
    path = Path(folder) / "events.npy"
    rig = Rig(path)
    pairs = 500_000
    rig.put(loops.gtt_writes(pairs, rig.io_bar, rig.host_base))
    before = _peak_kib()
    started = time.perf_counter()
    while rig.machine.recorder.count < EVENTS:
        rig.run()
    rig.machine.recorder.close()
    seconds = time.perf_counter() - started
    print(json.dumps([round((_peak_kib() - before) / 1024, 1), round(path.stat().st_size / MIB, 1), round(seconds, 2)]))


def _peak_kib() -> int:
    """The process's peak resident memory (Linux, Documentation/filesystems/proc.rst: VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
