"""A reader of flattened device trees, by the Devicetree specification 0.4, chapter 5; it knows nothing of a writer."""

import struct

BEGIN, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


def read(blob):
    """{path: {property: bytes}} of a blob, nodes and properties in their order."""
    magic, total, at, strings, reserved, version, compatible = struct.unpack_from(">7I", blob)
    assert magic == 0xD00DFEED
    assert total <= len(blob)
    assert (version, compatible) == (17, 16)
    assert at % 4 == 0
    assert reserved % 8 == 0
    nodes, path = {}, []
    while True:
        (token,) = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN:
            end = blob.index(b"\0", at)
            path.append(blob[at:end].decode())
            at = end + 4 & ~3
            assert "/".join(path) not in nodes
            nodes["/".join(path) or "/"] = {}
        elif token == PROP:
            length, name = struct.unpack_from(">2I", blob, at)
            text = blob[strings + name : blob.index(b"\0", strings + name)].decode()
            nodes["/".join(path) or "/"][text] = blob[at + 8 : at + 8 + length]
            at += 8 + (length + 3 & ~3)
        elif token == END_NODE:
            path.pop()
        elif token == END:
            assert not path
            return nodes
        else:
            assert token == NOP


def cells(value):
    """A property as 32-bit cells."""
    return list(struct.unpack(f">{len(value) // 4}I", value))


def strings(value):
    """A property as its strings."""
    return value.rstrip(b"\0").decode().split("\0")


def ranges(value):
    """A PCI node's ``ranges`` below a parent with two address cells: (phys.hi, PCI address, CPU address, bytes)."""
    found = cells(value)
    assert len(found) % 7 == 0
    rows = [found[at : at + 7] for at in range(0, len(found), 7)]
    return [(row[0], row[1] << 32 | row[2], row[3] << 32 | row[4], row[5] << 32 | row[6]) for row in rows]
