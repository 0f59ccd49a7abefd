"""A scenario of an Arm guest: what it may hold, what it is refused for, and its text read back."""

from itertools import pairwise

import pytest

from fwsim import cli
from fwsim.errors import FwsimError
from fwsim.memory.arm_map import guest_map
from fwsim.scenario.check import check_files
from fwsim.scenario.host_devices import host_devices
from fwsim.scenario.load import dumps, loads

ARM = """
[guest]
machine = "arm-virt"
ram = "256M"
[hypervisor]
kind = "vpci"
[[host_function]]
slot = "00:01.0"
type = "root-port"
class = 0x060400
"""
NIC = """
[[host_function]]
slot = "08:00.0"
type = "endpoint"
behind = "00:01.0"
device = 0x10d3
class = 0x020000
"""


def refusal(text):
    with pytest.raises(FwsimError) as caught:
        loads(text)
    return caught.value


def with_bars(*bars):
    rows = "".join(
        f'[[host_function]]\nslot = "08:0{number}.0"\ntype = "endpoint"\nbehind = "00:01.0"\nbars = {list(each)}\n'
        for number, each in enumerate(bars)
    )
    return ARM + rows.replace("'", '"')


def test_a_host_function_is_what_its_row_says():
    text = ARM + NIC + (
        'bars = ["mem 128K @ 0x50000000", "pref64 1M @ 0x8000000000", "io 32 @ 0x1000"]\n'
        'capabilities = ["msi 64 mask 4", "MSIX 70 bar 1 at 0x2000", "vendor 16", "aer", "sriov 7"]\nhotplug = true\n'
    )  # fmt: skip
    scenario = loads(text)
    assert scenario.host_function[1].hotplug
    host = host_devices(scenario)
    port, nic = host.functions
    assert host.topology.by_rid[0x800].parent == 8
    assert port.bars == ()
    assert [(bar.index, bar.size, bar.kind, bar.is64, bar.address) for bar in nic.bars] == [
        (0, 0x20000, "mem", False, 0x50000000), (1, 0x100000, "pref", True, 0x8000000000), (3, 32, "io", False, 0x1000),
    ]  # fmt: skip
    names = [each.name for each in nic.capabilities]
    assert names == ["express", "msi", "msix", "vendor", "aer", "sriov"]  # Express functions have that one anyway
    msi, msix = nic.capabilities[1], nic.capabilities[2]
    assert (msi.count, msi.is64, msi.mask, msi.length) == (4, True, True, 0x18)
    assert (msix.table.bar, msix.table.offset, msix.table.size) == (1, 0x2000, 70 * 16)
    assert (msix.pba.offset, msix.pba.size) == (0x2000 + 70 * 16, 16)
    assert loads(dumps(scenario)) == scenario


def test_lists_of_the_kinds_options_are_read_and_written():
    text = ARM + NIC + '[hypervisor.options]\npci = ["08:00.0,backend=vpci"]\n'
    scenario = loads(text)
    assert scenario.hypervisor.options == {"pci": ("08:00.0,backend=vpci",)}
    assert loads(dumps(scenario)) == scenario


@pytest.mark.parametrize(
    ("bars", "field", "what"),
    [
        ((["mem 3K @ 0x50000000"],), "host_function.1.bars", "impossible BAR0"),
        ((["mem 128K"],), "host_function.1.bars.0", "without its address"),
        ((["mem 128K @ 0x50001000"],), "host_function.1.bars.0", "not aligned"),
        ((["mem 128K @ 0"],), "host_function.1.bars.0", "at 0"),
        ((["mem 128K @ 4G"],), "host_function.1.bars.0", "beyond what its register holds"),
        ((["mem 128K @ 0x50000000", "mem 64K @ 0x50010000"],), "host_function.1.bars.1", "over each other"),
        ((["mem 64K @ 0x50010000"], ["io 32 @ 0x1000", "mem 128K @ 0x50000000"]), "host_function.2.bars.1", "over"),
        ((["mem 128K @ here"],), "host_function.1.bars.0", "not a number"),
    ],
)
def test_bars_that_no_host_has(bars, field, what):
    error = refusal(with_bars(*bars))
    assert what in str(error)
    assert error.where.endswith(f": {field}")


