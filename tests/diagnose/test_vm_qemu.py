import pytest
from configurations import one, place, values

from fwsim.diagnose.vm.readers import vms_of

TYPED = """\
#!/bin/bash
qemu-system-x86_64 -enable-kvm -name tv \\
  -m 8G -smp 4,cores=4 \\
  -M pc -cpu host,kvm=off \\
  -vga none \\
  -bios /usr/share/seabios/bios-256k.bin \\
  -device vfio-pci,host=00:02.0,bus=pci.0,addr=0x2,romfile=/root/igd.rom,x-igd-gms=2 \\
  -object secret,id=s0,data=hunter2 -vnc :1,password=hunter2
"""


def test_a_command_as_it_is_typed():
    vm = one(TYPED)
    assert vm.tool == "qemu"
    assert vm.name == "tv"
    assert values(vm, "ram", "cpus", "machine", "cpu", "vga", "firmware") == (
        8 << 30,
        4,
        "pc",
        "host",
        "none",
        "seabios",
    )
    assert values(vm, "host", "slot", "romfile", "x-igd-gms") == ("00:02.0", "00:02.0", "/root/igd.rom", 2)
    assert place(vm, "romfile") == (7, False)
    assert place(vm, "vga") == (5, False)
    assert place(vm, "rombar") == (0, True)
    assert vm.unread == []


def test_a_command_as_ps_prints_it():
    text = (
        "root 1234 99 50 9 8 ? Sl 10:00 99:00 /usr/bin/kvm -id 100 -name win10,debug-threads=on -nodefaults "
        '-blockdev {"driver":"raw","file":{"driver":"file","filename":"/usr/share/pve-edk2-firmware//OVMF_CODE.fd"},'
        '"node-name":"pflash0","read-only":true} -m 4096 -device pci-bridge,id=pci.2,chassis_nr=2,bus=pci.0,addr=0x1f '
        "-device vfio-pci,host=0000:00:02.0,id=hostpci0,bus=pci.0,addr=0x10,rombar=0 "
        "-machine hpet=off,pflash0=pflash0,type=pc-i440fx-9.2+pve1"
    )
    vm = one(text)
    assert (vm.tool, vm.name) == ("proxmox", "win10")
    assert values(vm, "machine", "slot", "rombar", "firmware") == ("pc", "00:10.0", False, "ovmf")
    assert values(vm, "at-1f", "vga", "qemu") == ("pci-bridge", "none", "9.2")
    assert place(vm, "vga") == (1, True)
    assert place(vm, "qemu") == (1, True)


def test_libvirts_log_has_the_release_and_the_last_start():
    start = """\
2025-01-0{day} 10:00:00.000+0000: starting up libvirt version: 10.0.0, package: 1, qemu version: 8.2.{day}Debian, \
kernel: 6.8.0, hostname: livingroom
LC_ALL=C \\
PATH=/usr/local/bin:/usr/bin \\
HOME=/var/lib/libvirt/qemu/domain-1-win \\
/usr/bin/qemu-system-x86_64 \\
-name guest=win,debug-threads=on \\
-machine pc-i440fx-8.2,usb=off \\
-m size={size}k \\
-nodefaults \\
-device '{{"driver":"vfio-pci","host":"0000:00:02.0","id":"hostdev0","bus":"pci.0","addr":"0x2","rombar":1}}'
"""
    vm = one(start.format(day=1, size=1048576) + start.format(day=2, size=2097152))
    assert (vm.tool, vm.name) == ("libvirt", "win")
    assert values(vm, "ram", "qemu", "slot", "rombar") == (2 << 30, "8.2.2", "00:02.0", True)
    assert place(vm, "qemu") == (11, False)
    assert place(vm, "slot") == (20, False)


def test_a_script_has_variables_arrays_and_lines_of_their_own():
    vm = one("""\
ROM=/root/igd.rom
MEM="6G"
args=(
  -machine q35
  -device vfio-pci,host=00:02.0,addr=02.0,romfile="$ROM"
)
OPTS=""
OPTS="$OPTS -vga none"
OPTS="$OPTS -m $MEM"
exec qemu-system-x86_64 "${args[@]}" $OPTS -nographic
""")
    assert values(vm, "machine", "romfile", "ram", "vga") == ("q35", "/root/igd.rom", 6 << 30, "none")
    assert [place(vm, name)[0] for name in ("machine", "romfile", "ram", "vga")] == [4, 5, 9, 8]


