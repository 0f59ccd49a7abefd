"""What a configuration has against a screen: asked of the rules, which ask the hypervisor's model."""

import pytest
from configurations import BHYVE, LIBVIRT, PROXMOX, XL

from fwsim.diagnose.diagnosis import diagnose
from fwsim.diagnose.remedies import REMEDIES
from fwsim.diagnose.rules_vm import OBSTACLES

LSPCI = """\
00:00.0 Host bridge [0600]: Intel Corporation Device [8086:3ec2] (rev 07)
00: 86 80 c2 3e 06 00 90 20 07 00 00 06 00 00 00 00
50: {ggc} 00 00 39 00 00 00 47 00 f0 8f 01 00 00 88
00:02.0 VGA compatible controller: Intel Corporation Device
00: 86 80 {device} 06 04 10 00 00 00 {sub} 03 00 00 00 00
50: {ggc} 00 00 39 00 00 00 00 00 00 00 01 00 00 8c
f0: 00 00 00 00 00 00 00 00 00 00 00 00 18 20 5b 8a
"""
QEMU = "qemu-system-x86_64 -m 2G -M {machine} {vga} \\\n -device vfio-pci,host=00:02.0,{device}\n"


def host(device="92 3e", ggc="c1 02", sub="00"):
    return LSPCI.format(device=device, ggc=ggc, sub=sub)


def found(tmp_path, vm, *, release="10.1.0", lspci=None, rom=None):
    files = {"vm": vm, "release": f"QEMU emulator version {release}\n", "lspci": lspci or host()}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    if rom is not None:
        (tmp_path / "rom").write_bytes(rom)
    return {each.id: each for each in diagnose([tmp_path]).findings}


def qemu(device="bus=pci.0,addr=2", machine="pc", vga="-vga none"):
    return QEMU.format(device=device, machine=machine, vga=vga)


def test_a_configuration_that_is_right_has_nothing_against_it(tmp_path):
    assert found(tmp_path, qemu()) == {}


@pytest.mark.parametrize(
    ("vm", "id", "line", "remedy"),
    [
        (qemu("addr=3"), "slot-not-02", 2, "addr=02.0"),
        (qemu("bus=pcie.1,addr=0"), "slot-not-02", 2, "addr=02.0"),
        (qemu("bus=pcie.0,addr=2", "q35"), "machine-q35", 1, "-machine pc"),
        (qemu("addr=2,x-igd-legacy-mode=off"), "legacy-mode-off", 2, "x-igd-legacy-mode=on"),
        (qemu(vga="-vga none -device pci-bridge,addr=1f,chassis_nr=2"), "lpc-slot-taken", 1, "another addr="),
    ],
)
def test_each_reason_has_its_line_and_remedy(tmp_path, vm, id, line, remedy):
    result = found(tmp_path, vm)
    assert result[id].severity == "fatal"
    assert result[id].evidence.place == f"vm:{line}"
    assert remedy in result[id].remedy


@pytest.mark.parametrize(
    ("lspci", "id", "place"),
    [(host(ggc="c3 02"), "vga-disabled", "lspci:6"), (host(sub="80"), "class-0380", "lspci:5")],
)
def test_reasons_of_the_hosts(tmp_path, lspci, id, place):
    result = found(tmp_path, qemu(), lspci=lspci)
    assert (result[id].severity, result[id].evidence.place) == ("fatal", place)
    assert "Primary Display" in result[id].remedy


def test_every_reason_at_once_one_after_the_other(tmp_path):
    result = found(tmp_path, qemu("addr=3,x-igd-legacy-mode=off", "q35"))
    assert {"slot-not-02", "machine-q35", "legacy-mode-off"} <= set(result)


def test_what_is_refused_goes_by_the_release(tmp_path):
    """x-igd-legacy-mode came with 10.0; up to 9.2 a taken 00:1f.0 is the reason on q35."""
    old = found(tmp_path, qemu("addr=2,x-igd-legacy-mode=off"), release="9.2.0")
    assert "Property 'vfio-pci.x-igd-legacy-mode' not found" in old["does-not-start"].what
    q35 = found(tmp_path, qemu("addr=2", "q35"), release="9.2.0")
    assert "existing devices at address 1f.0" in q35["lpc-slot-taken"].why
    assert "-machine pc" in q35["lpc-slot-taken"].remedy


