"""What the engine relies on of Unicorn: a new release must not change it silently. One behaviour a function."""

import ctypes

import numpy as np
import pytest
import unicorn
from unicorn import x86_const as x86
from unicorn.unicorn_py3.unicorn import uclib

CODE = 0x1000
NEVER = (1 << 64) - 1


def register(uc, name: str) -> int:
    return uc.reg_read(getattr(x86, f"UC_X86_REG_{name.upper()}"))


def real(code: str, size: int = 0x100000):
    """An engine in real mode (UC_MODE_32, PE clear) with ``code`` at 0000:1000."""
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
    uc.mem_map(0, size)
    uc.reg_write(x86.UC_X86_REG_CR0, 0x60000010)
    for name in ("CS", "DS", "ES", "FS", "GS", "SS"):
        uc.reg_write(getattr(x86, f"UC_X86_REG_{name}"), 0)
    uc.reg_write(x86.UC_X86_REG_ESP, 0x8000)
    uc.mem_write(CODE, bytes.fromhex(code))
    return uc


def run(uc, begin: int = CODE) -> None:
    uc.emu_start(begin, NEVER)


# --- where an access comes from --------------------------------------------------------------------------------------
PORTS = {
    "in al, imm8": ("90 e410 f4", [0x1001]),
    "in ax, imm8": ("90 e510 f4", [0x1001]),
    "in eax, imm8": ("90 66e510 f4", [0x1001]),
    "in al, dx": ("90 ec f4", [0x1001]),
    "in ax, dx": ("90 ed f4", [0x1001]),
    "in eax, dx": ("90 66ed f4", [0x1001]),
    "prefixes": ("90 2e2667 66ed f4", [0x1001]),
    "insb": ("6c f4", [0x1000]),
    "rep insw": ("b90300 f36d f4", [0x1003] * 3),
    "out imm8, al": ("90 e610 f4", [0x1001]),
    "out imm8, eax": ("90 66e710 f4", [0x1001]),
    "out dx, al": ("90 ee f4", [0x1001]),
    "out dx, eax": ("90 90 66ef f4", [0x1002]),
    "outsb": ("6e f4", [0x1000]),
    "rep outsd": ("b90300 f3666f f4", [0x1003] * 3),
    "two in a block": ("ec 90 ee f4", [0x1000, 0x1002]),
}


@pytest.mark.parametrize(("code", "wanted"), PORTS.values(), ids=PORTS.keys())
def test_port_hooks_have_eip_on_the_instruction_itself(code, wanted):
    uc, seen = real(code), []
    uc.hook_add(
        unicorn.UC_HOOK_INSN, lambda uc, port, size, data: seen.append(register(uc, "eip")) or 0, aux1=x86.UC_X86_INS_IN
    )
    uc.hook_add(
        unicorn.UC_HOOK_INSN,
        lambda uc, port, size, value, data: seen.append(register(uc, "eip")),
        aux1=x86.UC_X86_INS_OUT,
    )
    run(uc)
    assert seen == wanted


def test_a_dword_port_access_is_one_call():
    uc, sizes = real("66ed f4"), []
    uc.hook_add(unicorn.UC_HOOK_INSN, lambda uc, port, size, data: sizes.append(size) or 0, aux1=x86.UC_X86_INS_IN)
    run(uc)
    assert sizes == [4]


@pytest.mark.parametrize(
    ("code", "vector", "eip"), [("90 cd10 f4", 0x10, 0x1003), ("cc f4", 3, 0x1001), ("cd03 f4", 3, 0x1002)]
)
def test_eip_is_behind_an_int(code, vector, eip):
    uc, seen = real(code), []
    uc.hook_add(unicorn.UC_HOOK_INTR, lambda uc, number, data: seen.append((number, register(uc, "eip"))))
    run(uc)
    assert seen == [(vector, eip)]


def test_cs_and_ip_written_in_an_int_hook_are_where_it_goes_on():
    uc = real("cd10 f4")
    uc.mem_write(0x20010, b"\x40\xf4")  # 2000:0010 inc ax; hlt

    def go(uc, number, data):
        uc.reg_write(x86.UC_X86_REG_CS, 0x2000)
        uc.reg_write(x86.UC_X86_REG_EIP, 0x10)

    uc.hook_add(unicorn.UC_HOOK_INTR, go)
    run(uc)
    assert (register(uc, "cs"), register(uc, "eip"), register(uc, "eax")) == (0x2000, 0x12, 1)


def test_emu_stop_in_an_int_hook_stops_behind_the_instruction():
    uc = real("cd10 40 f4")
    uc.hook_add(unicorn.UC_HOOK_INTR, lambda uc, number, data: uc.emu_stop())
    run(uc)
    assert (register(uc, "eip"), register(uc, "eax")) == (0x1002, 0)