@pytest.mark.parametrize(
    ("command", "slot"),
    [
        ("-vga none -device vfio-pci,host=00:02.0", "00:02.0"),
        ("-device vfio-pci,host=00:02.0", "00:03.0"),
        ("-nodefaults -device virtio-net-pci -device vfio-pci,host=00:02.0", "00:03.0"),
        ("-nodefaults -device usb-tablet -device vfio-pci,host=00:02.0", "00:02.0"),
        ("-vga none -device virtio-net-pci,addr=2 -device vfio-pci,host=00:02.0", "00:03.0"),
        ("-machine q35 -vga none -device vfio-pci,host=00:02.0", "00:01.0"),
    ],
)
def test_without_an_address_it_takes_the_first_free_slot(command, slot):
    vm = one(f"qemu-system-x86_64 -m 2G {command}")
    assert vm.value("slot") == slot
    assert vm.settings["slot"].assumed


@pytest.mark.parametrize(
    ("device", "slot"),
    [
        ("bus=pci.0,addr=2", "00:02.0"), ("addr=0x02.0x1", "00:02.1"), ("addr=1f", "00:1f.0"),
        ("bus=pcie.1,addr=0", "pcie.1:00.0"), ("bus=pcie.1", "pcie.1:00.0"),
    ],
)  # fmt: skip
def test_slots_as_qemu_takes_them(device, slot):
    assert one(f"qemu-system-x86_64 -m 2G -device vfio-pci,host=00:02.0,{device}").value("slot") == slot


def test_on_q35_a_bus_called_pci_0_is_behind_a_bridge():
    text = "qemu-system-x86_64 -m 2G -machine {} -device vfio-pci,host=00:02.0,bus=pci.0,addr=2"
    assert one(text.format("q35")).value("slot") == "pci.0:02.0"
    assert one(text.format("pc")).value("slot") == "00:02.0"


def test_set_and_global_change_the_device():
    vm = one(
        "qemu-system-x86_64 -m 2G -device vfio-pci,host=00:02.0,id=igd,addr=3 -set device.igd.addr=02.0 "
        "-set device.igd.x-igd-gms=0x4 -global vfio-pci.x-igd-opregion=on -set device.other.addr=5"
    )
    assert values(vm, "slot", "x-igd-gms", "x-igd-opregion") == ("00:02.0", 4, True)
    assert vm.settings["slot"].evidence.text == "-set device.igd.addr=02.0"
    assert [each.why for each in vm.unread] == ["-set names device other, which is not there"]


@pytest.mark.parametrize(
    ("given", "why", "expected"),
    [
        ("x-igd-gmz=1", "vfio-pci's property x-igd-gmz is not known", "x-igd-gms"),
        ("x-igd-legacy-mode=yes", "x-igd-legacy-mode=yes is none of its values", "on, off or auto"),
        ("x-vga=maybe", "x-vga=maybe is neither on nor off", "on or off"),
        ("x-igd-gms=two", "x-igd-gms=two is no number", "a GMS code such as 2 (64 MiB)"),
        ("addr=zz", "addr=zz is no slot", "device.function in hexadecimal, such as 02.0"),
    ],
)
def test_what_qemu_would_refuse_is_told_with_its_line(given, why, expected):
    vm = one(f"qemu-system-x86_64 -m 2G \\\n  -device vfio-pci,host=00:02.0,{given}")
    assert [(each.line, each.why, each.expected) for each in vm.unread] == [(2, why, expected)]


def test_a_space_after_the_backslash_and_a_comment_in_between():
    vm = one("qemu-system-x86_64 -m 2G \\ \n  -machine q35 \\\n# -vga std \\\n  -device vfio-pci,host=00:02.0")
    assert [(each.line, "ends the command" in each.why) for each in vm.unread] == [(1, True), (3, True)]
    assert vm.value("machine") == "q35"
    assert "vga" in vm.settings
    assert vm.value("host") == "00:02.0"


def test_readconfig_is_said():
    vm = one("qemu-system-x86_64 -m 2G -machine pc -readconfig /root/my.cfg -device vfio-pci,host=00:02.0")
    assert [each.why for each in vm.unread] == ["-readconfig /root/my.cfg is not read: devices in it are not known"]


def test_qemus_own_message_names_the_device():
    line = (
        "kvm: -device vfio-pci,host=0000:00:02.0,id=hostpci0,bus=pci.0,addr=0x2,romfile=/usr/share/kvm/igd.rom: IGD "
        "device 0000:00:02.0 failed to enable VGA access, legacy mode disabled"
    )
    vm = one(line)
    assert vm.tool == "proxmox"
    assert values(vm, "slot", "romfile") == ("00:02.0", "/usr/share/kvm/igd.rom")


def test_logs_that_speak_of_kvm_are_no_vm():
    assert vms_of("[    1.0] kvm: VMX supported\nqemu-system-x86_64: terminating on signal 15\n", "dmesg") == ([], [])
