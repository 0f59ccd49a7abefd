"""A driver that asks the hypervisor: the paravirtual pair in the configuration space of 00:02.0, in no real driver."""

from __future__ import annotations

from msgspec import Struct

from fwsim.drivers.i915 import pch_of
from fwsim.drivers.probe import INTEL, NONE, Config, Found
from fwsim.exactness import Known
from fwsim.hypervisor.interface import IGD, LPC_BRIDGE
from fwsim.hypervisor.register_pair import CONFIG, PRESENT, Fact


class ByPair(Struct, frozen=True):
    """The pair where its bit is set; without it, as on hardware, 00:1f.0."""

    name: str
    known: Known

    def probe(self, config: Config) -> Found:
        """Address, then data."""
        there = config.read(IGD, CONFIG, 4)
        told = there != 0xFFFFFFFF and bool(there & PRESENT)
        if told:
            config.write(IGD, CONFIG, 4, Fact.PCH)
        ids = config.read(IGD, CONFIG + 4, 4) if told else config.read(LPC_BRIDGE, 0, 4)
        where = "told by the register pair" if told else "no register pair; at 00:1f.0"
        return Found(
            pch_of(ids >> 16) if ids & 0xFFFF == INTEL else NONE, f"{where}: {ids & 0xFFFF:04x}:{ids >> 16:04x}"
        )


DRIVER = ByPair("pair", Known("read", "the design of fwsim/hypervisor/register_pair.py: in no real driver"))
