"""A measurement has a process of its own: nothing before it grew its memory, and its peak is its alone.

The peak is VmHWM of /proc/PID/status, the process's own since its exec (Linux, Documentation/filesystems/proc.rst).
What wait4 gives as ru_maxrss is not: it starts with what the parent had when it forked.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from fwsim.errors import FwsimError

_LOOK_S = 0.05
"""How often the processes below the measured one are looked at; they end before it does."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class Measured(msgspec.Struct, frozen=True):
    """What one measurement took: ``seconds`` by the clock, ``cpu_s`` of all its processes, the ``reference_us`` of one.

    ``peak_kib`` is the sum of its processes' peaks, pages that several of them have counted for each.
    """

    seconds: float
    cpu_s: float
    reference_us: float
    file_bytes: int
    peak_kib: int = 0


def measured(function: str, *arguments: object) -> Measured:
    """Call ``function`` ("module:name") in a new process; it returns a ``Measured`` without the peak.

    Raises FwsimError when it fails, with its last words.
    """
    script = "import sys; from fwsim.bench.alone import main; main(sys.argv[1])"
    command = [sys.executable, "-c", script, json.dumps([function, *arguments])]
    with tempfile.TemporaryDirectory(prefix="fwsim-bench-") as folder, tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True,
            env=os.environ | {"TMPDIR": folder},  # gigabytes go, however it ends
        )  # fmt: skip
        try:
            line, peaks = _followed(process)
            process.communicate()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if not line:
            said.seek(0)
            raise FwsimError(
                "a measurement failed", where=" ".join(str(each) for each in (function, *arguments)),
                found=(said.read().strip().splitlines() or [f"exit code {process.returncode}"])[-1],
                hint="TMPDIR names a folder with room, if that is what it lacked",
            )  # fmt: skip
    found = msgspec.json.decode(line, type=Measured)
    peaks[process.pid] = found.peak_kib
    return msgspec.structs.replace(found, peak_kib=sum(peaks.values()))


def main(asked: str) -> None:
    """The new process: do it, print what it took, and stay until the other has seen it."""
    function, *arguments = json.loads(asked)
    module, name = function.split(":")
    found = getattr(__import__(module, fromlist=[name]), name)(*arguments)
    found = msgspec.structs.replace(found, peak_kib=peak_kib(os.getpid()))
    print(msgspec.json.encode(found).decode(), flush=True)
    sys.stdin.read()


def _followed(process: subprocess.Popen[str]) -> tuple[str, dict[int, int]]:
    """The line that ``process`` prints, "" for none, and meanwhile the peak of each process below it."""
    assert process.stdout
    peaks: dict[int, int] = {}
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while not ready.select(_LOOK_S):
            for pid in below(process.pid):  # the last value: before its exec a process has its parent's
                peaks[pid] = peak_kib(pid) or peaks.get(pid, 0)
    return process.stdout.readline(), peaks


def below(pid: int) -> list[int]:
    """The processes that ``pid`` started, and those that they did."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                found += [child, *below(child)]
    return found


def peak_kib(pid: int) -> int:
    """Peak resident memory of ``pid`` since its exec; 0 once it has ended."""
    with contextlib.suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def cpu_s() -> float:
    """User and system time of this process and of all below it, those that have ended included."""
    return sum(os.times()[:4]) + sum(_ticks(pid) for pid in below(os.getpid())) / _TICKS


def _ticks(pid: int) -> int:
    """utime, stime, cutime and cstime: fields 14 to 17 of /proc/PID/stat, counted behind the name's parenthesis."""
    with contextlib.suppress(OSError):
        return sum(map(int, (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[11:15]))
    return 0
