"""Real vBIOS images run on the IGD's model with nothing done to help them. Needs them under $FWSIM_ROMS.

The expectations are those of runs on an independent prototype: which images end, set modes, and light a plane, and what
each of them misses when one behaviour is taken away.
"""

import hashlib
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from fwsim.analysis.gave_up import why_it_gave_up
from fwsim.devices.igd.scanout import scan
from fwsim.environment.bios.session import Session
from fwsim.machine.build import build
from fwsim.native import PORT_STORE
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load
from fwsim.running.calls import Caller
from fwsim.running.option_rom import legacy_image, offer, refusal
from fwsim.running.payload import test_card
from fwsim.running.pipeline import run as execute
from fwsim.scenario.load import loads
from fwsim.scenario.model import Call

BUFFER = 0x10000
# sha256 prefix: cpu, linear modes with the cpu's usual display, two displays
IMAGES = {
    "9d7e3b3c-snb": ("sandybridge", 21, ("crt", "hdmi-b")),
    "9d7e3b3c": ("ivybridge", 21, ("crt", "lvds")),
    "b5f1aaa2": ("sandybridge", 21, ("crt", "dp-b")),
    "b5f1aaa2-ivb": ("ivybridge", 21, ("lvds", "hdmi-c")),
    "356fe5c4": ("haswell", 12, ("crt", "hdmi-b")),
    "0f9ce584": ("baytrail", 9, ("crt", "hdmi-b")),
    "4c53abf3": ("cherryview", 12, ("hdmi-b", "hdmi-d")),
    "e200c217": ("skylake", 12, ("hdmi-b", "hdmi-c")),
    "7181b60e": ("skylake", 12, ("hdmi-b", "edp")),
    "88d64792": ("coffeelake", 12, ("hdmi-b", "edp")),
    "255933b2": ("apollolake", 12, ("hdmi-b", "dp-c")),
    "69164d2b": ("965", 27, ("crt", "lvds")),
    "6c3ee20a": ("965", 27, ("crt", "lvds")),
}


@cache
def found():
    """sha256 of each file under $FWSIM_ROMS."""
    folder = os.environ.get("FWSIM_ROMS")
    if not folder:
        return {}
    files = [path for path in Path(folder).rglob("*") if path.is_file() and path.stat().st_size <= 1 << 20]
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in files}


def image(name):
    prefix = name.partition("-")[0]
    path = next((path for digest, path in found().items() if digest.startswith(prefix)), None)
    if path is None:
        pytest.skip(f"no image with sha256 {prefix}... under $FWSIM_ROMS")
    return path


class Run:
    """An image, POSTed. ``displays``: None is the cpu's usual one; ``before`` changes the machine."""

    def __init__(self, name, *, displays=None, hypervisor="none", without=(), before=lambda machine: None):
        path = image(name)
        shown = displays if displays != () else ("none",)
        text = f'[host]\ncpu = "{IMAGES[name][0]}"\n[rom]\nfile = "{path}"\nchecksum = "ignore"\n'
        text += f'[hypervisor]\nkind = "{hypervisor}"\n'
        text += "".join(f'[[display]]\nport = "{port}"\n' for port in shown or ())
        scenario = loads(text, "test")
        rom = load(scenario.rom.file)
        offered = offer(scenario, rom, scenario.host.device_id, None)
        built = build(scenario, rom, offered.image, None, without=frozenset(without))
        self.machine, self.session = built.machine, Session(built)
        code = legacy_image(offered.image, rom)
        assert refusal(code, False) == ""
        self.machine.ram.write(0xC0000, code)
        self.machine.engine.flush_code()
        before(self.machine)
        self.session.call_rom(3, 0x10)
        self.ended = self.session.slices.ended

    def word(self, at, width=2):
        return self.machine.ram.word(at, width)

    def int10(self, ax, bx=0, cx=0):
        """AX after INT 10h; None when it did not end."""
        registers = {"ax": ax, "bx": bx, "cx": cx, "dx": 0, "es": BUFFER >> 4, "di": 0}
        ending = self.session.interrupt(0x10, registers)
        return self.session.cpu.get("ax") if ending.reason == "completed" else None

    def modes(self):
        """The list of 4F00; empty where that is refused."""
        self.machine.ram.write(BUFFER, b"VBE2")
        if self.int10(0x4F00) != 0x004F:
            return []
        at = (self.word(BUFFER + 0x10) << 4) + self.word(BUFFER + 0x0E)
        modes = []
        while self.word(at) != 0xFFFF and len(modes) < 256:
            modes.append(self.word(at))
            at += 2
        return modes

    def linear_modes(self):
        """Those of the list that 4F01 describes, with a linear frame buffer."""
        return [m for m in self.modes() if self.int10(0x4F01, cx=m) == 0x004F and self.word(BUFFER) & 0x80]

    def edid(self):
        """Whether 4F15 gives an EDID; asserts that it ends."""
        answer = self.int10(0x4F15, bx=1)
        assert answer in (0x004F, 0x014F)
        return answer == 0x004F and self.machine.ram.read(BUFFER, 8) == bytes.fromhex("00ffffffffffff00")

    def plane(self):
        """Whether a plane is what the screen shows."""
        return scan(self.machine.igd, self.machine.vga).source == "plane"


