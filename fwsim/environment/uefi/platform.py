"""What edk2's own modules find at a driver's start: the HOB list, and the platform's settings by the PCD protocol.

Source: UEFI Platform Initialization Specification 1.7, volume 3: 5 (HOBs), 8.2 (PCD); edk2
MdePkg/Include/Protocol/Pcd.h, MdePkg/Include/Guid/HobList.h.
"""

from __future__ import annotations

from collections.abc import Callable

from fwsim.environment.uefi import tables
from fwsim.environment.uefi.uefi import Call, Uefi
from fwsim.environment.uefi.words import guid
from fwsim.firmware.ovmf.pages import FOUR_GIB
from fwsim.trace.efi import TABLES

HOB_LIST = guid("7739f24c-93d7-11d4-9a3a-0090273fc14d")
PCD = guid("11b34006-d85b-4d0a-a290-d5a571310ef7")
_HANDOFF, _END, _VERSION = 1, 0xFFFF, 9
_HANDOFF_BYTES = 56
_HOST_BRIDGE_ID = 19
"""The token of PcdOvmfHostBridgePciDevId in Debian's OVMF 2022.11 (its QemuVideoDxe asks for it): tokens are numbered
anew for each build."""
_NUMBERS = ("Get8", "Get16", "Get32", "Get64", "GetBool")


def install(uefi: Uefi) -> None:
    """The HOB list as a configuration table, and the PCD protocol on a handle of its own."""
    tables.configure(uefi, HOB_LIST, uefi.memory.new(_hobs(uefi)))

    rows: list[tuple[str, Callable[[Uefi, Call], int] | None]] = [
        (name, _number(name) if name in _NUMBERS else None) for name in TABLES["Pcd"]
    ]
    uefi.handles.install(uefi.new_handle(), PCD, uefi.memory.new(uefi.interface("Pcd", rows)))


def _number(name: str) -> Callable[[Uefi, Call], int]:
    """GetN(token): the host bridge's id; another token is 0, and listed as one that nobody knows."""

    def get(uefi: Uefi, call: Call) -> int:
        token = call[0]
        if (name, token) == ("Get16", _HOST_BRIDGE_ID):
            return uefi.machine.pci.read(uefi.machine.root, 0, 2, 2)
        unknown = f"Pcd.{name} of token {token}"
        uefi.unhandled[unknown] = uefi.unhandled.get(unknown, 0) + 1
        return 0

    return get


def _hobs(uefi: Uefi) -> bytes:
    """A list that says where memory is, and no more."""
    top = min(uefi.machine.low, FOUR_GIB)
    words = (top, 0, top, 0, 0)
    head = _HANDOFF.to_bytes(2, "little") + _HANDOFF_BYTES.to_bytes(2, "little") + bytes(4)
    head += _VERSION.to_bytes(4, "little") + bytes(4) + b"".join(word.to_bytes(8, "little") for word in words)
    return head + _END.to_bytes(2, "little") + (8).to_bytes(2, "little") + bytes(4)
