"""i915's ways of finding the PCH, in guests of every bridge choice: each row worked out by hand from the kernel's code.

The order of the kernel's tests is that of intel_detect_pch: of each ISA bridge in scan order, ids first, then whether
it is a hypervisor's; the first that says anything ends the search.
"""

import numpy as np
import pytest
from guest_rig import GuestRig

from fwsim.board.display import display_function
from fwsim.board.host import host_board
from fwsim.drivers.table import DRIVERS, InGuest, concluded
from fwsim.scenario.model import Guest, Host, Hypervisor, Scenario
from fwsim.trace.event import Actor, Space

SANDY = {"cpu": "sandybridge", "lpc_id": 0x1C4F}
HASWELL_H = {"cpu": "haswell", "device_id": 0x0412, "lpc_id": 0x8C44}
HASWELL_ULT = {"cpu": "haswell", "device_id": 0x0A16, "lpc_id": 0x9C43}
BROADWELL_ULT = {"cpu": "broadwell", "device_id": 0x1616, "lpc_id": 0x9CC3}
SKYLAKE_H = {"cpu": "skylake", "device_id": 0x1912, "lpc_id": 0xA145}
COFFEE_ON_200 = {"cpu": "coffeelake", "device_id": 0x3E92, "lpc_id": 0xA2C9}
ALDER = {"cpu": "alderlake", "device_id": 0x4680, "lpc_id": 0x7A84}
METEOR = {"cpu": "meteorlake"}
ROWS = [
    # A PIIX3 alone (7000): unknown to 3.6 and 3.14, "P3X" from 4.8 on.
    (SANDY, "pc", "one", {"3.6": "none", "3.14": "none", "4.8": "CPT", "6.12": "CPT"}),
    # 3.6 stops at the first ISA bridge, 3.14 goes on; 4.8 and later stop at the PIIX3 too, with a guess.
    (SANDY, "pc", "two", {"3.6": "none", "3.14": "CPT", "4.8": "CPT", "6.12": "CPT"}),
    (SANDY, "pc", "stub-1f.0", {"3.6": "none", "3.14": "none", "4.8": "CPT", "6.12": "CPT"}),
    (SANDY, "q35", "one", {"3.6": "none", "3.14": "none", "4.8": "CPT", "6.12": "CPT"}),
    # 2918 is a guest's by QEMU's subsystem only; 6.12 has CPUID to go by.
    (SANDY, "q35", "subsystem-id", {"3.6": "none", "3.14": "none", "4.8": "none", "6.12": "CPT"}),
    (SANDY, "q35", "real-chipset", {"3.6": "CPT", "3.14": "CPT", "4.8": "CPT", "6.12": "CPT"}),
    # A guess of 4.8 is a type without an id: neither LP nor H. 6.12 guesses an id.
    (HASWELL_H, "pc", "one", {"4.8": "LPT", "6.12": "LPT-H"}),
    (HASWELL_ULT, "pc", "one", {"4.8": "LPT", "6.12": "LPT-LP"}),
    (HASWELL_ULT, "pc", "two", {"3.14": "LPT-LP", "4.8": "LPT", "6.12": "LPT-LP"}),
    (HASWELL_ULT, "q35", "real-chipset", {"3.6": "none", "3.14": "LPT-LP", "4.8": "LPT-LP", "6.12": "LPT-LP"}),
    # 3.14 takes any ISA bridge of Intel's for Lynx Point-LP on a Broadwell. 9CC3 is WPT-LP under mask FF80 only.
    (BROADWELL_ULT, "pc", "one", {"3.6": "none", "3.14": "LPT-LP", "4.8": "LPT", "6.12": "LPT-LP"}),
    (BROADWELL_ULT, "q35", "real-chipset", {"3.14": "LPT-LP", "4.8": "LPT-LP", "6.12": "LPT-LP"}),
    (SKYLAKE_H, "pc", "two", {"3.14": "none", "4.8": "SPT", "6.12": "SPT"}),
    # Coffee Lake is guessed to have its own series' PCH, CNP; on a 200 series board it is KBP, of type SPT.
    (COFFEE_ON_200, "pc", "two", {"6.12": "CNP"}),
    (COFFEE_ON_200, "q35", "one", {"6.12": "CNP"}),
    (COFFEE_ON_200, "q35", "real-chipset", {"4.8": "KBP", "6.12": "SPT"}),
    (ALDER, "pc", "one", {"6.12": "ADP"}),
    (METEOR, "pc", "stub-1f.0", {"6.12": "MTL"}),
]
CASES = [
    pytest.param(host, machine, choice, version, pch, id=f"{host['cpu']}-{machine}-{choice}-{version}")
    for host, machine, choice, versions in ROWS
    for version, pch in versions.items()
]


