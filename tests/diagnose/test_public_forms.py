"""The forms that public reports come in: pieces, quotations, and messages that need their own meaning.

Each text is made after the form of reports on forums and issue trackers; none is a copy.
"""

import html
import json

import pytest
from configurations import LIBVIRT, PROXMOX, one, place, values

from fwsim.diagnose.diagnosis import diagnose
from fwsim.diagnose.vm.readers import text_of, vms_of

HOSTDEV = """\
  <hostdev mode='subsystem' type='pci' managed='no'>
    <source>
      <address domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </source>
    <alias name='ua-gpu'/>
    <address type='pci' domain='0x0000' bus='0x0a' slot='0x00' function='0x0'/>
  </hostdev>
"""
OVERRIDE = """\
<qemu:override>
  <qemu:device alias='ua-gpu'>
    <qemu:frontend><qemu:property name='x-igd-gms' type='unsigned' value='2'/></qemu:frontend>
  </qemu:device>
</qemu:override>
"""
OPTIONS = """\
qemu 8.2.0 of the distribution, with:
    -name living \\
    -machine pc,accel=kvm \\
    -m 2048 \\
    -device vfio-pci,host=00:02.0,bus=pci.0,addr=0x2 \\
    -vga none
"""
MDEV = "8afd6be6-3e6a-11e9-ac86-571db62e56d6"
FAULT = "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr {at} [fault reason {why}] PTE Read access"


