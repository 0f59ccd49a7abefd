"""A loop on a BIOS leaf that is not answered as it wants is found, and what would end it is said."""

import pytest

from fwsim.environment.wait.answers import LeafRelease
from fwsim.environment.wait.limits import LEAF_ROUNDS
from fwsim.native import R_WAIT_LIMIT
from fwsim.trace.event import Flag, Op, Space

AX = "b8515f 31c9 cd15 3d5f00 75f4 cb"  # mov ax,5f51h / xor cx,cx / int 15h / cmp ax,5fh / jne
PANEL = "b8515f cd15 72f9 80f903 75f4 cb"  # ... jc, then cmp cl,3 / jne
BOOT = "b8355f cd15 f6c108 74f6 cb"  # mov ax,5f35h / int 15h / test cl,8 / jz
CARRY = "b8345f cd15 72f9 cb"  # mov ax,5f34h / int 15h / jc
DELAYED = "e461 b8515f cd15 3c5f 75f5 cb"  # in al,61h before each call, cmp al,5fh
COUNTED = "42 b8515f cd15 3d5f00 75f5 cb"  # inc dx each round
TWO = "b8345f cd15 b8525f cd15 3d5f00 75f1 cb"  # 5f34h, whose answer nobody looks at, then 5f52h until it is answered
NEVER = "b8515f cd15 ebf9"  # nothing is tested
CLOCK = "b877bb cd1a 72f9 cb"  # INT 1Ah BB77h until CF is clear
PORT = "ba0003 ec b8345f cd15 ba0003 ec a810 75f1 cb"  # port 300h until bit 4 is clear, with a call of 5f34h each time

LOOPS = {
    "ax": (AX, 0x5F51, "AX=005F", {"ax": 0x5F}),
    "a panel, and CF": (PANEL, 0x5F51, "CL=03", {"cx": 3}),
    "an answer that is another": (BOOT, 0x5F35, "CL=08", {"cx": 8}),
    "CF alone": (CARRY, 0x5F34, "CF=0", {}),
    "a delay in between": (DELAYED, 0x5F51, "AL=5F", {"ax": 0x5F}),
    "a count": (COUNTED, 0x5F51, "AX=005F", {"ax": 0x5F}),
    "the second of two": (TWO, 0x5F52, "AX=005F", {"ax": 0x5F}),
}
"""Code, leaf, what the loop tests, the answer that ends it."""


def release(made):
    found = made.session.slices.assist.release
    assert isinstance(found, LeafRelease)
    return found


@pytest.mark.parametrize(("code", "leaf", "tests", "answer"), LOOPS.values(), ids=LOOPS.keys())
def test_the_answer_that_ends_the_loop(rig, code, leaf, tests, answer):
    made = rig(code)
    ending = made.post()
    assert (ending.reason, ending.detail) == ("hung", "")
    found = release(made)
    assert (found.question.ax, found.tests, found.registers) == (leaf, tests, answer)
    assert not (made.events()["flags"] & Flag.ASSISTED).any()  # the trials leave no event behind


@pytest.mark.parametrize(("code", "leaf", "tests", "answer"), LOOPS.values(), ids=LOOPS.keys())
def test_that_answer_in_the_scenario_ends_it_indeed(rig, code, leaf, tests, answer):
    given = ", ".join(f"{name} = {value}" for name, value in answer.items()) or "carry = 0"
    assert rig(code, f'[rom.int15]\n"{leaf:04x}" = {{ {given} }}\n').post().reason == "completed"


@pytest.mark.parametrize("code", [AX, PANEL, BOOT, TWO])
def test_assist_gives_it(rig, code):
    made = rig(code, "[rom]\nassist = true\n")
    assert made.post().reason == "completed"
    events = made.events()
    helped = events[(events["flags"] & Flag.ASSISTED) != 0]
    assert len(helped) == 1
    assert (helped[0]["space"], helped[0]["op"], helped[0]["address"]) == (Space.INTERRUPT, Op.RETURN, 0x15)


@pytest.mark.parametrize("code", [AX, PANEL, DELAYED, TWO])
def test_it_is_found_within_2_to_the_14_rounds(rig, code):
    made = rig(code)
    made.post()
    events = made.events()
    calls = events[(events["space"] == Space.INTERRUPT) & (events["op"] == Op.RETURN)]
    assert LEAF_ROUNDS <= len(calls) < 1 << 14


def test_the_words(rig):
    made = rig(AX)
    made.post()
    assert release(made).text("") == (
        "INT 15h AX=5F51 CX=0 (which LFP is active) is not answered; the loop tests AX=005F; "
        'add `[rom.int15] "5f51" = {ax = 0x5f}`'
    )
    made = rig(BOOT)
    made.post()
    assert (
        release(made)
        .text("")
        .startswith(
            "INT 15h AX=5F35 CX=0 (which displays boot) keeps being answered AX=005F; the loop tests CL=08; add "
        )
    )


@pytest.mark.parametrize(("code", "leaf"), [(NEVER, 0x5F51), (CLOCK, 0xBB77)])
def test_a_loop_that_no_answer_ends(rig, code, leaf):
    made = rig(code)
    assert made.post().reason == "hung"
    assert (release(made).question.ax, release(made).registers) == (leaf, None)
    assert "no answer that was tried" in release(made).text("")


def test_a_loop_that_waits_for_a_port_and_only_tells_the_bios_of_it(rig):
    made = rig(PORT)
    made.machine.root[R_WAIT_LIMIT] = 1 << 15
    assert made.post().reason == "hung"
    found = made.session.slices.assist.release
    assert not isinstance(found, LeafRelease)
    assert (found.wait.space, found.wait.address, found.answer) == ("port", 0x300, 0xEF)


def test_a_question_asked_some_thousand_times_with_something_else_in_between_is_no_hang(rig):
    """Ten thousand times 5F51h, each time with another value written to port 80h."""
    code = "b91027 89c8 51 e680 8ae1 88e0 e680 b8515f cd15 59 49 75ee cb"
    assert rig(code).post().reason == "completed"


def test_a_loop_that_gives_up_after_some_time_is_no_hang(rig):
    """It asks 5F51h until the PM timer has counted 20 ms: more than LEAF_ROUNDS times."""
    timer = "ba0806 66ed"
    begin = f"{timer} 6689c6 6681c640190100"  # esi = now + 72000
    loop = f"b8515f cd15 3d5f00 740a {timer} 6639f0"
    made = rig(f"{begin} {loop} 72ec cb")
    assert made.post().reason == "completed"
    assert len(made.events()) > 2 * LEAF_ROUNDS
