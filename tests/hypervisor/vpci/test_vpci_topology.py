"""The guest's bus in both designs: what each shows, where, and what comes later."""

import pytest
from vpci_rig import COMMAND, NIC_BARS, bridge, nic

from fwsim.devices.pci import PciBus
from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.host import HostBar
from fwsim.hypervisor.vpci.rules import GuestMap, Rules
from fwsim.hypervisor.vpci.topology import Topology


def plain(sbdf, behind, *bars, **space):
    """A function without capabilities."""
    return nic(sbdf, behind, bars, capabilities=(), **space)


ROOT_1, ROOT_2, SWITCH_UP, SWITCH_DOWN = 0x0008, 0x0010, 0x0100, 0x0208
BRIDGES = (bridge(ROOT_1), bridge(ROOT_2), bridge(SWITCH_UP, ROOT_1), bridge(SWITCH_DOWN, SWITCH_UP))
BEHIND_SWITCH = nic(0x0300, SWITCH_DOWN)
BEHIND_ROOT = plain(0x0400, ROOT_2, HostBar(0, 0x100000, "mem", False, 0x51000000), device=0x1533)


def made(profile, assigned, rules=None, late=(), bridges=BRIDGES):
    said = []
    domain = Domain(rules or Rules(), said.append)
    return Topology(profile, assigned, domain, bridges, late), said


def plugged_in(topology):
    """The list on a configuration bus: what is found where, by the bus's own routes."""
    bus = PciBus()
    slots = []
    for each in topology.shown:
        slots.append(bus.add(each.devfn, slots[each.behind - 1] if each.behind else 0))
        bus.own(slots[-1], each.owner)
    return {bdf: bus.seen_by_guest(bus.slot(bdf), 0, 4) for bdf in bus.present()}


def windows(function):
    """Memory and prefetchable window as a driver works them out of the registers (PCI-to-PCI Bridge 1.2, 3.2.5.8)."""
    low, pref = function.read(0, 0x20, 4), function.read(0, 0x24, 4)
    memory = ((low & 0xFFF0) << 16, (low >> 16 & 0xFFF0) << 16 | 0xFFFFF)
    base = (pref & 0xFFF0) << 16 | function.read(0, 0x28, 4) << 32
    limit = (pref >> 16 & 0xFFF0) << 16 | 0xFFFFF | function.read(0, 0x2C, 4) << 32
    return memory, (base, limit)


def test_the_made_up_bus_has_functions_in_the_order_of_assignment():
    topology, said = made("fake", [BEHIND_ROOT, BEHIND_SWITCH])
    assert topology.table == [(0x00, 0x0400), (0x08, 0x0300)]
    assert plugged_in(topology) == {0x00: 0x15338086, 0x08: 0x10D38086}
    assert said == []


def test_the_made_up_bus_has_function_0_alone():
    with pytest.raises(FwsimError) as caught:
        made("fake", [nic(0x0301, SWITCH_DOWN)])
    assert caught.value.what == "0000:03:00.1: only function 0 passthrough supported (-EOPNOTSUPP)"


def test_the_made_up_bus_has_32_slots():
    with pytest.raises(FwsimError) as caught:
        made("fake", [nic(0x0800 + 0x100 * at, bars=()) for at in range(33)])
    assert "-ENOSPC" in caught.value.what


def test_the_hosts_bridges_are_there_with_the_hosts_numbers():
    topology, said = made("replicated", [BEHIND_SWITCH, BEHIND_ROOT])
    assert topology.table == [
        (0x0008, ROOT_1), (0x0100, SWITCH_UP), (0x0208, SWITCH_DOWN), (0x0300, 0x0300), (0x0010, ROOT_2),
        (0x0400, 0x0400),
    ]  # fmt: skip
    ids = {0x0008: 0x000C1B36, 0x0010: 0x000C1B36, 0x0100: 0x000C1B36, 0x0208: 0x000C1B36}
    assert plugged_in(topology) == {**ids, 0x0300: 0x10D38086, 0x0400: 0x15338086}
    assert said == []


