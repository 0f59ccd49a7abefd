"""The AArch64 guest programs run in QEMU's virt, and what they print is read; QEMU is asked for its BARs by QMP."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from live.qmp import ask
from patience import HANG_S

ROMS = Path(__file__).resolve().parents[2] / "roms"
QEMU = "qemu-system-aarch64"
BOARD = ("-M", "virt", "-cpu", "cortex-a57", "-m", "512", "-nic", "none", "-display", "none")


def _ports(*numbers: int, options: str = "") -> str:
    return " ".join(f"-device pcie-root-port,id=r{n},chassis={n}{options}" for n in numbers)


EDU = "-device edu,dma_mask=0xffffffff"
E1000, E1000E, VIRTIO_NET, RTL8139, VMXNET3, DISPLAY = (
    f"-device {name},romfile=" for name in ("e1000", "e1000e", "virtio-net-pci", "rtl8139", "vmxnet3", "bochs-display")
)
ROM = f",romfile={ROMS / 'igd-vbios.rom'}"

TOPOLOGIES = {
    "edu": EDU,
    "ROMs": f"{E1000} {EDU}{ROM} {DISPLAY}",
    "displays": f"{DISPLAY} {E1000} -device virtio-gpu-pci -device qemu-xhci",
    "a switch": f"{_ports(1)} {VIRTIO_NET},bus=r1 {E1000E} {_ports(2, options=',hotplug=off')} "
    "-device x3130-upstream,id=up,bus=r2 -device xio3130-downstream,id=d1,bus=up,chassis=4 "
    f"-device nvme,serial=1,bus=d1 -device xio3130-downstream,id=d2,bus=up,chassis=5 {EDU},bus=d2",
    "conventional bridges": f"-device pci-bridge,chassis_nr=1,id=b {E1000},bus=b,addr=3 {EDU}{ROM},bus=b,addr=4 "
    "-device pci-bridge,chassis_nr=2,id=c,bus=b,addr=5 -device virtio-scsi-pci,bus=c,addr=1",
    "five ports": f"{_ports(1, 2, 3, 4, 5)} {EDU}{ROM},bus=r2 -device nvme,serial=1,bus=r4 {VIRTIO_NET},bus=r5",
    "large": "-object memory-backend-ram,id=a,size=256M -device ivshmem-plain,memdev=a "
    f"-object memory-backend-ram,id=b,size=1G -device ivshmem-plain,memdev=b {EDU} "
    f"{_ports(1)} -object memory-backend-ram,id=c,size=64M -device ivshmem-plain,memdev=c,bus=r1",
    "several functions": "-device virtio-rng-pci,addr=3.0,multifunction=on -device virtio-balloon-pci,addr=3.1 "
    f"{EDU},addr=3.5 -device pcie-root-port,id=a,chassis=1,addr=4.0,multifunction=on "
    "-device pcie-root-port,id=b,chassis=2,addr=4.1,hotplug=off -device i82801b11-bridge,id=c,bus=b "
    f"-device pci-bridge,chassis_nr=3,id=d,bus=c,addr=1 {RTL8139},bus=d,addr=2 -device lsi53c895a,bus=d,addr=4 "
    f"{DISPLAY},bus=d,addr=5 -device ich9-ahci,bus=a",
    "reserving ports": f"{_ports(1, options=',mem-reserve=8M,pref64-reserve=1G,io-reserve=0')} {DISPLAY},bus=r1 "
    f"{_ports(2, options=',pref32-reserve=16M,bus-reserve=4')} {E1000E},bus=r2 {VMXNET3} -device megasas",
    "no room": f"{DISPLAY},vgamem=256M {DISPLAY},vgamem=256M {DISPLAY},vgamem=256M {EDU} {E1000E}",
}
"""QEMU's devices for each; none has a ROM but ours, so that all are alike on every host."""


@dataclass
class Bar:
    """One BAR, ROM or window, as the program told it: where it was put, and what was read back."""

    kind: str
    size: int
    at: int | None
    back: str = ""
    reads: tuple[int, ...] = ()


