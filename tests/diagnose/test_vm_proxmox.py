import pytest
from configurations import PROXMOX, one, place, values

from fwsim.diagnose.vm.readers import vms_of


def test_a_configuration_with_legacy_igd():
    vm = one(PROXMOX, "100.conf")
    assert (vm.tool, vm.name, vm.value("vmid")) == ("proxmox", "tv", "100")
    assert values(vm, "machine", "ram", "cpus", "cpu", "firmware") == ("pc", 8 << 30, 4, "host", "seabios")
    assert values(vm, "host", "slot", "romfile") == ("00:02.0", "00:02.0", "/usr/share/kvm/igd.rom")
    assert values(vm, "vga", "rombar", "x-igd-gms", "x-igd-opregion") == ("none", True, 2, True)
    assert place(vm, "romfile") == (9, False)
    assert place(vm, "slot") == (9, True)
    assert place(vm, "x-igd-gms") == (2, False)
    assert "at-1f" not in vm.settings
    assert vm.unread == []


def test_the_release_is_the_one_that_it_was_made_with_not_the_machines():
    vm = one(PROXMOX)
    assert vm.value("qemu") == "9.2.0"
    assert place(vm, "qemu") == (13, True)
    without = one("\n".join(line for line in PROXMOX.splitlines() if not line.startswith("meta")))
    assert without.value("qemu") == "8.1"


def test_a_snapshot_is_not_the_vm():
    assert "[before]" in PROXMOX
    now = one(PROXMOX)
    assert values(now, "machine", "ram", "pcie") == ("pc", 8 << 30, None)
    assert one(PROXMOX.replace("[before]", "")).value("ram") == 1 << 30


@pytest.mark.parametrize(
    ("hostpci", "machine", "slot", "at_1f"),
    [
        ("hostpci0: 00:02", "pc", "00:10.0", True),
        ("hostpci1: 00:02.0", "pc", "00:11.0", True),
        ("hostpci2: 0000:00:02.0", "pc", "00:1b.0", True),
        ("hostpci4: 00:02.0", "pc", "pci.2:0d.0", True),
        ("hostpci0: 00:02.0,legacy-igd=1", "pc", "00:02.0", False),
        ("hostpci0: host=00:02.0,pcie=1", "q35", "ich9-pcie-port-1:00.0", False),
        ("hostpci3: 00:02.0", "q35", "pci.0:1c.0", False),
    ],
)
def test_slots_are_where_proxmox_puts_them(hostpci, machine, slot, at_1f):
    """qemu-server src/PVE/QemuServer/PCI.pm, get_pci_addr_map, get_pcie_addr_map; src/test/cfg2cmd has both sides."""
    vm = one(f"machine: {machine}\nostype: l26\nmemory: 2048\n{hostpci}\n")
    assert vm.value("slot") == slot
    assert vm.settings["slot"].assumed
    assert ("at-1f" in vm.settings) == at_1f


def test_args_set_the_slot_on_the_bus_that_the_device_is_on():
    text = "ostype: l26\nmemory: 2048\nhostpci0: 00:02.0\nargs: -set device.hostpci0.{}\n"
    assert one(text.format("addr=02.0")).value("slot") == "00:02.0"
    assert place(one(text.format("addr=02.0")), "slot") == (4, False)
    pcie = text.replace("00:02.0\n", "00:02.0,pcie=1\nmachine: q35\n").format("addr=02.0")
    assert one(pcie).value("slot") == "ich9-pcie-port-1:02.0"


def test_args_may_have_the_device_itself():
    vm = one("ostype: l26\nargs: -device vfio-pci,host=00:02.0,addr=0x02,x-pci-device-id=0x3E92\n")
    assert values(vm, "host", "slot", "x-pci-device-id", "machine") == ("00:02.0", "00:02.0", "0x3E92", "pc")
    assert "at-1f" in vm.settings


def test_defaults_are_assumed_and_say_why():
    vm = one("ostype: l26\nhostpci0: 00:02.0\n")
    assert values(vm, "machine", "firmware", "ram", "cpus", "vga") == ("pc", "seabios", 512 << 20, 1, "std")
    for name in ("machine", "firmware", "ram", "vga"):
        assert vm.settings[name].assumed
        assert "default" in vm.settings[name].evidence.text


