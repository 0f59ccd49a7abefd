"""Xen's ioreq servers, asked for the way of one access: by each design, function, way and place."""

import pytest

from fwsim.devices.config_traps import (
    AS_CONFIG,
    AS_MMIO,
    DEVICE_MODEL,
    EMULATORS,
    HYPERVISOR,
    NOBODY,
    NOT_AT_ALL,
    VIA_LEFT,
    VIA_PORTS,
    VIA_WINDOW,
    Route,
)
from fwsim.errors import FwsimError
from fwsim.firmware.request import Function
from fwsim.hypervisor.config_space import ConfigBoard, Seat
from fwsim.hypervisor.interface import Choice, Device
from fwsim.hypervisor.xen.kind import Xen
from fwsim.hypervisor.xen.mmcfg import Mmcfg

WINDOW = (0xE0000000, 64 << 20)
BRIDGE, IGD, NIC, DEMU, OTHER, LPC, BEHIND, EMPTY = 0x00, 0x10, 0x20, 0x28, 0x30, 0xF8, 0x100, 0x38
SEATS = (
    Seat(BRIDGE), Seat(IGD), Seat(NIC, size=0x1000), Seat(DEMU, "demu", 0x1000),
    Seat(OTHER, "other", 0x1000), Seat(LPC), Seat(BEHIND, behind=True),
)  # fmt: skip
DESIGNS = {
    "told": {"config_space": "told"}, "outdated": {"config_space": "outdated"},
    "pciexbar": {"config_space": "hypervisor", "chipset": "pciexbar"},
    "mch-ich9": {"config_space": "hypervisor"},
}  # fmt: skip
DEVICE = Device(0x0126, 6, 0x209, 0xDBA00000, 32 << 20, 0, machine="q35")


def design(name, *, window=WINDOW, bar_at=lambda address: None, seats=SEATS, **more):
    xen = Xen(Choice("xen", options=DESIGNS[name] | more))
    return xen.config_design(DEVICE, ConfigBoard(tuple(seats), lambda: window, bar_at))


def way(name, by, bdf, offset=0, **more):
    return design(name, **more).router.route(by, bdf, offset)


@pytest.mark.parametrize("name", DESIGNS)
def test_cf8_reaches_whoever_registered_the_function(name):
    """By SBDF; a CFC access is a configuration request whatever Xen knows of MMCONFIG."""
    assert way(name, VIA_PORTS, NIC) == Route(DEVICE_MODEL, AS_CONFIG, reaches=True)
    assert way(name, VIA_PORTS, DEMU) == Route(EMULATORS, AS_CONFIG, reaches=True)
    assert way(name, VIA_PORTS, OTHER) == Route(EMULATORS + 1, AS_CONFIG, reaches=True)
    assert way(name, VIA_PORTS, EMPTY) == Route(NOBODY, NOT_AT_ALL)


@pytest.mark.parametrize(
    ("name", "nic", "extended", "demu"),
    [
        ("told", Route(DEVICE_MODEL, AS_MMIO, True), Route(DEVICE_MODEL, AS_MMIO, True), (EMULATORS, AS_CONFIG, True)),
        (
            "outdated", Route(DEVICE_MODEL, AS_MMIO, True), Route(DEVICE_MODEL, AS_MMIO, True),
            (DEVICE_MODEL, AS_MMIO, False),
        ),
        (
            "mch-ich9", Route(DEVICE_MODEL, AS_CONFIG, True), Route(DEVICE_MODEL, AS_CONFIG, lost=True),
            (EMULATORS, AS_CONFIG, True),
        ),
        (
            "pciexbar", Route(DEVICE_MODEL, AS_CONFIG, True), Route(DEVICE_MODEL, AS_CONFIG, lost=True),
            (EMULATORS, AS_CONFIG, True),
        ),
    ],
)  # fmt: skip
def test_the_window_by_design(name, nic, extended, demu):
    """The owner gets MMIO in design I, all get requests in design II (QEMU to 100h); no emulator gets MMIO."""
    assert way(name, VIA_WINDOW, NIC, 0xFC) == nic
    assert way(name, VIA_WINDOW, NIC, 0x100) == extended
    who, form, reaches = demu
    for offset in (0, 0x100):
        assert way(name, VIA_WINDOW, DEMU, offset) == Route(who, form, reaches, lost=not reaches)


def test_a_conventional_function_loses_nothing_past_its_end():
    assert not way("mch-ich9", VIA_WINDOW, IGD, 0x100).lost


@pytest.mark.parametrize(("name", "mine"), [("told", ""), ("pciexbar", "B"), ("mch-ich9", "BL"), ("outdated", "")])
def test_who_has_the_chipset(name, mine):
    for letter, bdf in (("B", BRIDGE), ("L", LPC)):
        assert (way(name, VIA_PORTS, bdf).who == HYPERVISOR) == (letter in mine)
        assert (way(name, VIA_WINDOW, bdf).who == HYPERVISOR) == (letter in mine)


def test_where_the_window_was_is_nobodys():
    for name in DESIGNS:
        assert way(name, VIA_LEFT, DEMU) == Route(NOBODY, NOT_AT_ALL, lost=True)
        assert way(name, VIA_WINDOW, NIC, window=None) == Route(NOBODY, NOT_AT_ALL, lost=True)
        assert way(name, VIA_LEFT, EMPTY) == Route(NOBODY, NOT_AT_ALL)


