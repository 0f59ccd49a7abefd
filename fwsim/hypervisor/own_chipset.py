"""A guest whose chipset is none of QEMU's: its host bridge is answered, and the rest of QEMU's PC is hidden.

The board is QEMU's PC all the same; what a driver finds by configuration accesses is the other hypervisor's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fwsim.firmware.request import Function
from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE, Copied, Register

NETAPP = {0x00: 0x12751275, 0x08: 0x06000000}
"""00:00.0 of bhyve and of ACRN's device model (usr.sbin/bhyve/pci_hostbridge.c; devicemodel/hw/pci/hostbridge.c)."""
HOST_IDS = (Copied(0x00, 2), Copied(0x02, 2), Copied(0x08, 1), Copied(0x2C, 2), Copied(0x2E, 2))
"""What a bridge at 00:1f.0 takes from the host's: ids, revision, subsystem."""
_QEMUS = frozenset({(0x08, 0x7000), (0x09, 0x7010), (0x0B, 0x7113), (0xFA, 0x2922), (0xFB, 0x2930)})
"""(bdf, device id) of what QEMU's PCs have beside host and LPC bridge."""
_ICH9_LPC = 0x2918
_END, _NOBODY = 0x100, 0xFFFFFFFF


def answered(
    function: Function, bridge: Mapping[int, int], lpc: Mapping[int, int] | None, *, stored: bool
) -> Sequence[Register]:
    """What is answered or hidden of one function of the guest's bus that is not the display's.

    ``bridge`` has the dwords of 00:00.0 by offset, 0 where it has none; ``stored``: it keeps what is written. ``lpc``
    has the dwords of the bridge at 00:1f.0 that are not the board's; None: nobody is there.
    """
    if function.bdf == HOST_BRIDGE:
        writable = _NOBODY if stored else 0
        return [Register(at, 4, value=bridge.get(at, 0), writable=writable) for at in range(0, _END, 4)]
    at_1f = function.bdf == LPC_BRIDGE and function.vendor == 0x8086 and function.class_code == 0x060100
    if (function.bdf, function.device) in _QEMUS or (at_1f and lpc is None and function.device == _ICH9_LPC):
        return [Register(at, 4, "hidden", _NOBODY) for at in range(0, _END, 4)]
    return [Register(at, 4, value=value) for at, value in lpc.items()] if at_1f and lpc else ()
