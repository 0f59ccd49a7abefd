"""AArch64 code is read by Capstone: an instruction's text, and the registers that it touches."""

from functools import cache
from typing import Any


@cache
def _engine() -> Any:
    import capstone

    engine = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    engine.detail = True
    return engine


def text_a64(code: bytes, address: int) -> str:
    """The instruction that ``code`` begins with, in words; "" where it is none."""
    found = next(_engine().disasm(code[:4], address, 1), None)
    return f"{found.mnemonic} {found.op_str}".rstrip() if found is not None else ""


def registers_of(word: int, address: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the registers that an instruction may read, and writes; none where it is no instruction.

    Every register that it names counts as read: Capstone 5.0.7 leaves out BIC's second source, and what INS keeps.
    """
    import capstone

    found = next(_engine().disasm(word.to_bytes(4, "little"), address, 1), None)
    if found is None:
        return (), ()
    reads, writes = found.regs_access()
    named = [each.reg for each in found.operands if each.type == capstone.arm64.ARM64_OP_REG]
    return tuple(map(found.reg_name, (*reads, *named))), tuple(map(found.reg_name, writes))
