"""A run of an Arm guest: no firmware and no ROM, a program that finds its devices through vPCI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fwsim.environment.arm import Program
from fwsim.environment.ending import Ending
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import HostDevice, sbdf_text
from fwsim.machine.build_arm import build_arm
from fwsim.machine.built_arm import ArmBuilt
from fwsim.native import R_CODE, R_TIME
from fwsim.results.summary import (
    AssignedBar,
    AssignedFunction,
    FirmwareSummary,
    Hang,
    Iommu,
    RomSummary,
    Stage2Mapping,
    Stop,
    Summary,
    VpciSummary,
)
from fwsim.rules.vpci import check_vpci
from fwsim.running.base import AnyRun, Progress, quiet
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Actor, Flag, Op, Space

_WINDOWS, _SECONDARY_STATUS, _PAST_WINDOWS = 0x1C, 0x1E, 0x34


class ArmRun(AnyRun):
    """A run of ``scenario``'s program, step by step."""

    built: ArmBuilt

    def __init__(self, scenario: Scenario, events: Path | None = None) -> None:
        self.scenario = scenario
        self.built = build_arm(scenario, events)
        self.session = Program(self.built)
        self.ending: Ending | None = None

    def post(self) -> Ending:
        """Run the program to its end."""
        self.ending = self.session.start()
        self.built.uart.end()
        return self.ending

    def calls(self, tell: Progress = quiet, *, past_end: bool = True) -> None:
        """There is no BIOS."""

    def boot(self) -> None:
        """The program was all."""

    def pictures(self) -> None:
        """There is no display."""

    def shadow(self) -> bytes:
        """Nothing is copied anywhere."""
        return b""

    def summary(self) -> Summary:
        """What came of it all."""
        built, machine = self.built, self.built.machine
        program, ending = built.program, self.ending or Ending("completed")
        summary = Summary(scenario=self.scenario.name)
        summary.rom = RomSummary(
            sha256=program.sha256, size=program.size, source="program",
            how=f"a guest's program, entered at {program.entry:#x} with X0 = {built.tree_at:#x}",
        )  # fmt: skip
        summary.stop = Stop(reason=ending.reason, cs=0, ip=ending.ip, detail=ending.detail)  # type: ignore[arg-type]
        if ending.reason == "hung":
            summary.hangs = [Hang(cs=0, ip=ending.ip, detail=ending.detail)]
        summary.firmware = FirmwareSummary(kind="none", log=list(built.log))
        summary.iommu = Iommu(
            faults=built.smmu.faults, recorded=built.smmu.recorded, overflowed=built.smmu.overflowed,
            lines=built.smmu.lines,
        )  # fmt: skip
        summary.vpci = self._vpci()
        summary.events = machine.recorder.count
        summary.code_bytes, summary.virtual_ns = int(machine.root[R_CODE]), int(machine.root[R_TIME])
        summary.checks = check_vpci(summary)
        return summary

    def _vpci(self) -> VpciSummary:
        built, machine = self.built, self.built.machine
        events = machine.recorder.read(0, machine.recorder.count)
        aborted = (events["space"] == Space.INTERRUPT) & (events["flags"] & Flag.FAULTED != 0)
        guest = built.domain.rules.guest
        shown = [*self._shown(), *self._refused()]
        trapped = events[(events["space"] == Space.PCI) & (events["actor"] == Actor.GUEST)]
        writes = trapped[trapped["op"] == Op.WRITE]
        mappings = [
            Stage2Mapping(guest=each.guest, host=each.host, size=each.size, function=sbdf_text(each.sbdf), bar=each.bar)
            for each in built.domain.stage2.mappings
        ]  # fmt: skip
        return VpciSummary(
            design=self.scenario.hypervisor.profile,
            windows={"ram": guest.ram[0], "ecam": guest.ecam, "memory": guest.memory,
                     "prefetchable": guest.prefetchable},
            functions=shown, mappings=mappings, log=list(built.xen),
            aborts=int(np.count_nonzero(aborted)), crashed=built.domain.crashed,
            reads=len(trapped) - len(writes), writes=len(writes), window_writes=self._to_windows(writes),
        )  # fmt: skip

    def _to_windows(self, writes: NDArray[np.void]) -> int:
        """Of ``writes`` those that set a bridge's windows (PCI-to-PCI Bridge Architecture 1.2, 3.2.5.6 to 3.2.5.11)."""
        topology = self.built.topology
        places = enumerate(topology.shown, 1)
        bridges = [topology.bdf(place) for place, each in places if each.device and each.device.is_bridge]
        offset = writes["address"] & 0xFFF
        window = (offset >= _WINDOWS) & (offset < _PAST_WINDOWS) & (offset != _SECONDARY_STATUS)
        return int(np.count_nonzero(window & np.isin(writes["address"] >> 12 & 0xFFFF, bridges)))

    def _shown(self) -> Iterator[AssignedFunction]:
        topology = self.built.topology
        for place, each in enumerate(topology.shown, 1):
            owner, device = each.owner, each.device
            if device is None or (isinstance(owner, VpciFunction) and not owner.plugged):
                continue
            found = _function(device, late=each.late)
            found.guest = sbdf_text(topology.bdf(place))
            if isinstance(owner, VpciFunction):
                found.bars = [
                    AssignedBar(index=index, kind="pref" if bar.prefetchable else "mem", size=bar.size,
                                host=bar.address, guest=bar.guest, mapped=bar.enabled)
                    for index, bar in enumerate(owner.bars) if bar.mappable
                ]  # fmt: skip
            yield found

    def _refused(self) -> Iterator[AssignedFunction]:
        for device in self.built.late:
            if refusal := self.built.topology.refusal(device):
                found = _function(device, late=True)
                found.refused = refusal.removeprefix(f"{device.name}: ")
                yield found


def _function(device: HostDevice, late: bool) -> AssignedFunction:
    config = device.config
    return AssignedFunction(
        host=device.name, vendor=int.from_bytes(config[0:2], "little"), device=int.from_bytes(config[2:4], "little"),
        class_code=int.from_bytes(config[9:12], "little"), bridge=device.is_bridge, late=late,
    )  # fmt: skip
