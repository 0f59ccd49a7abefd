"""A guest's firmware log is read for what it placed: SeaBIOS's debug port, and OVMF's with VfioIgdPkg.

Formats: SeaBIOS src/fw/pciinit.c (intel_igd_setup, pci_region_map_one_entry, pci_bios_init_device), src/e820map.c
(dump_map: the end is exclusive); VfioIgdPkg IgdAssignmentDxe/IgdAssignment.c.
"""

import re

from msgspec import Struct, field

from fwsim.host.facts import Area
from fwsim.units import MIB

_INIT = re.compile(r"PCI: init bdf=(00:00\.0|00:02\.0|00:1f\.0) id=8086:([0-9a-f]{4})")
_MAP = re.compile(
    r"PCI: map device bdf=00:02\.0\s+bar ([0-5]), addr ([0-9a-f]{1,16}), size ([0-9a-f]{1,16}) \[(?:pref)?mem\]"
)
_E820 = re.compile(r"^\s*\d{1,3}: ([0-9a-f]{16}) - ([0-9a-f]{16}) = \d (RAM|RESERVED|ACPI|NVS|UNUSABLE)\b")
_OPREGION = re.compile(r"(?:IGD OpRegion enabled at|: OpRegion @) 0x([0-9a-fA-F]{1,16})")
_BDSM = re.compile(r"(?:IGD BDSM enabled at|: stolen memory @) 0x([0-9a-fA-F]{1,16}), size (\d{1,6}) ?MB")
_IDS = {"00:00.0": "host_bridge_id", "00:02.0": "device_id", "00:1f.0": "lpc_id"}


class FirmwareLog(Struct):
    """``values`` are (fact, value, line); ``e820`` areas bear the type as label."""

    values: list[tuple[str, int, int]] = field(default_factory=list)
    e820: list[Area] = field(default_factory=list)
    bars: list[Area] = field(default_factory=list)


def read_firmware_log(lines: list[str], file: str) -> FirmwareLog:
    """The log in ``lines``; other text among them does not matter."""
    log = FirmwareLog()
    for number, line in enumerate(lines, 1):
        if "PCI: " in line:
            _pci(log, line, file, number)
        elif " = " in line and (row := _E820.match(line)) and int(row[1], 16) < int(row[2], 16):
            log.e820.append(Area(start=int(row[1], 16), end=int(row[2], 16), label=row[3], file=file, line=number))
        elif found := _OPREGION.search(line):
            log.values.append(("asls", int(found[1], 16), number))
        elif found := _BDSM.search(line):
            log.values += [("bdsm", int(found[1], 16), number), ("stolen_size", int(found[2]) * MIB, number)]
    return log


def _pci(log: FirmwareLog, line: str, file: str, number: int) -> None:
    if found := _INIT.search(line):
        log.values.append((_IDS[found[1]], int(found[2], 16), number))
    elif (found := _MAP.search(line)) and int(found[3], 16):
        start = int(found[2], 16)
        label = f"BAR{found[1]}"
        log.bars.append(Area(start=start, end=start + int(found[3], 16), label=label, file=file, line=number))
