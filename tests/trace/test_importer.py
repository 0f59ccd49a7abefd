"""Logs as QEMU, Linux and Xen print them: each line's event by hand; damaged ones are counted, never fatal."""

import errno
import os
import random
from pathlib import Path

import numpy as np
import pytest

from fwsim.report.faults import render_import
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.importer import LogReader, import_logs
from fwsim.trace.log_lines import messages
from fwsim.trace.refused import errno_of
from fwsim.trace.store import open_events

CASES = Path(__file__).parents[1] / "data/cases"

QEMU = """\
vfio_pci_igd_lpc_bridge_enabled 0000:00:02.0
vfio_pci_igd_bdsm_enabled 0000:00:02.0 40MB
vfio_pci_reset_flr 0000:00:02.0 FLR/VFIO_DEVICE_RESET
pci_cfg_write vfio-pci 00:02.0 @0x5c <- 0xbd700000
vfio_pci_write_config  (0000:00:02.0, @0x5c, 0xbd700000, len=0x4)
pci_cfg_read i440FX 00:00.0 @0x50 -> 0x0
vfio_pci_read_config  (0000:00:02.0, @0x5e, len=0x2) 0xbd70
pci_cfg_read vfio-pci 02:0 @0x5e -> 0xbd70
12@1600000000.000100:vfio_region_write  (0000:00:02.0:region4+0x0, 0x1, 4)
12@1600000000.000200:vfio_pci_igd_bar4_write 0000:00:02.0 [0x001] 0x7da00001 -> 0xbd700001
12@1600000000.000300:vfio_region_write  (0000:00:02.0:region4+0x4, 0xbd700001, 4)
2026-11-27T10:00:01.000000Z vfio_region_read  (0000:00:02.0:region0+0x70180, 4) = 0xd8000000
vfio_region_write  (0000:00:02.0:region0+0x200008, 0x7da02001, 4)
vfio_vga_read  (0x3da, 1) = 0x9
"""
DMESG = """\
[   12.000001] DMAR: DRHD: handling fault status reg 3
[   12.000002] DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x706e0000 [fault reason 0x06] PTE Read access is not set
[   12.500002] DMAR: [DMA Read PASID 0x3] Request device [0x00:0x02.0] fault addr 0x706e1000 [fault reason 0x0c] non-zero reserved fields in PTE
DMAR: [DMA Write] Request device [00:02.0] PASID ffffffff fault addr 0 [fault reason 02] Present bit in context entry is clear
DMAR: [DMA Read] Request device [00:02.0] fault addr b4000000 [fault reason 12] non-zero reserved fields in PTE
Nov 27 10:00:00 host kernel: dmar: DMAR:[DMA Write] Request device [00:02.0] fault addr dba00000
Nov 27 10:00:00 host kernel: DMAR:[fault reason 05] PTE Write access is not set
(XEN) [VT-D]DMAR:[DMA Read] Request device [0000:00:02.0] fault addr 8e43c000, iommu reg = ffff82c00021d000
(XEN) [VT-D]DMAR: reason 06 - PTE Read access is not set
2024-06-06T10:26:40.747576+08:00 host kernel: dmar_fault: 7702 callbacks suppressed
DMAR: [DMA Read] Request device [04:00.4] fault addr bdf80000 [fault reason 06] PTE Read access is not set
"""  # noqa: E501
TWO_LINES = """\
[    1.000000] dmar: DRHD: handling fault status reg 3
[    1.000001] dmar: DMAR:[DMA Read] Request device [00:02.0] fault addr dba00000\x20
[    1.000001] DMAR:[fault reason 02] Present bit in context entry is clear
[   20.210600] DMAR: DRHD: handling fault status reg 2
[   20.210640] DMAR: DMAR:[DMA Write] Request device [00:02.0] fault addr ca6d5000\x20
               DMAR:[fault reason 12] non-zero reserved fields in PTE
[   20.210700] DMAR: DMAR:[DMA Read] Request device [00:02.0] fault addr ca6d6000 DMAR:[fault reason 113] Unknown
"""
SCALABLE = """\
DMAR: [DMA Read] Request device [00:02.0] PASID ffffffff fault addr dba00000 [fault reason 81] SM: Present bit in Directory Entry is clear
DMAR: [DMA Write NO_PASID] Request device [00:02.0] fault addr 0xdba06000 [fault reason 0x71] SM: Present bit in first-level paging entry is clear
DMAR: [DMA Read PASID 0x1] Request device [00:02.0] fault addr 0xdba07000 [fault reason 0x90] SM: A/D bit update needed in first-level entry when set up in no snoop
"""  # noqa: E501
SAMPLES = {"qemu": QEMU, "dmesg": DMESG, "two lines": TWO_LINES, "scalable": SCALABLE}


