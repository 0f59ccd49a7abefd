"""The engine: modes, its own view of segments and tables, and 64-bit code with native port hooks."""

import pytest
from engine_bench import Bench

from fwsim.cpu.core import ALL, READ_ONLY, CpuFaultError
from fwsim.machine import callbacks as hot
from fwsim.memory.ram import Ram
from fwsim.native import (
    PORT_TRAP,
    R_CODE,
    R_CODE_LIMIT,
    R_CODE_NEXT,
    R_STOP_A,
    STOP_CODE,
    STOP_FAULT,
    STOP_NONE,
)

MIB = 1 << 20
READ_WRITE = 3


@pytest.fixture
def bench(request):
    made = []

    def make(mode: str = "real") -> Bench:
        made.append(Bench(mode))
        return made[-1]

    yield make
    for one in made:
        one.recorder.close()


def test_long_mode_records_64_bit_addresses(bench):
    """mov dx, 80h; mov eax, 12345678h; out dx, eax; in eax, dx; hlt, at 200000h."""
    b = bench("long")
    b.engine.set("rsp", 0x8000)
    assert b.start("66ba8000 b878563412 ef ed f4", 0x200000) == STOP_NONE
    rows = b.events()
    assert rows["ip"].tolist() == [0x200009, 0x20000A]
    assert rows["value"].tolist() == [0x12345678] * 2
    assert b.engine.get("rip") == 0x20000C


def test_long_mode_above_4_gib(bench):
    b = bench("long")
    high = Ram(0x10000)
    b.engine.map_ram(5 << 32, high, 0, high.size)
    high.write(0x100, bytes.fromhex("e780 f4"))
    b.engine.set("rip", (5 << 32) + 0x100)
    assert b.engine.run() == STOP_NONE
    assert b.events()["ip"].tolist() == [(5 << 32) + 0x100]
    assert b.engine.linear_ip() == (5 << 32) + 0x103


def test_a_hlt_page_is_a_trap_that_is_answered_and_left(bench):
    """Code calls a service in a page of HLTs; the caller's return address is popped, RAX set, and it goes on."""
    b = bench("long")
    b.ram.write(0x3000, b"\xf4" * 0x1000)
    b.engine.set("rsp", 0x8000)
    assert b.start("48c7c140000000 48c7c018300000 ffd0 4801c8 f4") == STOP_NONE
    engine = b.engine
    assert engine.get("rip") == 0x3019
    stack = engine.get("rsp")
    engine.set("rip", b.ram.word(stack, 8))
    engine.set("rsp", stack + 8)
    engine.set("rax", 2)
    assert engine.run() == STOP_NONE
    assert engine.get("rax") == 0x42
    assert engine.get("rsp") == 0x8000


def test_a_fault_in_long_mode_is_a_stop_with_its_vector(bench):
    b = bench("long")
    assert b.start("31c9 f7f1") == STOP_FAULT
    assert b.engine.get("rip") == 0x1002
    assert b.engine.inner.exception() == (False, 0)


def test_an_undefined_opcode_is_an_error(bench):
    b = bench()
    with pytest.raises(CpuFaultError, match="invalid instruction") as caught:
        b.start("0f0b")
    assert caught.value.invalid_opcode


def test_a_segment_keeps_its_cached_base_in_unreal_mode(bench):
    """DS = 10h with base 0 and 4 GiB loaded in protected mode, and PE cleared again: base 0, not 100h."""
    b = bench()
    b.ram.write(0x600, bytes.fromhex("0000000000000000 ffff0000009acf00 ffff00000092cf00"))
    b.ram.write(0x1100, bytes.fromhex("1700 00060000"))
    b.start("0f01160011 0f20c0 0c01 0f22c0 bb1000 8edb 24fe 0f22c0 f4")
    segment = b.engine.segment("ds")
    assert (segment.selector, segment.base, segment.limit) == (0x10, 0, 0xFFFFFFFF)
    assert b.engine.table("gdtr") == (0x600, 0x17)
    assert not b.engine.protected


def test_real_mode_segments_and_tables(bench):
    b = bench()
    b.engine.set("cs", 0x1234)
    b.engine.set("eip", 0x10)
    assert b.engine.segment("cs").base == 0x12340
    assert b.engine.segment("cs").bits == 16
    assert b.engine.linear_ip() == 0x12350
    assert b.engine.table("idtr") == (0, 0x3FF)


def test_a_handled_exception_is_forgotten(bench):
    """Without it the second #DE of a run would come as vector 8."""
    b = bench()
    for _ in range(3):
        assert b.start("31c9 f7f1") == STOP_FAULT
        assert int(b.root[R_STOP_A]) == 0
        b.engine.inner.forget_exception()


def test_reads_and_writes_reach_memory_and_protection_drops(bench):
    b = bench()
    b.engine.write(0x2000, b"\x11\x22")
    assert b.ram.read(0x2000, 2) == b"\x11\x22"
    assert b.engine.number(0x2000, 2) == 0x2211
    b.engine.protect(0x2000, 0x1000, READ_ONLY)
    b.start("c606002077 f4")
    assert b.ram.read(0x2000, 1) == b"\x11"
    b.engine.protect(0x2000, 0x1000, ALL)
    b.start("c606002077 f4")
    assert b.ram.read(0x2000, 1) == b"\x77"


