"""This room reads code: listings, and what single instructions read and write. It alone imports Capstone."""

from fwsim.disasm.listing import Access, Instruction, Listing, disassemble, instruction_at, pci_name, port_name
from fwsim.disasm.operands import Decoded, MemoryOperand, Operand, decode, memory_operands

__all__ = [
    "Access", "Decoded", "Instruction", "Listing", "MemoryOperand", "Operand", "decode", "disassemble",
    "instruction_at", "memory_operands", "pci_name", "port_name",
]  # fmt: skip