def test_memory_and_ports_are_two_spaces():
    scenario = loads(with_bars(["mem 4K @ 0x1000"], ["io 32 @ 0x1000"]))
    assert len(scenario.host_function) == 3


@pytest.mark.parametrize(
    ("capability", "what"),
    [
        ("msy", "not a capability"), ("msi 3", "not a form of msi"), ("msix 8", "not a form of msix"),
        ("vendor 2", "not a form of vendor"), ("sriov 0", "not a form of sriov"), ("aer 1", "not a form of aer"),
        ("msix 8 bar 2 at 0", "a BAR that is none"), ("msix 8 bar 1 at 0", "a BAR that is I/O"),
        ("msix 2048 bar 0 at 0x1000", "not in its BAR"), ("msix 8 bar 0 at 4", "not in its BAR"),
        ("msix 8 bar 0 at 0 pba 0x40", "PBA lies in"), ("msix 2049 bar 0 at 0", "not a form of msix"),
        ("vendor 192", "more capabilities than"),
    ],
)  # fmt: skip
def test_capabilities_that_no_function_has(capability, what):
    text = ARM + NIC + f'bars = ["mem 32K @ 0x50000000", "io 32 @ 0x1000"]\ncapabilities = ["{capability}"]\n'
    error = refusal(text)
    assert what in str(error)
    assert ": host_function.1.capabilities" in error.where


def test_only_express_functions_have_the_extended_ones():
    text = ARM + NIC.replace('type = "endpoint"', 'type = "pci"') + 'capabilities = ["msi", "aer"]\n'
    error = refusal(text)
    assert error.where.endswith("host_function.1.capabilities.1")
    assert "twice" in str(refusal(ARM + NIC + 'capabilities = ["msi", "msi 64"]\n'))


def test_a_bridge_has_two_bars():
    text = ARM + 'bars = ["mem 4K @ 0x50000000", "mem64 4K @ 0x50001000"]\n'
    assert "a bridge has two BARs at most" in str(refusal(text))


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("rom.file", '[rom]\nfile = "x.rom"\n'), ("firmware.kind", '[firmware]\nkind = "ovmf"\n'),
        ("host.bdsm", "[host]\nbdsm = 0xdb000000\n"), ("rom.posts", "[rom]\nposts = 2\n"),
        ("payload.floppy", '[payload]\nfloppy = "x"\n'), ("call", "[[call]]\nax = 3\n"),
        ("function", '[[function]]\nslot = "04.0"\n'), ("display", '[[display]]\nport = "lvds"\n'),
        ("group", '[[group]]\nfunction = "00:01.0"\n'),
    ],
)  # fmt: skip
def test_what_only_a_pc_has(field, more):
    error = refusal(ARM + more)
    assert error.where.endswith(f": {field}")
    assert "not of an Arm guest" in str(error)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('kind = "vpci"', 'kind = "qemu"', "guest.machine"), ('kind = "vpci"', 'kind = "xen"', "guest.machine"),
        ('kind = "vpci"', 'kind = "vpci"\ngms = 2', "hypervisor.gms"), ("256M", "4G", "guest.ram"),
        ("256M", "0", "guest.ram"), ('ram = "256M"', 'cpu = "Haswell"', "guest.cpu"),
        ('ram = "256M"', "cpus = 2", "guest.cpus"), ('ram = "256M"', 'slot = "00:03.0"', "guest.slot"),
    ],
)  # fmt: skip
def test_guests_that_are_none(old, new, field):
    assert refusal(ARM.replace(old, new)).where.endswith(f": {field}")


def test_no_firmware_may_be_said():
    assert loads(ARM + '[firmware]\nkind = "none"\n').firmware.kind == "none"


