"""Expected texts are those of kernel logs; expected counts are worked out by hand from dmar_fault and ___ratelimit."""

import pytest

from fwsim.devices.vtd import Vtd

IGD = 0x10
SECOND = 1_000_000_000


def record(address, reason="06", text="PTE Read access is not set", way="Read"):
    where = f"Request device [00:02.0] fault addr {address:#x}"
    return f"DMAR: [DMA {way} NO_PASID] {where} [fault reason 0x{reason}] {text}"


def status(value):
    return f"DMAR: DRHD: handling fault status reg {value}"


def test_a_read_at_an_unmapped_page_is_what_the_host_logs():
    unit = Vtd()
    unit.fault(0, IGD, 0x706E0123, read=True)
    assert unit.lines == []
    assert unit.fsts == 0x002
    unit.finish()
    assert unit.lines == [status("2"), record(0x706E0000)]
    assert (unit.faults, unit.recorded, unit.overflowed, unit.by_reason) == (1, 1, False, {"6": 1})


def test_the_first_pending_record_moves_on_from_interrupt_to_interrupt():
    unit = Vtd(records=8, style="B", limit="none")
    for frame in range(6):
        unit.fault(frame * 16_600_000, IGD, 0x9BD00000, read=True)
    unit.finish()
    assert [line.rpartition(" ")[2] for line in unit.lines[::2]] == ["2", "102", "202", "302", "402", "502"]
    assert unit.lines[1] == (
        "DMAR: [DMA Read] Request device [00:02.0] fault addr 9bd00000 [fault reason 06] PTE Read access is not set"
    )


def test_a_handler_in_time_sees_the_faults_before_it_only():
    unit = Vtd(latency_ns=10_000)
    unit.fault(0, IGD, 0x1000, read=True)
    unit.fault(9_999, IGD, 0x2000, read=False)
    unit.fault(10_000, IGD, 0x3000, read=True)
    assert unit.fsts == 0x202
    unit.finish()
    assert unit.lines == [
        status("2"),
        record(0x1000),
        record(0x2000, "05", "PTE Write access is not set", "Write"),
        status("202"),
        record(0x3000),
    ]
    assert unit.by_reason == {"6": 2, "5": 1}


def test_overflow_loses_faults_until_the_handler_has_run():
    unit = Vtd(records=4, limit="none", style="D")
    for page in range(10):
        unit.fault(page, IGD, page << 12, read=True)
    assert unit.fsts == 0x003
    unit.fault(10_000, IGD, 0x55000, read=True)
    unit.finish()
    assert (unit.faults, unit.recorded, unit.overflowed) == (11, 5, True)
    assert unit.lines == [status("3"), *(record(page << 12) for page in range(4)), status("2"), record(0x55000)]


def test_wraps_at_the_last_record():
    unit = Vtd(records=4, limit="none")
    for page in range(3):
        unit.fault(page, IGD, page << 12, read=True)
    for page in range(3, 6):
        unit.fault(20_000 + page, IGD, page << 12, read=True)
    unit.finish()
    assert unit.lines[4:] == [status("302"), record(0x3000), record(0x4000), record(0x5000)]


def test_a_kernel_that_limits_each_record():
    """Each interrupt asks for its status line, its record, and once more before it sees that none is left."""
    unit = Vtd()
    for page in range(5):
        unit.fault(page * 20_000, IGD, page << 12, read=True)
    unit.fault(6 * SECOND, IGD, 0x99000, read=True)
    unit.finish()
    shown = [line for page in range(3) for line in (status(f"{page << 8 | 2:x}"), record(page << 12))]
    # 3 * 3 asked; the fourth status line is the tenth. Then 2 of the fourth interrupt and 3 of the fifth are not shown.
    assert unit.lines == [
        *shown, status("302"), "dmar_fault: 5 callbacks suppressed", status("502"), record(0x99000)
    ]  # fmt: skip


def test_a_kernel_that_limits_each_interrupt():
    unit = Vtd(style="B")
    for number in range(25):
        for page in range(3):
            unit.fault(number * 100_000 + page, IGD, page << 12, read=True)
    unit.finish()
    assert len(unit.lines) == 10 * 4 + 1
    assert unit.lines[-1] == "dmar_fault: 15 callbacks suppressed"
    unit.finish()
    assert len(unit.lines) == 41


def test_an_old_kernel_prints_everything():
    unit = Vtd(style="A")
    for number in range(100):
        unit.fault(number * 100_000, IGD, 0xDBA00000, read=True)
    unit.finish()
    assert len(unit.lines) == 300
    assert unit.lines[:3] == [
        "dmar: DRHD: handling fault status reg 2",
        "dmar: DMAR:[DMA Read] Request device [00:02.0] fault addr dba00000 ",
        "DMAR:[fault reason 06] PTE Read access is not set",
    ]


def test_the_window_is_over_after_more_than_five_seconds():
    unit = Vtd(style="B", latency_ns=0)
    for time in [*range(11), 5 * SECOND, 5 * SECOND + 1]:
        unit.fault(time, IGD, 0x1000, read=True)
    unit.finish()
    assert unit.lines[20:] == ["dmar_fault: 2 callbacks suppressed", status("402"), unit.lines[1]]


def test_other_reasons():
    unit = Vtd(style="C")
    unit.fault(0, IGD, 0, read=False, reason=2)
    unit.finish()
    assert unit.lines[1] == (
        "DMAR: [DMA Write] Request device [00:02.0] PASID ffffffff fault addr 0 [fault reason 02] "
        "Present bit in context entry is clear"
    )
    assert unit.by_reason == {"2": 1}


def test_lines_keep_their_number_over_many_faults():
    unit = Vtd()
    for number in range(100_000):
        unit.fault(number * 100, IGD, number << 12, read=True)
    unit.finish()
    assert unit.faults == 100_000
    # 10 ms in all: one window. The handler runs every 10 us (100 faults), which 8 records hold 8 of.
    assert unit.recorded == 8 * 1000
    assert len(unit.lines) == 10  # a status line, eight records, and the tenth asked for the end of the records
    assert unit.lines[-1] == f"dmar_fault: {1000 * 10 - 10} callbacks suppressed"


@pytest.mark.parametrize("cut", [3, 14, 40])
def test_from_a_snapshot_on_it_is_the_same(cut):
    faults = [(number * 3_000, IGD, number << 12, number % 3 > 0) for number in range(60)]
    whole, other = Vtd(), Vtd()
    for fault in faults[:cut]:
        whole.fault(*fault)
    state = whole.snapshot()
    for fault in faults[cut:]:
        whole.fault(*fault)
    whole.finish()
    other.restore(state)
    for fault in faults[cut:]:
        other.fault(*fault)
    other.finish()
    assert other.lines == whole.lines
    assert other.snapshot() == whole.snapshot()
