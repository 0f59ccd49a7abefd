"""A function that Xen's own vPCI answers for, beside the device model: its header, and ones for what has no handler.

Source: xen-devel in March 2018, "[RFC PATCH 07/12] hvmloader": "passthrough code ... merging it with Roger's vpci
series"; Xen xen/drivers/vpci. No Xen does that for an HVM guest: here it is vPCI's code for x86, its ids with handlers.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.firmware.request import Function
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import HostBar, HostDevice
from fwsim.hypervisor.vpci.rules import Rules
from fwsim.memory.ranges import align_up

_HOLE = 0xC0000000
"""Where the host has the BARs, one behind the other: made up, for a guest sees its own addresses only."""


def shown(function: Function) -> VpciFunction:
    """The owner of the guest's ``function``, which is assigned."""
    device = HostDevice(function.bdf, function.config, tuple(_bars(function)))
    return VpciFunction(device, Domain(Rules(arm=False)))


def _bars(function: Function) -> Iterator[HostBar]:
    at = _HOLE
    for bar in function.bars:
        if bar.kind == "io":
            yield HostBar(bar.index, bar.size, "io", address=0x3000)
            continue
        at = align_up(at, bar.size)
        yield HostBar(bar.index, bar.size, bar.kind, bar.is64, at)
        at += bar.size
