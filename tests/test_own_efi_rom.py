"""Our EFI drivers under OVMF: every generation, placed by the firmware and by the chain, and the protocols' rules."""

import functools
from pathlib import Path

import numpy as np
import pytest

from fwsim.devices.edid import default_edid
from fwsim.environment.uefi import gop
from fwsim.environment.uefi.words import (
    COMPONENT_NAME2,
    DEVICE_PATH,
    DRIVER_BINDING,
    EDID_ACTIVE,
    EDID_DISCOVERED,
    GRAPHICS_OUTPUT,
)
from fwsim.memory.e820 import E820Type
from fwsim.rom.chain import load
from fwsim.running.payload import test_card
from fwsim.running.pictures import take
from fwsim.running.pipeline import assemble, run
from fwsim.running.uefi import UefiRun
from fwsim.scenario.load import load as load_scenario
from fwsim.scenario.load import loads
from fwsim.trace.efi import status_name

REPO = Path(__file__).parents[1]
PAGE = 4096
CPUS = ("sandybridge", "ivybridge", "haswell", "broadwell", "skylake", "icelake", "tigerlake")
SIZES = [(1024, 768), (800, 600), (640, 480)]
FILL, FROM_SCREEN, TO_SCREEN, ON_SCREEN = range(4)


def scenario(rom, cpu="skylake", kind="qemu", **firmware):
    options = "".join(f'{key} = "{value}"\n' for key, value in firmware.items())
    return loads(
        f'[host]\ncpu = "{cpu}"\nvga = "igd"\n[hypervisor]\nkind = "{kind}"\n[firmware]\nkind = "ovmf"\n'
        f'[firmware.options]\n{options}[rom]\nfile = "{REPO / "roms" / rom}"\n'
    )


def started(wanted):
    """A run whose drivers are connected."""
    made = UefiRun(assemble(wanted, load(wanted.rom.file)))
    assert made.post().reason == "completed"
    return made


class Whole:
    """What a whole run left, without its machine."""

    def __init__(self, made):
        self.summary = made.summary()
        self.pictures = made._shown.pictures
        machine, placed = made.built.machine, made.built.placed
        self.entries = machine.igd.entries().copy()
        self.pages = placed.size // PAGE
        self.guest_stolen, self.e820 = made.built.guest_stolen, placed.e820
        self.options = made.scenario.firmware.options
        self.files = {name: bytes(data) for name, data in made.built.fw_cfg.files.items()}
        self.opregion = machine.ram.read(placed.asls, len(self.files.get("etc/igd-opregion", b"")))
        slot = machine.pci.slot(made.scenario.guest.devfn)
        self.registers = {at: machine.pci.seen_by_guest(slot, at, 4) for at in (0x5C, 0xC0, 0xFC)}
        made.close()


@functools.cache
def whole(rom, cpu="skylake", kind="qemu", **firmware):
    made = started(scenario(rom, cpu, kind, **firmware))
    made.calls()
    made.pictures()
    return Whole(made)


def mapped(base, count):
    return base + PAGE * np.arange(count, dtype=np.uint64) + np.uint64(1)


EACH = [(rom, cpu) for cpu in CPUS for rom in ("igd-gop.efi", "igd-gop.rom")] + [
    ("igd-combined.rom", cpu) for cpu in ("sandybridge", "icelake")
]


@pytest.mark.parametrize(("rom", "cpu"), EACH)
def test_pictures_are_whole_and_the_gtt_leads_to_stolen_memory(rom, cpu):
    made = whole(rom, cpu)
    summary = made.summary
    assert [each.set for each in summary.efi.gop.modes] == ["SUCCESS"] * 3
    assert [(each.width, each.height) for each in summary.display] == SIZES
    assert [each.unreadable_pages for each in summary.display] == [0, 0, 0]
    for shown, (width, height) in zip(made.pictures, SIZES, strict=True):
        assert np.array_equal(shown, test_card(width, height))
    bdsm, pages = summary.firmware.bdsm, made.pages
    assert bdsm
    assert bdsm % (1 << 20) == 0
    assert pages * PAGE >= 32 << 20
    assert np.array_equal(made.entries[:pages], mapped(np.uint64(bdsm), pages))
    assert not made.entries[pages:].any()
    assert summary.efi.gop.base == summary.firmware.bars["2"]
    assert summary.efi.breaches == []
    assert not {each.id for each in summary.failed} - {"legacy-mode"}


