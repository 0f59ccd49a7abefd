"""The guest code that is measured consists of real-mode loops, assembled by hand, that end with HLT."""

from typing import Final

DATA: Final = 0x1000
"""Where the loops' loads and stores go."""
GTT_WRITES: Final = 1 << 19
"""Entries of a 2 MiB GTT: the most that ``gtt_writes`` can write in one go."""
HLT, _RETF = b"\xf4", b"\xcb"
_DEC_ECX, _DEC_EDX = b"\x66\x49", b"\x66\x4a"
_LOAD, _STORE = b"\x66\x8b\x07", b"\x66\x89\x07"  # mov eax, [bx]; mov [bx], eax
_NEXT = b"\xeb\x00"  # jmp to the next instruction: ends a block
_POST_CODE = b"\xe6\x80"  # out 80h, al


def _imm32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _mov_ecx(value: int) -> bytes:
    return b"\x66\xb9" + _imm32(value)


def _mov_edx(value: int) -> bytes:
    return b"\x66\xba" + _imm32(value)


def _jnz_back(length: int) -> bytes:
    """JNZ over the ``length`` bytes before it."""
    short = -(length + 2)
    return (
        b"\x75" + bytes([short & 0xFF])
        if short >= -128
        else b"\x0f\x85" + (-(length + 4) & 0xFFFF).to_bytes(2, "little")
    )


def _repeat(body: bytes, dec: bytes) -> bytes:
    body += dec
    return body + _jnz_back(len(body))


def _start() -> bytes:
    return b"\xbb" + DATA.to_bytes(2, "little")  # mov bx, DATA


def load_store(rounds: int, *, short_blocks: bool = False) -> tuple[bytes, int]:
    """A loop with a load and a store, one OUT to port 80h every 500,000 turns; and how many instructions it executes.

    ``short_blocks``: the same with a jump to the next instruction after each: three blocks a turn instead of one.
    """
    turns = 500_000
    body = _STORE + _NEXT + _LOAD + _NEXT if short_blocks else _STORE + _LOAD
    inner = _mov_ecx(turns) + _repeat(body, _DEC_ECX)
    code = _start() + _mov_edx(rounds) + _repeat(inner + _POST_CODE, _DEC_EDX) + HLT
    return code, rounds * turns * (6 if short_blocks else 4)


def gtt_writes(count: int, port: int, base: int) -> bytes:
    """``count`` GTT entries from index 1 on through the index/data pair at ``port``: pages from ``base`` on."""
    body = b"\x66\x89\xf0\x66\xef"  # mov eax, esi; out dx, eax
    body += b"\x83\xc2\x04"  # add dx, 4
    body += b"\x66\x89\xf8\x66\x05" + _imm32(base | 1)  # mov eax, edi; add eax, base | 1
    body += b"\x66\xef\x83\xea\x04"  # out dx, eax; sub dx, 4
    body += b"\x66\x83\xc6\x04"  # add esi, 4
    body += b"\x66\x81\xc7" + _imm32(0x1000) + b"\x66\x81\xe7" + _imm32(0x01FFF000)  # next page, edi within 32 MiB
    start = b"\x66\xbe" + _imm32(1) + b"\x66\x31\xff" + b"\xba" + port.to_bytes(2, "little")  # esi = 1, edi = 0, dx
    return start + _mov_ecx(count) + _repeat(body, _DEC_ECX) + HLT


def clock_reads(count: int, end: bytes = _RETF) -> bytes:
    """``count`` times INT 1Ah AH=00h, ESI counting them, and then ``end``."""
    body = b"\xb4\x00\xcd\x1a\x66\x4e"  # mov ah, 0; int 1Ah; dec esi
    return b"\x66\xbe" + _imm32(count) + body + _jnz_back(len(body)) + end


def replay(accesses: int, code_bytes: int) -> bytes:
    """As many port accesses and about as many bytes of executed code as a run had, evenly spread."""
    turn = _LOAD + _DEC_EDX
    inner_bytes = len(turn) + 2
    outer_bytes = 6 + len(_POST_CODE) + len(_DEC_ECX) + 2
    turns = max(1, round((code_bytes / max(accesses, 1) - outer_bytes) / inner_bytes))
    inner = _mov_edx(turns) + _repeat(_LOAD, _DEC_EDX)
    return _start() + _mov_ecx(max(accesses, 1)) + _repeat(inner + _POST_CODE, _DEC_ECX) + HLT
