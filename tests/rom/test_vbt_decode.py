"""What Intel's own tool makes of the same tables: intel_vbt_decode of the package intel-gpu-tools."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from fwsim.rom.catalog import roms_folder
from fwsim.rom.source import find_vbt

TOOL = "intel_vbt_decode"


@pytest.fixture(autouse=True, scope="module")
def tool(require_program):
    require_program(TOOL, "intel-gpu-tools")


def files_with_a_vbt():
    """Our own ROM, and the images under $FWSIM_ROMS that hold the letters $VBT; bare tables are test_vbt_boards's."""
    folder = os.environ.get("FWSIM_ROMS", "")
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file()) if folder else []
    return [roms_folder() / "igd-vbios.rom", *(path for path in files if b"$VBT" in path.read_bytes()[4:])]


@pytest.fixture(params=files_with_a_vbt(), ids=lambda path: path.name)
def table(request, tmp_path):
    """(our reading, the tool's text) of one table."""
    found = find_vbt(request.param)
    bare = tmp_path / "table.vbt"
    bare.write_bytes(found.data[found.vbt.offset : found.vbt.offset + found.vbt.size])
    done = subprocess.run([TOOL, f"--file={bare}", "--all-panels"], capture_output=True, text=True, check=True)
    return found, done.stdout


def section(text, number):
    """The tool's text on one block; "" when it has none."""
    match = re.search(rf"^BDB block {number} .*?(?=^BDB block|\Z)", text, re.M | re.S)
    return match.group() if match else ""


def numbers(pattern, text):
    return [int(value, 0) for value in re.findall(pattern, text, re.M)]


def test_header(table):
    found, text = table
    vbt = found.vbt
    assert numbers(r"VBT (?:version|header size|size|checksum):\s+(0x\w+)", text) == [
        vbt.version, vbt.header_size, vbt.size, vbt.checksum,
    ]  # fmt: skip
    assert numbers(r"BDB offset:\s+(0x\w+)", text) == [vbt.bdb_offset - vbt.offset]
    assert numbers(r"BDB version:\s+(\d+)", text) == [vbt.bdb_version]
    assert numbers(r"BDB size:\s+(0x\w+)", text) == [vbt.bdb_size]
    assert vbt.signature == re.search(r'VBT signature:\s+"(.*)"', text).group(1).rstrip()


def test_block_numbers_and_sizes(table):
    found, text = table
    listed = re.search(r"BDB blocks present:\n(.*?)\n\n", text, re.S).group(1)
    first = {}
    for block in found.vbt.blocks:
        first.setdefault(block.id, block.size)
    assert [int(number) for number in listed.split()] == sorted(first)
    told = {int(n): int(size) for n, size in re.findall(r"^BDB block (\d+) \((\d+) bytes\)", text, re.M)}
    assert told == first, "of several blocks of one number the tool shows the first"


def test_general_features(table):
    found, text = table
    said = section(text, 1)
    rows = {row.name: row.value for row in found.tables.decode(found.vbt.blocks[block_index(found, 1)]).rows}
    for ours, theirs in (
        ("flexible AIM", "Flexaim"), ("external VBT", "External VBT"), ("LVDS spread spectrum", "LVDS SSC Enable"),
        ("LFP on override", "LFP on override"), ("underscan VGA timings", "Underscan support for VGA timings"),
        ("hotplug in the vBIOS", "Hotplug support in VBIOS"), ("CRT on the chip", "Integrated CRT"),
        ("TV on the chip", "Integrated TV"), ("flat panel outputs on the chip", "Integrated EFP"),
        ("DisplayPort spread spectrum", "DP SSC enable"),
        ("one DVI connector for CRT and DVI", "Single DVI for CRT/DVI"),
        ("FDI receiver polarity inverted", "Inverted FDI Rx polarity"),
    ):  # fmt: skip
        assert rows[ours] is (re.search(rf"{theirs}: (\w+)", said).group(1) == "yes"), ours


def test_driver_features(table):
    found, text = table
    said = section(text, 12)
    if not said:
        pytest.skip("no driver features")
    rows = {row.name: row.value for row in found.tables.decode(found.vbt.blocks[block_index(found, 12)]).rows}
    names = {
        "boot mode width": "Boot Mode X", "boot mode height": "Boot Mode Y", "boot mode depth": "Boot Mode Bpp",
        "boot mode refresh": "Boot Mode Refresh", "legacy CRT's greatest refresh": "Legacy CRT max refresh",
    }  # fmt: skip
    for ours, theirs in names.items():
        assert rows[ours] == int(re.search(rf"{theirs}: (\d+)", said).group(1)), ours
    flags = {
        "sprite when cloning": "Enable Sprite in Clone Mode", "driver hooks INT 15h": "Driver INT 15h hook",
        "DVO hotplug": "Hot Plug DVO", "dual frequency": "Dual-Frequency Graphics Technology",
        "CRT hotplug": "CRT hotplug", "TV hotplug": "TV hotplug", "render standby": r"Graphics Render Standby \(RS\)",
        "SDVO devices powered down": "Enable SDVO device power down", "turbo boost": "Turbo Boost Technology",
        "panel self-refresh (PSR)": r"Panel Self Refresh \(PSR\)",
        "the power features count": "PC Features field validity",
        "media refresh rate (DMRRS)": r"Dynamic Media Refresh Rate Switching \(DMRRS\)",
    }  # fmt: skip
    for ours, theirs in flags.items():
        if ours in rows:
            assert rows[ours] is (re.search(rf"{theirs}: (\w+)", said).group(1) == "yes"), ours


