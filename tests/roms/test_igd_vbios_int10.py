"""Our ROM's INT 10h answers as IBM's and VESA's documents say, on the bare Unicorn machine."""

import struct

import pytest
from bare_machine import BareMachine, sound_edid

BLOCK = 0x8000
SMALL = {0x101: (640, 480, 8, 640), 0x103: (800, 600, 8, 832), 0x105: (1024, 768, 8, 1024)}
SMALL |= {0x111: (640, 480, 16, 1280), 0x114: (800, 600, 16, 1600)}
LARGE = {0x117: (1024, 768, 16, 2048), 0x112: (640, 480, 32, 2560), 0x115: (800, 600, 32, 3200)}
LARGE |= {0x118: (1024, 768, 32, 4096)}


@pytest.fixture
def machine():
    machine = BareMachine(edid=sound_edid())
    machine.post()
    machine.written.clear()
    return machine


@pytest.fixture
def small():
    machine = BareMachine(ggc=0)
    machine.post()
    return machine


def say(machine, text, colour=7):
    for character in text.encode("ascii"):
        machine.int10(0x0E00 | character, ebx=colour)


def answer(machine, ax, **registers):
    return machine.int10(ax, **registers)["eax"] & 0xFFFF


def mode_list(machine):
    machine.uc.mem_write(BLOCK, b"VBE2" + bytes(508))
    assert answer(machine, 0x4F00, edi=BLOCK) == 0x004F
    block = machine.memory(BLOCK, 512)
    assert block[:6] == b"VESA\x00\x03"
    offset, segment = struct.unpack_from("<HH", block, 14)
    modes = []
    while (mode := struct.unpack("<H", machine.memory(segment * 16 + offset, 2))[0]) != 0xFFFF:
        modes.append(mode)
        offset += 2
    offset, segment = struct.unpack_from("<HH", block, 22)
    assert machine.memory(segment * 16 + offset, 6) == b"fwsim\x00"
    return set(modes), struct.unpack_from("<H", block, 18)[0]


def test_modes_are_those_that_fit(machine, small):
    assert mode_list(small) == (set(SMALL), 15)
    assert mode_list(machine) == (set(SMALL | LARGE), 511)
    for mode in LARGE:
        assert answer(small, 0x4F01, ecx=mode, edi=BLOCK) == 0x014F
        assert answer(small, 0x4F02, ebx=0x4000 | mode) == 0x014F


def test_without_vbe2_only_256_bytes_are_touched(machine):
    machine.uc.mem_write(BLOCK, b"\xa5" * 512)
    assert answer(machine, 0x4F00, edi=BLOCK) == 0x004F
    assert machine.memory(BLOCK + 256, 256) == b"\xa5" * 256


@pytest.mark.parametrize(("mode", "shape"), (SMALL | LARGE).items())
def test_mode_info(machine, mode, shape):
    width, height, depth, pitch = shape
    assert answer(machine, 0x4F01, ecx=mode, edi=BLOCK) == 0x004F
    block = machine.memory(BLOCK, 256)
    assert struct.unpack_from("<HBBHHH", block) == (0x9B, 7, 0, 64, 64, 0xA000)
    assert struct.unpack_from("<HHH", block, 16) == (pitch, width, height)
    assert block[25] == depth
    assert block[27] == (4 if depth == 8 else 6)
    masks = {8: bytes(8), 16: bytes([5, 11, 6, 5, 5, 0, 0, 0]), 32: bytes([8, 16, 8, 8, 8, 0, 8, 24])}
    assert block[31:39] == block[54:62] == masks[depth]
    assert struct.unpack_from("<I", block, 40)[0] == 0xD0000000
    assert struct.unpack_from("<H", block, 50)[0] == pitch


@pytest.mark.parametrize(("mode", "shape"), (SMALL | LARGE).items())
def test_linear_mode_on_gen_6(machine, mode, shape):
    width, height, depth, pitch = shape
    assert answer(machine, 0x4F02, ebx=0x4000 | mode) == 0x004F
    registers = machine.registers
    assert registers[0x41000] >> 31
    assert registers[0x6001C] == (width - 1) << 16 | (height - 1)
    assert registers[0x60000] & 0xFFFF == width - 1
    assert registers[0x6000C] & 0xFFFF == height - 1
    assert registers[0x70188] == pitch
    assert registers[0x70180] == 1 << 31 | {8: 2, 16: 5, 32: 6}[depth] << 26
    assert registers[0x70008] >> 31 == registers[0xF0008] >> 31 == registers[0xC6014] >> 31 == 1
    assert [offset for offset, _ in machine.written if offset >> 12 == 0x70][-1] == 0x7019C
    # Cleared through the window, exactly the frame; then the window is the VGA's again.
    assert sum(machine.frame.values()) == pitch * height
    assert set(machine.frame) == set(range((pitch * height + 0xFFFF) >> 16))
    assert machine.banks[0x3CE, 0x10] == 0
    assert machine.int10(0x4F03)["ebx"] == 0x4000 | mode