@pytest.fixture
def guest():
    made = []

    def make(host, machine, choice, kind="xen"):
        scenario = Scenario(
            host=Host(vga="igd", **host), hypervisor=Hypervisor(kind=kind),
            guest=Guest(machine=machine, isa_bridge=choice),
        )  # fmt: skip
        made.append(GuestRig(scenario))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def asked(rig, name):
    """(in the guest, on the host) what the driver ``name`` concludes."""
    scenario = rig.machine.scenario
    board = host_board(scenario.host, display_function(scenario, None))
    return concluded(DRIVERS[name], InGuest(rig.machine), board)


@pytest.mark.parametrize(("host", "machine", "choice", "version", "pch"), CASES)
def test_what_a_kernel_concludes(guest, host, machine, choice, version, pch):
    assert asked(guest(host, machine, choice), f"i915-{version}")[0].pch == pch


@pytest.mark.parametrize(
    ("host", "version", "pch"),
    [
        (SANDY, "3.6", "CPT"), (HASWELL_ULT, "3.6", "none"), (HASWELL_H, "4.8", "LPT-H"),
        (BROADWELL_ULT, "6.12", "LPT-LP"),
        (COFFEE_ON_200, "6.12", "SPT"), (COFFEE_ON_200, "4.8", "KBP"), (ALDER, "6.12", "ADP"),
    ],
)  # fmt: skip
def test_what_it_concludes_on_the_host_itself(guest, host, version, pch):
    """The host's 00:1f.0 is its only ISA bridge; no kernel guesses there."""
    assert asked(guest(host, "pc", "one"), f"i915-{version}")[1].pch == pch


def test_the_driver_reads_what_the_guest_can_read(guest):
    """Its reads are events of its own, of every function of bus 0: the class of the PIIX3 and of its IDE among them."""
    rig = guest(SANDY, "pc", "one")
    before = rig.last["seq"]
    asked(rig, "i915-6.12")
    events = rig.machine.recorder.tail(int(rig.last["seq"] - before))
    assert set(events["actor"]) == {Actor.DRIVER}
    assert set(events["space"]) == {Space.PCI}
    assert (set(events["cs"]), set(events["ip"])) == ({0}, {0})
    assert set(np.diff(events["time_ns"])) == {1000}
    assert {0x08 << 12 | 0x08, 0x09 << 12 | 0x08} <= set(events["address"].tolist())
    assert not {0x11 << 12} & set(events["address"].tolist())  # 00:02.0 has one function
    assert len({int(address) >> 12 for address in events["address"]}) >= 32


@pytest.mark.parametrize(
    ("machine", "choice", "name", "pch"),
    [
        ("pc", "one", "slot-1f.0", "none"), ("pc", "stub-1f.0", "slot-1f.0", "CPT"), ("pc", "two", "windows", "CPT"),
        ("q35", "one", "slot-1f.0", "none"), ("q35", "real-chipset", "windows", "CPT"),
        ("pc", "subsystem-id", "subsystem-id", "CPT"), ("q35", "subsystem-id", "subsystem-id", "CPT"),
        ("pc", "one", "subsystem-id", "none"), ("pc", "subsystem-id", "windows", "none"),
        ("pc", "stub-1f.0", "subsystem-id", "none"),
    ],
)  # fmt: skip
def test_drivers_that_look_in_one_place(guest, machine, choice, name, pch):
    assert asked(guest(SANDY, machine, choice), name)[0].pch == pch


def test_every_driver_of_a_scenario_is_there():
    """And a scenario can name each of them."""
    from typing import get_args

    from fwsim.scenario.model import DriverName

    assert set(get_args(DriverName)) == {"none", *DRIVERS}


def test_what_is_known_of_windows_is_assumed():
    assert {name: each.known.certainty for name, each in DRIVERS.items()} == {
        "windows": "assumed", **{name: "read" for name in DRIVERS if name != "windows"},
    }  # fmt: skip
