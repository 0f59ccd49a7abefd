"""The MIPI blocks of every VBT under $FWSIM_ROMS read as intel_vbt_decode reads them, one panel at a time.

With --all-panels version 1.27 of the tool repeats the first panel's configuration, so it is asked for each by itself.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.rom.source import find_vbt

TOOL = "intel_vbt_decode"
PANELS = (0, 1)

WORDS = {
    "BTA disable": ("BTA off", {"Enabled": "no", "Disabled": "yes"}),
    "Panel Rotation": ("turned", {"0 degrees": "0", "90 degrees": "90", "180 degrees": "180", "270 degrees": "270"}),
    "Video Mode Color Format": ("colours", {"RGB888": "RGB888", "RGB565": "RGB565", "RGB666": "RGB666"}),
    "CABC Support": ("CABC", {"not supported": "no", "supported": "yes"}),
    "Mode": ("mode", {"VIDEO": "video", "COMMAND": "command"}),
    "Clock Stop": ("clock may stop", {"DISABLED": "no", "ENABLED": "yes"}),
    "Dual Link Support": ("dual link", {"not supported": "no"}),
}
NUMBERS = {
    "Pixel overlap": "pixel overlap", "Lane Count": "lanes", "HSTxTimeOut": "HS transmit timeout",
    "LPRXTimeOut": "LP receive timeout", "TurnAroundTimeOut": "turn-around timeout",
    "DeviceResetTimer": "device reset timer", "MasterinitTimer": "master init timer",
    "DBIBandwidthTimer": "DBI bandwidth timer", "LpByteClkValue": "LP byte clock",
    "Exit to zero Count": "exit zero count", "Trail Count": "trail count", "Clk zero count": "clock zero count",
    "Prepare count": "prepare count", "ClockLaneSwitchingCount": "clock lane switch count",
    "HighToLowSwitchingCount": "high to low switch count", "TClkMiss": "TCLK-MISS", "TClkPost": "TCLK-POST",
    "TClkPre": "TCLK-PRE", "TClkPrepare": "TCLK-PREPARE", "TClkSettle": "TCLK-SETTLE",
    "TClkTermEnable": "TCLK-TERM-EN", "TClkTrail": "TCLK-TRAIL", "TClkPrepareTClkZero": "TCLK-PREPARE + ZERO",
    "THSExit": "THS-EXIT", "THsPrepare": "THS-PREPARE", "THsPrepareTHsZero": "THS-PREPARE + ZERO",
    "THSSettle": "THS-SETTLE", "THSSkip": "THS-SKIP", "THsTrail": "THS-TRAIL", "TInit": "TINIT", "TLPX": "TLPX",
}  # fmt: skip
SEQUENCES = {"assert reset": "deassert reset", "deassert reset": "assert reset"}
"""The tool has the specification's names; Linux (intel_dsi_vbt_defs.h, enum mipi_seq) says that they are swapped."""


@pytest.fixture(scope="module")
def tables(require_program):
    require_program(TOOL, "intel-gpu-tools")
    folder = os.environ.get("FWSIM_ROMS", "")
    found = []
    for path in sorted(Path(folder).rglob("*")) if folder else []:
        if path.is_file() and path.stat().st_size <= 1 << 20:
            try:
                found.append((path, find_vbt(path).tables))
            except FwsimError:
                continue
    return found or pytest.skip("no VBT under $FWSIM_ROMS")


def told(path, number, panel):
    arguments = [TOOL, f"--file={path}", f"--block={number}", f"--panel-type={panel}"]
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout


def test_configurations(tables):
    compared = 0
    for path, table in tables:
        block = next((block for block in table.vbt.blocks if block.id == 52), None)
        if block is None:
            continue
        decoded = table.decode(block)
        for panel in PANELS:
            ours = {row[0]: row[1 + panel] for row in decoded.grids[0].rows}
            for name, value in re.findall(r"^\s+([^:\n]+?): *(.+?) *$", told(path, 52, panel), re.M):
                if name in WORDS:
                    field, words = WORDS[name]
                    assert words[value] == ours[field], (path.name, panel, name)
                elif name in NUMBERS:
                    assert int(value, 0) == int(str(ours[NUMBERS[name]]), 0), (path.name, panel, name)
                else:
                    continue
                compared += 1
    assert compared, "none of the tables has the block"


def element(line):
    """(element, data) of one of the tool's lines, in our words."""
    if found := re.fullmatch(r"GPIO (index \d+(?:, number \d+)?, set \d) .*", line):
        return "GPIO", found[1]
    if found := re.fullmatch(r"Delay: (\d+ us)", line):
        return "delay", found[1]
    found = re.fullmatch(r"Send DCS: Port (\w), VC (\d), (\w+), Type (\w+), Length \d+, Data (.*)", line)
    assert found, line
    return f"packet {found[4]}", f"port {found[1]}, channel {found[2]}, {found[3]}: {found[5]}"


def test_sequences(tables):
    compared = 0
    for path, table in tables:
        block = next((block for block in table.vbt.blocks if block.id == 53), None)
        if block is None:
            continue
        rows = [row for grid in table.decode(block).grids for row in grid.rows]
        for panel in PANELS:
            theirs, sequence = [], ""
            for line in map(str.strip, told(path, 53, panel).splitlines()):
                if found := re.match(r"Sequence \d+ - MIPI_SEQ_(\w+)", line):
                    sequence = found[1].lower().replace("_", " ")
                elif sequence and line and not line.startswith("Panel"):
                    theirs.append((SEQUENCES.get(sequence, sequence), *element(line)))
            ours = [(row[1].lower(), *row[2:]) for row in rows if row[0] == panel]
            assert sorted(ours) == sorted(theirs), (path.name, panel)
            compared += len(ours)
    if not compared:
        pytest.skip("none of the tables has the block")