def block_index(found, number):
    return next(index for index, block in enumerate(found.vbt.blocks) if block.id == number)


def test_child_devices(table):
    found, text = table
    said = section(text, 2)
    children = [child for child in found.tables.children() if child.present]
    for pattern, ours in (
        (r"Device handle: (0x\w+)", "handle"),
        (r"Device type: (0x\w+)", "type"),
        (r"DVO Port: .*\((0x\w+)\)", "port"),
        (r"^\t\tDDC pin: (0x\w+)", "ddc_pin"),
        (r"AIM Slave address: (0x\w+)", "i2c_address"),
        (r"AIM I2C pin: (0x\w+)", "i2c_pin"),
    ):
        assert numbers(pattern, said) == [getattr(child, ours) for child in children], ours
    assert re.findall(r"DVO Port: (.*) \(0x", said) == [child.port_name for child in children]
    if "Aux channel" in said:
        assert numbers(r"Aux channel: .*\((0x\w+)\)", said) == [child.aux for child in children]
    if "HDMI compatible" in said:
        for theirs, ours in (("HDMI", "hdmi"), ("DP", "dp"), ("TMDS", "tmds")):
            told = [word == "yes" for word in re.findall(rf"{theirs} compatible\? (\w+)", said)]
            assert told == [getattr(child, ours) for child in children]
    assert numbers(r"CRT DDC GMBUS addr: (0x\w+)", said) == [found.tables.block(2).raw[0]]
    size, count = numbers(r"Child device (?:size|count): (\d+)", said)
    assert (size, count) == (found.tables.block(2).raw[4], len(found.tables.children()))


def test_panel_timings(table):
    found, text = table
    said = section(text, 42)
    panels = found.tables.panels()
    told = [[int(part) for part in line.split()] for line in re.findall(r"timings: ([\d ]+) \d+\.\d+", said)]
    assert told == [
        [
            panel.timing.hactive, panel.timing.hsync_start, panel.timing.hsync_end, panel.timing.htotal,
            panel.timing.vactive, panel.timing.vsync_start, panel.timing.vsync_end, panel.timing.vtotal,
        ]
        for panel in panels
    ]  # fmt: skip
    assert numbers(r"clock (\d+)", said) == [1000 * panel.timing.clock_khz for panel in panels]
    heads = [(int(x), int(y)) for x, y in re.findall(r"^\t\t(\d+)x(\d+) clock", said, re.M)]
    assert heads == [(panel.width, panel.height) for panel in panels]
    assert numbers(r"Product code: (\d+)", said) == [panel.product for panel in panels]
    assert re.findall(r"Mfg name: (\S+) ", said) == [panel.maker for panel in panels]
    assert re.findall(r"Panel name: (.*)", said) == [panel.name for panel in panels if panel.name]
    for theirs, place in (("LVDS", 0), ("PP_ON_DELAYS", 1), ("PP_OFF_DELAYS", 2), ("PP_DIVISOR", 3)):
        assert numbers(rf"{theirs}: (0x\w+)", said) == [panel.registers[place][1] for panel in panels], theirs


def test_panel_in_use(table):
    found, text = table
    match = re.search(r"^\tPanel type: (\d+)", section(text, 40), re.M)
    assert found.tables.panel_type == (int(match.group(1)) if match else None)
    for number in (9, 27, 42, 43):
        starred = re.findall(r"^\tPanel (\d+) \*", section(text, number), re.M)
        assert starred in ([], [str(found.tables.panel_type)])


def test_edp_and_backlight(table):
    found, text = table
    grids = {}
    for block in found.vbt.blocks:
        decoded = found.tables.decode(block)
        if decoded and decoded.grids and decoded.grids[0].rows:
            grids[block.id] = decoded.grids[0]
    edp, light = section(text, 27), section(text, 43)
    if edp:
        told = re.findall(r"T3 (\d+) T7 (\d+) T9 (\d+) T10 (\d+) T12 (\d+)", edp)
        assert [[int(part) / 10 for part in line] for line in told] == [list(row[1:6]) for row in grids[27].rows]
        assert numbers(r"color depth: (\d+) bpp", edp) == [row[6] for row in grids[27].rows]
        assert numbers(r"lanes: X(\d)", edp) == [row[8] for row in grids[27].rows]
        assert re.findall(r"rate: ([\d.]+)Gbps", edp) == [row[7] for row in grids[27].rows]
    if light:
        assert numbers(r"PWM freq: (\d+)", light) == [row[2] for row in grids[43].rows]
        assert numbers(r"Minimum brightness: (\d+)", light) == [row[4] for row in grids[43].rows]
        levels = [row[5] or 0 for row in grids[43].rows]  # the tool shows 0 where the block ends before them
        assert numbers(r"Level: (\d+)", light) == levels


def test_sdvo_timings(table):
    found, text = table
    said = section(text, 23)
    if not said:
        pytest.skip("no SDVO timings")
    grid = found.tables.decode(found.vbt.blocks[block_index(found, 23)]).grids[0]
    assert numbers(r"clock: (\d+)", said) == [row[2] for row in grid.rows]
    syncs = re.findall(r"hsync \[(\d+), (\d+)\].*?htotal: (\d+)", said, re.S)
    assert [" ".join(each) for each in syncs] == [row[3] for row in grid.rows]