@pytest.mark.parametrize(("rom", "cpu"), [row for row in EACH if row[0] != "igd-gop.efi"])
def test_the_chain_places_what_the_firmware_places_without_it(rom, cpu):
    own, made = whole("igd-gop.efi", cpu).summary.firmware, whole(rom, cpu)
    found = made.summary.firmware
    assert made.options["driver"] == "none"
    assert (found.bdsm, found.asls) == (own.bdsm, own.asls)
    assert made.files["etc/igd-opregion"][:16] == b"IntelGraphicsMem"
    assert made.opregion == made.files["etc/igd-opregion"]
    size = int.from_bytes(made.files["etc/igd-bdsm-size"], "little")
    assert made.guest_stolen == (found.bdsm, found.bdsm + size)
    types = {kind for start, end, kind in made.e820 if start <= found.bdsm < end}
    assert types == {E820Type.RESERVED.name}


@pytest.mark.parametrize(("cpu", "register"), [("skylake", 0x5C), ("icelake", 0xC0), ("tigerlake", 0xC0)])
def test_bdsm_is_where_the_generation_has_it(cpu, register):
    made = whole("igd-gop.rom", cpu)
    assert made.registers[register] & -PAGE == made.summary.firmware.bdsm
    assert made.registers[0xFC] == made.summary.firmware.asls


@pytest.mark.parametrize("cpu", ["sandybridge", "skylake", "tigerlake"])
def test_no_driver_notices_that_bdsm_is_0(cpu):
    made = whole("igd-gop.efi", cpu, driver="none")
    assert made.summary.efi.drivers[0].start == "SUCCESS"
    assert made.entries[:2].tolist() == [1, 0x1001]
    assert "bdsm-set" in {each.id for each in made.summary.failed}


@pytest.mark.parametrize("kind", ["ranged", "none"])
def test_other_hypervisors(kind):
    made = whole("igd-gop.rom", "skylake", kind)
    assert [each.unreadable_pages for each in made.summary.display] == [0, 0, 0]
    assert int(made.entries[0]) == made.summary.firmware.bdsm | 1


def test_without_stolen_memory_there_is_no_mode_and_start_says_so():
    summary = whole("igd-gop.rom", "skylake", "crosvm").summary
    assert summary.efi.drivers[1].start == "OUT_OF_RESOURCES"
    assert summary.efi.gop is None


def test_the_combined_rom_is_a_video_bios_under_seabios(tmp_path):
    from fwsim.results.folder import RunDir

    path = REPO / "examples" / "combined-rom.toml"
    summary = run(load_scenario(path, ["firmware.kind=seabios"]), RunDir.create(tmp_path / "x"))
    assert summary.efi is None
    assert summary.failed == []
    assert [(each.width, each.height) for each in summary.display] == [(800, 600)]


@pytest.mark.parametrize("name", ["ovmf-gop", "combined-rom"])
def test_examples_run(name, tmp_path):
    from fwsim.results.folder import RunDir

    summary = run(load_scenario(REPO / "examples" / f"{name}.toml"), RunDir.create(tmp_path / "x"))
    assert summary.stop.reason == "completed"
    assert [(each.width, each.height, each.unreadable_pages) for each in summary.display] == [(*s, 0) for s in SIZES]


# --- the protocols ---------------------------------------------------------------------------------------------------


@pytest.fixture
def display():
    made = started(scenario("igd-gop.efi"))
    yield made, gop.found(made.uefi)[0]
    made.close()


