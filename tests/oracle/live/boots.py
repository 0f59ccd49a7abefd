"""One boot of a real machine in QEMU, and what it left; needs neither KVM nor hardware."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live import qmp
from live.machine import Machine, command_line
from live.proxy import Peer

SILENCE_S = 300
"""Seconds without a byte of the log after which a boot is given up: a loaded machine takes far less."""
MOST_LOG = 1 << 20
"""Bytes of the log after which one that has not come to its end is given up: SeaBIOS says 10 KiB."""


@dataclass
class Boot:
    """One real boot: the firmware's log and the device that heard its writes; ``died``: why the log has no end.

    ``bars``: where the other devices' BARs are at that moment, by (bdf, index).
    """

    log: str
    peer: Peer
    died: str = ""
    bars: dict[tuple[str, int], int] = field(default_factory=dict)


def qemu_version(qemu: str) -> str:
    """Such as "7.2.22". Raises SystemExit where there is no such program."""
    if not shutil.which(qemu):
        raise SystemExit(f"{qemu}: no such program; on Debian: apt install qemu-system-x86 seabios ovmf")
    words = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return words[words.index("version") + 1]


def boot(machine: Machine, qemu: str, extra: list[str], done: Callable[[str], bool], rom: bytes = b"") -> Boot:
    """Run ``machine`` until ``done`` knows a line of the log as its last, or no more comes. QEMU is gone then."""
    device, class_code, bars = machine.igd
    peer = Peer(0x8086, device, class_code, bars, int(machine.inputs["igd"][0]["ggc"], 16), len(rom))
    ours, theirs = socket.socketpair()
    hear, say = socket.socketpair()
    ask, answer = socket.socketpair()
    with tempfile.TemporaryDirectory() as folder, ours, theirs, hear, say, ask, answer:
        Path(folder, "bdsm").write_bytes(bytes.fromhex(machine.inputs["bdsm_file_hex"]))
        if machine.opregion is not None:
            Path(folder, "opregion").write_bytes(machine.opregion)
        Path(folder, "rom").write_bytes(rom)
        files = f"{folder}/rom" if rom else ""
        ends = theirs, say, answer
        line = [*command_line(machine, qemu, *(end.fileno() for end in ends), folder, files), *extra]
        bars = {}
        with _running(line, ends, Path(folder, "errors")) as running:
            thread = peer.start(ours)
            log, ending = _listen(hear, done)
            if not ending:
                ask.settimeout(SILENCE_S)
                bars = qmp.bars(ask)
            if ending == "ended":
                running.wait(SILENCE_S)
                ending = Path(folder, "errors").read_text(errors="replace").strip()
                ending = ending or f"QEMU ended with {running.returncode}"
        thread.join()
    return Boot(log, peer, peer.failed or ending, bars)


@contextmanager
def _running(line: list[str], theirs: tuple[socket.socket, ...], errors: Path) -> Iterator[subprocess.Popen[bytes]]:
    """QEMU with its ends of the sockets, which are closed here. It dies with the block, and with this process."""
    guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    with errors.open("wb") as said, subprocess.Popen(
        [*guard, *line], pass_fds=[end.fileno() for end in theirs], stdin=subprocess.DEVNULL, stdout=said, stderr=said
    ) as running:  # fmt: skip
        try:
            for end in theirs:
                end.close()
            yield running
        finally:
            running.kill()


def _listen(hear: socket.socket, done: Callable[[str], bool]) -> tuple[str, str]:
    """The log up to the line that ``done`` knows as the last, and "": else why there is none, "ended": QEMU did."""
    hear.settimeout(SILENCE_S)
    heard, line = bytearray(), 0
    while True:
        try:
            part = hear.recv(1 << 16)
        except TimeoutError:
            return _text(heard), f"no more of the log for {SILENCE_S} s after {_text(heard[-200:])!r}"
        except ConnectionError:
            part = b""
        heard += part
        if done(_text(heard[line:])):
            return _text(heard), ""
        if not part:
            return _text(heard), "ended"
        if len(heard) > MOST_LOG:
            return _text(heard), f"no end of the log in {MOST_LOG >> 10} KiB"
        line = heard.rfind(b"\n") + 1


def _text(heard: bytearray) -> str:
    return heard.decode(errors="replace")


def differences(real: dict[str, Any], ours: dict[str, Any], plain: Callable[[Any], Any]) -> dict[str, tuple[Any, Any]]:
    """Name to (real, fwsim's) of each field in which they differ; ``plain`` makes hex strings numbers."""
    return {
        name: (plain(value), plain(ours[name])) for name, value in real.items() if plain(value) != plain(ours[name])
    }
