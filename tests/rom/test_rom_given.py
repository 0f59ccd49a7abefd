"""A ROM file reaches the guest as it is: what SeaBIOS then makes of it, and where its VBT has the displays."""

from pathlib import Path

import pytest

from fwsim.board.display import attached
from fwsim.board.vbt_ports import vbt_ports
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load
from fwsim.running.pipeline import run
from fwsim.scenario.load import loads

OWN = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"


def summary_of(tmp_path, text):
    return run(loads(f'{text}\nfile = "{OWN}"\n', "s"), RunDir.create(tmp_path / "run"))


@pytest.mark.parametrize(
    ("host", "more", "taken", "how"),
    [
        ("sandybridge", "[rom]", True, "PCIR names 8086:0126"),
        ("ivybridge", "[rom]", False, "SeaBIOS finds no ROM for 8086:0166: the ROM has 8086:0126"),
        ("ivybridge", "[rom]\nfix_ids = true", True, "PCIR names 8086:0166, made so first"),
        ("ivybridge", '[hypervisor]\nrombar = "off"\n[rom]', True, "vgaroms/ (rombar=0)"),
        ("ivybridge", "[rom]\nany_device = true", True, "rom.any_device"),
        ("ivybridge", '[hypervisor]\nkind = "none"\n[rom]', True, "the host's own firmware"),
    ],
)
def test_which_rom_the_firmware_takes(tmp_path, host, more, taken, how):
    """QEMU makes ids right in its own ROMs only; SeaBIOS compares PCIR's id, not the list behind it."""
    summary = summary_of(tmp_path, f'[host]\ncpu = "{host}"\n{more}')
    (check,) = [check for check in summary.checks if check.id == "rom-found"]
    assert (summary.rom.taken, check.ok) == (taken, taken)
    assert how in check.detail
    assert summary.stop.reason == ("completed" if taken else "error")
    assert taken or ("fwsim rom fix" in check.detail and not summary.gtt.writes)


def child(port):
    """A child device of 38 bytes at a DVO port."""
    record = bytearray(38)
    record[0:4] = b"\x40\0\xd6\x60"
    record[16] = port
    return bytes(record)


def rom_with(make, tmp_path, *ports, crt=False):
    """A ROM whose VBT has a child device at each of these DVO ports (Linux intel_vbt_defs.h)."""
    table = make.vbt([(1, bytes((0, 0, 0, 0, crt, 0))), (2, b"\2\4\1\0\x26" + b"".join(map(child, ports)))])
    path = tmp_path / "vbt.rom"
    path.write_bytes(make.legacy(blocks=8, extra=[(0x400, table), (0x1A, (0x400).to_bytes(2, "little"))]))
    return load(path)


@pytest.mark.parametrize(
    ("ports", "crt", "known"),
    [((8, 9), False, ("dp-c", "dp-d")), ((10, 1), False, ("edp", "hdmi-b")), ((4,), True, ("lvds", "crt")),
     ((7, 7, 21), False, ("dp-b",))],
)  # fmt: skip
def test_ports_of_a_vbt(make, tmp_path, ports, crt, known):
    assert vbt_ports(rom_with(make, tmp_path, *ports, crt=crt)) == known


def test_the_display_is_where_the_vbt_has_a_port(make, tmp_path):
    rom, log = rom_with(make, tmp_path, 10, 8, 9), []
    usual = loads('[host]\ncpu = "skylake"', "s")
    assert list(attached(usual, rom, log)) == ["dp-c"]  # no panel where there is another
    assert "as the ROM's VBT has it (edp, dp-c, dp-d)" in log[0]
    asked, log = loads('[host]\ncpu = "skylake"\n[[display]]\nport = "hdmi-c"', "s"), []
    assert list(attached(asked, rom, log)) == ["hdmi-c"]
    assert "the ROM's VBT has no hdmi-c" in log[0]
    named, log = loads('[host]\ncpu = "skylake"\n[[display]]\nport = "dp-d"', "s"), []
    assert (list(attached(named, rom, log)), log) == (["dp-d"], [])
