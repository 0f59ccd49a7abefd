"""An installed kind that says who answers configuration space: a run of it, and what fails in it is named."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fwsim.devices.config_traps import AS_CONFIG, DEVICE_MODEL, EMULATORS, Route
from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.config_space import ConfigDesign, Party
from fwsim.hypervisor.interface import Hypervisor
from fwsim.machine.build import build
from fwsim.rom.chain import load as load_rom
from fwsim.running.config_space import config_space
from fwsim.scenario.check import check
from fwsim.scenario.load import loads

POINT = "entry point theirs = their_package:Theirs"
NIC = 0x28


class Routes:
    """00:05.0 is another emulator's, by whichever way."""

    answer = None

    def route(self, way, bdf, offset):
        return self.answer or Route(EMULATORS if bdf == NIC else DEVICE_MODEL, AS_CONFIG, reaches=True)


class Theirs(Hypervisor):
    kind = "theirs"
    routes_config = True
    router = Routes()

    def config_design(self, device, board):
        parties = (Party("theirs", ()), Party("qemu", (0,)), Party("nic", (NIC,)))
        return ConfigDesign("theirs", "a design of theirs", parties, self.router, True, False, "", "")


@pytest.fixture
def machine(monkeypatch, rom):
    def make(kind):
        point = EntryPoint("theirs", "their_package:Theirs", kinds.GROUP)
        monkeypatch.setattr(EntryPoint, "load", lambda self: kind)
        monkeypatch.setattr(kinds, "_entry_points", lambda: {"theirs": point})
        kinds._class.cache_clear()
        text = '[hypervisor]\nkind = "theirs"\n[guest]\nmachine = "q35"\n[[function]]\nslot = "05.0"\nowner = "nic"\n'
        scenario = loads(text)
        check(scenario)
        return build(scenario, load_rom(rom), b"", None)

    yield make
    kinds._class.cache_clear()


@pytest.fixture
def rom():
    return str(Path(__file__).parents[2] / "roms" / "igd-vbios.rom")


def test_its_design_routes_and_is_told(machine):
    built = machine(Theirs)
    built.machine.pci.read(built.machine.root, NIC, 0, 4)
    note = built.machine.recorder.tail(1)[0]
    assert (int(note["value"]), int(note["aux"])) == (EMULATORS, AS_CONFIG)
    found = config_space(built)
    assert (found.design, [each.name for each in found.servers]) == ("theirs", ["theirs", "qemu", "nic"])
    assert [each.reads for each in found.answers if each.who == "nic"] == [1]


def test_what_is_no_design_names_the_package(machine):
    class NoDesign(Theirs):
        def config_design(self, device, board):
            return "mine"

    with pytest.raises(FwsimError, match="config_design") as error:
        machine(NoDesign)
    assert POINT in str(error.value)


@pytest.mark.parametrize("answer", ["nobody", 3])
def test_what_is_no_route_names_the_package(machine, answer):
    class NoRoute(Theirs):
        router = type("Wrong", (Routes,), {"answer": answer})()

    router = machine(NoRoute).config_design.router
    with pytest.raises(FwsimError, match="route") as error:
        router.route(1, NIC, 0)
    assert POINT in str(error.value)
