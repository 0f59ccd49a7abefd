"""Small programs that reach all of memory: flat segments in unreal mode, or 32-bit protected mode."""

GDT = {0x600: bytes.fromhex("0000000000000000 ffff0000009acf00 ffff00000092cf00")}


def le(value: int) -> str:
    return value.to_bytes(4, "little").hex()


def unreal(code: str) -> bytes:
    """Load DS and ES with flat segments in protected mode, go back, and run ``code`` (16 bits) at C000:0130."""
    start = "fa 2e0f01162001 0f20c0 0c01 0f22c0 bb1000 8edb 8ec3 24fe 0f22c0 eb13"
    head = bytes.fromhex(start).ljust(0x20, b"\x90") + bytes.fromhex("1700 00060000")
    return head.ljust(0x30, b"\x90") + bytes.fromhex(code)


def protected(code: str) -> bytes:
    """Go to 32-bit protected mode with flat data segments and run ``code`` at linear C0140h."""
    start = "fa 2e0f01163001 0f20c0 0c01 0f22c0 66ea23010c000800"
    head = bytes.fromhex(start).ljust(0x23, b"\x90") + bytes.fromhex("66b81000 8ed8 8ec0 eb13")
    head = head.ljust(0x30, b"\x90") + bytes.fromhex("1700 00060000")
    return head.ljust(0x40, b"\x90") + bytes.fromhex(code)
