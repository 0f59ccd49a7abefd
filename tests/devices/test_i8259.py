"""Two 8259A by their data sheet: edges, levels, priorities, masks, ends of interrupt, rotation, polls, the cascade."""

import pytest

from fwsim.devices.i8259 import Pic


@pytest.fixture
def pic():
    """All inputs open, ELCR clear: what ICW1 to ICW4 leave, vectors 08h and 70h."""
    made = Pic()
    for base, words in ((0x20, (0x11, 0x08, 0x04, 0x01)), (0xA0, (0x11, 0x70, 0x02, 0x01))):
        made.write(base, 1, words[0])
        for word in words[1:]:
            made.write(base + 1, 1, word)
    for port in (0x4D0, 0x4D1):
        made.write(port, 1, 0)
    made.seen = []
    made.ended = made.seen.append
    return made


def state(pic, number=0):
    """(requests, in service) of one controller, by OCW3."""
    port = (0x20, 0xA0)[number]
    pic.write(port, 1, 0x0A)
    asked = pic.read(port, 1)
    pic.write(port, 1, 0x0B)
    return asked, pic.read(port, 1)


def test_the_masks_are_what_was_written():
    pic = Pic()
    assert (pic.read(0x21, 1), pic.read(0xA1, 1)) == (0xB8, 0x8F)
    pic.write(0x21, 1, 0xFE)
    pic.write(0xA1, 1, 0x55)
    assert (pic.read(0x21, 1), pic.read(0xA1, 1)) == (0xFE, 0x55)


@pytest.mark.parametrize(
    ("words", "vector"),
    [((0x11, 0x20, 0x04, 0x01), 0x20), ((0x13, 0x28, 0x01), 0x28), ((0x10, 0x30, 0x04), 0x30), ((0x12, 0x38), 0x38)],
    ids=["cascade, ICW4", "single, ICW4", "cascade", "single"],
)
def test_initialisation_takes_as_many_words_as_icw1_says(words, vector):
    """ICW1 clears the mask; bit 1 single (no ICW3), bit 0 ICW4; ICW2: the vector."""
    pic = Pic()
    pic.write(0x20, 1, words[0])
    assert pic.read(0x21, 1) == 0
    for word in words[1:]:
        pic.write(0x21, 1, word)
    pic.write(0x21, 1, 0xA5)
    assert pic.read(0x21, 1) == 0xA5
    pic.write(0x21, 1, 0)
    pic.drive(3, True)
    assert pic.acknowledge() == (vector + 3, 3)


def test_an_edge_asks_once_and_a_level_as_long_as_it_is_high(pic):
    pic.drive(3, True)
    assert pic.acknowledge() == (0x0B, 3)
    pic.write(0x20, 1, 0x20)
    pic.drive(3, True)
    assert not pic.asks
    pic.write(0x4D0, 1, 0xFF)
    assert pic.read(0x4D0, 1) == 0xF8  # lines 0 to 2 stay edge-triggered
    assert pic.asks
    assert pic.acknowledge() == (0x0B, 3)
    pic.write(0x20, 1, 0x20)
    assert pic.asks
    pic.drive(3, False)
    assert not pic.asks


def test_a_request_that_is_gone_at_inta_is_input_7s(pic):
    pic.drive(4, True)
    pic.drive(4, False)
    assert pic.acknowledge() == (0x0F, 7)
    assert state(pic) == (0, 0)


def test_what_is_in_service_keeps_lower_priorities_and_itself(pic):
    pic.pulse(5)
    assert pic.acknowledge()[1] == 5
    pic.pulse(5)
    pic.pulse(6)
    assert not pic.asks
    pic.pulse(1)
    assert pic.acknowledge()[1] == 1
    assert state(pic) == (0x60, 0x22)
    pic.write(0x20, 1, 0x20)  # non-specific: the highest in service
    assert state(pic)[1] == 0x20
    assert not pic.asks
    pic.write(0x20, 1, 0x65)  # specific, 5
    assert pic.acknowledge()[1] == 5
    assert pic.seen == [1, 5]


