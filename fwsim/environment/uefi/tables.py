"""The system table and the tables of boot and runtime services, each with its CRC, and the configuration tables.

Nobody but the firmware writes them: what they hold is kept, and compared after each call. Source: UEFI Specification
2.10, 4.2 to 4.6.
"""

from __future__ import annotations

import binascii

from fwsim.environment.uefi.uefi import Uefi

BOOT_SIGNATURE, RUNTIME_SIGNATURE, SYSTEM_SIGNATURE = b"BOOTSERV", b"RUNTSERV", b"IBI SYST"
_REVISION = 0x00020046
_FIRMWARE_REVISION = 0x10000
_HEADER = 24
_CRC = 16
_CONSOLES, _BOOT, _COUNT, _TABLES = range(40, 88, 8), 96, 104, 112
_MOST = 64
"""Configuration tables that there is room for."""


def make(uefi: Uefi, signature: bytes, body: bytes) -> int:
    """The address of a table: EFI_TABLE_HEADER and ``body``."""
    size = _HEADER + len(body)
    head = signature + _REVISION.to_bytes(4, "little") + size.to_bytes(4, "little") + bytes(8)
    at = uefi.memory.new(head + body)
    _seal(uefi, at, head + body)
    return at


def make_system(uefi: Uefi, console: int, runtime: int, boot: int) -> int:
    """The system table: the one console is output and error output; there is no input."""
    vendor = uefi.memory.new("EDK II\0".encode("utf-16-le"))
    words = [
        vendor, _FIRMWARE_REVISION, 0, 0, uefi.new_handle(), console, uefi.new_handle(), console, runtime, boot, 0,
        uefi.memory.new(bytes(24 * _MOST)),
    ]  # fmt: skip
    at = make(uefi, SYSTEM_SIGNATURE, b"".join(word.to_bytes(8, "little") for word in words))
    uefi.state["system"] = at
    return at


def system(uefi: Uefi) -> int:
    """The address of the system table."""
    at: int = uefi.state["system"]
    return at


def configure(uefi: Uefi, guid: bytes, table: int) -> bool:
    """Add or change a configuration table, or take it out (``table`` 0); False where there is none to take out."""
    rows: dict[bytes, int] = uefi.state.setdefault("tables", {})
    if table:
        if guid not in rows and len(rows) >= _MOST:
            return False
        rows[guid] = table
    elif rows.pop(guid, None) is None:
        return False
    at = system(uefi)
    uefi.write(uefi.number(at + _TABLES), b"".join(key + rows[key].to_bytes(8, "little") for key in rows))
    _change(uefi, {_COUNT: len(rows)})
    return True


def without_boot(uefi: Uefi) -> None:
    """The system table once boot services are over: no consoles, no boot services (edk2 CoreExitBootServices)."""
    _change(uefi, dict.fromkeys((*_CONSOLES, _BOOT), 0))


def _change(uefi: Uefi, words: dict[int, int]) -> None:
    at = system(uefi)
    data = bytearray(uefi.tables[at])
    for offset, value in words.items():
        data[offset : offset + 8] = value.to_bytes(8, "little")
    _seal(uefi, at, bytes(data))


def _seal(uefi: Uefi, at: int, data: bytes) -> None:
    """Store a table with its CRC, and keep what it holds."""
    plain = data[:_CRC] + bytes(4) + data[_CRC + 4 :]
    sealed = plain[:_CRC] + binascii.crc32(plain).to_bytes(4, "little") + plain[_CRC + 4 :]
    uefi.memory.ram.write(at, sealed)
    uefi.tables[at] = sealed
