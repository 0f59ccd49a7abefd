"""Vendors' images under coreboot's contracts: what the tables of docs/coreboot.md say of them.

Needs the images under $FWSIM_ROMS, found by what they contain; skips without.
"""

from pathlib import Path

import pytest

from fwsim.machine.build import lights
from fwsim.rom.chain import load
from fwsim.running.pipeline import Run, assemble
from fwsim.scenario.guess import guess

PAGE = (Path(__file__).parents[1] / "docs" / "coreboot.md").read_text(encoding="utf-8")
IMAGES = {
    "945_1313.rom": "82b4f9ba4c01c1b33a71f77835dcbd2770011e3761fc2426afe8052afd94ca33",
    "Vga.dat": "0f9ce58443d32822c36bed1b3f87da45fb16dd0484292d55c0b75e659c33ca3e",
    "apl_1014.rom": "255933b26baf98a6a0545cb32f1d3994f774d329a017c295eaeb2a7a2fb721a2",
    "cfl_1014.rom": "88d64792a50ccb215e55c011e49cd2f7f7a4e66280a37c84e2f134570ac79e4c",
    "chv_1014.bin": "4c53abf3da1f5a5500029e96450ac60cf022f75cbf5214e827599609a6bca295",
    "crl_1436.bin": "6c3ee20a68b53230adb37b86888d5ed738407bf262184f8098c1a3e5668a1e0e",
    "crl_1668.bin": "69164d2b870077102255be4e4cdd7c082fda8c11e368878a191baf8fd9348a6a",
    "hsw2180.dat": "356fe5c4bef3d9ee84299208593cae7d4e0bbbebd223c71e7eb20974467df4e5",
    "skl_1046.rom": "e200c217e32a7521a8bd991a1e80f786dc04b4505b7db3d12753c1b562b017bc",
    "skl_1062.rom": "7181b60e119d08d5c2a265071093f6973dbea9c9f25d890a7b377059cf733a98",
    "snm_2120.dat": "b5f1aaa287075dd613fd9dbef9e40a89bca4a5e2056063db14104dd356d0afa7",
    "snm_2170.dat": "9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04",
}
YABEL = 'method="yabel"'
OTHERS = f"{YABEL}, other_devices=true"
COLUMNS = {"YABEL": (YABEL, False), "`other_devices`": (OTHERS, False), "others, board": (OTHERS, True)}
HEADS = ("image", "board", "SeaBIOS", "real mode", "real, board", "YABEL", "`other_devices`", "others, board",
         "`directhw`", "direct, board", "both")  # fmt: skip


def row(name: str) -> dict[str, str]:
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {name} |"))
    return dict(zip(HEADS, (cell.strip() for cell in line.strip("|").split("|")), strict=True))


def ran(path: Path, *wanted: str) -> Run:
    made = guess(path, ['hypervisor.kind="none"', *wanted], []).scenario
    return Run(assemble(made, load(made.rom.file)))


def coreboot(options: str) -> tuple[str, str]:
    return 'firmware.kind="coreboot"', f"firmware.options={{{options}}}"


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("name", IMAGES)
def test_how_far_an_image_comes_under_yabel(real_rom, name, column):
    options, with_board = COLUMNS[column]
    expected = row(name)
    board = f', board="{expected["board"]}"' if with_board else ""
    made = ran(real_rom(name, IMAGES[name]), *coreboot(options + board))
    ending, count = made.post(), made.built.machine.recorder.count
    if ending.reason == "completed":
        found = f"{count:,}, {lights(made.built).split(' on')[0].replace('no pipe', 'dark')}"
    elif "Interrupt 0x15" in ending.detail:
        found = f"halts at {count:,}: INT 15h {made.session.unknown_leaves()[0][1]:X}h"
    else:
        place, _, offset = ending.detail.rpartition("device! ")[2].partition(", offs: ")
        found = f"halts at {count:,}: 0{place} @{offset}h"
    made.close()
    assert found == expected[column]


@pytest.mark.parametrize(
    ("options", "panel"),
    [("", False), ('board="lenovo/x230"', True), ('board="lenovo/x230", payload="seabios"', False)],
)
def test_the_panel_is_lit_by_the_boards_answer_alone(real_rom, options, panel):
    path = real_rom("snm_2170.dat", IMAGES["snm_2170.dat"])
    made = ran(path, 'display.0.port="lvds"', *coreboot(options))
    assert made.post().reason == "completed"
    made.calls()
    assert ("panel power on" in lights(made.built)) == panel
    made.close()


def test_a_sum_that_seabios_refuses(real_rom):
    path = real_rom("crl_1668.bin", IMAGES["crl_1668.bin"])
    for wanted, reason in ((('firmware.kind="seabios"',), "error"), (coreboot(""), "completed")):
        made = ran(path, *wanted)
        assert made.post().reason == reason
        made.close()
