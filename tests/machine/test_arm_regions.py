"""What answers in an Arm guest's memory follows stage 2: over RAM too, and back again with a snapshot."""

import pytest

from fwsim.hypervisor.vpci.stage2 import Mapping
from fwsim.machine.build_arm import build_arm
from fwsim.machine.dma_arm import DmaOf
from fwsim.trace.event import Actor, Op, Space
from tests.arm_code import CODE, NIC, elf, scenario

HOST, SIZE = 0x51000000, 0x4000
DEVICE = (
    NIC
    + """bars = ["mem 16K @ 0x51000000"]
"""
)
IN_RAM = 0x41000000


@pytest.fixture
def built(tmp_path):
    return build_arm(scenario(tmp_path, elf(CODE["waits"].data), DEVICE, 'pci = ["08:00.0"]'))


def word(built, address):
    return built.machine.engine.number(address, 4)


def map_bar(built, guest, host=HOST, size=SIZE):
    built.domain.stage2.map(Mapping(guest, host, size, 0x800, 0))


def test_a_bars_registers_say_whose_they_are(built):
    map_bar(built, 0x23000000)
    assert (word(built, 0x23000000), word(built, 0x23000004)) == (0x10D38086, 0x00000800)  # ids; BAR 0 of 08:00.0
    built.machine.engine.put(0x23000010, 0x12345678, 4)
    assert word(built, 0x23000010) == 0x12345678
    built.machine.engine.put(0x23000000, 0, 4)
    assert word(built, 0x23000000) == 0x10D38086


def test_a_mapping_that_is_cut_keeps_both_ends(built):
    map_bar(built, 0x23000000)
    built.machine.engine.put(0x23000010, 0xAAAA, 4)
    built.machine.engine.put(0x23003010, 0xBBBB, 4)
    built.domain.stage2.unmap(0x23001000, 0x1000)
    assert (word(built, 0x23000010), word(built, 0x23003010)) == (0xAAAA, 0xBBBB)
    region, offset = built.machine.regions.at(0x23003010)
    assert (region.start, region.size, offset) == (0x23002000, 0x2000, 0x3010)
    with pytest.raises(StopIteration):
        built.machine.regions.at(0x23001000)


def test_over_ram_and_back(built):
    machine = built.machine
    machine.engine.put(IN_RAM, 0x11112222, 4)
    before = machine.snapshot()
    map_bar(built, IN_RAM)
    assert word(built, IN_RAM) == 0x10D38086
    assert word(built, IN_RAM + SIZE) == 0
    after = machine.snapshot()
    machine.restore(before)
    assert word(built, IN_RAM) == 0x11112222
    machine.restore(after)
    assert word(built, IN_RAM) == 0x10D38086
    machine.restore(before)
    assert word(built, IN_RAM) == 0x11112222


def test_each_change_is_an_event(built):
    map_bar(built, 0x23000000)
    built.domain.stage2.unmap(0x23000000, SIZE)
    events = built.machine.recorder.read(0, built.machine.recorder.count)
    rows = [(int(e["address"]), int(e["value"]), int(e["aux"])) for e in events]
    assert rows == [(0x23000000, HOST, SIZE), (0x23000000, 0, SIZE)]
    assert {(int(e["actor"]), int(e["space"]), int(e["op"])) for e in events} == {
        (Actor.HYPERVISOR, Space.MEMORY, Op.NOTE)
    }


def test_dma_goes_where_stage_2_leads_ram_bars_and_nowhere(built):
    """An SMMU that shares stage 2 refuses what the guest could not reach either, and nothing else."""
    dma = DmaOf(built.smmu)
    dma.reaches(built.machine)
    device = dma.of(0x900)
    assert device.write(IN_RAM, b"\x44\x33\x22\x11")
    assert word(built, IN_RAM) == 0x11223344
    assert device.read(0x23000000, 4) is None
    assert built.smmu.faults == 1
    map_bar(built, 0x23000000)
    assert device.read(0x23000000, 8) == bytes.fromhex("8680d31000080000")
    assert device.write(0x23000010, b"\x01\x02\x03\x04")
    assert word(built, 0x23000010) == 0x04030201
    map_bar(built, IN_RAM)
    assert device.read(IN_RAM, 4) == bytes.fromhex("8680d310")
    assert built.smmu.faults == 1
    assert not device.write(0x23003FFE, b"\0" * 4)  # past the BAR's end
    assert built.smmu.faults == 2
