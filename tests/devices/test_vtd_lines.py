"""dmesg's lines as the formats of Linux drivers/iommu/intel/dmar.c, earlier drivers/iommu/dmar.c, give them."""

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


def test_style_b0_is_of_linux_4_4():
    assert READ.lines("B0") == [
        "DMAR: DMAR:[DMA Read] Request device [00:02.0] fault addr 7da00000 ",
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


WORDS = "Blocked a compatibility format interrupt request"


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        ("A", ["dmar: INTR-REMAP: Request device [[f0:1f.0] fault index 12", f"INTR-REMAP:[fault reason 37] {WORDS}"]),
        ("B0", ["DMAR: INTR-REMAP: Request device [[f0:1f.0] fault index 12", f"INTR-REMAP:[fault reason 37] {WORDS}"]),
        ("B", [f"DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 12 [fault reason 37] {WORDS}"]),
        ("C", [f"DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 12 [fault reason 37] {WORDS}"]),
        ("D0", [f"DMAR: [INTR-REMAP] Request device [0xf0:0x1f.0] fault index 0x12 [fault reason 0x25] {WORDS}"]),
        ("D", [f"DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x12 [fault reason 0x25] {WORDS}"]),
    ],
)
def test_interrupt_faults_name_the_index(style, lines):
    assert Fault(0xF0F8, 0x12 << 48, 0x25, read=True).lines(style) == lines


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0x30, "SM: Invalid Root Table Address"),
        (0x3A, "SM: Non-zero reserved field set in Root Entry"),
        (0x48, "SM: RID_PASID field error in Context-Entry"),
        (0x51, "SM: Present bit in Directory Entry is clear"),
        (0x5D, "SM: SRE field is clear in PASID Table Entry"),
        (0x71, "SM: Present bit in first-level paging entry is clear"),
        (0x79, "SM: Read/Write permission error in second-level paging entry"),
        (0x7C, "SM: A/D bit update needed in second-level entry when set up in no snoop"),
        (0x87, "SM: Invalid address-interrupt address"),
        (0x90, "SM: A/D bit update needed in first-level entry when set up in no snoop"),
        (0x33, "Unknown"),
        (0x49, "Unknown"),
        (0x6F, "Unknown"),
        (0x8F, "Unknown"),
    ],
)
def test_reasons_of_scalable_mode(code, text):
    assert reason(code) == ("DMA_REMAP", text)


@pytest.mark.parametrize("code", [0x0E, 0x1F, 0x27, 0x2F, 0x91, 0xFF])
def test_reasons_beside_the_tables(code):
    assert reason(code) == ("UNKNOWN", "Unknown")


def test_a_scalable_mode_fault_by_style():
    """D's line is of a report on the list (00:0d.2, a PASID directory that was not flushed)."""
    fault = Fault(0x6A, 0x1026A4000, 0x51, read=True)
    words = "SM: Present bit in Directory Entry is clear"
    assert fault.lines("D") == [
        f"DMAR: [DMA Read NO_PASID] Request device [00:0d.2] fault addr 0x1026a4000 [fault reason 0x51] {words}"
    ]
    assert fault.lines("B") == [
        f"DMAR: [DMA Read] Request device [00:0d.2] fault addr 1026a4000 [fault reason 81] {words}"
    ]
    assert fault.lines("B0")[1] == "DMAR:[fault reason 81] Unknown"
    assert fault.lines("A")[1] == "DMAR:[fault reason 81] Unknown"


def test_unknown_reason_is_printed_as_a_dma_fault():
    assert reason(0x7F).text == "Unknown"
    assert "[DMA Read NO_PASID]" in Fault(0x10, 0, 0x7F, read=True).lines()[0]


def test_status():
    assert Status.decode(0x503) == (True, True, 5)


@pytest.mark.parametrize("style", ["B0", "B", "C", "D0", "D"])
def test_status_line(style):
    assert status_line(0x302, style) == "DMAR: DRHD: handling fault status reg 302"


def test_style_as_own_status_line():
    assert status_line(0x302, "A") == "dmar: DRHD: handling fault status reg 302"
