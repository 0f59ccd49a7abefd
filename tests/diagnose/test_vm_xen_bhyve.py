import pytest
from configurations import BHYVE, VM_BHYVE, XL, one, place, values


def test_xl():
    vm = one(XL)
    assert (vm.tool, vm.name, vm.value("hypervisor")) == ("xl", "win7", "xen")
    assert values(vm, "ram", "cpus", "firmware", "gfx_passthru") == (4 << 30, 4, "seabios", True)
    assert values(vm, "host", "slot", "vga", "rdm_policy", "permissive") == (
        "00:02.0",
        "00:02.0",
        "none",
        "relaxed",
        True,
    )
    assert place(vm, "host") == (7, False)
    assert place(vm, "slot") == (7, True)
    assert vm.unread == []


@pytest.mark.parametrize(
    ("line", "value"),
    [("gfx_passthru = 1", True), ("gfx_passthru=0", False), ('gfx_passthru = "default"', True), ("", None)],
)
def test_gfx_passthru(line, value):
    vm = one(XL.replace('gfx_passthru = "igd"', line))
    assert vm.value("gfx_passthru") is value
    assert vm.value("slot") == ("00:02.0" if value else "00:05.0")
    assert vm.value("vga") == ("none" if value else "cirrus")


@pytest.mark.parametrize("pci", ["'00:02.0@3'", "'00:02.0,vslot=3'", '"bdf=0000:00:02.0,vslot=3"'])
def test_a_slot_in_pci(pci):
    vm = one(f"type = 'hvm'\nmemory = 1024\ngfx_passthru = 1\npci = [ {pci} ]\n")
    assert values(vm, "host", "slot") == ("00:02.0", "00:03.0")
    assert not vm.settings["slot"].assumed


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("gfx_passthru", "gfx_passthrough", 5, "gfx_passthru"), ("permissive", "permisive", 7, "permissive"),
        ('"igd"', '"intel"', 5, '0, 1, "default" or "igd"'), ("4096", "lots", 3, "MiB, such as 4096"),
        ("4096", "4096 MB", 3, "MiB, such as 4096"), ("memory =", "Memory=", 3, "memory"),
        ("memory =", "Memory =", 3, "memory"), ("permissive=1", "vslot=20", 7, "0 to 1f, hexadecimal"),
        ("permissive=1", "permissive=yes", 7, "0 or 1: xl takes any other word for 0"),
    ],
)  # fmt: skip
def test_what_xl_does_not_know(old, new, line, expected):
    vm = one(XL.replace(old, new))
    assert [(each.line, each.expected) for each in vm.unread] == [(line, expected)]


def test_devices_that_are_added():
    """+= goes behind what is there (xlu__cfg_concat_vals)."""
    text = XL + "pci += [ '00:1f.3' ]\n"
    assert one(text).value("host") == "00:02.0"
    assert one(text.replace("'00:02.0", "'00:14.0").replace("00:1f.3", "00:02.0@3")).value("slot") == "00:03.0"
    assert one(text.replace("pci +=", "pci =")).value("host") is None


def test_what_people_leave_out():
    """xl reads none of these lines; what they mean is plain all the same."""
    text = "builder = hvm\nmemory = 2048\ngfx_passthru = 1\npci = [ '00:1b.0' '00:02.0,permissive=1' ]\n"
    vm = one(text)
    assert values(vm, "type", "ram", "host", "permissive") == ("hvm", 2 << 30, "00:02.0", True)
    assert vm.unread == []


def test_bhyve():
    vm = one(BHYVE)
    assert (vm.tool, vm.name, vm.value("hypervisor")) == ("bhyve", "win10", "bhyve")
    assert values(vm, "ram", "cpus", "wired", "firmware") == (8 << 30, 4, True, "ovmf")
    assert values(vm, "host", "slot", "romfile", "vga") == ("00:02.0", "00:02.0", "/root/igd.rom", "fbuf")
    assert place(vm, "slot") == (3, False)


@pytest.mark.parametrize(("slot", "place_of"), [("7", "00:07.0"), ("2:1", "00:02.1"), ("1:2:0", "01:02.0")])
def test_bhyves_slots_are_decimal(slot, place_of):
    vm = one(f"bhyve -m 2G -c 1 -s {slot},passthru,0/2/0 -s 31,lpc a")
    assert vm.value("slot") == place_of
    assert vm.value("wired") is False


def test_another_passed_through_device_is_not_the_igd():
    assert one("bhyve -m 2G -s 2,passthru,5/0/0 -s 31,lpc a").value("host") is None


def test_vm_bhyve():
    vm = one(VM_BHYVE)
    assert values(vm, "ram", "cpus", "firmware", "host", "slot") == (4 << 30, 2, "ovmf", "00:02.0", "00:02.0")
    assert values(vm, "wired") == (True,)
    mistyped = one(VM_BHYVE.replace("passthru0", "pasthru0"))
    assert [(each.line, each.expected) for each in mistyped.unread] == [(6, "passthru0")]


def test_a_file_for_bhyve_k():
    vm = one("memory.size=4G\ncpus=2\nmemory.wired=true\npci.0.2.0.device=passthru\npci.0.2.0.bus=0\npci.0.2.0.slot=2\n"
             "pci.0.2.0.func=0\npci.0.2.0.rom=/r.rom\nbootrom=/u/BHYVE_UEFI.fd\nname=w\n")  # fmt: skip
    assert values(vm, "ram", "cpus", "wired", "host", "slot", "romfile") == (
        4 << 30,
        2,
        True,
        "00:02.0",
        "00:02.0",
        "/r.rom",
    )
    assert (vm.name, vm.value("firmware")) == ("w", "ovmf")


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("crosvm run --mem 4096 --vfio /sys/bus/pci/devices/0000:00:02.0,guest-address=00:02.0 vmlinux", "crosvm"),
        (
            "mem_size=4G\nacrn-dm -A -m $mem_size -s 0:0,hostbridge -s 2,passthru,0/2/0,gpu --ovmf /u/OVMF.fd vm1",
            "acrn",
        ),
    ],
)
def test_others_are_recognised(text, tool):
    vm = one(text)
    assert vm.tool == tool
    assert values(vm, "ram", "host", "slot") == (4 << 30, "00:02.0", "00:02.0")
