"""Code goes from real to long mode and back on one engine, and each register is seen in its full width meanwhile."""

import struct

import pytest
from engine_bench import MIB, Bench
from unicorn import x86_const as x86

from fwsim.cpu.exceptions import Event, deliver
from fwsim.cpu.fills import Fills
from fwsim.cpu.msr import Msrs
from fwsim.native import R_CODE, STOP_NONE, TRAP_FILL, TRAP_RDMSR

GDT, IDT, HANDLER = 0x800, 0x5000, 0x3000
CODE32, CODE64 = 0x08, 0x18
DESCRIPTORS = bytes.fromhex(
    "0000000000000000 ffff0000009acf00 ffff00000092cf00 ffff0000009aaf00 ffff0000009a0000"
)  # null, 32-bit code and data, 64-bit code, 16-bit code
# lgdt [7F0h]; mov eax, cr0; or al, 1; mov cr0, eax; jmp dword 8:100000h
TO_32 = "660f0116f007 0f20c0 0c01 0f22c0 66ea000010000800"
# mov ax, 10h; mov ds, ax; mov ss, ax; mov eax, 20h; mov cr4, eax; mov eax, 10000h; mov cr3, eax
TO_64 = "66b81000 8ed8 8ed0 b820000000 0f22e0 b800000100 0f22d8"
# mov ecx, EFER; rdmsr; or eax, 100h; wrmsr; mov eax, cr0; or eax, 80000000h; mov cr0, eax; jmp 18h:100100h
TO_64 += "b9800000c0 0f32 0d00010000 0f30 0f20c0 0d00000080 0f22c0 ea000110001800"


TO_COMPATIBLE = "bc00700000 6a08 6820011000 48cb"  # mov esp, 7000h; push 8; push 100120h; retfq


def bench(code: str = "f4") -> Bench:
    """An engine in 64-bit mode behind the HLT of ``code``, which ran at 100100h; the first 2 MiB are mapped."""
    made = Bench("every")
    engine = made.engine
    engine.write(GDT, DESCRIPTORS)
    engine.write(0x7F0, struct.pack("<HI", len(DESCRIPTORS) - 1, GDT))
    engine.write(0x10000, struct.pack("<Q", 0x11003))
    engine.write(0x11000, struct.pack("<Q", 0x12003))
    engine.write(0x12000, struct.pack("<QQ", 0x83, 0x200083))
    engine.write(0x2000, bytes.fromhex(TO_32))
    engine.write(0x100000, bytes.fromhex(TO_64))
    engine.write(0x100100, bytes.fromhex(code))
    engine.set("cs", 0)
    engine.set("eip", 0x2000)
    assert engine.run() == STOP_NONE
    return made


def gate(offset: int, kind: int = 0xE, selector: int = CODE64, *, present: bool = True, ist: int = 0) -> bytes:
    """An entry of a 64-bit IDT (SDM vol. 3, figure 6-8)."""
    low = offset & 0xFFFF | selector << 16 | ist << 32 | (0x80 * present | kind) << 40 | (offset >> 16 & 0xFFFF) << 48
    return struct.pack("<QQ", low, offset >> 32)


def prepare(made: Bench, gates: dict[int, bytes], limit: int = 16 * 256 - 1) -> None:
    for vector, data in gates.items():
        made.engine.write(IDT + 16 * vector, data)
    made.engine.uc.reg_write(x86.UC_X86_REG_IDTR, (0, IDT, limit, 0))


def test_a_register_has_64_bits_in_long_mode():
    made = bench("48b88877665544332211 49bf0100000000000080 f4")  # mov rax, 1122334455667788h; mov r15, ...; hlt
    engine = made.engine
    assert (engine.long, engine.segment("cs").bits) == (True, 64)
    assert (engine.get("rax"), engine.get("r15")) == (0x1122334455667788, 0x8000000000000001)
    assert engine.ip == engine.linear_ip() == 0x100115


