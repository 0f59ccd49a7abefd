"""Code that does not return: each stops soon, for the right reason, at the right instruction."""

import pytest

from fwsim.environment.wait.waiting import waited_for
from fwsim.native import R_CODE, R_TIME

CASES = {
    "divide by zero": ("31c9 f7f1", "invalid", 0x102, "divide error"),
    "divide by zero, the second of a run": (
        "31c0 8ed8 c70600002201 c706020000c0 31c9 f7f1 c706000053ff c706020000f0 f7f1 90 58 83c002 50 cf",
        "invalid", 0x120, "divide error",
    ),
    "UD2": ("90 0f0b", "invalid", 0x101, "invalid opcode (#UD), 0F 0B"),
    "erased flash": ("ea000000f8", "invalid", 0x0, "FF FF FF FF"),
    "single step": ("9c 58 0d0001 50 9d 90 90", "invalid", None, "debug exception"),
    "past the end of the segment": ("b07f 0401 ce", "invalid", None, "past the end of the code segment"),
    "bound": ("b80500 bb0008 6207", "invalid", 0x106, "bound"),
    "jump to itself": ("ebfe", "hung", 0x100, "a jump to itself"),
    "long jump to itself": ("e9fdff", "hung", 0x100, "a jump to itself"),
    "cli hlt": ("fa f4", "hung", 0x101, "HLT with interrupts off"),
    "sti hlt for ever": ("fb f4 ebfd", "hung", 0x101, "HLT again and again"),
    "no input": ("40 4a ebfc", "hung", 0x100, "a loop that reads no input"),
    "no input, interrupts off": ("fa 40 4a ebfc", "hung", 0x101, "a loop that reads no input"),
}  # fmt: skip
"""Code at C000:0100; reason, IP and words of the detail."""


@pytest.mark.parametrize(("code", "reason", "ip", "words"), CASES.values(), ids=CASES.keys())
def test_ending(rig, code, reason, ip, words):
    ending = rig(code).post()
    assert ending.reason == reason
    assert words in ending.detail
    if ip is not None:
        assert ending.ip == ip
        assert ending.cs == (0xF800 if ip == 0 else 0xC000)


WAITS = {
    "one port": ("ba0703 ec ebfd", "port 0x307", 0xFF, 0x103),
    "a clock": ("bada03 ec ebfd", "port 0x3da", None, 0x103),
    "configuration space": ("66b880100080 baf80c 66ef bafc0c 66ed ebfc", "config 02.0 @0x80", 0, 0x10E),
    "a register behind the I/O BAR": (
        # BAR4 of 00:02.0 to EDX; index = 45400h, then read the data port for ever
        "66b820100080 baf80c 66ef bafc0c 66ed 24fc 92 66b800540400 66ef 83c204 66ed ebfc", "mmio 0x45400", None, 0x11E,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "text", "last", "ip"), WAITS.values(), ids=WAITS.keys())
def test_a_wait_names_its_input(rig, code, text, last, ip):
    made = rig(code)
    ending = made.post()
    assert (ending.reason, ending.detail) == ("hung", "")
    wait = waited_for(made.machine.recorder.tail(4096))
    assert (wait.text, wait.cs, wait.ip) == (text, 0xC000, ip)
    if last is not None:
        assert wait.last == last


def test_a_wait_for_the_timer_tick_succeeds(rig):
    """sti; mov ax, [46C]; wait until it has changed twice."""
    assert rig("fb 31c0 8ed8 8b1e6c04 83c302 3b1e6c04 75fa cb").post().reason == "completed"


def test_a_long_wait_for_ticks_succeeds(rig):
    """91 ticks: five seconds."""
    assert rig("fb 31c0 8ed8 8b1e6c04 83c35b 3b1e6c04 75fa cb").post().reason == "completed"


def test_a_recursion_that_eats_the_stack_ends(rig):
    assert rig("e8fdff").post().reason in ("invalid", "hung", "budget")


def test_a_lidt_of_limit_0_makes_int3_a_triple_fault(rig):
    """lidt [cs:0110h] (limit 0); int3: #GP, then #DF find no entry: shutdown (SDM vol. 3, 20.1.4)."""
    ending = rig("2e0f011e1001 cc".ljust(0) + "90" * 9 + "000000000000").post()
    assert (ending.reason, ending.ip) == ("invalid", 0x106)
    assert ending.detail.startswith("triple fault: INT 03h")


def test_jump_to_open_bus_in_protected_mode(rig):
    made = rig(protected("b8000000d0 ffe0"), memory=GDT)
    ending = made.post()
    assert ending.reason == "invalid"
    assert "holds no code" in ending.detail
    assert "0xd0000000" in ending.detail


def protected(code: str) -> str:
    """lgdt [cs:0120]; CR0.PE; jmp 8:...; then ``code``, in 32 bits, at C0130h."""
    start = "2e0f01162001 0f20c0 0c01 0f22c0 66ea30010c000800"
    raw = bytes.fromhex(start).ljust(0x20, b"\x90") + bytes.fromhex("1700 00060000 0000") + bytes(8)
    return (raw + bytes.fromhex(code)).hex()


GDT = {0x600: bytes.fromhex("0000000000000000 ffff0000009acf00 ffff00000092cf00")}


@pytest.mark.parametrize(
    ("budget", "words"),
    [("code = 1048576", "budget.code"), ('time = "50ms"', "budget.time"), ("events = 1000", "budget.events")],
)
def test_budgets_are_exact_enough_and_the_same_again(rig, budget, words):
    """A port read in a loop, each time with another register beside it: each budget ends it, twice alike."""
    code = "ba8000 40 ef ebfc"
    ends = []
    for _ in range(2):
        made = rig(code, f"[budget]\n{budget}\n")
        ending = made.post()
        assert ending.reason == "budget"
        assert words in ending.detail
        ends.append((ending, int(made.machine.root[R_TIME]), made.events().tobytes()))
        if "events" in budget:
            assert made.machine.recorder.count == 1000
    assert ends[0] == ends[1]


def test_a_code_budget_counts_what_ran(rig):
    """The engine stops before the block that would pass it, and does not count that."""
    made = rig("b90040 e2fe ba0703 ec 40 ebf6", "[budget]\ncode = 1048576\n")
    made.post()
    assert 1048576 - 16 <= int(made.machine.root[R_CODE]) < 1048576
