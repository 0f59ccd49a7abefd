"""The stand-alone capture script is run in every shell there is, on machines made up; diagnose reads its archive."""

import gzip
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from machines import DMESG, E6540, IGD, IOMEM, LPC, config
from patience import HANG_S

from fwsim import cli
from fwsim.devices.edid import default_edid, parse_edid
from fwsim.diagnose.diagnosis import taken
from fwsim.host.capture import script
from fwsim.rom.opregion import build_opregion

SHELLS = [["dash"], ["busybox", "sh"], ["bash"], ["mksh"], ["sh"]]
SECRETS = (
    "S3CRETSERIAL", "0011223344", "4C530001", "de:ad:be:ef", "DE:AD:BE:EF", "de-ad-be-ef", "7f3e2a10", "kolibri",
    "hunter2", "AAAAC3Nza", "geheim", "jdoe", "WCC4E", "winbox", "homelab.example", "5002538", "MONSERIAL",
    "nobody-else",
)  # fmt: skip
"""Parts of what was planted: none of them may be anywhere in the archive."""
LOG = f"""\
{DMESG}\
[    0.000000] Command line: BOOT_IMAGE=/vmlinuz root=UUID=7f3e2a10-1111-2222-3333-444455556666 intel_iommu=on
[    1.000000] systemd[1]: Hostname set to <kolibri.homelab.example>.
[    1.100000] usb 1-3: SerialNumber: 4C530001230987
[    1.200000] e1000e 0000:00:1f.6 eth0: (PCI Express:2.5GT/s:Width x1) de:ad:be:ef:00:01
[    1.300000] audit: user=jdoe exe=/home/jdoe/bin/x kolibri
[    1.400000] disk wwn-0x5002538e40a1b2c3 at kolibri-vg
[    2.000000] DMAR: DRHD: handling fault status reg 3
[    2.000001] DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0xcd400000 [fault reason 0x06] x
"""
CONF = """\
# notes of jdoe: the password is hunter2
bios: seabios
cipassword: hunter2
ciuser: jdoe
hostpci0: 0000:00:02.0,legacy-igd=1,romfile=igd.rom
machine: pc-i440fx-9.0
memory: 4096
meta: creation-qemu=9.0.2,ctime=1700000000
name: winbox
net0: virtio=DE:AD:BE:EF:00:02,bridge=vmbr0
scsi0: /dev/disk/by-id/ata-WDC_WD40-WCC4E1234567,size=4T,serial=S3CRETSERIAL1
smbios1: uuid=7f3e2a10-aaaa-bbbb-cccc-ddddeeeeffff,serial=S3CRETSERIAL2
sshkeys: ssh-ed25519%20AAAAC3NzaKEY%20jdoe
args: -object secret,id=s0,data=geheim -device isa-applesmc,osk="geheim too" -vnc :1,password=hunter2
vga: none

[before]
description: nobody-else
"""
XML = """\
<domain type='kvm'>
  <name>winbox</name>
  <uuid>7f3e2a10-aaaa-bbbb-cccc-ddddeeeeffff</uuid>
  <description>hunter2
  of jdoe</description>
  <metadata><vmtemplate xmlns="unraid" name="nobody-else"/></metadata>
  <memory unit='KiB'>4194304</memory>
  <os><type arch='x86_64' machine='pc-i440fx-9.0'>hvm</type></os>
  <devices>
    <disk type='block'><source dev='/dev/disk/by-id/ata-WDC-WCC4E77'/><serial>S3CRETSERIAL3</serial></disk>
    <interface type='bridge'><mac address='de:ad:be:ef:00:03'/></interface>
    <graphics type='vnc' passwd='hunter2'/>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address domain='0x0000' bus='0x00' slot='0x02' function='0x0'/></source>
      <rom file='/home/jdoe/igd.rom'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </hostdev>
  </devices>
</domain>
"""
XL = """\
# hunter2
name = "winbox"
type = "hvm"
uuid = "7f3e2a10-aaaa-bbbb-cccc-ddddeeeeffff"
gfx_passthru = "igd"
pci = [ '00:02.0' ]
vncpasswd = "hunter2"
vif = [ 'mac=de:ad:be:ef:00:04' ]
"""
SERIAL_CAPABILITY = "100: 03 00 01 00 00 11 22 33 44 55 66 77 00 00 00 00\n"


def _edid() -> bytes:
    """A monitor with a serial number, in figures and as text."""
    raw = bytearray(default_edid())
    raw[12:16] = b"SN:1"
    raw[108:126] = b"\0\0\0\xff\0" + b"MONSERIAL1\n  "
    raw[127] = -sum(raw[:127]) & 0xFF
    return bytes(raw)


