"""``trace export --format qemu`` against the release's own events: their formats, and their order in its source."""

import re

import pytest
from guest_rig import GuestRig

from fwsim.cli.trace_export import _qemu_log
from fwsim.devices.igd.layout import G_GTT_AT
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.importer import LogReader
from fwsim.trace.qemu_lines import QemuLines

FORMATS = {
    "vfio_pci_read_config": " (%s, @0x%x, len=0x%x) 0x%x",
    "vfio_pci_write_config": " (%s, @0x%x, 0x%x, len=0x%x)",
    "vfio_region_write": " (%s:region%d+0x%x, 0x%x, %d)",
    "vfio_region_read": " (%s:region%d+0x%x, %d) = 0x%x",
    "vfio_vga_write": " (0x%x, 0x%x, %d)",
    "vfio_vga_read": " (0x%x, %d) = 0x%x",
    "vfio_pci_reset": " (%s)",
    "vfio_pci_reset_flr": "%s FLR/VFIO_DEVICE_RESET",
    "vfio_quirk_generic_mirror_read": "%s %s 0x%x: 0x%x",
    "vfio_quirk_generic_mirror_write": "%s %s 0x%x: 0x%x",
    "vfio_pci_igd_opregion_enabled": "%s",
    "vfio_pci_igd_host_bridge_enabled": "%s",
    "vfio_pci_igd_lpc_bridge_enabled": "%s",
    "vfio_pci_igd_bar4_write": "%s [0x%03x] 0x%08x -> 0x%08x",
    "vfio_pci_igd_bdsm_enabled": "%s %dMB",
    "vfio_pci_igd_vbios_patched": "%s",
    "pci_cfg_read": "%s %02x:%02x.%x @0x%x -> 0x%x",
    "pci_cfg_write": "%s %02x:%02x.%x @0x%x <- 0x%x",
}
"""hw/vfio/trace-events of 7.2, 10.0.13 (it alone has vbios_patched) and 10.2.2, and hw/pci/trace-events."""
D = "0000:00:02.0"
FIELDS = {"%s": r"[\w:.-]+", "%d": r"\d+", "%x": r"[0-9a-f]+", "%02x": r"[0-9a-f]{2,}", "%03x": r"[0-9a-f]{3,}",
          "%08x": r"[0-9a-f]{8}"}  # fmt: skip


def pattern(name):
    parts = re.split(r"(%\d*[sdx])", FORMATS[name])
    return re.compile(re.escape(name + " ") + "".join(FIELDS.get(part, re.escape(part)) for part in parts))


PATTERNS = {name: pattern(name) for name in FORMATS}


@pytest.fixture
def rig():
    made = []

    def make(*arguments, **named):
        made.append(GuestRig.of(*arguments, **named))
        return made[-1]

    yield make
    for each in made:
        each.close()


def log(made, *, timestamps=False, skip=0):
    """The lines of a rig's machine; ``skip`` leaves out the events that were there before."""
    events = made.machine.recorder.tail(made.machine.recorder.count)[skip:]
    return list(QemuLines(int(made.machine.igd.block[G_GTT_AT]), timestamps=timestamps,
                          log=_qemu_log(made.machine.scenario)).lines(events))  # fmt: skip


def told(lines):
    """Without the set-up's zeroes, and what the firmware did: up to the reset."""
    end = lines.index(f"vfio_pci_reset  ({D})")
    return [line for line in lines[:end] if "region4" not in line]


def since(made, act):
    before = made.machine.recorder.count
    act()
    lines = log(made, skip=before)
    return lines[lines.index(f"vfio_pci_reset_flr {D} FLR/VFIO_DEVICE_RESET") + 1 :]


@pytest.mark.parametrize("profile", ["7.2", "9.2", "10.0", "10.0.13", "10.2", "next"])
def test_every_line_has_the_form_that_the_source_gives_it(rig, profile):
    made = rig("qemu", profile, cpu="skylake", ggc=0x02C1)
    made.out(0, 1)
    made.out(4, 0x12345001)
    made.bar0(0x1080C0)
    made.set_bar0(0x1080C0, 0x7CF00000)
    for line in log(made):
        name = line.partition(" ")[0]
        assert PATTERNS[name].fullmatch(line), line


