"""Protected mode, 16 and 32 bits: INTs, exceptions and interrupts reach the guest's handlers, and real mode again."""

import pytest
from protected import CODE32, COUNTER, DATA32, HANDLERS, LOW16, gate, program

from fwsim.trace.event import Actor, Op, Space

EOI = "50 b020 e620 58"  # push eax; mov al, 20h; out 20h, al; pop eax


def outs(made) -> list[int]:
    return [value for _, port, value, op in made.ports() if port == 0x80 and op == Op.WRITE]


FLAGS_OUT = "9c 58 e780 cf"  # pushfd; pop eax; out 80h, eax; iretd


@pytest.mark.parametrize(("kind", "interrupts"), [(0xE, 0), (0xF, 0x200)])
def test_an_int_goes_through_its_gate_and_back(rig, kind, interrupts):
    """An interrupt gate clears IF, a trap gate leaves it; the stack is level again behind IRETD."""
    code, memory = program("fb cd30 89e0 e780 fa f4", {0x30: gate(CODE32, HANDLERS, kind)}, FLAGS_OUT)
    made = rig(code, memory=memory)
    ending = made.post()
    assert "HLT with interrupts off" in ending.detail
    flags, stack = outs(made)
    assert flags & 0x200 == interrupts
    assert stack == 0x6F00
    calls = [e for e in made.events() if e["space"] == Space.INTERRUPT and e["actor"] == Actor.ROM]
    assert [(int(e["address"]), int(e["cs"]), int(e["ip"])) for e in calls] == [(0x30, 8, 0xC0161)]


def test_an_error_code_and_the_faulting_address_are_on_the_handlers_stack(rig):
    """mov ds, 1238h, then mov ds, 0165h (what the handler left in AX): #GP each time, never a double fault."""
    handler = "58 e780 8b0424 e780 83042402 cf"
    code, memory = program("b838120000 8ed8 8ed8 fa f4", {13: gate(CODE32, HANDLERS, 0xE)}, handler)
    made = rig(code, memory=memory)
    assert "HLT" in made.post().detail
    assert outs(made) == [0x1238, 0xC0165, 0x0164, 0xC0167]


def test_ud2_and_divide_have_no_error_code(rig):
    handler = "8b0424 e780 83042402 cf"
    gates = {6: gate(CODE32, HANDLERS, 0xE), 0: gate(CODE32, HANDLERS, 0xF)}
    code, memory = program("0f0b 31c9 f7f1 f7f1 0f0b fa f4", gates, handler)
    made = rig(code, memory=memory)
    assert "HLT" in made.post().detail
    assert outs(made) == [0xC0160, 0xC0164, 0xC0166, 0xC0168]


@pytest.mark.parametrize(
    ("gates", "limit"),
    [({}, 0x7FF), ({6: gate(CODE32, HANDLERS, 0xE, present=False)}, 0x7FF), ({6: gate(DATA32, HANDLERS, 0xE)}, 0x7FF),
     ({6: gate(0x100, HANDLERS, 0xE)}, 0x7FF), ({6: gate(CODE32, HANDLERS, 0xE)}, 0x2F),
     ({6: gate(CODE32, HANDLERS, 5)}, 0x7FF)],
    ids=["none", "not present", "data segment", "past the GDT", "past the IDT's limit", "task gate"],
)  # fmt: skip
def test_no_usable_gate_is_a_triple_fault(rig, gates, limit):
    code, memory = program("90 0f0b", gates, "f4", limit)
    ending = rig(code, memory=memory).post()
    assert (ending.reason, ending.ip) == ("invalid", 0xC0161)
    assert ending.detail.startswith("triple fault: invalid opcode")


def test_a_double_fault_reaches_its_handler(rig):
    """#DE with a gate that is not present, and #NP without one: contributory faults make #DF, error code 0."""
    gates = {0: gate(CODE32, HANDLERS, 0xE, present=False), 8: gate(CODE32, HANDLERS, 0xE)}
    code, memory = program("31c9 f7f1", gates, "58 0d00ffff00 e780 fa f4", 0x7FF)
    made = rig(code, memory=memory)
    assert "HLT" in made.post().detail
    assert outs(made) == [0x00FFFF00]


def test_irq0_in_protected_mode(rig):
    """sti; wait until the handler has counted to 2."""
    count = f"ff05{COUNTER.to_bytes(4, 'little').hex()} {EOI} cf"
    wait = f"fb 833d{COUNTER.to_bytes(4, 'little').hex()}02 75f7 fa f4"
    code, memory = program(wait, {8: gate(CODE32, HANDLERS, 0xE)}, count)
    made = rig(code, memory=memory)
    assert "HLT with interrupts off" in made.post().detail
    assert made.machine.ram.word(COUNTER, 4) == 2


