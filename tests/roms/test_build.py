"""The committed ROM is what its sources give, and its structures are what firmware and hypervisors look for.

Everything here is read from the bytes by hand; nothing of fwsim is used.
"""

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROMS = Path(__file__).resolve().parents[2] / "roms"
SOURCES = ROMS / "src"
ROM, WITH_PAIR = ROMS / "igd-vbios.rom", ROMS / "igd-vbios-pair.rom"

# QEMU hw/vfio/igd.c (development tree after 11.0): compare with zero, load, jump, load of 105Eh.
SAVED_BASE = re.compile(rb"\x66\x2e\x83\x3e(..)\x00\x74\x07\x66\x2e\xa1(..)\xeb\x0f\xb8\x5e\x10", re.DOTALL)


@pytest.fixture(scope="module")
def rom():
    return ROM.read_bytes()


@pytest.fixture(scope="module")
def nasm(require_program):
    return require_program("nasm", "nasm")


def word(data, offset):
    return struct.unpack_from("<H", data, offset)[0]


@pytest.mark.parametrize(("options", "image"), [([], ROM), (["-dPAIR"], WITH_PAIR)], ids=["plain", "pair"])
def test_nasm_gives_the_committed_image(nasm, options, image, tmp_path):
    out = tmp_path / image.name
    command = [nasm, "-Werror", "-f", "bin", *options, "-o", str(out), "igd-vbios.asm"]
    subprocess.run(command, cwd=SOURCES, check=True)
    assert out.read_bytes() == image.read_bytes()
    assert sum(image.read_bytes()) & 0xFF == 0
    assert len(SAVED_BASE.findall(image.read_bytes())) == 1


def test_font_py_gives_the_committed_font():
    listing = subprocess.run([sys.executable, "-B", "font.py"], cwd=SOURCES, check=True, capture_output=True, text=True)
    assert listing.stdout == (SOURCES / "font.asm").read_text()


def test_every_source_names_its_licence():
    for source in [*SOURCES.glob("*.asm"), *SOURCES.glob("*.py"), SOURCES / "Makefile"]:
        assert "SPDX-License-Identifier: GPL-2.0-or-later" in source.read_text()[:120], source.name


def test_header(rom):
    assert len(rom) == 128 * 512
    assert rom[:3] == b"\x55\xaa\x80"
    assert rom[3] == 0xE9
    assert 0x300 < 6 + word(rom, 4) < len(rom)
    assert sum(rom) & 0xFF == 0
    assert rom[0x1E:0x21] == b"IBM"


def test_pcir(rom):
    at = word(rom, 0x18)
    assert at == 0x40
    assert rom[at : at + 4] == b"PCIR"
    vendor, device, device_list, length, revision = struct.unpack_from("<HHHHB", rom, at + 4)
    assert (vendor, device, length, revision) == (0x8086, 0x0126, 0x1C, 3)
    assert rom[at + 0x0D : at + 0x10] == b"\x00\x00\x03"
    assert word(rom, at + 0x10) == 128
    assert rom[at + 0x14] == 0
    assert rom[at + 0x15] & 0x80
    ids = set()
    offset = at + device_list
    while word(rom, offset):
        ids.add(word(rom, offset))
        offset += 2
    wanted = (
        "0102 0106 0112 0116 0122 0126 0152 0156 0162 0166 0402 0406 0412 0416 0a16 0a26 1616 1912 1916 "
        "5912 5916 5917 3e91 3e92 3e9b"
    )
    assert {int(text, 16) for text in wanted.split()} <= ids


def test_vbt(rom):
    at = word(rom, 0x1A)
    assert rom[at : at + 20] == b"$VBT FWSIM IGD      "
    header, size = struct.unpack_from("<HH", rom, at + 22)
    assert header == 48
    assert sum(rom[at : at + size]) & 0xFF == 0
    bdb = at + struct.unpack_from("<I", rom, at + 28)[0]
    assert rom[bdb : bdb + 16] == b"BIOS_DATA_BLOCK "
    version, bdb_header, bdb_size = struct.unpack_from("<HHH", rom, bdb + 16)
    assert (version, bdb_header) == (155, 22)
    blocks = {}
    offset = bdb + bdb_header
    while offset < bdb + bdb_size:
        number, length = struct.unpack_from("<BH", rom, offset)
        blocks[number] = rom[offset + 3 : offset + 3 + length]
        offset += 3 + length
    assert offset == bdb + bdb_size == at + size
    assert list(blocks) == [1, 2]
    assert blocks[1][4] & 1
    child = blocks[2][5:]
    assert blocks[2][4] == len(child) == 33
    assert (word(child, 0), word(child, 2), child[16], child[19]) == (1, 1, 6, 2)


def test_there_is_no_pnp_header(rom):
    assert b"$PnP" not in rom


def test_the_saved_base_is_found_once_and_zero(rom):
    found = list(SAVED_BASE.finditer(rom))
    assert len(found) == 1
    compared, loaded = found[0].groups()
    assert compared == loaded == b"\x00\x02"
    assert rom[0x200:0x204] == bytes(4)
    # What follows: call, shift left by 16, store to the same place, restore, return; both jumps land as counted.
    rest = rom[found[0].end() :]
    assert rest[:1] == b"\xe8"
    assert rest[3:15] == b"\x66\xc1\xe0\x10\x66\x2e\xa3\x00\x02\x66\x5b\xc3"


def test_variables_are_zero_in_the_file(rom):
    assert rom[0x200:0x300] == bytes(0x100)


def test_both_fonts_are_whole(rom):
    # Every character of font.asm, read here line by line, lies in the image in one piece: 256 of 16 rows, 256 of 8.
    rows = re.findall(r"^ +db ((?:0x[0-9a-f]{2},?)+)", (SOURCES / "font.asm").read_text(), re.MULTILINE)
    glyphs = [bytes(int(byte, 16) for byte in row.split(",")) for row in rows]
    assert [len(glyph) for glyph in glyphs] == [16] * 256 + [8] * 256
    assert b"".join(glyphs) in rom
    drawn = set(glyphs[0x21:0x7F])
    assert len(drawn) == 0x7F - 0x21
    assert bytes(16) not in drawn
    # An A: each of its seven rows twice, one blank line above and below.
    assert glyphs[0x41].hex(" ", 2) == "007c 7cc6 c6c6 c6fe fec6 c6c6 c6c6 c600"
