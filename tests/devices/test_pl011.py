"""The UART makes lines of what is written, and answers as one that has room and nothing to read."""

from fwsim.devices.pl011 import Pl011

DR, FR, CR, ID = 0x00, 0x18, 0x30, 0xFE0


def said(text):
    lines = []
    uart = Pl011(lines.append)
    for byte in text:
        uart.write(DR, 4, byte)
    return uart, lines


def test_lines():
    _, lines = said(b"one\r\ntwo\n\x07\n\nrest")
    assert lines == ["one", "two", "\\x07", ""]


def test_the_line_that_has_no_end():
    uart, lines = said(b"a\nrest")
    uart.end()
    uart.end()
    assert lines == ["a", "rest"]


def test_a_line_without_end_is_cut():
    _, lines = said(b"x" * 5000)
    assert [len(line) for line in lines] == [4096]


def test_registers():
    uart, _ = said(b"")
    assert uart.read(FR, 4) == 0x90  # TXFE, RXFE (PL011 TRM, 3.3.3)
    assert [uart.read(ID + 4 * number, 4) for number in range(8)] == [0x11, 0x10, 0x14, 0, 0x0D, 0xF0, 0x05, 0xB1]
    uart.write(CR, 4, 0x301)
    assert uart.read(CR, 4) == 0x301
    assert uart.read(0x100, 4) == 0


def test_a_snapshot_keeps_the_line_that_was_begun():
    uart, lines = said(b"ab")
    before = uart.snapshot()
    uart.write(DR, 4, ord("c"))
    uart.restore(before)
    uart.write(DR, 4, ord("\n"))
    assert lines == ["ab"]
