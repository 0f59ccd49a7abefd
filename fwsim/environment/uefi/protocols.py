"""Boot services for handles and their protocols; one service a function.

Source: UEFI Specification 2.10, 7.3; edk2 MdeModulePkg/Core/Dxe/Hand (Handle.c, Locate.c, Notify.c).
"""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.environment.uefi.events import signal
from fwsim.environment.uefi.uefi import Call, Uefi
from fwsim.environment.uefi.words import (
    ACCESS_DENIED,
    BUFFER_TOO_SMALL,
    DEVICE_PATH,
    INVALID_PARAMETER,
    NOT_FOUND,
    SUCCESS,
    UNSUPPORTED,
)

_BY_REGISTER = 1
_TEST = 4
_MOST_NODES = 256
_END = 0x7F


def install_protocol(uefi: Uefi, call: Call) -> int:
    """InstallProtocolInterface(handle, GUID, type, interface)."""
    return _install(uefi, call[0], uefi.guid(call[1]), call[3])


def _install(uefi: Uefi, at: int, guid: bytes, interface: int) -> int:
    if not at:
        return INVALID_PARAMETER
    handle = uefi.number(at)
    if handle and handle not in uefi.handles.all:
        return INVALID_PARAMETER
    handle = handle or uefi.new_handle()
    status = uefi.handles.install(handle, guid, interface)
    if not status:
        uefi.put(at, handle)
        _tell(uefi, guid)
    return status


def _tell(uefi: Uefi, guid: bytes) -> None:
    """Signal the events that wait for a protocol."""
    for wanted, event, _ in list(uefi.state.get("registrations", {}).values()):
        if wanted == guid and event in uefi.state["events"].rows:
            signal(uefi, event)


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
    return uninstall(uefi, call[0], uefi.guid(call[1]), call[2])


def uninstall(uefi: Uefi, handle: int, guid: bytes, interface: int) -> int:
    """A status: the drivers that hold it open are disconnected first."""
    status = uefi.handles.uninstall(handle, guid, interface)
    if status == ACCESS_DENIED:
        from fwsim.environment.uefi.binding import release

        release(uefi, handle, guid)
        status = uefi.handles.uninstall(handle, guid, interface)
    return status


def uninstall_multiple(uefi: Uefi, call: Call) -> int:
    """UninstallMultipleProtocolInterfaces(handle, GUID, interface, ..., NULL): all or none."""
    done: list[tuple[bytes, int]] = []
    for guid, interface in _pairs(uefi, call):
        if uninstall(uefi, call[0], guid, interface):
            for each in done:
                uefi.handles.install(call[0], *each)
            return INVALID_PARAMETER
        done.append((guid, interface))
    return SUCCESS


def reinstall_protocol(uefi: Uefi, call: Call) -> int:
    """ReinstallProtocolInterface(handle, GUID, old, new)."""
    guid = uefi.guid(call[1])
    found = uefi.handles.all.get(call[0], {}).get(guid)
    if found is None or found.interface != call[2]:
        return NOT_FOUND
    found.interface = call[3]
    uefi.handles.renew(call[0], guid)
    for wanted, _, told in uefi.state.get("registrations", {}).values():
        if wanted == guid:
            told.discard(call[0])
    _tell(uefi, guid)
    return SUCCESS


def handle_protocol(uefi: Uefi, call: Call) -> int:
    """HandleProtocol(handle, GUID, interface)."""
    if call[0] not in uefi.handles.all or not call[2]:
        return INVALID_PARAMETER
    found = uefi.handles.interface(call[0], uefi.guid(call[1]))
    uefi.put(call[2], found or 0)
    return UNSUPPORTED if found is None else SUCCESS


def open_protocol(uefi: Uefi, call: Call) -> int:
    """OpenProtocol(handle, GUID, interface, agent, controller, attributes)."""
    status, interface = uefi.handles.open(call[0], uefi.guid(call[1]), call[3], call[4], call[5] & 0xFFFFFFFF)
    if call[5] & 0xFFFFFFFF != _TEST:
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


# --- device paths --------------------------------------------------------------------------------------------------
def nodes(uefi: Uefi, at: int) -> Iterator[tuple[int, bytes]]:
    """(address, bytes) of each node of a device path, its end node left out."""
    for _ in range(_MOST_NODES):
        head = uefi.cpu.read(at, 4)
        size = int.from_bytes(head[2:4], "little")
        if head[0] & _END == _END or size < 4:
            return
        yield at, uefi.cpu.read(at, size)
        at += size


def locate_device_path(uefi: Uefi, call: Call) -> int:
    """LocateDevicePath(GUID, path, handle): the handle with the longest path that the given one begins with."""
    if not call[1] or not uefi.number(call[1]):
        return INVALID_PARAMETER
    start = uefi.number(call[1])
    wanted = list(nodes(uefi, start))
    best, handle = -1, 0
    for each in uefi.handles.with_protocol(uefi.guid(call[0])):
        own = uefi.handles.interface(each, DEVICE_PATH)
        held = [data for _, data in nodes(uefi, own)] if own else None
        if held is not None and len(held) > best and [data for _, data in wanted[: len(held)]] == held:
            best, handle = len(held), each
    if best < 0:
        return NOT_FOUND
    if not call[2]:
        return INVALID_PARAMETER
    uefi.put(call[2], handle)
    end = wanted[-1][0] + len(wanted[-1][1]) if wanted else start
    uefi.put(call[1], wanted[best][0] if best < len(wanted) else end)
    return SUCCESS


ANSWERS = {
    "InstallProtocolInterface": install_protocol, "ReinstallProtocolInterface": reinstall_protocol,
    "UninstallProtocolInterface": uninstall_protocol, "HandleProtocol": handle_protocol,
    "RegisterProtocolNotify": register_protocol_notify, "LocateHandle": locate_handle,
    "LocateDevicePath": locate_device_path, "OpenProtocol": open_protocol, "CloseProtocol": close_protocol,
    "OpenProtocolInformation": open_protocol_information, "ProtocolsPerHandle": protocols_per_handle,
    "LocateHandleBuffer": locate_handle_buffer, "LocateProtocol": locate_protocol,
    "InstallMultipleProtocolInterfaces": install_multiple, "UninstallMultipleProtocolInterfaces": uninstall_multiple,
}  # fmt: skip
"""Service to function."""