def test_x_igd_gms_has_to_be_set_before_9_2(tmp_path):
    assert "no-stolen-size" in found(tmp_path, qemu(), release="8.2.0")
    assert "no-stolen-size" not in found(tmp_path, qemu("addr=2,x-igd-gms=2"), release="8.2.0")
    assert "no-stolen-size" in found(tmp_path, qemu(), release="9.1.2")
    assert "no-stolen-size" not in found(tmp_path, qemu(), release="9.2.0")


def test_a_gms_code_that_there_is_not(tmp_path):
    result = found(tmp_path, qemu("addr=2,x-igd-gms=0x80"))
    assert "expects 0~0x40 or 0xf0~0xfe" in result["does-not-start"].what
    assert result["does-not-start"].evidence.place == "vm:2"


@pytest.mark.parametrize("release", ["2.5.0", "999.9999"])
def test_a_release_without_a_model_is_said_and_not_judged(tmp_path, release):
    result = found(tmp_path, qemu("addr=3"), release=release)
    assert f"QEMU {release}" in result["release-unknown"].what
    assert "slot-not-02" not in result


def test_without_a_release_the_usual_one_is_assumed_and_said(tmp_path):
    (tmp_path / "vm").write_text(qemu())
    (given,) = [each for each in diagnose([tmp_path]).assumed if each.name == "QEMU"]
    assert given.value == "10.0"
    assert "no file tells QEMU's release" in given.why


def test_under_ovmf_the_same_reasons_are_notes(tmp_path):
    flash = "-drive if=pflash,format=raw,readonly=on,file=/x/OVMF_CODE.fd"
    result = found(tmp_path, qemu("addr=2,romfile=/r.rom", "q35", f"-vga none {flash}"))
    assert result["machine-q35"].severity == "note"
    assert "no-opregion" not in result
    older = found(tmp_path, qemu("addr=2,romfile=/r.rom", "q35", f"-vga none {flash}"), release="10.0.0")
    assert older["no-opregion"].severity == "warning"
    assert "x-igd-opregion=on" in older["no-opregion"].remedy
    assert "ovmf-no-rom" in found(tmp_path, qemu("addr=2", "q35", f"-vga none {flash}"))


def test_a_display_in_the_same_slot_and_one_beside(tmp_path):
    assert found(tmp_path, qemu("addr=2", vga=""))["slot-taken"].severity == "fatal"
    beside = found(tmp_path, qemu("addr=2", vga="-vga none -device qxl-vga,addr=5"))
    assert beside["emulated-vga"].evidence.place == "vm:1"
    assert "slot-taken" not in beside


def test_rombar_off_without_a_romfile(tmp_path):
    assert found(tmp_path, qemu("addr=2,rombar=0"))["rombar-off"].severity == "fatal"
    assert "rombar-off" not in found(tmp_path, qemu("addr=2,rombar=0,romfile=/r.rom"))


@pytest.mark.parametrize(
    ("old", "new", "words", "line", "remedy"),
    [
        ("vga: none", "vga: std", "requires VGA mode to be 'none'", 18, "vga: none"),
        ("romfile=igd.rom", "rombar=0", "requires rombar to be enabled", 9, "leave out rombar=0"),
        ("romfile=igd.rom", "x-vga=1", "not compatible with x-vga", 9, "leave out x-vga=1"),
        ("machine: pc-i440fx-8.1", "machine: q35", "not compatible with q35", 11, "machine: pc"),
        ("legacy-igd=1", "pcie=1", "q35 machine model is not enabled", 9, "leave out pcie=1"),
    ],
)
def test_what_proxmox_refuses_to_start(tmp_path, old, new, words, line, remedy):
    result = found(tmp_path, PROXMOX.replace(old, new, 1))["qm-refuses"]
    assert words in result.what
    assert (result.severity, result.evidence.place) == ("fatal", f"vm:{line}")
    assert remedy in result.remedy
    assert "qm-refuses" not in found(tmp_path, PROXMOX)


