import pytest

from fwsim.devices.vtd_lines import Fault, Status, reason, status_line

READ = Fault(0x10, 0x7DA00000, 6, read=True)


def test_record_there_and_back():
    fault = Fault(0x00F3, 0x123456789000, 5, read=False, pasid=0x1A)
    assert Fault.decode(fault.encode()) == fault
    assert Fault.decode(READ.encode()) == READ


def test_style_a_has_two_lines_and_a_trailing_space():
    assert READ.lines("A") == [
        "dmar: DMAR:[DMA Read] Request device [00:02.0] fault addr 7da00000 ",
        "DMAR:[fault reason 06] PTE Read access is not set",
    ]


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("C", "DMAR: [DMA Write] Request device [00:02.0] PASID 1a fault addr 1000 [fault reason 12] "),
        ("D0", "DMAR: [DMA Write PASID 0x1a] Request device [0x00:0x02.0] fault addr 0x1000 [fault reason 0x0c] "),
        ("D", "DMAR: [DMA Write PASID 0x1a] Request device [00:02.0] fault addr 0x1000 [fault reason 0x0c] "),
    ],
)
def test_pasid_by_style(style, text):
    fault = Fault(0x10, 0x1000, 12, read=False, pasid=0x1A)
    assert fault.lines(style) == [text + "non-zero reserved fields in PTE"]


def test_interrupt_faults_name_the_index():
    fault = Fault(0xF0F8, 0x12 << 48, 0x22, read=True)
    start = "DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x12 [fault reason 0x22] "
    assert fault.lines("D")[0].startswith(start)


def test_unknown_reason_is_printed_as_a_dma_fault():
    assert reason(0x7F).text == "Unknown"
    assert "[DMA Read NO_PASID]" in Fault(0x10, 0, 0x7F, read=True).lines()[0]


def test_status():
    assert Status.decode(0x503) == (True, True, 5)
    assert status_line(0x302, "A") == "dmar: DRHD: handling fault status reg 302"
