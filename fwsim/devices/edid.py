"""Which monitor is attached when nobody says? A 1024x768 one of our own, as an EDID 1.3 block (VESA E-EDID A.2)."""

from pathlib import Path

from fwsim.errors import FwsimError

BLOCK = 128


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


def load_edid(path: str) -> bytes:
    """An EDID file's blocks. Raises FwsimError for one that is not an EDID (a wrong checksum is not judged here)."""
    data = Path(path).read_bytes()
    if len(data) < BLOCK or len(data) % BLOCK or data[:8] != b"\x00\xff\xff\xff\xff\xff\xff\x00":
        raise FwsimError(
            "not an EDID", where=path, found=f"{len(data)} bytes, beginning {data[:8].hex(' ')}",
            expected="blocks of 128 bytes, beginning 00 ff ff ff ff ff ff 00",
        )  # fmt: skip
    return data