def test_buses_can_be_numbered_for_the_guest():
    far = (bridge(0x0008), bridge(0x0010), bridge(0x4000, 0x0008))
    rules = Rules(numbering="virtual", guest=GuestMap(ecam=(0x10000000, 4 << 20)))
    topology, _ = made("replicated", [nic(0x4100, 0x4000), nic(0x8000, 0x0010)], rules, bridges=far)
    assert topology.table == [(0x0008, 0x0008), (0x0100, 0x4000), (0x0200, 0x4100), (0x0010, 0x0010), (0x0300, 0x8000)]
    assert set(plugged_in(topology)) == {bdf for bdf, _ in topology.table}
    with pytest.raises(FwsimError) as caught:
        made("replicated", [nic(0x4100, 0x4000)], Rules(guest=rules.guest), bridges=far)
    assert (caught.value.what, caught.value.expected) == (
        "a function lies past the window's buses", "buses 00 to 03, the 4 MiB of the window",
    )  # fmt: skip


def test_windows_are_the_guests_addresses():
    """Each BAR lies in its bridge's window, which lies in the window of the bridge above, which lies in the guest's."""
    topology, _ = made("replicated", [BEHIND_SWITCH, BEHIND_ROOT])
    root, up, down, function, other, _ = (each.owner for each in topology.shown)
    outer = (0x23000000, 0x32FFFFFF), (0x100000000, 0x1FFFFFFFF)
    for inner in (windows(root), windows(up), windows(down)):
        for (first, last), (low, high) in zip(inner, outer, strict=True):
            assert low <= first < last <= high
        outer = inner
    for bar, (low, high) in ((function.bars[0], outer[0]), (function.bars[1], outer[0]), (function.bars[2], outer[1])):
        assert low <= bar.guest <= bar.guest + bar.size - 1 <= high
        assert bar.guest % bar.size == 0
    memory, prefetchable = windows(other)
    assert memory[0] > outer[0][1]
    assert prefetchable[0] > prefetchable[1]


def test_a_bridge_is_read_only_but_for_its_command():
    topology, _ = made("replicated", [BEHIND_ROOT])
    bridge_function = topology.shown[0].owner
    before = [bridge_function.read(0, at, 4) for at in range(0, 0x40, 4)]
    for at in range(8, 0x3C, 4):
        bridge_function.write(0, at, 4, 0xFFFFFFFF)
    assert [bridge_function.read(0, at, 4) for at in range(0, 0x40, 4)] == before
    kept = bridge_function.state()
    bridge_function.write(0, COMMAND, 2, 0)
    assert bridge_function.read(0, COMMAND, 2) == 0
    bridge_function.restore(kept)
    assert bridge_function.read(0, COMMAND, 2) == 6
    assert (bridge_function.read(0, 0x100, 4), bridge_function.read(0, 0x34, 1)) == (0xFFFFFFFF, 0)


def test_later_the_made_up_bus_takes_any_function():
    topology, said = made("fake", [BEHIND_SWITCH], late=[BEHIND_ROOT])
    assert plugged_in(topology)[0x08] == 0xFFFFFFFF
    assert topology.attach(0x0400)
    assert plugged_in(topology)[0x08] == 0x15338086
    assert topology.table[-1] == (0x08, 0x0400)
    assert said == ["info: 0000:04:00.0 is the guest's 0000:00:01.0 now"]


def test_later_a_copied_bus_takes_what_is_behind_its_bridges():
    beside = plain(0x0308, SWITCH_DOWN, HostBar(0, 0x10000, "mem", False, 0x52000000))
    topology, said = made("replicated", [BEHIND_SWITCH], late=[beside, BEHIND_ROOT])
    assert topology.attach(0x0308)
    late = topology.shown[-1].owner
    first, last = windows(topology.shown[2].owner)[0]
    assert first <= late.bars[0].guest <= last
    assert not topology.attach(0x0400)
    assert said[-1] == (
        "error: 0000:04:00.0: the guest has no bridge 0000:00:02.0 to put it behind: no function that was assigned at"
        " its start is behind that"
    )


def test_later_a_bridges_window_may_have_no_room():
    """Windows were closed around what was there: a bridge's cannot grow, for its neighbours are around it."""
    large = plain(0x0308, SWITCH_DOWN, HostBar(0, 0x1000000, "mem", False, 0x52000000))
    topology, said = made("replicated", [BEHIND_SWITCH], late=[large])
    assert not topology.attach(0x0308)
    assert said == [
        "error: 0000:03:01.0: BAR0, 0x1000000 bytes, does not fit the guest's memory window 0x23000000-0x230fffff"
    ]
    assert len(topology.table) == 4


def test_an_attached_function_has_its_place_again_after_a_snapshot():
    beside = plain(0x0308, SWITCH_DOWN, HostBar(0, 0x10000, "mem", False, 0x52000000))
    topology, _ = made("replicated", [BEHIND_SWITCH], late=[beside])
    late = topology.shown[-1].owner
    before = late.state()
    assert topology.attach(0x0308)
    place = late.bars[0].guest
    late.restore(before)
    assert late.read(0, 0, 4) == 0xFFFFFFFF
    assert topology.attach(0x0308)
    assert late.bars[0].guest == place


