"""Whole files: the chain of images, what is refused, and what is still said of a broken one."""

import os
import struct
import subprocess
import sys

import pytest

from fwsim.errors import FwsimError
from fwsim.rom.chain import inspect, inspect_bytes, load, load_bytes


def walk(data):
    """Independent truth: (offset, code type, vendor, device) of each image, by bare arithmetic on the headers."""
    images, base = [], 0
    while data[base : base + 2] == b"\x55\xaa":
        at = base + struct.unpack_from("<H", data, base + 0x18)[0]
        if data[at : at + 4] != b"PCIR":
            return [(base, None, None, None)]
        vendor, device = struct.unpack_from("<HH", data, at + 4)
        blocks, code_type, indicator = struct.unpack_from("<H2xBB", data, at + 0x10)
        images.append((base, code_type, vendor, device))
        if indicator & 0x80:
            break
        base += blocks * 512
    return images


def test_one_legacy_image(make):
    rom = load_bytes(make.legacy())
    assert [(i.offset, i.size, i.code_type, i.checksum) for i in rom.images] == [(0, 1024, 0, 0)]
    assert (rom.vendor, rom.device, rom.class_code, rom.main.pcir.offset) == (0x8086, 0x0106, 0x030000, 0x40)
    assert rom.legacy is rom.images[0]
    assert rom.images[0].entry_target == 0x100
    assert rom.images[0].vga_signature
    assert rom.findings == ()


def test_chain_of_legacy_and_efi(make):
    data = make.legacy(structure=make.pcir(last=False)) + make.efi()
    rom = load_bytes(data)
    assert [(i.offset, i.code_type, i.size) for i in rom.images] == [(0, 0, 1024), (1024, 3, 1024)]
    assert rom.images[1].efi.machine_name == "x64"
    assert rom.images[1].checksum_ok, "the 8-bit sum is no rule for EFI images"
    assert not rom.images[1].checksum_applies


def test_efi_only_has_no_legacy_image(make):
    rom = load_bytes(make.efi())
    assert rom.legacy is None
    assert rom.ids == (0x0106,)


def test_legacy_image_is_found_behind_an_efi_one(make):
    rom = load_bytes(make.efi(last=False) + make.legacy())
    assert rom.legacy.index == 1
    assert rom.main.pcir.offset == 1024 + 0x40


def test_isa_rom_has_no_ids_and_fits_any_device(make):
    rom = load_bytes(make.legacy(structure=False))
    assert (rom.vendor, rom.device, rom.ids, rom.class_code, rom.main.pcir) == (None, None, (), None, None)
    assert rom.legacy.code_type_name == "ISA"
    assert rom.accepts(0x1234, 0x1111)


def test_device_list_decides_which_device_is_accepted(make):
    structure = make.pcir(device=0x0406, pointer=0x1C, revision=3) + struct.pack("<4H", 0x0416, 0x0A16, 0x0406, 0)
    rom = load_bytes(make.legacy(structure=structure))
    assert rom.ids == (0x0406, 0x0416, 0x0A16)
    assert rom.accepts(0x8086, 0x0A16)
    assert not rom.accepts(0x8086, 0x0A26)
    assert not rom.accepts(0x10DE, 0x0416)


@pytest.mark.parametrize(
    ("data", "what", "where"),
    [
        (b"", "the file is empty", 0),
        (b"\x55\xaa\x02", "the ROM header is cut off", 0),
        (b"MZ" + bytes(600), "no option ROM signature", 0),
        (bytes(1024), "no option ROM signature", 0),
    ],
)
def test_no_image_at_all(data, what, where):
    with pytest.raises(FwsimError) as caught:
        load_bytes(data, "x.rom")
    assert caught.value.what == what
    assert caught.value.where == f"x.rom at {where:#x}"


def test_truncated_image_is_refused_and_told_in_bytes(make):
    with pytest.raises(FwsimError, match="truncated") as caught:
        load_bytes(make.legacy(blocks=4)[:1500])
    assert "0x5dc" in caught.value.found
    assert "0x800" in caught.value.expected


def test_truncated_second_image_is_refused(make):
    data = make.legacy(structure=make.pcir(last=False)) + make.efi(blocks=4)
    with pytest.raises(FwsimError, match="truncated"):
        load_bytes(data[:-1])


def test_pcir_outside_the_file(make):
    image = bytearray(make.legacy())
    struct.pack_into("<H", image, 0x18, 0x3F0)
    with pytest.raises(FwsimError, match="PCIR lies outside the file") as caught:
        load_bytes(bytes(image))
    assert "0x3f0" in caught.value.found
    assert "0x3e8" in caught.value.expected


def test_pcir_signature_missing(make):
    image = bytearray(make.legacy())
    image[0x40:0x44] = b"PCIX"
    with pytest.raises(FwsimError, match="no PCIR where the word at 0x18 points") as caught:
        load_bytes(bytes(image))
    assert "50 43 49 58" in caught.value.found


def test_chain_that_loops(make):
    with pytest.raises(FwsimError, match="the chain loops") as caught:
        load_bytes(make.legacy(structure=make.pcir(blocks=0, last=False)))
    assert caught.value.where == "offset 0x50"


def test_chain_that_does_not_end(make):
    with pytest.raises(FwsimError, match="the chain does not end"):
        load_bytes(make.legacy(structure=make.pcir(last=False)) * 100)


def test_length_byte_of_zero(make):
    with pytest.raises(FwsimError, match="the length byte is 0"):
        load_bytes(make.legacy(length_byte=0, checksum=False))


def test_missing_last_image_bit_is_only_a_warning(make):
    rom = load_bytes(make.legacy(structure=make.pcir(last=False)))
    assert [f.level for f in rom.findings] == ["warning"]
    assert "no image follows at 0x400" in rom.findings[0].what