def test_set_up_up_to_9_2_is_in_the_order_of_its_source(rig):
    """GMCH, bridges, OpRegion, the host's BDSM; 512 entries, GMCH read twice at each look at the limit; the sizes."""
    lines = log(rig("qemu", "7.2", ggc=0x0209, bdsm=0xDBA00000))
    gmch = f"vfio_pci_read_config  ({D}, @0x50, len=0x4) 0x201"
    assert told(lines) == [
        f"vfio_pci_read_config  ({D}, @0x50, len=0x4) 0x209",
        f"vfio_pci_igd_lpc_bridge_enabled {D}",
        f"vfio_pci_igd_host_bridge_enabled {D}",
        f"vfio_pci_igd_opregion_enabled {D}",
        f"vfio_pci_read_config  ({D}, @0x5c, len=0x4) 0xdba00001",
        *[gmch] * 2 * 513,
        f"vfio_pci_igd_bdsm_enabled {D} 2MB",
    ]
    zeroes = [line for line in lines if "region4" in line]
    assert zeroes[:4] == [
        f"vfio_region_write  ({D}:region4+0x0, 0x1, 4)", f"vfio_region_write  ({D}:region4+0x4, 0x0, 4)",
        f"vfio_region_write  ({D}:region4+0x0, 0x5, 4)", f"vfio_region_write  ({D}:region4+0x4, 0x0, 4)",
    ]  # fmt: skip
    assert len(zeroes) == 1024


@pytest.mark.parametrize("profile", ["10.0", "10.2"])
def test_set_up_from_10_0_on(rig, profile):
    assert told(log(rig("qemu", profile, ggc=0x0209))) == [
        f"vfio_pci_read_config  ({D}, @0x50, len=0x4) 0x209",
        f"vfio_pci_igd_opregion_enabled {D}",
        f"vfio_pci_igd_lpc_bridge_enabled {D}",
        f"vfio_pci_igd_host_bridge_enabled {D}",
        f"vfio_pci_igd_bdsm_enabled {D} 32MB",
    ]


def test_a_q35_of_10_0_has_neither_bridges_nor_opregion(rig):
    assert told(log(rig("qemu", "10.0", machine="q35", ggc=0x0209))) == [
        f"vfio_pci_read_config  ({D}, @0x50, len=0x4) 0x209", f"vfio_pci_igd_bdsm_enabled {D} 32MB",
    ]  # fmt: skip
    assert told(log(rig("qemu", "9.2", machine="q35", ggc=0x0209))) == []


def port(made, *pairs):
    """The lines of writes to the port pair, the BAR's own place found by the guest's own write of it."""
    made.set_config(0x20, made.port)
    before = made.machine.recorder.count - 1
    for at, value in pairs:
        made.out(at, value)
    lines = log(made, skip=before)
    return [line for line in lines[lines.index(f"vfio_pci_reset_flr {D} FLR/VFIO_DEVICE_RESET") + 1 :]
            if "@0x20" not in line]  # fmt: skip


LOOK = [f"vfio_pci_read_config  ({D}, @0x50, len=0x4) 0x209"] * 2


def test_the_port_pair_up_to_9_2(rig):
    """An entry below the limit is told of, moved or not; one past it only costs the look; a register's costs none."""
    made = rig("qemu", "9.2", ggc=0x0209, bdsm=0xDBA00000)
    made.set_config(0x5C, 0x7CD00000)
    assert port(made, (0, 1), (4, 0xDBA00001), (0, 0x801), (4, 0xDBA00001), (0, 0x70180), (4, 5)) == [
        f"vfio_region_write  ({D}:region4+0x0, 0x1, 4)",
        *LOOK, f"vfio_pci_igd_bar4_write {D} [0x001] 0xdba00001 -> 0x7cd00001",
        f"vfio_region_write  ({D}:region4+0x4, 0x7cd00001, 4)",
        f"vfio_region_write  ({D}:region4+0x0, 0x801, 4)",
        *LOOK, f"vfio_region_write  ({D}:region4+0x4, 0xdba00001, 4)",
        f"vfio_region_write  ({D}:region4+0x0, 0x70180, 4)",
        f"vfio_region_write  ({D}:region4+0x4, 0x5, 4)",
    ]  # fmt: skip


def test_an_entry_that_is_the_guests_already_is_told_of_where_bases_are_the_same(rig):
    made = rig("qemu", "9.2", ggc=0x0209, bdsm=0x7CD00000)
    made.set_config(0x5C, 0x7CD00000)
    assert f"vfio_pci_igd_bar4_write {D} [0x001] 0x7cd00001 -> 0x7cd00001" in port(made, (0, 1), (4, 0x7CD00001))


def test_the_guest_that_dies_is_told_of_no_further(rig):
    made = rig("qemu", "9.2", ggc=0x0209)
    made.set_config(0x5C, 0)
    assert port(made, (0, 1), (4, 1)) == [f"vfio_region_write  ({D}:region4+0x0, 0x1, 4)", *LOOK]