def blt(made, each, buffer, *arguments):
    uefi = made.uefi
    return status_name(uefi.call(uefi.number(each.interface + 16), each.interface, buffer, *arguments))


def shown(made):
    return take(made.built, 0, 1)[1]


def pixels(rows):
    return np.array(rows, "<u4").tobytes()


def test_start_lights_the_first_mode_in_black(display):
    made, each = display
    assert each.mode == 0
    assert shown(made).shape == (768, 1024, 3)
    assert not shown(made).any()


def test_query_and_set_of_a_mode_that_is_not_there(display):
    _, each = display
    assert status_name(each.query(3)[0]) == "INVALID_PARAMETER"
    assert status_name(each.set(3)) == "UNSUPPORTED"
    assert each.mode == 0
    assert status_name(each.set(2)) == "SUCCESS"
    assert (each.current.width, each.current.height, each.current.line) == (640, 480, 640)


def test_set_mode_clears_what_was_drawn(display):
    made, each = display
    assert status_name(each.fill(0x00FF8040, 1024, 768)) == "SUCCESS"
    assert (shown(made) == (0xFF, 0x80, 0x40)).all()
    each.set(0)
    assert not shown(made).any()


def test_blt_fills_a_part(display):
    made, each = display
    at = made.uefi.memory.new(pixels([0x00112233]))
    assert blt(made, each, at, FILL, 0, 0, 10, 20, 5, 3, 0) == "SUCCESS"
    picture = shown(made)
    assert (picture[20:23, 10:15] == (0x11, 0x22, 0x33)).all()
    assert np.count_nonzero(picture.any(axis=2)) == 15


def test_blt_to_the_screen_and_back_by_delta(display):
    made, each = display
    source = np.arange(1, 25, dtype="<u4").reshape(4, 6)
    at, back = made.uefi.memory.new(source.tobytes()), made.uefi.memory.new(bytes(96))
    assert blt(made, each, at, TO_SCREEN, 2, 1, 100, 200, 3, 2, 24) == "SUCCESS"
    assert shown(made)[200:202, 100:103, 2].tolist() == source[1:3, 2:5].tolist()
    assert blt(made, each, back, FROM_SCREEN, 100, 200, 1, 1, 3, 2, 24) == "SUCCESS"
    wanted = np.zeros((4, 6), "<u4")
    wanted[1:3, 1:4] = source[1:3, 2:5]
    assert np.array_equal(np.frombuffer(made.uefi.cpu.read(back, 96), "<u4").reshape(4, 6), wanted)


@pytest.mark.parametrize(("across", "down"), [(2, 1), (-2, -1), (2, -1), (-2, 1), (3, 0), (-3, 0)])
def test_blt_on_the_screen_may_overlap(display, across, down):
    made, each = display
    source = np.arange(1, 65, dtype="<u4").reshape(8, 8)
    at = made.uefi.memory.new(source.tobytes())
    blt(made, each, at, TO_SCREEN, 0, 0, 50, 50, 8, 8, 0)
    assert blt(made, each, 0, ON_SCREEN, 50, 50, 50 + across, 50 + down, 8, 8, 0) == "SUCCESS"
    assert shown(made)[50 + down : 58 + down, 50 + across : 58 + across, 2].tolist() == source.tolist()


@pytest.mark.parametrize("arguments", [
    (FILL, 0, 0, 1020, 0, 5, 1, 0), (FILL, 0, 0, 0, 766, 1, 3, 0), (FROM_SCREEN, 1024, 0, 0, 0, 1, 1, 0),
    (ON_SCREEN, 0, 0, 1023, 0, 2, 1, 0), (FILL, 0, 0, 0, 0, 0, 1, 0), (4, 0, 0, 0, 0, 1, 1, 0),
    (FILL, 0, 0, 2**64 - 1, 0, 2, 1, 0),
])  # fmt: skip
def test_blt_off_the_screen_draws_nothing(display, arguments):
    made, each = display
    at = made.uefi.memory.new(pixels([0x00FFFFFF] * 8))
    assert blt(made, each, at, *arguments) == "INVALID_PARAMETER"
    assert not shown(made).any()


