"""EFI images: the header by hand, the PE of real drivers against their own headers unpacked by hand."""

import struct

from fwsim.rom.chain import inspect_bytes, load
from fwsim.rom.efi import map_pe, parse_pe, pe_bytes


def test_header_fields(make):
    image = inspect_bytes(make.efi(blocks=0x155, subsystem=12, machine=0x014C, compression=1, offset=0x40)).images[0]
    assert (image.efi.init_size, image.efi.subsystem, image.efi.machine) == (0x155 * 512, 12, 0x014C)
    assert (image.efi.subsystem_name, image.efi.machine_name) == ("EFI runtime driver", "ia32")
    assert (image.efi.compression_name, image.efi.image_offset) == ("UEFI (LZ77 with Huffman)", 0x40)
    assert image.header_length == 0x155 * 512, "a word, not a byte, in EFI images"


def test_missing_efi_signature_is_said(make):
    rom = inspect_bytes(make.efi(signature=0x0EF2))
    assert rom.images[0].efi is None
    assert rom.findings[0].what == "PCIR says EFI, but the header has no EFI signature"
    assert rom.findings[0].found == "0x00000ef2"


def test_compressed_image_has_no_pe(make):
    data = make.efi(compression=1, payload=b"MZ")
    image = inspect_bytes(data).images[0]
    assert pe_bytes(data, 0, image.size, image.efi) is None


def test_pe_that_is_none(make):
    data = make.efi(payload=b"MZ" + bytes(100))
    image = inspect_bytes(data).images[0]
    assert pe_bytes(data, 0, image.size, image.efi) is None


def test_ipxe_drivers(packaged):
    for path in packaged("/usr/lib/ipxe/qemu/efi-*.rom", "ipxe-qemu"):
        rom = load(path)
        image = rom.images[-1]
        raw = pe_bytes(rom.data, image.offset, image.size, image.efi)
        pe = parse_pe(raw)
        at = struct.unpack_from("<I", raw, 0x3C)[0]
        machine, count = struct.unpack_from("<HH", raw, at + 4)
        optional_size = struct.unpack_from("<H", raw, at + 0x14)[0]
        entry = struct.unpack_from("<I", raw, at + 0x18 + 0x10)[0]
        subsystem = struct.unpack_from("<H", raw, at + 0x18 + 0x44)[0]
        assert (pe.machine, pe.entry, pe.subsystem, len(pe.sections)) == (machine, entry, subsystem, count)
        assert (pe.machine, pe.subsystem) == (image.efi.machine, image.efi.subsystem), "the header repeats the PE's"
        first = at + 0x18 + optional_size
        virtual_size, address, size, offset = struct.unpack_from("<4I", raw, first + 8)
        text = pe.sections[0]
        assert (text.name, text.virtual_size, text.virtual_address, text.size, text.offset) == (
            ".text",
            virtual_size,
            address,
            size,
            offset,
        )
        assert map_pe(raw, pe)[address : address + 64] == raw[offset : offset + 64]
