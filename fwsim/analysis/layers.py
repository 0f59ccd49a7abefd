"""The layers between a value and a picture are walked: GTT entries, the plane's base, and which layer would have kept
it right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from fwsim.hypervisor import kinds
from fwsim.registers.database import name_of
from fwsim.registers.family import Family
from fwsim.results.summary import Hang
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Op, Space

if TYPE_CHECKING:
    from fwsim.analysis.story import WhyNode

PLANE_BASES = (0x7019C, 0x7119C, 0x7219C, 0x70184)
"""DSPSURF/PLANE_SURF of pipes A to C, and DSPLINOFF of gen 4 (Linux i915_reg.h)."""


class Plane(Struct, frozen=True):
    """A plane's base register as it was last written."""

    seq: int
    base: int
    name: str
    cs: int
    ip: int


def gtt_write_for(events: NDArray[np.void], seq: int, page: int, family: Family) -> int | None:
    """The event that wrote the entry which pointed at bus address ``page`` before event ``seq``; None: nobody here."""
    rows = events[: seq - 1]
    writes = np.flatnonzero((rows["space"] == Space.GTT) & (rows["op"] == Op.WRITE))
    writes = writes[rows["address"][writes] % family.pte_width == 0]
    if not len(writes):
        return None
    _, last = np.unique(rows["address"][writes][::-1], return_index=True)
    latest = writes[len(writes) - 1 - last]
    form = family.pte_format
    values = rows["value"][latest].astype(np.uint64)
    targets = values & np.uint64(form.low_mask)
    if form.high_mask and family.pte_width == 4:
        targets |= (values & np.uint64(form.high_mask)) << np.uint64(form.high_shift)
    hit = np.flatnonzero((targets == np.uint64(page)) & (values & np.uint64(1) == 1))
    return int(latest[hit[0]]) + 1 if len(hit) else None


def plane_base(events: NDArray[np.void], seq: int, cpu: str | None) -> Plane | None:
    """The base register of the plane that was last set before event ``seq``."""
    rows = events[: seq - 1]
    hits = np.flatnonzero(
        (rows["space"] == Space.MMIO) & (rows["op"] == Op.WRITE) & np.isin(rows["address"], PLANE_BASES)
    )
    if not len(hits):
        return None
    event = rows[hits[-1]]
    found = name_of("mmio", int(event["address"]), cpu)
    name = f"register {int(event['address']):#x}{', ' + found.name if found else ''}"
    return Plane(int(event["seq"]), int(event["value"]), name, int(event["cs"]), int(event["ip"]))


def stop_wait(events: NDArray[np.void], hang: Hang) -> int:
    """The last read at the instruction that waits; 0 where it reads nothing."""
    reads = (events["op"] == Op.READ) & (events["cs"] == hang.cs) & (events["ip"] == hang.ip)
    rows = np.flatnonzero(reads)
    return int(rows[-1]) + 1 if len(rows) else 0


def prevention(scenario: Scenario, nodes: list[WhyNode]) -> list[str]:
    """What would have kept a host address out, where the story ends in a refused page or in host memory."""
    host = scenario.host
    low, size = host.stolen_base, host.family.gms.decode(host.ggc)
    if scenario.hypervisor.design.on_host or not nodes:
        return []
    bad = any(node.kind in ("fault", "event") and low <= node.value & ~0xFFF < low + size for node in nodes)
    posted = any("stored by the shadow's POST" in node.text for node in nodes)
    dumped = any("baked in" in node.text for node in nodes)
    asked = [node.text for node in nodes if node.machine == "guest" and "the device's" in node.text]
    read = any("@0x5E" in text or "@0x5C" in text for text in asked)
    if nodes[-1].kind not in ("fault", "event", "screen") or not bad or not (posted or dumped or read):
        return []
    found = kinds.remedies(posted)
    if posted:
        found.append('a pristine image (rom.source = "file") has no base in it')
    elif dumped:
        found.append("a pristine image, not a dump of a machine that had POSTed, has no base in it")
    else:
        found.append("BDSM emulated by the hypervisor (QEMU's legacy mode) hides the host's base from the ROM")
    return found
