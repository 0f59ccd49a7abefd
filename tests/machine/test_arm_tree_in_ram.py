"""The tree that an Arm guest finds behind X0: of the scenario that was built, where its program looks for it."""

from pathlib import Path

import pytest
from fdt_reader import cells, read

from fwsim.machine.build_arm import build_arm
from fwsim.memory.arm_map import RAM0_BASE
from fwsim.scenario.load import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "arm-vpci.toml"


def found(*changes):
    built = build_arm(load(EXAMPLE, list(changes)))
    head = built.machine.ram.read(built.tree_at - RAM0_BASE, 8)
    size = int.from_bytes(head[4:], "big")
    return read(bytes(built.machine.ram.read(built.tree_at - RAM0_BASE, size)))


@pytest.mark.parametrize(("profile", "last"), [("fake", 255), ("replicated", 0x0B)])
def test_the_buses_are_libxls_or_those_of_the_copied_bridges(profile, last):
    """make_vpci_node always says 0 to 255; behind copies of the host's bridges the highest is the edu's, 0b."""
    node = found(f"hypervisor.profile={profile}")["/pcie@10000000"]
    assert cells(node["bus-range"]) == [0, last]


def test_ram_and_ecam_are_the_scenarios():
    nodes = found(
        "guest.ram=512M", "hypervisor.options.ecam_base=0x70000000", "hypervisor.options.ecam_size=64M"
    )  # fmt: skip
    assert cells(nodes["/memory@40000000"]["reg"]) == [0, 0x40000000, 0, 0x20000000]
    assert cells(nodes["/pcie@70000000"]["reg"]) == [0, 0x70000000, 0, 0x4000000]


def test_a_guest_without_devices_has_the_node_where_it_is_prepared():
    nodes = found("hypervisor.options.pci=[]")
    assert "/pcie@10000000" in nodes
    assert "/pcie@10000000" not in found("hypervisor.options.pci=[]", 'hypervisor.options.passthrough="disabled"')
