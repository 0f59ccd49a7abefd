"""One line of a foreign log is understood: QEMU trace events and VT-d fault lines, whatever stands before them.

A line may be cut, or hold pieces of two: each message is looked for anywhere in it, and only whole ones count.
Formats: QEMU hw/vfio/trace-events and hw/pci/trace-events, hw/vfio/region.c for what failed; Linux
drivers/iommu/intel/dmar.c, its styles in ``fwsim.devices.vtd_lines``; Xen drivers/passthrough/vtd/iommu.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from fwsim.trace.refused import errno_of

LINE_MAX = 4096
"""What is longer is no log line: only so much of it is looked at."""

IGD = 0x0010
"""Source id of 00:02.0; its virtual functions are in the low 3 bits."""
_HEX = r"0x([0-9a-f]{1,16})"
_SLOT = r"(?P<slot>[0-9a-f]{2}:[0-9a-f]{1,2}(?:\.[0-7])?)"
_NAME = r"(?P<name>[0-9a-f:.\-]{1,64})"
_QEMU = {
    "vfio_region_write": rf"\s+\({_NAME}:region(?P<region>\d{{1,2}})\+{_HEX}, {_HEX}, (\d)\)",
    "vfio_region_read": rf"\s+\({_NAME}:region(?P<region>\d{{1,2}})\+{_HEX}, (\d)\) = {_HEX}(?![0-9a-f])",
    "vfio_pci_igd_bar4_write": rf" {_NAME} \[{_HEX}\] 0x([0-9a-f]{{8}}) -> 0x([0-9a-f]{{8}})",
    "vfio_pci_igd_bdsm_enabled": rf" {_NAME} (\d{{1,7}})MB",
    "vfio_pci_read_config": rf"\s+\({_NAME}, @{_HEX}, len=0x([1248])\) 0x([0-9a-f]{{1,8}})",
    "vfio_pci_write_config": rf"\s+\({_NAME}, @{_HEX}, 0x([0-9a-f]{{1,8}}), len=0x([1248])\)",
    "vfio_vga_read": rf"\s+\({_HEX}, (\d)\) = {_HEX}",
    "vfio_vga_write": rf"\s+\({_HEX}, {_HEX}, (\d)\)",
    "pci_cfg_read": rf" \S{{1,64}} {_SLOT} @0x([0-9a-f]{{1,3}}) -> 0x([0-9a-f]{{1,8}})",
    "pci_cfg_write": rf" \S{{1,64}} {_SLOT} @0x([0-9a-f]{{1,3}}) <- 0x([0-9a-f]{{1,8}})",
    "vfio_pci_igd_opregion_enabled": rf" {_NAME}",
    "vfio_pci_igd_host_bridge_enabled": rf" {_NAME}",
    "vfio_pci_igd_lpc_bridge_enabled": rf" {_NAME}",
    "vfio_pci_igd_vbios_patched": rf" {_NAME}",
    "vfio_quirk_generic_mirror_read": rf" {_NAME} [\w-]{{1,64}} {_HEX}: {_HEX}",
    "vfio_quirk_generic_mirror_write": rf" {_NAME} [\w-]{{1,64}} {_HEX}: {_HEX}",
    "vfio_pci_reset": rf"\s+\({_NAME}\)",
    "vfio_pci_reset_flr": rf" {_NAME} FLR/VFIO_DEVICE_RESET",
    "vfio_pci_reset_pm": rf" {_NAME} PCI PM Reset",
}
_PATTERNS = {name: re.compile(text) for name, text in _QEMU.items()}
_EVENT = re.compile(r"(?:vfio|pci_cfg)_\w+")
_FAULT = re.compile(
    r"DMAR:( ?)\[DMA (Read|Write)( NO_PASID| PASID 0x[0-9a-f]+)?\] Request device "
    r"\[(?:[0-9a-f]{4}:)?(?:0x)?([0-9a-f]{2}):(?:0x)?([0-9a-f]{2})\.([0-7])\](?: PASID [0-9a-f]{1,8})? "
    r"fault addr (?:0x)?([0-9a-f]{1,16})\b(, iommu reg = \w+)?(?: \[fault reason (0x)?([0-9a-f]{2,3})\])?"
)
_REASON = re.compile(r"DMAR:(?:\[fault reason ([0-9a-f]{2,3})(h?)\]| reason ([0-9a-f]{2}) - )")
_STATUS = re.compile(r"DRHD: handling fault status reg ([0-9a-f]{1,8})\b")
_SUPPRESSED = re.compile(r"(?:dmar_fault|\(XEN\) printk): (\d{1,9}) (?:callback|message)s suppressed")
_INTERRUPT = re.compile(
    r"INTR-REMAP(?:\]|:) Request device \[\[?(?:[0-9a-f]{4}:)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\] "
    r"fault index (?:0x)?([0-9a-f]{1,8})(?: \[fault reason (0x)?([0-9a-f]{2,3})\] |\s*$|, )"
)
"""A refused interrupt: whole, and no DMA."""
_INTERRUPT_REASON = re.compile(r"INTR-REMAP:(?:\[fault reason \w+\]| reason [0-9a-f]{2} -) ")
"""The second of its two lines."""
_FAILED = re.compile(
    r"\((?:(?P<name>[0-9a-f:.\-]{1,64}?)(?::region(?P<region>\d{1,2})\+|, ))?[^()]{0,80}\) failed: (.{0,60})"
)
"""What QEMU says of an access that the kernel refused: the place as in the trace, then strerror's words."""
_OFFSET = re.compile(r"region\d{1,2}\+0x([0-9a-f]{1,16})")
_DMAR = re.compile(r"DMAR|DRHD|INTR-REMAP|dmar_fault|DMA Read|DMA Write")
_TIMES = (
    re.compile(r"\b\d{1,9}@(\d{1,12})\.(\d{6}):"),
    re.compile(r"\[ {0,7}(\d{1,9})\.(\d{6})\]"),
)
_ISO = re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:Z|[+-]\d\d:?\d\d)?")


