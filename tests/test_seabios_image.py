"""SeaBIOS's own image, from the reset vector to a boot sector: what it does, beside what the model says."""

import struct

import numpy as np
import pytest

from fwsim.errors import FwsimError
from fwsim.placement.allocate import Ask, place
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load
from fwsim.running.image import ImageRun
from fwsim.running.pipeline import assemble, begin, run
from fwsim.scenario.load import loads
from fwsim.trace.event import Actor, Op, Space

IMAGE = "/usr/share/seabios/bios-256k.bin"
TOML = """
[guest]
machine = "pc"
ram = "1G"
[firmware]
kind = "seabios-image"
[rom]
file = "roms/igd-vbios.rom"
"""


@pytest.fixture(scope="module", autouse=True)
def image(require_package):
    return require_package("seabios", IMAGE)


def scenario(text="", **changes):
    toml = TOML + text
    for old, new in changes.items():
        toml = toml.replace(f"{old} = ", f"{old} = {new!s} # ")
    return loads(toml)


def started(wanted):
    one = begin(assemble(wanted, load(wanted.rom.file)))
    assert isinstance(one, ImageRun)
    return one, one.post()


@pytest.fixture(scope="module")
def menu(tmp_path_factory):
    """The boot menu: text, then VESA, then text again."""
    out = RunDir.create(tmp_path_factory.mktemp("menu") / "run")
    return run(scenario('[payload]\nfloppy = "roms/menu.img"'), out), out


def test_it_comes_to_its_boot_sector_and_says_so():
    one, ending = started(scenario())
    assert (ending.reason, ending.cs, ending.ip) == ("completed", 0, 0x7C00)
    log = one.built.log
    for line in (
        "SeaBIOS (version",
        "Intel IGD BDSM enabled at",
        "Running option rom at c000:0003",
        "Booting from 0000:7c00",
    ):
        assert any(line in each for each in log), line
    one.close()


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("ram", ["512M", "3G", "6G"])
def test_a_run_places_as_the_model_does(machine, ram):
    one, _ = started(scenario(machine=f'"{machine}"', ram=f'"{ram}"'))
    model = assemble(scenario(machine=f'"{machine}"', ram=f'"{ram}"', kind='"seabios"'), one.rom).built.placed
    image = one.built.placed
    assert (image.bdsm, image.asls, image.bars, image.e820) == (model.bdsm, model.asls, model.bars, model.e820)
    one.close()


def test_alloc_executes_it():
    image, model = (place(Ask(firmware=kind, machine="q35", ram=3 << 30)) for kind in ("seabios-image", "seabios"))
    assert image.firmware.bdsm == model.firmware.bdsm == 0x7CF00000
    assert image.firmware.e820 == model.firmware.e820
    bars = [{bar.name: bar.address for bar in each.details.bars} for each in (image, model)]
    assert bars[0].pop("00:1f.3 BAR4") == 0x700  # ICH9's SMBus, which the image then puts elsewhere (ich9_smbus_enable)
    assert bars[1].pop("00:1f.3 BAR4")
    assert bars[0] == bars[1]
    assert image.exactness["bdsm"].certainty == "measured"


def test_a_panic_is_the_answer():
    """A 32-bit BAR of 1 GiB has no room below 4 GiB on a q35: the image panics in its own words."""
    from fwsim.placement.ask import parse_bars

    found = place(Ask(firmware="seabios-image", machine="q35", bars=parse_bars("2:1G:pref")))
    assert "PCI: out of 32bit address space" in found.details.boot
    assert not found.firmware.bdsm


def test_the_menu_draws_through_the_real_bios(menu):
    summary, _ = menu
    assert summary.stop.reason == "completed"
    assert [(each.mode, each.width, each.height) for each in summary.display] == [
        (3, 720, 400), (0x114, 800, 600), (3, 720, 400)
    ]  # fmt: skip
    assert all(not each.unreadable_pages for each in summary.display)
    assert all(check.ok for check in summary.checks), [check for check in summary.checks if not check.ok]


def test_the_rom_acts_as_itself_and_the_firmware_as_itself(menu):
    _, out = menu
    events = out.events()
    code = events[events["actor"] <= Actor.FIRMWARE]
    inside = (code["cs"] >= 0xC000) & (code["cs"] < 0xE000)
    assert set(code["actor"][inside].tolist()) == {Actor.ROM}
    assert set(code["actor"][~inside].tolist()) == {Actor.FIRMWARE}
    writes = code[(code["space"] == Space.GTT) & (code["op"] == Op.WRITE)]
    assert len(writes) == 255
    assert set(writes["actor"].tolist()) == {Actor.ROM}


def test_the_same_again_and_from_a_snapshot():
    wanted = scenario('[payload]\nfloppy = "roms/menu.img"')
    one, _ = started(wanted)
    before = one.session.slices.snapshot()
    first = one.built.machine.recorder.count
    one.session.boot()
    events = one.built.machine.recorder.read(0, one.built.machine.recorder.count).copy()
    one.session.slices.restore(before)
    assert one.built.machine.recorder.count == first
    one.session.boot()
    again = one.built.machine.recorder.read(0, one.built.machine.recorder.count)
    assert len(again) == len(events) > first
    assert again.tobytes() == events.tobytes()
    other, _ = started(wanted)
    assert np.array_equal(other.built.machine.recorder.read(0, first), events[:first])
    one.close(), other.close()


