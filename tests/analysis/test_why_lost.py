"""What ``why`` says where an access to configuration space was lost: nothing is stored, ones are read."""

from pathlib import Path

import pytest

from fwsim.analysis.why import explain
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import load
from fwsim.trace.event import Flag, Op, Space

EXAMPLE = Path(__file__).parents[2] / "examples" / "xen-mmconfig.toml"
LINE = 0x28 << 12 | 0x3C


@pytest.fixture(scope="module")
def outdated(tmp_path_factory):
    out = RunDir.create(tmp_path_factory.mktemp("lost") / "run")
    run(load(EXAMPLE), out)
    return out


def told(out, event):
    return " / ".join(node.text for node in explain(out, event).nodes)


def test_a_lost_write_is_not_what_the_register_holds(outdated):
    """5A went by CFC to the emulator, A5 by the window to QEMU: 5A it is."""
    events = outdated.events()
    writes = events[(events["space"] == Space.PCI) & (events["op"] == Op.WRITE) & (events["address"] == LINE)]
    assert writes["value"].tolist() == [0x5A, 0xA5]
    text = told(outdated, "config[00:05.0@0x3c]")
    assert "written 0x5a" in text
    assert "0xa5" not in text


def test_a_lost_read_says_where_it_went(outdated):
    events = outdated.events()
    notes = (events["address"] == LINE) & (events["op"] == Op.NOTE) & (events["flags"] == Flag.UNHANDLED)
    first = int(events[notes]["seq"][0]) - 1
    text = told(outdated, str(first))
    assert "read 0xff (ones: the access went to the device model, MMIO by ECAM: lost)" in text


def test_a_read_that_reached_has_what_was_written_and_reached(outdated):
    events = outdated.events()
    reads = events[(events["space"] == Space.PCI) & (events["op"] == Op.READ) & (events["address"] == LINE)]
    assert reads["value"].tolist() == [0xFF, 0x5A]
    assert "0xa5" not in told(outdated, str(int(reads["seq"][1])))
