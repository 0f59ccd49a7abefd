"""What firmware and hypervisor give a generation 9 GOP driver, and what becomes of it without, as a prototype saw."""

import pytest
from gop_lab import EDP, Lab

SKL, ALL = ("kbl", "cml"), tuple(EDP)
_NO_PCH = {"legacy": "off", "lpc": "off"}


def edp(driver, **changed):
    """The driver with its board's panel, and what is changed."""
    return Lab(driver, EDP[driver], **changed)


@pytest.mark.parametrize("driver", ALL)
def test_nobody_set_bdsm(driver):
    """The driver notices nothing, its entries begin at page 0; what tells of it is the checks, and the picture."""
    lab = edp(driver, options={"driver": "none"})
    assert (lab.start, lab.child, lab.whole) == ("SUCCESS", True, False)
    assert lab.igd.entries(slice(3)).tolist() == [0x1, 0x1001, 0x2001]
    assert "screens-complete" in {check.id for check in lab.summary.failed}


GGC = {0x0108: 8192, 0x0208: 16384, 0x0211: 16384, 0x02C1: 16384, 0x0441: 32768, 0xF0C1: 1024, 0x10C1: 131072}


@pytest.mark.parametrize(("driver", "ggc"), [("kbl", ggc) for ggc in GGC] + [("glk", 0x0108), ("apl", 0xF0C1)])
def test_all_of_gms_is_mapped(driver, ggc):
    """Two dwords an entry: the upper one is 0."""
    lab = edp(driver, config={0x50: (2, ggc)})
    assert lab.start == "SUCCESS"
    assert lab.summary.gtt.writes == 2 * GGC[ggc]
    assert int((lab.igd.entries() & 1).sum()) == GGC[ggc]
    assert not lab.igd.entries()[: GGC[ggc]].max() >> 32


@pytest.mark.parametrize("driver", ALL)
def test_no_stolen_memory_at_all(driver):
    """GOP all the same, on an empty GGTT."""
    lab = edp(driver, config={0x50: (2, 0)})
    assert (lab.start, lab.child, lab.whole, lab.summary.gtt.writes) == ("SUCCESS", True, False, 0)


@pytest.mark.parametrize("driver", ALL)
@pytest.mark.parametrize(
    "changed", [{"host": {"lpc_id": 0x2918}}, {"hypervisor": _NO_PCH}, {"hypervisor": _NO_PCH, "machine": "q35"}],
    ids=["ich9", "nothing-there", "q35"],
)  # fmt: skip
def test_a_pch_that_it_does_not_know(driver, changed):
    """Skylake's give up before the first access to the device; Apollo and Gemini Lake have no PCH."""
    lab = edp(driver, **changed)
    assert (lab.start, lab.outcome) == (("DEVICE_ERROR",) * 2 if driver in SKL else ("SUCCESS", "whole"))
    assert bool(len(lab.mmio)) == (driver not in SKL)


PCH = {
    "kbl": {True: (0x8C44, 0x9CC3, 0x9D4E, 0x9D9F, 0xA145, 0xA298, 0xA2C5, 0xA31F), False: (0x1C49, 0x0284, 0xA33F)},
    "cml": {True: (0x0284, 0x0687, 0x4390, 0x9D4E, 0xA085, 0xA145, 0xA2C5, 0xA3C8), False: (0x1C49, 0x8C44, 0x9CC3)},
}


@pytest.mark.parametrize(
    ("driver", "lpc", "known"),
    [(driver, lpc, known) for driver, both in PCH.items() for known, ids in both.items() for lpc in ids],
)
def test_the_pchs_it_knows(driver, lpc, known):
    lab = edp(driver, host={"lpc_id": lpc})
    assert bool(len(lab.mmio)) == known
    assert lab.start == ("SUCCESS" if known else "DEVICE_ERROR")


@pytest.mark.parametrize("driver", ALL)
def test_no_vbt(driver):
    lab = edp(driver, vbt=b"")
    assert (lab.start, len(lab.mmio)) == ("NOT_FOUND", 0)


@pytest.mark.parametrize("driver", ALL)
def test_a_vbt_of_zeros_is_read_through_a_null_pointer(driver):
    lab = edp(driver, vbt=bytes(6000))
    assert lab.reason == "invalid"
    assert "read of an address where nothing is" in lab.summary.stop.detail


@pytest.mark.parametrize("driver", ALL)
def test_no_opregion(driver):
    """ASLS is not read: the VBT comes from the policy protocol."""
    assert edp(driver, hypervisor={"opregion": "off"}).outcome == "whole"


@pytest.mark.parametrize("driver", ALL)
def test_memory_decode_is_off(driver):
    lab = edp(driver, config={0x04: (2, 0)})
    assert (lab.start, len(lab.mmio)) == ("DEVICE_ERROR", 0)


@pytest.mark.parametrize("driver", ALL)
def test_a_link_that_never_trains(driver):
    """The rate falls before it gives up; Skylake's read through a NULL pointer on the way."""
    lab = edp(driver, link={"swing": 4})
    assert not lab.child
    assert (lab.reason, lab.start) == (("invalid", "") if driver in SKL else ("completed", "DEVICE_ERROR"))
