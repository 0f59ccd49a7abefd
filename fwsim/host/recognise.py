"""A file is recognised by its content, whatever its name: binary kinds here, text is for the readers to say."""

import gzip
import re
import zlib
from pathlib import Path

from msgspec import Struct

from fwsim.devices.edid import HEADER as EDID_HEADER
from fwsim.rom.image import ROM_SIGNATURE
from fwsim.rom.opregion import is_opregion
from fwsim.rom.vbt import SIGNATURE as VBT_SIGNATURE
from fwsim.units import MIB

MAX_SIZE = 32 * MIB
"""Bytes of one file that are read: a flash image is the largest that is told apart."""

_FLASH = b"\x5a\xa5\xf0\x0f"
_FLASH_MARKS = (b"_FVH", b"LARCHIVE", b"BCPSEGMENT", b"AMIBIOSC", b"$_IFLASH_BIOSIMG", b"_AMIPFAT", b"PFS.HDR.")
"""Firmware volume, coreboot, Phoenix, AMI, Insyde's, AMI's and Dell's update files: what `rom find` reads or names."""
_FLASH_LEAST = 65536
_CONFIG_SIZES = (64, 256, 4096)
_XXD = re.compile(r"([0-9a-f]{4,8})(?:: ((?:[0-9a-f]{2,4} ?){1,16})  .*|  ((?:[0-9a-f]{2}  ?){1,16}) *\|.*\|)")
_BDF = re.compile(r"(?:^|[^0-9a-f])(?:0{4}[:_-])?00[:_-](00|02|1f)\.([0-7])(?:[^0-9]|$)", re.IGNORECASE)

OPREGION, VBT, ROM, EDID, CONFIG = "OpRegion", "VBT", "option ROM", "EDID", "PCI configuration space"
FLASH, LSPCI, IOMEM, LOG, FIRMWARE, TOOL, REGISTERS, OURS, GROUPS = (
    "flash image", "lspci text", "/proc/iomem", "kernel log", "firmware log", "inteltool log", "register dump",
    "fwsim's own", "IOMMU groups",
)  # fmt: skip

_CLAIMS = (
    (re.compile(r"(?:^|[^a-z])opregion"), OPREGION, "sudo cp /sys/kernel/debug/dri/0/i915_opregion ."),
    (re.compile(r"(?:^|[^a-z])vbt(?:[^a-z]|$)"), VBT, "sudo cp /sys/kernel/debug/dri/0/i915_vbt ."),
    (re.compile(r"\.rom(?:\.gz)?$|vbios|^rom$"), ROM, "sudo fwsim host capture"),
    (re.compile(r"edid"), EDID, "cp /sys/class/drm/card0-HDMI-A-1/edid ."),
    (re.compile(r"iomem"), IOMEM, "sudo cat /proc/iomem > iomem"),
    (re.compile(r"dmesg|^kern\.log"), LOG, "sudo dmesg > dmesg"),
    (re.compile(r"lspci"), LSPCI, "sudo lspci -nnvvvxxxx > lspci.txt"),
    (re.compile(r"inteltool"), TOOL, "sudo inteltool -a > inteltool.log"),
    (re.compile(r"(?:^|[^a-z])config(?:[^a-z]|$)"), CONFIG, "sudo cat /sys/bus/pci/devices/0000:00:02.0/config"),
)


class File(Struct, frozen=True):
    """A file's content, unpacked. ``plain``: the file on the disk is just these bytes; ``cut``: it goes on."""

    name: str
    path: Path
    data: bytes
    plain: bool = True
    cut: bool = False


def claim(name: str) -> tuple[str, str] | None:
    """(kind, command that makes one) that a file's name promises."""
    low = name.rpartition("/")[2].lower()
    return next(((kind, command) for pattern, kind, command in _CLAIMS if pattern.search(low)), None)


def bdf_in(name: str) -> str:
    """The PCI function a file's name names, "" for none: ``pci-00-02.0.config``, ``0000:00:1f.0-config``."""
    match = _BDF.search(name.rpartition("/")[2])
    return f"00:{match[1].lower()}.{match[2]}" if match else ""


def binary_kind(data: bytes) -> str:
    """One of the binary kinds, "" for text and for what is none of them."""
    if is_opregion(data):
        return OPREGION
    if data.startswith(EDID_HEADER):
        return EDID
    if data.startswith(VBT_SIGNATURE):
        return VBT
    if data[16:20] == _FLASH:
        return FLASH
    if data.startswith(ROM_SIGNATURE):
        return ROM
    if len(data) >= _FLASH_LEAST and any(mark in data for mark in _FLASH_MARKS) and text_of(data) is None:
        return FLASH
    if len(data) in _CONFIG_SIZES and b"\n" not in data[:4] and _is_config(data):
        return CONFIG
    return ""


def _is_config(data: bytes) -> bool:
    vendor = int.from_bytes(data[:2], "little")
    return vendor in (0x8086, 0xFFFF, 0) and (vendor != 0x8086 or data[0x0E] & 0x7F in (0, 1, 2))


def of_another_vendor(file: File) -> str:
    """CONFIG for what is named as a configuration space and may be one, though not of a device of Intel's."""
    promised = claim(file.name)
    wanted = promised is not None and promised[0] == CONFIG and len(file.data) in _CONFIG_SIZES
    return CONFIG if wanted and text_of(file.data) is None and file.data[0x0E] & 0x7F in (0, 1, 2) else ""


def text_of(data: bytes) -> str | None:
    """``data`` as text, None when it is binary. Whatever is no ASCII in a log does not matter."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    head = data[:65536]
    if b"\0" in head or sum(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in head) > len(head) // 50:
        return None
    return data.decode("utf-8", "replace")


def unpack(data: bytes) -> tuple[bytes, bool, str]:
    """(content, whether it was packed, what went wrong) of a file that may be gzip's; as much of it as can be had."""
    if data[:3] != b"\x1f\x8b\x08":
        return data, False, ""
    try:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        out = unpacker.decompress(data, MAX_SIZE)
    except (zlib.error, gzip.BadGzipFile) as error:
        return b"", True, f"cannot be unpacked: {error}"
    return out, True, "" if unpacker.eof else "the gzip file is cut off, or holds more than 32 MiB"


def from_hex_dump(text: str) -> bytes:
    """The bytes of a hexdump -C or xxd listing from offset 0 on, b"" for other text."""
    rows: list[tuple[int, bytes]] = []
    for line in text.splitlines():
        match = _XXD.fullmatch(line.strip())
        if match:
            digits = (match[2] or match[3]).replace(" ", "")
            rows.append((int(match[1], 16), bytes.fromhex(digits[: len(digits) & ~1])))
    out = bytearray()
    for at, row in rows:
        if at != len(out):
            break
        out += row
    return bytes(out) if len(rows) > 1 else b""


def describe(data: bytes, text: str | None) -> str:
    """What a file of no known kind looks like: its first line, or its first bytes."""
    if not data:
        return "0 bytes"
    if text is None:
        return f"{len(data)} bytes, beginning {data[:8].hex(' ')}"
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return "text: " + "".join(each if each.isprintable() else " " for each in line[:60])