@pytest.mark.parametrize("command", [("host", "groups"), ("leaks",)])
def test_commands_about_an_igd_say_that_there_is_none(tmp_path, capsys, command):
    path = tmp_path / "arm.toml"
    path.write_text(ARM + NIC)
    assert cli.main([*command, str(path)]) == 2
    said = capsys.readouterr().err
    assert "guest.machine" in said
    assert "  next: " in said


def test_the_whole_of_bank_0_is_taken():
    assert loads(ARM.replace("256M", "3G")).guest.ram == 0xC0000000


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('[payload]\nprogram = "x.elf"\n', "payload.program"),
        ('[[host_function]]\nslot = "00:02.0"\nhotplug = true\n', "host_function.0.hotplug"),
    ],
)
def test_a_pc_has_nothing_of_an_arm_guests(text, field):
    assert refusal(text).where.endswith(f": {field}")


def elf(machine=183, bits=2, order=1, kind=2):
    head = bytearray(64)
    head[:6] = b"\x7fELF" + bytes((bits, order))
    way = "little" if order == 1 else "big"
    head[16:18], head[18:20] = kind.to_bytes(2, way), machine.to_bytes(2, way)
    return bytes(head)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (elf(62), "a program for 64-bit x86"), (elf(3, bits=1), "a program for 32-bit x86"), (b"MZ\0\0", "first bytes"),
        (elf()[:40], "40 bytes"), (b"", "0 bytes"), (elf(order=2), "64 bits, big-endian"), (elf(8), "machine 8"),
        (elf(kind=3), "ELF type 3"), (elf(40, bits=1), "a program for 32-bit Arm"),
    ],
)  # fmt: skip
def test_programs_that_are_no_arm_guests(tmp_path, data, found):
    path = tmp_path / "p.elf"
    path.write_bytes(data)
    scenario = loads(ARM + f'[payload]\nprogram = "{path}"\n')
    with pytest.raises(FwsimError) as caught:
        check_files(scenario, "s.toml")
    assert caught.value.where == "s.toml: payload.program"
    assert found in str(caught.value)


def test_a_program_of_the_guests_is_taken(tmp_path):
    path = tmp_path / "p.elf"
    path.write_bytes(elf())
    check_files(loads(ARM + f'[payload]\nprogram = "{path}"\n'), "s.toml")


@pytest.mark.parametrize(
    ("base", "size", "field", "what"),
    [
        (0x10000000, 3 << 20, "ecam_size", "no hardware has"), (0x10000000, 512 << 20, "ecam_size", "no hardware has"),
        (0x10000000, 64 << 10, "ecam_size", "no hardware has"), (0x10000000, 0, "ecam_size", "no hardware has"),
        (0x18000000, 256 << 20, "ecam_base", "not aligned"), (0x40000000, 256 << 20, "ecam_base", "over RAM"),
        (0x20000000, 256 << 20, "ecam_base", "over the ACPI tables"), (0x22000000, 1 << 20, "ecam_base", "the PL011"),
        (0x100000000, 256 << 20, "ecam_base", "prefetchable window"), (1 << 40, 1 << 20, "ecam_base", "beyond"),
        (-1 << 28, 1 << 28, "ecam_base", "beyond"),
    ],
)  # fmt: skip
def test_ecams_that_no_guest_has(base, size, field, what):
    with pytest.raises(FwsimError) as caught:
        guest_map(256 << 20, base, size)
    assert caught.value.where == f"hypervisor.options.{field}"
    assert what in str(caught.value)


def test_a_scenario_names_the_ecam_that_lies_over_ram():
    at = "[hypervisor.options]\necam_base = 0x40000000\n"
    assert refusal(ARM + at).where == "scenario: hypervisor.options.ecam_base"
    assert loads(ARM + at.replace("4", "8")).hypervisor.options == {"ecam_base": 0x80000000}


def test_an_ecam_is_taken_where_it_has_room():
    ranges = guest_map(256 << 20, 0x50000000, 64 << 20)
    assert [(each.base, each.size) for each in ranges if "ECAM" in each.name] == [(0x50000000, 64 << 20)]
    assert all(first.end <= second.base for first, second in pairwise(ranges))
