"""A monitor is an EDID file, taken apart and judged; when nobody gives one, it is a 1024x768 monitor of our own.

Layout: VESA E-EDID release A (EDID 1.3), appendix A; EDID 1.4 for the bit depth of byte 14h.
"""

import os
import stat
from dataclasses import dataclass, field

from fwsim.errors import FwsimError
from fwsim.registers.dtd import DTD_SIZE, Timing, parse_dtd

BLOCK = 128
MAX_SIZE = 2 * BLOCK
"""Bytes that a monitor's two-block EEPROM holds; more need a segment pointer, which no image here uses."""

HEADER = b"\x00\xff\xff\xff\xff\xff\xff\x00"

_TIMINGS_AT = 54
_EXTENSIONS_AT = 126
_NAME_TAG = 0xFC


@dataclass(frozen=True, slots=True)
class Edid:
    """A monitor's description.

    ``data`` is 128 or 256 bytes; ``maker`` three letters; ``version`` such as "1.3"; sizes in cm, 0 when not stated;
    ``preferred`` the first detailed timing, None without one; ``extensions`` as many as byte 126 says; ``warnings``
    what a driver may trip over, such as a wrong checksum.
    """

    data: bytes = field(repr=False)
    maker: str
    product: int
    serial: int
    year: int
    version: str
    name: str
    digital: bool
    width_cm: int
    height_cm: int
    preferred: Timing | None
    extensions: int
    warnings: tuple[str, ...]


def parse_edid(data: bytes, where: str = "") -> Edid:
    """The EDID that ``data`` is, all of it.

    Raises FwsimError, naming ``where``, when it does not begin as one or is not 128 or 256 bytes long. A wrong
    checksum, a missing extension, an impossible preferred timing are warnings: monitors in the field have them.
    """
    if data[:8] != HEADER or len(data) not in (BLOCK, MAX_SIZE):
        raise FwsimError(
            "not an EDID",
            where=where,
            found=f"{len(data)} bytes" + (f", beginning {data[:8].hex(' ')}" if data else ""),
            expected=f"{BLOCK} or {MAX_SIZE} bytes, beginning {HEADER.hex(' ')}",
            hint="copy it from /sys/class/drm/*/edid while the monitor is on",
        )
    preferred = parse_dtd(data[_TIMINGS_AT : _TIMINGS_AT + DTD_SIZE])
    word = int.from_bytes(data[8:10], "big")
    return Edid(
        data=data,
        maker="".join(chr(0x40 + (word >> shift & 31)) for shift in (10, 5, 0)),
        product=int.from_bytes(data[10:12], "little"),
        serial=int.from_bytes(data[12:16], "little"),
        year=1990 + data[17],
        version=f"{data[18]}.{data[19]}",
        name=_name(data),
        digital=bool(data[20] & 0x80),
        width_cm=data[21],
        height_cm=data[22],
        preferred=preferred,
        extensions=data[_EXTENSIONS_AT],
        warnings=tuple(_warnings(data, preferred)),
    )


