"""Drivers packed into an option ROM are found there again, each whole, by the chain that fwsim reads of any ROM."""

from pathlib import Path

import pytest

from fwsim.rom.chain import load_bytes
from fwsim.rom.drivers import drivers_of
from fwsim.rom.pack import packed

ROMS = Path(__file__).parents[2] / "roms"
DRIVERS = [(ROMS / name).read_bytes() for name in ("igd-assignment.efi", "igd-policy.efi", "igd-gop.efi")]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_is_an_image_and_the_last_says_so(count):
    data = packed(DRIVERS[:count], 0x8086, 0x5917)
    rom = load_bytes(data)
    assert len(rom.images) == count
    assert (rom.vendor, rom.device) == (0x8086, 0x5917)
    assert not [finding for finding in rom.findings if finding.level == "error"]
    found = drivers_of(rom)
    assert [each.raw[: len(driver)] for each, driver in zip(found, DRIVERS, strict=False)] == DRIVERS[:count]
    assert all(not each.raw[len(driver) :].strip(b"\0") for each, driver in zip(found, DRIVERS, strict=False))


def test_the_header_is_as_uefi_has_it():
    """Signature, length in blocks, 0EF1h, boot service driver, x64, not compressed; where the driver and PCIR are."""
    data = packed(DRIVERS[:1], 0x8086, 0x5917)
    assert len(data) % 512 == 0
    blocks = (len(data) // 512).to_bytes(2, "little")
    assert data[:14] == b"\x55\xaa" + blocks + bytes.fromhex("f10e0000 0b00 6486 0000")
    start, pcir = (int.from_bytes(data[at : at + 2], "little") for at in (0x16, 0x18))
    assert data[start : start + 2] == b"MZ"
    assert data[pcir : pcir + 10] == b"PCIR" + bytes.fromhex("8680 1759 0000")
    assert (data[pcir + 0x14], data[pcir + 0x15]) == (3, 0x80)
