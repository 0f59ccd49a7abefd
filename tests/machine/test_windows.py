"""The guest moves and sizes BARs, and switches decoding: what answers where follows at once."""

import pytest

from fwsim.trace.event import Actor, Op, Space

BAR0, APERTURE, IOBAR = 0xFE400000, 0xE0000000, 0xC000
ONES = b"\xff" * 4


def config_write(offset: int, value: int) -> str:
    address = 0x80001000 | offset
    return (
        "66b8" + address.to_bytes(4, "little").hex() + "baf80c66ef"
        "66b8" + value.to_bytes(4, "little").hex() + "bafc0c66ef"
    )


def config_read(offset: int) -> str:
    return "66b8" + (0x80001000 | offset).to_bytes(4, "little").hex() + "baf80c66efbafc0c66ed"


def reads(made) -> list[tuple[int, int]]:
    rows = [e for e in made.events() if e["space"] == Space.PCI and e["op"] == Op.READ and e["actor"] == Actor.ROM]
    return [(int(e["address"]) & 0xFFF, int(e["value"])) for e in rows]


def test_sizing_reads_back_the_mask_and_the_windows_survive(rig):
    """All ones, read, restore, for every BAR: 4 MiB 64-bit, 256 MiB prefetchable, 64 ports (2nd gen Core, vol. 2)."""
    code = "".join(
        config_write(offset, 0xFFFFFFFF) + config_read(offset) + config_write(offset, old)
        for offset, old in ((0x10, BAR0), (0x18, APERTURE), (0x20, IOBAR | 1), (0x1C, 0))
    )
    made = rig(bytes.fromhex(code + "cb"))
    assert made.post().reason == "completed"
    assert reads(made) == [(0x10, 0xFFC00004), (0x18, 0xF000000C), (0x20, 0xFFFFFFC1), (0x1C, 0xFFFFFFFF)]
    machine = made.machine
    assert machine.engine.read(BAR0 + 0x60000, 4) != ONES
    assert machine.ports[IOBAR : IOBAR + 64].tolist() == [6] * 64
    assert not any(machine.ports[0xFFC0:0x10000])


def test_a_moved_bar_answers_there_and_nowhere_else(rig):
    made = rig(bytes.fromhex(config_write(0x10, 0xC8000000) + "cb"))
    made.post()
    machine = made.machine
    machine.engine.write(0xC8000000 + 0x60000, b"\x12\x34\x56\x07")
    assert machine.engine.read(0xC8060000, 4) == b"\x12\x34\x56\x07"
    assert machine.igd.register(0x60000) == 0x07563412
    assert machine.engine.read(BAR0 + 0x60000, 4) == ONES


def test_the_command_register_switches_memory_and_ports(rig):
    made = rig(bytes.fromhex(config_write(4, 0) + "ba04c0 66ed" + config_read(4) + "cb"))
    made.post()
    assert made.machine.engine.read(BAR0 + 0x60000, 4) == ONES
    assert made.ports()[-2:][0][1:3] in ((0xC004, 0xFFFFFFFF), (0xCF8, 0x80001004))
    assert (0xC004, 0xFFFFFFFF) in [(port, value) for _, port, value, _ in made.ports()]
    assert reads(made)[0][1] & 7 == 0
    made = rig(bytes.fromhex(config_write(4, 0) + config_write(4, 3) + "cb"))
    made.post()
    assert made.machine.engine.read(BAR0 + 0x60000, 4) != ONES
    assert made.machine.ports[IOBAR] == 6


def test_a_moved_io_bar_works_and_gives_ports_back(rig):
    """To 3C0h, over the VGA's ports, and away again: the VGA has them back."""
    made = rig(bytes.fromhex(config_write(0x20, 0x3C1) + config_write(0x20, 0x8001) + "b82a00 ba0080 ef cb"))
    before = bytes(made.machine.ports[0x3C0:0x400])
    made.post()
    assert bytes(made.machine.ports[0x3C0:0x400]) == before
    assert made.machine.ports[0x8000] == 6
    assert made.machine.ports[IOBAR] == 0


def test_two_bars_on_one_place_do_not_upset_the_machine(rig):
    """BAR0 put over the aperture and back: both answer again."""
    made = rig(bytes.fromhex(config_write(0x10, APERTURE) + config_write(0x10, BAR0) + "cb"))
    assert made.post().reason == "completed"
    assert made.machine.engine.read(BAR0 + 0x60000, 4) != ONES


def test_a_bar_over_ram_leaves_the_ram(rig):
    made = rig(bytes.fromhex(config_write(0x10, 0x00400000) + "cb"), memory={0x00460000: b"RAM!"})
    assert made.post().reason == "completed"
    assert made.machine.engine.read(0x00460000, 4) == b"RAM!"


def test_ram_above_4_gib_is_there(rig):
    made = rig("cb", '[guest]\nram = "6G"\n')
    made.machine.engine.write(1 << 32, b"high")
    assert made.machine.engine.read(1 << 32, 4) == b"high"
    assert made.machine.ram.read(made.machine.low, 4) == b"high"


GR15 = "bac203 b067 ee bace03 b015 ee 42 ec cb"  # misc 67h: colour; then 3CEh = 15h, in al from 3CFh
GEN3 = '[host]\ncpu = "945"\n[hypervisor]\nkind = "none"\n'


@pytest.mark.parametrize("base", [0xD0000000, 0xE0000000, 0xB0000000])
def test_gen_3_says_in_gr15_where_its_aperture_is(rig, base):
    """945GM images (1313, 1313d) name GR15 * 1000000h as their frame buffer; ROMs write GR15 without effect."""
    write = "bace03 b81555 ef"  # GR15 = 55h
    made = rig(bytes.fromhex(config_write(0x18, base) + write + GR15), GEN3)
    made.post()
    assert made.ports()[-1][1:3] == (0x3CF, base >> 24)


def test_other_generations_keep_what_is_written_there(rig):
    made = rig(bytes.fromhex("bac203 b067 ee bace03 b81555 ef" + GR15))
    made.post()
    assert made.ports()[-1][1:3] == (0x3CF, 0x55)
