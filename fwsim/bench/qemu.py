"""QEMU's TCG runs the same loop: it is the machine's whole firmware, from the reset vector to a port that ends QEMU.

Its index/data pair is the host bridge's, CF8 and CFC: two dword ports with C handlers, one of which keeps what the
other uses. Without bit 31 in the index the data goes nowhere (QEMU, hw/pci/pci_host.c).
"""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

from fwsim.bench import loops
from fwsim.errors import FwsimError

PORT = 0xCF8
TRACE = "trace:memory_region_ops_write"
"""What QEMU itself has to record each access, as text."""
_EXIT, _BYTE = 0xF4, 0x2A
"""The port of isa-debug-exit, and what is written to it: QEMU's exit code is twice that and one."""
_SIZE, _RESET = 0x10000, 0xFFF0
_PATIENCE_S = 300


class Qemu(msgspec.Struct):
    """QEMU's ``program``, which runs loops of ``fwsim.bench.loops``; ``missing`` says why it cannot."""

    program: str = ""
    missing: str = ""

    def seconds(self, code: bytes, *, traced: bool = False) -> float:
        """What ``code`` takes, QEMU's own start included; ``traced``: each access is written to a file.

        Raises FwsimError when it does not come to its end.
        """
        with tempfile.TemporaryDirectory() as folder:
            image = Path(folder) / "image"
            image.write_bytes(firmware(code))
            machine = ("-no-user-config", "-nodefaults", "-machine", "pc,accel=tcg", "-m", "16", "-display", "none")
            leave = ("-no-reboot", "-device", f"isa-debug-exit,iobase={_EXIT:#x},iosize=1")
            trace = ("-d", TRACE, "-D", str(Path(folder) / "trace")) if traced else ()
            command = [self.program, *machine, *leave, "-bios", str(image), *trace]
            started = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
            seconds = time.perf_counter() - started
        if done.returncode != 2 * _BYTE + 1:
            raise FwsimError(
                "QEMU did not come to the end of a loop", where=self.program,
                found=(done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1],
            )  # fmt: skip
        return seconds


def find() -> Qemu:
    """The QEMU on PATH, once it has run a loop."""
    program = shutil.which("qemu-system-x86_64") or shutil.which("qemu-system-i386")
    if not program:
        return Qemu(missing="not measured: takes qemu-system-x86")
    found = Qemu(program)
    try:
        found.seconds(loops.gtt_writes(1, PORT, 0), traced=True)
    except (FwsimError, OSError, subprocess.TimeoutExpired) as error:
        return Qemu(missing=f"not measured: {getattr(error, 'found', '') or error}")
    return found


def firmware(code: bytes) -> bytes:
    """64 KiB that lie below 1 MiB: ``code`` with an OUT to the port that ends QEMU before its HLT, the reset vector."""
    start = code[:-1] + bytes((0xB0, _BYTE, 0xE6, _EXIT)) + code[-1:]  # mov al, BYTE; out EXIT, al
    jump = b"\xea\x00\x00\x00\xf0"  # jmp F000:0000
    return (start.ljust(_RESET, b"\x00") + jump).ljust(_SIZE, b"\x00")