def test_linear_mode_on_gen_9():
    machine = BareMachine(device=0x1912, lpc=0xA145, ggc=0x02C1)
    machine.post()
    for mode, form in ((0x103, 0xC), (0x114, 0xE), (0x115, 0x4)):
        width, height, _, pitch = (SMALL | LARGE)[mode]
        assert answer(machine, 0x4F02, ebx=0xC000 | mode) == 0x004F
        assert machine.registers[0x70180] == 1 << 31 | form << 24
        assert machine.registers[0x70188] == pitch // 64
        assert machine.registers[0x70190] == (height - 1) << 16 | (width - 1)
        assert machine.registers[0x7019C] == 0
    assert machine.frame == {}


def test_memory_is_kept_with_bit_15(machine):
    assert answer(machine, 0x4F02, ebx=0xC118) == 0x004F
    assert machine.frame == {}


def test_banked_mode_and_its_window(machine):
    assert answer(machine, 0x4F05, ebx=0x100) == 0x034F
    assert answer(machine, 0x4F02, ebx=0x105) == 0x004F
    assert machine.banks[0x3CE, 0x10] == 1
    assert answer(machine, 0x4F05, ebx=0, edx=11) == 0x004F
    assert machine.int10(0x4F05, ebx=0x100)["edx"] == 11
    assert answer(machine, 0x4F05, ebx=1, edx=0) == 0x014F
    assert answer(machine, 0x4F05, ebx=0, edx=511) == 0x014F
    assert answer(machine, 0x4F02, ebx=0x4105) == 0x004F
    assert answer(machine, 0x4F05, ebx=0, edx=1) == 0x034F


def test_vga_modes_by_vbe(machine):
    assert answer(machine, 0x4F02, ebx=0x4101) == 0x004F
    assert answer(machine, 0x4F02, ebx=0x0003) == 0x004F
    assert machine.registers[0x41000] == 0
    assert machine.int10(0x4F03)["ebx"] == 3
    assert answer(machine, 0x4F02, ebx=0x0006) == 0x014F


def test_state_is_saved_and_restored(machine):
    machine.int10(0x4F02, ebx=0x4114)
    assert machine.int10(0x4F04, ecx=0xF)["ebx"] == 1
    assert answer(machine, 0x4F04, ecx=0xF, edx=1, ebx=BLOCK) == 0x004F
    machine.int10(0x0003)
    assert answer(machine, 0x4F04, ecx=0xF, edx=2, ebx=BLOCK) == 0x004F
    assert machine.int10(0x4F03)["ebx"] & 0x7FFF == 0x4114


def test_edid(machine, small):
    assert machine.int10(0x4F15)["ebx"] == 0x0102
    assert answer(machine, 0x4F15, ebx=1, edi=BLOCK) == 0x004F
    assert machine.memory(BLOCK, 128) == sound_edid()
    assert answer(machine, 0x4F15, ebx=1, edx=1, edi=BLOCK) == 0x014F
    assert answer(small, 0x4F15, ebx=1, edi=BLOCK) == 0x014F


@pytest.mark.parametrize("ax", [0x4F06, 0x4F0A, 0x4F14, 0x4FFF])
def test_unknown_vbe_functions_fail(machine, ax):
    assert answer(machine, ax) == 0x014F


def test_unknown_functions_leave_everything(machine):
    before = {"ebx": 0x1234, "ecx": 0x5678, "edx": 0x9ABC, "esi": 0xDEF0, "edi": 0x1357, "ebp": 0x2468}
    after = machine.int10(0x5000, **before)
    assert {name: after[name] for name in before} == before
    assert after["eax"] == 0x5000


def test_teletype_scrolls(machine):
    for row in range(30):
        say(machine, f"line {row}\r\n")
    assert [machine.text(row) for row in (0, 1, 23, 24)] == ["line 6", "line 7", "line 29", ""]
    say(machine, "abc\b\bX")
    assert machine.text(24) == "aXc"
    assert machine.int10(0x0300)["edx"] == 0x1802


