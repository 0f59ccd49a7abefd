"""The DMA controllers by the 8237A's data sheet, as QEMU has them; what a device's transfer does is test_floppy's."""

import pytest

from fwsim.devices.dma8237 import Dma

PAGES = {0: 0x87, 1: 0x83, 2: 0x81, 3: 0x82, 4: 0x8F, 5: 0x8B, 6: 0x89, 7: 0x8A}


@pytest.fixture
def dma():
    made = Dma(lambda address, data: made.stored.append((address, data)))
    made.stored = []
    return made


def test_address_and_count_go_low_byte_first_and_the_flip_flop_is_cleared_by_0ch(dma):
    for port, low, high in ((0x04, 0x34, 0x12), (0x05, 0xFF, 0x01), (0xC4, 0x78, 0x56)):
        clear = 0x0C if port < 0xC0 else 0xD8
        dma.write(clear, 1, 0)
        dma.write(port, 1, low)
        dma.write(port, 1, high)
        assert [dma.read(port, 1), dma.read(port, 1)] == [low, high]
        dma.read(port, 1)
        dma.write(clear, 1, 0)
        assert dma.read(port, 1) == low


def test_every_channel_has_a_page_of_its_own(dma):
    for channel, port in PAGES.items():
        dma.write(port, 1, 0x10 + channel)
    assert [dma.read(port, 1) for port in PAGES.values()] == [0x10 + channel for channel in range(8)]


def test_a_transfer_counts_down_to_its_terminal_count(dma):
    asked = []

    def serve(wanted):
        asked.append(wanted)
        dma.write_memory(1, 0, b"abc")
        return 3

    dma.connect(1, serve)
    for port, value in ((0x02, 0), (0x02, 0x20), (0x03, 2), (0x03, 0), (0x83, 0x0B), (0x0B, 0x45)):
        dma.write(port, 1, value)
    dma.request(1, True)
    assert (asked, dma.read(0x08, 1)) == ([], 0x20)
    dma.write(0x0A, 1, 0x01)
    assert (asked, dma.stored) == ([3], [(0xB2000, b"abc")])
    assert dma.read(0x08, 1) == 0x22
    assert dma.read(0x08, 1) == 0x20
    dma.request(1, False)
    dma.write(0x0C, 1, 0)
    assert [dma.read(0x02, 1), dma.read(0x02, 1), dma.read(0x03, 1), dma.read(0x03, 1)] == [0x03, 0x20, 0xFF, 0xFF]


def test_a_decrementing_channel_goes_downwards(dma):
    for port, value in ((0x04, 0x10), (0x04, 0x20), (0x0B, 0x66)):
        dma.write(port, 1, value)
    dma.write_memory(2, 0, b"ab")
    dma.write_memory(2, 2, b"cd")
    assert dma.stored == [(0x200F, b"ba"), (0x200D, b"dc")]


def test_the_second_controller_s_addresses_are_of_words(dma):
    for port, value in ((0xC8, 0x10), (0xC8, 0x20), (0x8B, 0x04)):
        dma.write(port, 1, value)
    dma.write_memory(6, 0, b"x")
    dma.write(0x89, 1, 0x04)
    dma.write_memory(6, 0, b"y")
    assert dma.stored == [(0x4020, b"x"), (0x44020, b"y")]


def test_masks_by_bit_as_a_whole_and_by_master_clear(dma):
    dma.write(0x0E, 1, 0)
    assert dma.read(0x09, 1) == 0
    dma.write(0x0A, 1, 0x07)
    assert dma.read(0x09, 1) == 0x08
    dma.write(0x0F, 1, 0x05)
    assert dma.read(0x09, 1) == 0x05
    dma.write(0x0A, 1, 0x00)
    assert dma.read(0x09, 1) == 0x04
    dma.write(0x0D, 1, 0)
    assert dma.read(0x09, 1) == 0xFF
