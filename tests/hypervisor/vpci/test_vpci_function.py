"""What a guest reads and writes of one function. Source of each fact: Xen c447b7308b, xen/drivers/vpci."""

import pytest
from vpci_rig import COMMAND, MSIX, STATUS, Guest, bridge, config, nic

from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.function import RefusedError
from fwsim.hypervisor.vpci.host import HostBar, HostDevice
from fwsim.hypervisor.vpci.rules import Rules
from fwsim.hypervisor.vpci.stage2 import Mapping

ONES = 0xFFFFFFFF


def test_a_guest_sees_ids_and_two_capabilities():
    """cap.c: power management and Express are left out, MSI and MSI-X linked; extended ones begin with a zero."""
    guest = Guest()
    assert [guest.read(at) for at in (0x00, 0x08)] == [0x10D38086, 0x02000000]
    assert [guest.read(0x34, 1), guest.read(0x50, 2), guest.read(0x70, 2)] == [0x50, 0x7005, 0x0011]
    assert [guest.read(at) for at in (0x40, 0xA0, 0x100, 0x104)] == [ONES, ONES, 0, ONES]


def test_xen_as_it_is_shows_no_function_at_all():
    """No file of xen/drivers/vpci has a handler for the ids: a domU reads ones, and finds nothing."""
    guest = Guest(rules=Rules(ids=False))
    assert [guest.read(0), guest.read(8), guest.read(0x0E, 1)] == [ONES, ONES, 0xFF]


def test_on_arm_msi_is_in_the_list_and_has_no_registers():
    """xen/drivers/vpci/Makefile: msi.c is built with CONFIG_HAS_PCI_MSI, which x86 alone selects."""
    guest = Guest(rules=Rules(msi=False))
    assert [guest.read(0x34, 1), guest.read(0x50, 2), guest.read(0x52, 2)] == [0x50, 0x7005, 0xFFFF]


def test_without_a_capability_the_status_has_no_list():
    guest = Guest(nic(capabilities=((0x40, bytes([0x01, 3, 0])),)))
    assert (guest.read(STATUS, 2) & 0x10, guest.read(0x34, 1)) == (0, 0)


def test_a_bar_is_sized_by_ones_and_moved():
    guest = Guest()
    assert [guest.read(at) for at in (0x10, 0x18, 0x1C, 0x20)] == [0x50000000, 0x0000000C, 0x80, 0]
    for at in (0x10, 0x18, 0x1C):
        guest.write(at, ONES)
    assert [guest.read(at) for at in (0x10, 0x18, 0x1C)] == [0xFFFE0000, 0xFFF0000C, ONES]
    guest.write(0x18, 0)
    guest.write(0x1C, 1)
    assert (guest.function.bars[2].guest, guest.function.bars[2].address) == (0x100000000, 0x8000000000)


def test_an_io_bar_is_zero_on_arm_and_ones_on_x86():
    """header.c: the handler that reads 0 is not built for x86."""
    assert [Guest(rules=Rules(arm=arm)).read(0x20) for arm in (True, False)] == [0, ONES]


def test_decode_maps_where_the_guest_put_it_and_unmaps():
    """The MSI-X table's pages are left out: BAR1 keeps its first two."""
    guest = Guest()
    for at, value in ((0x10, 0x23000000), (0x14, 0x23100000), (0x18, 0), (0x1C, 1)):
        guest.write(at, value)
    assert guest.mapped() == []
    guest.write(COMMAND, 2, 2)
    assert guest.mapped() == [
        (0x23000000, 0x50000000, 0x20000), (0x23100000, 0x50020000, 0x2000), (0x100000000, 0x8000000000, 0x100000),
    ]  # fmt: skip
    assert guest.function.command & 2
    guest.write(COMMAND, 0, 2)
    assert guest.mapped() == []


def test_a_bar_keeps_its_address_while_it_is_mapped():
    guest = Guest()
    guest.write(COMMAND, 2, 2)
    guest.write(0x10, 0x23000000)
    assert guest.read(0x10) == 0x50000000
    assert guest.said == ["(XEN) d1v0 0000:08:00.0: ignored guest BAR 0 write while mapped"]
    guest.write(0x10, 0x50000000)
    assert len(guest.said) == 1


def test_mapping_waits_until_the_guest_goes_on():
    """defer_map: the device gets the command when it is done."""
    asked = []
    guest = Guest(softirq=lambda: asked.append(1))
    guest.write(COMMAND, 6, 2)
    assert (asked, guest.mapped(), guest.function.command & 6, guest.read(COMMAND, 2)) == ([1], [], 0, 6)
    guest.domain.resume()
    assert (len(guest.mapped()), guest.function.command & 6) == (3, 6)


