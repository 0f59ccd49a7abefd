"""REP STOS into the VGA window, done at one stroke: nobody can tell it from what the engine does round by round."""

import struct

import pytest
from config_code import cf8_write

from fwsim.cpu.steps import Steps
from fwsim.devices.vga.state import GFX, SEQ, V_BANK1, V_MISC, V_WINDOW, WINDOW_LINEAR
from fwsim.native import R_BLOCK, R_BLOCK_FROM, R_CODE, R_CODE_LIMIT, R_CODE_NEXT, R_FILLS, R_TIME

START = "b800a0 8ec0"  # mov ax, A000h; mov es, ax
VALUE = "66b878563412"  # mov eax, 12345678h
PLAIN = {
    "stosb": "31ff b90040 f3aa",
    "stosw": "31ff b90040 f3ab",
    "stosd": "31ff b90040 66f3ab",
    "the prefixes the other way round": "31ff b90040 f366ab",
    "32-bit addresses": "6631ff 66b900400000 6766f3ab",
    "the upper halves of EDI and ECX": "66bf00013412 66b900017856 66f3ab",
    "one round": "bf1000 b90100 66f3ab",
    "two rounds": "bf1000 b90200 66f3ab",
    "to the end of the segment and round": "bf00ff b90040 66f3ab",
    "to the end of the window and past it": "b800b8 8ec0 bf007f b90040 f3ab",
    "not aligned": "bf0100 b90010 66f3ab",
    "backwards": "bffc3f b90010 fd 66f3ab fc",
    "from below the window": "b8f09f 8ec0 31ff b90010 66f3ab",
    "jumped to": "31ff b90010 eb00 66f3ab",
    "none": "31ff 31c9 66f3ab",
    "again": "31ff b90010 66f3ab b90010 66f3ab",
    "REPNE": "31ff b90010 f2ab",
    "nothing to repeat": "31ff b90010 eb00 66ab eb00",
}
WIDE = {
    "stosd": (0x10, "bf00000a00 b900400000 f3ab"),
    "stosw": (0x10, "bf00000a00 b900400000 66f3ab"),
    "stosb": (0x10, "bf00000a00 b900400000 f3aa"),
    "a segment at A0000": (0x18, "bf00010000 b900200000 f3ab"),
    "16-bit addresses": (0x18, "bf00010000 b900200000 67f3ab"),
}
GDT = bytes.fromhex("0000000000000000 ffff0000009acf00 ffff00000092cf00 ffff00000a92cf00")
"""Code and data of 4 GiB; data from A0000 on."""
TABLES = {0x7000: GDT, 0x7100: struct.pack("<HI", len(GDT) - 1, 0x7000)}
SEEN = ("eax", "ecx", "edi", "eip", "eflags")
WORDS = (R_CODE, R_CODE_NEXT, R_BLOCK, R_BLOCK_FROM, R_TIME)


def to_32(selector: int, code: str) -> bytes:
    """``code`` in protected mode, with ES of this selector, and HLT."""
    # cli; xor ax, ax; mov ds, ax; lgdt [7100h]; mov eax, cr0; or al, 1; mov cr0, eax; jmp 8:behind this; mov ax, ..
    start = bytes.fromhex("fa 31c0 8ed8 0f01160071 0f20c0 0c01 0f22c0 66ea") + struct.pack("<IH", 0xC0100 + 26, 8)
    return start + bytes.fromhex("66b8") + bytes((selector, 0)) + bytes.fromhex(f"8ec0 b878563412 {code} f4")


def ran(rig, code: bytes, *, fills: bool, linear: bool = False, limit: int = 0):
    """What can be seen of a machine that ran ``code``, at one stroke or round by round."""
    made = rig(code, memory=TABLES)
    machine, root = made.machine, made.machine.root
    if linear:
        machine.vga.block[V_WINDOW] = WINDOW_LINEAR
        machine.vga.block[V_BANK1] = 0x18000
    else:
        machine.vga.block[V_MISC] = 0x63
        machine.vga.regs[GFX + 6], machine.vga.regs[SEQ + 2] = 0x01, 0x0F
    if not fills:
        root[R_FILLS] = 0
    if limit:
        root[R_CODE_LIMIT] = limit
    ending = made.post()
    registers = [machine.engine.get(name) for name in SEEN]
    memory = machine.vga.vram.tobytes()
    return (
        ending.reason, registers, [int(root[word]) for word in WORDS], made.events().tobytes(), memory,
        machine.ram.read(0x9F000, 0x1000),
    )  # fmt: skip


@pytest.mark.parametrize("linear", [False, True], ids=["planes", "linear"])
@pytest.mark.parametrize("code", PLAIN.values(), ids=PLAIN)
def test_real_mode(rig, code, linear):
    made = bytes.fromhex(f"{START} {VALUE} {code} cb")
    assert ran(rig, made, fills=True, linear=linear) == ran(rig, made, fills=False, linear=linear)


@pytest.mark.parametrize(("selector", "code"), WIDE.values(), ids=WIDE)
def test_protected_mode(rig, selector, code):
    made = to_32(selector, code)
    one = ran(rig, made, fills=True, linear=True)
    assert one == ran(rig, made, fills=False, linear=True)
    assert one[1][1] == 0, "the code came to its end"


@pytest.mark.parametrize("limit", range(0x2000, 0x2006))
def test_a_budget_ends_it_at_the_same_round(rig, limit):
    code = bytes.fromhex(f"{START} {VALUE} 31ff b90040 66f3ab cb")
    one = ran(rig, code, fills=True, limit=limit)
    assert one == ran(rig, code, fills=False, limit=limit)
    assert (one[0], one[1][1] & 0xFFFF > 0x1000) == ("budget", True)


def told(rig, code: str) -> int:
    """How many writes to the window the engine made."""
    made = rig(bytes.fromhex(code + "cb"))
    writes = []
    made.machine.engine.watch(0xA0000, 0x20000, lambda address, width, write: writes.append(address))
    assert made.post().reason == "completed"
    return len(writes)


@pytest.mark.parametrize(
    "code", [PLAIN[name] for name in ("stosb", "stosw", "stosd", "32-bit addresses", "jumped to", "again")]
)
def test_the_engine_makes_only_the_first_round(rig, code):
    assert told(rig, f"{START} {code}") <= code.count("f3")


def test_where_ram_is_shown_in_the_place_of_the_window_it_is_filled(rig):
    d_open = 0x4A
    made = rig(bytes.fromhex(f"{cf8_write(0, 0x72, 1, d_open)} {START} {VALUE} {PLAIN['stosd']} cb"))
    assert made.post().reason == "completed"
    assert made.machine.ram.read(0xA0000, 0x10000) == bytes.fromhex("78563412") * 0x4000
    assert not made.machine.vga.vram.any()


def test_who_follows_each_step_gets_each_round(rig):
    made = rig(bytes.fromhex(f"{START} 31ff b90020 f3ab cb"))
    steps = Steps(made.machine.engine, made.machine.low)
    assert made.post().reason == "completed"
    assert steps.count > 0x2000