def read(tmp_path, *texts):
    logs = []
    for number, text in enumerate(texts):
        logs.append(tmp_path / f"{number}.log")
        logs[-1].write_bytes(text.encode() if isinstance(text, str) else text)
    about = import_logs(logs, tmp_path / "events.npy")
    return about, open_events(tmp_path / "events.npy")


def test_qemu_lines_become_events(tmp_path):
    about, events = read(tmp_path, QEMU)
    columns = ["space", "op", "width", "address", "value", "aux", "flags"]
    assert [tuple(int(each[name]) for name in columns) for each in events] == [
        (Space.PCI, Op.WRITE, 4, 0x1005C, 0xBD700000, 0xBD700000, 0),
        (Space.PCI, Op.READ, 1, 0x50, 0, 0, 0),
        (Space.PCI, Op.READ, 2, 0x1005E, 0xBD70, 0xBD70, 0),
        (Space.PORT, Op.WRITE, 4, 0, 1, 1, 0),
        (Space.GTT, Op.WRITE, 4, 0, 0xBD700001, 0x7DA00001, Flag.REWRITTEN | Flag.INDEXED),
        (Space.MMIO, Op.READ, 4, 0x70180, 0xD8000000, 0xD8000000, 0),
        (Space.GTT, Op.WRITE, 4, 8, 0x7DA02001, 0x7DA02001, 0),
        (Space.PORT, Op.READ, 1, 0x3DA, 9, 9, 0),
    ]
    assert events["seq"].tolist() == list(range(1, 9))
    assert (about["bdsm_mib"], about["unknown"], about["kinds"].get("truncated")) == (40, 0, None)


def test_times_are_those_of_the_log(tmp_path):
    _, events = read(tmp_path, "".join(QEMU.splitlines(True)[8:11]), "".join(DMESG.splitlines(True)[1:3]))
    assert events["time_ns"].tolist() == [0, 100_000, 0, 500_000_000]


def test_faults_of_every_style(tmp_path):
    about, events = read(tmp_path, DMESG)
    assert [(int(each["address"]), int(each["op"]), int(each["value"])) for each in events] == [
        (0x706E0000, Op.READ, 6), (0x706E1000, Op.READ, 12), (0, Op.WRITE, 2), (0xB4000000, Op.READ, 12),
        (0xDBA00000, Op.WRITE, 5), (0x8E43C000, Op.READ, 6),
    ]  # fmt: skip
    assert set(events["actor"]) == {Actor.IOMMU}
    assert set(events["flags"]) == {Flag.FAULTED}
    assert (about["suppressed"], about["overflowed"], about["without_reason"]) == (7702, True, 0)
    assert about["kinds"]["fault of another device"] == 1


def test_two_lines_of_linux_until_4_4(tmp_path):
    about, events = read(tmp_path, TWO_LINES)
    assert [(int(each["address"]), int(each["op"]), int(each["value"])) for each in events] == [
        (0xDBA00000, Op.READ, 2), (0xCA6D5000, Op.WRITE, 12), (0xCA6D6000, Op.READ, 113),
    ]  # fmt: skip
    assert about["kinds"] == {"fault": 3, "reason": 3, "status": 2}
    assert (about["overflowed"], about["without_reason"], about["unknown"]) == (True, 0, 0)


def test_a_reason_belongs_to_the_fault_before_it(tmp_path):
    """The first fault's second line is lost; the one that follows is of 04:00.0."""
    lines = [TWO_LINES.splitlines(True)[4], "DMAR: DMAR:[DMA Read] Request device [04:00.0] fault addr ca6d5000 \n"]
    about, events = read(tmp_path, "".join(lines) + "DMAR:[fault reason 01] Present bit in root entry is clear\n")
    assert [int(each["value"]) for each in events] == [5]
    assert about["without_reason"] == 1


