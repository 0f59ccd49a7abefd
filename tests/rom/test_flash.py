"""What is looked for is found in a flash image whatever it is packed in, and bad images are bounded and said."""

import hashlib
import struct

import pytest
import uefi_firmware
from flash_images import (
    CRC32,
    LZMA,
    TIANO,
    ami,
    cbfs,
    compressed,
    descriptor,
    driver,
    file,
    guided,
    lha,
    name,
    pack_lzma,
    pack_tiano,
    pack_uefi,
    phoenix,
    section,
    volume,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from fwsim.rom.flash import walk
from fwsim.rom.flash.find import search

WHAT = ("option ROM", "VBT", "EFI driver")


@pytest.fixture
def vbios(make):
    """A vBIOS for 8086:0106 with a VBT."""
    return make.legacy(word_1a=0x80, extra=[(0x80, make.vbt([(254, b"Build Number: 2170 PC 14.34")]))])


@pytest.fixture
def vbt(make):
    return make.vbt([(1, b"\x01" * 5), (2, b"\x02" * 9)])


def found(data, **options):
    return [(item.kind, item.data) for item in search(data, **options).items]


@pytest.mark.parametrize("pack", ["open", "lzma", "tiano", "uefi", "guided-tiano", "crc32", "lzma-type-2", "nested"])
def test_every_packing_of_a_volume_gives_the_same_three(pack, vbios, vbt):
    inner = section(0x19, vbios) + section(0x19, vbt) + section(0x10, driver()) + name("IntelGopDriver")
    packed = {
        "open": lambda: inner,
        "lzma": lambda: guided(LZMA, pack_lzma(inner)),
        "tiano": lambda: compressed(pack_tiano(inner)),
        "uefi": lambda: compressed(pack_uefi(inner)),
        "guided-tiano": lambda: guided(TIANO, pack_tiano(inner)),
        "crc32": lambda: guided(CRC32, inner, 2),
        "lzma-type-2": lambda: compressed(pack_lzma(inner), 2),
        "nested": lambda: guided(LZMA, pack_lzma(section(0x17, volume(file(2, compressed(pack_tiano(inner))))))),
    }[pack]()
    image = b"\xff" * 0x1000 + volume(file(1, packed), file(3, b"\xff" * 8, kind=0xF0))
    result = search(image)
    assert [(item.kind, item.data) for item in result.items] == [
        ("option ROM", vbios), ("VBT", vbt), ("EFI driver", driver())
    ]  # fmt: skip
    assert not result.notes
    rom, _, gop = result.items
    assert (rom.vendor, rom.devices, rom.version) == (0x8086, (0x0106,), "Build Number: 2170 PC 14.34")
    assert gop.name == "Intel(R) GOP Driver"
    assert "IntelGopDriver" in gop.path
    if pack in ("open", "crc32"):
        assert rom.packed_at is None
        assert image[rom.offset :].startswith(vbios)
    else:
        assert image[rom.packed_at :].startswith(packed[:16])


def test_drivers_without_graphics_are_counted_and_listed_on_demand():
    image = volume(
        file(1, section(0x10, driver()) + name("A")),
        file(2, section(0x10, driver("Console", b"")) + name("ConSplitter")),
        file(3, section(0x10, driver("Console")) + name("IntelGopThing")),
    )
    result = search(image)
    assert [item.path[-1] for item in result.items] == ["A", "IntelGopThing"]
    assert result.others == 1
    assert len(search(image, every=True).items) == 3
    assert search(image, every=True).others == 0


def test_coreboot_files_by_name(vbios, vbt):
    lz4 = bytes.fromhex("04224d18") + b"\x40\x40\x00" + struct.pack("<I", len(vbt) | 1 << 31) + vbt + b"\0\0\0\0"
    image = cbfs("pci8086,0106.rom", pack_lzma(vbios), 1) + cbfs("vbt.bin", lz4, 2) + cbfs("fallback/x", vbt)
    items = search(b"\0" * 128 + image).items
    assert sorted((item.kind, item.path[0], item.data) for item in items) == sorted([
        ("option ROM", "CBFS pci8086,0106.rom", vbios),
        ("VBT", "CBFS vbt.bin", vbt),
        ("VBT", "CBFS fallback/x", vbt),
    ])  # fmt: skip


def test_lz4_copies_reach_over_blocks():
    """Literals, a copy that overlaps itself, and one that begins in the block before: by the format's own rules."""
    from fwsim.rom.flash.unpack import unpack_lz4

    first = bytes((0x1F,)) + b"a" + b"\x01\0" + bytes((10,)) + bytes((0x20,)) + b"bc"  # a, then 29 times it, bc
    second = bytes((0x00,)) + b"\x02\0" + bytes((0x10,)) + b"d"  # bcbc, d
    blocks = b"".join(struct.pack("<I", len(each)) + each for each in (first, second))
    frame = bytes.fromhex("04224d18") + b"\x40\x40\0" + blocks + b"\0\0\0\0"
    assert unpack_lz4(frame, 1000) == b"a" * 30 + b"bc" + b"bcbc" + b"d"


def test_phoenix_modules_and_their_fragments(vbios, vbt):
    image = bytearray(b"\xff" * 0x40000)
    whole, _ = phoenix("R", 6, vbios)
    image[0x100 : 0x100 + len(whole)] = whole
    first, rest = phoenix("R", 7, vbios + b"\0" * 100, following=0xFFFFFFFF - 0x3FFFF + 0x8000, first=40)
    image[0x4000 : 0x4000 + len(first)] = first
    fragment = struct.pack("<IBI", 0, 0, len(rest)) + rest
    image[0x8000 : 0x8000 + len(fragment)] = fragment
    items = search(bytes(image)).items
    assert [(item.path[0], item.packed_at, item.data) for item in items] == [
        ("module oprom_6", 0x100, vbios), ("module oprom_7", 0x4000, vbios)
    ]  # fmt: skip


def test_ami_parts(vbios, vbt):
    items = search(ami([(0x20, 0x01068086, vbios, True), (0x1B, 0, b"slab" * 50, True), (0x20, 1, vbt, False)])).items
    assert sorted((item.kind, item.path[0]) for item in items) == [
        ("VBT", "part 20 (0001:0000)"), ("option ROM", "part 20 (8086:0106)")
    ]  # fmt: skip


def test_award_members(vbios):
    items = search(b"\xff" * 100 + lha("VGA.ROM", vbios) + b"\xff" * 50).items
    assert [(item.path, item.data) for item in items] == [(("LHA VGA.ROM", "unpacked LH5"), vbios)]


def test_regions_are_named_and_a_cut_one_is_said(vbios):
    image = descriptor([(1, 0x8000, 0x10000), (2, 0x1000, 0x8000)], 0x10000)
    image[0x9000 : 0x9000 + len(vbios)] = vbios
    result = search(bytes(image))
    assert result.what == ("a flash image with Intel's descriptor: descriptor, BIOS, ME",)
    assert [(item.path, item.offset) for item in result.items] == [(("BIOS region",), 0x9000)]
    cut = search(bytes(image[:0xC000]))
    assert [(note.what, note.found, note.expected) for note in cut.notes] == [
        ("the BIOS region is cut off", "0xc000 bytes", "at least 0x10000")
    ]  # fmt: skip


def test_a_vbt_or_driver_inside_a_rom_is_part_of_it(make, vbios):
    chain = make.legacy(structure=make.pcir(last=False)) + make.efi()
    items = search(b"\xff" * 512 + vbios + b"\xff" * 512 + chain + b"\xff" * 9).items
    assert [item.data for item in items] == [vbios, chain]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"\xff" * 4096, "every byte is 0xff: nothing was read"),
        (bytes(range(256)) * 64, "encrypted, or packed as a whole"),
        (b"hello world, " * 300, "no flash descriptor, firmware volume, CBFS or BIOS module"),
        (b"PK\x03\x04" + b"hello" * 99, "a ZIP archive"),
        (b"PFS.HDR." + b"hello" * 99, "Dell's update package"),
        (b"\0" * 8 + b"_AMIPFAT" + b"hello" * 99, "AMI's BIOS Guard package"),
        (bytes.fromhex("8ba63c4a2377fb48803d578cc1fec44d") + struct.pack("<I", 0x1C) + b"text" * 99, "AMI's signed"),
    ],
)
def test_what_holds_nothing_is_said(data, said):
    result = search(data)
    assert not result.items
    assert any(said in each for each in result.what), result.what