def test_and_back_to_real_mode():
    """Through a 32-bit segment in compatibility mode, paging off, LME off, a 16-bit segment, PE off."""
    made = bench()
    engine = made.engine
    engine.write(0x100120, bytes.fromhex("0f20c0 25ffffff7f 0f22c0 b9800000c0 0f32 25fffeffff 0f30 ea000400002000"))
    engine.write(0x400, bytes.fromhex("0f20c0 24fe 0f22c0 ea0d040000 8cc8 8ed8 bb3412 f4"))
    engine.write(0x100100, bytes.fromhex(TO_COMPATIBLE))
    engine.flush_code()
    engine.set("rip", 0x100100)
    assert engine.run() == STOP_NONE
    assert (engine.long, engine.protected) == (False, False)
    assert (engine.get("ebx") & 0xFFFF, engine.get("cs"), engine.ip) == (0x1234, 0, 0x415)


def test_an_interrupt_aligns_the_stack_and_pushes_five_words():
    made = bench("bc08700000 f4")
    engine = made.engine
    prepare(made, {0x40: gate(HANDLER)})
    engine.set("eflags", 0x202)
    before = engine.ip
    assert deliver(engine, Event(0x40, external=True))
    assert (engine.ip, engine.get("rsp")) == (HANDLER, 0x7000 - 40)
    frame = struct.unpack("<5Q", engine.read(0x7000 - 40, 40))
    assert frame == (before, CODE64, 0x202, 0x7008, 0x10)
    assert not engine.get("eflags") & 0x200


def test_an_error_code_is_the_sixth_word_and_iretq_goes_back():
    made = bench("bc08700000 f4 bb01000000 f4")
    engine = made.engine
    prepare(made, {13: gate(HANDLER, 0xF)})
    engine.write(HANDLER, bytes.fromhex("59 48cf"))  # pop rcx; iretq
    engine.set("eflags", 0x202)
    assert deliver(engine, Event(13, 0x1238))
    assert engine.get("eflags") & 0x200, "a trap gate leaves IF"
    assert engine.run() == STOP_NONE
    assert (engine.get("rcx"), engine.get("rbx"), engine.get("rsp")) == (0x1238, 1, 0x7008)


def test_the_tss_has_the_stack_of_a_gate_that_names_one():
    made = bench("bc08700000 f4")
    engine = made.engine
    engine.write(0x6000 + 0x24 + 8, struct.pack("<Q", 0x4008))
    engine.uc.reg_write(x86.UC_X86_REG_TR, (0x28, 0x6000, 0x67, 0x8B00))
    prepare(made, {0x40: gate(HANDLER, ist=2)})
    assert deliver(engine, Event(0x40, external=True))
    assert engine.get("rsp") == 0x4000 - 40


@pytest.mark.parametrize(
    ("entry", "limit"),
    [(gate(HANDLER, present=False), 0xFFF), (gate(HANDLER, 0x6), 0xFFF), (gate(HANDLER, selector=CODE32), 0xFFF),
     (gate(HANDLER), 16 * 0x40)],
    ids=["not present", "a 16-bit gate", "32-bit code", "past the limit"],
)  # fmt: skip
def test_no_usable_gate_is_a_triple_fault(entry, limit):
    made = bench("bc08700000 f4")
    prepare(made, {0x40: entry}, limit)
    assert not deliver(made.engine, Event(0x40, external=True))


def test_a_handler_of_another_code_segment_is_entered_with_its_descriptor():
    """From compatibility mode: a 32-bit code segment is interrupted, the handler runs with 64 bits."""
    made = bench()
    engine = made.engine
    engine.write(0x100100, bytes.fromhex(TO_COMPATIBLE))
    engine.write(0x100120, bytes.fromhex("f4"))
    engine.set("rip", 0x100100)
    engine.flush_code()
    assert engine.run() == STOP_NONE
    assert engine.segment("cs").bits == 32
    prepare(made, {0x40: gate(HANDLER)})
    engine.write(HANDLER, bytes.fromhex("49bf0100000000000080 f4"))
    assert deliver(engine, Event(0x40, external=True))
    assert engine.segment("cs").bits == 64
    assert engine.run() == STOP_NONE
    assert engine.get("r15") == 0x8000000000000001


