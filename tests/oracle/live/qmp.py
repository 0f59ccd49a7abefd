"""What QEMU itself says of its devices' BARs, asked by QMP over a socket: the registers, whatever a log said."""

from __future__ import annotations

import json
import socket
from typing import Any, TextIO

UNMAPPED = (1 << 64) - 1


def bars(end: socket.socket) -> dict[tuple[str, int], int]:
    """(bdf, index) to the address of each BAR that is decoded, index 6 the ROM's. Raises OSError where QEMU ended."""
    with end.makefile("rw") as stream:
        ask(stream, "qmp_capabilities")
        buses = ask(stream, "query-pci")
    return {
        (f"{device['bus']:02x}:{device['slot']:02x}.{device['function']:x}", region["bar"]): region["address"]
        for bus in buses
        for device in bus["devices"]
        for region in device["regions"]
        if region["address"] & UNMAPPED != UNMAPPED
    }


def ask(stream: TextIO, command: str, **arguments: str) -> Any:
    """The answer to ``command``, past the greeting and events."""
    stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    stream.flush()
    for line in stream:
        said = json.loads(line)
        if "return" in said or "error" in said:
            return said["return"]
    raise ConnectionError(f"QEMU ended before it answered {command}")