def test_posted_shadow_with_a_smaller_length_byte_is_accepted(make):
    rom = load_bytes(make.legacy(blocks=4, length_byte=3, structure=make.pcir(blocks=4)))
    image = rom.legacy
    assert (image.header_length, image.pcir.image_length, image.size) == (0x600, 0x800, 0x800)
    assert "posted shadow" in rom.findings[0].what
    assert rom.findings[0].level == "note"


def test_shadow_cut_at_its_length_byte_is_accepted(make):
    """/proc/iomem shows such a shadow as 000c0000-000cfdff: 127 x 512 bytes."""
    data = make.legacy(blocks=0x80, length_byte=0x7F, structure=make.pcir(blocks=0x80))[: 0x7F * 512]
    assert load_bytes(data).legacy.size == 0xFE00


def test_length_byte_larger_than_pcir_is_a_warning(make):
    data = make.legacy(blocks=4, structure=make.pcir(blocks=2))
    assert [f.level for f in load_bytes(data).findings if "larger than PCIR" in f.what] == ["warning"]


def test_wrong_checksum_does_not_keep_it_from_being_loaded(make):
    rom = load_bytes(make.legacy(checksum=False))
    assert not rom.legacy.checksum_ok
    assert rom.legacy.checksum == sum(make.legacy(checksum=False)) & 0xFF
    assert any("checksum is wrong" in finding.what for finding in rom.findings)


def test_trailing_bytes_are_noted(make):
    rom = load_bytes(make.legacy() + b"\xff" * 512)
    assert rom.findings[0].what == "0x200 bytes follow the last image"
    assert rom.findings[0].found == "all 0xff"


def test_inspect_says_what_it_can_of_a_broken_file(make):
    rom = inspect_bytes(make.legacy(blocks=4)[:1500])
    assert rom.device == 0x0106
    assert rom.images[0].truncated
    assert any(finding.level == "error" for finding in rom.findings)


def test_missing_file(tmp_path):
    with pytest.raises(FwsimError, match="no such file"):
        load(tmp_path / "none.rom")


def test_folder(tmp_path):
    with pytest.raises(FwsimError, match="is a directory"):
        load(tmp_path)


def test_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FwsimError, match="not a regular file"):
        load(tmp_path / "pipe")


def test_file_name_with_a_zero_byte():
    with pytest.raises(FwsimError, match="not a file name"):
        load("a\0b")


def test_gibibyte_is_refused_without_reading_it(tmp_path):
    path = tmp_path / "big.rom"
    with open(path, "wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(FwsimError, match="too large") as caught:
        load(path)
    assert "1073741824" in caught.value.found


def test_sixteen_mebibytes_are_allowed(tmp_path, make):
    path = tmp_path / "full.rom"
    path.write_bytes(make.legacy().ljust(16 << 20, b"\xff"))
    assert load(path).legacy.size == 1024


def test_path_is_absolute(tmp_path, make, monkeypatch):
    (tmp_path / "a.rom").write_bytes(make.legacy())
    monkeypatch.chdir(tmp_path)
    assert load("a.rom").path == tmp_path / "a.rom"


@pytest.mark.parametrize(
    ("pattern", "package"),
    [
        ("/usr/share/seabios/vgabios*.bin", "seabios"),
        ("/usr/share/vgabios/*.bin", "vgabios"),
        ("/usr/lib/ipxe/qemu/*.rom", "ipxe-qemu"),
    ],
)
def test_packaged_roms_against_bare_arithmetic(packaged, pattern, package):
    for path in packaged(pattern, package):
        data = path.read_bytes()
        rom = load(path)
        told = [
            (i.offset, i.pcir and i.pcir.code_type, i.pcir and i.pcir.vendor, i.pcir and i.pcir.device)
            for i in rom.images
        ]
        assert told == walk(data), path
        for image in rom.images:
            if image.checksum_applies:
                assert (
                    image.checksum == sum(data[image.offset : image.offset + 512 * data[image.offset + 2]]) & 0xFF == 0
                )
        assert not [finding for finding in rom.findings if finding.level != "note"], path


@pytest.mark.parametrize(
    ("name", "ids", "revision"),
    [
        ("snm_2170.dat", (0x0106, 0x0116, 0x0126, 0x0156, 0x0166, 0x0176, 0x0186), 3),
        ("Vga.dat", (0x0F31,), 0),
    ],
)
def test_published_intel_images(real, name, ids, revision):
    rom = load(real(name))
    assert rom.vendor == 0x8086
    assert rom.ids == ids
    assert rom.main.pcir.offset == 0x40
    assert rom.legacy.pcir.revision == revision
    assert rom.legacy.pcir.image_length == 127 * 512 + 512
    assert rom.legacy.checksum == 0
    assert {finding.level for finding in rom.findings} == {"note"}, "the VBT's checksum, a block that comes twice"


def test_haswell_image_needs_its_list(real):
    rom = load(real("hsw2180.dat"))
    assert rom.device == 0x0406
    assert rom.accepts(0x8086, 0x0416)
    assert rom.accepts(0x8086, 0x0A16)


def test_reading_a_rom_loads_no_heavy_library(make, tmp_path):
    path = tmp_path / "a.rom"
    path.write_bytes(make.legacy())
    code = (
        "import sys; from fwsim.rom.chain import load; load(sys.argv[1]);"
        "print([m for m in ('numba', 'unicorn', 'numpy', 'lief', 'capstone') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_inspect_and_load_agree_on_a_sound_file(make, tmp_path):
    path = tmp_path / "a.rom"
    path.write_bytes(make.legacy())
    assert inspect(path) == load(path)
