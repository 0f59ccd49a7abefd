"""One event is said in words: its fields as names and addresses, for tables and JSON."""

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.arm import arm_text, is_arm_event
from fwsim.trace.efi import answer_text, service_name
from fwsim.trace.event import ENUMS, GSI, IRQ, NAMES, PIN, flag_names
from fwsim.trace.owners import is_owner_note, owner_text

_NAMES = {column: {number: name for name, number in NAMES[column].items()} for column in ENUMS}
_FLAGS = [flag_names(flags) for flags in range(128)]
COLUMNS = ("seq", "time_ns", "actor", "cs", "ip", "space", "op", "width", "address", "value", "aux", "flags")
"""The columns of every export, in order."""
HEADING = f"{'seq':>8} {'time us':>12} {'actor':<10} {'cs:ip':<9} {'space':<9} {'op':<7} {'address':<16} value"


def enum_name(column: str, value: int) -> str:
    """The lower-case name of ``value`` in the enum column ``column``; the number itself where no name is known."""
    return _NAMES[column].get(value, str(value))


def flags_of(flags: int) -> list[str]:
    """Names of the flags set, then, if any, the bits no name is known for, in hex."""
    names = _FLAGS[flags & 127]
    return [*names, f"{flags & ~127:#x}"] if flags & ~127 else names


def pci_text(address: int) -> str:
    """An ECAM address as ``00:02.0 @0x5E``."""
    return f"{address >> 20 & 0xFF:02x}:{address >> 15 & 31:02x}.{address >> 12 & 7} @0x{address & 0xFFF:02X}"


def address_text(space: str, address: int) -> str:
    """``address`` as its space writes it: ``00:02.0 @0x5E``, ``int 10h``, ``0x0 [0x1]`` (GTT offset, index), a
    service's name."""
    if space == "pci":
        return pci_text(address)
    if space == "interrupt":
        return f"int {address:02x}h" if address < PIN else _wire(address)
    if space == "gtt":
        return f"{address:#x} [{address | 1:#x}]"
    if space == "efi":
        return service_name(address)
    return f"{address:#06x}" if space == "port" else f"{address:#x}"


def _wire(address: int) -> str:
    """A device's pin, a controller's input, or where a message goes."""
    if address < IRQ:
        return f"INT{'?ABCD'[address - PIN]}" if address - PIN in range(5) else f"{address:#x}"
    for base, name in ((GSI, "GSI"), (IRQ, "IRQ")):
        if base <= address < base + 0x100:
            return f"{name} {address - base}"
    return f"{address:#x}"


def rows(events: NDArray[np.void]) -> list[dict[str, object]]:
    """The events as plain dictionaries with the columns of every export; enums and flags by name."""
    result: list[dict[str, object]] = []
    for record in events[list(COLUMNS)].tolist():
        row: dict[str, object] = dict(zip(COLUMNS, record, strict=True))
        for column in ENUMS:
            row[column] = enum_name(column, record[COLUMNS.index(column)])
        row["flags"] = flags_of(record[-1])
        result.append(row)
    return result


def line(record: tuple[int, ...], name: str = "", told: str = "") -> str:
    """One event, given as its values in the order of ``COLUMNS``, as one line under ``HEADING``.

    ``name``: what the register at its address is called, "" where nobody knows; ``told``: the event in words, in place
    of its value.
    """
    seq, time_ns, actor, cs, ip, space, op, width, address, value, aux, flags = record
    place = enum_name("space", space)
    did = enum_name("op", op) + (f".{width}" if op < 2 else "")
    code = f"{cs:04x}:{ip:04x}" if cs or ip else ""
    said = f"{answer_text(address, value)}, of {aux:#x}" if place == "efi" else f"{value:#x}"
    text = (
        f"{seq:>8} {time_ns / 1000:>12.3f} {enum_name('actor', actor):<10} {code:<9} {place:<9} {did:<7} "
        f"{address_text(place, address):<16} {said}"
    )
    if is_arm_event(actor, space, op):
        told = arm_text(address, value, flags)
    if told:
        return text.removesuffix(said) + told
    if is_owner_note(actor, space, op):
        text = text.removesuffix(said) + owner_text(width, value, aux, flags)
        return "  ".join(filter(None, (text, name)))
    if aux != value and place != "efi":
        text += f" (was {aux:#x})" if place != "interrupt" else f" {aux:#x}"
    return "  ".join(filter(None, (text, name, " ".join(flags_of(flags)))))