def test_reasons_of_scalable_mode(tmp_path):
    about, events = read(tmp_path, SCALABLE)
    assert [(int(each["address"]), int(each["op"]), int(each["value"])) for each in events] == [
        (0xDBA00000, Op.READ, 0x51), (0xDBA06000, Op.WRITE, 0x71), (0xDBA07000, Op.READ, 0x90),
    ]  # fmt: skip
    assert about["kinds"] == {"fault": 3}


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("vfio_region_wr", ["truncated"]),
        ("vfio_region_write  (0000:00:02.0:region4+0x", ["truncated"]),
        ("vfio_region_write  (0000:00:0vfio_region_read  (0000:00:02.0:region4+0x0, 4) = 0x1",
         ["truncated", "vfio_region_read"]),
        ("DMAR: [DMA Read] Request device [00:02.0] fault addr b40", ["truncated"]),
        ("DMAR: [DMA Read] Request device [00:02.0] fault addr b4000000 [fault reas", ["truncated"]),
        ("DMAR: [DMA ReadDMAR: [DMA Write] Request device [00:02.0] fault addr 0 [fault reason 05] x", ["fault"]),
        ("DMAR: Host address width 39", ["other"]),
        ("dmar: DRHD: handling fault status reg 2", ["status"]),
        ("DRHD: handling fault status reg 3", ["status"]),
        ("dmar: DRHD base: 0x000000fed90000 flags: 0x0", ["other"]),
        ("dmar: DRHD: handling fault st", ["truncated"]),
        ("dmar: INTR-REMAP: Request device [[f0:1f.0] fault index 0", ["interrupt"]),
        ("INTR-REMAP:[fault reason 37] Blocked a compatibility format interrupt request", ["interrupt reason"]),
        ("DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x0 [fault reason 0x25] Blocked", ["interrupt"]),
        ("DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x0 [fault rea", ["truncated"]),
        ("[VT-D]INTR-REMAP: Request device [0000:00:02.0] fault index 7", ["interrupt"]),
        ("vfio_region_read(0000:00:02.0:region0+0x64010, 4) failed: Out of memory", ["failed"]),
        ("vfio_region_read(0000:00:02.0:region0+0x64010, 4) fail", ["truncated"]),
        ("vfio_vga_write(,0x3c4, 0x1, 1) failed: Input/output error", ["failed"]),
        ("vfio_intx_enable  (0000:00:02.0)", ["other"]),
        ("pci_cfg_read x 0f:9 @0x50 -> 0x0", ["truncated"]),
        ("usb 1-1: new device", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_is_not_whole_is_told(line, kinds):
    assert [message.kind for message in messages(line)] == kinds


@pytest.mark.parametrize("data", [b"", b"\0" * 10_000, b"\xff\xfe" * 5000, b"vfio_" * 20_000, b"DMAR" * 20_000])
def test_what_is_no_log(tmp_path, data):
    about, events = read(tmp_path, data)
    assert len(events) == 0
    assert about["events"] == 0


def test_lines_unknown_are_counted_and_shown(tmp_path):
    about, _ = read(tmp_path, "one\x1b[31m\ntwo\n\nthree\n" + "x\n" * 10)
    assert about["unknown"] == 13
    assert about["samples"]["unknown"][:2] == ["one?[31m", "two"]
    assert len(about["samples"]["unknown"]) == 5


@pytest.mark.parametrize("name", SAMPLES)
def test_random_mutations_are_never_fatal(name):
    """FWSIM_MUTATIONS=100000 for the full run."""
    generator = random.Random(name)
    original = SAMPLES[name].encode()
    for _ in range(int(os.environ.get("FWSIM_MUTATIONS", "1000"))):
        data = bytearray(original)
        for _ in range(generator.randint(1, 8)):
            at = generator.randrange(len(data))
            length = generator.randint(1, 40)
            kind = generator.randrange(4)
            if kind == 0:
                data[at] = generator.randrange(256)
            elif kind == 1:
                del data[at : at + length]
            elif kind == 2:
                data[at:at] = original[generator.randrange(len(original)) :][:length]
            else:
                data[at : at + 1] = generator.choice((b"\n", b"f", b"0x", b"-", b"9" * 20, b" "))
            data = data or bytearray(b"x")
        reader = LogReader()
        for line in data.decode("utf-8", errors="replace").splitlines():
            reader.feed(line)
        events = reader.rest()
        assert events.dtype.names is not None
        assert np.all(events["op"] <= Op.NOTE)


def test_refused_accesses_are_a_kind_of_their_own(tmp_path):
    """Linux 6.8's vfio-pci and GVT-g; the words are glibc's and musl's strerror."""
    about, events = read(tmp_path, (CASES / "logs/vfio-failed.log").read_text())
    assert about["kinds"] == {"failed": 4}
    assert len(events) == 0
    assert [text.split(":")[0] for text in about["refused"]] == [
        "region 0 write, EFAULT", "region 0 read, EFAULT", "region 0 read, ENOMEM", "region 2 write, EBUSY",
    ]  # fmt: skip
    assert list(about["refused"])[3].count("framebuffer") == 1
    numbers = [next(messages(line)).numbers for line in (CASES / "logs/vfio-failed.log").read_text().splitlines()]
    assert numbers == [
        (1, 0, 0x2230, errno.EFAULT), (0, 0, 0xFFFCA8, errno.EFAULT), (0, 0, 0x64010, errno.ENOMEM),
        (1, 2, 0, errno.EBUSY),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Device or resource busy", errno.EBUSY), ("Resource busy", errno.EBUSY), ("Out of memory", errno.ENOMEM),
        ("Input/output error", errno.EIO), ("I/O error", errno.EIO), ("Bad address", errno.EFAULT),
        ("Bad address (hypothetical)", errno.EFAULT), ("out of luck", 0), ("", 0),
    ],
)  # fmt: skip
def test_errno_of_words(words, code):
    assert errno_of(words) == code


