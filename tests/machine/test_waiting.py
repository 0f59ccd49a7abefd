"""The input that an endless wait hangs on is worked out from hand-made last events."""

import numpy as np
import pytest

from fwsim.environment.wait.limits import ASSIST_POLLS
from fwsim.environment.wait.waiting import Wait, waited_for
from fwsim.native import R_STALE_LIMIT, R_WAIT_LIMIT
from fwsim.trace.event import EVENT

PORT, PCI, MMIO, INTERRUPT = 0, 2, 3, 6
READ, WRITE, CALL, RETURN = 0, 1, 2, 3


def tail(*rows):
    events = np.zeros(len(rows), EVENT)
    for number, (space, op, address, value, ip, actor) in enumerate(rows):
        events[number] = (number + 1, 0, ip, address, value, value, 0xC000, 0, actor, space, op, 4)
    return events


def test_the_input_read_most_with_its_last_answer():
    rows = [(PORT, READ, 0x3C5, 1, 0x10, 0)] + [(MMIO, READ, 0x45400, 5, 0x20, 0), (PORT, WRITE, 0x80, 0, 0x30, 0)] * 4
    assert waited_for(tail(*rows, (MMIO, READ, 0x45400, 7, 0x20, 0))) == Wait(0xC000, 0x20, "mmio", 0x45400, 7)


def test_a_clock_is_the_input_only_when_nothing_else_is():
    clock, other = (PORT, READ, 0x3DA, 9, 0x10, 0), (PORT, READ, 0x307, 0x80, 0x20, 0)
    assert waited_for(tail(clock, clock, clock, other)).text == "port 0x307"
    assert waited_for(tail(clock, clock, clock)).text == "port 0x3da"


def test_configuration_space_is_named_as_people_do():
    assert waited_for(tail((PCI, READ, 0x10 << 12 | 0x52, 0, 1, 0))).text == "config 02.0 @0x52"


def test_a_loop_that_asks_the_bios():
    rows = [(INTERRUPT, CALL, 0x16, 0x0100, 0x40, 0), (INTERRUPT, RETURN, 0x16, 0x10000, 0, 1)] * 3
    wait = waited_for(tail(*rows))
    assert (wait.text, wait.ip, wait.last) == ("INT 16h", 0x40, 0)


def test_no_input_at_all():
    assert waited_for(tail((PORT, WRITE, 0x80, 1, 0x77, 0))) == Wait(0xC000, 0x77)
    assert waited_for(tail()) == Wait(0, 0)
    assert Wait(0, 0).text == ""


def test_a_program_that_asks_for_keys_for_ever(rig):
    made = rig("b401 cd16 ebfa")
    made.machine.root[R_WAIT_LIMIT] = made.machine.root[R_STALE_LIMIT] = ASSIST_POLLS
    assert made.post().reason == "hung"
    wait = waited_for(made.machine.recorder.tail(4096))
    assert (wait.text, wait.ip) == ("INT 16h", 0x102)


def delay(mib):
    """cli, and a loop that executes ``mib`` MiB of code without an access: NOPs of 15 bytes, 123 with LOOP."""
    turns = (mib << 20) // 123
    return f"fa 66b9 {turns.to_bytes(4, 'little').hex()}" + ("2e" * 14 + "90") * 8 + "67e285 cb"


@pytest.mark.parametrize(("rounds", "reason"), [(20, "completed"), (31, "completed"), (34, "hung"), (40, "hung")])
def test_a_delay_with_interrupts_off_may_take_32_rounds(rig, rounds, reason):
    """A round is 16 MiB of code: docs/machine.md, "How a hang is told from a long wait"."""
    ending = rig(delay(16 * rounds)).post()
    assert (ending.reason, ending.detail) == (reason, "a loop that reads no input" if reason == "hung" else "")
