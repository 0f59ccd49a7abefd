"""The address of the instruction behind each memory-mapped register access is its own, however the access is made."""

import pytest
from flat import GDT, le, protected, unreal

BAR0, GTT, APERTURE = 0xFE400000, 0x200000, 0xE0000000
SCRATCH, PAIR = 0x60008, 0x60000
IN_GTT = 1 << 31


def test_mov_and_add_in_unreal_mode(rig):
    made = rig(
        unreal(
            f"66be{le(BAR0 + SCRATCH)}"  # 130 mov esi
            "67668b06"  # 136 mov eax, [esi]
            "66b878563412"  # 13a mov eax, 12345678
            "67668906"  # 140 mov [esi], eax
            "6766830604"  # 144 add dword [esi], 4
            "678a4601"  # 149 mov al, [esi+1]
            "67c7460210ab"  # 14d mov word [esi+2], ab10
            "67668b06"  # 153 mov eax, [esi]
            "cb"
        ),
        memory=GDT,
    )
    assert made.post().reason == "completed"
    rows = made.registers()
    assert [(ip, op) for ip, op, _, _ in rows] == [
        (0x136, "r"), (0x140, "w"), (0x144, "r"), (0x144, "w"), (0x149, "r"), (0x14D, "w"), (0x153, "r"),
    ]  # fmt: skip
    assert {address for _, _, address, _ in rows} == {SCRATCH}
    assert rows[1][3] == 0x12345678
    assert rows[3][3] == 0x1234567C
    assert rows[5][3] == 0xAB10567C
    assert rows[6][3] == 0xAB10567C
    assert made.machine.engine.get("eax") == 0xAB10567C


def test_rep_movs_both_ways_and_qwords(rig):
    made = rig(
        unreal(
            f"66be{le(BAR0 + PAIR)} 66bf{le(0x2000)} 66b903000000"  # 130 esi, edi, ecx = 3
            "67f366a5"  # 142 rep movsd: registers to RAM
            f"66be{le(0x3000)} 66bf{le(BAR0 + GTT + 16)} 66b902000000"  # 146
            "67f366a5"  # 158 rep movsd: RAM to the GTT
            f"66be{le(BAR0 + PAIR)} 66bf{le(BAR0 + GTT + 64)}"  # 15c
            "670f6f06"  # 168 movq mm0, [esi]
            "670f7f07"  # 16c movq [edi], mm0
            "67668b06"  # 170 mov eax, [esi]
            "cb"
        ),
        memory={**GDT, 0x3000: bytes.fromhex("0110f07c 0120f07c")},
    )
    assert made.post().reason == "completed"
    places = [(ip, op, address) for ip, op, address, _ in made.registers()]
    assert places == [
        (0x142, "r", PAIR), (0x142, "r", PAIR + 4), (0x142, "r", PAIR + 8),
        (0x158, "w", IN_GTT | 16), (0x158, "w", IN_GTT | 20),
        (0x168, "r", PAIR), (0x168, "r", PAIR + 4),
        (0x16C, "w", IN_GTT | 64), (0x16C, "w", IN_GTT | 68),
        (0x170, "r", PAIR),
    ]  # fmt: skip
    assert made.machine.igd.gtt[4:6].tolist() == [0x7CF01001, 0x7CF02001]


@pytest.mark.parametrize("code", ["6789", "6766a3"], ids=["", "moffs"])
def test_two_stores_of_one_block_that_change_places(rig, code):
    """mov [edi], eax; mov [ebx], eax; xchg: once the first reaches the register, once the second."""
    first, second = (BAR0 + PAIR, 0x4000) if code == "6789" else (0x4000, BAR0 + PAIR)
    made = rig(
        unreal(
            f"66bf{le(first)} 66bb{le(second)} b90600"  # 130
            "67668907"  # 13f mov [edi], eax
            "67668903"  # 143 mov [ebx], eax
            "6687fb"  # 147 xchg edi, ebx
            "e2f3"  # 14a loop 13f
            "cb"
        ),
        memory=GDT,
    )
    assert made.post().reason == "completed"
    wanted = [0x13F, 0x143] if code == "6789" else [0x143, 0x13F]
    assert [ip for ip, _, _, _ in made.registers()] == wanted * 3


def test_the_same_register_twice_in_one_block(rig):
    """Two stores to one address in one block are told apart by their order."""
    made = rig(unreal(f"66bf{le(BAR0 + PAIR)} b90300 67668907 67668907 e2f6 cb"), memory=GDT)
    assert made.post().reason == "completed"
    assert [ip for ip, _, _, _ in made.registers()] == [0x139, 0x13D] * 3


def test_protected_mode_has_32_bit_addresses(rig):
    made = rig(
        protected(
            f"be{le(BAR0 + PAIR)} ba02000000"  # 140 esi, edx
            "8b4496f8"  # 14a mov eax, [esi+edx*4-8]
            "01449600"  # 14e add [esi+edx*4+0], eax
            "f4"
        ),
        memory=GDT,
    )
    ending = made.post()
    assert ending.reason == "hung"
    assert ending.ip == 0xC0152
    assert [(ip, op, at) for ip, op, at, _ in made.registers()] == [
        (0xC014A, "r", PAIR), (0xC014E, "r", PAIR + 8), (0xC014E, "w", PAIR + 8),
    ]  # fmt: skip


def test_aperture_writes_reach_stolen_memory(rig):
    """GTT entry 0 points at the page behind the start of the guest's stolen memory; a store through the aperture."""
    made = rig(
        unreal(f"66bf{le(BAR0 + GTT)} 6766c7070110f07c 66bf{le(APERTURE + 0x10)} 6766c707efbeadde 67668b07 cb"),
        memory=GDT,
    )
    assert made.post().reason == "completed"
    assert made.built.placed.bdsm == 0x7CF00000
    assert made.machine.ram.word(0x7CF01010, 4) == 0xDEADBEEF
    assert made.machine.engine.get("eax") == 0xDEADBEEF