def test_the_server_that_came_last_is_asked_first():
    """FOR_EACH_IOREQ_SERVER counts down; the ranges of two servers may overlap."""
    both = (*SEATS, Seat(DEMU, "other", 0x1000))
    assert way("told", VIA_PORTS, DEMU, seats=both).who == EMULATORS + 1


def test_a_function_behind_a_bridge_is_registered_under_bus_0():
    """xen_device_realize comes before any firmware numbers the bus: the request finds no server."""
    assert way("told", VIA_PORTS, BEHIND) == Route(NOBODY, NOT_AT_ALL, lost=True)
    assert way("told", VIA_PORTS, BEHIND, seats=[Seat(BEHIND, "demu", behind=True)]).reaches
    assert way("mch-ich9", VIA_WINDOW, BEHIND) == Route(NOBODY, NOT_AT_ALL, lost=True)


def test_an_emulators_bar_under_the_window_is_its_memory_still():
    """Told, configuration space of emulators comes first; of the device model's two ranges, the emulator's is asked."""
    over = {"bar_at": lambda address: OTHER if address >> 20 == 0xE00 else None}
    assert way("told", VIA_WINDOW, NIC, **over) == Route(EMULATORS + 1, AS_MMIO, lost=True)
    assert way("told", VIA_WINDOW, DEMU, **over) == Route(EMULATORS, AS_CONFIG, reaches=True)
    assert way("outdated", VIA_WINDOW, DEMU, **over) == Route(EMULATORS + 1, AS_MMIO, lost=True)
    assert way("mch-ich9", VIA_WINDOW, NIC, **over) == Route(DEVICE_MODEL, AS_CONFIG, reaches=True)
    own = {"bar_at": lambda address: NIC}
    assert way("told", VIA_WINDOW, NIC, **own) == Route(DEVICE_MODEL, AS_MMIO, reaches=True)


def test_vpci_answers_before_any_server_where_xen_knows_the_window():
    more = {"pci": ["00:02.0,backend=vpci"]}
    assert way("told", VIA_PORTS, IGD, **more) == Route(HYPERVISOR, AS_CONFIG, reaches=True)
    assert way("told", VIA_WINDOW, IGD, **more) == Route(HYPERVISOR, AS_CONFIG, reaches=True)
    assert way("mch-ich9", VIA_WINDOW, IGD, **more).who == HYPERVISOR
    assert way("outdated", VIA_WINDOW, IGD, **more) == Route(DEVICE_MODEL, AS_MMIO, lost=True)


def test_a_notification_decodes_as_the_specification_says():
    """PCI Express 5.0, 7.2.2: bus 27:20, device 19:15, function 14:12; a first bus other than 0 is at its address."""
    found = Mmcfg(0xE0000000, 64)
    assert found.decode(0xE0010100) == (IGD, 0x100)
    assert found.decode(0xE0000000 + (1 << 20) + 0x8004) == (0x108, 4)
    assert found.decode(0xE3FFFFFF) == (0x3FFF, 0xFFF)
    assert (found.decode(0xE4000000), found.decode(0xDFFFFFFF)) == (None, None)
    assert Mmcfg(0xE0000000, 1, segment=2, first_bus=8).decode(0xE0000000) == (2 << 16 | 8 << 8, 0)
    assert Mmcfg(0xE0000000, 64, enabled=False).decode(0xE0000000) is None


def test_parties_are_named_in_the_order_of_their_ids():
    found = design("mch-ich9")
    assert [each.name for each in found.parties] == ["Xen", "qemu", "demu", "other"]
    assert found.parties[0].functions == (BRIDGE, LPC)


def test_eight_servers_are_the_most():
    """MAX_NR_IOREQ_SERVERS: the device model and seven others."""
    seats = [Seat(8 * number, f"e{number}") for number in range(1, 8)]
    assert len(design("told", seats=seats).parties) == 9
    with pytest.raises(FwsimError, match="too many ioreq servers"):
        design("told", seats=[*seats, Seat(64, "e8")])


@pytest.mark.parametrize(
    ("options", "where", "hint"),
    [
        ({"config_space": "yes"}, "config_space", ""),
        ({"chipset": "pciexbar"}, "chipset", "config_space ="),
        ({"config_space": "told", "chipset": "pciexbar"}, "chipset", '"hypervisor"'),
        ({"config_space": "hypervisor", "chipset": "piix4"}, "chipset", ""),
        ({"pciexbar": "once"}, "pciexbar", "config_space ="),
        ({"config_space": "told", "pciexbar": "ro"}, "pciexbar", ""),
    ],
)
def test_options_that_mean_nothing(options, where, hint):
    with pytest.raises(FwsimError) as error:
        Xen(Choice("xen", options=options))
    assert error.value.where == f"hypervisor.options.{where}"
    assert error.value.expected
    assert hint in error.value.hint


@pytest.mark.parametrize(("name", "there"), [("told", True), ("mch-ich9", True), ("pciexbar", False)])
def test_what_of_the_host_bridge_xen_leaves_out(name, there):
    """PCIEXBAR alone: the header and 60h-67h; PAM, SMRAM and TSEG are not there, and no 00:1f."""
    xen = Xen(Choice("xen", options=DESIGNS[name]))
    given = xen.assign(DEVICE)
    hidden = {row.offset for row in xen.registers(DEVICE, given, Function(BRIDGE, 0x8086, 0x29C0, 0x060000))}
    left = set() if there else {*range(0x40, 0x60, 4), *range(0x68, 0x100, 4)}
    assert hidden == left
    assert given.absent == (frozenset() if there else {LPC, 0xFA, 0xFB})
