"""An OpRegion with a VBT of more than 6 KiB: what the guest's firmware gets is what Linux's vfio-pci shows of it."""

import struct

from fwsim.machine.build import build
from fwsim.rom.catalog import roms_folder
from fwsim.rom.chain import load
from fwsim.scenario.load import loads

RVDA, RVDS, VERSION = 0x3BA, 0x3C2, 0x16


def made(path, asls=0xDA9F5018):
    rom = load(roms_folder() / "igd-vbios.rom")
    built = build(loads(f'[host]\nopregion = "{path}"\nasls = {asls}\n'), rom, rom.data, None)
    built.machine.recorder.close()
    return built


def region(version, rvda, rvds, extra):
    data = bytearray(0x2000 + extra)
    struct.pack_into("<16sIHH", data, 0, b"IntelGraphicsMem", 8, 0, version)
    struct.pack_into("<I", data, 0x58, 0xF)
    struct.pack_into("<QI", data, RVDA, rvda, rvds)
    data[0x2000:] = bytes(range(256)) * (extra // 256)
    return bytes(data)


def test_a_relative_vbt_follows_the_header(tmp_path):
    path = tmp_path / "big.op"
    path.write_bytes(region(0x0201, 0x2000, 0x1800, 0x1800))
    built = made(path)
    shown = built.given.files["etc/igd-opregion"]
    assert len(shown) == 0x3800
    assert int.from_bytes(shown[RVDA : RVDA + 8], "little") == 0x2000
    assert shown[0x2000:] == bytes(range(256)) * 0x18
    placed = built.placed.asls
    assert built.machine.ram.read(placed, 0x3800) == shown


def test_version_2_0_becomes_2_1(tmp_path):
    asls = 0xDA9F5018
    path = tmp_path / "absolute.op"
    path.write_bytes(region(0x0200, asls + 0x2000, 0x1800, 0x1800))
    shown = made(path, asls).given.files["etc/igd-opregion"]
    assert int.from_bytes(shown[VERSION : VERSION + 2], "little") == 0x0201
    assert int.from_bytes(shown[RVDA : RVDA + 8], "little") == 0x2000
    assert shown[0x2000:] == bytes(range(256)) * 0x18


def test_a_vbt_past_the_end_is_said_so(tmp_path):
    path = tmp_path / "short.op"
    path.write_bytes(region(0x0201, 0x2000, 0x4000, 0x1000))
    assert [line for line in made(path).log if line.startswith("warning: host.opregion: short.op:")]
