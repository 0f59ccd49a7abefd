"""The kernel's log is read for memory and graphics: e820 of all eras, RMRRs, i915's and the PCI core's lines.

Formats: Linux arch/x86/kernel/e820.c (to 3.5 ``start - end (usable)``, the end exclusive; then ``[mem start-end]``),
early-quirks.c, drivers/iommu/intel/dmar.c, i915 gem/i915_gem_stolen.c, gt/intel_ggtt.c, display/intel_opregion.c,
drivers/char/agp/intel-gtt.c, drivers/pci/probe.c; Xen arch/x86/e820.c, drivers/passthrough/vtd/dmar.c.
"""

import re

from msgspec import Struct, field

from fwsim.host.facts import Area
from fwsim.trace.log_lines import IGD, messages
from fwsim.units import KIB, MIB

_H = r"(?:0x)?([0-9a-f]{1,16})"
_E820_NEW = re.compile(rf"(?:BIOS-e820|firmware-memmap|Xen): \[mem {_H}\s*-\s*{_H}\]\s+(.*)", re.IGNORECASE)
_E820_OLD = re.compile(rf"(?:BIOS-(?:e820|88|e801)|Xen|\(XEN\)): *{_H} - {_H} \(([^)]*)\)", re.IGNORECASE)
_E820_XEN = re.compile(r"\(XEN\)\s+\[?([0-9a-f]{16})(?: - |, )([0-9a-f]{16})(\])? \(([^)]*)\)", re.IGNORECASE)
_RMRR = re.compile(rf"RMRR base: {_H} end: {_H}", re.IGNORECASE)
_RMRR_MAP = re.compile(rf"DMAR: Setting identity map for device 0000:00:02\.0 \[{_H} - {_H}\]")
"""What older kernels say of each RMRR, with its device: only the IGD's, others have no address that tells them apart
from stolen memory (intel-iommu.c, iommu_prepare_identity_map)."""
_RMRR_XEN = re.compile(r"\bRMRR: \[([0-9a-f]{1,16}), ?([0-9a-f]{1,16})\]")
_STOLEN = re.compile(
    r"(Reserving Intel graphics (?:stolen )?memory at|conflict detected with stolen region:) "
    rf"(?:\[(?:mem )?)?{_H} ?- ?{_H}",
    re.IGNORECASE,
)  # the words changed twice, the range did not
_PCI = re.compile(
    r"pci 0000:(00:[0-9a-f]{2}\.[0-7]): \[([0-9a-f]{4}):([0-9a-f]{4})\] type \w+ class (?:0x)?([0-9a-f]{4})",
    re.IGNORECASE,
)
_BAR = re.compile(
    rf"pci 0000:00:02\.0: (?:reg (?:0x)?([0-9a-f]{{2}})|BAR (\d)(?: \[mem)?):? \[?(?:mem )?{_H}-{_H}", re.IGNORECASE
)
_NUMBERS: tuple[tuple[str, re.Pattern[str], int, int], ...] = (
    ("stolen_size", re.compile(r"\bDSM size = (\d+)M"), 10, MIB),
    ("stolen_size", re.compile(r"GTT stolen size = (\d+)M"), 10, MIB),
    ("stolen_size", re.compile(r"Memory reserved for graphics device: (\d+)K"), 10, KIB),
    ("stolen_usable", re.compile(r"Memory reserved for graphics device: \d+K, usable: (\d+)K"), 10, KIB),
    ("stolen_size", re.compile(r"detected (\d+)K stolen memory", re.IGNORECASE), 10, KIB),
    ("stolen_reserved", re.compile(r"GEN6_STOLEN_RESERVED = (?:0x)?([0-9a-f]+)"), 16, 1),
    ("gtt_reach", re.compile(r"GGTT size = (\d+)M"), 10, MIB),
    ("gtt_reach", re.compile(r"Memory usable by graphics device = (\d+)M"), 10, MIB),
    ("asls", re.compile(r"graphic opregion physical addr: (?:0x)?([0-9a-f]+)"), 16, 1),
    ("address_width", re.compile(r"Host address width (\d+)"), 10, 1),
    ("device_id", re.compile(r"device info: (?:pciid|pci id)[=:] ?0x([0-9a-f]{4})", re.IGNORECASE), 16, 1),
)
_CONNECTOR = re.compile(r"\[CONNECTOR:\d+:([A-Za-z]+(?:-[A-Z])?-\d+)\].*(?:status updated.* to |\] )(dis)?connected")
_IDS = {"00:00.0": "host_bridge_id", "00:02.0": "device_id", "00:1f.0": "lpc_id"}
_TYPES = (
    ("usable", "RAM"), ("system ram", "RAM"), ("acpi nvs", "NVS"), ("acpi non-volatile", "NVS"), ("acpi", "ACPI"),
    ("unusable", "UNUSABLE"),
)  # fmt: skip