def test_a_small_bar_has_to_lie_in_its_page_as_the_hosts_does():
    guest = Guest(nic(bars=(HostBar(0, 0x100, "mem", False, 0x50000400),), capabilities=()))
    guest.write(0x10, 0x23000000)
    guest.write(COMMAND, 2, 2)
    assert (guest.mapped(), guest.function.command & 2, guest.read(COMMAND, 2)) == ([], 0, 2)
    assert guest.said == ["(XEN) d1v0 0000:08:00.0: can't map BAR0 - offset mismatch: 0x23000000 vs 0x50000400"]
    guest.write(0x10, 0x23000400)
    guest.write(COMMAND, 2, 2)
    assert guest.mapped() == [(0x23000000, 0x50000000, 0x1000)]


def test_a_failed_mapping_ends_the_guest_with_decode_off():
    """On x86 a page that is another device's is refused (set_typed_p2m_entry), and the domain crashed."""
    guest = Guest(rules=Rules(arm=False))
    guest.domain.stage2.map(Mapping(0x50000000, 0x99999000, 0x1000, 0x0900, 0))
    guest.write(COMMAND, 2, 2)
    assert (guest.domain.crashed, guest.function.command & 2) == (
        "domain_crash called from drivers/vpci/header.c:235", 0,
    )  # fmt: skip
    assert guest.said[:2] == [
        "(XEN) d1: GFN 0x50000 (0x99999,0,5,7) -> (0x50000,0,5,7) not permitted",
        "(XEN) Failed to map [50000 5001f] -> [50000 50020] for d1: -1",
    ]


def test_a_bar_outside_the_host_bridges_windows_is_not_mapped_on_arm():
    guest = Guest(host_windows=[(0x50000000, 0x1000000)])
    guest.write(COMMAND, 2, 2)
    assert [host for _, host, _ in guest.mapped()] == [0x50000000, 0x50020000]
    assert guest.said == ["(XEN) 0000:08:00.0: not mapping BAR [8000000, 80000ff] invalid position"]


def test_msi_switches_intx_off():
    guest = Guest()
    guest.write(0x54, 0xFEE00000)
    guest.write(0x5C, 0x4041, 2)
    guest.write(0x52, 1, 2)
    assert [guest.read(0x52, 2), guest.read(0x54), guest.read(0x5C, 2)] == [0x0081, 0xFEE00000, 0x4041]
    assert (guest.read(COMMAND, 2), guest.function.command) == (0x400, 0x400)
    guest.write(COMMAND, 4, 2)
    assert guest.read(COMMAND, 2) == 0x404


def test_msix_has_a_table_of_its_own_whose_pages_are_trapped():
    guest, pages = Guest(), {}
    guest.domain.trap = lambda start, size, who: pages.update({start: (size, who)})
    guest.write(0x14, 0x23100000)
    guest.write(COMMAND, 2, 2)
    assert {start: size for start, (size, _) in pages.items()} == {0x23102000: 0x1000, 0x23103000: 0x1000}
    trapped = pages[0x23102000][1]
    trapped.write(0x23102010, 8, 0x1_FEE00000)
    trapped.write(0x23102018, 4, 0x4041)
    assert [trapped.read(0x23102010, 8), trapped.read(0x23102018, 8)] == [0x1_FEE00000, 0x1_00004041]
    guest.write(0x72, 0x8000, 2)
    trapped.write(0x2310201C, 4, 0)
    entry = guest.function.msix.entries[1]
    assert (guest.read(0x72, 2), entry.bound, entry.masked) == (0x8007, True, False)
    assert trapped.read(0x23102011, 4) == ONES
    assert guest.said[-1] == "(XEN) d1v0 0000:08:00.0: unaligned or invalid size MSI-X table access"
    guest.write(COMMAND, 0, 2)
    assert {start: who for start, (_, who) in pages.items()} == {0x23102000: None, 0x23103000: None}


class Memory:
    """The host's: each byte is the last one of its address; ``written`` has what was written."""

    def __init__(self):
        self.written = []

    def read(self, address, width):
        return int.from_bytes(bytes(address + at & 0xFF for at in range(width)), "little")

    def write(self, address, width, value):
        self.written.append((address, width, value))


