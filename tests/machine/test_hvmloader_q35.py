"""A guest of Xen's on a q35: hvmloader with the MMCONFIG series has put the window where PCIEXBAR and MCFG say."""

import shutil
import struct
import subprocess

import pytest
from config_code import configured, window_read
from flat import GDT, unreal

from fwsim.errors import FwsimError
from fwsim.trace.event import Actor, Op, Space

XEN = """
[host]
cpu = "sandybridge"
[hypervisor]
kind = "xen"
[guest]
machine = "q35"
ram = "2G"
[firmware]
kind = "hvmloader"
version = "mmconfig"
"""
IDS = 0x29C08086
TABLES = 0xFC001000


def memory(made, address: int, size: int) -> bytes:
    return bytes(made.machine.engine.read(address, size))


def firmware_writes(made) -> list[tuple[int, int]]:
    """(Offset, value) of what the firmware wrote to 00:00.0."""
    rows = made.events()
    rows = rows[(rows["actor"] == Actor.FIRMWARE) & (rows["space"] == Space.PCI) & (rows["op"] == Op.WRITE)]
    return [(int(row["address"]) & 0xFFF, int(row["value"])) for row in rows if int(row["address"]) >> 12 == 0]


@pytest.mark.parametrize(("ecam", "base", "value"), [("64M", 0xF0000000, 0xF0000005), ("256M", 0xD0000000, 0xD0000001)])
def test_code_reaches_configuration_space_through_the_window(rig, ecam, base, value):
    """The IGD has BARs of 4 MiB and 256 MiB: a window of 256 MiB comes behind the one of its size, in a larger hole."""
    toml = f'{XEN}[firmware.options]\necam = "{ecam}"\n'
    made = rig(unreal(window_read(base, 4) + window_read(base + 0x60, 4) + "cb"), toml, memory=GDT)
    assert made.post().reason == "completed"
    assert [row[3] for row in configured(made)] == [IDS, value]
    assert firmware_writes(made) == [(0x60, 0), (0x64, 0), (0x60, value)]


def test_the_guest_finds_the_table_that_says_so(rig):
    """RSDP, XSDT, MCFG, read from the guest's memory as an operating system does: every sum is 0."""
    made = rig("cb", XEN)
    rsdp = memory(made, 0xEA020, 36)
    assert rsdp[:8] == b"RSD PTR "
    assert sum(rsdp[:20]) & 0xFF == sum(rsdp) & 0xFF == 0
    for at, pointer in ((16, "<I"), (24, "<Q")):
        (root,) = struct.unpack_from(pointer, rsdp, at)
        assert TABLES <= root < 0xFC00B000
        size = struct.unpack("<I", memory(made, root + 4, 4))[0]
        table = memory(made, root, size)
        assert sum(table) & 0xFF == 0
        (mcfg,) = struct.unpack_from(pointer, table, 36)
        found = memory(made, mcfg, 60)
        assert found[:4] == b"MCFG"
        assert sum(found) & 0xFF == 0
        assert struct.unpack_from("<QHBB", found, 44) == (0xF0000000, 0, 0, 63)


@pytest.mark.skipif(not shutil.which("iasl"), reason="no iasl: Debian's acpica-tools")
def test_iasl_takes_the_table_apart(rig, tmp_path):
    made = rig("cb", XEN + '[firmware.options]\necam = "128M"\n')
    file = tmp_path / "mcfg.dat"
    file.write_bytes(memory(made, TABLES, 60))
    done = subprocess.run(["iasl", "-d", file.name], cwd=tmp_path, capture_output=True, text=True, check=True)
    text = (tmp_path / "mcfg.dsl").read_text()
    assert "Incorrect checksum" not in text + done.stdout + done.stderr
    said = dict(line.split("]", 1)[1].split(" : ", 1) for line in text.splitlines() if " : " in line)
    said = {name.split("]")[-1].strip(): value.strip() for name, value in said.items()}
    assert said["Base Address"] == "00000000F0000000"
    assert (said["Start Bus Number"], said["End Bus Number"]) == ("00", "7F")
    assert said["Oem ID"] == '"Xen"'


def test_without_the_series_nothing_is_written_and_no_table_lies_there(rig):
    made = rig("cb", XEN.replace("q35", "pc").replace('version = "mmconfig"', ""))
    assert firmware_writes(made) == []
    assert not any(memory(made, 0xEA020, 36))


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [("ecam", '"32M"', "0x2000000"), ("mmio_hole_size", '"5G"', "5G"), ("low_mem_pgend", "0xff000", "0xff000 pages")],
)
def test_refused_in_the_words_of_the_scenario(rig, option, value, found):
    with pytest.raises(FwsimError) as caught:
        rig("cb", f"{XEN}[firmware.options]\n{option} = {value}\n")
    assert caught.value.where == f"firmware.options.{option}"
    assert caught.value.found.startswith(found)


def test_devices_behind_a_bridge_need_the_option(rig):
    bridge = """
[[function]]
slot = "00:04.0"
vendor = 0x1b36
device = 0x000c
class = 0x060400
[[function]]
slot = "00.0"
behind = "00:04.0"
bars = ["mem 2M"]
"""
    made = rig("cb", XEN + bridge)
    log = "\n".join(made.built.log)
    assert "hvmloader scans bus 0 only: 01:00.0 gets no address" in log
    made = rig("cb", f"{XEN}[firmware.options]\nbridges = true\n{bridge}")
    pci = made.machine.pci
    at = pci.seen_by_guest(pci.slot(0x100), 0x10, 4)
    window = pci.seen_by_guest(pci.slot(0x20), 0x20, 4)
    assert at
    assert (window & 0xFFF0) << 16 == at
    assert window & 0xFFF00000 | 0xFFFFF == at + 0x1FFFFF


def test_ram_is_where_hvmloader_moved_it(rig):
    """A card of 1 GiB makes the hole begin at 80000000h: of 3 GiB of RAM the third is at 4 GiB, and is RAM there."""
    card = '[[function]]\nslot = "00:05.0"\nbars = ["pref64 1G"]\n'
    made = rig("cb", XEN.replace("q35", "pc").replace('version = "mmconfig"', "").replace("2G", "3G") + card)
    machine = made.machine
    assert (machine.low, machine.high) == (0x80000000, 1 << 30)
    assert [row for row in made.built.placed.e820 if row[2] == "RAM"][1:] == [
        (1 << 20, 0x80000000, "RAM"), (1 << 32, 5 << 30, "RAM")
    ]  # fmt: skip
    assert any("pci_mem_start=0x80000000, 0x40000 pages relocated" in line for line in made.built.log)
    assert made.built.placed.bars[2] == 0xC0000000
    machine.engine.write((5 << 30) - 4, b"last")
    assert memory(made, (5 << 30) - 4, 4) == b"last"
    assert machine.ram.read(machine.ram.size - 4, 4) == b"last"