def test_a_remapped_pic_uses_its_new_vector(rig):
    """ICW1-ICW4 move IRQ0 to 20h (8259A data sheet), all but IRQ0 masked; HLT waits for it."""
    count = f"ff05{COUNTER.to_bytes(4, 'little').hex()} {EOI} cf"
    setup = "b011 e620 b020 e621 b004 e621 b001 e621 b0fe e621"
    code, memory = program(f"{setup} fb f4 f4 fa f4", {0x20: gate(CODE32, HANDLERS, 0xE)}, count)
    made = rig(code, memory=memory)
    assert "HLT with interrupts off" in made.post().detail
    assert made.machine.ram.word(COUNTER, 4) == 2
    handled = [int(e["address"]) for e in made.events() if e["space"] == Space.INTERRUPT and e["actor"] == Actor.DEVICE]
    assert handled == [0x20, 0x20]


def test_an_interrupt_without_a_gate_is_a_triple_fault(rig):
    code, memory = program("fb f4", {}, "f4")
    ending = rig(code, memory=memory).post()
    assert ending.reason == "invalid"
    assert ending.detail.startswith("triple fault")


def test_16_bit_protected_mode_and_16_bit_gates(rig):
    """jmp 18h:0180h, INT 30h through a 16-bit gate; the handler takes IP, CS, FLAGS as words off its stack."""
    code, memory = program("66ea80011800", {0x30: gate(LOW16, HANDLERS, 6)}, "cf")
    code = code.ljust(0x80, b"\x90") + bytes.fromhex("bc006f cd30 89e0 e780 faf4")
    memory[HANDLERS] = bytes.fromhex("89e0 e780 cf")
    made = rig(code, memory=memory)
    assert "HLT" in made.post().detail
    assert outs(made) == [0x6F00 - 6, 0x6F00]


def test_back_to_real_mode(rig):
    """From a 16-bit code segment at C0000h clear PE and jump to C000:01A0; INT 11h answers there, IRET comes back."""
    code, memory = program("66ea80011800", {}, "f4")
    code = code.ljust(0x80, b"\x90") + bytes.fromhex("0f20c0 24fe 0f22c0 eaa00100c0")
    code = code.ljust(0xA0, b"\x90") + bytes.fromhex("31c0 8ed0 bc006f 2e0f011ec001 cd11 e780 fa f4")
    code = code.ljust(0xC0, b"\x90") + bytes.fromhex("ff0300000000")
    made = rig(code, memory=memory)
    assert "HLT" in made.post().detail
    assert outs(made) == [0x0006]


def test_a_real_mode_handler_for_an_exception(rig):
    """IVT[0] at C000:0140 skips the DIV: FLAGS, CS, IP on the stack, no error code."""
    made = rig(
        bytes.fromhex("31c0 8ed8 c70600004001 c706020000c0 31c9 f7f1 f7f1 cb").ljust(0x40, b"\x90")
        + bytes.fromhex("55 89e5 8b4602 e780 83460202 5d cf")
    )
    assert made.post().reason == "completed"
    assert outs(made) == [0x112, 0x114]


def test_a_real_mode_idt_elsewhere(rig):
    """LIDT with base 1000h: INT 20h goes where the table there says."""
    made = rig(
        bytes.fromhex("2e0f011e2001 cd20 e780 fa f4").ljust(0x20, b"\x90") + bytes.fromhex("ff0300100000"),
        memory={0x1080: bytes.fromhex("30100000"), 0x1030: bytes.fromhex("b85aa5 cf")},
    )
    assert "HLT" in made.post().detail
    assert outs(made) == [0xA55A]


def test_an_int_in_real_mode_clears_if_and_iret_brings_it_back(rig):
    """sti; int 60h; pushf; pop ax; out 80h, ax; retf. The handler at C000:0120 does the same and returns by IRET.

    SDM vol. 2, INT n, real-address mode: FLAGS are pushed, then IF, TF and AC are cleared.
    """
    code = bytes.fromhex("fb cd60 9c 58 e780 cb").ljust(0x20, b"\x90") + bytes.fromhex("9c 58 e780 cf")
    made = rig(code, memory={4 * 0x60: (0xC0000120).to_bytes(4, "little")})
    assert made.post().reason == "completed"
    assert [flags & 0x200 for flags in outs(made)] == [0, 0x200]
