"""The VGA BIOSes of Debian's packages run, each on its device: modes, text on the picture, VBE, the test card."""

import hashlib
import re
import typing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from glyphs import font_of, read_png, read_text
from lab import BUFFER, Lab

from fwsim.devices.adapters import ADAPTERS
from fwsim.results.folder import RunDir
from fwsim.running.payload import test_card
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Host, Rom, Scenario, Vga

SEABIOS, VGABIOS = Path("/usr/share/seabios"), Path("/usr/share/vgabios")


@dataclass(frozen=True)
class Case:
    """One file, the device that ``auto`` gives it, and its linear mode of 1024x768 in true colour.

    ``pixels``: a BIOS that draws its text into a fixed frame buffer; it knows no VGA modes but 3.
    """

    path: Path
    kind: str
    mode: int = 0x118
    pixels: bool = False

    @property
    def package(self) -> str:
        return self.path.parent.name


CASES = (
    Case(SEABIOS / "vgabios-ati.bin", "ati"),
    Case(SEABIOS / "vgabios-bochs-display.bin", "stdvga", 0x144, True),
    Case(SEABIOS / "vgabios-cirrus.bin", "cirrus"),
    Case(SEABIOS / "vgabios-isavga.bin", "stdvga"),
    Case(SEABIOS / "vgabios-qxl.bin", "qxl"),
    Case(SEABIOS / "vgabios-ramfb.bin", "stdvga", 0x144, True),
    Case(SEABIOS / "vgabios-stdvga.bin", "stdvga"),
    Case(SEABIOS / "vgabios-virtio.bin", "virtio"),
    Case(SEABIOS / "vgabios-vmware.bin", "vmware"),
    Case(SEABIOS / "vgabios.bin", "stdvga"),
    Case(VGABIOS / "vgabios-banshee.bin", "banshee"),
    Case(VGABIOS / "vgabios-cirrus.bin", "cirrus"),
    Case(VGABIOS / "vgabios-qxl.bin", "qxl"),
    Case(VGABIOS / "vgabios-stdvga.bin", "stdvga"),
    Case(VGABIOS / "vgabios-vmware.bin", "vmware"),
    Case(VGABIOS / "vgabios.banshee.bin", "banshee"),
    Case(VGABIOS / "vgabios.bin", "stdvga"),
    Case(VGABIOS / "vgabios.cirrus.bin", "cirrus"),
    Case(VGABIOS / "vgabios.cirrus.debug.bin", "cirrus"),
    Case(VGABIOS / "vgabios.debug.bin", "stdvga"),
    Case(VGABIOS / "vgabios.qxl.bin", "qxl"),
    Case(VGABIOS / "vgabios.qxl.debug.bin", "qxl"),
    Case(VGABIOS / "vgabios.stdvga.bin", "stdvga"),
    Case(VGABIOS / "vgabios.stdvga.debug.bin", "stdvga"),
    Case(VGABIOS / "vgabios.vmware.bin", "vmware"),
    Case(VGABIOS / "vgabios.vmware.debug.bin", "vmware"),
)
BANNER = "This VGA/VBE Bios is released under the GNU LGPL"
TYPED = "Typed by INT 10h: 0123456789 {}[]"
EGA = {0: (0, 0, 0), 1: (0, 0, 170), 2: (0, 170, 0), 4: (170, 0, 0), 6: (170, 85, 0), 14: (255, 255, 85)}
"""Colours of the default palette (IBM EGA), by number."""
DOTS = ((1, 200, 100), (2, 201, 100), (4, 319, 199), (6, 0, 60), (14, 100, 150))
"""Colour, x, y of single pixels."""


def typed(text: str, colour: int = 7) -> list[Call]:
    """Teletype output, a call for each character."""
    return [Call(ax=0x0E00 | ord(letter), bx=colour) for letter in text]


def placed(text: str) -> list[Call]:
    """Each character where the cursor was put, in white (AH=02h and 09h).

    Not in row 0: there the LGPL BIOSes draw each character of mode 13h at twice its column (they add it two times).
    """
    pairs = [
        (Call(ax=0x0200, dx=0x100 + at), Call(ax=0x0900 | ord(letter), bx=15, cx=1)) for at, letter in enumerate(text)
    ]
    return [call for pair in pairs for call in pair]


