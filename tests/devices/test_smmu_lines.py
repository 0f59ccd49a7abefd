"""Expected texts are worked out by hand from Xen's format strings and the fields of Arm's two specifications."""

import pytest

from fwsim.devices.smmu_lines import Smmu

READ_V2 = "(XEN) smmu: /iommu@2b500000: Unhandled context fault: fsr=0x402, iova=0x50000000, fsynr=0x2, cb=1"
WRITE_V3 = [
    "(XEN) SMMUv3: /iommu@2b400000: event 0x10 received:",
    "(XEN) SMMUv3: /iommu@2b400000: \t0x0000080800000010",  # stream 808h, no substream, F_TRANSLATION
    "(XEN) SMMUv3: /iommu@2b400000: \t0x0000028000000000",  # CLASS 2, S2, a write
    "(XEN) SMMUv3: /iommu@2b400000: \t0x0000008000001234",
    "(XEN) SMMUv3: /iommu@2b400000: \t0x0000008000001000",
]


def test_a_read_that_an_smmu_v2_refuses():
    smmu = Smmu("v2")
    smmu.fault(0, 0x800, 0x50000000, write=False)
    assert smmu.lines == [READ_V2]


def test_a_write_and_an_address_past_32_bits():
    smmu = Smmu("v2")
    smmu.fault(0, 0x800, 0x8000000004, write=True)
    assert smmu.lines[0].endswith("fsr=0x402, iova=0x8000000004, fsynr=0x12, cb=1")
    smmu.fault(20_000, 0x800, 4, write=True)
    assert "iova=0x00000004," in smmu.lines[1]


def test_an_smmu_v2_keeps_one_until_the_handler_was_there():
    smmu = Smmu("v2", latency_ns=1000)
    for time, address in ((0, 0x1000), (500, 0x2000), (999, 0x3000), (1000, 0x4000)):
        smmu.fault(time, 0x800, address, write=False)
    assert [line.split("context fault: ")[1].split(", fsynr")[0] for line in smmu.lines] == [
        "fsr=0x80000402, iova=0x00001000", "fsr=0x402, iova=0x00004000",
    ]  # fmt: skip
    assert (smmu.faults, smmu.recorded, smmu.overflowed) == (4, 2, True)


def test_an_event_of_an_smmu_v3():
    smmu = Smmu("v3")
    smmu.fault(0, 0x808, 0x8000001234, write=True)
    assert smmu.lines == WRITE_V3
    smmu.fault(0, 0x808, 0, write=False)
    assert smmu.lines[7].endswith("\t0x0000028800000000")  # RnW
    assert (smmu.faults, smmu.recorded, smmu.overflowed) == (2, 2, False)


def test_an_smmu_v3_loses_what_its_queue_does_not_hold():
    smmu = Smmu("v3", latency_ns=1000, queue=2)
    for address in (0x1000, 0x2000, 0x3000):
        smmu.fault(0, 0x800, address, write=False)
    lost = "(XEN) SMMUv3: /iommu@2b400000: EVTQ overflow detected -- events lost"
    assert smmu.lines[-1] == lost
    assert len(smmu.lines) == 11
    smmu.fault(2000, 0x800, 0x4000, write=False)
    assert smmu.lines[10] == lost
    assert (len(smmu.lines), smmu.faults, smmu.recorded) == (16, 4, 3)


@pytest.mark.parametrize("style", ["v2", "v3"])
def test_a_snapshot_goes_on_as_the_unit_itself(style):
    def go_on(smmu):
        for time in (500, 1500, 1600):
            smmu.fault(time, 0x900, time << 12, write=True)
        return smmu.lines, smmu.faults, smmu.recorded, smmu.overflowed

    first = Smmu(style, latency_ns=1000, queue=2)
    first.fault(0, 0x800, 0x1000, write=False)
    first.fault(0, 0x800, 0x2000, write=False)
    kept = first.snapshot()
    wanted = go_on(first)
    first.fault(9999, 0x800, 0, write=False)
    first.restore(kept)
    assert go_on(first) == wanted
    other = Smmu(style, latency_ns=1000, queue=2)
    other.restore(kept)
    assert go_on(other) == wanted
