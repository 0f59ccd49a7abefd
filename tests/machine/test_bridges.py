"""What lies behind bridges: found by numbers that code writes, reached through windows that code opens."""

import pytest
from config_code import cf8_read, cf8_write, configured, window_read, window_write
from flat import GDT, unreal
from guest_rig import GuestRig

from fwsim.board.function import BarSpec, BoardFunction
from fwsim.devices.bridge import make_bridge
from fwsim.machine.plugged import Plugged, plug
from fwsim.native import PORT_BAR
from fwsim.scenario.model import Function, Host, Scenario

FIRST, INNER, DEVICE = 0x30, 0x08, 0x18
"""Device 6 of bus 0; device 1 of the bus behind it; device 3 of the bus behind that."""
MEMORY, PORTS = 0xC8000000, 0xD000
Q35, BASE = '[guest]\nmachine = "q35"\n[hypervisor]\nkind = "ranged"\n', 0xB0000000


class Behind:
    """A machine with two bridges and, behind them, a function with a memory BAR of the IGD's kind and an I/O BAR."""

    def __init__(self, made, size: int = 0x10000) -> None:
        self.made, self.machine = made, made.machine
        pci = self.machine.pci
        self.first = plug(pci, BoardFunction(FIRST, 0x1B36, 0x0001, 0x060400)).slot
        make_bridge(pci, self.first)
        self.inner = pci.add(INNER, behind=self.first)
        pci.set(self.inner, 0, 4, 0x00011B36)
        pci.set(self.inner, 4, 2, 0, 0x0547)
        make_bridge(pci, self.inner)
        self.slot = pci.add(DEVICE, behind=self.inner)
        pci.set(self.slot, 0, 4, 0x10D38086)
        pci.set(self.slot, 4, 2, 0, 0x0547)
        pci.set(self.slot, 0x10, 4, 0, -size & 0xFFFFFFF0)
        pci.set(self.slot, 0x14, 4, 1, 0xFFFFFFE0)
        for offset in (4, 0x10, 0x14):
            pci.on_write(self.slot, offset)
        bars = (BarSpec(0, size, "mem", False, "IDLE"), BarSpec(1, 32, "io", False, "IDLE"))
        spec = BoardFunction(DEVICE, 0x8086, 0x10D3, 0x020000, bars=bars)
        self.machine.functions.append(Plugged(spec, self.slot))

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        self.machine.pci.write(self.machine.root, bdf, offset, width, value)

    def answers(self) -> bool:
        """Whether the memory BAR is decoded: an event is made where it is."""
        before = self.machine.recorder.count
        self.machine.engine.read(MEMORY, 4)
        return self.machine.recorder.count > before

    def place(self, command: int = 3) -> None:
        """Number the buses 1 and 2, place the BARs, and open every window for them."""
        self.write(FIRST, 0x18, 4, 0x020100)
        self.write(0x108, 0x18, 4, 0x020201)
        self.write(0x218, 0x10, 4, MEMORY)
        self.write(0x218, 0x14, 4, PORTS)
        self.write(0x218, 4, 2, command)
        for bdf in (FIRST, 0x108):
            self.write(bdf, 0x20, 4, 0xC800C800)
            self.write(bdf, 0x1C, 2, 0xD0D0)
            self.write(bdf, 4, 2, command)


@pytest.fixture
def behind(rig):
    def make(code: str = "", size: int = 0x10000) -> Behind:
        return Behind(rig(unreal(code + "cb"), Q35, memory=GDT), size)

    return make


