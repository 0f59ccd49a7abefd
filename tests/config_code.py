"""Code that reads and writes configuration registers, by CF8 and CFC or by a memory window, and what it recorded."""

from flat import le


def cf8_read(bdf: int, offset: int, width: int) -> str:
    port = (0xCFC + (offset & 3)).to_bytes(2, "little").hex()
    into = {1: "ec", 2: "ed", 4: "66ed"}[width]
    return f"66b8{le(1 << 31 | bdf << 8 | offset & 0xFC)} baf80c 66ef ba{port} {into}"


def cf8_write(bdf: int, offset: int, width: int, value: int) -> str:
    port = (0xCFC + (offset & 3)).to_bytes(2, "little").hex()
    out = {1: "ee", 2: "ef", 4: "66ef"}[width]
    return f"66b8{le(1 << 31 | bdf << 8 | offset & 0xFC)} baf80c 66ef 66b8{le(value)} ba{port} {out}"


def window_read(address: int, width: int) -> str:
    return f"66be{le(address)}" + {1: "678a06", 2: "678b06", 4: "67668b06"}[width]


def window_write(address: int, width: int, value: int) -> str:
    return f"66be{le(address)} 66b8{le(value)}" + {1: "678806", 2: "678906", 4: "67668906"}[width]


def configured(made) -> list[tuple[int, ...]]:
    """Op, width, address, value, aux, flags of each configuration access of the ROM."""
    rows = made.events()
    rows = rows[(rows["space"] == 2) & (rows["actor"] == 0)]
    return [tuple(int(row[name]) for name in ("op", "width", "address", "value", "aux", "flags")) for row in rows]
