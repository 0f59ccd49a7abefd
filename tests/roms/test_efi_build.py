"""The committed EFI images are what their sources give, and are laid out as firmware looks for them.

Everything but the decompression is read from the bytes by hand.
"""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from uefi_firmware import efi_compressor

ROMS = Path(__file__).resolve().parents[2] / "roms"
SOURCES = ROMS / "src" / "efi"
NAMES = ("igd-assignment.efi", "igd-policy.efi", "igd-gop.efi", "igd-gop.rom", "igd-combined.rom")


def word(data, offset):
    return struct.unpack_from("<H", data, offset)[0]


def images(name):
    """(whole image, PCIR's offset in it) of a chain."""
    data, found = (ROMS / name).read_bytes(), []
    while data:
        assert data[:2] == b"\x55\xaa"
        at = word(data, 0x18)
        assert data[at : at + 4] == b"PCIR"
        size = word(data, at + 0x10) * 512
        found.append((data[:size], at))
        assert bool(data[at + 0x15] & 0x80) == (len(data) == size)
        data = data[size:]
    return found


def driver(image):
    body = image[word(image, 0x16) :]
    return efi_compressor.EfiDecompress(body, len(body)) if word(image, 0x0C) else body


def test_the_compiler_gives_the_committed_images(tmp_path):
    pytest.importorskip("ziglang")
    subprocess.run([sys.executable, "-B", "build.py", str(tmp_path)], cwd=SOURCES, check=True, timeout=300)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (ROMS / name).read_bytes(), name


def test_the_ids_are_those_that_fwsim_knows():
    listing = subprocess.run([sys.executable, "-B", "ids.py"], cwd=SOURCES, check=True, capture_output=True, text=True)
    assert listing.stdout == (SOURCES / "ids.h").read_text()


def test_every_source_names_its_licence():
    for source in [*SOURCES.glob("*.[ch]"), *SOURCES.glob("*.py"), SOURCES / "Makefile"]:
        assert "SPDX-License-Identifier: GPL-2.0-or-later" in source.read_text()[:120], source.name


@pytest.mark.parametrize(("name", "legacy", "compressed"), [
    ("igd-gop.rom", 0, (0, 1)), ("igd-combined.rom", 1, (1, 0)),
])  # fmt: skip
def test_chains(name, legacy, compressed):
    found = images(name)
    assert [image[at + 0x14] for image, at in found] == [0] * legacy + [3, 3]
    for (image, at), packed in zip(found[legacy:], compressed, strict=True):
        signature, subsystem, machine, kind = struct.unpack_from("<IHHH", image, 4)
        assert (signature, subsystem, machine, kind) == (0x0EF1, 11, 0x8664, packed)
        assert word(image, 2) * 512 == len(image)
        assert (word(image, at + 4), image[at + 0x0C], image[at + 0x0D : at + 0x10]) == (0x8086, 3, b"\0\0\3")
        pe = driver(image)
        start = word(pe, 0x3C)
        assert pe[start : start + 4] == b"PE\0\0"
        assert pe[start + 8 : start + 12] == bytes(4)  # no time of building
    assert driver(found[legacy][0]).count(b"etc/igd-opregion") == 1
    assert driver(found[legacy + 1][0]).rstrip(b"\0") == (ROMS / "igd-gop.efi").read_bytes().rstrip(b"\0")


def test_the_device_list_names_each_generation():
    image, at = images("igd-gop.rom")[1]
    places = range(at + word(image, at + 8), len(image), 2)
    listed = set()
    for place in places:
        if not word(image, place):
            break
        listed.add(word(image, place))
    assert {0x0102, 0x0166, 0x0416, 0x1616, 0x1912, 0x5917, 0x3E92, 0x9B41, 0x8A52, 0x9A49, 0x4692} <= listed
    assert not {0x0F31, 0x22B0, 0x7D55} & listed  # Bay Trail, Cherryview, Meteor Lake


def test_the_video_bios_of_the_chain_differs_in_indicator_and_checksum_only():
    (image, at), own = images("igd-combined.rom")[0], (ROMS / "igd-vbios.rom").read_bytes()
    assert [n for n in range(len(own)) if own[n] != image[n]] == [6, at + 0x15]
    assert sum(image) & 0xFF == 0