# --- RDMSR -----------------------------------------------------------------------------------------------------------
READ = "66b91b000000 0f32"  # mov ecx, 1Bh; rdmsr


@pytest.mark.parametrize("code", [f"eb00 {READ} f4", f"eb00 {READ} eb00 {READ} 66b991000000 0f32 {READ} f4"])
def test_an_msr_reads_as_it_is_told_wherever_it_is_read(code):
    made = Bench("every")
    engine = made.engine
    msrs = Msrs(engine, {0x1B: 0x12_FEE00900})
    engine._trap = lambda kind, a, b, c: msrs.found(a, b, c) if kind == TRAP_RDMSR else 0
    engine.write(0x1000, bytes.fromhex(code))
    for _ in range(2):
        for name in ("rax", "rdx"):
            engine.set(name, (1 << 64) - 1)
        engine.set("cs", 0)
        engine.set("eip", 0x1000)
        assert engine.run() == STOP_NONE
        assert (engine.get("rax"), engine.get("rdx")) == (0xFEE00900, 0x12)


def test_other_code_where_one_was_is_left_alone():
    made = Bench("every")
    engine = made.engine
    msrs = Msrs(engine, {0x1B: 5})
    engine._trap = lambda kind, a, b, c: msrs.found(a, b, c) if kind == TRAP_RDMSR else 0
    for code, wanted in ((f"eb00 {READ} f4", 5), ("eb00 66b91b000000 9090 66b807000000 f4", 7)):
        engine.write(0x1000, bytes.fromhex(code))
        engine.flush_code()
        engine.set("cs", 0)
        engine.set("eip", 0x1000)
        assert engine.run() == STOP_NONE
        assert engine.get("rax") == wanted


# --- REP STOSB -------------------------------------------------------------------------------------------------------
FILLS = "bf00002000 b9{count} b05a f3aa f4"  # mov edi, 200000h; mov ecx, ...; mov al, 5Ah; rep stosb; hlt


def filled(count: int, end: int, before: str = "") -> Bench:
    made = bench()
    engine = made.engine
    fills = Fills(engine, end)
    engine._trap = lambda kind, a, b, c: fills.found(a, b, c) if kind == TRAP_FILL else 0
    engine.write(0x100200, bytes.fromhex(before + FILLS.format(count=count.to_bytes(4, "little").hex())))
    engine.set("rip", 0x100200)
    engine.root[R_CODE] = 0
    assert engine.run() == STOP_NONE
    return made


@pytest.mark.parametrize("count", [1, 63, 64, 65, 0x12345])
def test_memory_is_filled_and_the_registers_say_so(count):
    engine = filled(count, 4 * MIB).engine
    assert engine.read(0x200000, count + 1) == b"\x5a" * count + b"\0"
    assert (engine.get("rdi"), engine.get("rcx")) == (0x200000 + count, 0)


def test_it_takes_no_round_a_byte():
    """Two bytes of code a round are counted: a whole fill counts as a few."""
    assert int(filled(0x12345, 4 * MIB).root[R_CODE]) < 0x100


@pytest.mark.parametrize(
    ("end", "before"), [(0x200000 + 0x12344, ""), (4 * MIB, "fd")], ids=["past the end of RAM", "backwards"]
)
def test_what_is_not_plain_is_left_to_the_engine(end, before):
    made = filled(0x12345, end, before)
    engine = made.engine
    assert int(made.root[R_CODE]) > 2 * 0x12000
    first = 0x200000 - (0x12344 if before else 0)
    assert engine.read(first, 0x12345) == b"\x5a" * 0x12345
