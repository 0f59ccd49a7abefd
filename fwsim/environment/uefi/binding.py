"""Drivers meet controllers: in whose order they are asked, what starts them, and what stops them again.

Source: UEFI Specification 2.10, 7.3.12, 7.3.13 and 11.1; edk2 MdeModulePkg/Core/Dxe/Hand/DriverSupport.c.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from fwsim.environment.uefi.handles import BY_CHILD, BY_DRIVER
from fwsim.environment.uefi.uefi import Call, Uefi
from fwsim.environment.uefi.words import (
    BUS_SPECIFIC_OVERRIDE,
    DRIVER_BINDING,
    DRIVER_FAMILY_OVERRIDE,
    INVALID_PARAMETER,
    NOT_FOUND,
    SUCCESS,
)

_SUPPORTED, _START, _STOP, _VERSION, _IMAGE = 0, 8, 16, 24, 32
_MOST_IMAGES = 64
_MOST_CHILDREN = 256
Tell = Callable[[int, str, int], None]
"""Told of each answer: the binding's address, "supported" or "start", the status."""


class Binding(Struct, frozen=True):
    """A DriverBinding: its handle, and where it lies."""

    handle: int
    at: int


def _silent(at: int, what: str, status: int) -> None:
    """Nobody wants to know."""


def _bindings(uefi: Uefi) -> list[Binding]:
    return [
        Binding(handle, uefi.handles.interface(handle, DRIVER_BINDING) or 0)
        for handle in uefi.handles.with_protocol(DRIVER_BINDING)
    ]


def version(uefi: Uefi, at: int) -> int:
    """A binding's version."""
    return uefi.number(at + _VERSION, 4)


def image_of(uefi: Uefi, at: int) -> int:
    """The handle of a binding's image."""
    return uefi.number(at + _IMAGE)


def in_order(uefi: Uefi, controller: int, first: Sequence[int] = ()) -> list[Binding]:
    """Every binding in the order in which it is asked: those of the images in ``first``, of driver families by their
    version, those that the controller's bus names, and the rest by version (edk2 CoreConnectSingleController).
    """
    left, found = _bindings(uefi), list[Binding]()

    def take(wanted: Callable[[Binding], bool]) -> None:
        each = next((each for each in left if wanted(each)), None)
        if each is not None:
            left.remove(each)
            found.append(each)

    for image in first:
        take(lambda each, image=image: each.handle == image)  # type: ignore[misc]
    families = []
    for handle in uefi.handles.with_protocol(DRIVER_FAMILY_OVERRIDE):
        at = uefi.handles.interface(handle, DRIVER_FAMILY_OVERRIDE) or 0
        families.append((uefi.call(uefi.number(at), at) & 0xFFFFFFFF, handle))
    for _, handle in sorted(families, key=lambda row: -row[0]):
        take(lambda each, handle=handle: each.handle == handle)  # type: ignore[misc]
    for image in _named_by_bus(uefi, controller):
        take(lambda each, image=image: image_of(uefi, each.at) == image)  # type: ignore[misc]
    return found + sorted(left, key=lambda each: -version(uefi, each.at))


def _named_by_bus(uefi: Uefi, controller: int) -> list[int]:
    """Image handles that the controller's own override protocol gives, one after the other."""
    at = uefi.handles.interface(controller, BUS_SPECIFIC_OVERRIDE)
    found: list[int] = []
    place = uefi.new_handle() if at else 0
    while at and len(found) < _MOST_IMAGES and not uefi.call(uefi.number(at), at, place):
        found.append(uefi.number(place))
    return found


def connect(uefi: Uefi, controller: int, first: Sequence[int] = (), remaining: int = 0, tell: Tell = _silent) -> int:
    """Ask every binding, and start each that supports the controller, until none does any more; a status."""
    left, started = in_order(uefi, controller, first), False
    if not left:
        return NOT_FOUND
    found = True
    while found:
        found = False
        for each in list(left):
            status = uefi.call(uefi.number(each.at + _SUPPORTED), each.at, controller, remaining)
            tell(each.at, "supported", status)
            if not status:
                found = True
                left.remove(each)
                status = uefi.call(uefi.number(each.at + _START), each.at, controller, remaining)
                tell(each.at, "start", status)
                started = started or not status
                break
    return SUCCESS if started else NOT_FOUND


def children(uefi: Uefi, controller: int, agent: int = 0) -> list[int]:
    """The handles that opened one of the controller's protocols as its children, through ``agent`` (0: any)."""
    found: dict[int, None] = {}
    for protocol in uefi.handles.all.get(controller, {}).values():
        for each in protocol.openings:
            if each.attributes & BY_CHILD and agent in (0, each.agent):
                found[each.controller] = None
    return list(found)


def connect_controller(uefi: Uefi, call: Call) -> int:
    """ConnectController(controller, images, remaining path, recursive)."""
    controller, at, remaining, recursive = call[0], call[1], call[2], call[3] & 0xFF
    if controller not in uefi.handles.all:
        return INVALID_PARAMETER
    first: list[int] = []
    while at and len(first) < _MOST_IMAGES and (image := uefi.number(at + 8 * len(first))):
        first.append(image)
    status = connect(uefi, controller, first, remaining)
    if recursive:
        for child in children(uefi, controller):
            _connect_below(uefi, child, 0)
    return status


def _connect_below(uefi: Uefi, controller: int, depth: int) -> None:
    if depth < _MOST_IMAGES and controller in uefi.handles.all:
        connect(uefi, controller)
        for child in children(uefi, controller):
            _connect_below(uefi, child, depth + 1)


def disconnect_controller(uefi: Uefi, call: Call) -> int:
    """DisconnectController(controller, driver, child): 0 for every driver, and for every child."""
    if call[0] not in uefi.handles.all:
        return INVALID_PARAMETER
    for handle in (call[1], call[2]):
        if handle and handle not in uefi.handles.all:
            return INVALID_PARAMETER
    return disconnect(uefi, call[0], call[1], call[2])


def disconnect(uefi: Uefi, controller: int, driver: int = 0, child: int = 0) -> int:
    """Stop the drivers that manage the controller: first for its children, then, all of them gone, for itself."""
    agents: dict[int, None] = {}
    for protocol in uefi.handles.all.get(controller, {}).values():
        for each in protocol.openings:
            if each.attributes & BY_DRIVER and driver in (0, each.agent):
                agents[each.agent] = None
    stopped = False
    for agent in agents:
        at = uefi.handles.interface(agent, DRIVER_BINDING)
        if at is None:
            continue
        below = children(uefi, controller, agent)[:_MOST_CHILDREN]
        wanted = [each for each in below if child in (0, each)]
        status = SUCCESS
        if wanted:
            status = uefi.call(uefi.number(at + _STOP), at, controller, len(wanted), uefi.numbers(wanted))
        if not status and len(wanted) == len(below):
            status = uefi.call(uefi.number(at + _STOP), at, controller, 0, 0)
        stopped = stopped or not status
    return SUCCESS if stopped or not agents else NOT_FOUND


def release(uefi: Uefi, handle: int, guid: bytes) -> None:
    """Disconnect the drivers that have a protocol open (edk2 CoreDisconnectControllersUsingProtocolInterface)."""
    protocol = uefi.handles.all.get(handle, {}).get(guid)
    for each in list(protocol.openings) if protocol else []:
        if each.attributes & BY_DRIVER:
            disconnect(uefi, handle, each.agent)


ANSWERS = {"ConnectController": connect_controller, "DisconnectController": disconnect_controller}
"""Service to function."""
