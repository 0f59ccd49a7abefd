"""The IOMMU refuses DMA of the display device: faults are recorded, told to Linux, and put among the events."""

from fwsim.devices.vtd import Vtd, VtdState
from fwsim.machine.machine import Machine
from fwsim.native import R_TIME, TRAP_DMA_FAULT
from fwsim.scenario.host_functions import requester
from fwsim.trace.event import Actor, Flag, Op, Space

FRAME_NS = 16_666_667
"""One frame at 60 Hz: over so long the faults of a scan-out spread."""
FAULT_READ, FAULT_WRITE = 6, 5
"""VT-d fault reasons: PTE read, write access is not set."""


class Guard:
    """The IOMMU before a guest's IGD. On a host, or before another adapter, it refuses nothing."""

    def __init__(self, machine: Machine) -> None:
        self.vtd = Vtd()
        self._machine = machine
        dma = machine.design.dma
        self._requester = requester(machine.scenario) if dma.requester is None else dma.requester
        self._on = dma.translated and machine.igd is not None
        machine.watchers[TRAP_DMA_FAULT] = self._aperture_fault

    def refuse(self, pages: list[int], *, read: bool, span_ns: int = FRAME_NS) -> None:
        """DMA to these graphics pages found nothing: one fault each, spread over ``span_ns`` of virtual time."""
        machine = self._machine
        if not pages or not self._on or machine.igd is None:
            return
        now = int(machine.root[R_TIME])
        targets = machine.igd.targets(machine.igd.entries()[pages])
        bars = self._bar_ranges()
        op, reason = (Op.READ, FAULT_READ) if read else (Op.WRITE, FAULT_WRITE)
        for number, address in enumerate(targets.tolist()):
            if any(start <= address < end for start, end in bars):
                continue
            at = now + span_ns * number // len(pages)
            self.vtd.fault(at, self._requester, address, read)
            machine.recorder.append(
                (at, 0, address, reason, reason, 0, int(Flag.FAULTED), Actor.IOMMU, Space.IOMMU, op, 4)
            )
        machine.root[R_TIME] = now + span_ns

    def _bar_ranges(self) -> list[tuple[int, int]]:
        """Memory BARs: the IOMMU maps them too, so that DMA to them is no fault (and no memory either)."""
        windows = self._machine.windows
        return [
            (start, start + bar.size)
            for function in self._machine.functions
            for bar in function.bars
            if bar.kind != "io" and (start := windows.bar_address(function, bar))
        ]

    def _aperture_fault(self, page: int, write: int, c: int) -> int:
        """Native code met a page of the aperture that leads nowhere."""
        igd = self._machine.igd
        if igd is not None and int(igd.entries()[page]) & 1:
            self.refuse([page], read=not write, span_ns=0)
        return 0

    def snapshot(self) -> VtdState:
        """The remapping unit, and what the kernel printed of its faults."""
        return self.vtd.snapshot()

    def restore(self, state: VtdState) -> None:
        """Go back to it."""
        self.vtd.restore(state)
