"""COM1 hears lines: what firmware draws on a terminal is told without its escape sequences."""

import pytest

from fwsim.devices.serial import BASE, SerialPort


def spoken(text: str) -> list[str]:
    lines: list[str] = []
    port = SerialPort(lines.append)
    for character in text:
        port.write(BASE, 1, ord(character))
    return lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [("a\r\nb\n", ["a", "b"]), ("\x1b[2J\x1b[01;01H\x1b[=3hBds\r\n", ["Bds"]),
     ("one\x1b[05;01Htwo\r\n", ["one", "two"]),
     ("\x1b[1m\x1b[33mShell>\x1b[0m \r\n", ["Shell>"]), ("\r\n\r\n", []), ("no end", [])],
)  # fmt: skip
def test_a_line_is_told_at_its_end_or_where_the_cursor_leaves_it(text, lines):
    assert spoken(text) == lines


def test_the_divisor_is_no_text():
    lines: list[str] = []
    port = SerialPort(lines.append)
    port.write(BASE + 3, 1, 0x83)
    port.write(BASE, 1, ord("x"))
    assert port.read(BASE, 1) == ord("x")
    port.write(BASE + 3, 1, 0x03)
    port.write(BASE, 1, ord("\n"))
    assert (lines, port.read(BASE, 1)) == ([], 0)


def test_it_is_found_and_always_ready():
    """The scratch register keeps what is written; the line status says that the transmitter is empty."""
    port = SerialPort(lambda line: None)
    port.write(BASE + 7, 1, 0xAA)
    assert (port.read(BASE + 7, 1), port.read(BASE + 5, 1), port.read(BASE + 2, 1)) == (0xAA, 0x60, 0x01)


def test_a_snapshot_has_the_unfinished_line():
    lines: list[str] = []
    port = SerialPort(lines.append)
    port.write(BASE, 1, ord("a"))
    held = port.snapshot()
    port.write(BASE, 1, ord("b"))
    port.restore(held)
    port.write(BASE, 1, 10)
    assert lines == ["a"]