def text_and_vga_modes(run):
    assert run.ended is None
    for mode in (0x03, 0x12, 0x13):
        assert run.int10(mode) is not None
        assert run.word(0x449, 1) == mode


@pytest.mark.parametrize("name", IMAGES)
def test_host_with_its_usual_display(name):
    run = Run(name)
    text_and_vga_modes(run)
    modes = run.linear_modes()
    assert len(modes) == IMAGES[name][1]
    assert run.edid()
    for mode in modes:
        assert run.int10(0x4F02, bx=0x4000 | mode) == 0x004F, hex(mode)
        assert run.plane()
        assert run.int10(0x4F03) == 0x004F


LOSS = {8: 42, 16: 7, 32: 0}
"""How far a channel may be off by the mode's own depth: the default palette's steps, 5 and 6 bits, nothing."""


@pytest.mark.parametrize("name", IMAGES)
def test_the_card_is_on_the_screen_in_every_linear_mode(name):
    """Drawn through BAR2 where 4F01 says, read back by the plane that the image set up."""
    run = Run(name)
    caller = Caller(run.session.built, run.session, run.machine.scenario, None)
    for mode in run.linear_modes():
        assert caller.make(Call(vector=0x10, ax=0x4F02, bx=0xC000 | mode)).ok
        width, height, depth = run.word(BUFFER + 0x12), run.word(BUFFER + 0x14), run.word(BUFFER + 0x19, 1)
        caller.finish()
        picture = caller.pictures[-1].astype(int)
        if mode == 0x16B:  # Crestline answers 004F and sets another mode: 4F03 says so too
            assert picture.shape == (480, 768, 3)
            continue
        assert picture.shape == (height, width, 3), hex(mode)
        assert np.abs(picture - test_card(width, height)).max() <= LOSS[depth], hex(mode)
        assert caller.screens[-1].unreadable_pages == 0


@pytest.mark.parametrize("name", IMAGES)
def test_a_posted_shadow_keeps_the_hosts_base(name, tmp_path):
    """POSTed on the host, then run as a guest of QEMU 10.0: it writes the host's base, not the guest's."""
    cpu = IMAGES[name][0]
    text = f'[host]\ncpu = "{cpu}"\n[rom]\nfile = "{image(name)}"\nsource = "shadow"\nchecksum = "ignore"\n'
    text += "".join(f"[[call]]\nax = {ax}\n" for ax in (0x03, 0x12, 0x13))
    summary = execute(loads(text, "test"), RunDir.create(tmp_path / "run"))
    assert summary.stop.reason == "completed"
    assert all(call.ok for call in summary.calls)
    posted = {"e200c217": 0xA8000001, "255933b2": 0x7C000001, "69164d2b": 0xBF800001}
    wanted = posted.get(name[:8], loads(text, "test").host.stolen_base | 1)
    assert summary.gtt.first.value == wanted


@pytest.mark.parametrize("name", IMAGES)
def test_host_with_no_display(name):
    run = Run(name, displays=())
    text_and_vga_modes(run)
    assert not run.edid()
    modes = run.linear_modes()
    if name.startswith("4c53abf3"):  # this image takes VBE back when no display is there
        assert modes == []
        return
    assert modes
    for mode in modes:
        assert run.int10(0x4F02, bx=0x4000 | mode) == 0x004F, hex(mode)