def test_string_with_and_without_attributes(machine):
    machine.uc.mem_write(BLOCK, b"Hi\r\nthere")
    machine.int10(0x1301, ebx=0x1F, ecx=9, edx=0x0A05, ebp=BLOCK)
    assert (machine.text(10), machine.text(11)) == ("     Hi", "there")
    assert machine.memory(0xB8000 + 160 * 10 + 11, 1) == b"\x1f"
    assert machine.int10(0x0300)["edx"] == 0x0B05
    machine.uc.mem_write(BLOCK, b"A\x4eB\x2c")
    machine.int10(0x1302, ecx=2, edx=0x0200, ebp=BLOCK)
    assert machine.memory(0xB8000 + 320, 4) == b"A\x4eB\x2c"
    assert machine.int10(0x0300)["edx"] == 0x0B05


def test_window_scrolls(machine):
    machine.int10(0x0003)
    for row in range(6):
        machine.int10(0x0200, edx=row << 8)
        say(machine, "abcd"[row % 4] * 6)
    machine.int10(0x0601, ebx=0x4E00, ecx=0x0102, edx=0x0303)
    assert [machine.text(row) for row in range(1, 4)] == ["bbccbb", "ccddcc", "dd  dd"]
    machine.int10(0x0701, ebx=0x4E00, ecx=0x0000, edx=0x0101)
    assert [machine.text(row) for row in range(2)] == ["  aaaa", "aaccbb"]
    assert machine.memory(0xB8000, 4) == b" \x4e \x4e"
    machine.int10(0x0600, ebx=0x0700, edx=0x184F)
    assert all(machine.text(row) == "" for row in range(25))


def test_cells(machine):
    machine.int10(0x0200, edx=0x0505)
    machine.int10(0x0941, ebx=0x2C, ecx=3)
    assert machine.memory(0xB8000 + 810, 6) == b"A\x2c" * 3
    assert machine.int10(0x0800)["eax"] == 0x2C41
    machine.int10(0x0A42, ecx=1)
    assert machine.int10(0x0800)["eax"] == 0x2C42


def test_reports(machine):
    assert machine.int10(0x0F00)["eax"] == 0x5003
    assert machine.int10(0x1A00)["ebx"] == 0x0008
    assert machine.int10(0x1200, ebx=0x10)["ebx"] == 0x0003
    font = machine.int10(0x1130, ebx=0x0600)
    assert (font["ecx"], font["edx"]) == (16, 24)
    assert machine.shadow()[font["ebp"] + 0x41 * 16 :][:2] == b"\x00\x7c"
    assert machine.planes[2][0x41 * 32 : 0x41 * 32 + 16] == machine.shadow()[font["ebp"] + 0x41 * 16 :][:16]


def test_eight_line_font_gives_fifty_rows(machine):
    machine.int10(0x1112)
    assert machine.memory(0x484, 2) == b"\x31\x08"


def test_planar_mode(machine):
    machine.int10(0x0012)
    say(machine, "I\r\nI", 0x0E)
    glyph = [sum((machine.pixel(x, y) == 0x0E) << 7 - x for x in range(8)) for y in range(32)]
    assert glyph[1] == glyph[17] != 0
    assert glyph[:16] == glyph[16:]
    machine.int10(0x0601, edx=0x1D4F)
    assert [sum((machine.pixel(x, y) == 0x0E) << 7 - x for x in range(8)) for y in range(32)] == glyph[16:] + [0] * 16
    machine.int10(0x0C05, ecx=639, edx=479)
    assert machine.pixel(639, 479) == 5
    assert machine.int10(0x0D00, ecx=639, edx=479)["eax"] & 0xFF == 5
    machine.int10(0x0C86, ecx=639, edx=479)
    assert machine.int10(0x0D00, ecx=639, edx=479)["eax"] & 0xFF == 3


def test_256_colours(machine):
    machine.int10(0x0013)
    assert len(machine.dac) == 768
    assert machine.dac[3 * 15 :][:3] == [63, 63, 63]
    assert machine.dac[3 * 6 :][:3] == [0x2A, 0x15, 0]
    assert machine.dac[3 * 32 :][:6] == [0, 0, 63, 16, 0, 63]
    assert machine.dac[3 * 40 :][:3] == [63, 0, 0]
    assert machine.dac[3 * 248 :] == [0] * 24
    machine.banks[0x3C4, 2] = 15
    machine.int10(0x0C2A, ecx=100, edx=100)
    assert machine.planes[0][32100] == 0x2A


def test_the_shadow_is_not_written_after_post(machine):
    before = machine.shadow()
    for ax, bx in ((0x0012, 0), (0x0013, 0), (0x4F02, 0x4101), (0x4F02, 0x111), (0x0003, 0), (0x0E41, 7), (0x1112, 0)):
        machine.int10(ax, ebx=bx)
    assert machine.shadow() == before
