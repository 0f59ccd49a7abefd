"""An Arm guest's device tree: read back, compiled by Debian's dtc, and its PCI node held beside QEMU's."""

import re
import shutil
import subprocess

import pytest
from fdt_reader import cells, ranges, read, strings

from fwsim.board.arm_tree import device_tree
from fwsim.hypervisor.vpci.rules import GuestMap

MIB, GIB = 1 << 20, 1 << 30
PCI = "/pcie@10000000"


def tree(ram=256 * MIB, guest=None, **more):
    return read(device_tree(ram, guest or GuestMap(), **more))


def test_nodes_are_in_libxls_order():
    assert list(tree()) == [
        "/", "/chosen", "/cpus", "/cpus/cpu@0", "/psci", "/memory@40000000", "/interrupt-controller@3001000", "/timer",
        "/hypervisor", "/sbsa-pl011", PCI,
    ]  # fmt: skip


def test_the_pci_node_is_make_vpci_nodes():
    """tools/libs/light/libxl_arm.c, make_vpci_node: these properties, in this order, with these numbers."""
    node = tree()[PCI]
    assert list(node) == [
        "compatible", "device_type", "reg", "bus-range", "#address-cells", "#size-cells", "status", "ranges",
    ]  # fmt: skip
    assert strings(node["compatible"]) == ["pci-host-ecam-generic"]
    assert (strings(node["device_type"]), strings(node["status"])) == (["pci"], ["okay"])
    assert cells(node["reg"]) == [0, 0x10000000, 0, 0x10000000]
    assert cells(node["bus-range"]) == [0, 255]
    assert cells(node["#address-cells"] + node["#size-cells"]) == [3, 2]
    assert ranges(node["ranges"]) == [
        (0x02000000, 0x23000000, 0x23000000, 0x10000000), (0x43000000, 0x100000000, 0x100000000, 0x100000000),
    ]  # fmt: skip


def test_ecam_windows_and_buses_are_those_that_are_asked_for():
    guest = GuestMap(ecam=(0x50000000, 64 * MIB), memory=(0x24000000, MIB), prefetchable=(0x180000000, GIB))
    node = tree(guest=guest, buses=9)["/pcie@50000000"]
    assert cells(node["reg"]) == [0, 0x50000000, 0, 64 * MIB]
    assert cells(node["bus-range"]) == [0, 8]
    assert [row[1:] for row in ranges(node["ranges"])] == [
        (0x24000000, 0x24000000, MIB), (0x180000000, 0x180000000, GIB),
    ]  # fmt: skip
    assert cells(tree(guest=guest)["/pcie@50000000"]["bus-range"]) == [0, 63]


def test_a_guest_that_is_not_prepared_has_no_pci_node():
    assert [path for path in tree(prepared=False) if "pci" in path] == []


def test_the_rest_of_the_guest():
    nodes = tree(ram=GIB)
    root = nodes["/"]
    assert (strings(root["model"]), strings(root["compatible"])) == (["XENVM-4.22"], ["xen,xenvm-4.22", "xen,xenvm"])
    assert cells(root["interrupt-parent"] + root["#address-cells"] + root["#size-cells"]) == [65000, 2, 2]
    assert cells(nodes["/memory@40000000"]["reg"]) == [0, 0x40000000, 0, GIB]
    assert strings(nodes["/psci"]["method"]) == ["hvc"]
    gic = nodes["/interrupt-controller@3001000"]
    assert cells(gic["reg"]) == [0, 0x3001000, 0, 0x10000, 0, 0x3020000, 0, 0x1000000]
    assert cells(gic["phandle"]) == [65000]
    assert gic["interrupt-controller"] == b""
    # PPIs count from 16, shared ones from 32; all CPUs; 8 is active low, 4 active high
    assert cells(nodes["/timer"]["interrupts"]) == [1, 13, 0xF08, 1, 14, 0xF08, 1, 11, 0xF08]
    assert cells(nodes["/hypervisor"]["interrupts"]) == [1, 15, 0xF08]
    assert cells(nodes["/sbsa-pl011"]["interrupts"]) == [0, 0, 0xF04]
    assert cells(nodes["/sbsa-pl011"]["reg"]) == [0, 0x22000000, 0, 0x1000]


