"""Once POST is over C0000 is read-only, as SeaBIOS leaves it: writes are dropped and recorded."""

import pytest

from fwsim.trace.event import Flag, Op, Space

HOOKED = (
    "31c0 8ed8 c70680002001 c706820000c0"  # INT 20h is C000:0120
    " 2ec606400155 cb"  # mov byte [cs:0140], 55h: POST may write
)
HANDLER = "2e c6064101aa 2ea04001 2e8a264101 cf"  # mov byte [cs:0141], aah; al, ah = both bytes


def code() -> bytes:
    return bytes.fromhex(HOOKED).ljust(0x20, b"\x90") + bytes.fromhex(HANDLER).ljust(0x20, b"\x90") + b"\x11\x22"


def test_a_write_after_post_is_dropped(rig):
    made = rig(code())
    assert made.post().reason == "completed"
    assert made.machine.ram.read(0xC0140, 2) == b"\x55\x22"
    assert made.session.interrupt(0x20, {}).reason == "completed"
    assert made.session.cpu.get("ax") == 0x2255
    (row,) = [e for e in made.events() if e["space"] == Space.MEMORY and e["op"] == Op.WRITE]
    assert (int(row["address"]), int(row["value"]), int(row["width"]), int(row["ip"])) == (0xC0141, 0xAA, 1, 0x120)
    assert int(row["flags"]) & Flag.UNHANDLED


def test_a_second_post_may_write_again(rig):
    made = rig(code())
    made.post()
    made.session.interrupt(0x20, {})
    made.machine.ram.write(0xC0140, b"\x11")
    assert made.post().reason == "completed"
    assert made.machine.ram.read(0xC0140, 1) == b"\x55"


def test_a_snapshot_keeps_the_lock(rig):
    made = rig(code())
    made.post()
    before = made.session.slices.snapshot()
    made.session.interrupt(0x20, {})
    locked = made.session.slices.snapshot()
    made.session.slices.restore(before)
    assert made.machine.pci.read(made.machine.root, 0, 0x5A, 1) == 0x33
    made.session.slices.restore(locked)
    made.session.interrupt(0x20, {})
    assert made.session.cpu.get("ax") == 0x2255


STORE = "31c0 8ed8 c70680002001 c706820000c0 cb"
"""POST: INT 20h is C000:0120."""


def stores_at(rig, segment: str, toml: str) -> int:
    """AL after INT 20h wrote 77h to the first byte of ``segment`` (hexadecimal, low byte first) and read it back."""
    made = rig(
        bytes.fromhex(STORE).ljust(0x20, b"\x90") + bytes.fromhex(f"b8{segment} 8ed8 c606000077 a00000 cf"), toml
    )
    made.post()
    made.session.interrupt(0x20, {})
    return made.session.cpu.get("al")


@pytest.mark.parametrize(
    ("segment", "toml", "writable"),
    [
        ("00c8", "", False),  # C8000: behind a ROM of 4 KiB
        ("00e4", "", False),
        ("00e8", "", True),  # SeaBIOS's own memory below 1 MiB begins
        ("00c1", "", True),  # kvmvapic, 9 KiB from C1000 on
        ("c0c3", "", True),  # C3C00: its pages, rounded out
        ("00c4", "", False),
        ("00c1", '[hypervisor]\nvapic = "off"', False),
        ("00c1", '[hypervisor]\nkind = "xen"', False),
        ("00c1", '[hypervisor]\nkind = "none"\n[firmware]\nkind = "none"', False),
        ("00c8", '[hypervisor]\nkind = "none"\n[firmware]\nkind = "none"', True),  # a host: the ROM's 32 KiB alone
    ],
)
def test_what_takes_writes_after_post(rig, segment, toml, writable):
    """Measured with QEMU 7.2 and 11.1.3 (tests/oracle/measured_chipset.py); the host is no guest of theirs."""
    assert (stores_at(rig, segment, toml) == 0x77) is writable


def test_the_bios_itself_is_locked_too(rig):
    """SeaBIOS src/fw/shadow.c, make_bios_readonly: F0000-FFFFF last. INT 20h writes F000:0100 and reads it back."""
    made = rig(
        bytes.fromhex("31c0 8ed8 c70680002001 c706820000c0 cb").ljust(0x20, b"\x90")
        + bytes.fromhex("b800f0 8ed8 8a260001 f6d4 88260001 a00001 cf")
    )
    made.post()
    before = made.machine.ram.read(0xF0100, 1)
    made.session.interrupt(0x20, {})
    assert made.session.cpu.get("al") == before[0] == made.session.cpu.get("ah") ^ 0xFF
    assert made.machine.ram.read(0xF0100, 1) == before