def test_code_numbers_two_bridges_and_finds_the_function_by_either_mechanism(behind):
    made = behind(
        cf8_write(FIRST, 0x18, 4, 0x050400)
        + window_write(BASE + (0x408 << 12) + 0x19, 2, 0x0505)
        + cf8_read(0x518, 0, 4)
        + window_read(BASE + (0x518 << 12), 4)
        + cf8_write(FIRST, 0x1A, 1, 4)
        + window_read(BASE + (0x518 << 12), 4)
    )
    assert made.made.post().reason == "completed"
    reads = [row for row in configured(made.made) if row[0] == 0]
    assert reads[0] == reads[1] == (0, 4, 0x518000, 0x10D38086, 0x10D38086, 0)
    assert reads[2] == (0, 4, 0x518000, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def test_a_bar_behind_two_bridges_answers_when_every_window_is_open(behind):
    made = behind()
    assert not made.answers()
    made.place()
    assert made.answers()


@pytest.mark.parametrize(
    ("offset", "width", "closed", "opened"),
    [
        (0x04, 2, 1, 3),
        (0x20, 4, 0xC810C810, 0xC800C800),
        (0x20, 4, 0xC7F0C7F0, 0xC7F0C000),
        (0x20, 4, 0xC700C800, 0xC900C800),
    ],
    ids=["memory off", "above", "below", "base above limit"],
)
@pytest.mark.parametrize("bdf", [FIRST, 0x108], ids=["outer", "inner"])
def test_each_bridge_above_decides_over_memory(behind, bdf, offset, width, closed, opened):
    made = behind()
    made.place()
    made.write(bdf, offset, width, closed)
    assert not made.answers()
    made.write(bdf, offset, width, opened if offset == 4 else 0xC800C800)
    assert made.answers()


def test_a_bar_must_lie_in_the_window_with_all_of_it(behind):
    """A window of 1 MiB up to C80FFFFF: the last 64 KiB in it answer, the next do not, and no BAR of 2 MiB."""
    made = behind()
    made.place()
    made.write(0x218, 0x10, 4, 0xC80F0000)
    before = made.machine.recorder.count
    made.machine.engine.read(0xC80FFFFC, 4)
    assert made.machine.recorder.count > before
    made.write(0x218, 0x10, 4, 0xC8100000)
    before = made.machine.recorder.count
    made.machine.engine.read(0xC8100000, 4)
    assert made.machine.recorder.count == before
    wide = behind(size=2 << 20)
    wide.place()
    assert not wide.answers()
    for bdf in (FIRST, 0x108):
        wide.write(bdf, 0x20, 4, 0xC810C800)
    assert wide.answers()


def test_a_bridge_at_reset_forwards_nothing(behind):
    """Every base lies above its limit (QEMU hw/pci/pci_bridge.c, pci_bridge_disable_base_limit)."""
    made = behind()
    made.write(FIRST, 4, 2, 3)
    pci, root = made.machine.pci, made.machine.root
    assert pci.read(root, FIRST, 0x20, 4) == 0x0000FFF0
    assert pci.read(root, FIRST, 0x24, 4) == 0x0001FFF1
    assert pci.read(root, FIRST, 0x1C, 2) == 0x00F0
    assert pci.read(root, FIRST, 0x18, 4) == 0
    assert pci.read(root, FIRST, 0x0E, 1) == 1


@pytest.mark.parametrize("upper", [(0, 0), (0, 1), (1, 1), (1, 0)])
def test_the_prefetchable_window_forwards_too_with_its_upper_halves(behind, upper):
    made = behind()
    made.place()
    made.write(FIRST, 0x20, 4, 0x0000FFF0)
    assert not made.answers()
    made.write(FIRST, 0x24, 4, 0xC800C800)
    made.write(FIRST, 0x28, 4, upper[0])
    made.write(FIRST, 0x2C, 4, upper[1])
    assert made.answers() == (upper in ((0, 0), (0, 1)))


@pytest.mark.parametrize("bdf", [FIRST, 0x108], ids=["outer", "inner"])
def test_each_bridge_above_decides_over_ports(behind, bdf):
    made = behind()
    made.place()
    assert made.machine.ports[PORTS] == PORT_BAR
    for offset, value, forwarded in (
        (4, 2, False), (4, 3, True), (0x1C, 0xC0C0, False), (0x1C, 0xF0D0, True), (0x1C, 0xF0E0, False),
        (0x1C, 0xC0D0, False), (0x1C, 0xD0C0, True),
    ):  # fmt: skip
        made.write(bdf, offset, 2, value)
        assert (made.machine.ports[PORTS] == PORT_BAR) == forwarded


def test_a_snapshot_brings_numbers_and_windows_back(behind):
    made = behind()
    made.place()
    taken = made.made.session.slices.snapshot()
    made.write(FIRST, 0x20, 4, 0x0000FFF0)
    made.write(FIRST, 0x18, 4, 0x090800)
    assert not made.answers()
    made.made.session.slices.restore(taken)
    assert made.answers()
    assert made.machine.pci.present()[-1] == 0x218


def test_bios_services_find_what_lies_behind_bridges(rig):
    """INT 1Ah B102h for 8086:10D3: bus 2, device 3; B101h: the last bus is 2."""
    made = Behind(rig("b802b1 b9d310 ba8680 31f6 cd1a 89dd b801b1 cd1a cb"))
    made.place()
    assert made.made.post().reason == "completed"
    assert made.machine.engine.get("bp") == 0x218
    assert made.machine.engine.get("cl") == 2


def test_firmware_opens_a_bridge_for_all_ports_behind_it():
    """8 KiB of ports in two BARs: the limit's bits 7:4 are bits 15:12 of the last port (PCI-to-PCI Bridge Architecture
    Specification 1.2, 3.2.5.6), so the window ends where the second BAR does.
    """
    bridge = Function("06.0", class_code=0x060400)
    behind = Function("01.0", behind="06.0", bars=("io 4K", "io 4K"))
    rig = GuestRig(Scenario(host=Host(vga="igd"), function=(bridge, behind)))
    first, second = sorted(rig.config(at, bdf=0x108) & ~3 for at in (0x10, 0x14))
    base, limit = rig.config(0x1C, 1, FIRST), rig.config(0x1D, 1, FIRST)
    assert second == first + 0x1000
    assert ((base & 0xF0) << 8, (limit & 0xF0) << 8) == (first, second)
    rig.close()
