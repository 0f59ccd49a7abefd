"""A machine's dumps are collected from sysfs and procfs, each into a file that ``fwsim host import`` reads."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.host.gather import OUR_CAPTURE
from fwsim.rom.files import write_atomically
from fwsim.units import MIB

FUNCTIONS = ("00:00.0", "00:02.0", "00:1f.0", "00:1f.2", "00:1f.3")
DEBUG_FILES = ("i915_opregion", "i915_vbt")
"""i915's debug files: OpRegion and VBT."""
LIST = "capture.txt"
_LIMIT = 32 * MIB
_DMESG_TIMEOUT_S = 30
_WHOLE_CONFIG = 256


class Piece(msgspec.Struct, kw_only=True):
    """One thing looked for: where it was looked for, the ``file`` it went to, or the ``problem`` and what to do."""

    what: str
    source: str
    file: str = ""
    size: int = 0
    problem: str = ""
    next: str = ""


class _Wanted(Struct, frozen=True):
    """One thing to read; ``read`` gives its bytes or raises OSError; ``absent`` says what its absence means."""

    what: str
    source: str
    file: str
    read: Callable[[], bytes]
    absent: str = ""
    judge: Callable[[bytes], tuple[str, str]] | None = None


def script() -> str:
    """A POSIX sh script that collects as much, and the VMs besides, where no fwsim is: its archive is for diagnose."""
    text = Path(__file__).with_name("capture.sh").read_text(encoding="utf-8")
    filled = {"@FUNCTIONS@": " ".join(FUNCTIONS), "@DEBUG_FILES@": " ".join(DEBUG_FILES), "@OURS@": OUR_CAPTURE}
    for mark, words in filled.items():
        text = text.replace(mark, words)
    return text


def capture(out: Path, root: Path = Path("/"), force: bool = False) -> list[Piece]:
    """Collect what ``root`` has into the new folder ``out``; what could not be read, and why, is in the result.

    Reading the option ROM needs it enabled: 1 is written to sysfs's ``rom`` file, and 0 afterwards. Raises FwsimError
    when ``root`` has neither sys nor proc, and when ``out`` has files already (``force`` replaces them).
    """
    if not (root / "sys").is_dir() and not (root / "proc").is_dir():
        raise FwsimError(
            "no sysfs and no procfs here", where=str(root), expected="a folder with sys/ and proc/",
            hint="leave --root out on the machine itself",
        )  # fmt: skip
    _make(out, force)
    pieces = [_collect(wanted, out, force) for wanted in _wanted(root)]
    text = f"{OUR_CAPTURE} what was collected, and what was not\n\n" + "".join(f"{line}\n" for line in _lines(pieces))
    write_atomically(out / LIST, text.encode("utf-8", "replace"), force)
    return pieces


def _make(out: Path, force: bool) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not force and any(out.iterdir()):
            raise FwsimError("the folder is not empty", where=str(out), hint="another --out, or --force")
    except OSError as error:
        raise FwsimError(f"cannot make the folder: {error.strerror}", where=str(out), hint="another --out") from None


def _collect(wanted: _Wanted, out: Path, force: bool) -> Piece:
    piece = Piece(what=wanted.what, source=wanted.source)
    try:
        data = wanted.read()
    except OSError as error:
        piece.problem, piece.next = _why(error, wanted)
        return piece
    if not data:
        piece.problem, piece.next = "is empty", wanted.absent or "load the driver: modprobe i915"
        return piece
    if wanted.judge:
        piece.problem, piece.next = wanted.judge(data)
    write_atomically(out / wanted.file, data, force)
    piece.file, piece.size = wanted.file, len(data)
    return piece


def _why(error: OSError, wanted: _Wanted) -> tuple[str, str]:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "needs root", "sudo fwsim host capture"
    if error.errno == errno.ENOENT:
        return "is not there", wanted.absent
    return f"cannot be read: {error.strerror or error}", wanted.absent


def _lines(pieces: list[Piece]) -> Iterator[str]:
    for piece in pieces:
        state = f"{piece.file}, {piece.size} bytes" if piece.file else "nothing"
        problem = f"; {piece.problem}" + (f" (next: {piece.next})" if piece.next else "") if piece.problem else ""
        yield f"{piece.what}: {state}, from {piece.source}{problem}"


def _wanted(root: Path) -> Iterator[_Wanted]:
    yield from _functions(root)
    yield _rom(root)
    yield _Wanted("/proc/iomem", str(root / "proc/iomem"), "iomem", _reader(root / "proc/iomem"), "mount /proc",
                  _judge_iomem)  # fmt: skip
    yield _Wanted("firmware's map", str(root / "sys/firmware/memmap"), "firmware-memmap",
                  lambda: _memmap(root), "a kernel with CONFIG_FIRMWARE_MEMMAP; dmesg has it too")  # fmt: skip
    yield _dmesg(root)
    yield from _debugfs(root)
    yield from _edids(root)


