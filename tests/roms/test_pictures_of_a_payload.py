"""What a boot sector shows is photographed before each mode that it sets, where it is something new, and at the end."""

from pathlib import Path

import pytest
from handmade import rom

from fwsim.devices.diskette import Diskette
from fwsim.environment.bios.session import Session
from fwsim.machine.build import build
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load_bytes
from fwsim.running.calls import Caller
from fwsim.running.pipeline import run
from fwsim.scenario.load import load, loads

OWN = Path(__file__).resolve().parents[2] / "roms" / "igd-vbios.rom"
TEXT, VESA, REFUSED = "b80300 cd10", "b8024f bb1441 cd10", "b8024f bbff41 cd10"
PRINT, ASK = "b8410e bb0700 cd10", "b8014f b91401 bf0080 cd10 b40f cd10 b8034f cd10"
RETURN, HALT, SPIN = "cb", "fa f4", "fa ebfe"


def sector(*code):
    return bytes.fromhex("".join(code)).ljust(510, b"\0") + b"\x55\xaa"


def modes(folder, *code, calls=""):
    (folder / "boot.img").write_bytes(sector(*code))
    (folder / "s.toml").write_text(f"[rom]\nfile = '{OWN}'\n[payload]\nfloppy = 'boot.img'\n{calls}")
    summary = run(load(folder / "s.toml"), RunDir.create(folder / "run"))
    screens = summary.display
    assert [screen.file for screen in screens] == [f"screen-{n + 1:02d}.png" for n in range(len(screens))]
    return [screen.mode for screen in screens], summary


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ((RETURN,), [0x03]),
        ((VESA, RETURN), [0x114]),
        ((PRINT, VESA, RETURN), [0x03, 0x114]),
        ((PRINT, VESA, TEXT, RETURN), [0x03, 0x114, 0x03]),
        ((PRINT, ASK, VESA, ASK, TEXT, PRINT, VESA, RETURN), [0x03, 0x114, 0x03, 0x114]),
        ((PRINT, REFUSED, RETURN), [0x03, 0x03]),
        ((PRINT, VESA, HALT), [0x03, 0x114]),
        ((PRINT, VESA, SPIN), [0x03, 0x114]),
    ],
    ids=["nothing", "a mode at once", "text first", "and text again", "questions", "refused", "halts", "spins"],
)
def test_each_mode_that_shows_something_new_has_its_picture(tmp_path, code, wanted):
    assert modes(tmp_path, *code)[0] == wanted


def test_what_the_calls_showed_is_not_shown_twice(tmp_path):
    seen, summary = modes(tmp_path, TEXT, RETURN, calls="[[call]]\nax = 0x4f02\nbx = 0x4114")
    assert seen == [0x114, 0x03]
    assert summary.display[0].drawn
    assert not summary.display[1].drawn


def test_the_video_bios_s_own_int_10h_sets_no_mode_of_the_payload_s():
    """The same code changes what the VGA shows, then sets mode 3: at C000:0100, and as a boot sector."""
    code = bytes.fromhex("bac203 b067 ee bad403 b8014f ef b8128f ef b80300 cd10 cb")
    image = rom(code, blocks=8)
    built = build(loads('[host]\nvga = "stdvga"'), load_bytes(image, Path("small.rom")), image, None)
    session = Session(built)
    built.machine.ram.write(0xC0000, image)
    caller = Caller(built, session, built.machine.scenario, None)
    with caller.watching(session.slices):
        session.call_rom(3, 0x10)
    assert caller.screens == []
    built.machine.vga.crtc[:] = 0
    with caller.watching(session.slices):
        session.boot(Diskette(code.ljust(512, b"\0")))
    assert len(caller.screens) == 1
    session.boot(Diskette(code.ljust(512, b"\0")))
    assert len(caller.screens) == 1