def read_edid(path: str) -> Edid:
    """The EDID in a file. Raises FwsimError when it cannot be read, and as ``parse_edid`` does."""
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FwsimError("not a regular file", where=path, expected="an EDID of 128 or 256 bytes")
            data = file.read(MAX_SIZE + 1)
            size = max(len(data), os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise FwsimError(f"cannot be read: {error.strerror}", where=path, expected="an EDID file") from None
    if size > MAX_SIZE:
        raise FwsimError(
            "not an EDID", where=path, found=f"{size} bytes, beginning {data[:8].hex(' ')}",
            expected=f"{BLOCK} or {MAX_SIZE} bytes", hint="more than two blocks? keep the first two",
        )  # fmt: skip
    return parse_edid(data, path)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _name(data: bytes) -> str:
    """The monitor's name, from the display descriptor of tag FCh; "" without one."""
    for at in range(_TIMINGS_AT, _EXTENSIONS_AT, DTD_SIZE):
        if data[at : at + 3] == b"\0\0\0" and data[at + 3] == _NAME_TAG:
            raw = data[at + 5 : at + DTD_SIZE].split(b"\n")[0]
            return "".join(chr(byte) for byte in raw if 0x20 <= byte < 0x7F).strip()
    return ""


def _warnings(data: bytes, preferred: Timing | None) -> list[str]:
    said: list[str] = []
    for index in range(len(data) // BLOCK):
        total = sum(data[index * BLOCK : (index + 1) * BLOCK]) & 0xFF
        if total:
            right = data[(index + 1) * BLOCK - 1] - total & 0xFF
            said.append(f"block {index}: wrong checksum, sum {total:#04x}; its last byte would be {right:#04x}")
    there, said_there = len(data) // BLOCK - 1, data[_EXTENSIONS_AT]
    if said_there != there:
        said.append(f"byte 126 says {said_there} extension blocks, the file has {there}")
    if data[18] != 1:
        said.append(f"version {data[18]}.{data[19]}; 1.x was expected")
    if preferred is None:
        said.append("no preferred timing: the first descriptor is none")
    elif preferred.problem:
        said.append(f"preferred timing: {preferred.problem}")
    return said


def _manufacturer(letters: str) -> bytes:
    """Three letters, five bits each, big endian (E-EDID 3.4)."""
    first, second, third = (ord(letter) - 64 for letter in letters)
    return (first << 10 | second << 5 | third).to_bytes(2, "big")


def _detailed_timing(
    clock_10khz: int, horizontal: tuple[int, int, int, int], vertical: tuple[int, int, int, int]
) -> bytes:
    """18 bytes: active, front porch, sync, total of each direction; 304 x 228 mm; separate sync, both negative."""
    active, front, sync, total = horizontal
    lines, vfront, vsync, vtotal = vertical
    blank, vblank = total - active, vtotal - lines
    return bytes(
        [
            clock_10khz & 0xFF, clock_10khz >> 8,
            active & 0xFF, blank & 0xFF, active >> 8 << 4 | blank >> 8,
            lines & 0xFF, vblank & 0xFF, lines >> 8 << 4 | vblank >> 8,
            front & 0xFF, sync & 0xFF, (vfront & 15) << 4 | vsync & 15,
            front >> 8 << 6 | sync >> 8 << 4 | vfront >> 4 << 2 | vsync >> 4,
            304 & 0xFF, 228 & 0xFF, 304 >> 8 << 4 | 228 >> 8, 0, 0, 0x18,
        ]
    )  # fmt: skip


def default_edid() -> bytes:
    """128 bytes: an analog monitor named FWSIM, 640x480, 800x600 and 1024x768 at 60 Hz, the last preferred."""
    block = bytearray(b"\x00" + b"\xff" * 6 + b"\x00")
    block += _manufacturer("FWS") + (0x0768).to_bytes(2, "little") + (1).to_bytes(4, "little")
    block += bytes([1, 32, 1, 3])  # week 1 of 2022; EDID 1.3
    block += bytes([0x08, 31, 23, 120, 0x0A])  # analog, 31 x 23 cm, gamma 2.2, RGB, first timing preferred
    block += bytes.fromhex("eead4fa0574b9a251051 54".replace(" ", ""))[:10]  # chromaticities of sRGB-like primaries
    block += bytes([0x21, 0x08, 0x00])  # established: 640x480, 800x600, 1024x768 at 60 Hz
    block += b"\x01\x01" * 8
    block += _detailed_timing(6500, (1024, 24, 136, 1344), (768, 3, 6, 806))
    block += b"\x00\x00\x00\xfc\x00" + b"FWSIM\n".ljust(13)
    block += b"\x00\x00\x00\xfd\x00" + bytes([50, 75, 30, 60, 8, 0, 0x0A]) + b" " * 6
    block += b"\x00\x00\x00\x10\x00" + bytes(13)
    block += b"\x00"
    block.append(-sum(block) & 0xFF)
    return bytes(block)
