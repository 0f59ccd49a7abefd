import gzip

import pytest
from configurations import BHYVE, LIBVIRT, PROXMOX, VM_BHYVE, XL, one

from fwsim.diagnose.case import Case
from fwsim.diagnose.diagnosis import conclude, diagnose
from fwsim.diagnose.vm.choose import choose
from fwsim.diagnose.vm.readers import RELEASE, take_vm, vms_of
from fwsim.diagnose.vm.secrets import redact
from fwsim.errors import FwsimError

QEMU = (
    "qemu-system-x86_64 -name a -m 2G -vga none -object secret,id=s,data=hunter2 -device vfio-pci,host=00:02.0,addr=2"
)
ALL = {"proxmox": PROXMOX, "libvirt": LIBVIRT, "xl": XL, "bhyve": BHYVE, "qemu": QEMU}


def taken(tmp_path, **files):
    case = Case()
    for name, content in files.items():
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        take_vm(path, name, case)
    return case


@pytest.mark.parametrize("tool", ALL)
def test_the_kind_is_told_by_what_is_in_the_file(tool):
    for name in ("100.conf", "win.xml", "xl.cfg", "run.sh", "notes"):
        assert one(ALL[tool], name).tool == tool


@pytest.mark.parametrize("tool", ALL)
def test_windows_lines_utf_16_colours_and_marks_change_nothing(tmp_path, tool):
    plain = one(ALL[tool])
    text = ALL[tool]
    forms = {
        "crlf": text.replace("\n", "\r\n").encode(), "utf16": ("\ufeff" + text).encode("utf-16-le"),
        "mark": text.encode("utf-8-sig"), "colour": ("\x1b[0m" + text.replace("\n", "\x1b[m\n")).encode(),
    }  # fmt: skip
    for form, data in forms.items():
        (found,) = taken(tmp_path, **{form: data}).vms
        assert {name: each.value for name, each in found.settings.items()} == {
            name: each.value for name, each in plain.settings.items()
        }, form


@pytest.mark.parametrize("tool", [*ALL, "vm-bhyve"])
def test_no_secret_is_kept(tool):
    text = (ALL | {"vm-bhyve": VM_BHYVE + 'bhyve_options="-s 29,fbuf,password=hunter2"\n'})[tool]
    assert "hunter2" in text
    found, unread = vms_of(text, "file")
    assert found
    assert "hunter2" not in repr(found) + repr(unread)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("cipassword: hunter2 and more", "cipassword: ***"),
        ("sshkeys: ssh-rsa%20hunter2", "sshkeys: ***"),
        ("<graphics type='vnc' passwd='hunter2'/>", "<graphics type='vnc' passwd=***/>"),
        ("-object secret,id=s0,data=hunter2,format=raw", "-object secret,id=s0,data=***,format=raw"),
        ('{"qom-type":"secret","id":"s","data":"hunter2"}', '{"qom-type":"secret","id":"s","data":***}'),
        ("-vnc unix:/x.vnc,password=on", "-vnc unix:/x.vnc,password=on"),
        ("-drive file=https://me:hunter2@host/x", "-drive file=https://***@host/x"),
        ("vncpasswd = \"hunter2\"", "vncpasswd = ***"),
        ("-device vfio-pci,host=00:02.0,romfile=/r.rom", "-device vfio-pci,host=00:02.0,romfile=/r.rom"),
        ("hostname: hunter2", "hostname: ***"),
    ],
)  # fmt: skip
def test_redaction(line, kept):
    assert redact(line) == kept


def test_two_vms_with_the_igd_are_asked_about(tmp_path):
    (tmp_path / "a").write_text(PROXMOX)
    (tmp_path / "b").write_text(PROXMOX.replace("name: tv", "name: other"))
    result = diagnose([tmp_path])
    (asked,) = [each for each in result.findings if each.id == "several-vms"]
    assert "tv (a:9)" in asked.what
    assert "other (b:9)" in asked.what
    assert asked.remedy == 'say which: --vm "tv"'
    named = diagnose([tmp_path], "other")
    assert "several-vms" not in [each.id for each in named.findings]
    assert "other (proxmox)" in [each.value for each in named.facts]
    with pytest.raises(FwsimError) as caught:
        diagnose([tmp_path], "nobody")
    assert (caught.value.found, caught.value.expected) == ("nobody", "tv, other")


