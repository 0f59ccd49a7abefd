"""The IOMMU refuses DMA of the display device: faults are recorded, told to the host, and put among the events."""

import numpy as np

from fwsim.devices.vtd import Vtd, VtdState
from fwsim.machine.decode import decoded
from fwsim.machine.machine import Machine
from fwsim.native import R_TIME, TRAP_DMA_FAULT
from fwsim.scenario.host_functions import requester
from fwsim.trace.event import Actor, Flag, Op, Space

FRAME_NS = 16_666_667
"""One frame at 60 Hz: over so long the faults of a scan-out spread."""
_COMMAND, _MASTER = 0x04, 4
FAULT_READ, FAULT_WRITE = 6, 5
"""VT-d fault reasons: PTE read, write access is not set."""


class Guard:
    """The IOMMU before a guest's IGD. On a host, or before another adapter, it refuses nothing."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        dma = machine.design.dma
        self.vtd = Vtd(dma.style)
        self._requester = requester(machine.scenario) if dma.requester is None else dma.requester
        self._on = dma.translated and machine.igd is not None
        self._ranges: list[tuple[int, int]] = []
        self._ranges_of = -1
        machine.watchers[TRAP_DMA_FAULT] = self._aperture_fault

    def refuse(self, pages: list[int], *, read: bool, span_ns: int = FRAME_NS) -> None:
        """DMA to these graphics pages found nothing: one fault each, spread over ``span_ns`` of virtual time."""
        machine = self._machine
        if not pages or not self._on or machine.igd is None:
            return
        now = int(machine.root[R_TIME])
        targets = machine.igd.targets(machine.igd.entries(np.array(pages)))
        for number, address in enumerate(targets.tolist()):
            self._fault(now + span_ns * number // len(pages), address, read)
        machine.root[R_TIME] = now + span_ns
        if self.vtd.stops_device:
            self._stop()

    def _fault(self, time_ns: int, address: int, read: bool) -> None:
        """One DMA to bus ``address``: a fault, but for a BAR."""
        for start, end in self._bar_ranges():
            if start <= address < end:
                return
        op, reason = (Op.READ, FAULT_READ) if read else (Op.WRITE, FAULT_WRITE)
        self.vtd.fault(time_ns, self._requester, address, read)
        self._machine.recorder.append(
            (time_ns, 0, address, reason, reason, 0, int(Flag.FAULTED), Actor.IOMMU, Space.IOMMU, op, 4)
        )

    def _stop(self) -> None:
        """The handler clears bus mastering in the device's own command register; a guest may set it again.

        That an IGD's display then reads no more is not known, and not assumed: its faults go on.
        """
        machine = self._machine
        slot = machine.pci.slot(machine.scenario.guest.devfn)
        command = machine.pci.get(slot, _COMMAND, 2)
        if command & _MASTER:
            with machine.acting(Actor.HYPERVISOR):
                machine.pci.write(machine.root, machine.scenario.guest.devfn, _COMMAND, 2, command & ~_MASTER)

    def _bar_ranges(self) -> list[tuple[int, int]]:
        """Memory BARs that are decoded: the IOMMU maps them too, so DMA to them is no fault (and no memory either)."""
        machine = self._machine
        if self._ranges_of != machine.windows.changes:
            rows = decoded(machine.pci, machine.functions)
            self._ranges = [(start, start + bar.size) for _, bar, start in rows if bar.kind != "io"]
            self._ranges_of = machine.windows.changes
        return self._ranges

    def _aperture_fault(self, page: int, write: int, c: int) -> int:
        """Native code met a page of the aperture that leads nowhere."""
        machine, igd = self._machine, self._machine.igd
        if igd is None or not self._on:
            return 0
        entry = igd.entries(np.array([page]))
        if int(entry[0]) & 1:
            self._fault(int(machine.root[R_TIME]), int(igd.targets(entry)[0]), not write)
            if self.vtd.stops_device:
                self._stop()
        return 0

    def snapshot(self) -> VtdState:
        """The remapping unit, and what the kernel printed of its faults."""
        return self.vtd.snapshot()

    def restore(self, state: VtdState) -> None:
        """Go back to it."""
        self.vtd.restore(state)