def test_a_mask_keeps_a_request_until_it_is_taken_away(pic):
    pic.write(0x21, 1, 0x08)
    pic.pulse(3)
    assert not pic.asks
    assert "masked in the 8259A (port 21h, bit 3)" in pic.waiting(3)
    pic.write(0x21, 1, 0)
    assert pic.acknowledge() == (0x0B, 3)


def test_the_second_controller_comes_by_input_2(pic):
    pic.drive(11, True)
    assert state(pic)[0] == 0x04
    assert pic.acknowledge() == (0x73, 11)
    assert (state(pic)[1], state(pic, 1)[1]) == (0x04, 0x08)
    pic.write(0x20, 1, 0x20)
    assert pic.seen == []  # the cascade's own end is nobody's
    pic.pulse(12)
    assert not pic.asks
    pic.write(0xA0, 1, 0x20)
    assert pic.seen == [11]
    assert pic.acknowledge() == (0x74, 12)
    pic.end(12)
    assert (state(pic)[1], state(pic, 1)[1]) == (0, 0)


def test_the_cascade_is_masked_with_its_input(pic):
    pic.write(0x21, 1, 0x04)
    pic.pulse(11)
    assert not pic.asks
    assert "port 21h, bit 2" in pic.waiting(11)


def test_the_slave_can_nest_under_the_special_fully_nested_mode(pic):
    """ICW4 bit 4: a higher request of the same slave passes the cascade's service bit."""
    for nested in (False, True):
        for port, word in ((0x20, 0x11), (0x21, 0x08), (0x21, 0x04), (0x21, 0x11 if nested else 0x01)):
            pic.write(port, 1, word)
        pic.write(0xA0, 1, 0x20)
        pic.pulse(14)
        assert pic.acknowledge()[1] == 14
        pic.pulse(9)
        assert pic.asks is nested
        pic.chips[1].irr = 0
        pic.end(14)


def test_automatic_end_leaves_nothing_in_service(pic):
    for port, word in ((0x20, 0x11), (0x21, 0x08), (0x21, 0x04), (0x21, 0x03)):
        pic.write(port, 1, word)
    pic.pulse(3)
    assert pic.acknowledge()[1] == 3
    assert state(pic) == (0, 0)
    assert pic.seen == [3]


def test_rotation_makes_who_was_served_the_last(pic):
    pic.pulse(2 + 1)
    pic.acknowledge()
    pic.write(0x20, 1, 0xA0)  # rotate on non-specific EOI: 3 is lowest, 4 highest
    pic.pulse(0)
    pic.pulse(4)
    assert pic.acknowledge()[1] == 4
    pic.write(0x20, 1, 0x20)
    pic.write(0x20, 1, 0xC7)  # set priority: 7 is lowest, 0 highest
    pic.pulse(4)
    assert pic.acknowledge()[1] == 0


def test_the_special_mask_lets_lower_priorities_pass_a_masked_service(pic):
    pic.pulse(1)
    pic.acknowledge()
    pic.pulse(4)
    pic.write(0x21, 1, 0x02)
    assert not pic.asks
    pic.write(0x20, 1, 0x68)
    assert pic.acknowledge()[1] == 4
    pic.write(0x20, 1, 0x20)
    assert state(pic)[1] == 0x02  # a non-specific EOI does not end what is masked


def test_a_poll_acknowledges(pic):
    pic.write(0x20, 1, 0x0C)
    assert pic.read(0x20, 1) == 0
    pic.pulse(6)
    pic.write(0x20, 1, 0x0C)
    assert pic.read(0x20, 1) == 0x86
    assert state(pic) == (0, 0x40)


def test_a_snapshot_is_whole(pic):
    pic.pulse(3)
    pic.acknowledge()
    pic.write(0x20, 1, 0x11)
    saved = pic.snapshot()
    for port in (0x21, 0x20, 0xA0, 0x4D1):
        pic.write(port, 1, 0x5A)
    pic.pulse(9)
    pic.restore(saved)
    assert pic.snapshot() == saved