def test_what_lies_beside_a_table_is_the_devices():
    """adjacent_read, adjacent_write: the pending bits take no write of a guest's, the rest of the page does."""
    guest = Guest(memory=Memory())
    guest.write(0x14, 0x23100000)
    guest.write(COMMAND, 2, 2)
    trapped = guest.function.header.trapped
    assert [trapped.read(at, 4) for at in (0x23102080, 0x23103000)] == [0x83828180, 0x03020100]
    trapped.write(0x23103000, 4, 5)
    trapped.write(0x23102084, 4, 6)
    trapped.write(0x23102091, 2, 0x0807)
    assert guest.domain.memory.written == [(0x50022084, 4, 6), (0x50022091, 1, 7), (0x50022092, 1, 8)]


def test_msix_with_a_table_in_no_memory_is_masked():
    guest = Guest(
        nic(capabilities=((0x50, bytes([0x05, 0x80, 0])), (0x70, bytes([0x11, 7, 0, 4, 0, 0, 0, 4, 8, 0, 0]))))
    )
    assert (guest.read(0x50, 2), guest.read(0x70)) == (0x0005, ONES)
    assert guest.said == [
        "(XEN) DEVICE BUG: 0000:08:00.0: MSI-X vector table at invalid BAR4 with type 1",
        "(XEN) d1 0000:08:00.0: init legacy cap 17 fail rc=-19, mask it",
    ]


@pytest.mark.parametrize(("writes", "line"), [("drop", 0), ("filter", 0x0B)])
def test_a_write_without_a_handler(writes, line):
    """Dropped, or as far as the register has storage: the interrupt line has, the class has none."""
    guest = Guest(rules=Rules(writes=writes))
    guest.write(0x3C, 0xFF0B, 2)
    guest.write(0x08, 0)
    guest.write(0x40, 0)
    assert [guest.read(0x3C, 2), guest.read(0x08), guest.read(0x40)] == [line, 0x02000000, ONES]


def test_a_write_without_a_handler_can_be_an_error():
    guest = Guest(rules=Rules(writes="error"))
    guest.write(COMMAND, 4, 2)
    guest.write(0x08, 0)
    with pytest.raises(RefusedError) as caught:
        guest.write(0x40, 5)
    assert (caught.value.sbdf, caught.value.offset, caught.value.width, caught.value.value) == (0x0800, 0x40, 4, 5)
    with pytest.raises(RefusedError):
        guest.write(0x9C, 0, 2)
    assert guest.read(COMMAND, 2) == 4


def test_an_identity_mapped_bar_is_sized_but_never_moved():
    guest = Guest(rules=Rules(bars="identity"))
    guest.write(0x10, ONES)
    assert guest.read(0x10) == 0xFFFE0000
    guest.write(0x10, 0x23000000)
    assert guest.read(0x10) == 0x50000000
    guest.write(COMMAND, 2, 2)
    assert guest.mapped()[0] == (0x50000000, 0x50000000, 0x20000)


def test_a_snapshot_takes_registers_and_mappings_back():
    guest = Guest()
    before = guest.function.state()
    guest.write(0x10, 0x23000000)
    guest.write(0x52, 1, 2)
    guest.write(COMMAND, 2, 2)
    after, mapped = guest.function.state(), guest.mapped()
    guest.function.restore(before)
    assert (guest.mapped(), guest.read(0x10), guest.read(COMMAND, 2), guest.read(0x52, 2)) == ([], 0x50000000, 0, 0x80)
    guest.function.restore(after)
    assert (guest.mapped(), guest.read(0x10), guest.function.command & 0x402) == (mapped, 0x23000000, 0x402)


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (HostDevice(0x0800, config(kind=2)), "header type 2"),
        (nic(capabilities=(MSIX, (0x70, MSIX[1]))), "another one at 0x70"),
    ],
)
def test_what_xen_does_not_assign(device, said):
    with pytest.raises(FwsimError) as caught:
        Guest(device)
    assert caught.value.found == said


def test_an_msi_capability_under_another_is_masked():
    """MSI's data register would be where MSI-X begins, and that loses its id with MSI's handlers (cleanup_msi)."""
    guest = Guest(nic(capabilities=((0x50, bytes([0x05, 0, 0])), (0x58, MSIX[1]))))
    assert guest.said[0] == "(XEN) d1 0000:08:00.0: init legacy cap 5 fail rc=-17, mask it"


def test_a_bridge_has_two_bars_and_its_rom_elsewhere():
    guest = Guest(bridge(0x0800))
    assert [guest.read(at) for at in (0x10, 0x14, 0x38, 0x18, 0x30)] == [0, 0, 0, ONES, ONES]
