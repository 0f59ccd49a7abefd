"""Firmware that goes to long mode by itself: a small program of ours, and OVMF's own image where it is installed."""

import struct
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from fwsim.devices.flash import Flash
from fwsim.errors import FwsimError
from fwsim.machine.callbacks_flash import flash_read, flash_write
from fwsim.native import R_HOSTED, address_of
from fwsim.placement.allocate import Ask, place
from fwsim.rom.chain import load
from fwsim.running.pipeline import assemble, begin
from fwsim.scenario.load import loads
from fwsim.scenario.model import Call, Firmware, Guest, Host, Hypervisor, Payload, Scenario
from fwsim.trace.event import Space

HERE = Path(__file__).parents[1]
PROGRAM = HERE / "data/images/long-mode.fd"
ROM = HERE.parent / "roms/igd-gop.rom"
VARS = Path("/usr/share/OVMF/OVMF_VARS.fd")
SEEN, TICKS = 0x7000, 0x7100
AFTER, BAD = 0xFFFFFD41, 0xFFFFFD45
"""Of long-mode.asm, by nasm's listing: behind the INT, and the instruction that faults."""
MIB = 1 << 20


def begun(image="", *, variables="", machine="pc", ram=64 * MIB, rom=ROM):
    options = {"variables": str(variables)} if variables else {}
    scenario = Scenario(
        host=Host(cpu="coffeelake"), hypervisor=Hypervisor(kind="qemu"), guest=Guest(machine=machine, ram=ram),
        firmware=Firmware(kind="ovmf-image", image=str(image), options=options),
    )  # fmt: skip
    return begin(assemble(scenario, load(rom)))


@pytest.fixture(scope="module")
def program():
    run = begun(PROGRAM)
    run.ending_reason = run.post().reason
    yield run
    run.close()


def words(run, at, count):
    return struct.unpack(f"<{count}Q", run.built.machine.ram.read(at, 8 * count))


def test_it_comes_to_its_boot_manager(program):
    assert program.ending_reason == "completed"
    assert program.built.log[-1] == "BdsDxe: starting nothing"


def test_the_boot_processor_is_told_so(program):
    """IA32_APIC_BASE: FEE00000h, enabled, BSP (SDM vol. 3, 11.4.4)."""
    assert words(program, SEEN, 1) == (0xFEE00900,)


def test_an_int_in_long_mode(program):
    """SS, RSP, RFLAGS, CS, RIP on a stack aligned to 16 bytes; the gate clears IF; RBX is whole."""
    pointer, back, stack, rbx, flags = words(program, SEEN + 0x10, 5)
    assert (pointer, back, stack, rbx) == (0x8000 - 40, AFTER, 0x8008, 0x1122334455667788)
    assert not flags & 0x200


def test_an_error_code_in_long_mode(program):
    """MOV DS, 1238h: the GDT's limit is 1Fh."""
    assert words(program, SEEN + 0x40, 2) == (0x1238, BAD)


def test_the_local_apics_timer_wakes_it_from_hlt(program):
    """Five times, a millisecond apart: 999,999 + 1 counts of a nanosecond."""
    assert words(program, TICKS, 1) == (5,)
    recorder = program.built.machine.recorder
    events = recorder.read(0, recorder.count)
    ticks = [int(e["time_ns"]) for e in events if e["space"] == Space.INTERRUPT and e["address"] == 0x40]
    assert len(ticks) == 5
    assert {later - sooner for sooner, later in pairwise(ticks)} == {1_000_000}


def test_every_register_is_seen_in_full(program):
    assert program.built.machine.engine.get("rbx") == 0x1122334455667788


def test_a_snapshot_in_the_middle_goes_on_to_the_same_events():
    """Taken between two slices, in long mode: everything that follows is there again."""
    run = begun(PROGRAM)
    slices, taken = run.session.slices, []

    def between():
        if not taken and run.built.machine.ram.word(TICKS, 4) == 2:
            taken.append(slices.snapshot())

    slices.between = between
    run.post()
    recorder = run.built.machine.recorder
    wanted = recorder.read(0, recorder.count).copy()
    slices.restore(taken[0])
    slices.between = None
    assert slices.resume().reason == "completed"
    assert (recorder.read(0, recorder.count) == wanted).all()
    run.close()


