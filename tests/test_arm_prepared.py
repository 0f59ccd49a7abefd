"""A guest without devices: with ``passthrough = enabled`` it has a bus, and takes one later; without, it has none."""

from pathlib import Path

import pytest

from fwsim.running.arm import ArmRun
from fwsim.scenario.load import loads
from tests.arm_code import NIC

PROGRAM = Path(__file__).parents[1] / "roms" / "arm-linux.elf"
LATE = (
    NIC
    + """bars = ["mem 128K @ 0x50000000"]
hotplug = true
"""
)


def run(options, profile="fake"):
    text = f"""
[guest]
machine = "arm-virt"
ram = "256M"
[hypervisor]
kind = "vpci"
profile = "{profile}"
[hypervisor.options]
{options}
[payload]
program = "{PROGRAM}"
"""
    one = ArmRun(loads(text + LATE, "test"))
    assert one.post().reason == "completed"
    summary = one.summary()
    assert bool(one.built.machine.pci.ecam) == bool(options)
    return summary


@pytest.mark.parametrize("options", ['passthrough = "enabled"', 'vpci = "pci_ecam"', 'pci = ["08:00.0"]'])
def test_a_prepared_guest_takes_it(options):
    summary = run(options)
    (function,) = summary.vpci.functions
    assert (function.guest, function.host, function.late, function.refused) == (
        "0000:00:00.0",
        "0000:08:00.0",
        True,
        "",
    )
    assert function.bars[0].mapped
    assert any(line.startswith("host 0 ecam 10000000") for line in summary.firmware.log)
    assert "new 1" in summary.firmware.log


def test_a_guest_without_a_bus_does_not():
    summary = run("")
    (function,) = summary.vpci.functions
    assert function.refused == 'the guest was made without a PCI bus: passthrough = "enabled" prepares one'
    assert not any("ecam" in line for line in summary.firmware.log)
    assert not next(each for each in summary.checks if each.id == "functions-shown").ok
    assert summary.vpci.reads == 0


def test_behind_bridges_nothing_was_shown_to_put_it_behind():
    (function,) = run('passthrough = "enabled"', "replicated").vpci.functions
    assert function.refused.startswith("the guest has no bridge 0000:00:01.0")
