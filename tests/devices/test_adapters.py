"""Which card a ROM is for, and the registers of the cards that are not plain VGAs."""

import pytest
from vga_rig import Rig, bar_read, bar_write

from fwsim.devices.adapters import ADAPTERS, CLASS_DISPLAY_OTHER, Role, adapter_for, adapter_named
from fwsim.devices.vga.render import render
from fwsim.errors import FwsimError
from fwsim.units import MIB

EDID = bytes([0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]) + bytes(range(8, 128))


@pytest.mark.parametrize(
    ("vendor", "device", "kind"),
    [
        (0x1234, 0x1111, "stdvga"),
        (0x1013, 0x00B8, "cirrus"),
        (0x1002, 0x5046, "ati"),
        (0x1002, 0x5159, "ati"),
        (0x1B36, 0x0100, "qxl"),
        (0x1AF4, 0x1050, "virtio"),
        (0x15AD, 0x0405, "vmware"),
        (0x121A, 0x0003, "banshee"),
    ],
)
def test_the_ids_of_a_rom_choose_the_card(vendor, device, kind):
    adapter = adapter_for(vendor, device)
    assert adapter is not None
    assert adapter.kind == kind
    assert (adapter.vendor, adapter.device) == (vendor, device)


def test_the_class_tells_bochs_display_from_stdvga():
    adapter = adapter_for(0x1234, 0x1111, CLASS_DISPLAY_OTHER)
    assert adapter is not None
    assert adapter.kind == "bochs-display"


def test_an_unknown_id_has_no_card():
    assert adapter_for(0x8086, 0x0126) is None


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(FwsimError, match="stdvga"):
        adapter_named("s3")


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.kind)
def test_bars_are_powers_of_two_and_memory_fits(adapter):
    for bar in adapter.bars:
        assert bar.size & (bar.size - 1) == 0
        assert 0 <= bar.index < 6
        if bar.role is Role.VRAM:
            assert bar.size >= adapter.vram_size
    assert len({bar.index for bar in adapter.bars}) == len(adapter.bars)
    assert len(adapter.make().vram) == adapter.vram_size


class Wires:
    """An I2C master on the DDC pins of a card: ``pull`` drives the two lines, ``sample`` reads data."""

    def __init__(self, pull, sample):
        self.pull, self.sample = pull, sample

    def start(self):
        self.pull(1, 1)
        self.pull(1, 0)
        self.pull(0, 0)

    def stop(self):
        self.pull(0, 0)
        self.pull(1, 0)
        self.pull(1, 1)

    def send(self, byte):
        """Returns whether the slave acknowledged."""
        for bit in range(7, -1, -1):
            for clock in (0, 1, 0):
                self.pull(clock, byte >> bit & 1)
        self.pull(0, 1)
        self.pull(1, 1)
        acknowledged = not self.sample()
        self.pull(0, 1)
        return acknowledged

    def receive(self, more):
        value = 0
        for _ in range(8):
            self.pull(1, 1)
            value = value << 1 | self.sample()
            self.pull(0, 1)
        self.pull(0, 0 if more else 1)
        self.pull(1, 0 if more else 1)
        self.pull(0, 0 if more else 1)
        return value


def _edid_over(wires):
    wires.start()
    assert wires.send(0xA0)
    assert wires.send(0)
    wires.start()
    assert wires.send(0xA1)
    data = bytes(wires.receive(index < 127) for index in range(128))
    wires.stop()
    return data


def _ati(device=0x5159):
    adapter = adapter_for(0x1002, device)
    assert adapter is not None
    return Rig(adapter.make(EDID))


def _ati_wires(rig, register, base):
    def pull(clock, data):
        value = (0 if clock else 1 << base + 17) | (0 if data else 1 << base + 16)
        bar_write(rig.root, int(Role.ATI), register, 4, value)

    return Wires(pull, lambda: int(bar_read(rig.root, int(Role.ATI), register, 4)) >> (base + 8) & 1)