@pytest.mark.parametrize(
    ("ram", "regions"),
    [
        (256 * MIB, [(0x50000000, 0xB0000000), (0x200000000, 0xFE00000000)]),
        (255 * MIB, [(0x50000000, 0xB0000000), (0x200000000, 0xFE00000000)]),  # from the next 2 MiB on
        (3 * GIB, [(0x200000000, 0xFE00000000)]), (3 * GIB - 32 * MIB, [(0x200000000, 0xFE00000000)]),
    ],
)  # fmt: skip
def test_extended_regions_are_what_ram_leaves(ram, regions):
    """finalize_hypervisor_node: 64 MiB at the least, after the grant table's 16 MiB at 38000000h."""
    found = cells(tree(ram=ram)["/hypervisor"]["reg"])
    rows = [(found[at] << 32 | found[at + 1], found[at + 2] << 32 | found[at + 3]) for at in range(0, len(found), 4)]
    assert rows == [(0x38000000, 0x1000000), *regions]


def compiled(path):
    """What dtc makes of a blob, and its warnings, every check on."""
    done = subprocess.run(
        ["dtc", "-I", "dtb", "-O", "dts", str(path)], capture_output=True, text=True, check=True
    )  # fmt: skip
    return done.stdout, re.findall(r"Warning \((\w+)\): (/\S+?):", done.stderr)


@pytest.mark.parametrize("prepared", [True, False])
def test_dtc_takes_it(require_program, tmp_path, prepared):
    """Both warnings are of nodes that libxl itself names so: neither has a unit address."""
    require_program("dtc", "device-tree-compiler")
    path = tmp_path / "guest.dtb"
    path.write_bytes(device_tree(256 * MIB, GuestMap(), prepared=prepared))
    text, warnings = compiled(path)
    assert warnings == [("unit_address_vs_reg", "/hypervisor"), ("unit_address_vs_reg", "/sbsa-pl011")]
    assert ("pcie@10000000 {" in text) == prepared
    back = tmp_path / "back.dtb"
    subprocess.run(["dtc", "-I", "dts", "-O", "dtb", "-o", str(back)], input=text, text=True, check=True,
                   stderr=subprocess.DEVNULL)  # fmt: skip
    assert read(back.read_bytes()) == read(path.read_bytes())


def test_the_pci_node_has_the_form_of_qemus(tmp_path):
    """QEMU's own tree of its machine virt, by the same reader: its node means the same where ours has the property."""
    if shutil.which("qemu-system-aarch64") is None:
        pytest.skip("qemu-system-aarch64 is not installed (optional: package qemu-system-arm)")
    path = tmp_path / "virt.dtb"
    subprocess.run(["qemu-system-aarch64", "-M", f"virt,dumpdtb={path}", "-m", "256M", "-display", "none"], check=True,
                   capture_output=True)  # fmt: skip
    nodes = read(path.read_bytes())
    real = next(each for place, each in nodes.items() if place.startswith("/pcie@"))
    ours = tree()[PCI]
    for name in ("compatible", "device_type", "bus-range", "#address-cells", "#size-cells"):
        assert ours[name] == real[name], name
    assert set(ours) - set(real) == {"status"}
    assert cells(nodes["/"]["#address-cells"] + nodes["/"]["#size-cells"]) == [2, 2]
    assert cells(real["reg"])[2:] == cells(ours["reg"])[2:]  # 256 MiB both
    spaces = {row[0]: row[1:] for row in ranges(real["ranges"])}
    assert spaces[0x02000000][0] == spaces[0x02000000][1]  # one to one, as ours
    # QEMU says of its 64-bit window that it is not prefetchable: bit 30 of phys.hi apart, the same space code
    assert [row[0] & ~(1 << 30) for row in ranges(ours["ranges"])] == [each for each in spaces if each != 0x01000000]
