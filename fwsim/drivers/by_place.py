"""Drivers that look in one place: at 00:1f.0, at a bridge's subsystem; and Windows', of which little is known.

Sources: the discussion of "xen: add Intel IGD passthrough support" on qemu-devel and xen-devel, 2 July 2014: "some
versions of the driver identify it by class, some versions identify it by slot (1f.0)", "both Linux and Windows are OK
with two bridges", and the proposal "if subsystem vendor id == xen then get type from subsystem device id", which no
driver took up.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.board.isa_bridge import ISA, XEN_VENDOR
from fwsim.drivers.i915 import pch_of
from fwsim.drivers.probe import INTEL, NONE, Config, Found, scanned
from fwsim.exactness import Known
from fwsim.hypervisor.interface import LPC_BRIDGE

_MAIL = "mail to qemu-devel and xen-devel, 2 July 2014"


class BySlot(Struct, frozen=True):
    """Vendor and device id at 00:1f.0, whatever its class."""

    name: str
    known: Known

    def probe(self, config: Config) -> Found:
        """One read."""
        ids = config.read(LPC_BRIDGE, 0, 4)
        where = f"{ids & 0xFFFF:04x}:{ids >> 16:04x} at 00:1f.0"
        if ids & 0xFFFF == 0xFFFF:
            return Found(NONE, "nothing is at 00:1f.0")
        return Found(pch_of(ids >> 16) if ids & 0xFFFF == INTEL else NONE, where)


class BySubsystem(Struct, frozen=True):
    """The subsystem of each ISA bridge: Xen's vendor id says that its device id is the PCH's; else the bridge's own."""

    name: str
    known: Known

    def probe(self, config: Config) -> Found:
        """Every ISA bridge, in the order of the scan."""
        for bridge in scanned(config):
            if bridge.kind != ISA:
                continue
            passed = bridge.subsystem & 0xFFFF == XEN_VENDOR
            pch = pch_of(bridge.subsystem >> 16 if passed else bridge.device)
            if pch != NONE:
                return Found(pch, f"the subsystem {bridge.subsystem >> 16:04x} of {bridge}" if passed else str(bridge))
        return Found(NONE, "no ISA bridge says which PCH it is")


DRIVERS = (
    BySlot("slot-1f.0", Known("read", f"{_MAIL}: some versions of the driver identify it by slot")),
    BySubsystem("subsystem-id", Known("read", f"{_MAIL}: a proposal, in no driver")),
    BySlot(
        "windows",
        Known("assumed", f"{_MAIL}: it accepts two bridges, and some drivers go by slot; its source is not public"),
    ),
)
