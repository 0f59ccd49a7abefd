"""SeaBIOS beside the vectors: facts from its source and from logs, and every way in which it does nothing."""

import pytest
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware.allocators import ROWS, allocator
from fwsim.firmware.request import Bar, Bridge, Cpu, Function, Request
from fwsim.firmware.seabios import place
from fwsim.firmware.seabios.bars import high_policy, valid_phys_bits
from fwsim.firmware.seabios.place import load_int, pcimem_start
from fwsim.firmware.seabios.versions import VERSIONS, version_row
from fwsim.firmware.seabios.zones import Memory, Zone

MIB, GIB = 1 << 20, 1 << 30
IGD = Function(
    0x10, 0x8086, 0x0126, 0x030000,
    (Bar(0, 4 * MIB, "mem", True), Bar(2, 256 * MIB, "pref", True), Bar(4, 64, "io")), ggc=0x209,
)  # fmt: skip
REQUEST = Request(functions=(IGD,), opregion_size=0x2000, bdsm_file=(32 * MIB).to_bytes(8, "little"))


def test_two_gigabytes_with_the_default_version():
    out = place(REQUEST)
    assert out.asls == {0x10: 0x7FFFE000}
    assert out.bdsm == {0x10: 0x7CF00000}
    assert out.bdsm_register == {0x10: 0x5C}
    assert out.bars == {(0x10, 4): 0xC000, (0x10, 0): 0xFE800000, (0x10, 2): 0xE0000000}
    assert out.log == [
        "Intel IGD OpRegion enabled at 0x7fffe000, size 8KB, dev 00:02.0",
        "Intel IGD BDSM enabled at 0x7cf00000, size 32MB, dev 00:02.0",
    ]


def test_a_function_without_the_first_of_its_device_is_not_there():
    """SeaBIOS src/hw/pci.c, pci_next: where function 0 does not answer, the next device is asked."""
    sound = Function(0x18, 0x8086, 0x2668, 0x040300, (Bar(0, 0x4000, "mem"),))
    hidden, found = replace(IGD, bdf=0x1F), replace(IGD, bdf=0x19)
    assert place(replace(REQUEST, functions=(IGD, sound, found))).asls.keys() == {0x10, 0x19}
    host = Function(0x00, 0x8086, 0x1237, 0x060000)
    alone = place(replace(REQUEST, functions=(host, IGD, hidden)))
    assert alone.asls.keys() == {0x10}
    assert alone.bars == place(REQUEST).bars
    assert alone.notes == ["nothing is at 00:03.0: firmware does not look at 00:03.7 then"]


def test_the_smbus_of_a_q35_ends_up_past_the_acpi_block():
    """SeaBIOS src/fw/pciinit.c, ich9_smbus_enable: acpi_pm_base + 100h; QEMU 7.2's `info pci` says 0x0700."""
    smbus = Function(0xFB, 0x8086, 0x2930, 0x0C0500, (Bar(4, 64, "io"),))
    bridge = Function(0xF8, 0x8086, 0x2918, 0x060100)
    out = place(replace(REQUEST, machine="q35", functions=(IGD, bridge, smbus)))
    assert out.moved == {(0xFB, 4): 0x700}
    assert out.bars[0xFB, 4] >= 0xC000


@pytest.mark.parametrize(
    ("change", "asls", "bdsm"),
    [
        ({"opregion_size": None}, False, True),
        ({"opregion_size": 0}, False, True),
        ({"bdsm_file": None}, True, False),
        ({"bdsm_file": bytes(8)}, True, False),
        ({"bdsm_file": b"\0\0\2"}, True, False),
        ({"functions": (replace(IGD, bdf=0x18),)}, True, False),
        ({"functions": (replace(IGD, vendor=0x1002),)}, False, False),
        ({"functions": (replace(IGD, class_code=0x038000),)}, False, False),
        ({"functions": (replace(IGD, class_code=0x030001),)}, True, True),
        ({"functions": ()}, False, False),
        ({"opregion_size": 17 * MIB}, False, False),
    ],
)
def test_what_is_left_out(change, asls, bdsm):
    out = place(replace(REQUEST, **change))
    assert (bool(out.asls), bool(out.bdsm)) == (asls, bdsm)
    assert out.boot == "ok"


def test_out_of_32_bit_space_is_the_panic_not_an_exception():
    wide = replace(IGD, bars=(Bar(0, 16 * MIB, "mem"), Bar(2, GIB, "pref"), Bar(4, 64, "io")))
    out = place(replace(REQUEST, machine="q35", functions=(wide,)))
    assert out.boot == "PCI: out of 32bit address space"
    assert not out.e820
    assert not out.asls


def test_out_of_ports_is_the_other_panic():
    bars = tuple(Bar(n, 0x4000, "io") for n in range(3))
    out = place(replace(REQUEST, functions=(replace(IGD, bars=bars),)))
    assert out.boot == "PCI: out of I/O address space"
    assert "mem32" not in out.windows


def test_map_has_no_ram_where_stolen_memory_and_opregion_lie():
    rows = place(replace(REQUEST, ram=6 * GIB, machine="q35")).e820
    kind_at = {address: kind for start, end, kind in rows for address in (start, end - 1)}
    assert (0x7CF00000, 0x7EF00000, "RESERVED") in rows
    assert kind_at[0x7FFFFFFF] == "RESERVED"
    assert kind_at[0xB0000000] == "RESERVED"
    assert (4 * GIB, 8 * GIB, "RAM") in rows


