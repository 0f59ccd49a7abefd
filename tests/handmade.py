"""Option ROMs put together byte by byte: a header, a PCIR, and the code a test wants run at POST."""

import struct


def rom(code: bytes, *, vendor: int = 0x8086, device: int = 0x0126, blocks: int = 4) -> bytes:
    """A code type 0 image whose entry (offset 3) jumps to ``code`` at 100h; its bytes sum to 0."""
    image = bytearray(512 * blocks)
    image[0:3] = bytes((0x55, 0xAA, blocks))
    image[3:6] = b"\xe9\xfa\x00"  # jmp 100h
    image[0x18:0x1A] = b"\x40\x00"
    image[0x40:0x58] = pcir(vendor, device, blocks)
    image[0x100 : 0x100 + len(code)] = code
    image[6] = -sum(image) & 0xFF
    return bytes(image)


def pcir(vendor: int, device: int, blocks: int, *, last: bool = True) -> bytes:
    """A PCI data structure of revision 0 (PCI Firmware 3.0, 5.1.2), 18h bytes, class VGA controller."""
    head = struct.pack("<4sHHHHB", b"PCIR", vendor, device, 0, 0x18, 0)
    return head + b"\x00\x00\x03" + struct.pack("<HHBBH", blocks, 1, 0, 0x80 if last else 0, 0)


RETURN = b"\xcb"
