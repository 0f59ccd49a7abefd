"""Detailed timing descriptors: bytes of well-known modes against the modes' published numbers (VESA DMT)."""

import pytest

from fwsim.registers.dtd import parse_dtd, parse_vbt_dtd

DMT = {
    # 1024x768 at 60 Hz, 65 MHz, -/-; 1920x1080 at 60 Hz, 148.5 MHz, +/+; 1280x1024 at 60 Hz, 108 MHz, +/+
    "64 19 00 40 41 00 26 30 18 88 36 00 30 e4 10 00 00 18": (65000, 1024, 1048, 1184, 1344, 768, 771, 777, 806, "--"),
    "02 3a 80 18 71 38 2d 40 58 2c 45 00 09 25 21 00 00 1e": (
        148500, 1920, 2008, 2052, 2200, 1080, 1084, 1089, 1125, "++",
    ),
    "30 2a 00 98 51 00 2a 40 30 70 13 00 00 00 00 00 00 1e": (
        108000, 1280, 1328, 1440, 1688, 1024, 1025, 1028, 1066, "++",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", DMT)
def test_published_modes(text):
    timing = parse_dtd(bytes.fromhex(text))
    signs = "".join("+" if positive else "-" for positive in (timing.hsync_positive, timing.vsync_positive))
    assert (
        timing.clock_khz, timing.hactive, timing.hsync_start, timing.hsync_end, timing.htotal,
        timing.vactive, timing.vsync_start, timing.vsync_end, timing.vtotal, signs,
    ) == DMT[text]  # fmt: skip
    assert timing.problem == ""
    assert timing.refresh_hz == pytest.approx(60, abs=0.03)


def test_image_size_and_every_high_bit():
    timing = parse_dtd(bytes.fromhex("01 00 ff ff ff ff ff ff ff ff ff ff 0d 0e fc 03 04 9c"))
    assert (timing.hactive, timing.htotal, timing.vactive, timing.vtotal) == (4095, 8190, 4095, 8190)
    assert (timing.hsync_start - 4095, timing.hsync_end - timing.hsync_start) == (1023, 1023)
    assert (timing.vsync_start - 4095, timing.vsync_end - timing.vsync_start) == (63, 63)
    assert (timing.width_mm, timing.height_mm) == (0xF0D, 0xC0E)
    assert (timing.hborder, timing.vborder, timing.interlaced) == (3, 4, True)


def test_no_timing():
    assert parse_dtd(bytes(18)) is None, "another descriptor"
    assert parse_dtd(b"\1" * 17) is None, "cut off"


def test_composite_sync_has_no_polarities():
    timing = parse_dtd(bytes.fromhex("64 19 00 40 41 00 26 30 18 88 36 00 30 e4 10 00 00 08"))
    assert (timing.hsync_positive, timing.vsync_positive) == (None, None)


@pytest.mark.parametrize(
    ("at", "value", "said"), [(3, 0x01, "horizontal sync"), (6, 0x01, "vertical sync"), (2, 0, "nothing active")]
)
def test_impossible_modes_are_said(at, value, said):
    raw = bytearray.fromhex("64 19 40 ff 00 40 26 00 18 88 36 00 30 e4 10 00 00 18")
    raw[at] = value
    assert said in parse_dtd(bytes(raw)).problem


@pytest.mark.parametrize(("flags", "signs"), [(0x18, "--"), (0x1E, "--"), (0x38, "-+"), (0x58, "+-"), (0x60, "++")])
def test_a_vbt_keeps_its_polarities_elsewhere(flags, signs):
    """Linux's struct bdb_edid_dtd: bit 5 vertical, bit 6 horizontal; an EDID's bits 1 and 2 mean nothing there."""
    timing = parse_vbt_dtd(bytes.fromhex("64 19 00 40 41 00 26 30 18 88 36 00 30 e4 10 00 00") + bytes((flags,)))
    assert "".join("+" if positive else "-" for positive in (timing.hsync_positive, timing.vsync_positive)) == signs
    assert (timing.hactive, timing.vtotal) == (1024, 806)
    assert parse_vbt_dtd(bytes(18)) is None