def test_calls_are_made_in_the_boot_sectors_place(tmp_path):
    text = "[[call]]\nint = 0x10\nax = 0x4f02\nbx = 0x4114\n"
    summary = run(scenario(text), RunDir.create(tmp_path / "run"))
    assert [(each.ax, each.result_ax, each.ok) for each in summary.calls] == [(0x4F02, 0x4F, True)]
    assert summary.display[-1].wanted == (800, 600)
    assert summary.display[-1].drawn


def test_rombar_off_hands_it_over_in_vgaroms():
    one, _ = started(scenario('[hypervisor]\nrombar = "off"'))
    assert "Running option rom at c000:0003" in one.built.log
    assert not one.built.machine.roms
    one.close()


def test_ids_that_do_not_match_are_the_images_to_refuse():
    one, _ = started(scenario("any_device = true\n[host]\ndevice_id = 0x0116"))
    assert "Running option rom at c000:0003" not in one.built.log
    assert one.summary().rom.taken is False
    one.close()


def test_what_fw_cfg_told_is_in_the_guests_memory():
    """What the loader placed: an RSDP in the F segment, with a right sum, that leads to an RSDT in high RAM."""
    one, _ = started(scenario())
    segment = one.built.machine.ram.read(0xF0000, 0x10000)
    at = segment.index(b"RSD PTR ")
    assert sum(segment[at : at + 20]) & 0xFF == 0
    rsdt = struct.unpack_from("<I", segment, at + 16)[0]
    assert one.built.machine.ram.read(rsdt, 4) == b"RSDT"
    assert segment.count(b"_SM_") == 1
    one.close()


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("short", bytes(1000), "not the size of a firmware image"),
        ("erased", b"\xff" * (256 << 10), "nothing is at its reset vector"),
        ("other", b"\xea" * 128 + bytes(65536 - 144) + bytes(range(16)), "not SeaBIOS"),
        ("uefi", b"_FVH".ljust(65520, b"\0") + bytes(range(16)), 'firmware.kind = "ovmf-image"'),
    ],
)
def test_what_is_no_image(tmp_path, name, data, word):
    path = tmp_path / f"{name}.bin"
    path.write_bytes(data)
    with pytest.raises(FwsimError) as error:
        started(scenario(kind=f'"seabios-image"\nimage = "{path}"'))
    assert error.value.where == "firmware.image"
    assert word in str(error.value)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[hypervisor]\nkind = "none"', "hypervisor.kind"), ("posts = 2", "rom.posts"),
        ('int15 = {"5f34" = {ax = 0x5f}}', "rom.int15"),
    ],
)  # fmt: skip
def test_what_firmware_that_is_executed_cannot_do(text, where):
    with pytest.raises(FwsimError) as error:
        scenario(text)
    assert where in error.value.where
    assert "not with firmware that is executed" in str(error.value)


def waits(tmp_path):
    """IN AL, 64h; TEST AL, 1; JZ: until the keyboard controller has something, which it never has."""
    path = tmp_path / "waits.bin"
    code = b"\xe4\x64\xa8\x01\x74\xfa\xf4"
    path.write_bytes(b"SeaBIOS".ljust(65504, b"\x90") + code.ljust(16, b"\x90") + b"\xeb\xee" + bytes(14))
    return path


def test_an_image_that_waits_says_for_what(tmp_path):
    one, ending = started(scenario(kind=f'"seabios-image"\nimage = "{waits(tmp_path)}"'))
    assert ending.reason == "hung"
    assert "waits for port 0x64" in one.summary().stop.detail
    assert "tests bit 0" in one.summary().stop.detail
    one.close()
    found = place(Ask(firmware="seabios-image", options={"image": str(waits(tmp_path))}))
    assert "it had said nothing (hung at f000:0000ffe0: waits for port 0x64" in found.details.boot


def test_an_image_that_resets_the_machine_says_so(tmp_path):
    """Sixteen bytes at the vector: MOV AL, FEh; OUT 64h, AL; and the name that every SeaBIOS has."""
    path = tmp_path / "resets.bin"
    path.write_bytes(b"SeaBIOS".ljust(65520, b"\x90") + b"\xb0\xfe\xe6\x64\xeb\xfe" + bytes(10))
    one, ending = started(scenario(kind=f'"seabios-image"\nimage = "{path}"'))
    assert (ending.reason, ending.detail) == ("error", "the firmware reset the machine")
    assert ending.ip in range(0xFFF0, 0xFFF6)
    one.close()


def test_the_guests_driver_looks_behind_an_image_too():
    one, _ = started(scenario(ram='"1G"\ndriver = "i915-6.12"'))
    assert one.summary().driver.name == "i915-6.12"
    one.close()
