"""An EFI image is read: the EFI ROM header, and the PE image of the driver behind it as lief reads it.

Layout: UEFI Specification 2.10, section 14.4.2 (EFI_PCI_EXPANSION_ROM_HEADER).
"""

import struct

from msgspec import Struct

from fwsim.rom.finding import Finding

SIGNATURE = 0x0EF1
HEADER_SIZE = 0x1A

MACHINES = {0x014C: "ia32", 0x0200: "ia64", 0x0EBC: "EFI byte code", 0x8664: "x64", 0x01C2: "arm", 0xAA64: "aarch64"}
SUBSYSTEMS = {10: "EFI application", 11: "EFI boot service driver", 12: "EFI runtime driver"}
COMPRESSIONS = {0: "none", 1: "UEFI (LZ77 with Huffman)"}


class EfiHeader(Struct, frozen=True):
    """The EFI part of a ROM header: ``image_offset`` counts from the image's start, ``init_size`` is in bytes."""

    signature: int
    init_size: int
    subsystem: int
    machine: int
    compression: int
    image_offset: int

    @property
    def machine_name(self) -> str:
        """The machine in words, ``unknown`` for a value not in the specification's list."""
        return MACHINES.get(self.machine, "unknown")

    @property
    def subsystem_name(self) -> str:
        """The subsystem in words, ``unknown`` for anything that is no EFI subsystem."""
        return SUBSYSTEMS.get(self.subsystem, "unknown")

    @property
    def compression_name(self) -> str:
        """The compression in words, ``unknown`` for a type not in the specification."""
        return COMPRESSIONS.get(self.compression, "unknown")


class PeSection(Struct, frozen=True):
    """One section: addresses and sizes in bytes, ``offset`` from the start of the PE image."""

    name: str
    virtual_address: int
    virtual_size: int
    offset: int
    size: int


class PeImage(Struct, frozen=True):
    """What the PE headers say; ``entry`` is relative to the image base."""

    machine: int
    subsystem: int
    entry: int
    image_base: int
    image_size: int
    sections: tuple[PeSection, ...]

    @property
    def machine_name(self) -> str:
        """The machine in words."""
        return MACHINES.get(self.machine, "unknown")

    @property
    def subsystem_name(self) -> str:
        """The subsystem in words."""
        return SUBSYSTEMS.get(self.subsystem, "unknown")


def parse_efi(data: bytes, base: int, findings: list[Finding]) -> EfiHeader | None:
    """The EFI header of the image at ``base``; None, with a finding, when its signature 0x0EF1 is missing."""
    if base + HEADER_SIZE > len(data):
        return None
    blocks, signature, subsystem, machine, compression = struct.unpack_from("<HIHHH", data, base + 2)
    image_offset = int.from_bytes(data[base + 0x16 : base + 0x18], "little")
    if signature != SIGNATURE:
        what = "PCIR says EFI, but the header has no EFI signature"
        findings.append(Finding("warning", base + 4, what, f"{signature:#010x}", f"{SIGNATURE:#010x}"))
        return None
    return EfiHeader(signature, blocks * 512, subsystem, machine, compression, image_offset)


def pe_bytes(data: bytes, base: int, size: int, header: EfiHeader) -> bytes | None:
    """The PE image of the EFI image at ``base``, ``size`` bytes; None when compressed or not there."""
    raw = data[base + header.image_offset : base + size]
    if header.compression or raw[:2] != b"MZ" or len(raw) < 0x40:
        return None
    at = int.from_bytes(raw[0x3C:0x40], "little")
    return raw if raw[at : at + 4] == b"PE\0\0" else None


def parse_pe(raw: bytes) -> PeImage | None:
    """The PE headers of ``raw``, as ``pe_bytes`` gives it, read by lief; None when lief cannot make sense of them.

    Machine and subsystem are taken from their places: lief warns of values that it has no name for.
    """
    import io

    import lief

    lief.logging.disable()
    binary = lief.PE.parse(io.BytesIO(raw))
    if binary is None:
        return None
    sections = tuple(
        PeSection(str(s.name), int(s.virtual_address), int(s.virtual_size), int(s.pointerto_raw_data), int(s.size))
        for s in binary.sections
    )
    optional = binary.optional_header
    at = int.from_bytes(raw[0x3C:0x40], "little")
    return PeImage(
        machine=int.from_bytes(raw[at + 4 : at + 6], "little"),
        subsystem=int.from_bytes(raw[at + 0x5C : at + 0x5E], "little"),
        entry=int(optional.addressof_entrypoint),
        image_base=int(optional.imagebase),
        image_size=int(optional.sizeof_image),
        sections=sections,
    )


def map_pe(raw: bytes, pe: PeImage, limit: int = 16 << 20) -> bytes:
    """The PE image as a loader lays it out, headers at 0, sections at their addresses; at most ``limit`` bytes."""
    size = min(max((s.virtual_address + max(s.virtual_size, s.size) for s in pe.sections), default=0), limit)
    first = min((s.virtual_address for s in pe.sections), default=0)
    mapped = bytearray(size)
    mapped[: min(first, len(raw), size)] = raw[: min(first, size)]
    for section in pe.sections:
        body = raw[section.offset : section.offset + section.size][: max(size - section.virtual_address, 0)]
        mapped[section.virtual_address : section.virtual_address + len(body)] = body
    return bytes(mapped)
