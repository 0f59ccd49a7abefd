"""Our ROM's POST does to the hardware what it should, on a bare Unicorn machine that shares nothing with fwsim."""

import pytest
from bare_machine import ROM, BareMachine, StoppedError, sound_edid

BASE = 0xDBA00000


def posted(**options):
    machine = BareMachine(**options)
    machine.post()
    assert machine.strange == set()
    return machine


@pytest.mark.parametrize(
    ("device", "lpc", "ggc", "pages", "step"),
    [
        (0x0126, 0x1C4F, 0x0209, 8191, 4),  # 32 MiB
        (0x0126, 0x1C4F, 0x0000, 255, 4),
        (0x0126, 0xFFFF, 0x0211, 16383, 4),  # no LPC bridge at all
        (0x0166, 0x1E55, 0x0209, 8191, 4),
        (0x0416, 0x8C4F, 0x0209, 8191, 4),
        (0x1616, 0x9CC3, 0x0141, 8191, 8),
        (0x1912, 0xA145, 0x02C1, 16383, 8),
        (0x3E92, 0xA305, 0xF0C1, 1023, 8),  # 4 MiB
        (0x5917, 0x9D48, 0xF1C1, 2047, 8),  # 8 MiB
        (0x5917, 0x9D48, 0x0000, 255, 8),
    ],
)
def test_gtt_entries(device, lpc, ggc, pages, step):
    machine = posted(device=device, lpc=lpc, ggc=ggc)
    wanted = []
    for n in range(pages):
        wanted.append((step * n + 1, (BASE + n * 4096 | 1) & 0xFFFFFFFF))
        if step == 8:
            wanted.append((step * n + 5, 0))
    assert machine.gtt == wanted


def test_configuration_it_reads():
    machine = posted()
    assert machine.config_reads == [(0x10, 2), (0xF8, 2), (0x10, 0x20), (0xF8, 0x40), (0, 0x50), (0x10, 0x5E)]


def test_a_posted_shadow_keeps_the_first_base():
    shadow = posted().shadow()
    assert shadow[0x200:0x204] == BASE.to_bytes(4, "little")
    assert sum(shadow) & 0xFF != 0
    again = posted(rom=shadow, bdsm=0x7B000000, ggc=0)
    assert (0x10, 0x5E) not in again.config_reads
    assert again.gtt[0] == (1, BASE | 1)
    assert len(again.gtt) == 255


def test_a_cleared_variable_makes_it_read_the_base_again():
    shadow = bytearray(posted().shadow())
    shadow[0x200:0x204] = bytes(4)
    assert posted(rom=bytes(shadow), bdsm=0x7B000000).gtt[0] == (1, 0x7B000001)


def test_only_the_variables_change():
    shadow = posted(edid=sound_edid()).shadow()
    assert {offset for offset in range(len(ROM)) if ROM[offset] != shadow[offset]} <= set(range(0x200, 0x2A0))


def test_a_base_of_zero_is_used_and_asked_for_again():
    machine = posted(bdsm=0)
    assert machine.gtt[1] == (5, 0x1001)
    assert machine.shadow()[0x200:0x204] == bytes(4)


@pytest.mark.parametrize(
    "options", [{"device": 0x1912, "lpc": 0x7000}, {"device": 0x1912, "lpc": 0xFFFF}, {"device": 0x2222}]
)
def test_unknown_ids_are_a_dead_end(options):
    with pytest.raises(StoppedError) as stopped:
        BareMachine(**options).post()
    segment, offset = stopped.value.args
    assert segment == 0xC000
    assert ROM[offset : offset + 2] == b"\xeb\xfe"


def test_an_id_patched_into_pcir_is_accepted():
    rom = bytearray(ROM)
    rom[0x46:0x48] = (0x0176).to_bytes(2, "little")
    assert posted(rom=bytes(rom), device=0x0176).gtt


def test_without_an_io_bar_it_does_nothing():
    machine = posted(iobar=0)
    assert machine.gtt == machine.written == []
    assert machine.memory(0x40, 4) == b"\x65\xf0\x00\xf0"


def test_vectors_banner_and_data_area():
    machine = posted()
    assert machine.memory(0x42, 2) == b"\x00\xc0"
    assert machine.memory(0x42 * 4, 4) == b"\x65\xf0\x00\xf0"
    assert machine.text(0) == "fwsim IGD vBIOS, stolen memory at dba00000"
    assert machine.memory(0x449, 5) == b"\x03\x50\x00\x00\x10"
    assert machine.memory(0x450, 2) == b"\x00\x01"


@pytest.mark.parametrize("pmbase", [0x401, 0, 0xFFFF])
def test_monitor(pmbase):
    machine = posted(edid=sound_edid(), pmbase=pmbase)
    assert machine.shadow()[0x212:0x214] == b"\x01\x01"
    assert machine.shadow()[0x220:0x2A0] == sound_edid()
    assert machine.registers[0xE1100] >> 31


def test_monitor_on_another_pin():
    assert posted(edid=sound_edid(), pin=5).shadow()[0x213] == 1


def test_a_bad_edid_is_refused():
    assert posted(edid=sound_edid()[:-1] + b"\x00").shadow()[0x213] == 0


@pytest.mark.parametrize("pmbase", [0x401, 0])
def test_no_monitor(pmbase):
    machine = posted(crt=False, pmbase=pmbase)
    assert machine.shadow()[0x212:0x214] == b"\x00\x00"
    assert not machine.registers[0xE1100] >> 31
