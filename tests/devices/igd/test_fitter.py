"""The panel's own picture, from registers that are set here as i915 sets them, and as real images do."""

import json

import numpy as np
import pytest

from fwsim.devices.igd.fitter import Panel, fit, panel
from fwsim.machine.build import host_of
from fwsim.registers.families import family
from fwsim.results.folder import RunDir
from fwsim.rom.catalog import catalog, roms_folder
from fwsim.rom.chain import load
from fwsim.running.pipeline import Run, assemble, run
from fwsim.scenario.load import loads

SMALL = (640, 480)
PIPE_A, VGA_OFF, PLANE = 0x80000000, 0x80000000, 0x98000000


def size(width, height):
    return (width - 1) << 16 | (height - 1)


def timing(pipe, width, height, total=(1344, 806), base=0x60000):
    """HTOTAL, HBLANK, VTOTAL and VBLANK without borders."""
    at = base + 0x1000 * "AB".index(pipe)
    across, down = (total[0] - 1) << 16 | (width - 1), (total[1] - 1) << 16 | (height - 1)
    return {at: across, at + 4: across, at + 0xC: down, at + 0x10: down}


def shown(cpu, registers, source=SMALL):
    return panel(family(cpu), lambda offset: registers.get(offset, 0), source)


ILK = {0x70008: PIPE_A, 0x41000: VGA_OFF, 0x70180: PLANE, 0x6001C: size(*SMALL)} | timing("A", 1366, 768)
"""Ironlake to Broadwell: pipe A runs, its plane is on, the timing is a panel of 1366x768."""
SKL = ILK | {0x70180: 0x82000000}
G4X = {0x71008: PIPE_A, 0x71400: VGA_OFF, 0x71180: 0xD9000000, 0x6101C: size(*SMALL)} | timing("B", 1366, 768)
"""Generation 4: the panel is pipe B's, and plane B shows there (DSPCNTR bits 25:24 are 1)."""
PF, PF_POS, PF_SIZE, PS, PS_POS, PS_SIZE, PFIT, RATIOS, LVDS = (
    0x68080, 0x68070, 0x68074, 0x68180, 0x68170, 0x68174, 0x61230, 0x61234, 0x61180,
)  # fmt: skip
WHOLE = (0, 0, 1366, 768)
MIDDLE = (363, 144, 640, 480)
BORDERS = {
    0x61000: 1343 << 16 | 639, 0x61004: (1343 - 192) << 16 | 831, 0x6100C: 805 << 16 | 479,
    0x61010: (805 - 144) << 16 | 623, LVDS: 0x80008000,
}  # fmt: skip
"""640x480 in a panel of 1024x768 by timing: 192 pixels and 144 lines of border before and behind (BORDER, bit 15)."""

