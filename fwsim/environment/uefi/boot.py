"""Boot services: memory, events and time, handles and protocols, images; one service a function.

Source: UEFI Specification 2.10, chapter 7; edk2 MdeModulePkg/Core/Dxe for what it leaves open.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from fwsim.cpu.moves import Move
from fwsim.environment.uefi.uefi import Call, Uefi, nothing
from fwsim.environment.uefi.words import (
    BOOT,
    BUFFER_TOO_SMALL,
    INVALID_PARAMETER,
    MEMORY_TYPES,
    NOT_FOUND,
    NOT_READY,
    SUCCESS,
    UNSUPPORTED,
)
from fwsim.native import R_TIME

_FREE = MEMORY_TYPES.index("Free")
_DESCRIPTOR = 48
"""Bytes of a memory descriptor, as edk2 gives it (sizeof is 40)."""
_BY_REGISTER, _BY_PROTOCOL = 1, 2
_NOTIFY_SIGNAL = 0x200
_R8 = 8
"""The register that a third argument is in."""


# --- tasks and memory ----------------------------------------------------------------------------------------------
def raise_tpl(uefi: Uefi, call: Call) -> int:
    """The old level."""
    old, uefi.tpl = uefi.tpl, call[0]
    if call[0] < old:
        uefi.memory.breaches.append(f"RaiseTPL from {old} to {call[0]}")
    return old


def restore_tpl(uefi: Uefi, call: Call) -> int:
    """Back to a level."""
    if call[0] > uefi.tpl:
        uefi.memory.breaches.append(f"RestoreTPL from {uefi.tpl} to {call[0]}")
    uefi.tpl = call[0]
    return SUCCESS


def allocate_pages(uefi: Uefi, call: Call) -> int:
    """AllocatePages(how, type, pages, address)."""
    at = call[3]
    status, base = uefi.memory.allocate_pages(call[0], call[1], call[2], uefi.number(at))
    if not status:
        uefi.put(at, base)
    return status


def free_pages(uefi: Uefi, call: Call) -> int:
    """FreePages(address, pages)."""
    return uefi.memory.free_pages(call[0], call[1])


def get_memory_map(uefi: Uefi, call: Call) -> int:
    """GetMemoryMap(size, map, key, descriptor size, version)."""
    rows = [(start, size // 4096, kind) for start, (size, kind) in uefi.memory.taken.items()]
    rows += [(start, (end - start) // 4096, _FREE) for start, end in uefi.memory.pages.free]
    data = b"".join(
        kind.to_bytes(8, "little") + start.to_bytes(8, "little") + bytes(8) + pages.to_bytes(8, "little")
        + (0xF).to_bytes(8, "little") + bytes(_DESCRIPTOR - 40)
        for start, pages, kind in sorted(rows)
    )  # fmt: skip
    room = uefi.number(call[0])
    uefi.put(call[0], len(data))
    uefi.put(call[3], _DESCRIPTOR)
    uefi.put(call[4], 1, 4)
    if room < len(data):
        return BUFFER_TOO_SMALL
    uefi.write(call[1], data)
    uefi.put(call[2], 1)
    return SUCCESS


def allocate_pool(uefi: Uefi, call: Call) -> int:
    """AllocatePool(type, size, buffer)."""
    if not call[2]:
        return INVALID_PARAMETER
    status, base = uefi.memory.allocate_pool(call[0], call[1])
    if not status:
        uefi.put(call[2], base)
    return status


def free_pool(uefi: Uefi, call: Call) -> int:
    """FreePool(buffer)."""
    return uefi.memory.free_pool(call[0])


def copy_mem(uefi: Uefi, call: Call) -> int:
    """CopyMem(to, from, bytes)."""
    if call[2]:
        uefi.write(call[0], uefi.cpu.read(call[1], call[2]), Move("memory", call[1], call[2], call[0]))
    return SUCCESS


def set_mem(uefi: Uefi, call: Call) -> int:
    """SetMem(buffer, bytes, value)."""
    if call[1]:
        uefi.write(call[0], bytes([call[2] & 0xFF]) * call[1], Move("register", _R8, 1, call[0], fill=True))
    return SUCCESS


def calculate_crc32(uefi: Uefi, call: Call) -> int:
    """CalculateCrc32(data, bytes, crc)."""
    uefi.put(call[2], binascii.crc32(uefi.cpu.read(call[0], call[1])), 4)
    return SUCCESS


# --- events and time -----------------------------------------------------------------------------------------------
@dataclass
class EventRow:
    """One event: its type and notification, and when its timer is due (0: not set)."""

    kind: int
    tpl: int
    notify: int
    context: int
    signalled: bool = False
    due: int = 0
    period: int = 0


def _events(uefi: Uefi) -> dict[int, EventRow]:
    found: dict[int, EventRow] = uefi.state.setdefault("events", {})
    return found


def create_event(uefi: Uefi, call: Call) -> int:
    """CreateEvent(type, TPL, notify, context, event)."""
    return _create(uefi, EventRow(call[0] & 0xFFFFFFFF, call[1], call[2], call[3]), call[4])


def create_event_ex(uefi: Uefi, call: Call) -> int:
    """CreateEventEx(type, TPL, notify, context, group, event)."""
    return _create(uefi, EventRow(call[0] & 0xFFFFFFFF, call[1], call[2], call[3]), call[5])


def _create(uefi: Uefi, row: EventRow, at: int) -> int:
    if not at:
        return INVALID_PARAMETER
    handle = uefi.new_handle()
    _events(uefi)[handle] = row
    uefi.put(at, handle)
    return SUCCESS


def close_event(uefi: Uefi, call: Call) -> int:
    """CloseEvent(event)."""
    return SUCCESS if _events(uefi).pop(call[0], None) else INVALID_PARAMETER


def signal_event(uefi: Uefi, call: Call) -> int:
    """SignalEvent(event): a notification is made at once."""
    row = _events(uefi).get(call[0])
    if row is None:
        return INVALID_PARAMETER
    if row.kind & _NOTIFY_SIGNAL and row.notify:
        uefi.call(row.notify, call[0], row.context)
    else:
        row.signalled = True
    return SUCCESS


def check_event(uefi: Uefi, call: Call) -> int:
    """CheckEvent(event)."""
    row = _events(uefi).get(call[0])
    if row is None or row.kind & _NOTIFY_SIGNAL:
        return INVALID_PARAMETER
    now = int(uefi.machine.root[R_TIME])
    if row.due and now >= row.due:
        row.signalled, row.due = True, now + row.period if row.period else 0
    if not row.signalled:
        return NOT_READY
    row.signalled = False
    return SUCCESS


def set_timer(uefi: Uefi, call: Call) -> int:
    """SetTimer(event, how, 100 ns units): 0 cancel, 1 periodic, 2 once."""
    row = _events(uefi).get(call[0])
    if row is None:
        return INVALID_PARAMETER
    span = call[2] * 100
    row.due = int(uefi.machine.root[R_TIME]) + span if call[1] else 0
    row.period = span if call[1] == 1 else 0
    return SUCCESS


def stall(uefi: Uefi, call: Call) -> int:
    """Stall(microseconds): virtual time passes."""
    uefi.machine.root[R_TIME] += call[0] * 1000
    return SUCCESS


# --- handles and protocols -----------------------------------------------------------------------------------------
def install_protocol(uefi: Uefi, call: Call) -> int:
    """InstallProtocolInterface(handle, GUID, type, interface)."""
    return _install(uefi, call[0], uefi.guid(call[1]), call[3])


def _install(uefi: Uefi, at: int, guid: bytes, interface: int) -> int:
    handle = uefi.number(at) or uefi.new_handle()
    status = uefi.handles.install(handle, guid, interface)
    if not status:
        uefi.put(at, handle)
    return status


def _pairs(uefi: Uefi, call: Call) -> list[tuple[bytes, int]]:
    found: list[tuple[bytes, int]] = []
    for number in range(1, 64, 2):
        if not call[number]:
            break
        found.append((uefi.guid(call[number]), call[number + 1]))
    return found


def install_multiple(uefi: Uefi, call: Call) -> int:
    """InstallMultipleProtocolInterfaces(handle, GUID, interface, ..., NULL): all or none."""
    done: list[tuple[bytes, int]] = []
    for guid, interface in _pairs(uefi, call):
        status = _install(uefi, call[0], guid, interface)
        if status:
            for each in done:
                uefi.handles.uninstall(uefi.number(call[0]), *each)
            return status
        done.append((guid, interface))
    return SUCCESS


def uninstall_protocol(uefi: Uefi, call: Call) -> int:
    """UninstallProtocolInterface(handle, GUID, interface)."""
    return uefi.handles.uninstall(call[0], uefi.guid(call[1]), call[2])


def uninstall_multiple(uefi: Uefi, call: Call) -> int:
    """UninstallMultipleProtocolInterfaces(handle, GUID, interface, ..., NULL)."""
    for guid, interface in _pairs(uefi, call):
        status = uefi.handles.uninstall(call[0], guid, interface)
        if status:
            return INVALID_PARAMETER
    return SUCCESS


def reinstall_protocol(uefi: Uefi, call: Call) -> int:
    """ReinstallProtocolInterface(handle, GUID, old, new)."""
    guid = uefi.guid(call[1])
    found = uefi.handles.all.get(call[0], {}).get(guid)
    if found is None or found.interface != call[2]:
        return NOT_FOUND
    found.interface = call[3]
    return SUCCESS


def handle_protocol(uefi: Uefi, call: Call) -> int:
    """HandleProtocol(handle, GUID, interface)."""
    found = uefi.handles.interface(call[0], uefi.guid(call[1]))
    uefi.put(call[2], found or 0)
    return UNSUPPORTED if found is None else SUCCESS


def open_protocol(uefi: Uefi, call: Call) -> int:
    """OpenProtocol(handle, GUID, interface, agent, controller, attributes)."""
    status, interface = uefi.handles.open(call[0], uefi.guid(call[1]), call[3], call[4], call[5] & 0xFFFFFFFF)
    if call[5] & 0xFFFFFFFF != 4:
        uefi.put(call[2], interface if not status or interface else 0)
    return status


def close_protocol(uefi: Uefi, call: Call) -> int:
    """CloseProtocol(handle, GUID, agent, controller)."""
    return uefi.handles.close(call[0], uefi.guid(call[1]), call[2], call[3])


def open_protocol_information(uefi: Uefi, call: Call) -> int:
    """OpenProtocolInformation(handle, GUID, buffer, count)."""
    found = uefi.handles.all.get(call[0], {}).get(uefi.guid(call[1]))
    if found is None:
        return NOT_FOUND
    data = b"".join(
        each.agent.to_bytes(8, "little") + each.controller.to_bytes(8, "little")
        + each.attributes.to_bytes(4, "little") + each.count.to_bytes(4, "little")
        for each in found.openings
    )  # fmt: skip
    uefi.put(call[2], uefi.memory.new(data or bytes(24)))
    uefi.put(call[3], len(found.openings))
    return SUCCESS


def protocols_per_handle(uefi: Uefi, call: Call) -> int:
    """ProtocolsPerHandle(handle, buffer, count)."""
    found = uefi.handles.all.get(call[0])
    if found is None:
        return INVALID_PARAMETER
    places = [uefi.memory.new(guid) for guid in found]
    uefi.put(call[1], uefi.memory.new(b"".join(place.to_bytes(8, "little") for place in places)))
    uefi.put(call[2], len(places))
    return SUCCESS


def _found(uefi: Uefi, how: int, guid_at: int, key: int) -> list[int]:
    if how == 0:
        return list(uefi.handles.all)
    if how == _BY_REGISTER:
        return _fresh(uefi, key)[:1]
    return uefi.handles.with_protocol(uefi.guid(guid_at))


def locate_handle(uefi: Uefi, call: Call) -> int:
    """LocateHandle(how, GUID, key, size, buffer)."""
    found = _found(uefi, call[0], call[1], call[2])
    if not found:
        return NOT_FOUND
    room = uefi.number(call[3])
    uefi.put(call[3], 8 * len(found))
    if room < 8 * len(found):
        return BUFFER_TOO_SMALL
    uefi.write(call[4], b"".join(each.to_bytes(8, "little") for each in found))
    return SUCCESS


def locate_handle_buffer(uefi: Uefi, call: Call) -> int:
    """LocateHandleBuffer(how, GUID, key, count, buffer)."""
    found = _found(uefi, call[0], call[1], call[2])
    uefi.put(call[3], len(found))
    if not found:
        uefi.put(call[4], 0)
        return NOT_FOUND
    uefi.put(call[4], uefi.memory.new(b"".join(each.to_bytes(8, "little") for each in found)))
    return SUCCESS


def locate_protocol(uefi: Uefi, call: Call) -> int:
    """LocateProtocol(GUID, registration, interface): each instance once for one registration."""
    guid = uefi.guid(call[0])
    handles = _fresh(uefi, call[1]) if call[1] else uefi.handles.with_protocol(guid)
    found = uefi.handles.interface(handles[0], guid) if handles else None
    uefi.put(call[2], found or 0)
    return NOT_FOUND if found is None else SUCCESS


def register_protocol_notify(uefi: Uefi, call: Call) -> int:
    """RegisterProtocolNotify(GUID, event, registration)."""
    key = uefi.new_handle()
    uefi.state.setdefault("registrations", {})[key] = (uefi.guid(call[0]), call[1], set())
    uefi.put(call[2], key)
    return SUCCESS


def _fresh(uefi: Uefi, key: int) -> list[int]:
    """The handles that a registration has not been told of yet; the first of them is told now."""
    row = uefi.state.get("registrations", {}).get(key)
    if row is None:
        return []
    guid, _, told = row
    left = [handle for handle in uefi.handles.with_protocol(guid) if handle not in told]
    told.update(left[:1])
    return left


def install_configuration_table(uefi: Uefi, call: Call) -> int:
    """InstallConfigurationTable(GUID, table)."""
    tables = uefi.state.setdefault("tables", {})
    guid = uefi.guid(call[0])
    if call[1]:
        tables[guid] = call[1]
    elif tables.pop(guid, None) is None:
        return NOT_FOUND
    return SUCCESS


ANSWERS = {
    "RaiseTPL": raise_tpl, "RestoreTPL": restore_tpl, "AllocatePages": allocate_pages, "FreePages": free_pages,
    "GetMemoryMap": get_memory_map, "AllocatePool": allocate_pool, "FreePool": free_pool, "CreateEvent": create_event,
    "SetTimer": set_timer, "SignalEvent": signal_event, "CloseEvent": close_event, "CheckEvent": check_event,
    "InstallProtocolInterface": install_protocol, "ReinstallProtocolInterface": reinstall_protocol,
    "UninstallProtocolInterface": uninstall_protocol, "HandleProtocol": handle_protocol,
    "RegisterProtocolNotify": register_protocol_notify, "LocateHandle": locate_handle,
    "InstallConfigurationTable": install_configuration_table, "Stall": stall, "SetWatchdogTimer": nothing,
    "OpenProtocol": open_protocol, "CloseProtocol": close_protocol,
    "OpenProtocolInformation": open_protocol_information, "ProtocolsPerHandle": protocols_per_handle,
    "LocateHandleBuffer": locate_handle_buffer, "LocateProtocol": locate_protocol,
    "InstallMultipleProtocolInterfaces": install_multiple, "UninstallMultipleProtocolInterfaces": uninstall_multiple,
    "CalculateCrc32": calculate_crc32, "CopyMem": copy_mem, "SetMem": set_mem, "CreateEventEx": create_event_ex,
}  # fmt: skip
"""Service to function; what is not here is answered EFI_UNSUPPORTED, and said to be."""
assert set(ANSWERS) <= set(BOOT)
