"""The card by what a person must see on it; encodings against pixels put together by hand."""

import numpy as np
import pytest

from fwsim.running.payload import ModeLayout, encode
from fwsim.running.payload import test_card as make_card


def pixels(*colours):
    return np.array([colours], np.uint8)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (800, 600), (1024, 768), (1366, 768), (1920, 1200)])
def test_every_side_and_corner_can_be_told_apart(width, height):
    card = make_card(width, height)
    assert card.shape == (height, width, 3)
    for edge in (card[0], card[-1], card[:, 0], card[:, -1]):
        assert (edge == 235).all()
    corners = [card[y, x].tolist() for y in (10, -11) for x in (10, -11)]
    assert corners == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]


def test_bars_from_white_to_black():
    bars = [make_card(800, 600)[140, 100 + 75 * bar + 10].tolist() for bar in range(8)]
    assert bars == [
        [255, 255, 255], [255, 255, 0], [0, 255, 255], [0, 255, 0], [255, 0, 255], [255, 0, 0], [0, 0, 255], [0, 0, 0]
    ]  # fmt: skip


def test_ramps_reach_both_ends():
    card = make_card(1024, 768)
    assert card[350, 128].tolist() == [0, 0, 0]
    assert card[350, 895].tolist() == [255, 255, 255]
    assert [card[line, 895].tolist() for line in (400, 432, 470)] == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_the_ring_is_round():
    card = make_card(1024, 768).astype(int)
    ring = (card == 235).all(axis=2)
    assert ring[384 - 352 : 384 - 344, 512].any()
    assert ring[384, 512 - 352 : 512 - 344].any()
    assert ring[384, 512 + 344 : 512 + 352].any()


def test_the_resolution_is_written_on_it():
    assert (make_card(1024, 768)[600:680, 350:670] != make_card(1024, 768)[600:680, 350:670][:, ::-1]).any()
    wide, narrow = make_card(1000, 768)[600:680, 350:670], make_card(1024, 768)[600:680, 350:670]
    assert (wide != narrow).any()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 700), (16, 8), (320, 200)])
def test_small_screens(width, height):
    assert make_card(width, height).shape == (height, width, 3)


def test_the_card_is_shared_and_cannot_be_painted_on():
    with pytest.raises(ValueError, match="read-only"):
        make_card(64, 64)[0, 0] = 1


@pytest.mark.parametrize(
    ("bpp", "expected"),
    [
        (32, "03 02 ff 00  80 ff 00 00"),
        (24, "03 02 ff  80 ff 00"),
        (16, "00 f8  f0 07"),  # red 1f, green 0, blue 0; then green 3f, blue 10
        (15, "00 7c  f0 03"),
    ],
)
def test_usual_forms(bpp, expected):
    data = encode(pixels((255, 2, 3), (0, 255, 128)), ModeLayout(2, 1, 0, bpp))
    assert data == bytes.fromhex(expected)


def test_fields_of_the_mode_are_obeyed():
    red_first = ModeLayout(1, 1, 4, 32, fields=((8, 0), (8, 8), (8, 16)))
    assert encode(pixels((1, 2, 3)), red_first) == bytes([1, 2, 3, 0])
    ten_bits = ModeLayout(1, 1, 4, 32, fields=((10, 20), (10, 10), (10, 0)))
    assert encode(pixels((255, 0, 1)), ten_bits) == (0x3FC << 20 | 1 << 2).to_bytes(4, "little")
    swapped = ModeLayout(1, 1, 2, 16, fields=((5, 0), (6, 5), (5, 11)))
    assert encode(pixels((255, 0, 0)), swapped) == b"\x1f\x00"
    assert encode(pixels((255, 0, 0)), ModeLayout(1, 1, 2, 16, fields=((0, 0),) * 3)) == b"\x00\xf8"


def test_lines_are_a_pitch_apart_and_the_last_one_ends_with_its_pixels():
    data = encode(np.full((3, 2, 3), 255, np.uint8), ModeLayout(2, 3, 12, 32))
    line = b"\xff\xff\xff\x00" * 2
    assert data == (line + bytes(4)) * 2 + line


def test_indexed_pixels_are_the_nearest_colours():
    generator = np.random.default_rng(5)
    palette = generator.integers(0, 256, (256, 3)).astype(np.uint8)
    palette[200] = palette[30]
    picture = generator.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    picture[0, 0] = palette[200]
    data = encode(picture, ModeLayout(30, 20, 32, 8), palette)
    for y in range(20):
        for x in range(30):
            distances = [sum((int(a) - int(b)) ** 2 for a, b in zip(picture[y, x], c, strict=True)) for c in palette]
            assert data[32 * y + x] == distances.index(min(distances))
    assert data[0] == 30


@pytest.mark.parametrize("bpp", [0, 1, 4])
def test_modes_without_a_linear_form_get_nothing(bpp):
    assert encode(make_card(64, 48), ModeLayout(64, 48, 8, bpp)) == b""