def test_proxmox_without_legacy_igd_has_a_bridge_at_1f_and_another_slot(tmp_path):
    result = found(tmp_path, PROXMOX.replace(",legacy-igd=1", ""), release="9.2.0")
    assert "00:10.0, assumed" in result["slot-not-02"].what
    assert "legacy-igd=1" in result["slot-not-02"].remedy
    moved = PROXMOX.replace(",legacy-igd=1", "").replace("args:", "args: -set device.hostpci0.addr=02.0")
    taken = found(tmp_path, moved, release="9.2.0")
    assert "legacy-igd=1" in taken["lpc-slot-taken"].remedy


def test_libvirt(tmp_path):
    result = found(tmp_path, LIBVIRT)
    assert result["libvirt-managed"].severity == "note"
    legacy = LIBVIRT.replace(
        "pflash'>/usr/share/qemu/ovmf-x64/OVMF_CODE-pure-efi.fd", "rom'>/usr/share/seabios/bios.bin"
    )
    off = found(tmp_path, legacy)["legacy-mode-off"]
    assert off.evidence.place == "vm:35"
    assert "<qemu:device alias='hostdev1'>" in off.remedy
    assert "<qemu:property name='x-igd-legacy-mode' type='string' value='on'/>" in off.remedy


def test_a_word_that_is_mistyped_names_its_line(tmp_path):
    result = found(tmp_path, PROXMOX.replace("romfile", "romfil"))["vm-unknown-word"]
    assert result.evidence.place == "vm:9"
    assert "romfil=igd.rom" in result.evidence.text
    assert result.remedy == "write romfile"


@pytest.mark.parametrize("line", ["0000:00:02.1", "00:02.0,mdev=i915-GVTg_V5_4"])
def test_what_drives_no_monitor(tmp_path, line):
    result = found(tmp_path, PROXMOX.replace("0000:00:02.0,legacy-igd=1", line))
    assert any(each.severity == "fatal" and "no monitor" in each.what for each in result.values())


def test_xen_wants_gfx_passthru(tmp_path):
    assert "no-gfx-passthru" in found(tmp_path, XL.replace('gfx_passthru = "igd"', ""))
    assert found(tmp_path, XL) == {}


def test_bhyve(tmp_path):
    assert found(tmp_path, BHYVE.replace("29,fbuf", "29,hda")) == {}
    result = found(tmp_path, BHYVE.replace(" -S", "").replace("2:0,", "7:0,").replace(",rom=/root/igd.rom", ""))
    assert {"bhyve-not-wired", "slot-not-02", "no-gop"} <= set(result)
    assert "-s 2:0,passthru,0/2/0" in result["slot-not-02"].remedy


def test_a_vm_without_the_igd(tmp_path):
    assert found(tmp_path, PROXMOX.replace("00:02.0", "01:00.0"))["no-igd"].severity == "note"


@pytest.mark.parametrize("row", OBSTACLES, ids=[row.id for row in OBSTACLES])
def test_the_words_of_each_reason_are_the_models(row):
    """The table finds a refusal by its words: a reason that the model words anew would be found no more."""
    from msgspec.structs import replace

    from fwsim.hypervisor.interface import Choice, Device
    from fwsim.hypervisor.kinds import hypervisor

    good = Device(device_id=0x3E92, generation=9, ggc=0x2C1, bdsm=0x8C000000, stolen=64 << 20, asls=0x8A5B2018)
    broken = {
        "legacy-mode-off": ("10.1", {"legacy": "off"}, {}), "slot-not-02": ("10.1", {}, {"devfn": 0x18}),
        "machine-q35": ("10.1", {}, {"machine": "q35"}), "lpc-slot-taken": ("9.2", {}, {"machine": "q35"}),
        "no-rom": ("9.2", {}, {"rom": False}), "vga-disabled": ("10.1", {}, {"ggc": 0x2C3}),
        "class-0380": ("10.1", {}, {"class_code": 0x038000}),
    }[row.id]  # fmt: skip
    choice, device = Choice(profile=broken[0], **broken[1]), replace(good, **broken[2])
    assert hypervisor(choice).assign(device).refusal.startswith(row.words)
    choice, device = row.put_right(choice, device)
    assert hypervisor(choice).assign(device).refusal == ""
    assert row.remedy in REMEDIES
