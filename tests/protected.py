"""Programs in 32-bit protected mode: their tables in low memory, their code at C0160h of a ROM."""

GDT, IDT, HANDLERS, COUNTER = 0x600, 0x800, 0x5000, 0x7000
CODE32, DATA32, CODE16, LOW16 = 0x08, 0x10, 0x18, 0x20
DESCRIPTORS = bytes.fromhex(
    "0000000000000000 ffff0000009acf00 ffff00000092cf00 ffff00000c9a0000 ffff0000009a0000"
)  # null, 32-bit code and data from 0, 16-bit code from C0000h and from 0


def gate(selector: int, offset: int, kind: int, *, present: bool = True) -> bytes:
    """A gate of the IDT; kind Eh, Fh: 32-bit interrupt, trap; 6, 7: 16-bit (SDM vol. 3, figure 6-2)."""
    low = (offset & 0xFFFF).to_bytes(2, "little") + selector.to_bytes(2, "little")
    return low + bytes((0, (0x80 if present else 0) | kind)) + (offset >> 16).to_bytes(2, "little")


def program(code: str, gates: dict[int, bytes], handler: str, limit: int = 0x7FF) -> tuple[bytes, dict[int, bytes]]:
    """The ROM code that goes to 32-bit protected mode and runs ``code`` at C0160h, and the memory it needs."""
    start = bytes.fromhex("fa 2e0f01165001 2e0f011e5801 0f20c0 0c01 0f22c0 66ea23010c000800")
    body = start.ljust(0x23, b"\x90") + bytes.fromhex("66b81000 8ed8 8ec0 8ed0 bc006f0000 eb2c")
    body = body.ljust(0x50, b"\x90") + bytes.fromhex("2700") + GDT.to_bytes(6, "little")
    body = body.ljust(0x58, b"\x90") + limit.to_bytes(2, "little") + IDT.to_bytes(6, "little")
    memory = {GDT: DESCRIPTORS, HANDLERS: bytes.fromhex(handler)}
    memory |= {IDT + 8 * vector: data for vector, data in gates.items()}
    return body.ljust(0x60, b"\x90") + bytes.fromhex(code), memory
