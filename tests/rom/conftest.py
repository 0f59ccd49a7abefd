"""Option ROM images put together byte by byte, for the tests of the rom room."""

import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

REAL = {
    "snm_2170.dat": "9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04",
    "hsw2180.dat": "356fe5c4bef3d9ee84299208593cae7d4e0bbbebd223c71e7eb20974467df4e5",
    "Vga.dat": "0f9ce58443d32822c36bed1b3f87da45fb16dd0484292d55c0b75e659c33ca3e",
    "snm_2120.dat": "b5f1aaa287075dd613fd9dbef9e40a89bca4a5e2056063db14104dd356d0afa7",
    "skl_1046.rom": "e200c217e32a7521a8bd991a1e80f786dc04b4505b7db3d12753c1b562b017bc",
    "skl_1062.rom": "7181b60e119d08d5c2a265071093f6973dbea9c9f25d890a7b377059cf733a98",
    "cfl_1014.rom": "88d64792a50ccb215e55c011e49cd2f7f7a4e66280a37c84e2f134570ac79e4c",
    "apl_1014.rom": "255933b26baf98a6a0545cb32f1d3994f774d329a017c295eaeb2a7a2fb721a2",
    "crl_1668.bin": "69164d2b870077102255be4e4cdd7c082fda8c11e368878a191baf8fd9348a6a",
    "crl_1436.bin": "6c3ee20a68b53230adb37b86888d5ed738407bf262184f8098c1a3e5668a1e0e",
    "chv_1014.bin": "4c53abf3da1f5a5500029e96450ac60cf022f75cbf5214e827599609a6bca295",
}


def pcir(
    vendor=0x8086,
    device=0x0106,
    pointer=0,
    length=None,
    revision=0,
    class_code=0x030000,
    blocks=2,
    code_type=0,
    last=True,
):
    """A PCI data structure: 0x18 bytes in revision 0, 0x1c in revision 3."""
    if length is None:
        length = 0x1C if revision >= 3 else 0x18
    body = struct.pack("<4sHHHHB", b"PCIR", vendor, device, pointer, length, revision)
    body += class_code.to_bytes(3, "little")
    body += struct.pack("<HHBB", blocks, 0x0102, code_type, 0x80 if last else 0)
    return body + (struct.pack("<HHH", blocks, 0, 0) if revision >= 3 else b"\0\0")


def summed(data, length=None):
    """``data`` with byte 6 chosen so that the first ``length`` bytes sum to 0."""
    image = bytearray(data)
    image[6] = 0
    image[6] = -sum(image[: length or len(image)]) & 0xFF
    return bytes(image)


def legacy(
    blocks=2, length_byte=None, structure=None, at=0x40, extra=(), word_1a=0, entry=b"\xe9\xfa\x00", checksum=True
):
    """A code type 0 image; ``extra`` are (offset, bytes) put in last. ``entry`` jumps to 0x100 unless given."""
    image = bytearray(blocks * 512)
    length = blocks if length_byte is None else length_byte
    image[0:3] = bytes((0x55, 0xAA, length))
    image[3 : 3 + len(entry)] = entry
    struct.pack_into("<HH", image, 0x18, at if structure is not False else 0, word_1a)
    image[0x1E:0x21] = b"IBM"
    if structure is not False:
        body = structure if structure is not None else pcir(blocks=blocks)
        image[at : at + len(body)] = body
    for offset, data in extra:
        image[offset : offset + len(data)] = data
    return summed(image, length * 512) if checksum else bytes(image)


def efi(blocks=2, subsystem=11, machine=0x8664, compression=0, offset=0x38, payload=b"", last=True, signature=0x0EF1):
    """A code type 3 image with the PE image, or whatever ``payload`` is, at ``offset``."""
    image = bytearray(blocks * 512)
    struct.pack_into(
        "<2sHIHHH8sHH", image, 0, b"\x55\xaa", blocks, signature, subsystem, machine, compression, b"", offset, 0x1C
    )
    image[0x1C:0x34] = pcir(blocks=blocks, code_type=3, last=last)
    image[offset : offset + len(payload)] = payload
    return bytes(image)


def bdb(blocks, version=200):
    """BIOS data blocks from (id, data) pairs."""
    body = b"".join(struct.pack("<BH", number, len(data)) + data for number, data in blocks)
    return struct.pack("<16sHHH", b"BIOS_DATA_BLOCK ", version, 22, 22 + len(body)) + body


def vbt(blocks, signature=b"$VBT TEST", checksum=None):
    """A Video BIOS Table around BIOS data blocks; its checksum is right unless given."""
    body = bdb(blocks)
    header = struct.pack("<20sHHHBBI16s", signature.ljust(20), 100, 48, 48 + len(body), 0, 0, 48, b"")
    table = bytearray(header + body)
    table[26] = (-sum(table) & 0xFF) if checksum is None else checksum
    return bytes(table)


@pytest.fixture(scope="session")
def make():
    """The builders: make.legacy(), make.efi(), make.pcir(), make.vbt(), make.summed()."""
    return SimpleNamespace(legacy=legacy, efi=efi, pcir=pcir, vbt=vbt, summed=summed)


@pytest.fixture(scope="session")
def real(real_rom):
    """Finds a third-party image by its name here, under $FWSIM_ROMS, whatever it is called there; skips without it."""
    return lambda name: real_rom(name, REAL[name])


@pytest.fixture(scope="session")
def packaged(require_package):
    """Debian's packaged ROMs in a folder, by pattern; skips when the package is missing, fails under FWSIM_REQUIRE."""

    def find(pattern, package):
        found = sorted(Path("/").glob(pattern.lstrip("/")))
        return found or [require_package(package, pattern)]

    return find
