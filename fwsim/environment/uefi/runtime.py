"""Runtime services: variables, which last as long as the run, and the clock; one service a function.

Source: UEFI Specification 2.10, 8; edk2 MdeModulePkg/Universal/Variable.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from fwsim.environment.uefi.uefi import Call, Uefi
from fwsim.environment.uefi.words import (
    BUFFER_TOO_SMALL,
    INVALID_PARAMETER,
    NOT_FOUND,
    OUT_OF_RESOURCES,
    SUCCESS,
)

_MOST_NAME = 1024
_MOST_DATA = 0x8400
"""Bytes of one variable that OVMF takes (OvmfPkg's .dsc, PcdMaxVariableSize)."""
_MOST_VARIABLES = 1024
_NON_VOLATILE, _BOOT_ACCESS, _RUNTIME_ACCESS, _APPEND = 1, 2, 4, 0x40
_START = datetime(2022, 1, 1, 12)
"""What the CMOS clock says at reset: it stands, and virtual time is added."""
_NO_ZONE = 0x7FF
Variables = dict[tuple[str, bytes], tuple[int, bytes]]


def _variables(uefi: Uefi) -> Variables:
    found: Variables = uefi.state.setdefault("variables", {})
    return found


def _name(uefi: Uefi, at: int) -> str | None:
    """A text of 16-bit characters; None for a NULL pointer, and for one without an end."""
    if not at:
        return None
    text = bytearray()
    while len(text) < 2 * _MOST_NAME:
        unit = uefi.cpu.read(at + len(text), 2)
        if unit == b"\0\0":
            return text.decode("utf-16-le", "surrogatepass")
        text += unit
    return None


def get_variable(uefi: Uefi, call: Call) -> int:
    """GetVariable(name, GUID, attributes, bytes, data)."""
    name = _name(uefi, call[0])
    if not name or not call[1] or not call[3]:
        return INVALID_PARAMETER
    found = _variables(uefi).get((name, uefi.guid(call[1])))
    if found is None:
        return NOT_FOUND
    room = uefi.number(call[3])
    uefi.put(call[3], len(found[1]))
    uefi.put(call[2], found[0], 4)
    if room < len(found[1]):
        return BUFFER_TOO_SMALL
    uefi.write(call[4], found[1])
    return SUCCESS


def get_next_variable_name(uefi: Uefi, call: Call) -> int:
    """GetNextVariableName(bytes, name, GUID)."""
    name = _name(uefi, call[1])
    if name is None or not call[0] or not call[2]:
        return INVALID_PARAMETER
    keys = list(_variables(uefi))
    if name:
        key = (name, uefi.guid(call[2]))
        if key not in keys:
            return INVALID_PARAMETER
        keys = keys[keys.index(key) + 1 :]
    if not keys:
        return NOT_FOUND
    data = (keys[0][0] + "\0").encode("utf-16-le", "surrogatepass")
    room = uefi.number(call[0])
    uefi.put(call[0], len(data))
    if room < len(data):
        return BUFFER_TOO_SMALL
    uefi.write(call[1], data)
    uefi.write(call[2], keys[0][1])
    return SUCCESS


def set_variable(uefi: Uefi, call: Call) -> int:
    """SetVariable(name, GUID, attributes, bytes, data): no bytes, or no access, takes it away."""
    name = _name(uefi, call[0])
    if not name or not call[1]:
        return INVALID_PARAMETER
    attributes, size = call[2] & 0xFFFFFFFF, call[3]
    if size > _MOST_DATA or (size and not call[4]):
        return INVALID_PARAMETER
    if attributes & _RUNTIME_ACCESS and not attributes & _BOOT_ACCESS:
        return INVALID_PARAMETER
    rows, key = _variables(uefi), (name, uefi.guid(call[1]))
    held = rows.get(key)
    if attributes & _APPEND:
        before = held[1] if held else b""
        if len(before) + size > _MOST_DATA:
            return OUT_OF_RESOURCES
        rows[key] = attributes & ~_APPEND, before + uefi.cpu.read(call[4], size)
        return SUCCESS
    if not size or not attributes & (_BOOT_ACCESS | _RUNTIME_ACCESS):
        return SUCCESS if rows.pop(key, None) else NOT_FOUND
    if held is not None and held[0] != attributes:
        return INVALID_PARAMETER
    if held is None and len(rows) >= _MOST_VARIABLES:
        return OUT_OF_RESOURCES
    rows[key] = attributes, uefi.cpu.read(call[4], size)
    return SUCCESS


def query_variable_info(uefi: Uefi, call: Call) -> int:
    """QueryVariableInfo(attributes, storage, left, largest)."""
    used = sum(2 * len(name) + len(data) for (name, _), (_, data) in _variables(uefi).items())
    room = _MOST_VARIABLES * 256
    for number, value in ((1, room), (2, max(0, room - used)), (3, _MOST_DATA)):
        uefi.put(call[number], value)
    return SUCCESS


def get_time(uefi: Uefi, call: Call) -> int:
    """GetTime(time, capabilities): the CMOS clock's start and the virtual time since."""
    if not call[0]:
        return INVALID_PARAMETER
    now = _START + timedelta(microseconds=uefi.now // 1000)
    data = now.year.to_bytes(2, "little") + bytes((now.month, now.day, now.hour, now.minute, now.second, 0))
    data += (now.microsecond * 1000).to_bytes(4, "little") + _NO_ZONE.to_bytes(2, "little") + bytes(2)
    uefi.write(call[0], data)
    if call[1]:
        uefi.write(call[1], (1).to_bytes(4, "little") + (50_000_000).to_bytes(4, "little") + bytes(4))
    return SUCCESS


ANSWERS: dict[str, Callable[[Uefi, Call], int]] = {
    "GetTime": get_time, "GetVariable": get_variable, "GetNextVariableName": get_next_variable_name,
    "SetVariable": set_variable, "QueryVariableInfo": query_variable_info,
}  # fmt: skip
"""Service to function; a virtual address map, a reset and capsules are nothing that a driver's start asks for."""