@pytest.mark.parametrize("name", IMAGES)
def test_host_with_two_displays(name):
    run = Run(name, displays=IMAGES[name][2])
    text_and_vga_modes(run)
    assert run.edid()
    assert 0x118 in run.linear_modes()
    assert run.int10(0x4F02, bx=0x4118) == 0x004F
    assert run.plane()


@pytest.mark.parametrize("name", IMAGES)
def test_guest_of_qemu(name):
    run = Run(name, hypervisor="qemu")
    text_and_vga_modes(run)
    modes = run.linear_modes()
    assert modes
    for mode in modes:
        assert run.int10(0x4F02, bx=0x4000 | mode) == 0x004F, hex(mode)


def outcome(name, gone):
    """Where it stops (post, 0003, 4f02), or what 118h and 4F15 give."""
    run = Run(name, without=gone.split("+"))
    if run.ended:
        return "post"
    if run.int10(0x0003) is None:
        return "0003"
    answer = run.int10(0x4F02, bx=0x4118)
    return "4f02" if answer is None else (answer, run.plane(), run.edid())


LIT, NO_EDID, DARK, DARK_EDID = (0x4F, True, True), (0x4F, True, False), (0x4F, False, False), (0x4F, False, True)
GONE = {
    "0f9ce584": {
        "GMBUS": NO_EDID, "AUX": "post", "ADPA": "post", "VLV DPLL": "post", "PIPESTAT": LIT, "PIPECONF": LIT,
        "CZCLK_CDCLK": (0x14F, False, True), "GPIO": LIT, "PIPE_DSL": LIT, "FRAMECOUNT": LIT, "PP_STATUS": LIT,
        "HOTPLUG_EN": LIT, "HOTPLUG_STAT": LIT, "IOSF SB": LIT,
    },
    "255933b2": {
        # firmware left the core clock that the image wants: only from another one does it ask the power unit
        "AUX": "post", "PWR_WELL": LIT, "FUSE_STATUS": LIT, "CDCLK_CTL+PCODE": "0003", "BXT PLL": "0003",
        "PCODE": LIT, "BXT PHY": DARK,
        "DE_PORT_ISR": DARK, "DDI_BUF": LIT, "DP_TP_STATUS": LIT, "DBUF_CTL": LIT,
    },
    "88d64792": {
        "GMBUS": DARK, "AUX": LIT, "PWR_WELL": LIT, "FUSE_STATUS": LIT, "PCODE": LIT, "DPLL_STATUS": LIT,
        "CDCLK_CTL": "post", "LCPLL1/2": LIT, "SFUSE_STRAP": DARK_EDID, "SDEISR": DARK_EDID,
    },
    "7181b60e": {  # its VBT has no HDMI-B: the display is at a DisplayPort
        "GMBUS": LIT, "AUX": DARK, "PWR_WELL": LIT, "FUSE_STATUS": LIT, "PCODE": LIT, "DPLL_STATUS": "post",
        "CDCLK_CTL": "post", "LCPLL1/2": LIT, "SFUSE_STRAP": DARK, "SDEISR": DARK,
    },
    "356fe5c4": {
        "GMBUS": NO_EDID, "ADPA": "post", "PWR_WELL": LIT, "SBI": "0003", "DP_TP_STATUS": DARK_EDID, "AUX": LIT,
        "LCPLL": LIT, "TRANSCONF": LIT, "FDI_RX_IIR": LIT,
    },
    "9d7e3b3c": {"GMBUS": NO_EDID, "ADPA": "post", "AUX": LIT, "PIPE_DSL": LIT, "FDI_RX_IIR": LIT, "TRANSCONF": LIT},
    "b5f1aaa2": {"GMBUS": NO_EDID, "ADPA": "post", "FDI_RX_IIR": "4f02", "PIPE_DSL": LIT, "TRANSCONF": LIT},
    "69164d2b": {"GMBUS": NO_EDID, "HOTPLUG_EN": "post", "HOTPLUG_STAT": NO_EDID, "PIPE_DSL": LIT, "PIPESTAT": LIT},
    "4c53abf3": {"HOTPLUG_STAT": DARK, "IOSF SB": "post", "CZCLK_CDCLK": "post", "CHV PHY": "0003", "AUX": LIT},
}  # fmt: skip


