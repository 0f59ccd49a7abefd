"""SeaVGABIOS on an IGD: dark where nobody has a pipe on, a picture where the host's own firmware left one."""

import functools
import os
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from glyphs import font_of, read_text
from lab import Lab
from msgspec.structs import replace
from test_docs import DOCS
from test_real_images_igd import IMAGES, image

from fwsim.devices.igd.scanout import scan
from fwsim.devices.vga.text import text_of
from fwsim.errors import FwsimError
from fwsim.firmware.coreboot_table import FrameBuffer, coreboot_table
from fwsim.registers.families import families
from fwsim.rom.chain import load
from fwsim.running.payload import test_card
from fwsim.running.pipeline import assemble
from fwsim.scenario.load import loads
from fwsim.scenario.model import Call, Display, Host, Hypervisor, Rom, Scenario

OWN = "roms/igd-vbios.rom"
TEXT = 3
LINEAR_118 = 0x4118
NOBODY = "is shown by nobody: no pipe on"
VGA_MODES = (0, 1, 2, 3, 4, 5, 6, 7, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13)
LEFT_BY_POST = {
    "69164d2b": "vga", "6c3ee20a": "vga", "b5f1aaa2": "vga", "9d7e3b3c": "off", "356fe5c4": "off", "0f9ce584": "vga",
    "4c53abf3": "off", "e200c217": "plane", "7181b60e": "off", "88d64792": "off", "255933b2": "off",
}  # fmt: skip
"""As docs/seavgabios.md has it."""


@pytest.fixture(scope="module")
def isavga(require_package):
    return str(require_package("seabios", "/usr/share/seabios/vgabios-isavga.bin"))


@pytest.fixture(scope="module")
def cbvga():
    """SeaVGABIOS built for coreboot's frame buffer: docs/seavgabios.md says how. No package has one."""
    path = os.environ.get("FWSIM_CBVGA", "")
    if not path:
        pytest.skip("$FWSIM_CBVGA names no SeaVGABIOS built with CONFIG_VGA_COREBOOT")
    assert Path(path).is_file(), f"$FWSIM_CBVGA is {path}, and there is no such file"
    return path


def seen(rom, *calls, reset="none", hypervisor="none", post=OWN, mode=0, cpu="sandybridge", table=False, **host):
    """The lab after the calls, and each picture's screen with what is wrong about it."""
    displays = (Display(port=host.pop("port")),) if "port" in host else ()
    scenario = Scenario(
        host=Host(cpu=cpu, vga="igd", post=post, post_mode=mode, **host), display=displays,
        hypervisor=Hypervisor(kind=hypervisor), call=tuple(calls),
        rom=Rom(file=rom, reset=reset, any_device=True, coreboot_table=table, checksum="ignore"),
    )  # fmt: skip
    lab = Lab(scenario)
    assert lab.ending.reason == "completed"
    lab.run.calls()
    lab.run.pictures()
    return lab, lab.run.summary()


def verdict(summary):
    return next(check for check in summary.checks if check.id == "screens-complete")


def typed(text):
    return [Call(ax=TEXT), *(Call(ax=0x0E00 | ord(letter), bx=7) for letter in text)]


def first_row(lab, rom, cell=9):
    return read_text(lab.caller.pictures[0], font_of(Path(rom).read_bytes(), 16), cell)[0]


def told(lab):
    return [line for line in lab.run.built.log if line.startswith("after the host's POST")]


# --- dark ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cpu", [row.name for row in families()])
def test_a_cold_device_stays_dark(cpu, isavga):
    _, summary = seen(isavga, Call(ax=TEXT), post="", cpu=cpu)
    assert [call.ok for call in summary.calls] == [True]
    assert [screen.format for screen in summary.display] == ["off"]
    assert not verdict(summary).ok
    assert NOBODY in verdict(summary).detail


def test_flr_takes_the_picture_away(isavga):
    lab, summary = seen(isavga, Call(ax=TEXT), reset="flr", mode=TEXT)
    assert told(lab) == ["after the host's POST and FLR: no pipe on, panel power off"]
    assert NOBODY in verdict(summary).detail
    assert not lab.caller.pictures[0].any()


def test_the_vga_is_dark_on_a_pipe_that_is_off(isavga):
    lab, _ = seen(isavga, Call(ax=TEXT), mode=TEXT)
    igd, vga = lab.machine.igd, lab.machine.vga
    assert scan(igd, vga).source == "vga"
    igd.mmio[0x41000 >> 2] |= np.uint32(1 << 29)  # VGACNTRL, generation 6: pipe B
    assert scan(igd, vga).source == "off"