@pytest.mark.parametrize(("register", "base"), [(0x60, 0), (0x64, 0), (0x68, 1)])
def test_ati_reads_the_edid_over_its_ddc_pins(register, base):
    assert _edid_over(_ati_wires(_ati(), register, base)) == EDID


def test_nobody_acknowledges_another_address_or_without_a_monitor():
    rig = _ati()
    wires = _ati_wires(rig, 0x60, 0)
    wires.start()
    assert not wires.send(0x6E)
    wires.stop()
    rig.vga.set_monitor(None)
    wires.start()
    assert not wires.send(0xA0)


def test_cirrus_reads_the_edid_over_sr8():
    rig = Rig(adapter_named("cirrus").make(EDID))

    def sample():
        rig.out(0x3C4, 8)
        return rig.inp(0x3C5) >> 7 & 1

    assert _edid_over(Wires(lambda clock, data: rig.seq(8, 0x40 | data << 1 | clock), sample)) == EDID


def test_banshee_reads_the_edid_over_its_serial_port_register():
    rig = Rig(adapter_named("banshee").make(EDID))
    role = int(Role.BANSHEE)
    wires = Wires(
        lambda clock, data: bar_write(rig.root, role, 0x78, 4, 1 << 18 | clock << 19 | data << 20),
        lambda: int(bar_read(rig.root, role, 0x78, 4)) >> 22 & 1,
    )
    assert int(bar_read(rig.root, role, 0x78, 4)) >> 19 & 3 == 3  # both lines released at reset
    assert _edid_over(wires) == EDID


def test_ati_registers_above_100h_go_through_mm_index_and_data():
    rig, role = _ati(), int(Role.ATI)
    bar_write(rig.root, role, 0, 4, 0x22C)
    bar_write(rig.root, role, 4, 4, 0x50)
    assert int(bar_read(rig.root, role, 4, 4)) == 0x50
    assert int(bar_read(rig.root, role, 0x22C, 4)) == 0x50
    assert int(bar_read(rig.root, role, 0xF8, 4)) == 16 * MIB
    bar_write(rig.root, role, 0, 4, 0x8000_0010)  # bit 31: video memory
    bar_write(rig.root, role, 4, 4, 0xAABBCCDD)
    assert list(rig.vga.vram[0x10:0x14]) == [0xDD, 0xCC, 0xBB, 0xAA]


def test_ati_extended_mode_is_on_the_picture():
    rig, role = _ati(), int(Role.ATI)
    for register, value in ((0x50, 0x03000600), (0x200, 99 << 16), (0x208, 599 << 16), (0x224, 0x1000), (0x22C, 104)):
        bar_write(rig.root, role, register, 4, value)
    rig.vga.vram[0x1000 + 2 * 832 * 4 + 2] = 0xFF
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == ("ati 800x600x32", 800, 600)
    assert tuple(picture.rgb[2, 0]) == (255, 0, 0)
    bar_write(rig.root, role, 0x54, 4, 0x400)
    assert not render(rig.vga).rgb.any()


def test_banshee_shows_its_desktop_and_banks_in_32k_steps():
    rig, role = Rig(adapter_named("banshee").make()), int(Role.BANSHEE)
    bar_write(rig.root, role, 0xC2 - 0x00, 1, 0x67)  # C2h: port 3C2
    assert int(bar_read(rig.root, role, 0xCC, 1)) == 0x67
    bar_write(rig.root, role, 0x2C, 4, 1 << 20 | 3)
    rig.write(0xA0000, 0x0000F800, 4)
    assert list(rig.vga.vram[0x18000:0x18002]) == [0x00, 0xF8]
    for register, value in ((0x5C, 0x40081), (0x98, 480 << 12 | 640), (0xE4, 0x18000), (0xE8, 1280)):
        bar_write(rig.root, role, register, 4, value)
    picture = render(rig.vga)
    assert (picture.mode, picture.width, picture.height) == ("banshee 640x480x16", 640, 480)
    assert tuple(picture.rgb[0, 0]) == (255, 0, 0)
