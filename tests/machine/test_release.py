"""A wait that never ends is explained by trying: each program below tests bits that its bytes name."""

import pytest

from fwsim.environment.wait.limits import ASSIST_POLLS
from fwsim.trace.event import Flag, Op, Space

# in al,dx / test al,10h / jnz: waits for bit 4 of port 300h (open bus, all ones) to clear, then returns
BIT_CLEAR = "ba 0003 ec a8 10 75 fb cb"
# in al,60h / and al,0Ch / cmp al,08h / jne: the keyboard controller's data port reads 0; bits 3:2 must be 10b
FIELD = "e4 60 24 0c 3c 08 75 f8 cb"
# in eax,dx / cmp eax,12345678h / jne: no single bit helps, nor all ones or zeros
MAGIC = "ba 0003 66 ed 66 3d 78563412 75 f6 cb"
# index 70000h at +0, then in eax from +4 / test bit 30 / jz: PIPECONF-like wait on register 1000h of the IGD
REGISTER = "ba 00c0 66 b8 00100000 66 ef ba 04c0 66 ed 66 a9 00000040 74 ea cb"


@pytest.mark.parametrize(
    ("code", "space", "address", "tested", "change"),
    [
        (BIT_CLEAR, "port", 0x300, 1 << 4, 1 << 4),
        (FIELD, "port", 0x60, 3 << 2, 1 << 3),
        (REGISTER, "mmio", 0x1000, 1 << 30, 1 << 30),
    ],
)
def test_bits_that_are_tested(rig, code, space, address, tested, change):
    made = rig(code)
    before = made.machine.recorder.count
    ending = made.post()
    assert ending.reason == "hung"
    release = made.session.slices.assist.release
    assert (release.wait.space, release.wait.address) == (space, address)
    assert release.tested == tested
    assert release.answer ^ release.wait.last == change
    assert before < release.since_seq <= made.machine.recorder.count
    assert not (made.events()["flags"] & Flag.ASSISTED).any()  # the trials leave no event behind


@pytest.mark.parametrize("code", [BIT_CLEAR, REGISTER])
def test_a_wait_begins_with_its_first_poll(rig, code):
    """However often the timer, 18.2 times a second, came in between."""
    made = rig(code)
    assert made.post().reason == "hung"
    events = made.events()
    assert (events["space"] == Space.INTERRUPT).any()  # INT 08h
    release = made.session.slices.assist.release
    polls = events[(events["op"] == Op.READ) & (events["address"] == release.wait.address)]
    first = events[events["seq"] == release.since_seq][0]
    assert first["seq"] <= polls[0]["seq"]
    assert first["seq"] >= polls[0]["seq"] - 1  # the loop of REGISTER writes the index first
    assert release.since_ns == first["time_ns"]


def test_a_value_that_no_trial_finds(rig):
    made = rig(MAGIC)
    assert made.post().reason == "hung"
    release = made.session.slices.assist.release
    assert release.wait.address == 0x300
    assert release.answer is None
    assert "no single answer" in release.text("port 0x300")


@pytest.mark.parametrize(("code", "answer"), [(BIT_CLEAR, 0xEF), (FIELD, 0x08), (REGISTER, 1 << 30)])
def test_assist_answers_and_says_so(rig, code, answer):
    made = rig(code, "[rom]\nassist = true\n")
    assert made.post().reason == "completed"
    ((release, count),) = made.session.slices.assist.given.values()
    assert count == 1
    assert release.answer == answer
    helped = made.events()
    helped = helped[helped["flags"] & Flag.ASSISTED != 0]
    assert helped["value"].tolist() == [answer]
    assert helped["aux"][0] == release.wait.last
    assert helped["seq"][0] > ASSIST_POLLS


def test_two_assisted_runs_are_the_same(rig):
    first, second = (rig(FIELD, "[rom]\nassist = true\n") for _ in range(2))
    assert first.post() == second.post()
    assert first.events().tobytes() == second.events().tobytes()
