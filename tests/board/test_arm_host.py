"""An Arm host's functions, their configuration space read by lspci: a reader that knows nothing of the writer."""

import shutil
import subprocess

import pytest

from fwsim.board.arm import arm_host
from fwsim.errors import FwsimError
from fwsim.scenario.load import loads

HOST = """
[guest]
machine = "arm-virt"
[hypervisor]
kind = "vpci"
[[host_function]]
slot = "00:01.0"
type = "root-port"
class = 0x060400
acs = "SV+ RR+ CR- UF+"
[[host_function]]
slot = "00:02.0"
type = "root-port"
class = 0x060400
[[host_function]]
slot = "08:00.0"
type = "endpoint"
behind = "00:01.0"
device = 0x10d3
class = 0x020000
reset = "flr"
bars = ["mem 128K @ 0x50000000", "pref64 1M @ 0x8000000000", "io 32 @ 0x1000"]
capabilities = ["power", "msi 64 mask 4", "msix 8 bar 1 at 0x2000 pba bar 0 at 0x1000", "vendor 16", "af", "aer",
                "serial", "sriov 7", "ats", "pri", "pasid", "ltr"]
hotplug = true
[[host_function]]
slot = "08:00.1"
type = "endpoint"
behind = "00:01.0"
bars = ["pref 64K @ 0x50240000", "mem 4K @ 0x50250000"]
capabilities = ["express", "msi"]
[[host_function]]
slot = "08:00.2"
behind = "00:01.0"
capabilities = ["vpd", "msi mask"]
"""


@pytest.fixture(scope="module")
def host():
    return arm_host(loads(HOST))


