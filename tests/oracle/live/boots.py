"""One boot of a real machine in QEMU, and what it left; needs neither KVM nor hardware."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import Machine, command_line
from proxy import Peer

LIMIT = 120
"""Seconds after which a boot that says nothing more is given up."""


@dataclass
class Boot:
    """One real boot: the firmware's log and the device that heard its writes; ``died``: what QEMU said as it ended."""

    log: str
    peer: Peer
    died: str = ""


def qemu_version(qemu: str) -> str:
    """Such as "7.2.22". Raises SystemExit where there is no such program."""
    if not shutil.which(qemu):
        raise SystemExit(f"{qemu}: no such program; on Debian: apt install qemu-system-x86 seabios ovmf")
    words = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True).stdout.split()
    return words[words.index("version") + 1]


def boot(machine: Machine, qemu: str, extra: list[str], done: Callable[[str], bool], rom: bytes = b"") -> Boot:
    """Run ``machine`` until ``done`` says that the log is complete, QEMU ends, or LIMIT seconds have gone."""
    device, class_code, bars = machine.igd
    peer = Peer(0x8086, device, class_code, bars, int(machine.inputs["igd"][0]["ggc"], 16), len(rom))
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory() as folder, ours, theirs:
        Path(folder, "bdsm").write_bytes(bytes.fromhex(machine.inputs["bdsm_file_hex"]))
        if machine.opregion is not None:
            Path(folder, "opregion").write_bytes(machine.opregion)
        Path(folder, "rom").write_bytes(rom)
        thread = peer.start(ours)
        line = [*command_line(machine, qemu, theirs.fileno(), folder, f"{folder}/rom" if rom else ""), *extra]
        log = Path(folder, "log")
        with subprocess.Popen(line, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, text=True) as running:
            theirs.close()
            end = time.monotonic() + LIMIT
            text, died = "", ""
            while time.monotonic() < end:
                text = log.read_text(errors="replace") if log.exists() else ""
                if done(text):
                    break
                if running.poll() is not None:
                    died = running.communicate()[1].strip() or f"QEMU ended with {running.returncode}"
                    break
                time.sleep(0.05)
            running.kill()
        thread.join(5)
    return Boot(text, peer, died)


def differences(real: dict[str, Any], ours: dict[str, Any], plain: Callable[[Any], Any]) -> dict[str, tuple[Any, Any]]:
    """Name to (real, fwsim's) of each field in which they differ; ``plain`` makes hex strings numbers."""
    return {
        name: (plain(value), plain(ours[name])) for name, value in real.items() if plain(value) != plain(ours[name])
    }
