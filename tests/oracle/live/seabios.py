"""Boots of SeaBIOS: its debug log as a measured vector's ``expect``, and fwsim's answer for the same machine."""

from __future__ import annotations

import re
from typing import Any

import measured_seabios
from live.boots import Boot, boot
from live.machine import Machine
from live.proxy import Peer

DONE = re.compile(r"^(Booting from|No bootable device|PCI: out of )", re.M)
"""The log is complete as far as placement goes: SeaBIOS boots, or has given up."""
_VERSION = re.compile(r"SeaBIOS \(version (?:rel-)?([0-9.]+)")
_MAP = re.compile(r"PCI: map device bdf=(\S+)\s+bar (\d), addr ([0-9a-f]+), size ([0-9a-f]+) \[(\w+)\]")
_E820 = re.compile(r"^ +\d+: ([0-9a-f]+) - ([0-9a-f]+) = \d+ (\w+)", re.M)
_WINDOWS = {"window_io": r"PCI: IO: ([0-9a-f]+) - ([0-9a-f]+)", "window_32": r"PCI: 32: ([0-9a-f]+) - ([0-9a-f]+)",
            "window_64": r"PCI: 64: ([0-9a-f]+) - ([0-9a-f]+)"}  # fmt: skip
_WARNING = re.compile(r"^(?:WARNING - |PCI: out of )[^\n]*", re.M)
_RETURNED = re.compile(r"Returned (\d+) bytes of ZoneHigh")


class SeabiosBoots:
    """The SeaBIOS that QEMU finds, or the image that is given."""

    uefi = False

    def __init__(self, qemu: str, release: str, image: str) -> None:
        self._qemu, self._release = qemu, release
        self._extra = ["-bios", image] if image else []
        self.shown = f"SeaBIOS ({image or 'as QEMU finds it'})"

    def boot(self, machine: Machine) -> tuple[dict[str, Any], dict[str, Any] | str]:
        """The machine as a vector, and what was seen; text where QEMU ended or the log stopped.

        The vector's ``registers`` are the other devices' BARs, as QEMU has them.
        """
        run: Boot = boot(machine, self._qemu, self._extra, lambda log: bool(DONE.search(log)))
        if run.died:
            return {}, run.died
        real = seen(run.log, run.peer)
        inputs = machine.inputs | {"pci_bars": pci_bars(run.log)}
        system = f"seabios-{version(run.log)}/qemu-{self._release}"
        return {"system": system, "in": inputs, "expect": real, "registers": run.bars}, real

    def answer(self, vector: dict[str, Any]) -> dict[str, Any]:
        """fwsim's, in the form of what was seen."""
        return dict(measured_seabios.any_measured(vector))


def version(log: str) -> str:
    """SeaBIOS's release, such as "1.16.2"; "" where the log does not begin with it."""
    found = _VERSION.search(log)
    return found[1].rstrip(".") if found else ""


def pci_bars(log: str) -> list[list[Any]]:
    """Every BAR that SeaBIOS placed: [bdf, index, size, kind]. Which BARs a machine has is no prediction."""
    return [[bdf, int(index), f"0x{size}", kind] for bdf, index, _, size, kind in _MAP.findall(log)]


def seen(log: str, peer: Peer) -> dict[str, Any]:
    """What the boot came to; only what fwsim has an answer for. Addresses are numbers."""
    panic = "PCI: out of" in log
    bars = {str(index): peer.bar(index, flags) for index, _, flags in peer.bars}
    igd = {
        "bdf": "00:02.0", "asls": peer.written(0xFC), "bdsm_5c": peer.written(0x5C),
        "bdsm_c0": peer.written(0xC0), "bars": bars,
    }  # fmt: skip
    returned = _RETURNED.search(log)
    return {
        "boot": "panic" if panic else "ok",
        "igd": [igd],
        **{name: _window(log, pattern) for name, pattern in _WINDOWS.items()},
        "pci_map": [
            [bdf, int(index), int(address, 16), int(size, 16), kind]
            for bdf, index, address, size, kind in _MAP.findall(log)
        ],
        "igd_log": re.findall(r"^Intel IGD [^\n]*", log, re.M),
        "warnings": _WARNING.findall(log),
        "zonehigh_returned": int(returned[1]) if returned else None,
        "e820": [[int(start, 16), int(end, 16), kind] for start, end, kind in _E820.findall(log)] or None,
    }


def _window(log: str, pattern: str) -> list[int] | None:
    """The last line of the kind: SeaBIOS tries again where a window is too small."""
    rows = re.findall(pattern, log)
    return [int(rows[-1][0], 16), int(rows[-1][1], 16)] if rows else None
