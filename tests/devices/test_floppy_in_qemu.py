"""The same accesses in QEMU, where it is installed: every register that is read, and every byte that DMA moved."""

import shutil

import pytest
from diskette_rig import Rig, play_in_qemu
from test_floppy import image

from fwsim.devices.diskette import FORMATS

QEMU = shutil.which("qemu-system-x86_64")
BUFFERS = 0x10000


def out(port, value):
    return [("out", port, value)]


def seen(*ports):
    return [("in", port) for port in ports]


def memory(address, size):
    return [("memory", address, size)]


def command(*values):
    return [*seen(0x3F4), *(("out", 0x3F5, value) for value in values), *seen(0x3F4)]


def result(count):
    return [*(count * seen(0x3F4, 0x3F5)), *seen(0x3F4)]


def sensed():
    return command(0x08) + result(2)


def dma(address, count, mode=0x46):
    size = count - 1
    pairs = (
        (0x0A, 0x06), (0x0C, 0), (0x04, address & 0xFF), (0x04, address >> 8 & 0xFF), (0x0C, 0), (0x05, size & 0xFF),
        (0x05, size >> 8), (0x0B, mode), (0x81, address >> 16), (0x0A, 0x02),
    )  # fmt: skip
    return [("out", *pair) for pair in pairs]


def channel():
    return out(0x0C, 0) + seen(4, 4, 5, 5, 8, 8, 9, 0x81)


def transfer(cylinder, head, sector, last, code=0xE6, drive=0):
    return command(code, head << 2 | drive, cylinder, head, sector, 2, last, 0x1B, 0xFF)


def start():
    """What a reset leaves, in CMOS too; and another reset."""
    lines = out(0x70, 0x10) + seen(0x71) + out(0x70, 0x14) + seen(0x71)
    lines += seen(0x3F1, 0x3F2, 0x3F3, 0x3F4, 0x3F5, 0x3F7, 0x09, 0xD2, 0x0F)
    lines += out(0x0D, 0) + out(0xDA, 0) + seen(9) + out(0xD6, 0xC0) + out(0xD4, 0) + seen(0xD2)
    lines += command(0x08) + result(1) + out(0x3F2, 0) + seen(0x3F2, 0x3F4, 0x3F2)
    return lines + out(0x3F2, 0x08) + out(0x3F2, 0x0C) + 4 * sensed() + out(0x3F2, 0x1C) + seen(0x3F1)


def without_data(rate, other):
    """Every command that moves no data."""
    lines = command(0x07, 0) + sensed()
    for each in (other, rate):
        lines += out(0x3F7, each) + command(0x4A, 0)[:-1] + [("wait",)] + result(7)
    lines += command(0x03, 0xAF, 2) + seen(0x3F7) + command(0x0F, 0, 3) + sensed() + seen(0x3F7)
    for code, count in ((0x0E, 10), (0x10, 1), (0x18, 1), (0x14, 1), (0x94, 1), (0x1F, 1)):
        lines += command(code) + result(count)
    return lines + command(0x04, 0x04) + result(1) + command(0x13, 0, 0x57, 0x10) + command(0x0E) + result(10)


def reads(form):
    """Reads, alone, over the end of a track, of less than a sector, and with the channel masked until later."""
    top, end = form.heads - 1, form.cylinders - 1
    lines = []
    for number, (cylinder, head, sector, last, code) in enumerate(
        ((0, 0, 1, 1, 0xE6), (3, top, 2, 5, 0xE6), (3, 0, 7, 8, 0xE6), (0, 0, 8, 8, 0x46), (end, top, 5, 8, 0xC6))
    ):
        at, size = BUFFERS + 0x1000 * number, (last - sector + 1) * 512
        lines += dma(at, size) + channel() + transfer(cylinder, head, sector, last, code)
        lines += result(7) + channel() + memory(at - 16, size + 32)
    lines += dma(0x20000, 14 * 512) + transfer(5, 0, 1, 8) + result(7) + channel() + memory(0x20000, 14 * 512)
    lines += dma(0x30000, 100) + transfer(5, 0, 1, 8) + result(7) + channel() + memory(0x30000, 200)
    lines += dma(0x38000, 512) + out(0x0A, 6) + transfer(6, 0, 1, 1) + seen(8) + out(0x0A, 2)
    return lines + result(7) + channel() + memory(0x38000, 512)


def refusals(rate, other):
    """Places that the medium has not, the empty drive, a write, the wrong data rate."""
    lines = []
    for wrong in ((0, 0, 99, 99), (99, 0, 1, 1), (1, 0, 3, 1)):
        lines += dma(0x40000, 512) + transfer(*wrong) + result(7)
    lines += dma(0x40000, 512) + transfer(0, 0, 1, 1, drive=1) + result(7) + seen(0x3F2)
    for drive in (1, 0):
        lines += command(0x0F, drive, 7) + sensed() + command(0x0F, drive, 200) + sensed() + command(0x04, drive)
        lines += result(1) + seen(0x3F7)
    lines += dma(0x40000, 512, 0x4A) + transfer(0, 0, 1, 1, 0xC5) + result(7)
    return lines + out(0x3F7, other) + dma(0x41000, 512) + transfer(1, 0, 1, 1) + result(7) + out(0x3F4, rate)


def without_dma(rate):
    """A read byte by byte, and a reset by the data rate register."""
    lines = command(0x03, 0xAF, 3) + command(0x0E) + result(10) + transfer(8, 0, 2, 3, 0x46)
    lines += 1024 * seen(0x3F5) + result(7) + command(0x03, 0xAF, 2)
    lines += out(0x3F4, 0x80 | rate) + sensed() + seen(0x3F2) + command(0x0E) + result(10)
    lines += command(0x12, 0x87) + command(0x0E) + result(10)
    return lines + out(0x3F2, 0x3D) + seen(0x3F2, 0x3F1, 0x3F4, 0x3F7)


@pytest.mark.skipif(QEMU is None, reason="qemu-system-x86 is not installed")
@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_answer_is_qemu_s(form, machine, tmp_path):
    rates = form.rate, 3 - form.rate
    lines = start() + without_data(*rates) + reads(form) + refusals(*rates) + without_dma(form.rate)
    heard = Rig(image(form.size)).play(lines)
    theirs = play_in_qemu(QEMU, machine, tmp_path, image(form.size), lines)
    asked = [line for line in lines if line[0] in ("in", "memory")]
    assert [each for each in zip(asked, heard, theirs, strict=True) if each[1] != each[2]] == []