def dots() -> list[Call]:
    return [Call(ax=0x0C00 | colour, cx=x, dx=y) for colour, x, y in DOTS]


def printable(rom: bytes) -> tuple[int, str]:
    """Offset and text of the first 20 printable characters in a ROM: a string that INT 10h AH=13h can be pointed at."""
    found = re.search(rb"[A-Za-z][ -~]{19}", rom)
    assert found
    return found.start(), found[0].decode()


def script(case: Case, rom: bytes) -> list[Call]:
    """Text mode with teletype and a string, 13h and 12h with pixels and text, VBE with the test card, text again."""
    at, text = printable(rom)
    string = Call(ax=0x1301, bx=0x001F, cx=len(text), dx=0x0503, es=0xC000, bp=at)
    calls = [Call(ax=0x0003), *typed(TYPED), string]
    for mode in (0x13, 0x12):
        calls += [Call(ax=mode), *dots(), *placed("Graphics")]
    calls += [Call(ax=0x4F00), Call(ax=0x4F01, cx=case.mode)]
    calls += [Call(ax=0x4F02, bx=case.mode | 0x4000), Call(ax=0x4F03)]
    return [*calls, Call(ax=0x0003), *typed("Back in text mode")]


@dataclass
class Ran:
    """What a run of the script left."""

    summary: typing.Any
    pictures: list[np.ndarray]
    rom: bytes

    def call(self, ax: int):
        return next(call for call in self.summary.calls if call.ax == ax)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Runs a case's script once for each distinct ROM."""
    done: dict[str, Ran] = {}

    def run_case(case: Case) -> Ran:
        rom = case.path.read_bytes()
        key = hashlib.sha256(rom).hexdigest()
        if key not in done:
            out = RunDir.create(tmp_path_factory.mktemp("run") / "out")
            summary = run(Scenario(rom=Rom(file=str(case.path)), call=tuple(script(case, rom))), out)
            pictures = [read_png(out.file(screen.file)) for screen in summary.display]
            done[key] = Ran(summary, pictures, rom)
        return done[key]

    return run_case


@pytest.fixture(scope="module")
def lab():
    """A machine for each distinct ROM, its init called; closed at the end."""
    open_labs: dict[str, Lab] = {}

    def lab_of(case: Case) -> Lab:
        key = hashlib.sha256(case.path.read_bytes()).hexdigest()
        if key not in open_labs:
            open_labs[key] = Lab(Scenario(rom=Rom(file=str(case.path))))
        return open_labs[key]

    yield lab_of
    for each in open_labs.values():
        each.close()


@pytest.fixture(params=CASES, ids=lambda case: f"{case.package}/{case.path.name}")
def case(request, require_package) -> Case:
    require_package(request.param.package, request.param.path)
    return request.param


def test_the_packages_have_26_files_of_18_kinds(require_package):
    files = [require_package(case.package, case.path) for case in CASES]
    assert len(files) == 26
    assert {path for folder in (SEABIOS, VGABIOS) for path in folder.glob("vgabios*.bin")} >= set(files)
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in files}) == 18


def test_every_name_of_host_vga_is_a_device():
    assert set(typing.get_args(Vga)) == {"auto", "igd"} | {adapter.kind for adapter in ADAPTERS}


# --- init ------------------------------------------------------------------------------------------------------------


def test_init_returns_and_hooks_int_10h(case, lab):
    machine = lab(case)
    assert machine.machine.adapter.kind == case.kind
    assert machine.ending.reason == "completed"
    assert machine.word(0x42) == 0xC000
    assert 0 < machine.word(0x40) < case.path.stat().st_size


def test_the_run_completes(case, ran):
    summary = ran(case).summary
    assert summary.stop.reason == "completed"
    assert summary.unhandled.interrupts == []
    assert (summary.gtt.writes, summary.iommu.faults, summary.hangs) == (0, 0, [])


def test_the_banner_is_on_the_screen(case, tmp_path):
    """The LGPL BIOSes set mode 3 at POST and print one; the SeaBIOS ones leave both to the firmware."""
    rom = case.path.read_bytes()
    out = RunDir.create(tmp_path / "out")
    summary = run(Scenario(rom=Rom(file=str(case.path))), out)
    picture = read_png(out.file("screen-01.png"))
    if BANNER.encode() in rom:
        assert [screen.mode for screen in summary.display] == [3]
        assert BANNER in read_text(picture, font_of(rom, 16), 9)
    else:
        assert not picture.any()


