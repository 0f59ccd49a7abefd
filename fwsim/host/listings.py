"""The listings of /proc/iomem, inteltool and intel_reg give ranges by name, bridge ids, registers of the IGD."""

import re

from msgspec import Struct, field

from fwsim.host.facts import Area

_IOMEM = re.compile(r"\s*([0-9a-f]{8,16})-([0-9a-f]{8,16}) : (\S.*)")
_TOOL = re.compile(r"(Northbridge|Southbridge|IGD): 8086:([0-9a-f]{4})\b")
_REGISTER = re.compile(r"\s*\w+ \(0x([0-9a-f]{4,8})\): 0x([0-9a-f]{1,16})\b")
_TOOL_IDS = {"Northbridge": "host_bridge_id", "Southbridge": "lpc_id", "IGD": "device_id"}
REGISTERS = {0x108040: "ggc", 0x1080C0: "bdsm", 0x108100: "bgsm", 0x1082C0: "stolen_reserved"}
"""Registers of BAR0 that mirror configuration space (Linux i915_reg.h)."""


class Iomem(Struct):
    """/proc/iomem: its areas; ``hidden`` when an unprivileged reader was shown zeros."""

    areas: list[Area] = field(default_factory=list)
    hidden: bool = False


def read_iomem(lines: list[str], file: str) -> Iomem:
    """The ranges in ``lines``, in the file's order."""
    found = Iomem()
    zeros = 0
    for number, line in enumerate(lines, 1):
        match = _IOMEM.fullmatch(line.rstrip())
        if not match:
            continue
        start, last = int(match[1], 16), int(match[2], 16)
        zeros += not start and not last
        if start <= last:
            found.areas.append(Area(start=start, end=last + 1, label=match[3].strip(), file=file, line=number))
    found.hidden = zeros > 1 and zeros == len(found.areas)
    if found.hidden:
        found.areas = []
    return found


def read_inteltool(lines: list[str]) -> list[tuple[str, int, int]]:
    """(fact, value, line) of inteltool's first lines."""
    found = ((number, _TOOL.match(line)) for number, line in enumerate(lines, 1) if ": 8086:" in line)
    return [(_TOOL_IDS[match[1]], int(match[2], 16), number) for number, match in found if match]


def read_registers(lines: list[str]) -> tuple[list[tuple[str, int, int]], int]:
    """((fact, value, line), how many registers there are) of an ``intel_reg dump``."""
    found: list[tuple[str, int, int]] = []
    count = 0
    for number, line in enumerate(lines, 1):
        match = _REGISTER.match(line) if "(0x" in line else None
        if match:
            count += 1
            name = REGISTERS.get(int(match[1], 16))
            if name:
                found.append((name, int(match[2], 16), number))
    return found, count
