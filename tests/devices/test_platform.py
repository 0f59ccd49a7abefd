"""CMOS, keyboard controller, debug port: what software reads back."""

import pytest

from fwsim.devices.platform import Cmos, DebugPort, KeyboardController

MIB = 1 << 20


def cmos(device: Cmos, *indices: int) -> int:
    value = 0
    for lane, index in enumerate(indices):
        device.write(0x70, 1, index)
        value |= device.read(0x71, 1) << 8 * lane
    return value


@pytest.mark.parametrize(
    ("low", "high", "to_16m", "above_16m", "above_4g"),
    [(4 * MIB, 0, 3072, 0, 0), (64 * MIB, 0, 63 * 1024, 48 * 16, 0), (2048 * MIB, 0, 0xFFFF, 2032 * 16, 0),
     (3072 * MIB, 3072 * MIB, 0xFFFF, 3056 * 16, 3072 * 16)],
)  # fmt: skip
def test_memory_sizes(low, high, to_16m, above_16m, above_4g):
    """QEMU hw/i386/pc.c: 15h base KiB, 17h and 30h KiB above 1 MiB, 34h and 5Bh 64 KiB above 16 MiB and 4 GiB."""
    device = Cmos(low, high)
    assert cmos(device, 0x15, 0x16) == 640
    assert cmos(device, 0x17, 0x18) == cmos(device, 0x30, 0x31) == to_16m
    assert cmos(device, 0x34, 0x35) == above_16m
    assert cmos(device, 0x5B, 0x5C, 0x5D) == above_4g


def test_cmos_is_memory_but_for_its_status():
    device = Cmos(64 * MIB, 0)
    for index in (0x0D, 0x0F, 0x40):
        device.write(0x70, 1, index | 0x80)  # bit 7 masks NMI
        device.write(0x71, 1, 0x5A)
    assert cmos(device, 0x0D) == 0x80
    assert cmos(device, 0x0F) == cmos(device, 0x40) == 0x5A
    assert cmos(device, 0x0A) & 0x80 == 0
    assert device.read(0x70, 1) == 0xFF


def test_the_keyboard_controllers_self_test_and_a20():
    """AAh answers 55h, ABh 0; D0h reads the output port: A20 (bit 1) on, not in reset (bit 0)."""
    keyboard = KeyboardController()
    for command, answer in ((0xAA, 0x55), (0xAB, 0x00)):
        assert not keyboard.read(0x64, 1) & 1
        keyboard.write(0x64, 1, command)
        assert keyboard.read(0x64, 1) & 3 == 1
        assert keyboard.read(0x60, 1) == answer
    keyboard.write(0x64, 1, 0xD0)
    assert keyboard.read(0x60, 1) & 3 == 3
    keyboard.write(0x64, 1, 0xD1)
    keyboard.write(0x60, 1, 0xDF)
    assert not keyboard.read(0x64, 1) & 1


def test_the_command_byte_and_a_keyboard_reset():
    keyboard = KeyboardController()
    keyboard.write(0x64, 1, 0x60)
    keyboard.write(0x60, 1, 0x47)
    keyboard.write(0x64, 1, 0x20)
    assert keyboard.read(0x60, 1) == 0x47
    keyboard.write(0x60, 1, 0xFF)
    assert [keyboard.read(0x60, 1) for _ in range(3)] == [0xFA, 0xAA, 0]


def test_the_debug_port_is_there_and_gives_lines():
    lines: list[str] = []
    port = DebugPort(lines.append)
    assert port.read(0x402, 1) == 0xE9
    for byte in b"one\ntwo":
        port.write(0x402, 1, byte)
    assert lines == ["one"]


@pytest.mark.parametrize("make", [lambda: Cmos(64 * MIB, 0), KeyboardController, lambda: DebugPort(print)])
def test_state_comes_back(make):
    device = make()
    for port in device.ports:
        device.write(port, 1, 0x11)
    state = device.snapshot()
    for port in device.ports:
        device.write(port, 1, 0x60)
    device.restore(state)
    assert device.snapshot() == state
