"""Our boot menu, as a live system's: what a person sees is text, then a picture in a VBE mode, then text again."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from glyphs import font_of, read_png, read_text

from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import load
from fwsim.trace.event import Actor, Space

ROMS = Path(__file__).resolve().parents[2] / "roms"
OWN = ROMS / "igd-vbios.rom"
TICK = 54_925_000
BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0))
REAL = {
    "apl_1014": ("255933b26baf98a6a0545cb32f1d3994f774d329a017c295eaeb2a7a2fb721a2",
                "apollolake", 0x5A85, 0x118, (1024, 768, 32)),
    "Vga.dat": ("0f9ce58443d32822c36bed1b3f87da45fb16dd0484292d55c0b75e659c33ca3e",
                "baytrail", 0x0F31, 0x118, (1024, 768, 32)),
    "hsw2180": ("356fe5c4bef3d9ee84299208593cae7d4e0bbbebd223c71e7eb20974467df4e5",
                "haswell", 0x0406, 0x114, (800, 600, 16)),
    "snm_2170": ("9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04",
                "sandybridge", 0x0106, 0x114, (800, 600, 16)),
}  # fmt: skip
"""An image's SHA-256, host, device, and the mode that the menu finds."""


def booted(folder, rom, host="", calls=""):
    (folder / "s.toml").write_text(
        f"[rom]\nfile = '{rom}'\n[payload]\nfloppy = '{ROMS / 'menu.img'}'\n{host}\n{calls}\n"
    )
    out = RunDir.create(folder / "run")
    return run(load(folder / "s.toml"), out), out.path


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return booted(tmp_path_factory.mktemp("menu"), OWN)


def own_font():
    """Glyph to character, from the font's source."""
    rows = re.findall(r"^ +db ((?:0x[0-9a-f]{2},?)+)", (ROMS / "src" / "font.asm").read_text(), re.MULTILINE)
    glyphs = [bytes(int(byte, 16) for byte in row.split(",")) for row in rows]
    return {glyphs[code]: chr(code).lower() for code in range(0x20, 0x7F)}


def text_of(path, rom=OWN):
    """The lines of an 80 by 25 text screen."""
    picture = read_png(path)
    assert picture.shape == (400, 720, 3)
    font = own_font() if rom == OWN else font_of(rom.read_bytes(), 16)
    return [line for line in read_text(picture, font, cell=9) if line]


def assert_picture(path, width, height, loss):
    """The bars, the greys, the ground, and a full bar of progress; each channel as exact as its bits allow."""
    picture = read_png(path).astype(int)
    assert picture.shape == (height, width, 3)
    for number, colour in enumerate(BARS):
        part = picture[: height // 2, number * width // 8 : (number + 1) * width // 8]
        assert (part == colour).all(), number
    greys = picture[height // 2 + 5, width // 64 :: width // 32]
    assert np.abs(greys - 8 * np.arange(32)[:, None]).max() <= loss
    ground = picture[height - 2, 1]
    assert np.abs(ground - (0x10, 0x20, 0x40)).max() <= loss
    progress = picture[height * 7 // 8 + height // 64]
    lit = np.flatnonzero((progress == 255).all(axis=1))
    assert (lit[0], lit[-1]) == (width // 4, width * 3 // 4 - 1)
    assert len(lit) == width // 2
    assert (picture[height * 5 // 8 : height * 7 // 8] == 255).all(axis=2).sum() > 1000  # the name


def test_nasm_gives_the_committed_image(require_program, tmp_path):
    out = tmp_path / "menu.img"
    command = [require_program("nasm", "nasm"), "-Werror", "-f", "bin", "-o", str(out), "menu.asm"]
    subprocess.run(command, cwd=ROMS / "src" / "payload", check=True)
    assert out.read_bytes() == (ROMS / "menu.img").read_bytes()


def test_it_is_more_than_one_sector():
    assert len((ROMS / "menu.img").read_bytes()) > 512


def test_text_then_vesa_then_text(own):
    summary, folder = own
    assert summary.stop.reason == "completed"
    seen = [(screen.mode, screen.width, screen.height, screen.format) for screen in summary.display]
    assert seen == [(0x03, 720, 400, "vga"), (0x114, 800, 600, "RGB565"), (0x03, 720, 400, "vga")]
    first = text_of(folder / "screen-01.png")
    assert first[0].startswith("fwsim igd vbios")
    assert first[1] == "fwsim boot menu"
    assert first[5].startswith("starting 1 with 800x600x16, mode 0114, frame buffer at ")
    assert int(first[5].split()[-1], 16) == summary.firmware.bars["2"]
    assert_picture(folder / "screen-02.png", 800, 600, 8)
    assert text_of(folder / "screen-03.png")[0] == "booting"


def test_it_waits_for_sixteen_ticks_and_says_so_on_the_debug_port(own):
    summary, folder = own
    events = np.load(folder / "events.npy")
    ticks = events[(events["space"] == Space.INTERRUPT) & (events["actor"] == Actor.DEVICE) & (events["address"] == 8)]
    assert len(ticks) >= 16
    assert summary.virtual_ns > 15 * TICK
    assert [line.strip() for line in summary.firmware.log if "boot" in line] == ["fwsim boot menu", "booting"]


def test_it_begins_in_text_whatever_mode_the_calls_left(tmp_path):
    summary, folder = booted(tmp_path, OWN, calls="[[call]]\nax = 0x4f02\nbx = 0x4111")
    assert [screen.mode for screen in summary.display] == [0x111, 0x03, 0x114, 0x03]
    assert text_of(folder / "screen-02.png")[0] == "fwsim boot menu"


def test_it_is_the_same_again(own, tmp_path):
    _, folder = own
    _, other = booted(tmp_path, OWN)
    assert (other / "events.npy").read_bytes() == (folder / "events.npy").read_bytes()


@pytest.mark.parametrize("name", REAL)
def test_with_a_vendor_s_image(name, real_rom, tmp_path):
    sha256, cpu, device, mode, (width, height, depth) = REAL[name]
    rom = real_rom(name, sha256)
    summary, folder = booted(tmp_path, rom, f'[host]\ncpu = "{cpu}"\ndevice_id = {device:#x}')
    assert [screen.mode for screen in summary.display] == [0x03, mode, 0x03]
    assert "fwsim boot menu" in text_of(folder / "screen-01.png", rom)
    assert_picture(folder / "screen-02.png", width, height, 0 if depth == 32 else 8)
    assert text_of(folder / "screen-03.png", rom)[0] == "booting"
