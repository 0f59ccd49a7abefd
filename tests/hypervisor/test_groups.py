"""IOMMU groups are those that Linux makes: of real machines, and of one small shape for each rule."""

import sys
from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor.groups.groups import Groups
from fwsim.hypervisor.groups.topology import HostFunction, Topology
from fwsim.scenario.host_functions import asked, requester, usual_rmrr
from fwsim.scenario.load import load, loads
from fwsim.scenario.model import Host

MACHINES = sorted((Path(__file__).parents[1] / "data" / "groups").glob("*.toml"))
ISOLATES = 'acs = "SV+ RR+ CR+ UF+"\n'


def row(slot, type_="pci", behind="", more=""):
    return f'[[host_function]]\nslot = "{slot}"\ntype = "{type_}"\nbehind = "{behind}"\n{more}'


IGD = row("00:02.0", more='driver = "vfio-pci"\n')


def made(*rows, kernel="6.12"):
    """The groups of IGD and ``rows``, each as a set of slots, without the IGD's own where it is alone."""
    wanted = asked(loads(f'[host]\nkernel = "{kernel}"\n' + IGD + "".join(rows)))
    groups = [{each.short for each in group.members} for group in wanted.groups.all]
    return sorted(sorted(each) for each in groups if each != {"00:02.0"})


@pytest.mark.parametrize("machine", MACHINES, ids=lambda path: path.stem)
def test_a_real_machine_has_the_groups_that_its_kernel_listed(machine):
    groups = asked(load(machine)).groups
    assert groups.listed is not None
    assert len(groups.all) > 8
    assert not [[member.short for member in group.members] for group in groups.differing()]


def test_before_its_quirk_the_pchs_root_ports_were_one_group():
    machine = next(path for path in MACHINES if path.stem == "linux-3.8")
    groups = asked(load(machine, ["host.kernel=3.14"])).groups
    assert [group.number for group in groups.differing()] == [7]


def port(slot="00:1c.0", more="", type_="root-port"):
    return row(slot, type_, more="class = 0x060400\n" + more)


@pytest.mark.parametrize(
    ("acs", "apart"),
    [
        (ISOLATES, True),
        ("", False),
        ('acs = "SV+ RR+ CR+ UF-"\n', False),
        ('acs = "SV- RR+ CR+ UF+"\n', False),
        ('acs = "RR+"\n', True),  # bits that the capability lacks count as hard-wired
        ('acs = "empty"\n', True),
        ('acs = "override"\n', True),
        ("device = 0x1c10\n", True),  # Cougar Point: isolates without a capability
        ("device = 0xa110\n", False),  # Sunrise Point: only with one
        ('device = 0xa110\nacs = "SV- RR- CR- UF-"\n', True),  # ... which lspci, and we, misread
        ('device = 0x1c10\nvendor = 0x1022\n', False),
    ],
)  # fmt: skip
def test_a_root_port_isolates_what_is_behind_it_when_acs_or_a_quirk_says_so(acs, apart):
    groups = made(port(more=acs), row("03:00.0", "endpoint", "00:1c.0"))
    assert groups == ([["00:1c.0"], ["03:00.0"]] if apart else [["00:1c.0", "03:00.0"]])


@pytest.mark.parametrize(("kernel", "apart"), [("3.13", False), ("3.14", True)])
def test_the_pchs_quirk_came_with_3_14(kernel, apart):
    groups = made(port(more="device = 0x1c10\n"), row("03:00.0", "endpoint", "00:1c.0"), kernel=kernel)
    assert (len(groups) == 2) is apart


def test_one_port_of_a_switch_without_acs_makes_no_group_of_its_neighbours():
    switch = [
        port(more=ISOLATES), row("03:00.0", "upstream", "00:1c.0"), row("04:00.0", "downstream", "03:00.0"),
        row("04:01.0", "downstream", "03:00.0", ISOLATES), row("05:00.0", "endpoint", "04:00.0"),
        row("06:00.0", "endpoint", "04:01.0"),
    ]  # fmt: skip
    assert made(*switch) == [["00:1c.0"], ["03:00.0"], ["04:00.0", "05:00.0"], ["04:01.0"], ["06:00.0"]]