def test_a_fault_leaves_eip_on_the_instruction():
    uc, seen = real("90 31c9 f7f1 f4"), []
    uc.hook_add(unicorn.UC_HOOK_INTR, lambda uc, number, data: (seen.append(number), uc.emu_stop()))
    run(uc)
    assert (seen, register(uc, "eip")) == ([0], 0x1003)


def test_the_second_contributory_exception_comes_as_a_double_fault():
    """The engine never forgets the first (env->old_exception): Inner.forget_exception is there for it."""
    uc, seen = real("31c9 f7f1 f7f1 f4"), []

    def skip(uc, number, data):
        seen.append(number)
        uc.reg_write(x86.UC_X86_REG_EIP, register(uc, "eip") + 2)

    uc.hook_add(unicorn.UC_HOOK_INTR, skip)
    run(uc)
    assert seen == [0, 8]


def test_an_undefined_opcode_is_an_error_with_eip_on_it():
    uc = real("90 40 0f0b")
    uc.hook_add(unicorn.UC_HOOK_INTR, lambda uc, number, data: None)
    with pytest.raises(unicorn.UcError) as caught:
        run(uc)
    assert caught.value.errno == unicorn.UC_ERR_INSN_INVALID
    assert (register(uc, "eip"), register(uc, "eax")) == (0x1002, 1)


# --- stopping --------------------------------------------------------------------------------------------------------
def test_emu_stop_in_a_block_hook_stops_before_the_block():
    uc = real("40 eb00 40 f4")
    uc.hook_add(unicorn.UC_HOOK_BLOCK, lambda uc, address, size, data: uc.emu_stop() if address == 0x1003 else None)
    run(uc)
    assert (register(uc, "eip"), register(uc, "eax")) == (0x1003, 1)


def test_a_stop_in_a_port_hook_runs_on_to_the_end_of_the_block():
    uc = real("ee 40 eb00 40 f4")
    uc.hook_add(unicorn.UC_HOOK_INSN, lambda uc, port, size, value, data: uc.emu_stop(), aux1=x86.UC_X86_INS_OUT)
    run(uc)
    assert (register(uc, "eip"), register(uc, "eax")) == (0x1004, 1)


def test_hlt_ends_without_a_reason_behind_itself():
    uc = real("90 f4 40")
    run(uc)
    assert (register(uc, "eip"), register(uc, "eax")) == (0x1002, 0)


def test_a_rep_iteration_is_a_block_of_its_own():
    """The first runs in the block it stands in, the others in one that starts at the REP instruction."""
    uc, seen = real("b90300 f3aa f4"), []
    uc.hook_add(unicorn.UC_HOOK_BLOCK, lambda uc, address, size, data: seen.append(address))
    run(uc)
    assert seen[0] == 0x1000
    assert set(seen[1:-1]) <= {0x1003}
    assert len(seen) >= 3


# --- modes -----------------------------------------------------------------------------------------------------------
def test_a_resume_in_protected_mode():
    """UC_MODE_32 with PE clear: the guest enters protected mode, stops at a HLT above 64 KiB, and is resumed there."""
    uc = real("0f01162010 0f20c0 0c01 0f22c0 66ea000002000800", 0x200000)
    uc.mem_write(0x1020, bytes.fromhex("0f00 30100000"))
    uc.mem_write(0x1030, bytes.fromhex("0000000000000000 ffff0000009acf00"))
    uc.mem_write(0x20000, bytes.fromhex("40 f4 40 f4"))
    run(uc)
    assert register(uc, "eip") == 0x20002
    run(uc, register(uc, "eip"))
    assert (register(uc, "eip"), register(uc, "eax") & 0xFF) == (0x20004, 0x13)


def test_a_code_segment_written_in_protected_mode_is_loaded_from_its_descriptor():
    uc = real("0f01162010 0f20c0 0c01 0f22c0 66ea000002000800", 0x200000)
    uc.mem_write(0x1020, bytes.fromhex("1700 30100000"))
    uc.mem_write(0x1030, bytes.fromhex("0000000000000000 ffff0000009acf00 ffff0030009a0000"))  # 10h: 16 bits at 3000h
    uc.mem_write(0x20000, b"\xf4")
    uc.mem_write(0x3010, bytes.fromhex("b83412 f4"))
    run(uc)
    uc.reg_write(x86.UC_X86_REG_CS, 0x10)
    run(uc, 0x10)
    assert (register(uc, "eip"), register(uc, "ax")) == (0x14, 0x1234)


