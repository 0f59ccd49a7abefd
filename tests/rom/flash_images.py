"""Flash images put together byte by byte: firmware volumes, CBFS, modules of Phoenix, AMI and Award."""

import lzma
import struct
import uuid

from uefi_firmware import efi_compressor

LZMA = "ee4e5898-3914-4259-9d6e-dc7bd79403cf"
TIANO = "a31280ad-481e-41b6-95e8-127f4c984779"
CRC32 = "fc1bcdb0-7d31-49aa-936a-a4600d9dd083"
FFS2 = "8c8ce578-8a3d-4f1c-9935-896185c32dd3"
GOP = bytes.fromhex("dea94290dc23384a96fb7aded080516a")


def section(kind, body):
    """A section, padded to four bytes."""
    raw = (4 + len(body)).to_bytes(3, "little") + bytes((kind,)) + body
    return raw + b"\0" * (-len(raw) % 4)


def guided(guid, body, attributes=1):
    """A GUID-defined section: data at offset 24."""
    return section(2, uuid.UUID(guid).bytes_le + struct.pack("<HH", 24, attributes) + body)


def compressed(body, kind=1, size=None):
    """A compression section of the body, already packed."""
    return section(1, struct.pack("<IB", len(body) if size is None else size, kind) + body)


def name(text):
    return section(0x15, text.encode("utf-16-le") + b"\0\0")


def file(number, body, kind=7):
    """A file of a volume; its checksums are not looked at."""
    guid = uuid.UUID(int=number).bytes_le
    return guid + b"\0\0" + bytes((kind, 0)) + (0x18 + len(body)).to_bytes(3, "little") + b"\xf8" + body


def volume(*files, length=None, free=64):
    """A firmware volume with files, each aligned to 8, and free space behind them."""
    body = b""
    for each in files:
        body += b"\xff" * (-len(body) % 8) + each
    body += b"\xff" * free
    size = 0x48 + len(body) if length is None else length
    head = bytearray(b"\0" * 16 + uuid.UUID(FFS2).bytes_le)
    head += struct.pack("<Q4sIHHHBB", size, b"_FVH", 0xFEFF, 0x48, 0, 0, 0, 2)
    head += struct.pack("<IIII", 1, size, 0, 0)
    total = sum(struct.unpack("<36H", head)) & 0xFFFF
    head[0x32:0x34] = struct.pack("<H", -total & 0xFFFF)
    return bytes(head) + body


def driver(text="Intel(R) GOP Driver", guid=GOP, size=0x600):
    """An x64 EFI boot service driver with one section that holds the protocol's GUID and a name."""
    raw = bytearray(size)
    raw[:2], raw[0x3C:0x40] = b"MZ", struct.pack("<I", 0x80)
    raw[0x80:0x98] = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, 0xF0, 0x2022)
    optional = struct.pack("<HBBIIIII", 0x20B, 0, 0, 0x200, 0, 0, 0x240, 0x240)
    optional += struct.pack("<QII", 0, 0x20, 0x20) + b"\0" * 16
    optional += struct.pack("<IIIHH", size, 0x240, 0, 11, 0)
    raw[0x98 : 0x98 + len(optional)] = optional
    raw[0x104:0x108] = struct.pack("<I", 16)
    raw[0x188:0x1B0] = struct.pack(
        "<8sIIIIIIHHI", b".text", size - 0x240, 0x240, size - 0x240, 0x240, 0, 0, 0, 0, 0x60000020
    )
    raw[0x260 : 0x260 + len(guid)] = guid
    raw[0x300 : 0x300 + 2 * len(text)] = text.encode("utf-16-le")
    return bytes(raw)


def pack_lzma(data, size=None):
    packed = bytearray(lzma.compress(data, lzma.FORMAT_ALONE))
    packed[5:13] = struct.pack("<Q", len(data) if size is None else size)
    return bytes(packed)


def pack_tiano(data):
    return efi_compressor.TianoCompress(data, len(data))


def pack_uefi(data):
    return efi_compressor.EfiCompress(data, len(data))


def pack_lh5(data):
    """LH5 is UEFI's compression without its header."""
    return pack_uefi(data)[8:]


def cbfs(name, body, method=0, size=None):
    """A CBFS file; ``body`` is packed already where ``method`` says so."""
    title = name.encode() + b"\0"
    title += b"\0" * (-len(title) % 4)
    attribute = struct.pack(">IIII", 0x42435A4C, 16, method, len(body) if size is None else size) if method else b""
    offset = 0x18 + len(title) + len(attribute)
    at = 0x18 + len(title) if method else 0
    head = struct.pack(">8sIIII", b"LARCHIVE", len(body), 0x50, at, offset) + title + attribute
    return head + body + b"\xff" * (-(len(head) + len(body)) % 64)


def phoenix(letter, index, data, packing=5, following=0, first=None):
    """A Phoenix module; ``first`` bytes of it lie here and the rest at ``following``."""
    body = struct.pack("<I", len(data)) + pack_lh5(data) if packing == 5 else data
    here = body if first is None else body[:first]
    head = struct.pack(
        "<I3sBBBBHHIII", 0, b"\x0011", index, ord(letter), 27, packing, 0, 0, len(data), len(here), following
    )
    return head + here, body[len(here) :]


def lha(title, data):
    """An LHA member with a header of level 0."""
    packed = pack_lh5(data)
    body = struct.pack("<5sIIHHBBB", b"-lh5-", len(packed), len(data), 0, 0, 0x20, 0, len(title)) + title.encode()
    body += b"\0\0"
    return bytes((len(body), sum(body) & 0xFF)) + body + packed


def ami(parts, size=0x80000):
    """An AMI image of 512 KiB: parts (kind, ids, data, packed), the later ones naming the earlier."""
    image = bytearray(b"\xff" * size)
    at, previous = 0x1000, 0xFFFFFFFF
    for kind, ids, data, packed in parts:
        body = pack_lh5(data) if packed else data
        low, high = previous & 0xFFFF, previous >> 16
        if packed:
            head = struct.pack("<HHHBBIII", low, high, 0x14, kind, 0, ids, len(body), len(data))
        else:
            head = struct.pack("<HHHBBI", low, high, len(body), kind, 0x80, ids)
        image[at : at + len(head) + len(body)] = head + body
        address = at + 0x100000 - size
        previous = address & 0xF | (address >> 4) << 16
        at += (len(head) + len(body) + 15) // 16 * 16
    image[0x70000:0x70016] = struct.pack("<8s4sHIHH", b"AMIBIOSC", b"0800", 0, 0, previous & 0xFFFF, previous >> 16)
    return bytes(image)


def descriptor(regions, size):
    """A flash image with Intel's descriptor: ``regions`` are (index, first, end) in bytes."""
    image = bytearray(b"\xff" * size)
    image[0x10:0x1C] = bytes.fromhex("5aa5f00f") + struct.pack("<II", 0x00040003, 0x12100206)
    rows = {0: (0, 0x1000), **{index: (first, end) for index, first, end in regions}}
    for index in range(16):
        first, end = rows.get(index, (0x7FFF000, 0x1000))
        image[0x40 + 4 * index : 0x44 + 4 * index] = struct.pack("<HH", first >> 12, (end >> 12) - 1 & 0x7FFF)
    return image