def test_from_10_0_on_the_pair_is_passed(rig):
    made = rig("qemu", "10.0", ggc=0x0209)
    assert port(made, (0, 1), (4, 0xDBA00001)) == [
        f"vfio_region_write  ({D}:region4+0x0, 0x1, 4)", f"vfio_region_write  ({D}:region4+0x4, 0xdba00001, 4)",
    ]  # fmt: skip


def test_a_mirror_is_read_from_the_device_and_from_configuration_space(rig):
    made = rig("qemu", "10.0", cpu="skylake", ggc=0x02C1, bdsm=0xDBA00000)
    made.set_config(0x5C, 0x7CF00000)
    assert since(made, lambda: made.bar0(0x1080C0)) == [
        f"vfio_region_read  ({D}:region0+0x1080c0, 4) = 0xdba00001",
        f"vfio_pci_read_config  ({D}, @0x5c, len=0x4) 0x7cf00000",
        f"vfio_quirk_generic_mirror_read {D} vfio-igd-bdsm-quirk 0x5c: 0x7cf00000",
    ]
    assert since(made, lambda: made.set_bar0(0x1080C0, 0x7D000000)) == [
        f"vfio_pci_write_config  ({D}, @0x5c, 0x7d000000, len=0x4)",
        f"vfio_quirk_generic_mirror_write {D} vfio-igd-bdsm-quirk 0x5c: 0x7d000000",
    ]


def test_9_2s_own_mirror_tells_of_nothing(rig):
    made = rig("qemu", "9.2", cpu="tigerlake", device_id=0x9A49, ggc=0x02C1)
    assert since(made, lambda: (made.bar0(0x1080C0), made.set_bar0(0x1080C0, 1))) == []


def test_a_cleared_variable_is_told_of(rig):
    made = rig("qemu", "10.0.13")
    note = (0, 0, 0xC0200, 0, 0xDBA00000, 0, Flag.REWRITTEN, Actor.HYPERVISOR, Space.MEMORY, Op.NOTE, 4)
    assert since(made, lambda: made.machine.recorder.append(note)) == [f"vfio_pci_igd_vbios_patched {D}"]


@pytest.mark.parametrize(("profile", "stamped", "slot"), [("5.0", True, "02:0"), ("6.2", False, "02:0"),
                                                          ("7.2", False, "00:02.0")])  # fmt: skip
def test_what_the_releases_print_otherwise(rig, profile, stamped, slot):
    """Every line had a time up to 5.2 (418ed142 is of 2021-01); bus and function are there from 7.0 on."""
    made = rig("qemu", profile, ggc=0x0209)
    lines = since(made, lambda: made.config(0, 4)) if not stamped else log(made)
    assert all(bool(re.match(r"\d+@\d+\.\d{6}:", line)) == stamped for line in lines)
    if not stamped:
        assert f"pci_cfg_read vfio-pci {slot} @0x0 -> 0x1268086" in lines


def test_what_qemu_reads_for_itself_is_not_the_guests(rig):
    """An import has one GTT write, and no read of GMCH."""
    made = rig("qemu", "9.2", ggc=0x0209, bdsm=0xDBA00000)
    made.set_config(0x5C, 0x7CD00000)
    reader = LogReader()
    for line in port(made, (0, 1), (4, 0xDBA00001), (0, 0x801), (4, 0xDBA00001)):
        reader.feed(line)
    spaces = reader.rest()["space"].tolist()
    assert spaces == [Space.PORT, Space.GTT, Space.PORT, Space.GTT]


def test_a_bar_that_is_switched_off_gives_all_ones_and_no_line(rig):
    """QEMU takes it away with the write of the command register: neither vfio nor the device hears of an access."""
    made = rig("qemu", "10.0", cpu="skylake", ggc=0x02C1)
    registers = made.config(0x10) & ~0xF
    assert made.machine.engine.read(registers + 0x108040, 2) == b"\xc1\x02"
    made.set_config(0x20, made.port)
    before = made.machine.recorder.count - 1
    made.set_config(4, 0, 2)
    assert made.machine.engine.read(registers + 0x108040, 4) == b"\xff" * 4
    assert made.in_(0) == 0xFFFFFFFF
    assert [line for line in log(made, skip=before) if "vfio_region" in line] == []
    made.set_config(4, 3, 2)
    assert made.machine.engine.read(registers + 0x108040, 2) == b"\xc1\x02"
    made.in_(0)
    assert any("region4" in line for line in log(made, skip=before))