def test_a_linear_mode_that_was_left_on_hides_the_vga(isavga):
    lab, summary = seen(isavga, *typed("unseen"), mode=LINEAR_118)
    assert summary.display[0].format == "XRGB8888"
    assert np.array_equal(lab.caller.pictures[0], test_card(1024, 768))  # the host's own, in its stolen memory
    assert not verdict(summary).ok
    assert "the VGA plane, which has the mode, is off" in verdict(summary).detail


def test_a_guest_does_not_even_see_the_hosts_frame_buffer(isavga):
    lab, summary = seen(isavga, Call(ax=TEXT), mode=LINEAR_118, hypervisor="ranged")
    assert summary.display[0].unreadable_pages == 768
    assert told(lab) == ["after the host's POST: pipe A on, panel power on"]


# --- lit -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hypervisor", ["none", "ranged"])
def test_text_shows_where_text_was_left_on(hypervisor, isavga):
    lab, summary = seen(isavga, *typed("Typed by SeaVGABIOS"), mode=TEXT, hypervisor=hypervisor)
    assert told(lab) == ["after the host's POST: pipe A on, panel power on"]
    assert verdict(summary).ok
    assert first_row(lab, isavga) == "Typed by SeaVGABIOS"


def test_a_mode_of_another_size_does_not_fit_the_pipe(isavga):
    """Nobody tells the pipe: it goes on taking text's 720x400."""
    lab, summary = seen(isavga, Call(ax=0x12), Call(ax=0x0C0F, cx=3, dx=7), Call(ax=0x0C0F, cx=600, dx=450), mode=TEXT)
    (screen,) = summary.display
    assert (screen.width, screen.height, screen.wanted) == (720, 400, (640, 480))
    assert "is 720x400, the mode 640x480" in verdict(summary).detail
    assert np.argwhere(lab.caller.pictures[0].any(axis=2)).tolist() == [[7, 3]]  # the other dot is below the edge


def test_each_pixel_of_mode_13h_is_two_dots_on_two_lines(isavga):
    lab, _ = seen(isavga, Call(ax=0x13), Call(ax=0x0C0F, cx=5, dx=9), mode=TEXT)
    dots = np.argwhere(lab.caller.pictures[0].any(axis=2)).tolist()
    assert dots == [[18, 10], [18, 11], [19, 10], [19, 11]]


def test_on_generation_4_the_vga_has_its_own_timing(isavga):
    _, summary = seen(isavga, Call(ax=0x12), post=str(image("69164d2b")), cpu="965", port="crt")
    assert verdict(summary).ok
    assert (summary.display[0].width, summary.display[0].height) == (640, 480)


# --- beside real images ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", IMAGES)
def test_real_images_leave_text_on(name, isavga):
    """After any image's mode 3 SeaVGABIOS has a screen; after FLR none, and the image itself has one."""
    cpu, path = IMAGES[name][0], str(image(name))
    lit, summary = seen(isavga, *typed("SeaVGABIOS"), post=path, mode=TEXT, cpu=cpu)
    assert verdict(summary).ok, verdict(summary).detail
    assert told(lit)[0].startswith("after the host's POST: pipe")
    _, dark = seen(isavga, Call(ax=TEXT), post=path, mode=TEXT, cpu=cpu, reset="flr")
    assert NOBODY in verdict(dark).detail
    _, own = seen(path, Call(ax=TEXT), post=path, mode=TEXT, cpu=cpu, reset="flr")
    assert verdict(own).ok, verdict(own).detail


@pytest.mark.parametrize("name", IMAGES)
def test_what_a_post_alone_leaves(name):
    lab, _ = seen(str(image(name)), post="", cpu=IMAGES[name][0])
    assert scan(lab.machine.igd, lab.machine.vga).source == LEFT_BY_POST[name.partition("-")[0]]


@functools.lru_cache(maxsize=1)
def posted(name):
    """The image's lab and its state after POST, for each mode to begin with."""
    lab, _ = seen(str(image(name)), post="", cpu=IMAGES[name][0], port=IMAGES[name][2][0])
    return lab, lab.run.session.slices.snapshot()


@pytest.mark.parametrize("mode", VGA_MODES, ids=hex)
@pytest.mark.parametrize("name", IMAGES)
def test_real_images_fit_the_pipe_to_each_vga_mode(name, mode):
    lab, fresh = posted(name)
    lab.run.session.slices.restore(fresh)
    lab.int10(mode)
    shown = scan(lab.machine.igd, lab.machine.vga)
    assert (shown.source, shown.wanted) == ("vga", None)


# --- coreboot's frame buffer -----------------------------------------------------------------------------------------

XRGB = FrameBuffer(0xE0001000, 1024, 768, 4096, 32, (16, 8), (8, 8), (0, 8))


def words(data):
    return sum(int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2))