def test_hotplug_bridge_keeps_two_megabytes_and_its_device_lies_in_the_window():
    bridge = Function(0x18, 0x1B36, 0x000C, 0x060400, (Bar(0, 0x1000, "mem"),), bridge=Bridge(1, "pcie"))
    behind = Function(0x100, 0x1AF4, 0x1000, 0x020000, (Bar(1, 0x1000, "mem"),))
    out = place(replace(REQUEST, machine="q35", functions=(IGD, bridge, behind)))
    assert out.bridge_windows == [(1, 0, "io"), (1, 2 * MIB, "mem"), (1, 2 * MIB, "pref")]
    assert out.bars[0x100, 1] % (2 * MIB) == 0


def test_resource_reserve_capability_widens_the_window():
    bridge = Function(0x18, 0x1B36, 0x000C, 0x060400, bridge=Bridge(1, "pcie", reserve=(0x2000, 9 * MIB, 0)))
    out = place(replace(REQUEST, machine="q35", functions=(IGD, bridge)))
    assert out.bridge_windows[:2] == [(1, 0x2000, "io"), (1, 10 * MIB, "mem")]


def test_size_that_is_a_multiple_of_4g_allocates_nothing():
    out = place(replace(REQUEST, bdsm_file=(4 * GIB).to_bytes(8, "little")))
    assert out.warnings == ["WARNING - Unable to allocate resource at intel_igd_setup:319!"]


@pytest.mark.parametrize(
    ("cpu", "bits"),
    [
        (Cpu("GenuineIntel", 39), 39),
        (Cpu("GenuineIntel", 40), 0),
        (Cpu("AuthenticAMD", 40), 40),
        (Cpu("AuthenticAMD", 39), 0),
        (Cpu("Other", 46), 46),
        (Cpu("GenuineIntel", 40, long_mode=False), 36),
    ],
)
def test_which_physical_address_bits_are_believed(cpu, bits):
    assert valid_phys_bits(Request(cpu=cpu)) == bits


@pytest.mark.parametrize(
    ("version", "bits", "over", "expected"),
    [
        ("1.16.2", 46, GIB, (False, 0)),
        ("1.16.3", 46, GIB, (True, 1 << 46)),
        ("1.16.3", 52, GIB, (True, 1 << 46)),
        ("1.17.0", 46, GIB, (True, 1 << 44)),
        ("1.17.0", 46, 1 << 40, (True, 1 << 46)),
        ("HEAD", 46, 0, (False, 1 << 44)),
    ],
)
def test_when_64_bit_bars_go_high(version, bits, over, expected):
    assert high_policy(version_row(version), Request(cpu=Cpu("GenuineIntel", bits)), over) == expected


@pytest.mark.parametrize(("text", "pad"), [(b"1", True), (b"yes\0", True), (b"off", False), (b"maybe", True)])
def test_pci64_option(text, pad):
    request = Request(cpu=Cpu("GenuineIntel", 39), fw_cfg={"opt/org.seabios/pci64": text})
    assert high_policy(version_row("1.17.0"), request, GIB)[0] is pad


def test_load_int_takes_1_2_4_or_8_bytes():
    assert [load_int(bytes([1] * n)) for n in (1, 2, 3, 4, 8, 9)] == [1, 0x101, 0, 0x1010101, 0x101010101010101, 0]
    assert load_int(None) == 0


def test_pcimem_start_above_3g_of_ram_is_its_end():
    assert pcimem_start("pc", 0xD4800000) == 0xD4800000


@pytest.mark.parametrize(
    ("text", "name"), [("", "1.16.2"), ("rel-1.14.0", "1.14.0"), ("1.12", "1.12.0"), ("HEAD", "41514a7a")]
)
def test_version_names(text, name):
    assert version_row(text).name == name


def test_unknown_version_and_machine():
    with pytest.raises(FwsimError, match="no rules for this SeaBIOS version"):
        place(replace(REQUEST, version="0.9"))
    with pytest.raises(FwsimError, match="no such machine"):
        place(replace(REQUEST, machine="microvm"))


def test_zone_takes_from_the_top_and_uses_the_slack_above_a_block():
    zone = Zone()
    zone.add(0x10000, 0x20800)
    assert zone.take(0x1000, 0x1000) == 0x1F000
    assert zone.take(0x800) == 0x20000
    assert zone.take(0x1000) == 0x1E000
    assert zone.take(0x20000) == 0


def test_allocation_takes_its_bookkeeping_from_the_temporary_zone():
    memory = Memory()
    memory.add(memory.tmp_high, 0x100000, 0x200000)
    memory.add(memory.high, 0x200000, 0x240000)
    assert memory.allocate(memory.high, 0x1000, 0x1000) == 0x23F000
    assert memory.tmp_high.lowest().end == 0x200000 - 3 * 48
    assert memory.allocate(memory.high, 1 << 32) == 0


@pytest.mark.parametrize("name", ROWS)
def test_registry_rows_load(name):
    found = allocator(name)
    assert found.name == name
    assert found.default_version in found.versions


def test_unknown_allocator_is_named():
    with pytest.raises(FwsimError, match="no such firmware"):
        allocator("award")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_boots_with_every_size_of_ram(version):
    for megabytes in (2, 8, 31, 33, 2048, 3584, 8192):
        out = place(replace(REQUEST, version=version, ram=megabytes * MIB))
        assert out.boot == "ok"
        assert all(start < end for start, end, _ in out.e820)
