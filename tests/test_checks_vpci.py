"""The checks of an Arm guest's run: each fails where it should, in words that name the function."""

import pytest

from fwsim.results.summary import AssignedBar, AssignedFunction, Iommu, Stop, Summary, VpciSummary
from fwsim.rules.vpci import check_vpci

WINDOWS = {"memory": (0x23000000, 0x10000000), "prefetchable": (1 << 32, 1 << 32)}


def checks(summary):
    return {each.id: each for each in check_vpci(summary)}


def run(*bars, **fields):
    function = AssignedFunction(guest="0000:00:00.0", host="0000:08:00.0", bars=list(bars))
    return Summary(vpci=VpciSummary(windows=WINDOWS, functions=[function], **fields))


def test_a_good_run():
    found = checks(run(AssignedBar(size=0x1000, host=0x50000000, guest=0x23000000, mapped=True)))
    assert all(each.ok for each in found.values())
    assert set(found) == {
        "program-finished", "domain-alive", "functions-shown", "bars-in-windows", "bars-mapped", "no-aborts",
        "no-smmu-faults",
    }  # fmt: skip


def test_a_run_of_a_rom_has_none():
    assert check_vpci(Summary()) == []


@pytest.mark.parametrize(("guest", "size"), [(0x50000000, 0x1000), (0x32FFF000, 0x2000), (0x22FFF000, 0x1000)])
def test_a_bar_outside_of_the_windows(guest, size):
    found = checks(run(AssignedBar(size=size, guest=guest, mapped=True)))
    assert not found["bars-in-windows"].ok
    assert f"{guest:#x}" in found["bars-in-windows"].detail


def test_a_bar_that_is_larger_than_its_window():
    found = checks(run(AssignedBar(size=0x20000000, guest=0x60000000)))
    assert not found["bars-mapped"].ok
    assert found["bars-mapped"].detail.endswith("mapped nowhere (512M, the memory window has 256M)")
    small = checks(run(AssignedBar(size=0x1000, guest=0x60000000)))["bars-mapped"]
    assert small.detail.endswith("is mapped nowhere")
    assert checks(run(AssignedBar(size=0x20000000, kind="pref")))["bars-mapped"].detail.endswith("is mapped nowhere")


def test_the_ends():
    crashed = run(crashed="domain_crash called from drivers/vpci/header.c:243", aborts=2)
    crashed.iommu = Iommu(faults=3)
    crashed.stop = Stop(reason="aborted", ip=0x40200000)
    found = checks(crashed)
    assert [name for name, each in found.items() if not each.ok] == [
        "program-finished", "domain-alive", "no-aborts", "no-smmu-faults",
    ]  # fmt: skip


def test_a_function_that_was_refused():
    summary = run()
    assert summary.vpci.functions
    summary.vpci.functions[0].refused = "no bridge"
    assert checks(summary)["functions-shown"].detail == "0000:08:00.0: no bridge"