class Machine:
    """A root folder, and the commands that its script finds."""

    def __init__(self, base: Path) -> None:
        self.root, self.bin, self.base = base / "root", base / "bin", base
        self.bin.mkdir()
        self.command(
            "uname", "case $* in -n) echo kolibri.homelab.example ;; -s) echo Linux ;; *) echo Linux 6.8 ;; esac"
        )
        for name in ("lspci", "dmesg", "journalctl", "pveversion", "dpkg-query", "xl"):
            self.command(name, "exit 1")

    def command(self, name: str, body: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{body}\n")
        (self.bin / name).chmod(0o755)

    def put(self, name: str, data: bytes | str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def says(self, name: str, text: str) -> None:
        """The command ``name`` prints ``text``."""
        (self.base / f"{name}.txt").write_text(text)
        self.command(name, f'cat "{self.base}/{name}.txt"')

    def run(self, shell: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
        path = self.base / "igd-capture.sh"
        path.write_text(script())
        env = {"PATH": f"{self.bin}:{os.environ['PATH']}", "FWSIM_CAPTURE_ROOT": str(self.root)}
        return subprocess.run(
            [*shell, str(path), *arguments],
            cwd=self.base,
            env=env,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )

    def capture(self, shell: list[str] | None = None) -> tuple[Path, dict[str, bytes], str]:
        """(the archive, its files, what was printed)."""
        done = self.run(shell or ["sh"])
        assert (done.returncode, done.stderr) == (0, "")
        archive = self.base / "igd-capture.tar.gz"
        with tarfile.open(archive) as tar:
            files = {m.name.partition("/")[2]: tar.extractfile(m).read() for m in tar.getmembers() if m.isreg()}
        return archive, files, done.stdout


@pytest.fixture
def machine(tmp_path, own_rom, data_vbt):
    made = Machine(tmp_path)
    pci = "sys/bus/pci/devices/0000:00:02.0"
    made.put(f"{pci}/config", config(IGD))
    made.put(f"{pci}/rom", own_rom.read_bytes())
    for name, value in (("class", "0x030000"), ("vendor", "0x8086"), ("device", "0x0416")):
        made.put(f"{pci}/{name}", value + "\n")
    group = made.root / "sys/kernel/iommu_groups/1/devices/0000:00:02.0"
    group.mkdir(parents=True)
    made.put("sys/kernel/debug/dri/0/i915_opregion", build_opregion(data_vbt))
    made.put("sys/class/drm/card0-HDMI-A-1/edid", _edid())
    made.put("sys/class/drm/card0-HDMI-A-1/status", "connected\n")
    made.put("sys/class/dmi/id/board_name", "Z390-A\n")
    made.put("sys/class/dmi/id/board_serial", "S3CRETSERIAL4\n")
    made.put("proc/iomem", IOMEM)
    made.put("proc/cmdline", "root=UUID=7f3e2a10-1111-2222-3333-444455556666 intel_iommu=on kolibri=1\n")
    made.put("proc/config.gz", gzip.compress(b'CONFIG_VFIO_PCI_VGA=y\nCONFIG_LOCALVERSION="kolibri"\n'))
    made.put("etc/modprobe.d/vfio.conf", "options vfio-pci ids=8086:0416 disable_vga=1\n")
    made.says("dmesg", LOG)
    text = E6540.replace(
        "\tRegion 0", "\tCapabilities: [100 v1] Device Serial Number 00-11-22-de-ad-be-ef-77\n\tRegion 0"
    )
    made.says("lspci", text.replace("18 90 7f ca\n", f"18 90 7f ca\n{SERIAL_CAPABILITY}"))
    return made


@pytest.mark.parametrize("shell", [each for each in SHELLS if shutil.which(each[0])], ids=" ".join)
def test_what_is_taken_is_there_and_nothing_that_was_planted(machine, shell, own_rom):
    machine.put("etc/pve/qemu-server/100.conf", CONF)
    machine.put("etc/pve/qemu-server/101.conf", "name: other\nmemory: 512\n")
    machine.put("var/log/pve/tasks/1/UPID:kolibri:0001:qmstart:100:jdoe@pam:", "kvm: VFIO of kolibri\n")
    if shell[0] == "busybox":
        for tool in ("awk", "sed", "od", "tar", "gzip", "head", "tail", "grep", "tr", "find", "sort", "readlink", "wc"):
            machine.command(tool, f'exec busybox {tool} "$@"')
    archive, files, said = machine.capture(shell)
    assert set(files) == {
        "capture.txt", "lspci.txt", "lspci-rest.txt", "iommu-groups.txt", "dmesg.txt", "iomem.txt", "cmdline.txt",
        "kernel-options.txt", "parameters.txt", "board.txt", "versions.txt", "connectors.txt", "i915_opregion",
        "HDMI-A-1.edid", "pci-00-02.0.rom", "vm-100.conf", "qemu-100.log",
    }  # fmt: skip
    for name, data in files.items():
        found = [secret for secret in SECRETS if secret.encode() in data]
        assert not found, f"{name}: {found}"
    assert b"11 22 33 44 55 66 77" not in files["lspci.txt"]
    assert b"100: 03 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00" in files["lspci.txt"]
    assert files["pci-00-02.0.rom"] == own_rom.read_bytes()
    assert b"fault addr 0xcd400000" in files["dmesg.txt"]
    assert b"Z390-A" in files["board.txt"]
    assert b"CONFIG_VFIO_PCI_VGA=y" in files["kernel-options.txt"]
    assert b"disable_vga=1" in files["parameters.txt"]
    assert files["iommu-groups.txt"].splitlines()[0] == b"IOMMU Group 1 0000:00:02.0 0300: 8086:0416"
    assert b"hostpci0: 0000:00:02.0,legacy-igd=1,romfile=igd.rom" in files["vm-100.conf"]
    assert said.index("This reads") < said.index("dmesg.txt")
    assert said.rstrip().endswith(f"fwsim diagnose {archive.name}")


def test_diagnose_eats_it(machine, capsys):
    machine.put("etc/pve/qemu-server/100.conf", CONF)
    archive, _, _ = machine.capture()
    assert cli.main(["diagnose", str(archive)]) == 1
    said = capsys.readouterr().out
    assert "nothing in it is known" not in said
    case = taken([archive])
    assert (case.host.value("bdsm"), case.host.value("asls"), case.host.value("device_id")) == (
        0xCD200001, 0xCA7F9018, 0x0416,
    )  # fmt: skip
    assert [(fault.page, fault.evidence.file) for fault in case.faults] == [(0xCD400000, "dmesg.txt")]
    assert [(vm.tool, vm.value("slot"), vm.value("romfile")) for vm in case.vms] == [
        ("proxmox", "00:02.0", "/usr/share/kvm/igd.rom")
    ]
    assert case.host.opregion
    assert Path(case.host.rom).name == "pci-00-02.0.rom"
    assert {"rom", "opregion"} <= set(case.packed)
    assert not case.unread


def test_import_reads_it_too(machine, tmp_path, capsys):
    archive, _, _ = machine.capture()
    assert cli.main(["host", "import", str(archive), "--out", str(tmp_path / "mine.toml")]) == 0
    text = (tmp_path / "mine.toml").read_text()
    assert 'file = "mine.rom"' in text
    assert "fwsim-archive" not in text


@pytest.mark.parametrize(
    ("name", "text", "tool"), [("libvirt/qemu/winbox.xml", XML, "libvirt"), ("xen/winbox.cfg", XL, "xl")]
)
def test_other_configurations(machine, name, text, tool):
    machine.put(f"etc/{name}", text)
    machine.put("var/log/libvirt/qemu/winbox.log", "-name guest=winbox,debug-threads=on -uuid x\n")
    archive, files, said = machine.capture()
    assert "vm-1 stands for winbox" in said
    assert not [(n, s) for n, data in files.items() for s in SECRETS if s.encode() in data]
    vm = taken([archive]).vm
    assert vm is not None
    assert (vm.tool, vm.value("host")) == (tool, "00:02.0")
    assert not vm.unread


def test_the_edid_loses_its_serial_and_nothing_else(machine):
    _, files, _ = machine.capture()
    edid, given = parse_edid(files["HDMI-A-1.edid"], "it"), parse_edid(_edid(), "it")
    assert (edid.maker, edid.name) == (given.maker, given.name)
    assert files["HDMI-A-1.edid"][12:16] == bytes(4)
    assert files["HDMI-A-1.edid"][16:108] == _edid()[16:108]


def test_a_rom_is_left_alone_while_a_vm_uses_the_device(machine):
    device = machine.root / "sys/bus/pci/devices/0000:00:02.0"
    (device / "iommu_group").symlink_to("../../../../kernel/iommu_groups/1")
    (machine.root / "proc/77/fd").mkdir(parents=True)
    (machine.root / "proc/77/fd/9").symlink_to("/dev/vfio/1")
    _, files, said = machine.capture()
    assert "pci-00-02.0.rom" not in files
    assert "option ROM: not read, a VM uses the device" in said


@pytest.mark.parametrize(("driver", "resource", "read"), [
    ("i915", "0x0000000000000000", False), ("i915", "0x00000000000c0000 0x00000000000dffff 0x212", True),
    ("vfio-pci", "0x0000000000000000", True),
])  # fmt: skip
def test_a_rom_is_read_while_the_device_is_idle_or_its_rom_a_copy(machine, driver, resource, read):
    device = machine.root / "sys/bus/pci/devices/0000:00:02.0"
    (device / "driver").symlink_to(f"../../../../bus/pci/drivers/{driver}")
    machine.put("sys/bus/pci/devices/0000:00:02.0/resource", "0x0 0x0 0x0\n" * 6 + resource + "\n")
    _, files, said = machine.capture()
    assert ("pci-00-02.0.rom" in files) == read
    assert "read now" in said if read else "not read, i915 drives the device" in said


def test_freebsd_has_pciconf(machine):
    machine.command("uname", "case $* in -n) echo kolibri ;; -s) echo FreeBSD ;; *) echo FreeBSD 14.1 ;; esac")
    rows = "\n".join(line[4:] for line in IGD.splitlines() if line[2:4] == ": ")
    machine.says("igd-rows", rows)
    lpc = config(LPC).hex(" ")
    machine.says("lpc-rows", lpc)
    machine.command(
        "pciconf", f'case $* in *pci0:0:2:0*) cat "{machine.base}/igd-rows.txt" ;; '
        f'*pci0:0:31:0*) cat "{machine.base}/lpc-rows.txt" ;; -l) echo "hostb0@pci0:0:0:0: class=0x060000" ;; '
        "*) exit 1 ;; esac",
    )  # fmt: skip
    machine.says("kenv", 'smbios.system.serial="S3CRETSERIAL5"\nsmbios.system.product="X1"')
    machine.command("kldstat", "echo vmm.ko")
    machine.says("ps", "bhyve -c 2 -m 4G -s 2,passthru,0/2/0 winbox")
    archive, files, _ = machine.capture()
    assert not [(n, s) for n, data in files.items() for s in SECRETS[:-3] if s.encode() in data and s != "winbox"]
    assert b'smbios.system.product="X1"' in files["board.txt"]
    case = taken([archive])
    assert (case.host.value("bdsm"), case.host.value("lpc_id")) == (0xCD200001, 0x8C4F)


def test_it_says_what_it_would_read_and_stops(machine):
    done = machine.run(["sh"], "-n")
    assert done.returncode == 0
    assert "/proc/iomem" in done.stdout
    assert not (machine.base / "igd-capture.tar.gz").exists()


def test_an_archive_that_is_there_stays(machine):
    (machine.base / "igd-capture.tar.gz").write_bytes(b"mine")
    done = machine.run(["sh"])
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (machine.base / "igd-capture.tar.gz").read_bytes() == b"mine"


def test_the_command_prints_it(capsys):
    assert cli.main(["host", "capture", "--script"]) == 0
    assert capsys.readouterr().out == script()
    assert "@" not in "".join(line for line in script().splitlines() if line.startswith(("functions=", "debug_files=")))


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say(tmp_path):
    (tmp_path / "it.sh").write_text(script())
    done = subprocess.run(["shellcheck", str(tmp_path / "it.sh")], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def _tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_an_archive_cannot_reach_outside(tmp_path):
    (tmp_path / "victim").write_text("mine")
    bad = _tar(
        tmp_path / "bad.tar.gz", (_member("../victim"), DMESG.encode()), (_member(str(tmp_path / "victim")), b"x"),
        (_member("link", tarfile.SYMTYPE, "/etc"), b""), (_member("link/passwd"), b"y"),
        (_member("hard", tarfile.LNKTYPE, str(tmp_path / "victim")), b""), (_member("a" * 300), b"z"),
        (_member("link"), b"file where a folder is"),
    )  # fmt: skip
    before = sorted(tmp_path.rglob("*"))
    case = taken([bad])
    assert case.host.value("bdsm") == 0xCD200000
    assert (tmp_path / "victim").read_text() == "mine"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bomb_is_bounded_and_a_cut_archive_is_said(tmp_path, monkeypatch):
    from fwsim.host import archive

    monkeypatch.setattr(archive, "MAX_MEMBER", 1 << 20)
    monkeypatch.setattr(archive, "MAX_TOTAL", 4 << 20)
    rows = [
        (_member("dmesg.txt"), DMESG.encode()),
        (_member("big"), bytes(2 << 20)),
        (_member("bigger"), bytes(8 << 20)),
    ]
    bomb = _tar(tmp_path / "bomb.tar.gz", *rows)
    why = " ".join(each.why for each in taken([bomb]).unread)
    assert "big is larger than 1 MiB" in why
    assert "only the first 4 MiB of the archive" in why
    plain = gzip.decompress(_tar(tmp_path / "x.tar.gz", rows[0], (_member("iomem"), IOMEM.encode() * 9)).read_bytes())
    (tmp_path / "cut.tar").write_bytes(plain[:4000])
    assert "cut off in iomem" in " ".join(each.why for each in taken([tmp_path / "cut.tar"]).unread)