class Message(NamedTuple):
    """One message of a line: what it is called, and its numbers in the order they are printed.

    ``kind`` is a QEMU event's name, fault, reason, status, suppressed, interrupt (refused by interrupt remapping: its
    index and reason), interrupt reason, failed (an access that the kernel refused: 1 for a write, region or -1,
    offset, errno or 0), truncated (known, but not whole) or other (a VFIO or DMAR message that fwsim has no use for).
    """

    kind: str
    numbers: tuple[int, ...] = ()
    device: int = -1


def messages(line: str) -> Iterator[Message]:
    """Every message in ``line``, in order; none where nothing is known."""
    line = line[:LINE_MAX]
    if "vfio_" in line or "pci_cfg_" in line:
        for found in _EVENT.finditer(line):
            yield _qemu(found[0], line, found.end())
    elif _DMAR.search(line) or "(XEN) printk: " in line:
        yield from _dmar(line)


def time_of(line: str) -> int | None:
    """The line's time stamp in nanoseconds of its own clock: QEMU's, the kernel's, or ISO 8601; None without."""
    head = line[:160]
    for pattern in _TIMES:
        if found := pattern.search(head):
            return int(found[1]) * 1_000_000_000 + int(found[2]) * 1000
    if found := _ISO.search(head):
        try:
            return int(datetime.fromisoformat(found[1] + "+00:00").timestamp() * 1e6) * 1000
        except (ValueError, OverflowError):
            return None
    return None


def _qemu(name: str, line: str, end: int) -> Message:
    pattern = _PATTERNS.get(name)
    failed = _FAILED.match(line, end) if "failed: " in line else None
    if failed:
        return _failed(name, failed)
    if pattern is None:
        # A name cut short, or with the next line in it, is a known event that is not whole.
        known = any(each.startswith(name) or name.startswith(each) for each in _PATTERNS)
        return Message("truncated" if known else "other")
    found = pattern.match(line, end)
    if not found:
        return Message("truncated")
    groups = found.groupdict()
    if "slot" in groups:
        device, numbers = _slot(groups["slot"]), tuple(int(text, 16) for text in found.groups()[1:])
        return Message(name, numbers, device) if device >= 0 else Message("truncated")
    device = _bdf(groups["name"]) if "name" in groups else -1
    return Message(name, _numbers(name, found), device)


