"""More functions on the guest's bus are placed as ``alloc`` places them, numbered, and reached through open windows."""

import pytest

from fwsim.machine.build import build
from fwsim.placement.allocate import place
from fwsim.placement.ask import Ask, parse_bars
from fwsim.rom.chain import Rom
from fwsim.scenario.load import loads

BEHIND = """
[guest]
machine = "q35"
[[function]]
slot = "1c.0"
vendor = 0x1b36
device = 0x000c
class = 0x060400
[[function]]
slot = "00.0"
behind = "00:1c.0"
class = 0x060400
[[function]]
slot = "03.0"
behind = "1c.0/00.0"
vendor = 0x8086
device = 0x10d3
class = 0x020000
bars = ["mem 128K", "io 32", "pref64 256K"]
[[function]]
slot = "04.0"
bars = ["mem 16K"]
"""


@pytest.fixture
def machine():
    made = []

    def make(toml):
        built = build(loads(toml), Rom(__file__, b"", "", (), ()), b"", None)
        made.append(built.machine)
        return built.machine

    yield make
    for one in made:
        one.recorder.close()


def config(machine, bdf, offset, width=4):
    return machine.pci.read(machine.root, bdf, offset, width)


def test_bridges_are_numbered_depth_first(machine):
    """Bus 1 behind 00:1c.0, bus 2 behind 01:00.0; primary, secondary, subordinate, a byte each."""
    made = machine('[host]\nvga = "igd"\n' + BEHIND)
    assert config(made, 0xE0, 0x18, 4) & 0xFFFFFF == 0x020100
    assert config(made, 0x100, 0x18, 4) & 0xFFFFFF == 0x020201
    assert config(made, 0x218, 0, 4) == 0x10D38086


def test_windows_cover_what_is_behind(machine):
    """Base and limit in whole MiB of memory and 4 KiB of ports, prefetchable memory apart; the BARs lie inside."""
    made = machine('[host]\nvga = "igd"\n' + BEHIND)
    memory, ports, pref = (config(made, 0x218, at) for at in (0x10, 0x14, 0x18))
    for bridge in (0xE0, 0x100):
        window = config(made, bridge, 0x20)
        assert (window & 0xFFF0) << 16 <= memory < memory + 0x20000 <= (window & 0xFFF00000) + 0x100000
        io = config(made, bridge, 0x1C, 2)
        assert (io & 0xF0) << 8 <= ports & ~3 < (io >> 8 & 0xF0) * 0x100 + 0x1000
        window = config(made, bridge, 0x24)
        assert (window & 0xFFF0) << 16 <= pref & ~0xF < (window & 0xFFF00000) + 0x100000
        assert config(made, bridge, 4, 2) & 3 == 3


def test_ecam_reaches_behind_the_bridges(machine):
    made = machine('[host]\nvga = "igd"\n' + BEHIND)
    assert made.engine.read(0xB0000000 | 0x218 << 12, 4) == bytes.fromhex("8680d310")


def test_a_run_places_what_alloc_places(machine):
    """The same function beside the IGD, in a scenario and in ``alloc --bars``."""
    made = machine('[host]\nvga = "igd"\n[[function]]\nslot = "04.0"\nbars = ["mem 64K", "io 64", "pref64 1M"]\n')
    ask = Ask(bars=parse_bars("00:04.0=0:64K:mem,1:64:io,2:1M:pref64"))
    wanted = {bar.name: bar.address for bar in place(ask).details.bars}
    found = {f"00:04.0 BAR{index}": config(made, 0x20, 0x10 + 4 * index) & ~0xF for index in range(3)}
    assert found == {name: wanted[name] for name in found}


def test_a_devices_first_function_says_that_there_are_more(machine):
    """PCI Local Bus 3.0, 6.2.1: bit 7 of the header type; what is below it is the kind of header."""
    made = machine(
        '[host]\nvga = "igd"\n[[function]]\nslot = "03.0"\nclass = 0x060400\n[[function]]\nslot = "03.1"\n'
        '[[function]]\nslot = "04.0"\n'
    )
    assert [config(made, bdf, 0x0E, 1) for bdf in (0x18, 0x19, 0x20)] == [0x81, 0x00, 0x00]
