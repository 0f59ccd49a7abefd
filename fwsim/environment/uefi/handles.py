"""The handle database: handles have protocols, and who has opened which is kept as UEFI keeps it.

Source: UEFI Specification 2.10, 7.3; edk2 MdeModulePkg/Core/Dxe/Hand/Handle.c.
"""

from __future__ import annotations

import copy
from typing import Any

from msgspec import Struct, field

from fwsim.environment.uefi.words import (
    ACCESS_DENIED,
    ALREADY_STARTED,
    INVALID_PARAMETER,
    NOT_FOUND,
    SUCCESS,
    UNSUPPORTED,
)

BY_HANDLE, GET, TEST, BY_CHILD, BY_DRIVER, EXCLUSIVE = 1, 2, 4, 8, 16, 32


class Opening(Struct):
    """One opener of a protocol: as which agent, for which controller, how, and how often."""

    agent: int
    controller: int
    attributes: int
    count: int = 1


class Protocol(Struct):
    """An interface on a handle, and its openers."""

    interface: int
    openings: list[Opening] = field(default_factory=list)


class Handles:
    """Handle numbers to their protocols, in the order in which they came."""

    def __init__(self) -> None:
        self.all: dict[int, dict[bytes, Protocol]] = {}
        self._order: list[tuple[bytes, int]] = []

    def snapshot(self) -> Any:
        """All of it."""
        return copy.deepcopy(self.all), list(self._order)

    def restore(self, state: Any) -> None:
        """Go back to it."""
        everything, order = state
        self.all, self._order = copy.deepcopy(everything), list(order)

    def install(self, handle: int, guid: bytes, interface: int) -> int:
        """A status."""
        protocols = self.all.setdefault(handle, {})
        if guid in protocols:
            return INVALID_PARAMETER
        protocols[guid] = Protocol(interface)
        self._order.append((guid, handle))
        return SUCCESS

    def uninstall(self, handle: int, guid: bytes, interface: int) -> int:
        """A status: what a driver holds open stays."""
        protocols = self.all.get(handle)
        found = protocols.get(guid) if protocols else None
        if protocols is None or found is None or found.interface != interface:
            return NOT_FOUND
        if any(each.attributes & (BY_DRIVER | EXCLUSIVE) for each in found.openings):
            return ACCESS_DENIED
        del protocols[guid]
        self._order.remove((guid, handle))
        if not protocols:
            del self.all[handle]
        return SUCCESS

    def renew(self, handle: int, guid: bytes) -> None:
        """The protocol is new again: the last of its kind."""
        self._order.remove((guid, handle))
        self._order.append((guid, handle))

    def with_protocol(self, guid: bytes) -> list[int]:
        """The handles that have it, in the order of its installation."""
        return [handle for each, handle in self._order if each == guid]

    def interface(self, handle: int, guid: bytes) -> int | None:
        """The interface; None where the handle has none of that protocol."""
        found = self.all.get(handle, {}).get(guid)
        return found.interface if found else None

    def open(self, handle: int, guid: bytes, agent: int, controller: int, how: int) -> tuple[int, int]:
        """(status, interface) of OpenProtocol."""
        if handle not in self.all:
            return INVALID_PARAMETER, 0
        found = self.all[handle].get(guid)
        if found is None:
            return UNSUPPORTED, 0
        if how in (BY_DRIVER, BY_DRIVER | EXCLUSIVE, EXCLUSIVE):
            for each in found.openings:
                if each.attributes & (BY_DRIVER | EXCLUSIVE):
                    if each.agent == agent and each.controller == controller and each.attributes == how:
                        return ALREADY_STARTED, found.interface
                    return ACCESS_DENIED, 0
        if how == TEST:
            return SUCCESS, found.interface
        for each in found.openings:
            if (each.agent, each.controller, each.attributes) == (agent, controller, how):
                each.count += 1
                return SUCCESS, found.interface
        found.openings.append(Opening(agent, controller, how))
        return SUCCESS, found.interface

    def close(self, handle: int, guid: bytes, agent: int, controller: int) -> int:
        """A status."""
        found = self.all.get(handle, {}).get(guid)
        if found is None:
            return NOT_FOUND
        left = [each for each in found.openings if (each.agent, each.controller) != (agent, controller)]
        if len(left) == len(found.openings):
            return NOT_FOUND
        found.openings = left
        return SUCCESS
