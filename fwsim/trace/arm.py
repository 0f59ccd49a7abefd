"""What an Arm guest calls and what it runs into has names: PSCI's functions, exceptions, registers of PCI functions.

Sources: Arm DEN 0022D (PSCI), 5.1; the engine's numbers of exceptions are Unicorn's (EXCP_UDEF and those behind it);
PCI Local Bus 3.0, 6.1; PCI-to-PCI Bridge Architecture 1.2, 3.2.
"""

from __future__ import annotations

from fwsim.trace.event import Actor, Flag, Op, Space

_PSCI = {
    0x00: "PSCI_VERSION", 0x01: "CPU_SUSPEND", 0x02: "CPU_OFF", 0x03: "CPU_ON", 0x04: "AFFINITY_INFO",
    0x05: "MIGRATE", 0x06: "MIGRATE_INFO_TYPE", 0x07: "MIGRATE_INFO_UP_CPU", 0x08: "SYSTEM_OFF",
    0x09: "SYSTEM_RESET", 0x0A: "PSCI_FEATURES",
}  # fmt: skip
_BASES = (0x84000000, 0xC4000000)
"""Of functions that take words of 32 and of 64 bits."""
_COMMON = {
    0x00: "VENDOR_ID", 0x02: "DEVICE_ID", 0x04: "COMMAND", 0x06: "STATUS", 0x08: "REVISION_ID", 0x09: "CLASS_CODE",
    0x0C: "CACHE_LINE_SIZE", 0x0D: "LATENCY_TIMER", 0x0E: "HEADER_TYPE", 0x0F: "BIST", 0x34: "CAPABILITIES",
    0x3C: "INTERRUPT_LINE", 0x3D: "INTERRUPT_PIN",
}  # fmt: skip
ENDPOINT = _COMMON | {0x10 + 4 * number: f"BAR{number}" for number in range(6)} | {
    0x28: "CARDBUS_CIS", 0x2C: "SUBSYSTEM_VENDOR_ID", 0x2E: "SUBSYSTEM_ID", 0x30: "ROM_BAR", 0x3E: "MIN_GNT",
    0x3F: "MAX_LAT",
}  # fmt: skip
BRIDGE = _COMMON | {
    0x10: "BAR0", 0x14: "BAR1", 0x18: "BUS_NUMBERS", 0x1C: "IO_WINDOW", 0x1E: "SECONDARY_STATUS",
    0x20: "MEMORY_WINDOW", 0x24: "PREFETCH_WINDOW", 0x28: "PREFETCH_BASE_UPPER", 0x2C: "PREFETCH_LIMIT_UPPER",
    0x30: "IO_UPPER", 0x38: "ROM_BAR", 0x3E: "BRIDGE_CONTROL",
}  # fmt: skip
"""Registers of a header by offset, of a function and of a bridge."""
HEADER_END = 0x40
_EXCEPTIONS = {1: "undefined instruction", 2: "SVC", 3: "prefetch abort", 4: "data abort"}


def is_arm_event(actor: int, space: int, op: int) -> bool:
    """Whether an event is such a call or exception."""
    return actor == Actor.GUEST and space == Space.INTERRUPT and op == Op.CALL


def header_register(offset: int, bridge: bool = False) -> tuple[str, int]:
    """(A header's register, the byte of it) at ``offset``; ("", 0) behind the header, and where none is."""
    names = BRIDGE if bridge else ENDPOINT
    start = next((at for at in range(offset, max(-1, offset - 4), -1) if at in names), None)
    return ("", 0) if start is None or offset >= HEADER_END else (names[start], offset - start)


def psci_name(number: int) -> str:
    """SYSTEM_OFF of 84000008h; "" for a number that is none of PSCI's."""
    base = next((base for base in _BASES if base <= number < base + 0x100), None)
    return "" if base is None else _PSCI.get(number - base, f"function {number - base:#x}")


def arm_text(address: int, value: int, flags: int) -> str:
    """``PSCI SYSTEM_OFF``, or ``data abort at 0x50000000``: the number is ``address``, what was accessed ``value``."""
    if flags & Flag.FAULTED:
        name = _EXCEPTIONS.get(address, f"exception {address}")
        return f"{name} at {value:#x}" if value else name
    name = psci_name(address)
    return f"PSCI {name}" if name else f"HVC {address:#x}"