class KernelLog(Struct):
    """What a log holds; ``values`` are (fact, value, line), ``e820`` areas bear the type as label."""

    values: list[tuple[str, int, int]] = field(default_factory=list)
    e820: list[Area] = field(default_factory=list)
    rmrr: list[Area] = field(default_factory=list)
    bars: list[Area] = field(default_factory=list)
    faults: list[Area] = field(default_factory=list)
    connectors: dict[str, int] = field(default_factory=dict)
    """Connected ones, with the line."""
    stolen: Area | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing of it was a kernel's line that is known here."""
        return not (self.values or self.e820 or self.rmrr or self.bars or self.faults or self.stolen)


def read_log(lines: list[str], file: str) -> KernelLog:
    """The log in ``lines``; other text among them does not matter."""
    log = KernelLog()
    for number, line in enumerate(lines, 1):
        if "e820" in line or "BIOS-" in line or "Xen" in line or "XEN" in line or "memmap" in line:
            _e820(log, line, file, number)
        if "RMRR" in line:
            _area(log.rmrr, _RMRR.search(line) or _RMRR_XEN.search(line), "RMRR", file, number)
        if "identity map" in line:
            _area(log.rmrr, _RMRR_MAP.search(line), "RMRR", file, number)
        if "02.0" in line:
            _device(log, line, file, number)
        if "fault" in line:
            _faults(log, line, file, number)
        if "CONNECTOR:" in line:
            _connector(log, line, number)
        _values(log, line, file, number)
    return log


def e820_type(words: str) -> str:
    """A type of ``E820Range`` from the kernel's word for it; what the kernel does not use as RAM is RESERVED."""
    low = words.strip().lower()
    return next((kind for word, kind in _TYPES if low.startswith(word)), "RESERVED")


def _e820(log: KernelLog, line: str, file: str, number: int) -> None:
    new, old, xen = _E820_NEW.search(line), _E820_OLD.search(line), _E820_XEN.search(line)
    if new:
        start, last, kind = int(new[1], 16), int(new[2], 16), new[3]
    elif old:
        start, last, kind = int(old[1], 16), int(old[2], 16) - 1, old[3]
    elif xen:
        start, last, kind = int(xen[1], 16), int(xen[2], 16) - (0 if xen[3] else 1), xen[4]
    else:
        return
    if start <= last:
        log.e820.append(Area(start=start, end=last + 1, label=e820_type(kind), file=file, line=number))


def _area(into: list[Area], match: re.Match[str] | None, label: str, file: str, number: int) -> None:
    if match and int(match[1], 16) <= int(match[2], 16):
        into.append(Area(start=int(match[1], 16), end=int(match[2], 16) + 1, label=label, file=file, line=number))


def _device(log: KernelLog, line: str, file: str, number: int) -> None:
    bar = _BAR.search(line)
    if bar:
        index = (int(bar[1], 16) - 0x10) // 4 if bar[1] else int(bar[2])
        if 0 <= index <= 5 and int(bar[3], 16) < int(bar[4], 16):
            start, end = int(bar[3], 16), int(bar[4], 16) + 1
            log.bars.append(Area(start=start, end=end, label=f"BAR{index}", file=file, line=number))


def _faults(log: KernelLog, line: str, file: str, number: int) -> None:
    """Refused accesses of the IGD, its virtual functions counted with it."""
    for message in messages(line):
        if message.kind == "fault" and message.device & ~7 == IGD:
            at = message.numbers[0]
            log.faults.append(Area(start=at, end=at + 1, label="DMA fault", file=file, line=number))


def _connector(log: KernelLog, line: str, number: int) -> None:
    match = _CONNECTOR.search(line)
    if match and not match[2]:
        log.connectors.setdefault(match[1], number)


def _values(log: KernelLog, line: str, file: str, number: int) -> None:
    pci = _PCI.search(line) if "class" in line else None
    if pci and pci[1] in _IDS and int(pci[2], 16) == 0x8086:
        log.values.append((_IDS[pci[1]], int(pci[3], 16), number))
    match = _STOLEN.search(line) if "eserving" in line or "conflict" in line else None
    if match and int(match[2], 16) < int(match[3], 16):
        start, end = int(match[2], 16), int(match[3], 16) + 1
        log.stolen = Area(start=start, end=end, label="stolen memory", file=file, line=number)
        log.values += [("bdsm", start, number), ("stolen_size", end - start, number)]
    if "=" in line or "raphic" in line or "stolen" in line or "width" in line:
        for name, pattern, base, unit in _NUMBERS:
            found = pattern.search(line)
            if found and len(found[1]) <= 16:
                log.values.append((name, int(found[1], base) * unit, number))