CASES = {
    "the fitter over all": (
        "haswell", ILK | {PF: PIPE_A, PF_SIZE: 1366 << 16 | 768}, Panel(1366, 768, WHOLE, "scaled")),
    "the fitter in the middle": (
        "sandybridge", ILK | {PF: PIPE_A, PF_POS: 363 << 16 | 144, PF_SIZE: 640 << 16 | 480},
        Panel(1366, 768, MIDDLE, "centred")),
    "the fitter keeps the shape": (
        "broadwell", ILK | {PF: PIPE_A, PF_POS: 171 << 16, PF_SIZE: 1024 << 16 | 768},
        Panel(1366, 768, (171, 0, 1024, 768), "aspect")),
    "a fitter that is off": (
        "ivybridge", ILK | {PF_POS: 363 << 16 | 144, PF_SIZE: 640 << 16 | 480},
        Panel(1366, 768, (0, 0, 640, 480), "off")),
    "another pipe's fitter": (
        "ivybridge", ILK | {PF + 0x800: PIPE_A, PF_SIZE + 0x800: 1366 << 16 | 768},
        Panel(1366, 768, (0, 0, 640, 480), "off")),
    "a scaler in the middle": (
        "skylake", SKL | {PS: PIPE_A, PS_POS: 363 << 16 | 144, PS_SIZE: 640 << 16 | 480},
        Panel(1366, 768, MIDDLE, "centred")),
    "the pipe's second scaler": (
        "skylake", SKL | {PS + 0x100: PIPE_A, PS_SIZE + 0x100: 1366 << 16 | 768},
        Panel(1366, 768, WHOLE, "scaled")),
    "a scaler bound to a plane is none": (
        "skylake", SKL | {PS: PIPE_A | 1 << 25, PS_SIZE: 1366 << 16 | 768},
        Panel(1366, 768, (0, 0, 640, 480), "off")),
    "gen 4, automatic": ("965", G4X | {PFIT: 0xA0000000}, Panel(1366, 768, WHOLE, "scaled")),
    "gen 4, pillarbox": ("965", G4X | {PFIT: 0xA8000000}, Panel(1366, 768, (171, 0, 1024, 768), "aspect")),
    "gen 4, letterbox": (
        "965", G4X | timing("B", 1024, 1280) | {PFIT: 0xAC000000},
        Panel(1024, 1280, (0, 256, 1024, 768), "aspect")),
    "gen 4, programmed": (
        "965", G4X | {PFIT: 0xA4000000, RATIOS: 2048 << 16 | 2048}, Panel(1366, 768, (0, 0, 1280, 960), "aspect")),
    "gen 4, the fitter is pipe A's": ("965", G4X | {PFIT: 0x80000000}, Panel(1366, 768, (0, 0, 640, 480), "off")),
    "gen 4, borders": ("965", G4X | BORDERS, Panel(1024, 768, (192, 144, 640, 480), "centred")),
    "gen 3, pipe B's": ("945", G4X | {PFIT: 0x80000220}, Panel(1366, 768, WHOLE, "scaled")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_where_the_picture_lies(name):
    cpu, registers, wanted = CASES[name]
    assert shown(cpu, registers) == wanted


def test_a_picture_of_the_panels_size_has_no_other():
    assert shown("haswell", ILK | {PF: PIPE_A, PF_SIZE: 1366 << 16 | 768}, (1366, 768)) is None


def test_borders_that_lvds_does_not_send_are_no_panel():
    """A VGA timing has borders as well: it is LVDS that makes a panel of them."""
    assert shown("965", G4X | BORDERS | {LVDS: 0x80000000}) is None


def test_no_pipe_no_panel():
    assert shown("haswell", ILK | {0x70008: 0, PF: PIPE_A, PF_SIZE: 1366 << 16 | 768}) is None


def test_the_edp_transcoder_has_the_timing_of_its_pipe():
    """Haswell's eDP: TRANS_DDI_FUNC_CTL_EDP 14:12 says whose pipe it sends; its HTOTAL counts, not pipe A's."""
    edp = {0x6F000: 1343 << 16 | 1023, 0x6F00C: 805 << 16 | 767, 0x7F008: PIPE_A, 0x70008: 0}
    fitted = ILK | edp | {PF: PIPE_A, PF_SIZE: 1024 << 16 | 768}
    assert shown("haswell", fitted | {0x6F400: 0x82204002}) == Panel(1024, 768, (0, 0, 1024, 768), "scaled")
    on_b = fitted | {0x70008: PIPE_A, 0x6F400: 0x82205002}
    assert shown("haswell", on_b).width == 1366


def test_pixels_are_the_nearest_ones_and_borders_black():
    rgb = np.arange(1, 13, dtype=np.uint8).reshape(2, 2, 3)
    twice = fit(rgb, Panel(6, 4, (1, 0, 4, 4), "aspect"))
    assert twice[:, :, 0].tolist() == [[0, 1, 1, 4, 4, 0]] * 2 + [[0, 7, 7, 10, 10, 0]] * 2
    half = fit(np.repeat(np.repeat(rgb, 2, 0), 2, 1), Panel(2, 2, (0, 0, 2, 2), "scaled"))
    assert half.tolist() == rgb.tolist()


@pytest.mark.parametrize("window", [(3, 0, 4, 4), (0, 2, 4, 4), (9, 0, 2, 2), (0, 9, 2, 2), (0, 0, 0, 0)])
def test_a_window_past_the_panel_is_cut(window):
    out = fit(np.full((2, 2, 3), 200, np.uint8), Panel(6, 4, window, "scaled"))
    left, top, width, height = window
    wanted = np.zeros((4, 6), bool)
    wanted[top : top + height, left : left + width] = True
    assert (out.any(axis=2) == wanted).all()


# --- in runs ---------------------------------------------------------------------------------------------------------
OWN = roms_folder() / "igd-vbios.rom"
TEXT = """
name = "panel"
[host]
cpu = "{cpu}"
[hypervisor]
kind = "none"
[[display]]
port = "{port}"
[rom]
file = "{rom}"
checksum = "ignore"
any_device = true
[rom.int15]
"5f34" = {{ ax = 0x005f, cx = {cx} }}
[[call]]
ax = 3
[[call]]
ax = 0x4f02
bx = 0x4101
"""


def test_a_run_writes_the_panels_picture(tmp_path):
    """Our own ROM's 720x400 with a fitter that somebody set: two files, and where the one lies in the other."""
    made = host_of(loads(TEXT.format(cpu="sandybridge", port="lvds", rom=OWN, cx=0), "test"))
    out = RunDir.create(tmp_path / "run")
    one = Run(assemble(made, load(OWN)), out=out)
    one.post()
    igd = one.built.machine.igd
    igd.mmio[0x60000 >> 2], igd.mmio[0x6000C >> 2] = 1343 << 16 | 1023, 805 << 16 | 767
    igd.mmio[PF >> 2], igd.mmio[PF_POS >> 2], igd.mmio[PF_SIZE >> 2] = PIPE_A, 152 << 16 | 184, 720 << 16 | 400
    one.pictures()
    screen = one.summary().display[0]
    one.close()
    assert (screen.panel.file, screen.panel.width, screen.panel.fitting) == ("panel-01.png", 1024, "centred")
    assert out.read("panel-01.png")[:4] == b"\x89PNG"
    assert int.from_bytes(out.read("panel-01.png")[16:20], "big") == 1024


def test_a_screen_that_is_all_has_no_panel_in_the_summary(tmp_path):
    out = RunDir.create(tmp_path / "run")
    run(loads(TEXT.format(cpu="sandybridge", port="lvds", rom=OWN, cx=0), "test"), out)
    assert all("panel" not in each for each in json.loads(out.read("summary.json"))["display"])


@pytest.mark.parametrize(("name", "port"), [("hsw2180.dat", "edp"), ("skl_1062.rom", "edp"), ("crl_1436.bin", "lvds"),
                                            ("snm_2120.dat", "lvds")])  # fmt: skip
@pytest.mark.parametrize(("cx", "fitting", "window"), [(1, "centred", (192, 144, 640, 480)),
                                                       (0, "scaled", (0, 0, 1024, 768))])  # fmt: skip
def test_a_real_image_does_as_the_mainboard_says(name, port, cx, fitting, window, real_rom, tmp_path):
    """INT 15h 5F34h: 0 is the video BIOS's default, which scales, 1 centres. The panel is our own, of 1024x768."""
    known = next(each for each in catalog() if each.name == name)
    path = real_rom(name, known.sha256)
    made = loads(TEXT.format(cpu=known.cpu, port=port, rom=path, cx=cx), "test")
    last = run(made, RunDir.create(tmp_path / "run")).display[-1]
    found = last.panel
    assert (last.width, last.height) == SMALL
    assert (found.width, found.height, found.fitting) == (1024, 768, fitting)
    assert (found.window.x, found.window.y, found.window.w, found.window.h) == window


def test_text_keeps_its_shape_where_the_mainboard_says_so(real_rom, tmp_path):
    """CX 2 from Sandy Bridge on. 720x400 is as wide as the panel then, and 564 lines high: 568 would be exact."""
    known = next(each for each in catalog() if each.name == "hsw2180.dat")
    made = loads(TEXT.format(cpu="haswell", port="edp", rom=real_rom(known.name, known.sha256), cx=2), "test")
    found = run(made, RunDir.create(tmp_path / "run")).display[0].panel
    assert found.fitting == "aspect"
    assert (found.window.x, found.window.y, found.window.w, found.window.h) == (0, 102, 1024, 564)
