"""What an Arm guest calls and what it runs into has names: PSCI's functions, the exceptions of its CPU.

Sources: Arm DEN 0022D (PSCI), 5.1; the engine's numbers of exceptions are Unicorn's (EXCP_UDEF and those behind it).
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
_EXCEPTIONS = {1: "undefined instruction", 2: "SVC", 3: "prefetch abort", 4: "data abort"}


def is_arm_event(actor: int, space: int, op: int) -> bool:
    """Whether an event is such a call or exception."""
    return actor == Actor.GUEST and space == Space.INTERRUPT and op == Op.CALL


def arm_text(address: int, value: int, flags: int) -> str:
    """``PSCI SYSTEM_OFF``, or ``data abort at 0x50000000``: the number is ``address``, what was accessed ``value``."""
    if flags & Flag.FAULTED:
        name = _EXCEPTIONS.get(address, f"exception {address}")
        return f"{name} at {value:#x}" if value else name
    base = next((base for base in _BASES if base <= address < base + 0x100), None)
    if base is None:
        return f"HVC {address:#x}"
    return f"PSCI {_PSCI.get(address - base, f'function {address - base:#x}')}"