def test_real_mode_has_no_segment_limits():
    """Unreal mode needs nothing; 67-prefixed addresses reach everything from the start."""
    uc = real("66bb00001000 67668b03 f4", 0x200000)
    uc.mem_write(0x100000, b"\x78\x56\x34\x12")
    run(uc)
    assert register(uc, "eax") == 0x12345678


# --- memory ----------------------------------------------------------------------------------------------------------
def test_self_modifying_code_runs_as_modified():
    uc = real("c606061040 90 90 f4")  # mov byte [1006], 40h: the NOP there becomes INC AX
    run(uc)
    assert register(uc, "eax") == 1


def test_mapped_host_memory_is_seen_at_once_both_ways():
    memory = np.zeros(0x2000, np.uint8)
    uc = real("a00020 a20120 f4", 0x2000)
    uc.mem_map_ptr(0x2000, 0x1000, unicorn.UC_PROT_ALL, ctypes.c_void_p(memory.ctypes.data))
    memory[0] = 0x5A
    run(uc)
    assert memory[1] == 0x5A


def test_a_split_mapping_keeps_its_host_memory():
    memory = np.zeros(0x3000, np.uint8)
    uc = real("c606005011 c606006022 f4", 0x2000)
    uc.mem_map_ptr(0x4000, 0x3000, unicorn.UC_PROT_ALL, ctypes.c_void_p(memory.ctypes.data))
    uc.mem_unmap(0x4000, 0x1000)
    uc.mem_protect(0x6000, 0x1000, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
    uc.hook_add(unicorn.UC_HOOK_MEM_WRITE_PROT, lambda *arguments: True)
    run(uc)
    assert (memory[0x1000], memory[0x2000]) == (0x11, 0)


def test_a_write_to_read_only_memory_is_dropped_when_the_hook_says_so():
    uc, seen = real("c706002011ab 40 f4", 0x4000), []
    uc.mem_protect(0x2000, 0x1000, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)

    def drop(uc, access, address, size, value, data):
        seen.append((address, size, value))
        return True

    uc.hook_add(unicorn.UC_HOOK_MEM_WRITE_PROT, drop)
    run(uc)
    assert seen == [(0x2000, 2, 0xAB11)]
    assert uc.mem_read(0x2000, 2) == b"\0\0"
    assert register(uc, "eax") == 1


def test_device_memory_gets_aligned_pieces_and_cannot_be_executed():
    uc, seen = real("66a1fe5f f4".replace("fe5f", "0260")), []
    uc.mem_unmap(0x6000, 0x1000)
    uc.mmio_map(0x6000, 0x1000, lambda uc, offset, size, data: seen.append((offset, size)) or 0, None, None, None)
    run(uc)
    assert all(offset % size == 0 for offset, size in seen)
    with pytest.raises(unicorn.UcError) as caught:
        run(uc, 0x6000)
    assert caught.value.errno == unicorn.UC_ERR_FETCH_PROT


def test_device_memory_is_unmapped_from_inside_its_own_callback():
    uc = real("a00060 a00060 f4")
    uc.mem_unmap(0x6000, 0x1000)

    def move(uc, offset, size, data):
        uc.mem_unmap(0x6000, 0x1000)
        uc.mem_map(0x6000, 0x1000)
        return 0x77

    uc.mmio_map(0x6000, 0x1000, move, None, None, None)
    run(uc)
    assert register(uc, "al") == 0


def test_registers_are_current_in_a_device_callback_though_eip_is_not():
    uc, seen = real("bb3412 43 a00060 43 f4"), []
    uc.mem_unmap(0x6000, 0x1000)
    uc.mmio_map(0x6000, 0x1000, lambda uc, offset, size, data: seen.append(register(uc, "bx")) or 0, None, None, None)
    run(uc)
    assert seen == [0x1235]


# --- what the Python binding does not have ---------------------------------------------------------------------------
def test_the_rdtsc_hook_of_the_c_interface():
    uc = real("0f31 f4")
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    def answer(engine, data):
        uc.reg_write(x86.UC_X86_REG_EAX, 0x11223344)
        uc.reg_write(x86.UC_X86_REG_EDX, 0x55)
        return 1

    callback, handle = kind(answer), ctypes.c_size_t()
    status = uclib.uc_hook_add(
        ctypes.c_void_p(uc._uch.value), ctypes.byref(handle), ctypes.c_int(unicorn.UC_HOOK_INSN),
        ctypes.cast(callback, ctypes.c_void_p), None, ctypes.c_uint64(1), ctypes.c_uint64(0),
        ctypes.c_int(x86.UC_X86_INS_RDTSC),
    )  # fmt: skip
    assert status == unicorn.UC_ERR_OK
    run(uc)
    assert (register(uc, "eax"), register(uc, "edx")) == (0x11223344, 0x55)
