"""What SeaBIOS keeps of its high memory, beside real boots: of it the rest goes back to e820 as RAM.

Measured in QEMU 7.2 with TCG, SeaBIOS 1.16.2-1 and 1.17.0-1, 2 GiB of RAM unless said, no IGD, nothing on the
controllers. The numbers are 16 MiB less "Returned N bytes of ZoneHigh", less the 128 KiB of the ACPI tables.
"""

import pytest

from fwsim.errors import FwsimError
from fwsim.firmware.cpu_models import guest_cpu
from fwsim.firmware.qemu_smbios import smbios_bytes
from fwsim.firmware.request import Function, Request
from fwsim.firmware.seabios import SEABIOS
from fwsim.firmware.seabios.place import SeaBiosOptions
from fwsim.placement.allocate import Ask, place

GIB = 1 << 30
CONTROLLERS = {
    "ahci": (0x8086, 0x2922, 0x010601), "ehci": (0x8086, 0x24CD, 0x0C0320), "uhci": (0x8086, 0x7020, 0x0C0300),
    "ohci": (0x106B, 0x003F, 0x0C0310), "xhci": (0x1B36, 0x000D, 0x0C0330), "lsi": (0x1000, 0x0012, 0x010000),
    "virtio-scsi": (0x1AF4, 0x1004, 0x010000), "pvscsi": (0x15AD, 0x07C0, 0x010700), "nvme": (0x1B36, 0x0010, 0x010802),
    "virtio-net": (0x1AF4, 0x1000, 0x020000), "virtio-blk": (0x1AF4, 0x1001, 0x010000),
}  # fmt: skip


def kept(names="", options=None, version="1.16.2", **changes):
    """Bytes that do not come back, the ACPI tables left out."""
    functions = tuple(Function((n + 3) << 3, *CONTROLLERS[name]) for n, name in enumerate(names.split()))
    cpu = guest_cpu("qemu64", count=changes.pop("cpus", 1), accel="tcg")
    request = Request(
        functions=functions, options=options, version=version, cpu=cpu, **({"release": (7, 2)} | changes)
    )  # fmt: skip
    out = SEABIOS.place(request)
    assert out.zonehigh_returned is not None
    return (16 << 20) - 0x20000 - out.zonehigh_returned


@pytest.mark.parametrize("version", ["1.16.2", "1.17.0"])
@pytest.mark.parametrize(
    ("names", "pages"),
    [
        ("", 0), ("ahci", 0), ("xhci", 0), ("ehci", 0), ("uhci", 0), ("ohci", 0), ("lsi", 0), ("virtio-scsi", 0),
        ("ahci virtio-scsi xhci", 0), ("virtio-net xhci", 0), ("pvscsi", 4), ("pvscsi pvscsi", 7), ("virtio-blk", 3),
        ("nvme", 8), ("nvme nvme", 15), ("nvme nvme nvme", 22), ("ahci nvme", 8), ("xhci nvme", 8),
        ("xhci xhci nvme", 8), ("ohci nvme", 8), ("lsi nvme", 8), ("ehci nvme", 9), ("uhci nvme", 9),
        ("ehci uhci nvme", 10), ("nvme virtio-scsi", 10), ("xhci virtio-scsi nvme", 11), ("pvscsi nvme", 11),
        ("virtio-scsi virtio-scsi nvme", 13), ("ehci virtio-scsi pvscsi", 7),
        ("virtio-net ahci xhci virtio-scsi nvme", 11),
    ],
)  # fmt: skip
def test_what_drivers_keep_with_nothing_attached(names, pages, version):
    assert kept(names, version=version) == pages * 0x1000


def test_what_is_assumed_of_the_drivers_is_said():
    """And only where there is such a controller, and where the user does not say it himself."""
    nvme = Function(0x18, *CONTROLLERS["nvme"])
    notes = SEABIOS.place(Request(functions=(nvme,))).notes
    assert any("nvme" in note and "option drivers" in note for note in notes)
    assert not SEABIOS.place(Request()).notes
    assert not SEABIOS.place(Request(functions=(nvme,), options=SeaBiosOptions(drivers=0x9000))).notes
    assert kept("nvme", SeaBiosOptions(drivers=0x9000)) == 0x9000


@pytest.mark.parametrize(
    ("machine", "ram", "cpus", "release", "size"),
    [
        ("pc", 2, 1, (7, 2, 22), 321), ("q35", 2, 1, (7, 2), 309), ("pc", 2, 4, (7, 2), 321),
        ("pc", 20, 1, (7, 2), 407), ("pc", 70, 1, (7, 2), 566),
    ],
)  # fmt: skip
def test_smbios_tables_are_as_large_as_qemus(machine, ram, cpus, release, size):
    """The length of `etc/smbios/smbios-tables`, read from the running QEMU."""
    low = min(ram, 3 if machine == "pc" else 2) * GIB
    assert smbios_bytes(machine, low, ram * GIB - low, cpus, release) == size


def test_sockets_were_cpus_before_6_2():
    """Eight sockets have 797 bytes in QEMU 7.2, as 6.1 has by itself: 68 each."""
    assert smbios_bytes("pc", 2 * GIB, 0, 8, (6, 1)) == 797


@pytest.mark.parametrize(
    ("changes", "options", "pages"),
    [
        ({"ram": 60 * GIB}, None, 0), ({"ram": 70 * GIB}, None, 1),
        ({"cpus": 4, "release": (6, 1)}, None, 0), ({"cpus": 5, "release": (6, 1)}, None, 1),
        ({"cpus": 64, "release": (6, 1)}, None, 2),
        ({}, SeaBiosOptions(vmgenid=True), 2),
        ({"cpus": 8, "release": (6, 1)}, SeaBiosOptions(vmgenid=True), 2),
        ({"cpus": 64, "release": (6, 1)}, SeaBiosOptions(vmgenid=True), 3),
        ({}, SeaBiosOptions(smbios=600), 0), ({}, SeaBiosOptions(smbios=601), 1),
        ({}, SeaBiosOptions(acpi_tables=0x40000), 0x20),
    ],
)  # fmt: skip
def test_tables_take_high_memory(changes, options, pages):
    """4 and 5 sockets are 592 and 660 bytes with SeaBIOS's own 67: 600 is where the F segment is left."""
    assert kept(options=options, **changes) == pages * 0x1000


def test_vmgenid_shares_a_page_with_pvscsi():
    assert kept("pvscsi", SeaBiosOptions(vmgenid=True)) == 5 * 0x1000


def test_the_command_line_reaches_the_tables():
    """They are options of the firmware's own: those of another firmware leave them alone."""
    plain, larger = place(Ask()), place(Ask(acpi_tables=0x40000, smbios=4096))
    ends = [max(e.end for e in each.firmware.e820 if e.type == "RAM") for each in (plain, larger)]
    assert ends[0] - ends[1] == 0x21000
    with pytest.raises(FwsimError, match="no such option"):
        place(Ask(options={"high": 1}))