@pytest.fixture(scope="module")
def listed(host, tmp_path_factory):
    """What lspci reads in each function, by its slot."""
    if shutil.which("lspci") is None:
        pytest.skip("lspci is not installed (optional: package pciutils)")
    dump = tmp_path_factory.mktemp("lspci") / "dump"
    blocks = [
        "\n".join([
            f"{device.name[5:]} x",
            *(f"{at:02x}: {device.config[at : at + 16].hex(' ')}" for at in range(0, len(device.config), 16)),
        ])
        for device in host.devices.values()
    ]  # fmt: skip
    dump.write_text("\n\n".join(blocks) + "\n")
    text = subprocess.run(
        ["lspci", "-F", str(dump), "-vvv", "-n"], capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    return {block[:7]: block for block in text.strip().split("\n\n")}


def test_the_functions_are_all_there(host, listed):
    assert list(listed) == ["00:01.0", "00:02.0", "08:00.0", "08:00.1", "08:00.2"]
    assert {len(each.config) for each in host.devices.values()} == {4096}


def test_a_bridge_forwards_what_is_behind_it(listed):
    for line in (
        "primary=00, secondary=08, subordinate=08", "I/O behind bridge: 00001000-00001fff",
        "Memory behind bridge: 50000000-502fffff",
        "Prefetchable memory behind bridge: 0000008000000000-00000080000fffff",
        "Express (v2) Root Port (Slot+)", "ACSCtl:	SrcValid+ TransBlk- ReqRedir+ CmpltRedir- UpstreamFwd+",
        "ACSCap:	SrcValid+ TransBlk- ReqRedir+ CmpltRedir+ UpstreamFwd+", "I/O+ Mem+ BusMaster+",
    ):  # fmt: skip
        assert line in listed["00:01.0"]


def test_a_bridge_with_nothing_behind_it_is_closed(listed):
    assert listed["00:02.0"].count("[disabled]") == 3
    assert "secondary=00, subordinate=00" in listed["00:02.0"]


def test_an_endpoint_has_its_bars_and_capabilities(listed):
    text = listed["08:00.0"]
    for line in (
        "0200: 8086:10d3", "I/O+ Mem+ BusMaster-", "Region 0: Memory at 50000000 (32-bit, non-prefetchable)",
        "Region 1: Memory at 8000000000 (64-bit, prefetchable)", "Region 3: I/O ports at 1000", "Interrupt: pin A",
        "Express (v2) Endpoint", "FLReset+", "Power Management version 3", "MSI: Enable- Count=1/4 Maskable+ 64bit+",
        "MSI-X: Enable- Count=8", "Vector table: BAR=1 offset=00002000", "PBA: BAR=0 offset=00001000",
        "Vendor Specific Information: Len=10", "AFCap: TP+ FLR+", "[100 v1] Advanced Error Reporting",
        "Device Serial Number", "Initial VFs: 7, Total VFs: 7, Number of VFs: 0", "VF offset: 1, stride: 1",
        "Device ID: 10d3", "Address Translation Service", "PRISta: RF- UPRGI- Stopped+",
        "Page Request Capacity: 00000020", "Max PASID Width: 14", "Latency Tolerance Reporting",
        "UESvrt:	DLP+ SDES+ TLP- FCP+ CmpltTO- CmpltAbrt- UnxCmplt- RxOF+ MalfTLP+",
    ):  # fmt: skip
        assert line in text
    offsets = [line.split("[")[1].split("]")[0] for line in text.splitlines() if "Capabilities: [" in line]
    assert [each.split()[0] for each in offsets] == [
        "40", "7c", "84", "9c", "a8", "b8", "100", "148", "154", "194", "19c", "1ac", "1b4",
    ]  # fmt: skip


def test_functions_of_a_slot_say_that_there_are_more(host):
    assert [each.config[0x0E] for each in host.devices.values()] == [1, 1, 0x80, 0x80, 0x80]


def test_a_conventional_function_ends_at_256_bytes(host, listed):
    assert host.devices[0x802].config[0x100:] == b"\xff" * 0xF00
    assert "Vital Product Data" in listed["08:00.2"]
    assert "MSI: Enable- Count=1/1 Maskable+ 64bit-" in listed["08:00.2"]


def test_what_is_assigned_and_what_comes_later(host):
    given, late = host.assigned([0x801, 0x800])
    assert [each.sbdf for each in given] == [0x801]
    assert [each.sbdf for each in late] == [0x800]
    assert (late[0].behind, [bar.address for bar in late[0].bars]) == (8, [0x50000000, 0x8000000000, 0x1000])
    assert [each.sbdf for each in host.bridges] == [0x08, 0x10]
    assert host.stream(0x800) == 0x800


@pytest.mark.parametrize(
    ("sbdfs", "index", "what"),
    [([0x801, 0x900], 1, "no such function"), ([0x801, 0x801], 1, "twice"), ([0x08], 0, "a bridge")],
)
def test_what_no_guest_is_given(host, sbdfs, index, what):
    with pytest.raises(FwsimError) as caught:
        host.assigned(sbdfs)
    assert caught.value.where == f"hypervisor.options.pci.{index}"
    assert what in str(caught.value)


SECOND = """
[[host_function]]
slot = "{bus}:00.0"
type = "endpoint"
behind = "00:02.0"
bars = ["{bar}"]
"""


@pytest.mark.parametrize(
    ("bus", "bar", "what"),
    [
        ("09", "mem 4K @ 0x50100000", "window meets"), ("09", "mem 4K @ 0x502f0000", "window meets"),
        ("09", "io 32 @ 0x1800", "window meets"),
        ("09", "pref64 4K @ 0x8000000000", "over each other"), ("00", "mem 4K @ 0x60000000", "one bus behind two"),
    ],
)  # fmt: skip
def test_bridges_that_share_nothing_out(bus, bar, what):
    with pytest.raises(FwsimError) as caught:
        loads(HOST + SECOND.format(bus=bus, bar=bar))
    assert what in str(caught.value)
    assert "host_function." in caught.value.where


def test_a_bar_beside_a_bridge_is_not_in_its_window():
    row = '[[host_function]]\nslot = "00:03.0"\ntype = "rciep"\nbars = ["mem 4K @ 0x50100000"]\n'
    with pytest.raises(FwsimError) as caught:
        loads(HOST + row)
    assert caught.value.where.endswith("host_function.0")
    assert len(arm_host(loads(HOST + row.replace("0x50100000", "0x60000000"))).devices) == 6


def test_bus_numbers_go_up_behind_each_bridge():
    with pytest.raises(FwsimError) as caught:
        loads(HOST.replace("08:00", "00:09"))
    assert "one bus behind two bridges" in str(caught.value)
    nested = """
[[host_function]]
slot = "08:01.0"
class = 0x060400
behind = "00:01.0"
[[host_function]]
slot = "{}:00.0"
behind = "08:01.0"
"""
    with pytest.raises(FwsimError) as caught:
        loads(HOST + nested.format("07"))
    assert "bus numbers that no bridge can route" in str(caught.value)
    host = arm_host(loads(HOST + nested.format("0a")))
    assert host.devices[0x08].config[0x18:0x1B] == bytes((0, 8, 10))
    assert host.devices[0x808].config[0x18:0x1B] == bytes((8, 10, 10))
