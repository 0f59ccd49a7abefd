"""A run of an Arm guest: no firmware and no ROM, a program that finds its devices through vPCI."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fwsim.environment.arm import Program
from fwsim.environment.ending import Ending
from fwsim.machine.build_arm import build_arm
from fwsim.machine.built_arm import ArmBuilt
from fwsim.native import R_CODE, R_TIME
from fwsim.results.summary import (
    AssignedBar,
    AssignedFunction,
    FirmwareSummary,
    Hang,
    RomSummary,
    Stage2Mapping,
    Stop,
    Summary,
    VpciSummary,
)
from fwsim.rules.vpci import check_vpci
from fwsim.running.base import AnyRun, Progress, quiet
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Flag, Space


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
        self.built.finish()
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
        summary.firmware = FirmwareSummary(kind=self.scenario.firmware.kind, log=list(built.log))
        summary.iommu = built.smmu_summary()
        summary.vpci = self._vpci()
        summary.events = machine.recorder.count
        summary.code_bytes, summary.virtual_ns = int(machine.root[R_CODE]), int(machine.root[R_TIME])
        summary.checks = check_vpci(self.scenario, summary)
        return summary

    def _vpci(self) -> VpciSummary:
        built, machine = self.built, self.built.machine
        events = machine.recorder.read(0, machine.recorder.count)
        aborted = (events["space"] == Space.INTERRUPT) & (events["flags"] & Flag.FAULTED != 0)
        mappings = [
            Stage2Mapping(guest=each.guest, host=each.host, size=each.size, function=built.host_name(each.sbdf),
                          bar=each.bar)
            for each in built.domain.stage2.mappings
        ]  # fmt: skip
        return VpciSummary(
            design=self.scenario.hypervisor.profile, windows=built.windows(), functions=self._functions(),
            mappings=mappings, log=list(built.xen_log), aborts=int(np.count_nonzero(aborted)),
            crashed=built.domain.crashed,
        )  # fmt: skip

    def _functions(self) -> list[AssignedFunction]:
        return [
            AssignedFunction(
                guest=each.guest, host=each.host, backend=each.backend, vendor=each.vendor, device=each.device,
                class_code=each.class_code, bridge=each.bridge, late=each.late, refused=each.refused,
                bars=[AssignedBar(index=bar.index, kind=bar.kind, size=bar.size, host=bar.host, guest=bar.guest,
                                  mapped=bar.mapped) for bar in each.bars],
            )
            for each in self.built.functions()
        ]  # fmt: skip