def test_cut_volumes_and_files_are_said_with_numbers(vbios):
    image = volume(file(1, section(0x19, vbios)), length=0x90000)
    notes = search(image).notes
    assert notes[0].what == "a firmware volume is cut off"
    assert notes[0].expected == "0x90000 bytes, as its header says"
    assert found(image) == [("option ROM", vbios)]
    broken = volume(file(1, section(0x19, vbios)), b"\x11" * 40)
    assert any("damaged" in note.what for note in search(broken).notes)
    assert found(broken) == [("option ROM", vbios)]


def test_a_cut_packed_section_is_said():
    packed = guided(LZMA, pack_lzma(bytes(range(256)) * 100))
    image = volume(file(1, packed))
    start = image.index(packed[24:40])
    assert [note.found for note in search(image[: start + 60]).notes if "unpacked" in note.what] == []
    short = guided(LZMA, pack_lzma(bytes(range(256)) * 100)[:60])
    notes = search(volume(file(1, short))).notes
    assert [note.what for note in notes] == ["a packed section cannot be unpacked"]
    assert "LZMA data is cut off" in notes[0].found


def test_bombs_are_refused_by_size_and_by_depth(monkeypatch):
    monkeypatch.setattr(walk, "MAX_PIECE", 1 << 20)
    big = volume(file(1, guided(LZMA, pack_lzma(b"\0" * (4 << 20)))))
    assert ["would unpack to 0x400000 bytes" in note.found for note in search(big).notes] == [True]
    lying = volume(file(1, guided(LZMA, pack_lzma(b"\0" * (4 << 20), size=(1 << 64) - 1))))
    assert ["0x100000 are allowed" in note.found for note in search(lying).notes] == [True]
    inner = section(0x19, b"end")
    for _ in range(walk.MAX_DEPTH + 3):
        inner = guided(LZMA, pack_lzma(inner))
    notes = search(volume(file(1, inner))).notes
    assert [note.found for note in notes] == [f"{walk.MAX_DEPTH + 1} deep"]


