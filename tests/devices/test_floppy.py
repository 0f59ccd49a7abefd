"""The diskette controller, driven by its ports as SeaBIOS drives it (src/hw/floppy.c, src/hw/dma.c)."""

import pytest
from diskette_rig import Rig

from fwsim.devices.diskette import FORMATS, SECTOR

BUFFER = 0x7C00
DONE = 0x80


def image(size=1440 * 1024):
    """Each sector holds its own number, over and over."""
    return b"".join(number.to_bytes(4, "little") * (SECTOR // 4) for number in range(size // SECTOR))


def numbered(*numbers):
    return b"".join(number.to_bytes(4, "little") * (SECTOR // 4) for number in numbers)


class Driver(Rig):
    """A BIOS's steps: each byte to the controller is preceded by a look at the main status, as are its answers."""

    def command(self, *values):
        for value in values:
            assert self.inb(0x3F4) & 0xC0 == 0x80
            self.out(0x3F5, value)

    def result(self, count):
        got = []
        for _ in range(count):
            assert self.inb(0x3F4) & 0xC0 == 0xC0
            got.append(self.inb(0x3F5))
        assert self.inb(0x3F4) & 0xC0 == 0x80
        return got

    def interrupted(self):
        """Take the interrupt that is there: its vector, or None; the handler's EOI included."""
        if not self.pic.asks:
            return None
        vector, line = self.pic.acknowledge()
        self.pic.end(line)
        return vector

    def enable(self):
        self.out(0x3F2, 0x08)
        self.out(0x3F2, 0x0C)
        assert self.interrupted() == 0x0E
        for drive in range(4):
            self.command(0x08)
            assert self.result(2) == [0xC0 + drive, 0]
        self.out(0x3F2, 0x1C)

    def dma(self, address, count, mode=0x46):
        for port, value in (
            (0x0A, 0x06), (0x0C, 0), (0x04, address & 0xFF), (0x04, address >> 8 & 0xFF), (0x0C, 0),
            (0x05, count - 1 & 0xFF), (0x05, count - 1 >> 8), (0x0B, mode), (0x81, address >> 16), (0x0A, 0x02),
        ):  # fmt: skip
            self.out(port, value)

    def transfer(self, cylinder, head, sector, count, *, code=0xE6, drive=0):
        self.command(code, head << 2 | drive, cylinder, head, sector, 2, sector + count - 1, 0x1B, 0xFF)
        assert self.interrupted() == 0x0E
        return self.result(7)

    def after_irq(self):
        """SENSE INTERRUPT, once the interrupt came."""
        assert self.interrupted() == 0x0E
        self.command(0x08)
        return self.result(2)


@pytest.fixture
def driver():
    made = Driver(image())
    made.enable()
    return made


def test_a_reset_interrupts_once_and_is_sensed_four_times(driver):
    driver.command(0x08)
    assert driver.result(1) == [0x80]
    assert driver.interrupted() is None


def test_recalibrate_and_seek_interrupt_and_are_sensed(driver):
    assert driver.inb(0x3F7) & 0x80
    driver.command(0x07, 0)
    assert driver.after_irq() == [0x20, 0]
    driver.command(0x0F, 0, 41)
    assert driver.after_irq() == [0x20, 41]
    assert not driver.inb(0x3F7) & 0x80
    driver.command(0x0F, 0, 200)
    assert driver.after_irq() == [0x20, 41]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_an_id_is_read_at_the_medium_s_own_rate_only(form):
    driver = Driver(image(form.size))
    driver.enable()
    for rate in range(4):
        driver.out(0x3F7, rate)
        driver.command(0x4A, 0)
        assert driver.interrupted() == 0x0E
        st0, st1 = driver.result(7)[:2]
        assert (st0 & 0xC0, st1) == ((0, 0) if rate == form.rate else (0x40, 0x01))


@pytest.mark.parametrize(
    ("form", "cylinder", "head", "sector", "count", "first"),
    [("1.44M", 0, 0, 1, 1, 0), ("1.44M", 0, 1, 1, 18, 18), ("1.44M", 79, 1, 17, 2, 2878), ("720K", 1, 0, 3, 4, 20),
     ("1.2M", 2, 1, 1, 15, 75), ("2.88M", 1, 0, 36, 1, 107), ("360K", 39, 1, 9, 1, 719), ("160K", 39, 0, 1, 8, 312)],
)  # fmt: skip
def test_sectors_are_read_by_dma_to_where_the_channel_points(form, cylinder, head, sector, count, first):
    shape = next(each for each in FORMATS if each.name == form)
    driver = Driver(image(shape.size))
    driver.enable()
    driver.out(0x3F7, shape.rate)
    driver.dma(BUFFER, count * SECTOR)
    result = driver.transfer(cylinder, head, sector, count)
    assert (result[0] & 0xC0, result[1:3], result[6]) == (0, [0, 0], 2)
    assert driver.memory(BUFFER, count * SECTOR) == numbered(*range(first, first + count))
    assert driver.memory(BUFFER - 4, 4) + driver.memory(BUFFER + count * SECTOR, 4) == bytes(8)
    assert driver.inb(0x08) & 0x04


def test_a_small_image_is_a_144_diskette_with_zeros_behind_it():
    driver = Driver(numbered(7))
    driver.enable()
    driver.machine.ram.write(BUFFER, b"\xff" * 0x3000)
    driver.dma(BUFFER, 18 * SECTOR)
    assert driver.transfer(0, 0, 1, 18)[0] & 0xC0 == 0
    assert driver.memory(BUFFER, 18 * SECTOR) == numbered(7) + bytes(17 * SECTOR)


def test_multi_track_goes_on_at_the_other_head(driver):
    driver.dma(0x20000, 3 * SECTOR)
    assert driver.transfer(0, 0, 17, 2)[0] & 0xC0 == 0
    assert driver.memory(0x20000, 3 * SECTOR) == numbered(16, 17, 18)


def test_the_page_register_and_the_mask(driver):
    driver.dma(0x51234, SECTOR)
    driver.out(0x0A, 0x06)
    driver.command(0xE6, 0, 0, 0, 5, 2, 5, 0x1B, 0xFF)
    assert driver.interrupted() is None
    assert driver.inb(0x3F4) == 0x10
    assert driver.inb(0x08) == 0x40
    driver.out(0x0A, 0x02)
    assert driver.interrupted() == 0x0E
    assert driver.result(7)[0] & 0xC0 == 0
    assert driver.memory(0x51234, SECTOR) == numbered(4)


def test_a_write_is_refused_as_write_protected(driver):
    before = driver.memory(0, 0x10000)
    driver.dma(BUFFER, SECTOR, mode=0x4A)
    result = driver.transfer(0, 0, 1, 1, code=0xC5)
    assert (result[0] & 0xC0, result[1]) == (0x40, 0x02)
    assert driver.memory(0, 0x10000) == before
    driver.command(0x04, 0)
    assert driver.result(1)[0] & 0x40


def test_format_is_refused_as_write_protected(driver):
    driver.command(0x4D, 0, 2, 18, 0x6C, 0xF6)
    assert driver.interrupted() == 0x0E
    result = driver.result(7)
    assert (result[0] & 0xC0, result[1]) == (0x40, 0x02)


@pytest.mark.parametrize(
    ("where", "st1"),
    [((40 + 1, 0, 1), 0), ((0, 0, 10), 0x80), ((0, 1, 1), 0)],
    ids=["track", "sector", "head"],
)
def test_what_the_medium_has_not_ends_abnormally_where_it_was_asked(where, st1):
    """A medium with one side: 180K, at 300 kbit/s."""
    driver = Driver(image(180 * 1024))
    driver.enable()
    driver.out(0x3F7, 1)
    driver.dma(BUFFER, SECTOR)
    cylinder, head, sector = where
    driver.command(0xE6, 0, cylinder, head, sector, 2, sector, 0x1B, 0xFF)
    assert driver.interrupted() == 0x0E
    result = driver.result(7)
    assert (result[0] & 0xC0, result[1], result[3:6]) == (0x40, st1, list(where))
    assert driver.memory(BUFFER, SECTOR) == bytes(SECTOR)


def test_there_is_nothing_in_the_second_drive(driver):
    driver.dma(BUFFER, SECTOR)
    assert driver.transfer(0, 0, 1, 1, drive=1)[0] & 0xC1 == 0x41


def test_without_dma_the_bytes_come_one_by_one(driver):
    driver.command(0x03, 0xAF, 0x03)
    driver.command(0xE6, 0, 0, 0, 2, 2, 2, 0x1B, 0xFF)
    assert driver.interrupted() == 0x0E
    assert driver.inb(0x3F4) & 0xE0 == 0xE0
    data = bytes(driver.inb(0x3F5) for _ in range(SECTOR))
    assert data == numbered(1)


def test_an_unknown_command_is_said_to_be_one(driver):
    driver.command(0x1F)
    assert driver.result(1) == [0x80]


def test_registers_version_and_lock(driver):
    driver.command(0x03, 0xAF, 0x02)
    driver.command(0x13, 0, 0x57, 0x10)
    driver.command(0x94)
    assert driver.result(1) == [0x10]
    driver.command(0x10)
    assert driver.result(1) == [0x90]
    driver.command(0x0E)
    assert driver.result(10) == [0, 0, 0, 0, 0x0A, 0x03, 18, 0x80, 0x57, 0x10]


def test_a_snapshot_in_the_middle_of_a_command_goes_on_from_there(driver):
    driver.dma(BUFFER, 2 * SECTOR)
    driver.command(0xE6, 0, 3, 0, 1)
    kept = driver.machine.snapshot()

    def rest():
        driver.command(2, 2, 0x1B, 0xFF)
        assert driver.interrupted() == 0x0E
        return driver.result(7), driver.memory(BUFFER, 2 * SECTOR)

    first = rest()
    driver.out(0x3F2, 0)
    driver.machine.restore(kept)
    assert driver.memory(BUFFER, 2 * SECTOR) == bytes(2 * SECTOR)
    assert rest() == first
    assert first[1] == numbered(108, 109)