def _failed(name: str, found: re.Match[str]) -> Message:
    offset = _OFFSET.search(found[0])
    numbers = (
        int("write" in name), int(found["region"] or -1), int(offset[1], 16) if offset else 0, errno_of(found[3]),
    )  # fmt: skip
    return Message("failed", numbers, _bdf(found["name"] or ""))


def _numbers(name: str, found: re.Match[str]) -> tuple[int, ...]:
    """The numbers after the device's name: regions and sizes are decimal, the rest is hex."""
    texts = [text for index, text in enumerate(found.groups(), 1) if index != found.re.groupindex.get("name")]
    decimal = {
        "vfio_region_write": (0, 3), "vfio_region_read": (0, 2), "vfio_vga_read": (1,), "vfio_vga_write": (2,),
        "vfio_pci_igd_bdsm_enabled": (0,),
    }.get(name, ())  # fmt: skip
    return tuple(int(text, 10 if index in decimal else 16) for index, text in enumerate(texts))


def _slot(text: str) -> int:
    """``00:02.0`` (hex) of QEMU 7 and later, or ``02:0`` (decimal device and function, bus 0) of those before."""
    if "." in text:
        bus, device, function = re.split("[:.]", text)
        return int(bus, 16) << 8 | (int(device, 16) & 31) << 3 | int(function)
    device, function = text.split(":")
    if not (device.isdecimal() and function.isdecimal()) or int(device) > 31 or int(function) > 7:
        return -1
    return int(device) << 3 | int(function)


def _bdf(name: str) -> int:
    """Source id of ``0000:00:02.0``; -1 for another name."""
    found = re.fullmatch(r"[0-9a-f]{4}:([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", name)
    return int(found[1], 16) << 8 | (int(found[2], 16) & 31) << 3 | int(found[3]) if found else -1


def _dmar(line: str) -> Iterator[Message]:
    any_known = False
    for found in _FAULT.finditer(line):
        any_known = True
        yield _fault(found)
    for found in _REASON.finditer(line):
        any_known = True
        if found[3]:
            yield Message("reason", (int(found[3], 16),))
        elif found[2] or found[1].isdecimal():
            yield Message("reason", (int(found[1], 16 if found[2] else 10),))
        else:
            yield Message("truncated")
    for kind, pattern, base in (("status", _STATUS, 16), ("suppressed", _SUPPRESSED, 10)):
        for found in pattern.finditer(line):
            any_known = True
            yield Message(kind, (int(found[1], base),))
    if not any_known and (refused := _INTERRUPT.search(line)):
        yield _interrupt(refused)
    elif not any_known and _INTERRUPT_REASON.search(line):
        yield Message("interrupt reason")
    elif not any_known:
        yield Message("truncated" if "fault" in line or "Request device" in line else "other")


def _fault(found: re.Match[str]) -> Message:
    """(page, 1 for a read, reason or -1 where the next line has it)."""
    space, way, tag, bus, device, function, address, xen, hexadecimal, reason = found.groups()
    page = int(address, 16)
    one_line = bool(space or tag) and not xen
    if page & 0xFFF or (one_line and not reason) or (reason and not hexadecimal and not reason.isdecimal()):
        return Message("truncated")
    code = -1 if reason is None else int(reason, 16 if hexadecimal else 10)
    return Message("fault", (page, int(way == "Read"), code), _source(bus, device, function))


def _interrupt(found: re.Match[str]) -> Message:
    """(index, reason or -1 where the next line has it)."""
    bus, device, function, index, hexadecimal, reason = found.groups()
    if reason and not hexadecimal and not reason.isdecimal():
        return Message("truncated")
    code = int(reason, 16 if hexadecimal else 10) if reason else -1
    return Message("interrupt", (int(index, 16), code), _source(bus, device, function))


def _source(bus: str, device: str, function: str) -> int:
    return int(bus, 16) << 8 | (int(device, 16) & 31) << 3 | int(function)
