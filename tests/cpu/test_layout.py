"""What is mapped before the first run: places cut by one another, and refused as the engine itself refuses them."""

import pytest

from fwsim.cpu.layout import Layout


class Made(Layout):
    """A layout that notes what it maps."""

    def __init__(self) -> None:
        super().__init__()
        self.mapped = []

    def give(self, name: str, start: int, size: int) -> bool:
        return self.add(start, size, lambda at, length, skip: self.mapped.append((name, at, length, skip)))


def put_of(layout: Made) -> list[tuple[str, int, int, int]]:
    layout.put()
    return layout.mapped


def test_a_place_cut_in_the_middle_is_two_that_know_how_far_they_are_behind_its_beginning():
    layout = Made()
    assert layout.give("a", 0x4000, 0x4000)
    assert layout.remove(0x5000, 0x1000)
    assert layout.give("b", 0x5000, 0x1000)
    assert put_of(layout) == [("a", 0x4000, 0x1000, 0), ("b", 0x5000, 0x1000, 0), ("a", 0x6000, 0x2000, 0x2000)]


def test_what_is_taken_away_may_lie_over_several_places():
    layout = Made()
    for start in (0x1000, 0x3000):
        assert layout.give("a", start, 0x2000)
    assert layout.remove(0x2000, 0x2000)
    assert put_of(layout) == [("a", 0x1000, 0x1000, 0), ("a", 0x4000, 0x1000, 0x1000)]


@pytest.mark.parametrize(("start", "size"), [(0x3000, 0x1000), (0x0, 0x2000), (0x4000, 0x2000), (0x0, 0x8000)])
def test_a_place_is_given_once(start, size):
    """1000h to 2000h and 3000h to 5000h are taken."""
    layout = Made()
    assert layout.give("a", 0x3000, 0x2000)
    assert layout.give("a", 0x1000, 0x1000)
    assert not layout.give("b", start, size)
    assert layout.give("b", 0x2000, 0x1000)


@pytest.mark.parametrize(("start", "size"), [(0x0, 0x1000), (0x2000, 0x2000), (0x4000, 0x2000), (0x1000, 0x4000)])
def test_nothing_is_taken_away_where_nothing_is(start, size):
    """Only 1000h to 2000h and 3000h to 5000h are there; a hole in between, and beyond, is not."""
    layout = Made()
    assert layout.give("a", 0x1000, 0x1000)
    assert layout.give("a", 0x3000, 0x2000)
    assert not layout.remove(start, size)
    assert put_of(layout) == [("a", 0x1000, 0x1000, 0), ("a", 0x3000, 0x2000, 0)]