def test_all_pieces_share_one_limit(monkeypatch):
    monkeypatch.setattr(walk, "MAX_UNPACKED", 3 << 20)
    piece = guided(LZMA, pack_lzma(b"\0" * (1 << 20)))
    notes = search(volume(*(file(index, piece) for index in range(5)))).notes
    assert len(notes) == 2
    assert all("would unpack" in note.found for note in notes)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_images_raise_nothing(data):
    inner = section(0x19, b"\x55\xaa" + b"\0" * 64) + section(0x10, driver())
    image = bytearray(
        volume(file(1, guided(LZMA, pack_lzma(inner))), file(2, compressed(pack_tiano(inner))))
        + cbfs("vbt.bin", pack_lzma(b"$VBT" + b"\0" * 90), 1)
        + phoenix("R", 1, inner)[0]
        + lha("A", inner)
    )
    for _ in range(data.draw(st.integers(1, 8))):
        image[data.draw(st.integers(0, len(image) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(image)))
    result = search(bytes(image[:cut]))
    assert all(item.kind in WHAT for item in result.items)


T60 = "3d2171046c32b65d929acde74a8db837430fe4c3473bdf2c1bb5004c784ae51a"
"""bibanon/Coreboot-ThinkPads, BIOS-dumps/factory.bin.t60intel."""


def test_the_t60s_image_holds_its_vbios_in_oprom_6(real_rom):
    """coreboot's bios_extract unpacks the same module to the same bytes."""
    items = search(real_rom("factory.bin.t60intel", T60).read_bytes()).items
    intel = [item for item in items if (item.vendor, item.graphics) == (0x8086, True)]
    assert [(item.path[0], item.sha256[:8], item.devices) for item in intel] == [
        ("module oprom_6", "82b4f9ba", (0x27A2,))
    ]
    assert len([item for item in items if item.vendor == 0x1002]) == 6


def test_an_isa_rom_counts_where_it_begins_a_file(make):
    isa = bytearray(make.legacy())
    isa[0x18:0x1A] = b"\0\0"
    isa[6] = (isa[6] - sum(isa)) & 0xFF
    assert [(item.vendor, item.code) for item in search(bytes(isa)).items] == [(None, "ISA")]
    assert not search(b"\0" * 512 + bytes(isa)).items


def pe_sections(found):
    """The SHA-256 of every PE32 section below an object of uefi_firmware's own parser."""
    hashes = set()
    if type(found).__name__ == "FirmwareFileSystemSection" and found.type == 0x10:
        hashes.add(hashlib.sha256(bytes(found.data)).hexdigest())
    return hashes.union(*(pe_sections(each) for each in found.objects or () if each))


def test_a_real_image_has_the_drivers_that_another_parser_finds(require_package):
    """uefi_firmware's parser of volumes is not used by fwsim, only its decompressors."""
    data = require_package("ovmf", "/usr/share/ovmf/OVMF.fd").read_bytes()
    theirs = pe_sections(uefi_firmware.AutoParser(data).parse())
    result = search(data, every=True)
    assert {item.sha256 for item in result.items if item.kind == "EFI driver"} == theirs
    assert len(theirs) > 100
    assert not result.notes