def test_a_root_port_without_acs_joins_all_that_is_behind_its_switch():
    switch = [
        port(), row("03:00.0", "upstream", "00:1c.0"), row("04:00.0", "downstream", "03:00.0", ISOLATES),
        row("05:00.0", "endpoint", "04:00.0"),
    ]  # fmt: skip
    assert made(*switch) == [["00:1c.0", "03:00.0", "04:00.0", "05:00.0"]]


def test_functions_of_one_device_are_one_group_unless_they_isolate():
    assert made(row("00:1f.0"), row("00:1f.2"), row("00:1f.6", more="device = 0x15b8\n")) == [
        ["00:1f.0", "00:1f.2"], ["00:1f.6"],
    ]  # fmt: skip
    assert made(row("00:14.0"), row("00:15.0")) == [["00:14.0"], ["00:15.0"]]
    # a header that denies its other functions
    assert made(row("00:14.0", more='multifunction = "off"\n'), row("00:14.2", more='multifunction = "off"\n')) == [
        ["00:14.0"], ["00:14.2"],
    ]  # fmt: skip


@pytest.mark.parametrize(("kernel", "apart"), [("5.7", False), ("5.8", True)])
def test_intels_root_complex_endpoints_isolate_since_5_8(kernel, apart):
    assert (len(made(row("00:14.0", "rciep"), row("00:14.2", "rciep"), kernel=kernel)) == 2) is apart


@pytest.mark.parametrize("bridge", ["pcie-to-pci", "pci-to-pcie", "pci"])
def test_what_is_behind_a_bridge_that_sends_for_it_is_in_the_bridges_group(bridge):
    below = "class = 0x060400\n"
    rows = [port(more=ISOLATES), row("03:00.0", bridge, "00:1c.0", below), row("04:00.0", behind="03:00.0"),
            row("04:01.0", behind="03:00.0")]  # fmt: skip
    assert made(*rows) == [["00:1c.0"], ["03:00.0", "04:00.0", "04:01.0"]]


def test_a_device_that_sends_as_another_is_in_its_group():
    marvell = "vendor = 0x1b4b\ndevice = 0x9172\n"
    acs = 'acs = "empty"\n'
    rows = [port(more=ISOLATES), row("03:00.0", "endpoint", "00:1c.0", marvell + acs),
            row("03:00.1", "endpoint", "00:1c.0", acs)]  # fmt: skip
    assert made(*rows) == [["00:1c.0"], ["03:00.0", "03:00.1"]]
    assert made(row("00:05.0", more='alias = ["00:06.0"]\n'), row("00:06.0")) == [["00:05.0", "00:06.0"]]


BELOW = "class = 0x060400\n"
TUNDRA = BELOW + "vendor = 0x10e3\ndevice = 0x8113\n"


@pytest.mark.parametrize(
    ("igd", "above", "chain", "seen"),
    [
        ("00:02.0", "", [], 0x0010),
        ("02:03.0", "00:1c.0", [port()], 0x0218),
        ("05:03.0", "04:00.0", [port(), row("03:00.0", "upstream", "00:1c.0"),
                                row("04:00.0", "downstream", "03:00.0")], 0x0518),
        ("04:03.0", "03:00.0", [port(), row("03:00.0", "pcie-to-pci", "00:1c.0")], 0x0400),
        ("05:03.0", "04:02.0", [port(), row("03:00.0", "pcie-to-pci", "00:1c.0"),
                                row("04:02.0", "pci", "03:00.0", BELOW)], 0x0400),
        ("01:03.0", "00:1e.0", [row("00:1e.0", "pci", "", BELOW)], 0x00F0),
        ("04:03.0", "03:00.0", [port(), row("03:00.0", "pci", "00:1c.0", TUNDRA)], 0x0400),
        ("04:03.0", "03:00.0", [port(), row("03:00.0", "pci", "00:1c.0", BELOW)], 0x0300),
        ("02:03.0", "00:05.0", [row("00:05.0", "pci-to-pcie", "", BELOW)], 0x0028),
    ],
)  # fmt: skip
def test_the_iommu_sees_the_last_id_on_the_way_up(igd, above, chain, seen):
    text = f'[host]\nslot = "{igd}"\n' + "".join(chain) + row(igd, behind=above, more='driver = "vfio-pci"\n')
    assert requester(loads(text)) == seen


