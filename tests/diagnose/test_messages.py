"""Every known message is found in a line as its speaker prints it, alone, and in no line that only resembles it."""

import re
from pathlib import Path

import pytest

from fwsim.diagnose.finding import WEIGHT
from fwsim.diagnose.messages.row import fill
from fwsim.diagnose.messages.table import ROWS, rows_for, seen_in
from fwsim.diagnose.remedies import REMEDIES

SAMPLES = [
    tuple(line.split("\t", 1)) for line in (Path(__file__).parents[1] / "data/messages.txt").read_text().splitlines()
]
TOGETHER = {
    ("qemu-version", "libvirt-log"), ("cmdline-igfx-off", "cmdline-iommu-on"),
    ("vgaarb-none", "vgaarb-decodes"),
}  # fmt: skip
"""Lines that bear two messages."""


def ids(line):
    return {seen.id for seen in seen_in(line, "x.log", 1)}


@pytest.mark.parametrize(("name", "line"), SAMPLES)
def test_a_line_bears_its_message_and_no_other(name, line):
    found = ids(line)
    assert name in found
    assert all((name, other) in TOGETHER for other in found - {name})
    assert [row for row in rows_for(f"before\n{line}\nafter") if row.id == name], "the block is not looked into"


@pytest.mark.parametrize(("name", "line"), SAMPLES)
def test_a_line_that_is_cut_bears_none_that_it_did_not(name, line):
    for end in range(0, len(line), 3):
        assert ids(line[:end]) <= ids(line)


def test_every_row_has_a_line():
    assert set(ROWS) == {name for name, _ in SAMPLES}
    assert len(ROWS) >= 120


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_a_row_is_whole(row):
    """Its sentences have the groups that they name, its remedy is there, its source is told."""
    assert row.source
    assert len(row.needle) >= 3
    assert row.severity is None or row.severity in WEIGHT
    assert row.remedy in REMEDIES or not row.remedy
    assert set(re.findall(r"\{(\w+)\}", row.what + row.why)) <= set(row.compiled.groupindex)
    line = next(text for name, text in SAMPLES if name == row.id)
    groups = next(seen.groups for seen in seen_in(line, "x.log", 1, [row]))
    assert "{" not in fill(row.what + row.why, groups)


@pytest.mark.parametrize(
    "line",
    [
        "vfio-pci 0000:01:00.0: Invalid PCI ROM header signature: expecting 0xaa55, got 0xffff",
        "vfio-pci 0000:01:00.0: BAR 1: can't reserve [mem 0xc0000000-0xcfffffff 64bit pref]",
        "vfio-pci 0000:00:14.0: can't change power state from D3cold to D0 (config space inaccessible)",
        "vfio-pci: probe of 0000:03:00.0 failed with error -22",
        "pci 0000:03:00.0: Adding to iommu group 2",
        "qemu-system-x86_64: vfio: Cannot reset device 0000:01:00.0, no available reset mechanism.",
        "vfio-pci 0000:01:00.0: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.",
        "qemu-system-x86_64: IGD legacy mode disabled if you say so",
        "qemu-system-x86_64: vfio_region_read(0000:00:02.0:region0+0x64010, 4) failed: No space left on device",
        "PCI: map device bdf=00:02.0  bar 6, addr fe080000",
        "Linux version 6.8.0-31-generic (buildd@lcy02) (gcc)",
        "intel_iommu=off is what the wiki says",
        "the mode is efi, fb is off",
        "DMI: ASUS System Product Name/PRIME Z370-A, BIOS 3004",
        "00:00.0 Host bridge [0600]: Intel Corporation 8th Gen Core Processor Host Bridge [8086:3ec2]",
        "No such device was found in stolen space",
        "VGA region index 8",
        "GuC firmware is not loaded",
    ],
)
def test_near_misses(line):
    assert ids(line) == set()