@dataclass
class Function:
    """One function's lines. ``resources``: by ``bar 0``, ``rom`` or ``window mem32``; ``said``: the other lines."""

    address: str
    ids: str
    kind: int
    buses: str = ""
    resources: dict[str, Bar] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """What a program printed, line by line, and what QEMU answered at its end (``query-pci``)."""

    lines: list[str]
    pci: list[dict[str, Any]]

    @property
    def functions(self) -> dict[str, Function]:
        """The functions that were told, by address."""
        return {each.address: each for each in functions(self.lines)}

    @property
    def devices(self) -> dict[str, dict[str, Any]]:
        """QEMU's, by address, those behind bridges too."""
        return {
            f"{one['bus']:02x}:{one['slot']:02x}.{one['function']:x}": one
            for bus in self.pci
            for one in _with_children(bus["devices"])
        }


def _with_children(devices: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in devices:
        yield one
        yield from _with_children(one.get("pci_bridge", {}).get("devices", []))


def functions(lines: list[str]) -> Iterator[Function]:
    """The functions in a program's lines."""
    current = None
    for line in lines:
        if found := re.match(r"pci (\S+) (\S+) class \w+ type (\d)", line):
            current = Function(found[1], found[2], int(found[3]))
            yield current
        elif not line.startswith("  "):
            current = None
        elif current is not None:
            _take(current, line)


def _take(function: Function, line: str) -> None:
    if found := re.match(r"  bus (\S+)", line):
        function.buses = found[1]
    elif found := re.match(r"  (bar \d|rom|window)(?: (\w+))? size (\w+) (.*)", line):
        name = f"window {found[2]}" if found[1] == "window" else found[1]
        bar = Bar(found[2] or "rom", int(found[3], 16), None)
        if placed := re.match(r"at (\w+) -> ([\w-]+)(?: reads (\w+) (\w+))?", found[4]):
            bar.at, bar.back = int(placed[1], 16), placed[2]
            bar.reads = tuple(int(each, 16) for each in placed.groups()[2:] if each)
        function.resources[name] = bar
    else:
        function.said.append(line.strip())


@cache
def run(program: str, devices: str, *, arguments: str = "", tree: str = "", plug: str = "") -> Run:
    """Runs ``program`` to its SYSTEM_OFF. ``plug``: a device (``driver=...``) added where it says ``waiting``."""
    serial, theirs = socket.socketpair()
    control, answers = socket.socketpair()
    line = [QEMU, *BOARD, "-no-shutdown", "-kernel", str(ROMS / program), *devices.split()]
    line += ["-append", arguments] * bool(arguments) + ["-dtb", tree] * bool(tree)
    for name, end in (("text", theirs), ("qmp", answers)):
        line += ["-chardev", f"socket,id={name},fd={end.fileno()}"]
    line += ["-serial", "chardev:text", "-mon", "chardev=qmp,mode=control"]
    ends = (theirs.fileno(), answers.fileno())
    with (
        serial, control, theirs, answers,
        subprocess.Popen(line, pass_fds=ends, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as qemu,
    ):  # fmt: skip
        try:
            theirs.close()
            answers.close()
            return _run(serial, control, plug)
        except (OSError, ValueError) as error:
            qemu.kill()
            raise AssertionError(f"{error}: {qemu.communicate()[1]}") from error
        finally:
            qemu.kill()


def _run(serial: socket.socket, control: socket.socket, plug: str) -> Run:
    serial.settimeout(HANG_S)
    control.settimeout(HANG_S)
    lines: list[str] = []
    with serial.makefile("rw", newline="\n") as text, control.makefile("rw") as stream:
        _read(text, lines, "waiting" if plug else "off")
        ask(stream, "qmp_capabilities")  # not before: while its console is full, QEMU answers nothing
        if plug:
            ask(stream, "device_add", **dict(part.split("=") for part in plug.split(",")))
            text.write("\n")
            text.flush()
            _read(text, lines, "off")
        return Run(lines, ask(stream, "query-pci"))


def _read(text: TextIO, lines: list[str], last: str) -> None:
    for line in text:
        lines.append(line.rstrip())
        if lines[-1] == last:
            return
    raise ConnectionError(f"QEMU ended behind {lines[-3:]}")