def test_two_thousand_functions_take_twice_the_steps_of_a_thousand():
    """Calls are counted, not time: buses of 250 functions, each function with a neighbour that it sends as."""

    def steps(count):
        functions = []
        for number in range(count):
            bus, devfn = divmod(number, 250)
            functions.append(HostFunction(bus << 8 | devfn, multifunction=True, aliases=(devfn ^ 1,)))
        calls = 0

        def count_calls(frame, event, argument):
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count_calls)
        try:
            groups = Groups(Topology(functions), (6, 12))
        finally:
            sys.setprofile(None)
        assert 0 < len(groups.all) < count
        return calls

    assert steps(2000) < 2.2 * steps(1000)


@pytest.mark.parametrize(
    ("text", "field", "what"),
    [
        (IGD + IGD, "host_function.1.slot", "two functions in one slot"),
        (IGD + row("03:00.0", behind="00:1c.0"), "host_function.1.behind", "the bridge is not there"),
        (IGD + row("03:00.0", behind="03:00.0"), "host_function.1.behind", "a function behind itself"),
        (IGD + row("03:00.0", behind="00:02.0"), "host_function.1.behind", "not a bridge"),
        (IGD + row("03:00.0", "upstream", "04:00.0") + row("04:00.0", "downstream", "03:00.0"),
         "host_function.1.behind", "loop"),
        (IGD + port() + port("00:1d.0") + row("03:00.0", behind="00:1c.0") + row("03:01.0", behind="00:1d.0"),
         "host_function.4.behind", "one bus behind two bridges"),
        (IGD + port() + row("03:00.0", behind="00:1c.0") + row("04:00.0", behind="00:1c.0"), "host_function.3.slot",
         "two buses behind one bridge"),
        (IGD + port() + row("0001:03:00.0", behind="00:1c.0"), "host_function.2.behind", "another segment"),
        (row("00:03.0"), "host.slot", "none of the host's functions"),
        (IGD + row("0:3.0"), "host_function.1.slot", "not a function of a host"),
        (IGD + row("00:03.0", more='acs = "SV"\n'), "host_function.1.acs", "not an ACS bit"),
        (IGD + row("00:03.0", more='alias = ["01:00.0"]\n'), "host_function.1.alias.0", "not an alias"),
        ('[host]\nrmrr = ["5-4"]\n' + IGD, "host.rmrr.0", "not a reserved range"),
        ('[host]\nrmrr = ["0x1000-0x1fff 00:14.0"]\n' + IGD, "host.rmrr.0", "a function that is not there"),
        ('[host]\nkernel = "new"\n' + IGD, "host.kernel", "not a release"),
        (IGD + '[[group]]\nfunction = "00:02.0"\n[[group]]\nfunction = "00:02.0"\n', "group.1.function", "named twice"),
        (IGD + '[[group]]\nfunction = "00:03.0"\n', "group.0.function", "no such function"),
        (IGD + '[[function]]\nslot = "05.0"\nhost = "00:02.0"\n', "function.0.host", "assigned twice"),
        (IGD + '[[function]]\nslot = "05.0"\nhost = "00:03.0"\n', "function.0.host", "no such function"),
        ('[rom]\nsource = "shadow"\n' + IGD + 'reset = "bus"\n', "host_function.0.reset", "needs a reset"),
    ],
)  # fmt: skip
def test_a_host_that_cannot_be_is_refused_by_its_field(text, field, what):
    with pytest.raises(FwsimError, match=what) as caught:
        loads(text)
    assert caught.value.where == f"scenario: {field}"
    assert caught.value.expected
    assert caught.value.found


def test_the_usual_rmrr_is_the_gtts_stolen_memory_and_the_displays():
    """64 MiB from DBA00000 on, 2 MiB of GTT below: DMAR's db800000-df9fffff."""
    assert usual_rmrr(Host(bdsm=0xDBA00001, ggc=0x211)) == (0xDB800000, 0xDF9FFFFF)


def test_a_display_whose_firmware_stole_nothing_has_no_rmrr():
    assert asked(loads("[host]\nggc = 0")).reserved == []