@pytest.mark.parametrize("profile", ["fake", "replicated"])
def test_a_bar_larger_than_the_guests_window_is_told(profile):
    huge = plain(0x0400, ROOT_2, HostBar(0, 0x20000000, "mem", False, 0x60000000), NIC_BARS[2])
    _, said = made(profile, [huge])
    assert said[0].startswith("warning: 0000:")
    assert "does not fit the guest's memory window 0x23000000-0x32ff" in said[0]
    assert len(said) == (1 if profile == "fake" else 2)


def test_a_function_1_alone_is_never_looked_for():
    _, said = made("replicated", [nic(0x0301, SWITCH_DOWN)])
    assert said == ["warning: 0000:03:00.1: a guest looks for no function where it finds no function 0"]
    topology, said = made("replicated", [nic(0x0300, SWITCH_DOWN), nic(0x0301, SWITCH_DOWN)])
    assert (said, topology.shown[-2].owner.read(0, 0x0E, 1)) == ([], 0x80)


def test_functions_of_two_root_buses_cannot_share_a_place():
    with pytest.raises(FwsimError) as caught:
        made("replicated", [nic(0x0018), nic(0x8018)])
    assert (caught.value.where, caught.value.found) == ("0000:80:03.0", "0000:00:03.0 is there")


@pytest.mark.parametrize(
    ("assigned", "words"),
    [
        ([BEHIND_ROOT, BEHIND_ROOT], "assigned twice"),
        ([nic(0x0500, 0x0028)], "cannot be shown"),
    ],
)
def test_what_cannot_be_assigned(assigned, words):
    with pytest.raises(FwsimError) as caught:
        made("replicated", assigned)
    assert words in caught.value.what


def test_an_unknown_design_is_named():
    with pytest.raises(FwsimError) as caught:
        made("bridged", [])
    assert caught.value.expected == '"fake" or "replicated"'


def test_two_functions_at_one_address_map_the_first_and_unmap_no_other():
    """modify_bars leaves out what another function's enabled BAR has, when it maps and when it unmaps."""
    one = plain(0x0300, SWITCH_DOWN, HostBar(0, 0x10000, "mem", False, 0x50000000))
    two = plain(0x0400, ROOT_2, HostBar(0, 0x10000, "mem", False, 0x51000000))
    topology, _ = made("fake", [one, two])
    first, second = (each.owner for each in topology.shown)
    for function, at in ((first, 0x23000000), (second, 0x23000000)):
        function.write(0, 0x10, 4, at)
        function.write(0, COMMAND, 2, 2)
    stage2 = topology.domain.stage2
    assert [(each.guest, each.host) for each in stage2.mappings] == [(0x23000000, 0x50000000)]
    first.write(0, COMMAND, 2, 0)
    assert [(each.guest, each.host) for each in stage2.mappings] == [(0x23000000, 0x50000000)]
    second.write(0, COMMAND, 2, 0)
    assert stage2.mappings == ()


@pytest.mark.parametrize(
    ("address", "meets"),
    [
        (0x40001000, "guest RAM at 0x40000000-0x4fffffff"),
        (0x10000000, "the guest's configuration window at 0x10000000-0x1fffffff"),
        (0x22000000, "a device or table of the guest at 0x22000000-0x22000fff"),
        (0x22FF0000, "the edge of the memory window 0x23000000-0x32ffffff"),
    ],
)
def test_identity_is_refused_where_the_guest_has_something(address, meets):
    size = 0x20000 if address == 0x22FF0000 else 0x1000
    function = plain(0x0400, ROOT_2, HostBar(0, size, "mem", False, address))
    with pytest.raises(FwsimError) as caught:
        made("fake", [function], Rules(bars="identity"))
    assert caught.value.where == "0000:04:00.0 BAR0"
    assert caught.value.found == f"{address:#x}-{address + size - 1:#x} meets {meets}"


def test_identity_encloses_the_hosts_addresses():
    topology, _ = made("replicated", [BEHIND_SWITCH], Rules(bars="identity"))
    assert windows(topology.shown[2].owner) == ((0x50000000, 0x500FFFFF), (0x8000000000, 0x80000FFFFF))
    assert windows(topology.shown[0].owner) == windows(topology.shown[2].owner)