def test_the_code_budget_stops_before_the_block(bench):
    """A loop of 2 bytes: 100 bytes are 50 passes at most."""
    b = bench()
    b.root[R_CODE_LIMIT] = b.root[R_CODE_NEXT] = 100
    b.engine.set("ecx", 1000)
    assert b.start("e2fe f4") == STOP_CODE
    assert int(b.root[R_CODE]) == 98
    assert b.engine.get("cx") == 1000 - 49


def test_rdtsc_is_virtual_time_at_2_ghz(bench):
    """Each RDTSC takes a step of 1 us: 2000 counts apart."""
    b = bench()
    b.start("0f31 6689c3 0f31 6629d8 f4")
    assert b.engine.get("eax") == 2000


def test_a_traps_exception_comes_out_of_run(bench):
    b = bench()
    b.ports[0x80] = 3  # PORT_TRAP

    def broken(kind, a, b, c):
        raise ValueError("broken device")

    b.engine._trap = broken
    with pytest.raises(ValueError, match="broken device"):
        b.start("e480 f4")


def test_registers_that_are_set_in_part_are_whole_to_the_code(bench):
    """mov [500h], eax; mov [504h], bx; mov eax, 11223344h; hlt: EAX in parts; all are read anew behind it."""
    b = bench()
    engine = b.engine
    for name, value in (("eax", 0xAABBCCDD), ("al", 0x11), ("ah", 0x122), ("bx", 0x1FFFF), ("ebp", 5)):
        engine.set(name, value)
    assert engine.get("eax") == 0xAABB2211
    assert b.start("66a30005 891e0405 66b844332211 f4") == STOP_NONE
    assert b.ram.word(0x500, 4) == 0xAABB2211
    assert b.ram.word(0x504, 2) == 0xFFFF
    assert [engine.get(name) for name in ("eax", "ax", "ah", "al")] == [0x11223344, 0x3344, 0x33, 0x44]
    assert engine.abcd() == (0x3344, 0xFFFF, 0, 0)


def test_a_trap_sees_the_registers_of_the_code_that_runs(bench, monkeypatch):
    """in al, 60h twice, with another EBX each time: Python, asked by native code, reads what the code has set."""
    b = bench()
    seen = []
    b.ports[0x60] = PORT_TRAP
    monkeypatch.setattr(b.engine, "_trap", lambda kind, a, port, c: seen.append(b.engine.get("ebx")) or 0)
    b.engine.set("ebx", 7)
    assert b.engine.get("ebx") == 7
    assert b.start("66bb01000000 e460 66bb02000000 e460 f4") == STOP_NONE
    assert seen == [1, 2]
    assert b.engine.get("ebx") == 2


# --- memory that holds data until code goes there -------------------------------------------------------------------
def with_data(b: Bench, code: str, data: str = "") -> Ram:
    """``data`` at 0:2000 in memory that no code was run in, ``code`` at 8000:0000, where the CPU is."""
    ram = Ram(MIB)
    ram.write(0x2000, bytes.fromhex(data))
    ram.write(0x80000, bytes.fromhex(code))
    b.engine.unmap(0, b.ram.size)
    b.engine.map_data(ram, 0x80000)
    b.engine.map_ram(0x80000, ram, 0x80000, MIB - 0x80000)
    b.engine.set("cs", 0x8000)
    b.engine.set("eip", 0)
    return ram


def executable(b: Bench) -> list[bool]:
    return [bool(protection & ~READ_WRITE) for first, _, protection in b.engine.uc.mem_regions() if first < 0x80000]


def test_stores_reach_memory_that_holds_data(bench):
    """mov word [2000h], 1234h; mov ax, [2000h]; out 80h, ax; hlt."""
    b = bench()
    with_data(b, "c70600203412 a10020 e780 f4")
    assert b.engine.run() == STOP_NONE
    assert b.events()["value"].tolist() == [0x1234]
    assert executable(b) == [False]


def test_code_goes_where_only_data_was(bench):
    """mov word [2000h], E780h, and HLT behind it; jmp 0:2000h: what was stored there is run."""
    b = bench()
    with_data(b, "c7060020e780 c6060220f4 ea00200000")
    assert b.engine.run() == STOP_NONE
    assert b.events()[["cs", "ip"]].tolist() == [(0, 0x2000)]
    assert executable(b) == [True]


def test_code_changes_itself_where_only_data_was(bench):
    """jmp 0:2000h; there: mov byte [2005h], F4h (HLT), over an OUT: none is made."""
    b = bench()
    with_data(b, "ea00200000", "c6060520f4 e780 f4")
    assert b.engine.run() == STOP_NONE
    assert not len(b.events())
    assert b.engine.get("eip") == 0x2006


def test_code_goes_to_a_part_of_it(bench):
    """Where something else lies in between, the rest of it is run all the same; there no code is."""
    b = bench()
    with_data(b, "ea00200000", "e780 ea00000003")  # out 80h, ax; jmp 300h:0
    b.engine.unmap(0x3000, 0x1000)
    b.engine.map_native(0x3000, 0x1000, hot.open_bus_read.address, hot.open_bus_write.address, 0)
    with pytest.raises(CpuFaultError) as caught:
        b.engine.run()
    assert caught.value.nothing_to_run
    assert len(b.events()) == 1
