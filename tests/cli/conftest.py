"""A stand-in for the engine: the command line is tested without running a ROM."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fwsim.results.folder import RunDir
from fwsim.results.summary import (
    CallResult,
    CheckResult,
    E820Range,
    Gtt,
    GttFirst,
    GttTargets,
    GttWrite,
    Iommu,
    Leaf,
    Place,
    Screen,
    Summary,
    Unhandled,
)
from fwsim.scenario.model import Scenario
from fwsim.trace.event import EVENT

LINE = (
    "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0xdba00000 "
    "[fault reason 0x06] PTE Read access is not set"
)


def record(seq, actor, space, op, width, address, value, aux=None, flags=0, cs=0xC000, ip=0x123):
    return (seq, seq * 1000, ip, address, value, value if aux is None else aux, cs, flags, actor, space, op, width)


EVENTS = np.array(
    [
        record(1, 0, 0, 1, 4, 0xCF8, 0x8000105C),
        record(2, 0, 2, 0, 2, 0x0010_05E + 0, 0xDBA0),
        record(3, 0, 4, 1, 4, 0x0, 0xBD700001, 0xDBA00001, flags=1 | 64),
        record(4, 0, 4, 1, 4, 0x4, 0xBD701001, 0xDBA01001, flags=1),
        record(5, 1, 6, 2, 0, 0x10, 0x4F02, 0x118, cs=0, ip=0),
        record(6, 4, 5, 0, 4, 0xDBA00000, 0, flags=8, cs=0, ip=0),
    ],
    dtype=EVENT,
)


def example_summary(name="x220", **changes) -> Summary:
    summary = Summary(
        scenario=name,
        gtt=Gtt(
            writes=255,
            rewritten=0,
            first=GttFirst(index=1, value=0xDBA00001, written=0xDBA00001, registers={"eax": 0xDBA00001}),
            last=GttWrite(index=0x3F9, value=0xDBAFE001, written=0xDBAFE001),
            targets=GttTargets(host_stolen=255),
        ),
        iommu=Iommu(faults=7, recorded=1, overflowed=True, by_reason={"0x06": 7}, lines=[LINE] * 7),
        calls=[CallResult(ax=0x4F02, bx=0x4118, result_ax=0x4F, ok=True)],
        display=[
            Screen(mode=0x118, width=1024, height=768, format="xrgb8888", file="screen-01.png", unreadable_pages=3)
        ],
        unhandled=Unhandled(ports=[Place(0xE0, 2)], interrupts=[Leaf(vector=0x15, ax=0x5F35, count=2)]),
        checks=[CheckResult("gtt-inside", True, "all"), CheckResult("no-faults", False, "7 faults")],
        events=len(EVENTS),
    )
    summary.firmware.kind = "seabios"
    summary.firmware.bdsm, summary.firmware.asls = 0x7D700000, 0x7FFDC000
    summary.firmware.bars = {"0": 0xFE800000, "2": 0xE0000000, "4": 0xC000}
    summary.firmware.e820 = [E820Range(0, 0x9FC00, "RAM"), E820Range(0x7D700000, 0x80000000, "RESERVED")]
    for field, value in changes.items():
        setattr(summary, field, value)
    return summary


class Engine:
    """What the stand-in does when asked to run: ``fail`` before any event, or return ``summary``."""

    def __init__(self) -> None:
        self.summary = example_summary()
        self.fail: BaseException | None = None
        self.scenario: Scenario | None = None

    def _fill(self, out: RunDir, summary: Summary) -> Summary:
        np.save(out.events_path, EVENTS)
        out.write_summary(summary)
        return summary

    def run(self, scenario, out, progress=None):
        self.scenario = scenario
        if self.fail:
            raise self.fail
        out.write_scenario(scenario)
        return self._fill(out, self.summary)

    def demo(self, out, progress=None, *, uefi=False):
        if self.fail:
            raise self.fail
        return tuple(self._fill(out.child(name), example_summary(name)) for name in ("qemu-10.0", "ranged"))


@pytest.fixture
def example():
    """A function that makes a summary of a run that faulted, with the given parts replaced."""
    return example_summary


@pytest.fixture
def dmar_line() -> str:
    return LINE


@pytest.fixture
def sample_events() -> np.ndarray:
    return EVENTS


@pytest.fixture
def engine(monkeypatch) -> Engine:
    fake = Engine()
    for where, name in (("fwsim.running.pipeline", "run"), ("fwsim.demo.igd", "demo")):
        module = ModuleType(where)
        setattr(module, name, getattr(fake, name))
        monkeypatch.setitem(sys.modules, where, module)
    return fake


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A current folder with a scenario and a ROM in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.rom").write_bytes(b"\x55\xaa\x01")
    (tmp_path / "x220.toml").write_text('[rom]\nfile = "x.rom"\n')
    return tmp_path
