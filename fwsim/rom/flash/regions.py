"""The whole of an image is recognised: flash descriptor regions, capsules, update programs, archives, nothing at all.

Sources: the flash descriptor's signature and region bases (coreboot util/ifdtool/ifdtool.h); capsule GUIDs (UEFI
Specification 2.10, 23.3; edk2 MdePkg/Include/Guid/FmpCapsule.h; UEFITool common/ffs.h for the vendors').
"""

import math
from uuid import UUID

from fwsim.rom.flash.walk import Stream, Walk

_DESCRIPTOR = bytes.fromhex("5aa5f00f")
_REGIONS = (
    *("descriptor", "BIOS", "ME", "GbE", "platform data"),
    *("device expansion 1", "BIOS 2", "microcode", "EC", "device expansion 2"),
    *("IE", "10GbE A", "10GbE B", "region 13", "region 14", "PTT"),
)

_CAPSULES = {
    UUID("3b6686bd-0d76-4030-b70e-b5519e2fc5a0"): "an EFI capsule",
    UUID("6dcbd5ed-e82d-4c44-bda1-7194199ad92a"): "a firmware management (FMP) capsule",
    UUID("4a3ca68b-7723-48fb-803d-578cc1fec44d"): "AMI's signed capsule",
    UUID("14eebb90-890a-43db-aed1-5d3c4588a418"): "AMI's capsule",
    UUID("3be07062-1d51-45d2-832b-f093257ed461"): "Toshiba's capsule",
    UUID("539182b9-abb5-4391-b69a-e3a943f72fcc"): "Intel's capsule",
    UUID("e20bafd3-9914-4f4f-9537-3129e090eb3c"): "Lenovo's capsule",
    UUID("25b5fe76-8243-4a5c-a9bd-7ee3246198b5"): "Lenovo's capsule",
}

_STARTS = (
    (b"MZ", "a program (an update tool, or an EFI driver)"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"MSCF", "a cabinet archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "an ELF program"),
    (b"PFS.HDR.", "Dell's update package (PFS)"),
)
_MARKS = ((b"_AMIPFAT", "AMI's BIOS Guard package (PFAT)"), (b"$_IFLASH_BIOSIMG", "Insyde's update program"))
_MARK_REACH = 4096
_RANDOM_BITS = 7.9
"""Bits a byte of a sample from which on data is packed or encrypted as a whole."""


def open_whole(stream: Stream, walk: Walk) -> list[str]:
    """What the file as a whole is, in words; the regions of a flash descriptor get their names."""
    data = stream.data
    said: list[str] = []
    if len(data) >= 16 and (name := _CAPSULES.get(UUID(bytes_le=bytes(data[:16])))):
        header = int.from_bytes(data[16:20], "little")
        said.append(f"{name}: its body begins at {header:#x}")
    at = next((at for at in (0x10, 0) if data[at : at + 4] == _DESCRIPTOR), None)
    if at is not None:
        said.append(_descriptor(stream, at, walk))
    said += [what for start, what in _STARTS if data.startswith(start)]
    said += [what for mark, what in _MARKS if mark in data[:_MARK_REACH]]
    return said


def _descriptor(stream: Stream, at: int, walk: Walk) -> str:
    """FLMAP0's byte 2 is the region section's base in units of 16 bytes; each row is base and limit in 4 KiB."""
    data = stream.data
    base = data[at + 6] << 4 if len(data) > at + 6 else 0
    names = []
    for index, name in enumerate(_REGIONS):
        row = data[base + 4 * index : base + 4 * index + 4]
        first, last = int.from_bytes(row[:2], "little") & 0x7FFF, int.from_bytes(row[2:], "little") & 0x7FFF
        if len(row) < 4 or first > last or first == 0x7FFF or (first == last == 0 and index):
            continue
        start, end = first << 12, (last + 1) << 12
        if end > len(data) and start < len(data):
            found = f"{len(data):#x} bytes"
            walk.note(stream, start, f"the {name} region is cut off", found, f"at least {end:#x}")
        if start < len(data):
            walk.name(stream, start, end, f"{name} region")
            names.append(name)
    return f"a flash image with Intel's descriptor: {', '.join(names)}"


def entropy(data: bytes) -> float:
    """Bits of information a byte, 0 to 8, of at most 1 MiB from the middle."""
    middle = max(len(data) // 2 - (1 << 19), 0)
    sample = data[middle : middle + (1 << 20)]
    shares = [sample.count(bytes((value,))) / len(sample) for value in range(256)] if sample else []
    return -sum(share * math.log2(share) for share in shares if share)


def unknown(data: bytes) -> str:
    """Why nothing may have been found in an image in which no container is known."""
    if not data:
        return "the file is empty"
    if not data.strip(data[:1]):
        return f"every byte is {data[0]:#04x}: nothing was read"
    if (bits := entropy(data)) > _RANDOM_BITS:
        return f"encrypted, or packed as a whole: {bits:.2f} bits of 8 a byte"
    return "no flash descriptor, firmware volume, CBFS or BIOS module is in it"