# --- VGA modes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0x03, 0x13, 0x12])
def test_the_data_area_has_the_mode(case, lab, mode):
    machine = lab(case)
    machine.int10(0x0003)
    result = machine.int10(mode)
    sets = mode == 3 or not case.pixels
    assert result.ok == sets
    assert machine.word(0x449, 1) == (mode if sets else 3)
    assert machine.word(0x44A) == (128 if case.pixels else 40 if mode == 0x13 else 80)


def test_text_is_on_the_picture(case, ran):
    picture, rom = ran(case).pictures[0], ran(case).rom
    assert picture.shape == ((768, 1024, 3) if case.pixels else (400, 720, 3))
    rows = read_text(picture, font_of(rom, 16), 8 if case.pixels else 9)
    assert rows[0] == TYPED
    assert rows[5] == "   " + printable(rom)[1].rstrip()
    cell = 8 if case.pixels else 9
    assert tuple(picture[5 * 16, 4 * cell - 1]) == EGA[1]  # attribute 1Fh: on blue


@pytest.mark.parametrize(("number", "mode", "size"), [(1, 0x13, (200, 320)), (2, 0x12, (480, 640))])
def test_graphics_modes_show_pixels_and_text(case, ran, number, mode, size):
    if case.pixels:
        assert [screen.mode for screen in ran(case).summary.display] == [3, case.mode, 3]
        return
    screen, picture = ran(case).summary.display[number], ran(case).pictures[number]
    assert (screen.mode, screen.height, screen.width) == (mode, *size)
    assert picture.shape == (*size, 3)
    assert {colour: tuple(picture[y, x]) for colour, x, y in DOTS} == {colour: EGA[colour] for colour, _, _ in DOTS}
    assert read_text(picture[:48], font_of(ran(case).rom, 8 if mode == 0x13 else 16))[1] == "Graphics"


def test_text_comes_back_after_graphics(case, ran):
    picture, rom = ran(case).pictures[-1], ran(case).rom
    assert read_text(picture, font_of(rom, 16), 8 if case.pixels else 9)[:2] == ["Back in text mode", ""]


def test_a_refused_mode_leaves_the_one_before(require_package, tmp_path):
    """What is typed after the refusal is on that mode's picture, which there is once."""
    path = require_package("seabios", SEABIOS / "vgabios-ramfb.bin")
    calls = (Call(ax=0x0003), *typed("before "), Call(ax=0x0013), *typed("after"))
    out = RunDir.create(tmp_path / "out")
    summary = run(Scenario(rom=Rom(file=str(path)), call=calls), out)
    assert [(screen.mode, screen.file) for screen in summary.display] == [(3, "screen-01.png")]
    assert read_text(read_png(out.file("screen-01.png")), font_of(path.read_bytes(), 16))[0] == "before after"


# --- VBE -------------------------------------------------------------------------------------------------------------


def test_4f00_is_a_vbe_info_block(case, lab):
    machine = lab(case)
    assert machine.int10(0x4F00).result_ax == 0x004F
    assert machine.read(BUFFER, 4) == b"VESA"
    assert machine.word(BUFFER + 4) >= 0x0200
    assert machine.word(BUFFER + 0x12) * 0x10000 == (3 << 20 if case.pixels else machine.machine.vga.vram.nbytes)
    modes = machine.vbe_modes()
    assert case.mode in modes
    assert len(set(modes)) == len(modes)