def test_the_childs_protocols(display):
    made, each = display
    uefi = made.uefi
    path = uefi.handles.interface(each.handle, DEVICE_PATH)
    assert uefi.cpu.read(path, 12 + 6 + 8 + 4).hex(" ", 1) == (
        "02 01 0c 00 d0 41 03 0a 00 00 00 00 01 01 06 00 00 02 02 03 08 00 00 01 01 80 7f ff 04 00"
    )
    for guid in (EDID_DISCOVERED, EDID_ACTIVE):
        at = uefi.handles.interface(each.handle, guid)
        assert uefi.number(at, 4) == 128
        assert uefi.cpu.read(uefi.number(at + 8), 128) == default_edid()


def test_names(display):
    made, _ = display
    uefi = made.uefi
    names = uefi.handles.interface(uefi.handles.with_protocol(COMPONENT_NAME2)[0], COMPONENT_NAME2)
    room, english, german = uefi.memory.new(bytes(8)), uefi.memory.new(b"en\0"), uefi.memory.new(b"de\0")
    assert uefi.cpu.read(uefi.number(names + 16), 3) == b"en\0"
    assert status_name(uefi.call(uefi.number(names), names, english, room)) == "SUCCESS"
    assert uefi.cpu.read(uefi.number(room), 26).decode("utf-16-le") == "fwsim IGD GOP"
    assert status_name(uefi.call(uefi.number(names), names, german, room)) == "UNSUPPORTED"


def test_stop_takes_everything_back_and_start_works_again(display):
    made, each = display
    uefi, controller = made.uefi, _controller(made.uefi)
    binding = uefi.handles.interface(uefi.handles.with_protocol(DRIVER_BINDING)[0], DRIVER_BINDING)
    children = uefi.memory.new(each.handle.to_bytes(8, "little"))
    stop = uefi.number(binding + 16)
    assert status_name(uefi.call(stop, binding, controller, 1, children)) == "SUCCESS"
    assert uefi.handles.with_protocol(GRAPHICS_OUTPUT) == []
    assert take(made.built, 0, 1)[0].format == "off"
    assert status_name(uefi.call(stop, binding, controller, 0, 0)) == "SUCCESS"
    assert uefi.breaches == []
    assert status_name(uefi.call(uefi.number(binding), binding, controller, 0)) == "SUCCESS"
    assert status_name(uefi.call(uefi.number(binding + 8), binding, controller, 0)) == "SUCCESS"
    assert len(gop.found(uefi)) == 1


def _controller(uefi):
    """The IGD's handle: the one whose path ends with 02.0."""
    node = bytes((1, 1, 6, 0, 0, 2))
    for handle in uefi.handles.with_protocol(DEVICE_PATH):
        if uefi.cpu.read(uefi.handles.interface(handle, DEVICE_PATH) + 12, 6) == node:
            return handle
    raise LookupError


@pytest.mark.parametrize("cpu", ["baytrail", "cherryview", "meteorlake"])
def test_supported_declines_what_is_laid_out_otherwise(cpu):
    made = started(scenario("igd-gop.efi", cpu))
    assert made.drivers[0].supported == "UNSUPPORTED"
    made.close()


def test_the_demo_of_two_firmwares_is_whole_under_both(tmp_path):
    from fwsim.demo.igd import demo
    from fwsim.results.folder import RunDir

    seabios, ovmf = demo(RunDir.create(tmp_path / "demo"), uefi=True)
    assert (seabios.scenario, seabios.efi) == ("seabios", None)
    assert [each.start for each in ovmf.efi.drivers] == ["", "SUCCESS"]
    assert [each.failed for each in (seabios, ovmf)] == [[], []]
    assert [len(each.display) for each in (seabios, ovmf)] == [1, 3]
