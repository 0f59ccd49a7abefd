"""The operands of one instruction say, as plain values, what it reads and writes."""

from msgspec import Struct

from fwsim.disasm.engine import engine_for


class MemoryOperand(Struct, frozen=True):
    """A memory operand of the instruction at ``address``: what it does there, and how the address is made.

    ``segment`` "" is the usual one; ``size`` and ``width`` (of the address) in bytes. RIP is folded into ``offset``.
    """

    address: int
    size: int
    reads: bool
    writes: bool
    segment: str
    base: str
    index: str
    scale: int
    offset: int
    width: int


def memory_operands(code: bytes, address: int, bits: int = 16) -> list[MemoryOperand]:
    """The memory operands of straight-line ``code`` at ``address``, in order; what is no instruction ends the list."""
    import capstone

    found = []
    for instruction in engine_for(bits).disasm(code, address):
        for operand in instruction.operands:
            if operand.type != capstone.x86.X86_OP_MEM or instruction.mnemonic in ("lea", "nop"):
                continue
            memory = operand.mem
            segment, base, index = (
                instruction.reg_name(number) or "" for number in (memory.segment, memory.base, memory.index)
            )
            offset = memory.disp
            if base in ("rip", "eip"):
                base, offset = "", offset + instruction.address + instruction.size
            reads, writes = (bool(operand.access & kind) for kind in (capstone.CS_AC_READ, capstone.CS_AC_WRITE))
            place = (segment, base, index, memory.scale, offset, instruction.addr_size)
            found.append(MemoryOperand(instruction.address, operand.size, reads, writes, *place))
    return found


class Operand(Struct, frozen=True):
    """An explicit operand. ``kind`` is reg, imm or mem.

    A memory operand's address: ``segment`` ("" the usual one), ``registers`` base and index ("" none), ``scale``,
    ``value`` the displacement, ``width`` of it in bytes.
    """

    kind: str
    size: int
    name: str = ""
    value: int = 0
    registers: tuple[str, ...] = ()
    segment: str = ""
    scale: int = 1
    width: int = 2
    reads: bool = True


class Decoded(Struct, frozen=True):
    """One instruction: ``writes`` are all registers it writes; the immediate is ``imm_size`` bytes at
    ``imm_offset``.
    """

    name: str
    size: int
    operands: tuple[Operand, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    imm_offset: int
    imm_size: int
    relative: bool
    """Whether the immediate is a branch's target."""


def decode(code: bytes, address: int, bits: int = 16) -> Decoded | None:
    """The instruction that ``code`` begins with; None where it is none."""
    import capstone
    from capstone import x86

    found = next(engine_for(bits).disasm(code, address, 1), None)
    if found is None:
        return None
    kinds = {x86.X86_OP_REG: "reg", x86.X86_OP_IMM: "imm", x86.X86_OP_MEM: "mem"}
    operands = []
    for each in found.operands:
        kind = kinds.get(each.type, "")
        name = found.reg_name(each.reg) if kind == "reg" else ""
        if kind != "mem":
            operands.append(Operand(kind, each.size, name or "", each.imm if kind == "imm" else 0))
            continue
        memory = each.mem
        segment, base, index = (found.reg_name(part) or "" for part in (memory.segment, memory.base, memory.index))
        operands.append(
            Operand(
                "mem", each.size, "", memory.disp, (base, index), segment, memory.scale, found.addr_size,
                bool(each.access & capstone.CS_AC_READ) or found.mnemonic != "mov",
            )
        )  # fmt: skip
    reads, writes = found.regs_access()
    return Decoded(
        found.mnemonic, found.size, tuple(operands), tuple(map(found.reg_name, reads)),
        tuple(map(found.reg_name, writes)), found.imm_offset, found.imm_size,
        capstone.CS_GRP_BRANCH_RELATIVE in list(found.groups),
    )  # fmt: skip
