"""Every bare VBT under $FWSIM_ROMS reads as Intel's own tool reads it, field by field where both know the field.

The tables that boards ship (coreboot's src/mainboard/**/*.vbt) are such files. The tool is intel_vbt_decode of the
package intel-gpu-tools; version 1.27 decodes some of the blocks, 2.5 nearly all. What it does not decode is not asked.
"""

import os
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from fwsim.rom.source import find_vbt

TOOL = "intel_vbt_decode"


@cache
def files():
    folder = os.environ.get("FWSIM_ROMS", "")
    found = sorted(path for path in Path(folder).rglob("*") if path.is_file()) if folder else []
    return [path for path in found if path.read_bytes()[:4] == b"$VBT"]


@cache
def said_by_tool(path):
    done = subprocess.run([TOOL, f"--file={path}", "--all-panels"], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def tables(require_program):
    """(file name, our tables, the tool's text) of each."""
    require_program(TOOL, "intel-gpu-tools")
    if not files():
        pytest.skip("no bare VBT under $FWSIM_ROMS")
    return [(path.name, find_vbt(path).tables, said_by_tool(path)) for path in files()]


MADE_UP = 41
"""The pointers that the tool computes: version 1.27 lists them among the blocks."""

MISREAD = {52}
"""Blocks that versions before 2 read by a structure that Linux has corrected since: time-outs 0 in every table."""


def section(text, number):
    """The tool's words on a block, "" when it does not decode it; version 2 says how long a block must be."""
    match = re.search(rf"^BDB block {number} .*?(?=^BDB block|\Z)", text, re.M | re.S)
    said = match.group() if match else ""
    old = ", min " not in said.partition("\n")[0]
    return "" if "no decoding available" in said or (old and number in MISREAD) else said


def column(*names, title=None, rows=None, until=0xFFFF):
    """Ours: the cells of these columns, grid after grid, row after row; we know the field up to BDB ``until``."""

    def cells(decoded):
        return [
            str(row[grid.columns.index(name)])
            for grid in decoded.grids
            if (title is None or grid.title == title) and all(name in grid.columns for name in names)
            for row in grid.rows[:rows]
            for name in names
        ]

    cells.until = until
    return cells


def turned(*names):
    """Ours: the lines of these names in a grid of a field a line, entry after entry."""

    def cells(decoded):
        grid = decoded.grids[0]
        lines = {row[0]: row[1:] for row in grid.rows}
        return [str(lines[name][entry]) for entry in range(len(grid.columns) - 1) for name in names]

    return cells


def field(*names):
    """Ours: the numbers of these single fields."""
    return lambda decoded: [str({row.name: row.value for row in decoded.rows}[name]) for name in names]


def number(text):
    return str(int(text, 0)) if re.fullmatch(r"0x[0-9a-fA-F]+|\d+", text) else text


def as_set(text):
    """Displays: a set of names, whatever their order; a number that has no name is left out."""
    return frozenset(re.findall(r"[A-Z]+\d*", text.replace(" ", "").split("(")[0]))


YES_NO = {"yes": "True", "no": "False"}
PLAIN = number
FLAG = YES_NO.__getitem__
SHOWN = str

FIELDS = {
    1: [
        (r"Clear screen: (\d+)", field("clear screen"), PLAIN),
        (r"Panel fitting: .*\((0x\w+)\)", field("panel fitting"), PLAIN),
        (r"Legacy monitor detect: (yes|no)", lambda d: [str(bool(int(field("legacy monitor detection")(d)[0])))], FLAG),
    ],
    4: [(r"^\t\t(0x\w+)$", column("mode"), PLAIN)],
    6: [(r"^\t\t(0x\w+): 0x", column("offset"), PLAIN), (r"^\t\t0x\w+: (0x\w+)", column("value"), PLAIN)],
    7: [(r"^\t\t(0x\w+): 0x", column("offset"), PLAIN), (r"^\t\t0x\w+: (0x\w+)", column("value"), PLAIN)],
    8: [(r"^\t\t(0x\w+): 0x", column("offset"), PLAIN), (r"^\t\t0x\w+: (0x\w+)", column("value"), PLAIN)],
    10: [
        (r"Resolution: (\d+)x\d+", column("width"), PLAIN),
        (r"Resolution: \d+x(\d+)", column("height"), PLAIN),
        (r"Bits per pixel: (\w+)", column("bits"), PLAIN),
        (r"Refresh rate: (\w+)", column("Hz"), PLAIN),
        (r"Removal flags: (\w+)", column("flags"), PLAIN),
        (r"Panel flags: (\w+)", column("panels"), PLAIN),
    ],
    13: [
        (r"\tEDID persistent on mode: (\w+)", field("persistent: EDID, on mode"), FLAG),
        (r"Hotkey persistent on MDS/Twin: (\w+)", field("persistent: hotkey, on twin displays"), FLAG),
        (r"Persistent max config: (\d+)", field("most configurations kept"), PLAIN),
    ],
    15: [(r"Dotclock: (\d+)", column("kHz"), PLAIN)],
    16: [
        (r"pipe A: (.*)", column("pipe A"), as_set),
        (r"pipe B: (.*)", column("pipe B"), as_set),
        (r"Capabilities: (\w+)", column("caps"), PLAIN),
    ],
    18: [(r"Rotation enable: (yes|no)", field("rotation"), FLAG), (r"flags 3: (\w+)", field("flags 3"), PLAIN)],
    19: [(r"pipe A: (.*)", column("pipe A"), as_set), (r"pipe B: (.*)", column("pipe B"), as_set)],
    20: [
        (r"Resolution: (\d+)x\d+", column("width"), PLAIN),
        (r"Resolution: \d+x(\d+)", column("height"), PLAIN),
        (r"Color depth: (\w+)", column("depths"), PLAIN),
        (r"Refresh rate: (\d+)", column("Hz", title="Modes"), PLAIN),
        (r"Display flags: (.*)", column("displays", title="Modes", until=216), as_set),
        (r"Display flags 2: (.*)", column("displays", title="Mode displays"), as_set),
        (r"Enable in OS: (\w+)", column("OS"), SHOWN),
        (r"Enable in VBIOS: (\w+)", column("vBIOS"), SHOWN),
        (r"clock: (\d+)", column("kHz"), PLAIN),
    ],
    24: [(r"Serial: (\d+)", column("serial"), PLAIN), (r"Mfg year: (\d+)", column("year"), PLAIN)],
    25: [(r"T\d: (\d+) ms", column("T0", "T1", "T2", "T3", "T4"), PLAIN)],
    26: [
        (r"D connector support: (\w+)", field("D connector"), FLAG),
        (r"avoid overscan issue: (\w+)", field("modes added against overscan"), FLAG),
    ],
    28: [(r"clock: (\d+)", column("kHz", rows=3), PLAIN)],
    29: [(r"Display select: (.*)", column("displays"), as_set)],
    30: [(r"Display select: (.*)", column("displays"), as_set)],
    31: [(r"Display select: (.*)", column("displays"), as_set)],
    32: [(r"Display select: (.*)", column("displays"), as_set)],
    42: [
        (r"DVO timing:\n\s+hdisplay: (\d+)", lambda d: [mode.split("x")[0] for mode in column("mode")(d)], PLAIN),
        (r"^\t\t  clock: (\d+)", column("kHz"), PLAIN),
        (r"Scaling enable: (\w+)", column("scaling"), SHOWN),
        (r"min refresh rate: (\d+)", column("least Hz"), PLAIN),
        (r"Pixel overlap count: (\d+)", column("overlap"), PLAIN),
        (r"GPU dithering for banding artifacts: (\w+)", column("dithered"), SHOWN),
    ],
    43: [
        (r"PWM freq: (\d+)", column("Hz"), PLAIN),
        (r"Brightness level: (\d+)", column("level"), PLAIN),
        (r"Brightness min level: (\d+)", column("least level"), PLAIN),
        (r"precision bits: (\d+)", column("bits"), PLAIN),
    ],
    44: [
        (r"^\t\tPanel Self Refresh \(PSR\): (\w+)", column("PSR"), SHOWN),
        (r"^\t\tDynamic Refresh Rate Switching \(DRRS\): (\w+)", column("DRRS"), SHOWN),
        (r"^\t\tDynamic Media .*: (\w+)", column("DMRRS"), SHOWN),
        (r"HOBL feature: (\w+)", column("HOBL"), SHOWN),
        (r"\(VRR\): (\w+)", column("VRR"), SHOWN),
        (r"^\t\tOPST: (\w+)", column("OPST", until=256), SHOWN),
    ],
    46: [
        (r"Red X coordinate: .*\((\w+)\)", column("red"), lambda t: coordinate(t, 0)),
        (r"White Y coordinate: .*\((\w+)\)", column("white"), lambda t: coordinate(t, 1)),
        (r"Luminance enable: (\w+)", column("luminance on"), SHOWN),
        (r"Gamma: ([\d.]+)", column("gamma"), lambda t: str(round(float(t), 2))),
    ],
    51: [(r"X Res: (\d+)", field("width"), PLAIN), (r"Y Res: (\d+)", field("height"), PLAIN)],
    52: [
        (r"HSTxTimeOut: (\w+)", turned("HS transmit timeout"), PLAIN),
        (r"TClkMiss: (\w+)", turned("TCLK-MISS"), PLAIN),
        (r"THsPrepareTHsZero: (\w+)", turned("THS-PREPARE + ZERO"), PLAIN),
        (r"TLPX: (\w+)", turned("TLPX"), PLAIN),
        (r"Lane Count: (\d)", turned("lanes"), PLAIN),
        (r"Panel power cycle delay: (\d+)", column("cycle"), PLAIN),
        (r"PMIC I2C Bus Number: (\d+)", column("I2C bus"), PLAIN),
    ],
    56: [
        (r"Actual buffer size: (\d+)", lambda d: [str(1024 * int(cell)) for cell in column("buffer KiB")(d)], PLAIN),
        (r"Slices per line: (\w+)", column("slices"), PLAIN),
        (r"Max bpp: (\d+)", column("most bpp"), PLAIN),
        (r"Slice height: (\d+)", column("slice lines"), PLAIN),
    ],
    57: [(r"(?<= )0x([0-9a-f]{8})\b", lambda d: words_of(d.grids), lambda text: f"{text:0>8}")],
    253: [
        (r"Displays attached: (.*)", column("attached"), as_set),
        (r"Primary display: (.*)", column("primary"), as_set),
        (r"Secondary display: (.*)", column("secondary"), as_set),
    ],
}  # fmt: skip
"""By block: the tool's words for a field, where it is in ours, and how both are brought to one form."""


def words_of(grids):
    return [cell for grid in grids for row in grid.rows for cell in row[1:]]


def coordinate(text, place):
    """0x222 as the tool has it, or "0.5332, 0.5312" as ours: the value at ``place`` to three digits."""
    return f"{int(text, 16) / 1024:.4f}" if text.startswith("0x") else text.split(", ")[place]


def test_every_field_that_both_know(tables):
    compared, differing = Counter(), []
    for name, ours, text in tables:
        first = {}
        for block in ours.vbt.blocks:
            first.setdefault(block.id, block)
        for block_number, fields in FIELDS.items():
            said = section(text, block_number)
            if not said or block_number not in first:
                continue
            decoded = ours.decode(first[block_number])
            for words, accessor, form in fields:
                told = re.findall(words, said, re.M)
                if not told or ours.vbt.bdb_version > getattr(accessor, "until", 0xFFFF):
                    continue
                mine = [form(cell) if form is not FLAG else cell for cell in accessor(decoded)]
                compared[block_number] += len(told)
                if [form(each) for each in told] != mine:
                    differing.append((name, ours.vbt.bdb_version, block_number, words, told[:20], mine[:20]))
    print(f"{len(tables)} tables, {sum(compared.values())} values in {len(compared)} kinds of blocks")
    assert sum(compared.values()) > 1000
    assert differing == [], f"{len(differing)} fields differ"


def test_blocks_of_all(tables):
    for name, ours, text in tables:
        listed = re.search(r"BDB blocks present:\n(.*?)\n\n", text, re.S).group(1)
        assert {int(each) for each in listed.split()} - {MADE_UP} == {
            block.id for block in ours.vbt.blocks if block.id != MADE_UP
        }, name
