import pytest
from configurations import LIBVIRT, one, place, values

from fwsim.diagnose.vm.readers import vms_of

HOSTDEV = """\
<hostdev mode='subsystem' type='pci' managed='no'>
  <source><address domain='0x0000' bus='0x00' slot='0x02' function='0x0'/></source>
  {}
</hostdev>
"""


def domain(inside="", devices="", head=""):
    return (
        f"<domain type='kvm'{head}>\n<name>a</name><memory unit='MiB'>2048</memory>\n"
        f"<os><type machine='pc'>hvm</type></os>\n{inside}<devices>{devices}</devices></domain>"
    )


def test_a_domain_of_unraids():
    vm = one(LIBVIRT)
    assert (vm.tool, vm.name, vm.value("unraid")) == ("libvirt", "Windows 10", True)
    assert values(vm, "machine", "ram", "cpus", "cpu", "phys-bits") == ("pc", 8 << 30, 4, "host", 39)
    assert values(vm, "firmware", "vga", "vga-slot", "hostdev-managed") == ("ovmf", "qxl", "00:1e.0", True)
    assert values(vm, "host", "slot", "romfile", "rombar") == ("00:02.0", "00:02.0", "/mnt/user/isos/igd.rom", False)
    assert place(vm, "slot") == (27, False)
    assert place(vm, "qemu") == (10, True)
    assert vm.unread == []


def test_overrides_are_those_of_the_second_host_device():
    vm = one(LIBVIRT)
    assert values(vm, "id", "x-igd-gms", "x-igd-opregion", "x-igd-legacy-mode") == ("hostdev1", 4, True, "off")
    assert place(vm, "x-igd-gms") == (33, False)
    other = one(LIBVIRT.replace("alias='hostdev1'", "alias='hostdev0'"))
    assert other.value("x-igd-gms") is None
    assert [(each.line, each.expected) for each in other.unread] == [(31, "hostdev1")]


def test_a_named_alias_is_the_devices_id():
    text = LIBVIRT.replace("<driver name='vfio'/>", "<alias name='ua-igd'/>").replace(
        "alias='hostdev1'", "alias='ua-igd'"
    )
    assert values(one(text), "id", "x-igd-gms") == ("ua-igd", 4)


def test_a_property_that_is_mistyped():
    vm = one(LIBVIRT.replace("x-igd-gms", "x-igd-gmz"))
    assert [(each.line, each.expected) for each in vm.unread] == [(33, "x-igd-gms")]


def test_an_undeclared_prefix_makes_libvirt_leave_it_out():
    text = LIBVIRT.replace(" xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'", "")
    vm = one(text)
    assert vm.value("x-igd-gms") is None
    assert [(each.line, "xmlns:qemu=" in each.expected) for each in vm.unread] == [(30, True)]


def test_arguments_of_qemus_own():
    arguments = (
        "<qemu:commandline><qemu:arg value='-set'/>\n<qemu:arg value='device.hostdev0.x-igd-gms=2'/>\n"
        "<qemu:arg value='-cpu'/><qemu:arg value='host,host-phys-bits-limit=39'/></qemu:commandline>"
    )
    head = " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
    vm = one(domain(arguments, HOSTDEV.format(""), head))
    assert values(vm, "x-igd-gms", "phys-bits") == (2, 39)
    assert place(vm, "set-by")[0] == 4
    device = domain(
        "<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='vfio-pci,host=00:02.0,addr=0x2,romfile=/r.rom'/>"
        "</qemu:commandline>", "", head,
    )  # fmt: skip
    assert values(one(device), "host", "slot", "romfile") == ("00:02.0", "00:02.0", "/r.rom")


@pytest.mark.parametrize(
    ("memory", "size"),
    [
        ("<memory>1048576</memory>", 1 << 30), ("<memory unit='GiB'>4</memory>", 4 << 30),
        ("<memory unit='MB'>1</memory>", 10**6), ("<memory unit='b'>4096</memory>", 4096),
    ],
)  # fmt: skip
def test_units_of_memory(memory, size):
    text = domain().replace("<memory unit='MiB'>2048</memory>", memory)
    assert one(text).value("ram") == size


@pytest.mark.parametrize(
    ("devices", "vga", "assumed"),
    [
        ("<video><model type='none'/></video>", "none", False),
        ("<video><model type='virtio'/></video>", "virtio", False),
        ("<graphics type='vnc'/>", "std", True),
        ("", "none", True),
    ],
)
def test_the_emulated_display(devices, vga, assumed):
    vm = one(domain(devices=devices + HOSTDEV.format("")))
    assert vm.value("vga") == vga
    assert vm.settings["vga"].assumed == assumed


@pytest.mark.parametrize(
    ("system", "firmware"),
    [
        ("<os firmware='efi'>", "ovmf"), ("<os><loader type='pflash'>/x/CODE.fd</loader>", "ovmf"),
        ("<os><loader type='rom'>/usr/share/seabios/bios-256k.bin</loader>", "seabios"), ("<os>", "seabios"),
    ],
)  # fmt: skip
def test_firmware(system, firmware):
    assert one(domain().replace("<os>", system)).value("firmware") == firmware


@pytest.mark.parametrize(("machine", "slot"), [("pc", "00:03.0"), ("q35", "01:00.0")])
def test_without_an_address_libvirt_keeps_it_away_from_02(machine, slot):
    vm = one(domain(devices=HOSTDEV.format("")).replace("machine='pc'", f"machine='{machine}'"))
    assert vm.value("slot") == slot
    assert vm.settings["slot"].assumed


def test_a_bus_past_the_first_is_told():
    address = "<address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/>"
    assert one(domain(devices=HOSTDEV.format(address))).value("slot") == "07:00.0"


def test_something_else_at_1f():
    other = "<controller type='pci'><address type='pci' domain='0' bus='0x00' slot='0x1f' function='0x0'/></controller>"
    assert one(domain(devices=HOSTDEV.format("") + other)).value("at-1f") == "controller"


def test_broken_xml_names_its_place():
    found, unread = vms_of("\n\n<domain type='kvm'>\n<name>a</nam>\n</domain>", "a.xml")
    assert found == []
    assert [(each.line, each.why) for each in unread] == [(4, "the XML is broken: mismatched tag, column 10")]


def test_a_document_type_is_refused_and_no_entity_is_resolved(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    text = (
        f'<!DOCTYPE domain [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY y "YYYY">]>\n'
        "<domain type='kvm'><name>&x;&y;</name></domain>"
    )
    found, unread = vms_of(text, "a.xml")
    assert found == []
    assert [(each.line, "refused" in each.why) for each in unread] == [(1, True)]
    inside = text.replace("<!DOCTYPE", "<a/><!DOCTYPE")
    assert vms_of(inside, "a.xml")[0] == []
    found, unread = vms_of("<domain type='kvm'><name>&lol;</name></domain>", "a.xml")
    assert (found, "undefined entity" in unread[0].why) == ([], True)


def test_elements_past_any_use_are_refused():
    found, unread = vms_of("<domain>" + "<a>" * 5000 + "</a>" * 5000 + "</domain>", "a.xml")
    assert found == []
    assert "nested" in unread[0].why


def test_two_domains_of_which_one_is_broken():
    text = domain().replace("<name>a", "<name>first") + "\n<domain><oops></domain>\n" + domain()
    found, unread = vms_of(text, "all.xml")
    assert [vm.name for vm in found] == ["first", "a"]
    assert len(unread) == 1