def test_every_line_of_the_variants_is_read(tmp_path):
    """23 is decimal in this style, 17h, and no kernel has words for it; 00:02.1 is a virtual function of 00:02.0."""
    about, events = read(tmp_path, (CASES / "logs/dmar-variants.txt").read_text())
    assert about["kinds"] == {"fault": 3, "status": 1, "interrupt": 1}
    assert about["reasons"] == {"7": 1, "23": 1, "113": 1}
    assert about["unknown"] == 0
    assert [int(event["address"]) for event in events] == [0xA902000, 0x7000000, 0xFFFFFFFF000]


def test_every_line_of_the_styles_is_read(tmp_path):
    about, _ = read(tmp_path, (CASES / "logs/dmar-styles.txt").read_text())
    assert about["kinds"] == {"fault": 12, "reason": 3, "status": 2, "suppressed": 1}
    assert about["reasons"] == {"6": 10, "113": 1, "121": 1}
    assert (about["unknown"], about["without_reason"], about["suppressed"]) == (0, 0, 893)


def test_a_reason_of_two_lines_counts_once(tmp_path):
    about, _ = read(tmp_path, TWO_LINES)
    assert about["reasons"] == {"2": 1, "12": 1, "113": 1}


def test_a_refused_interrupt_of_another_device_is_that_devices(tmp_path):
    line = "DMAR: [INTR-REMAP] Request device [{}] fault index 0x3 [fault reason 0x26] Blocked an interrupt request\n"
    about, _ = read(tmp_path, line.format("f0:1f.0") + line.format("00:02.0"))
    assert about["kinds"] == {"interrupt of another device": 1, "interrupt": 1}


def test_a_report_says_the_reasons_in_words(tmp_path):
    about, _ = read(tmp_path, (CASES / "logs/dmar-variants.txt").read_text())
    text = "\n".join(render_import(about, None))
    assert "reason 0x71, SM: Present bit in first-level paging entry is clear" in text
    assert "reason 0x17, for which the kernel has no words (23 in decimal)" in text
    assert all(len(line) <= 80 for line in text.splitlines()[1:])