@pytest.mark.parametrize("shown", [XRGB, None, replace(XRGB, height=767, stride=0x1F00)])
def test_the_tables_sums_are_right(shown):
    """RFC 1071: header with its sum, and records with theirs, add up to all ones."""
    table = coreboot_table(shown)
    header, records = table[:24], table[24:]
    assert (header[:4], int.from_bytes(header[4:8], "little")) == (b"LBIO", 24)
    assert int.from_bytes(header[12:16], "little") == len(records)
    assert words(header) % 0xFFFF == 0
    assert (words(records) + int.from_bytes(header[16:20], "little")) % 0xFFFF == 0


def test_the_record_of_a_frame_buffer():
    """lb_framebuffer of coreboot_tables.h: tag, size, address, width, height, stride, bits, four masks, three spare."""
    record = coreboot_table(XRGB)[24:].hex(" ", 4)
    assert record == "12000000 28000000 001000e0 00000000 00040000 00030000 00100000 20100808 08000818 08000000"


def test_the_table_names_what_is_on_the_screen(isavga):
    lab, _ = seen(isavga, mode=LINEAR_118, table=True)
    window = lab.run.summary().firmware.bars["2"]
    assert lab.read(0x500, 4) == b"LBIO"
    record = 0x500 + 24
    assert (lab.word(record, 4), lab.word(record + 8, 8)) == (0x12, window)
    assert [lab.word(record + at, 4) for at in (16, 20, 24)] == [1024, 768, 4096]
    text, _ = seen(isavga, mode=TEXT, table=True)
    assert (text.read(0x500, 4), text.word(record, 4)) == (b"LBIO", 0)


def test_text_shows_on_the_linear_frame_buffer(cbvga):
    lab, summary = seen(cbvga, *typed("Typed by SeaVGABIOS"), mode=LINEAR_118, table=True)
    assert verdict(summary).ok, verdict(summary).detail
    assert (summary.display[0].width, summary.display[0].height) == (1024, 768)
    assert first_row(lab, cbvga, cell=8) == "Typed by SeaVGABIOS"


def test_without_the_table_it_does_not_start(cbvga):
    _, summary = seen(cbvga, Call(ax=TEXT), mode=LINEAR_118)
    assert [call.ok for call in summary.calls] == [False]


def test_text_shows_on_the_vga_where_the_table_has_no_frame_buffer(cbvga):
    lab, summary = seen(cbvga, *typed("plain text"), mode=TEXT, table=True)
    assert verdict(summary).ok
    assert text_of(lab.machine.vga)[0] == "plain text"
    assert lab.caller.pictures[0][:16].any()  # in the font that the host's ROM loaded


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        ("[host]\npost_mode = 3", "host.post_mode", "0x3"),
        ('[host]\npost = "a.rom"\n[rom]\nsource = "shadow"', "host.post", "shadow"),
    ],
)
def test_scenarios_that_cannot_be(text, where, found):
    with pytest.raises(FwsimError) as caught:
        loads(text, "test")
    error = caught.value
    assert where in error.where
    assert found in error.found
    assert error.expected
    assert error.hint


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"post": "/nonexistent"}, "host.post"),
        ({"post": __file__}, "host.post"),
        ({"post": OWN, "post_mode": 0x177}, "host.post"),
        ({"post": OWN, "vga": "stdvga"}, "host.post"),
    ],
)
def test_hosts_whose_post_cannot_be_made(changes, where):
    host = msgspec.structs.replace(Host(vga="igd"), **changes)
    scenario = Scenario(host=host, hypervisor=Hypervisor(kind="none"), rom=Rom(file=OWN))
    with pytest.raises(FwsimError) as caught:
        assemble(scenario, load(OWN))
    assert where in caught.value.where
    assert caught.value.hint


def test_a_table_of_indexed_pixels_is_refused(isavga):
    with pytest.raises(FwsimError) as caught:
        seen(isavga, mode=0x4105, table=True)
    assert caught.value.where == "rom.coreboot_table"
    assert "C8" in caught.value.found


# --- the page --------------------------------------------------------------------------------------------------------


def examples(kind):
    """The page's blocks of this kind that begin with a command: it, and what it prints."""
    text = (DOCS / "seavgabios.md").read_text(encoding="utf-8")
    for block in re.findall(rf"^```{kind}\n\$ (.*?)^```", text, re.M | re.S):
        yield block.splitlines()[0], block.splitlines()[1:]


@pytest.mark.parametrize("kind", ["console", "console cbvga"])
def test_the_page_shows_what_is_printed(kind, request, tmp_path, in_shell):
    request.getfixturevalue("cbvga" if "cbvga" in kind else "isavga")
    for name in ("roms", "examples"):
        (tmp_path / name).symlink_to(DOCS.parent / name)
    blocks = list(examples(kind))
    assert len(blocks) > 1
    for command, wanted in blocks:
        assert wanted
        printed = [line.rstrip() for line in in_shell(command, tmp_path).stdout.splitlines()]
        assert printed == wanted, command