def test_x_vga_takes_the_display_away_and_is_no_option_of_ovmf():
    text = "hostpci0: 00:02.0,x-vga=1\n"
    assert values(one(text), "x-vga", "vga") == (True, "none")
    under_ovmf = one(f"bios: ovmf\n{text}")
    assert values(under_ovmf, "x-vga", "vga") == (False, "none")
    assert under_ovmf.settings["x-vga"].assumed


@pytest.mark.parametrize(
    ("line", "why", "expected"),
    [
        ("hostpci0: 00:02.0,romfil=igd.rom", "hostpci0's key romfil is not known", "romfile"),
        ("hostpci0: 00:02.0,legacyigd=1", "hostpci0's key legacyigd is not known", "legacy-igd"),
        ("hostpci0: 00:02.0,pcie=maybe", "hostpci0: pcie=maybe is neither on nor off", "1 or 0"),
        ("memroy: 4096", "the key memroy is not known", "memory"),
        ("bios: omvf", "the bios omvf is not known", "ovmf"),
        ("args: -set device.hostpci0.x-igd-gmz=2", "vfio-pci's property x-igd-gmz is not known", "x-igd-gms"),
        ("args: -set device.hostpci7.addr=2", "-set names device hostpci7, which is not there", "hostpci0"),
    ],
)
def test_a_mistyped_word_is_told_with_its_line(line, why, expected):
    first = "ostype: l26\n" if line.startswith("hostpci0") else "ostype: l26\nhostpci0: 00:02.0\n"
    vm = one(f"{first}{line}\n")
    assert [(each.line, each.why, each.expected) for each in vm.unread] == [(first.count("\n") + 1, why, expected)]


def test_qm_config_as_it_is_pasted_and_two_of_them():
    pasted = f"root@pve:~# qm config 100\n{PROXMOX}root@pve:~# qm config 101\nname: other\nostype: l26\nmemory: 512\n"
    found, _ = vms_of(pasted, "paste.txt")
    assert [(vm.name, vm.value("vmid")) for vm in found] == [("tv", "100"), ("other", "101")]
    assert found[1].value("host") is None


def test_a_container_is_no_vm():
    text = (
        "arch: amd64\nhostname: nas\nmemory: 512\nostype: debian\nrootfs: local:1,size=8G\nswap: 512\nunprivileged: 1\n"
    )
    assert vms_of(text, "101.conf") == ([], [])


def test_a_virtual_function_and_a_mediated_device():
    assert one("hostpci0: 0000:00:02.1\n").value("host") == "00:02.1"
    assert one("hostpci0: 00:02.0,mdev=i915-GVTg_V5_4\n").value("mdev") == "i915-GVTg_V5_4"


def test_of_a_line_that_is_quoted_alone_no_default_is_told():
    """A post shows the line in question; what is in the rest of 100.conf nobody knows."""
    vm = one("My line is\nhostpci0: 0000:00:02.1,pcie=1,romfile=v.rom\nand I get: nothing\nlspci:\n")
    assert values(vm, "host", "firmware", "ram", "cpus", "vga") == ("00:02.1", None, None, None, None)
    assert (vm.value("machine"), place(vm, "machine")) == ("q35", (2, True)), "pcie=1 goes with it alone"
    assert vm.unread == []
    assert one("hostpci0: 00:02.0,legacy-igd=1\n").value("machine") == "pc"
    bare = one("hostpci0: 00:02.0\n")
    assert values(bare, "machine", "at-1f", "slot") == (None, None, "00:10.0")
    by_name = vms_of("hostpci0: 00:02.0\n", "104.conf")[0][0]
    assert values(by_name, "machine", "firmware") == ("pc", "seabios"), "the file is the configuration"


def test_prose_around_a_configuration_is_no_key_and_a_mistyped_key_is():
    text = "Board: some\nProblem: black\nQuestion: why\nostype: l26\nmemroy: 4096\nhostpci0: 00:02.0\n"
    assert [(each.line, each.expected) for each in one(text).unread] == [(5, "memory")]