def _functions(root: Path) -> Iterator[_Wanted]:
    for bdf in FUNCTIONS:
        path = root / f"sys/bus/pci/devices/0000:{bdf}/config"
        needed = bdf in FUNCTIONS[:3]
        absent = "this host has none, or the firmware disabled it" if needed else "not every chipset has it"
        yield _Wanted(f"config {bdf}", str(path), f"pci-{bdf.replace(':', '-')}.config", _reader(path), absent,
                      _judge_config)  # fmt: skip


def _judge_config(data: bytes) -> tuple[str, str]:
    if len(data) < _WHOLE_CONFIG:
        return f"only {len(data)} bytes: the rest needs root", "sudo fwsim host capture"
    if data[:2] == b"\xff\xff":
        return "reads all ff: the device is off", "wake it: echo on > power/control, then again"
    return "", ""


def _judge_iomem(data: bytes) -> tuple[str, str]:
    zero = all(line.lstrip().startswith((b"00000000-00000000 ", b"0" * 16)) for line in data.splitlines() if line)
    return ("every address is zero: it needs root", "sudo fwsim host capture") if zero else ("", "")


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        with open(path, "rb", opener=lambda at, flags: os.open(at, flags | os.O_NONBLOCK | os.O_CLOEXEC)) as file:
            return file.read(_LIMIT)

    return read


def _rom(root: Path) -> _Wanted:
    path = root / "sys/bus/pci/devices/0000:00:02.0/rom"

    def read() -> bytes:
        try:
            return _reader(path)()
        except OSError as error:
            if error.errno != errno.EINVAL:  # sysfs's answer while the ROM is not enabled
                raise
        path.write_bytes(b"1")
        try:
            return _reader(path)()
        finally:
            path.write_bytes(b"0")

    return _Wanted("option ROM", str(path), "pci-00-02.0.rom", read,
                   "take it out of the flash image (UEFITool)")  # fmt: skip


def _memmap(root: Path) -> bytes:
    """The map the firmware gave, which the log may have lost by now."""
    rows: list[tuple[int, int, str]] = []
    for entry in sorted((root / "sys/firmware/memmap").iterdir()):
        try:
            start, end = (int((entry / name).read_text(), 16) for name in ("start", "end"))
            rows.append((start, end, (entry / "type").read_text().strip()))
        except (ValueError, UnicodeDecodeError):
            continue
    return "".join(f"firmware-memmap: [mem {a:#018x}-{b:#018x}] {kind}\n" for a, b, kind in sorted(rows)).encode()


def _dmesg(root: Path) -> _Wanted:
    if root == Path("/"):
        return _Wanted("kernel log", "dmesg", "dmesg", _run_dmesg, "install util-linux")
    path = next((root / name for name in ("dmesg", "var/log/dmesg", "var/log/kern.log") if (root / name).is_file()),
                root / "var/log/dmesg")  # fmt: skip
    return _Wanted("kernel log", str(path), "dmesg", _reader(path), "dmesg > dmesg there")


def _run_dmesg() -> bytes:
    try:
        done = subprocess.run(["dmesg"], capture_output=True, timeout=_DMESG_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise OSError(errno.ETIMEDOUT, "dmesg did not end") from None
    if done.returncode:
        raise OSError(errno.EPERM, "dmesg was refused")
    return done.stdout


def _debugfs(root: Path) -> Iterator[_Wanted]:
    """OpRegion and VBT: i915's debug files, below the card's number or its PCI address."""
    base = root / "sys/kernel/debug"
    absent = "modprobe i915; mount -t debugfs none /sys/kernel/debug"
    for name, what in zip(DEBUG_FILES, ("OpRegion", "VBT"), strict=True):
        try:
            found = sorted((base / "dri").glob(f"*/{name}"))
            path = found[0] if found else base / "dri/0" / name
        except OSError:
            path = base / "dri/0" / name
        if base.is_dir() and not os.access(base, os.R_OK | os.X_OK):
            path = base / "dri/0" / name  # reading it says that it needs root
        yield _Wanted(what, str(path), name, _reader(path), absent)


def _edids(root: Path) -> Iterator[_Wanted]:
    folder = root / "sys/class/drm"
    paths = sorted(folder.glob("card*-*/edid"))
    if not paths:
        yield _Wanted("EDID", str(folder), "edid", _reader(folder / "card0-HDMI-A-1/edid"), "modprobe i915")
    for path in paths:
        try:
            status = _reader(path.parent / "status")().strip()
        except OSError:
            status = b"connected"
        if status != b"connected":
            continue
        connector = path.parent.name.partition("-")[2]
        yield _Wanted(f"EDID of {connector}", str(path), f"{connector}.edid", _reader(path), "is it on?")