def test_4f01_describes_each_mode_that_4f00_lists(case, lab):
    machine = lab(case)
    machine.int10(0x4F00)
    for mode in machine.vbe_modes():
        assert machine.int10(0x4F01, cx=mode).result_ax == 0x004F, hex(mode)
        attributes, pitch = machine.word(BUFFER), machine.word(BUFFER + 0x10)
        width, height, bpp = machine.word(BUFFER + 0x12), machine.word(BUFFER + 0x14), machine.word(BUFFER + 0x19, 1)
        assert attributes & 1
        if attributes & 0x80:
            assert pitch >= width * ((bpp + 7) // 8)
            assert pitch * height <= machine.machine.vga.vram.nbytes
            assert machine.word(BUFFER + 0x28, 4) >= 1 << 20


def test_4f02_and_4f03_agree(case, lab):
    machine = lab(case)
    assert machine.int10(0x4F02, bx=case.mode | 0x4000).result_ax == 0x004F
    assert machine.int10(0x4F03).result_ax == 0x004F
    assert machine.machine.engine.get("bx") & 0x1FF == case.mode
    assert machine.int10(0x4F02, bx=0x4000 | 0x1EE).result_ax != 0x004F


def test_the_test_card_is_on_the_picture(case, ran):
    result = ran(case)
    assert [result.call(ax).result_ax for ax in (0x4F00, 0x4F01, 0x4F02, 0x4F03)] == [0x004F] * 4
    number = next(i for i, screen in enumerate(result.summary.display) if screen.mode == case.mode)
    screen = result.summary.display[number]
    assert (screen.width, screen.height) == (1024, 768)
    assert result.call(0x4F01).detail.startswith("1024x768x")
    assert np.array_equal(result.pictures[number], test_card(1024, 768))


@pytest.mark.parametrize("mode", [0x111, 0x114])
def test_sixteen_bits_a_pixel_round_the_card(case, lab, mode):
    """5:6:5: the upper bits of each channel, spread over 0 to 255."""
    machine = lab(case)
    assert machine.int10(0x4F02, bx=mode | 0x4000).ok != case.pixels
    if case.pixels:
        return
    machine.int10(0x0003)  # photographs the mode before
    card = test_card(*((640, 480) if mode == 0x111 else (800, 600)))
    expected = np.rint((card // (8, 4, 8)) * 255 / (31, 63, 31))
    assert np.array_equal(machine.caller.pictures[-1], expected)


# --- devices chosen by name ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "vga"),
    [
        ("vgabios-stdvga.bin", "stdvga"),
        ("vgabios-bochs-display.bin", "bochs-display"),
        ("vgabios-cirrus.bin", "cirrus"),
        ("vgabios-ati.bin", "ati"),
        ("vgabios-qxl.bin", "qxl"),
        ("vgabios-virtio.bin", "virtio"),
        ("vgabios-vmware.bin", "vmware"),
        ("vgabios-ramfb.bin", "ramfb"),
        ("vgabios-isavga.bin", "isavga"),
    ],
)
def test_a_device_by_its_name(require_package, name, vga):
    case = next(case for case in CASES if case.path == SEABIOS / name)
    path = require_package("seabios", case.path)
    machine = Lab(Scenario(host=Host(vga=vga), rom=Rom(file=str(path))))
    try:
        assert machine.machine.adapter.kind == vga
        assert machine.int10(0x4F02, bx=case.mode | 0x4000).ok
        machine.int10(0x0003)
        assert np.array_equal(machine.caller.pictures[-1], test_card(1024, 768))
    finally:
        machine.close()


def test_ramfb_is_described_in_fw_cfg(require_package):
    """Address, DRM fourcc XR24, flags, width, height, stride, big endian (QEMU docs/specs/ramfb)."""
    path = require_package("seabios", SEABIOS / "vgabios-ramfb.bin")
    machine = Lab(Scenario(rom=Rom(file=str(path))))
    try:
        data = machine.run.built.ramfb
        assert len(data) == 28
        address = int.from_bytes(data[:8], "big")
        assert 1 << 20 <= address <= machine.machine.low - 0x300000  # 3 MiB from the POST memory manager
        assert data[8:12] == b"42RX"
        assert [int.from_bytes(data[at : at + 4], "big") for at in (12, 16, 20, 24)] == [0, 1024, 768, 4096]
    finally:
        machine.close()


def test_an_isa_bios_finds_its_frame_buffer_at_e0000000(require_package):
    path = require_package("seabios", SEABIOS / "vgabios-isavga.bin")
    machine = Lab(Scenario(rom=Rom(file=str(path))))
    try:
        machine.int10(0x4F01, cx=0x118)
        assert machine.word(BUFFER + 0x28, 4) == 0xE0000000
    finally:
        machine.close()
