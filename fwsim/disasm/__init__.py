"""This room reads code: listings, and what single instructions read and write. It alone imports Capstone."""

from fwsim.disasm.a64 import A64, SP, ZERO, decode_a64
from fwsim.disasm.arm import text_a64
from fwsim.disasm.listing import Access, Instruction, Listing, disassemble, instruction_at, pci_name, port_name
from fwsim.disasm.operands import Decoded, MemoryOperand, Operand, decode, memory_operands

__all__ = [
    "A64", "SP", "ZERO", "Access", "Decoded", "Instruction", "Listing", "MemoryOperand", "Operand", "decode",
    "decode_a64", "disassemble", "instruction_at", "memory_operands", "pci_name", "port_name", "text_a64",
]  # fmt: skip