def test_of_several_vms_the_one_with_the_igd_is_meant(tmp_path):
    case = taken(tmp_path, a=PROXMOX, b="name: nas\nostype: l26\nmemory: 512\nscsihw: lsi\n")
    choose(case)
    assert [vm.name for vm in case.vms] == ["tv"]


def test_two_files_of_one_vm_are_one_and_what_is_written_counts(tmp_path):
    command = (
        "/usr/bin/kvm -id 100 -name tv,debug-threads=on -m 4096 -nodefaults -device "
        "vfio-pci,host=0000:00:02.0,id=hostpci0,bus=pci.0,addr=0x2,romfile=/usr/share/kvm/igd.rom -machine pc"
    )
    case = taken(tmp_path, a=PROXMOX, b=command)
    choose(case)
    (vm,) = case.vms
    assert vm.value("ram") == 8 << 30
    assert vm.settings["slot"].evidence.file == "b"
    assert not vm.settings["slot"].assumed


@pytest.mark.parametrize(
    ("line", "release"),
    [
        ("QEMU emulator version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1)", "8.2.2"),
        ("pve-qemu-kvm: 10.1.2-3", "10.1.2"),
        ("ii  pve-qemu-kvm  9.2.0-5  amd64  Full virtualization", "9.2.0"),
        ("Running hypervisor: QEMU 7.2.0", "7.2.0"),
    ],
)
def test_a_release_that_a_file_tells(tmp_path, line, release):
    case = taken(tmp_path, versions=line + "\n", vm=PROXMOX)
    (seen,) = case.of(RELEASE)
    assert (seen.groups["release"], seen.evidence.line) == (release, 1)


def test_files_of_other_kinds_are_left_alone(tmp_path):
    case = taken(
        tmp_path, rom=b"\x55\xaa" + b"qemu -m 1 -device vfio-pci" * 9 + bytes(512),
        packed=gzip.compress(PROXMOX.encode()),
        yaml="name: a\ndescription: b\nmemory: 5\ntags: c\n", dmesg="[    0.0] Command line: qemu -m\n" * 50,
        lspci="00:02.0 VGA compatible controller [0300]: Intel Corporation\n\tKernel driver in use: vfio-pci\n",
    )  # fmt: skip
    assert case.vms == []
    assert case.unread == []


@pytest.mark.parametrize("tool", [*ALL, "vm-bhyve"])
def test_a_file_that_is_cut_anywhere_raises_nothing(tool):
    text = (ALL | {"vm-bhyve": VM_BHYVE})[tool]
    for end in range(0, len(text), 7):
        case = Case()
        case.vms, case.unread = vms_of(text[:end], "file")
        choose(case)
        conclude(case)


def test_hostile_files_end(tmp_path):
    """Each is some hundred KiB of what would make a careless reader try everything again and again."""
    case = taken(
        tmp_path,
        arrays="qemu\n" + "A=(\n" * 4000, quotes="qemu\n" + "A='\n" * 4000,
        doubling="qemu\n" + 'A="$A$A$A$A x"\n' * 400 + "qemu-system-x86_64 -m 2G -M pc $A $A",
        commands="qemu-system-x86_64 -m 1 \\\n" * 20000, braces="kvm -m 1 -device " + "{" * 200000,
        lists="builder='hvm'\nname='a'\n" + "pci=['\n" * 4000, domains="<domain " * 20000,
        json='qemu-system-x86_64 -m 1 -M pc -device {"a":' + "[" * 100000,
    )  # fmt: skip
    assert len(case.vms) < 20
