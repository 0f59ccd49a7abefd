"""VM configurations as people have them, put together from the forms of public documentation and forums."""

from fwsim.diagnose.vm.readers import vms_of

PROXMOX = """\
# igd to the television
args: -set device.hostpci0.x-igd-gms=0x2 -set device.hostpci0.x-igd-opregion=on
balloon: 0
bios: seabios
boot: order=scsi0;net0
cipassword: hunter2
cores: 2
cpu: host,hidden=1
hostpci0: 0000:00:02.0,legacy-igd=1,romfile=igd.rom
hostpci1: 0000:00:1f.3
machine: pc-i440fx-8.1
memory: 8192
meta: creation-qemu=9.2.0,ctime=1754164308
name: tv
ostype: l26
scsihw: virtio-scsi-single
sockets: 2
vga: none

[before]
hostpci0: 0000:00:02.0,pcie=1
machine: q35
memory: 1024
"""

LIBVIRT = """\
<?xml version='1.0' encoding='UTF-8'?>
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>Windows 10</name>
  <metadata>
    <vmtemplate xmlns="unraid" name="Windows 10" icon="windows.png" os="windows10"/>
  </metadata>
  <memory unit='KiB'>8388608</memory>
  <vcpu placement='static'>4</vcpu>
  <os>
    <type arch='x86_64' machine='pc-i440fx-7.1'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/share/qemu/ovmf-x64/OVMF_CODE-pure-efi.fd</loader>
  </os>
  <cpu mode='host-passthrough'><maxphysaddr mode='passthrough' limit='39'/></cpu>
  <devices>
    <graphics type='vnc' port='-1' passwd='hunter2'/>
    <video><model type='qxl'/><address type='pci' bus='0x00' slot='0x1e' function='0x0'/></video>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x05' function='0x0'/>
    </hostdev>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <driver name='vfio'/>
      <source>
        <address domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
      </source>
      <rom bar='off' file='/mnt/user/isos/igd.rom'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </hostdev>
  </devices>
  <qemu:override>
    <qemu:device alias='hostdev1'>
      <qemu:frontend>
        <qemu:property name='x-igd-gms' type='unsigned' value='4'/>
        <qemu:property name='x-igd-opregion' type='bool' value='true'/>
        <qemu:property name='x-igd-legacy-mode' type='string' value='off'/>
      </qemu:frontend>
    </qemu:device>
  </qemu:override>
</domain>
"""

XL = """\
builder = "hvm"
name = "win7"      # on the television
memory = 4096
vcpus = 4
gfx_passthru = "igd"
bios = 'seabios'
pci = [ '00:1b.0',
        '00:02.0,permissive=1,rdm_policy=relaxed' ]   # sound, graphics
vncpasswd = "hunter2"
"""

BHYVE = """\
bhyve -c 4,sockets=2,cores=2 -m 8G -S -A -H -P \\
  -s 0,hostbridge \\
  -s 2:0,passthru,0/2/0,rom=/root/igd.rom \\
  -s 29,fbuf,tcp=0.0.0.0:5900,password=hunter2 \\
  -l bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd \\
  win10
"""

VM_BHYVE = """\
loader="uefi"
cpu=2
memory=4G
disk0_type="nvme"
network0_type="virtio-net"
passthru0="0/2/0=2:0"
"""


def one(text, file="anything"):
    """The one VM of ``text``, in which nothing is unread beside it."""
    found, unread = vms_of(text, file)
    assert len(found) == 1
    assert not unread
    return found[0]


def values(vm, *names):
    return tuple(vm.value(name) for name in names)


def place(vm, name):
    """(line, whether it is assumed) of a setting."""
    setting = vm.settings[name]
    return setting.evidence.line, setting.assumed