# --- the flash -------------------------------------------------------------------------------------------------------
class Chip:
    """A chip of two sectors, used as code uses it."""

    def __init__(self, run):
        self.flash = Flash(run.built.machine.root, 0xFFC00000, bytes(range(256)) * 32)
        run.built.machine.root[R_HOSTED] = 1
        self.block = address_of(self.flash.block)

    def __call__(self, offset, *cycles):
        for value in cycles:
            flash_write(0, offset, 1, value, self.block)
        return int(flash_read(0, offset, 1, self.block))


@pytest.fixture
def chip(program):
    yield Chip(program)
    program.built.machine.root[R_HOSTED] = 0


def test_it_is_found_as_edk2_finds_it(chip):
    """QemuFlash.c, QemuFlashDetected: 50h leaves the array, 70h then reads 00h, FFh the array again."""
    assert chip(0x10, 0x50) == 0x10
    assert chip(0x10, 0x70) == 0
    assert chip(0x10, 0xFF) == 0x10


def test_a_byte_is_programmed_and_the_status_says_ready(chip):
    assert chip(0x20, 0x10, 0x5A) == 0x80
    assert chip(0x20, 0xFF) == 0x5A
    assert chip(0x21) == 0x21


def test_a_sector_is_erased_and_its_neighbour_is_not(chip):
    assert chip(0x1234, 0x20, 0xD0) == 0x80
    assert chip(0x1234, 0xFF) == 0xFF
    assert (chip(0x1000), chip(0x1FFF), chip(0x0FFF)) == (0xFF, 0xFF, 0xFF & 0xFFF)


def test_a_buffer_is_programmed(chip):
    chip(0x30, 0xE8, 1)
    chip(0x30, 0xAB)
    chip(0x31, 0xCD)
    assert chip(0x31, 0xD0) == 0x80
    assert (chip(0x30, 0xFF), chip(0x31)) == (0xAB, 0xCD)


def test_what_is_no_command_leaves_the_array(chip):
    assert chip(0x40, 0x33) == 0x40


# --- bad input -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("data", "found"),
    [(b"", "0 bytes"), (b"\x90" * 100, "100 bytes"), (b"\xff" * 65536, "ff ff"),
     (b"\x90" * 65535 + b"\xeb", "something"),
     (b"SeaBIOS".ljust(65535, b"\x90") + b"\xeb", "SeaBIOS"), (bytes(9 * MIB), "9437184 bytes")],
    ids=["empty", "too small", "erased", "no volume", "SeaBIOS", "too large"],
)  # fmt: skip
def test_what_is_no_ovmf_is_refused(tmp_path, data, found):
    image = tmp_path / "x.fd"
    image.write_bytes(data)
    with pytest.raises(FwsimError) as raised:
        begun(image)
    assert found in raised.value.found
    assert raised.value.where == "firmware.image"


def test_variables_that_are_none_are_refused(tmp_path):
    other = tmp_path / "vars.fd"
    other.write_bytes(bytes(4096))
    with pytest.raises(FwsimError) as raised:
        begun(PROGRAM, variables=other)
    assert raised.value.where == "firmware.options.variables"


def test_more_address_bits_than_the_engine_has_are_refused():
    """A host from Alder Lake on hands on 46."""
    text = '[host]\ncpu = "alderlake"\n[firmware]\nkind = "ovmf-image"\n'
    with pytest.raises(FwsimError, match=r"guest\.phys_bits = 40"):
        loads(text)
    assert loads(text + "[guest]\nphys_bits = 40\n").cpu.phys_bits == 40
    with pytest.raises(FwsimError, match="--phys-bits 40"):
        place(Ask(firmware="ovmf-image", gen="alderlake"))


def test_what_is_a_bioss_is_left_alone_and_said():
    """A scenario's INTs and its boot sector, under UEFI."""
    run = begun(PROGRAM)
    run.scenario = replace(
        run.scenario, call=(Call(ax=3),), payload=Payload(floppy=str(Path(__file__).parents[2] / "roms" / "menu.img"))
    )
    assert run.post().reason == "completed"
    before = run.built.machine.recorder.count
    run.calls()
    run.boot()
    assert run.built.machine.recorder.count == before
    assert [line.split(":")[1] for line in run.built.log[-2:]] == [
        " the scenario's calls are not made", " payload.floppy is not booted"
    ]  # fmt: skip
    run.close()