@pytest.mark.parametrize(("name", "gone"), [(name, gone) for name, rows in GONE.items() for gone in rows])
def test_one_behaviour_taken_away(name, gone):
    assert outcome(name, gone) == GONE[name][gone]


def test_crestline_takes_a_crtc_at_3b4_for_a_second_adapter():
    """A VGA in colour mode does not answer at 3B4: where it does, the image leaves the screen to a monochrome card."""

    def answer(machine):
        machine.ports[0x3B4:0x3B6] = PORT_STORE

    run = Run("6c3ee20a", before=answer)
    assert run.int10(0x0003) is not None
    assert run.word(0x449, 1) == 0
    assert run.int10(0x4F02, bx=0x4118) == 0x014F


def test_cherryview_of_the_first_steppings():
    """Revision 9 never shipped, and the image's path for it never ends; 21h and 35h are what people have."""

    def early(machine):
        machine.pci.set(next(function.slot for function in machine.functions if function.devfn == 0x10), 0x08, 1, 9)

    assert Run("4c53abf3", before=early).int10(0x0003) is None


GEN3 = {"82b4f9ba": 0xD0000000, "eee66e7b": 0xB0000000}
"""945GM images, and where the aperture is."""


@pytest.mark.parametrize("name", GEN3)
def test_gen_3_names_the_aperture_as_its_frame_buffer(name):
    """On a ThinkPad the frame buffer of every linear mode is at GMADR."""
    IMAGES[name] = ("945", 0, ())

    def moved(machine):
        igd = next(function for function in machine.functions if function.devfn == 0x10)
        machine.pci.write(machine.root, 0x10, 0x18, 4, GEN3[name])
        assert machine.pci.seen_by_guest(igd.slot, 0x18, 4) & ~0xF == GEN3[name]

    run = Run(name, before=moved)
    assert run.ended is None
    assert run.int10(0x4F01, cx=0x118) == 0x004F
    assert run.word(BUFFER + 0x28, 4) == GEN3[name]
    assert run.int10(0x4F02, bx=0x4118) == 0x004F
    assert run.plane()


GAVE_UP = {
    "88d64792": ("coffeelake", "0xa2c9", "it read LPC_DID 0xa2c9 and gave up; with 0xa305 it goes on"),
    "7181b60e": ("skylake", "0x2918", "it read LPC_DID 0x2918 and gave up; with 0x9d48 it goes on"),
}
"""The two lists of ids were tried one by one: a145 9d48 a2c5 9d4e, and a305 9d84."""


@pytest.mark.parametrize("name", GAVE_UP)
def test_an_image_that_does_not_know_the_lpc_bridge(name, tmp_path):
    cpu, lpc, said = GAVE_UP[name]
    scenario = loads(f'[host]\ncpu = "{cpu}"\nlpc_id = {lpc}\n[rom]\nfix_ids = true\nfile = "{image(name)}"\n')
    with RunDir.create(tmp_path / "run") as folder:
        summary = execute(scenario, folder)
    assert why_it_gave_up(scenario, summary).text == said


def test_skylake_maps_more_than_a_guest_has_and_uses_none_of_it(tmp_path):
    """256 MiB of entries over 64 MiB of stolen memory: with 118h on the screen the rest is never used."""
    rom = f'[rom]\nfix_ids = true\nfile = "{image("7181b60e")}"\n'
    text = f'[host]\ncpu = "skylake"\n{rom}[[call]]\nax = 0x4f02\nbx = 0x4118\n'
    with RunDir.create(tmp_path / "run") as folder:
        summary = execute(loads(text), folder)
    targets, spare = summary.gtt.targets, summary.gtt.spare
    assert targets.guest_ram
    assert (targets.guest_ram, targets.unmapped) == (spare.guest_ram, spare.unmapped)
    assert not {check.id for check in summary.failed} & {"gtt-guest-stolen", "gtt-no-corruption", "screens-complete"}
