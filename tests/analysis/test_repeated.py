"""A ROM that runs more than once: what each run finds of the one before it, by our own ROM."""

import pytest

from fwsim.analysis.repeated import WAYS, Way, repeated
from fwsim.errors import FwsimError
from fwsim.machine.function_reset import reset_display
from fwsim.report.repeated_page import scenario
from fwsim.results.folder import RunDir
from fwsim.rom.catalog import roms_folder
from fwsim.rom.chain import load
from fwsim.running.pipeline import Run, assemble, run
from fwsim.scenario.load import loads
from fwsim.scenario.text import write_struct

OWN = roms_folder() / "igd-vbios.rom"


@pytest.fixture(scope="module")
def runs():
    return {once.way: once for once in repeated(scenario(OWN, "sandybridge"))}


def after(*before, reset="flr", source="file"):
    return Way("guest", before, reset, source)


def test_every_run_ends_with_its_pictures(runs):
    assert list(runs) == list(WAYS)
    assert {(once.ending, once.picture, once.faults) for once in runs.values()} == {("completed", "", 0)}


@pytest.mark.parametrize("before", [("host",), ("host", "guest")])
def test_the_file_after_a_reset_is_the_first_run_again(runs, before):
    once = runs[after(*before)]
    assert once.same
    assert once.events == runs[Way("guest")].events


def test_a_shadow_keeps_the_hosts_base(runs):
    """It has it in its memory: BDSM is not read, each of the 255 entries is the host's and has to be rewritten."""
    once, first = runs[after("host", source="shadow")], runs[Way("guest")]
    assert (once.gtt_rewritten, first.gtt_rewritten) == (255, 0)
    assert (once.parted["space"], once.parted["address"] & 0xFFF, once.how) == ("pci", 0x5E, "a")
    assert once.steers == []


def test_init_called_again_keeps_it_too_and_a_new_copy_does_not(runs):
    assert runs[Way("host", reset="flr", posts=2)].parted["address"] & 0xFFF == 0x5E
    assert runs[Way("host", ("host",), "flr")].same


def text(reset, before='["host"]', kind="qemu", more=""):
    return f"""
[host]
cpu = "sandybridge"
[hypervisor]
kind = "{kind}"
[rom]
file = "{OWN}"
before = {before}
reset = "{reset}"
{more}
[[call]]
ax = 0x4f02
bx = 0x4114
"""


def log_of(scenario_text, folder):
    summary = run(loads(scenario_text, "test"), RunDir.create(folder))
    return [line for line in summary.firmware.log if line.startswith("before")], summary


def test_the_log_says_who_was_before_and_how_that_ended(tmp_path):
    lit = "completed: pipe A on, panel power on"
    log, _ = log_of(text("flr", '["host", "guest"]'), tmp_path / "a")
    assert log == [f"before, host: {lit}, then FLR", f"before, guest: {lit}, then FLR"]
    log, _ = log_of(text("none", '["guest"]', more='source = "shadow"'), tmp_path / "b")
    assert log == [f"before, host: {lit}", f"before, guest: {lit}"]


def test_without_a_reset_the_device_is_as_it_was_left():
    """The panel's power sequencer is up before this run's first access, and its time goes on from the host's."""
    found = {}
    for reset in ("none", "flr"):
        made = loads(text(reset), "test")
        machine = assemble(made, load(OWN)).built.machine
        igd = machine.igd
        found[reset] = (igd.register(0xC7204) & 1, bool(machine.vga.crtc.any()), bool(igd.gtt.any()))
    assert found == {"none": (1, True, True), "flr": (0, False, True)}


def test_a_vga_after_a_reset_has_no_timing():
    """A function level reset takes all of the function's state, its VGA's too (PCI Express 5.0, 6.6.2)."""
    one = Run(assemble(loads(text("flr", "[]"), "test"), load(OWN)))
    one.post()
    machine = one.built.machine
    assert machine.vga.crtc.any()
    assert machine.vga.vram.any()
    reset_display(machine)
    assert not machine.vga.crtc.any()
    assert machine.vga.vram.any()
    one.close()


def test_the_same_twice(tmp_path):
    """Runs before it change nothing between two runs of one scenario."""
    made = text("none", '["host", "guest"]')
    for name in "ab":
        log_of(made, tmp_path / name)
    first, second = ((tmp_path / name / "events.npy").read_bytes() for name in "ab")
    assert first == second


def test_who_was_before_is_written_and_read_again():
    made = loads(text("none", '["host", "guest"]'), "test")
    assert made.rom.before == ("host", "guest")
    assert 'before = ["host", "guest"]' in write_struct(made)
    assert loads(write_struct(made), "test") == made


WRONG = {
    "no such one": ('["driver"]', "qemu", "rom.before.0", '"driver"'),
    "not a list": ('"host"', "qemu", "rom.before", "host"),
    "host second": ('["guest", "host"]', "qemu", "rom.before.1", '"host"'),
    "host twice": ('["host", "host"]', "none", "rom.before.1", '"host"'),
    "a guest of nobody": ('["host", "guest"]', "none", "rom.before.1", '"guest"'),
    "too many": ("[" + ", ".join(['"guest"'] * 17) + "]", "qemu", "rom.before", "17"),
}


@pytest.mark.parametrize("name", WRONG)
def test_nonsense_is_refused(name):
    before, kind, where, found = WRONG[name]
    with pytest.raises(FwsimError) as caught:
        loads(text("flr", before, kind), "test")
    assert where in caught.value.where
    assert found in str(caught.value.found)
    assert caught.value.expected
    assert caught.value.hint


def test_another_adapter_is_not_handed_on(require_package):
    rom = require_package("seabios", "/usr/share/seabios/vgabios-stdvga.bin")
    made = loads(f'[host]\nvga = "stdvga"\n[rom]\nfile = "{rom}"\nbefore = ["guest"]\n', "test")
    with pytest.raises(FwsimError, match="one machine to the next") as caught:
        assemble(made, load(rom))
    assert caught.value.where == "rom.before"