def found(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    result = diagnose([tmp_path])
    return result, {each.id: each for each in result.findings}


# --- pieces of configurations ----------------------------------------------------------------------------------------


def test_a_hostdev_without_its_domain():
    vm = one(f"This is the XML:\n{HOSTDEV}and it stays black\n", "post.txt")
    assert (vm.tool, vm.name) == ("libvirt", "post")
    assert values(vm, "host", "slot", "rombar") == ("00:02.0", "0a:00.0", True)
    assert place(vm, "slot") == (7, False)
    assert values(vm, "machine", "firmware", "vga", "ram") == (None, None, None, None), "nobody said so"
    with_override = one(HOSTDEV + OVERRIDE)
    assert values(with_override, "x-igd-gms") == (2,)
    assert place(with_override, "x-igd-gms") == (10, False)


def test_pieces_that_pass_no_igd_are_no_vm():
    assert vms_of(HOSTDEV.replace("slot='0x02'", "slot='0x14'"), "x") == ([], [])
    assert vms_of(OVERRIDE, "x") == ([], [])
    cut = vms_of(HOSTDEV.replace("</source>", ""), "x")
    assert cut[0] == []
    assert "broken" in cut[1][0].why


def test_options_without_the_program():
    vm = one(OPTIONS)
    assert values(vm, "machine", "ram", "host", "slot", "vga") == ("pc", 2 << 30, "00:02.0", "00:02.0", "none")
    assert place(vm, "slot") == (5, False)
    assert vm.name == "living"
    assert values(one(OPTIONS.replace(" \\\n", "\n")), "machine", "slot") == ("pc", "00:02.0")
    assert vms_of("- Intel board\n- a list\n -m x\n", "x") == ([], [])
    assert vms_of(OPTIONS.replace("00:02.0", "01:00.0"), "x") == ([], [])


def test_the_release_as_people_write_it(tmp_path):
    result, _ = found(tmp_path, post=OPTIONS)
    assert [each.value for each in result.facts if each.name == "QEMU"] == ["8.2.0"]
    (tmp_path / "post").write_text(OPTIONS.replace("qemu 8.2.0", "**QEMU version:** v9.1.2"))
    assert [each.value for each in diagnose([tmp_path]).facts if each.name == "QEMU"] == ["9.1.2"]


def test_a_variable_that_is_set_elsewhere():
    script = "qemu-system-x86_64 -machine pc -m $RAM -vga none \\\n -device vfio-pci,host={},addr=2,romfile=igd.rom\n"
    vm = one(script.format("$GPU"))
    assert values(vm, "host", "slot", "ram") == ("00:02.0", "00:02.0", None)
    assert place(vm, "host") == (2, True)
    assert [(each.why, each.expected) for each in vm.unread] == [("-m $RAM: the variable is not set in this file", "")]
    two = script.format("$GPU").rstrip() + " -device vfio-pci,host=$NIC\n"
    assert one(two).value("host") is None, "which of the two is it?"
    assert values(one("GPU=00:02.0\n" + script.format("$GPU")), "host") == ("00:02.0",)


@pytest.mark.parametrize(
    "mark",
    [
        lambda text: f"Hello,\n[CODE]{text}[/CODE]\nthanks",
        lambda text: f"[SPOILER]\n[CODE=bash]\n{text}[/CODE]\n[/SPOILER]",
        lambda text: "".join(f"> {line}\n" for line in text.split("\n")),
        lambda text: html.escape(text),
        lambda text: f"<pre><code>{html.escape(text)}</code></pre>",
        lambda text: f"conf:\n```\n{text}```\n".replace("\n", "\r\n"),
    ],
)
@pytest.mark.parametrize("text", [PROXMOX, LIBVIRT], ids=["proxmox", "libvirt"])
def test_a_configuration_out_of_a_forum(text, mark):
    plain, marked = one(text), one(text_of(mark(text).encode()))
    assert {name: each.value for name, each in marked.settings.items()} == {
        name: each.value for name, each in plain.settings.items()
    }


# --- what a configuration means --------------------------------------------------------------------------------------


def test_what_args_set_is_not_refused_by_proxmox(tmp_path):
    """qm looks at hostpciN's own keys; QEMU then gives the file by fw_cfg, which OVMF does not read."""
    text = (
        "ostype: l26\nbios: ovmf\nmachine: pc\nvga: none\nhostpci0: 0000:00:02.0,legacy-igd=1,romfile=igd.rom{}\n"
        "args: -set device.hostpci0.x-igd-gms=2{}\n"
    )
    _, by_id = found(tmp_path, conf=text.format("", " -set device.hostpci0.rombar=0"))
    assert "qm-refuses" not in by_id
    assert by_id["rombar-off-ovmf"].severity == "fatal"
    assert by_id["rombar-off-ovmf"].evidence.line == 6
    _, by_id = found(tmp_path, conf=text.format(",rombar=0", ""))
    assert "requires rombar" in by_id["qm-refuses"].what
    _, by_id = found(tmp_path, conf=text.replace("ovmf", "seabios").format("", " -set device.hostpci0.rombar=0"))
    assert "rombar-off-ovmf" not in by_id, "SeaBIOS takes it from there"


@pytest.mark.parametrize(("release", "severity"), [("9.2.0", "warning"), ("10.1.0", "note")])
def test_without_legacy_mode_a_uefi_guest_lacks_what_its_release_gives_with_it_alone(tmp_path, release, severity):
    """Up to 9.2 BDSM and OpRegion come with legacy mode; since 10.0 they do without."""
    text = f"ostype: l26\nbios: ovmf\nmachine: q35\nvga: none\nhostpci0: 00:02.0\nmeta: creation-qemu={release}\n"
    _, by_id = found(tmp_path, conf=text)
    assert by_id["slot-not-02"].severity == severity


def test_the_romfile_itself_is_asked_for(tmp_path):
    result, _ = found(tmp_path, conf=PROXMOX)
    assert any(each.command.endswith("igd.rom") for each in result.collect)


def test_a_mediated_device_has_neither_vga_ranges_nor_legacy_mode(tmp_path):
    device = f"vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:00:02.0/{MDEV},rombar=0,x-igd-opregion=on"
    line = f"qemu-system-x86_64 -m 2G -M pc -vga none -device {device}"
    says = f"qemu-system-x86_64: -device {device}: "
    _, by_id = found(
        tmp_path, run=f"{line},x-vga=on\n",
        log=f"{says}vfio error: {MDEV}: unexpected VGA info, flags 0x0, size 0x0\n"
            "device does not support requested feature x-vga\n",
    )  # fmt: skip
    assert {"mdev-x-vga", "qemu-vga-mdev"} <= set(by_id)
    assert not {"rombar-off", "qemu-x-vga", "qemu-vga-unexpected"} & set(by_id)
    assert "x-vga=on" in by_id["qemu-vga-mdev"].remedy
    result, by_id = found(
        tmp_path, run=f"{line},display=on\n",
        log=f"{says}IGD device {MDEV} cannot support legacy mode due to existing devices at address 1f.0\n",
    )  # fmt: skip
    assert set(by_id) == {"mediated-device", "qemu-legacy-mdev"}
    assert not result.weighs, "it works with a window"


# --- what logs mean --------------------------------------------------------------------------------------------------


def test_faults_of_the_hosts_boot_are_no_guests(tmp_path):
    early = f"[    0.361089] {FAULT.format(at='0x7cd80000', why='0x06')}\n"
    result, by_id = found(tmp_path, dmesg=early * 2)
    assert set(by_id) == {"faults-at-boot"}
    assert not result.weighs
    late = f"[  361.000001] {FAULT.format(at='0x7cd90000', why='0x06')}\n"
    result, by_id = found(tmp_path, dmesg=early + late)
    assert set(by_id) == {"faults-unplaced"}, "where they go on they are no matter of the boot"
    assert result.weighs
    _, by_id = found(tmp_path, dmesg=early * 9)
    assert set(by_id) == {"faults-unplaced"}, "the later ones of a page have no line of their own"


def test_a_fault_at_0_is_an_empty_entry(tmp_path):
    _, by_id = found(tmp_path, dmesg=f"[  +0.000007] {FAULT.format(at='0x0', why='0x06')}\n" * 3)
    assert by_id["faults-zero"].what == "3 DMA faults at 1 address of 00:02.0"
    assert "empty entry" in by_id["faults-zero"].why


def test_lspci_without_numbers_tells_the_class_in_words(tmp_path):
    text = "00:02.0 {}: Intel Corporation UHD Graphics 630 (rev 05)\n\tKernel driver in use: vfio-pci\n"
    _, by_id = found(tmp_path, lspci=text.format("Display controller"))
    assert "class 0380" in by_id["vga-disabled"].what
    assert found(tmp_path, lspci=text.format("VGA compatible controller"))[1] == {}


def test_a_message_late_in_a_long_line_is_shown(tmp_path):
    words = "PCI: slot 2 function 0 not available for vfio-pci, in use by pcie-root-port,id=pci.9"
    row = json.dumps({"level": "error", "pad": "x" * 400, "reason": f"virError(Message='{words}')"})
    _, by_id = found(tmp_path, log=row + "\n")
    assert "in use by pcie-root-port,id=pci.9" in by_id["qemu-slot-taken"].what
    assert words in by_id["qemu-slot-taken"].evidence.text


def test_proxmoxs_own_message_tells_whose_words_to_use(tmp_path):
    _, by_id = found(tmp_path, task="TASK ERROR: legacy IGD assignment requires VGA mode to be 'none'\n")
    assert "vga: none" in by_id["qm-legacy-vga"].remedy


def test_grubs_line_is_the_kernels_command_line(tmp_path):
    line = '{}GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=off"\n'
    assert "cmdline-iommu-off" in found(tmp_path, grub=line.format(""))[1]
    assert "cmdline-iommu-off" in found(tmp_path, grub="  append intel_iommu=off initrd=/bzroot\n")[1]
    (tmp_path / "vm").write_text(PROXMOX)
    assert "cmdline-iommu-off" not in found(tmp_path, grub=line.format("# "))[1]


def test_a_driver_that_reads_bdsm_0_is_too_old_for_this_qemu(tmp_path):
    text = "SetupVmBDSM: Get BDSM at address: {}\nSetupVmBDSM: 0000:00:02.0: {}\n"
    _, by_id = found(tmp_path, log=text.format("0x0", "failed to allocate BDSM: Not Found"))
    assert set(by_id) == {"igdpkg-setup-zero"}
    assert "VfioIgdPkg" in by_id["igdpkg-setup-zero"].remedy
    (tmp_path / "vm").write_text(PROXMOX)
    assert "igdpkg-setup-zero" not in found(tmp_path, log=text.format("0x3C800001", "BDSM @ 0x3C800000 size 0x48"))[1]


def test_an_older_kernels_rmrr_places_a_fault(tmp_path):
    """Linux before 5.3 names each RMRR with its device as it maps it."""
    rows = "DMAR: Setting identity map for device 0000:00:{} [{}]\n"
    late = f"[  812.000001] {FAULT.format(at='0x70001000', why='0x06')}\n"
    result, by_id = found(tmp_path, dmesg=rows.format("02.0", "0x6fc00000 - 0x7fffffff") + late)
    assert stated_of(result, "RMRR") == ["6fc00000-7fffffff"]
    assert "RMRR 6fc00000-7fffffff" in by_id["faults-host-stolen"].what
    result, by_id = found(tmp_path, dmesg=rows.format("1f.0", "0x0 - 0xffffff") + late)
    assert stated_of(result, "RMRR") == []


def stated_of(result, name):
    return [each.value for each in result.facts if each.name == name]


def test_xens_device_model_gets_its_devices_later(tmp_path):
    line = "qemu-system-i386 -xen-domid 12 -nodefaults -name gui -machine xenfv,igd-passthru=on -m 1000 -smp 2\n"
    result, by_id = found(tmp_path, log=f"+ {line}")
    assert by_id == {}
    assert stated_of(result, "VM") == ["gui (xl)"]


def test_what_xen_says_is_told_in_xens_words(tmp_path):
    _, by_id = found(tmp_path, log="(XEN) [    6.641653] I/O virtualisation disabled\n")
    assert "iommu=1 on xen's own line" in by_id["xen-no-iommu"].remedy


def test_proxmoxs_words_in_anothers_configuration(tmp_path):
    override = OVERRIDE.replace("x-igd-gms", "legacy-igd")
    _, by_id = found(tmp_path, xml=HOSTDEV + override)
    assert "Proxmox's word" in by_id["vm-unknown-word"].what
    says = "qemu-system-x86_64: -device vfio-pci,host=00:02.0,legacy-igd=1: Property 'vfio-pci.legacy-igd' not found\n"
    assert "legacy-igd" in found(tmp_path, log=says)[1]["qemu-no-property"].what


def test_the_boot_device_of_a_machine_inside_says_nothing_of_the_host(tmp_path):
    line = "[    1.277264] pci 0000:06:10.0: vgaarb: setting as boot VGA device\n"
    assert "vgaarb-boot-other" in found(tmp_path, dmesg=line)[1]
    (tmp_path / "dmesg").unlink()
    dead = "i915 0000:06:10.0: [drm] *ERROR* Device is non-operational; MMIO access returns 0xFFFFFFFF!\n"
    _, by_id = found(tmp_path, dmesg=f"DMI: QEMU Standard PC (Q35 + ICH9, 2009)\n{line}{dead}")
    assert set(by_id) == {"i915-mmio-dead"}
