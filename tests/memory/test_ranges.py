import pytest

from fwsim.memory.ranges import Range, align_down, align_up, highest_fit


@pytest.mark.parametrize(("value", "down", "up"), [(0x1234, 0x1000, 0x2000), (0x2000, 0x2000, 0x2000)])
def test_alignment(value, down, up):
    assert (align_down(value, 0x1000), align_up(value, 0x1000)) == (down, up)


def test_range_contains_and_overlaps():
    pages = Range(0x1000, 0x3000)
    assert pages.size == 0x2000
    assert pages.contains(0x1000, 0x2000)
    assert not pages.contains(0x2000, 0x1001)
    assert pages.overlaps(0x2FFF)
    assert not pages.overlaps(0x3000, 0x1000)
    assert not pages.overlaps(0x0, 0x1000)


def test_highest_fit_clips_at_the_limit_and_takes_the_highest_run():
    free = [(0, 0x10000), (0x20000, 0x21000)]
    assert highest_fit(free, 0x1000) == 0x20000
    assert highest_fit(free, 0x2000, 0x1000) == 0xE000
    assert highest_fit(free, 0x1000, limit=0x20800) == 0xF000
    assert highest_fit(free, 0x11000) is None
