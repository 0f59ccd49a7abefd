"""What to change, in the words of the tool that the user has.

The syntax is each tool's own documentation's: QEMU docs/igd-assign.txt; Proxmox VE qm.conf(5), qm-pci-passthrough and
qemu-server src/PVE/QemuServer/PCI.pm; libvirt docs/formatdomain.rst (hostdev, rom, video, maxphysaddr) and
docs/drvqemu.rst (overriding properties); Xen xl.cfg(5), xl-pci-configuration(5); FreeBSD bhyve(8), vmm(4); Linux
Documentation/admin-guide/kernel-parameters.txt, drivers/vfio/pci/vfio_pci.c (module parameters).
"""

from __future__ import annotations

from collections.abc import Mapping

from fwsim.diagnose.case import Tool, Vm

Texts = Mapping[Tool | str, str]
CONF = "/etc/pve/qemu-server/{vmid}.conf"
_IDS: dict[Tool, str] = {"qemu": "hostdev0", "proxmox": "hostpci0", "libvirt": "hostdev0", "xl": "", "bhyve": "",
                         "crosvm": "", "acrn": ""}  # fmt: skip
_TITLES: dict[Tool, str] = {
    "qemu": "QEMU", "proxmox": "Proxmox VE", "libvirt": "libvirt", "xl": "xl", "bhyve": "bhyve", "crosvm": "crosvm",
    "acrn": "ACRN",
}  # fmt: skip
_DOMAIN = "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"


def _property(name: str, value: str, kind: str = "string", *, why: str = "") -> dict[Tool | str, str]:
    """How each tool sets a property of vfio-pci; ``kind`` is libvirt's type of it."""
    theirs = {"on": "true", "off": "false"}.get(value, value) if kind == "bool" else value
    number = str(int(value, 0)) if kind == "unsigned" else theirs
    tail = f" ({why})" if why else ""
    return {
        "qemu": f"add {name}={value} to -device vfio-pci,host=00:02.0,...{tail}",
        "proxmox": f"in {CONF}: args: -set device.{{id}}.{name}={value}{tail}",
        "libvirt": f"virsh edit (libvirt 8.2 or later); {_DOMAIN} at the top, and before "
                   f"</domain>:\n<qemu:override>\n  <qemu:device alias='{{id}}'>\n    <qemu:frontend>\n      "
                   f"<qemu:property name='{name}' type='{kind}' value='{number}'/>\n    </qemu:frontend>\n  "
                   f"</qemu:device>\n</qemu:override>\n{tail.strip()}",
    }  # fmt: skip


_APPLY = (
    "Debian, Proxmox with GRUB: GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub, then update-grub; Proxmox with "
    "systemd-boot: /etc/kernel/cmdline, then proxmox-boot-tool refresh; unraid: the append line of "
    "/boot/syslinux/syslinux.cfg; reboot"
)


def _kernel(parameter: str, what: str, xen: str = "", freebsd: str = "") -> dict[Tool | str, str]:
    """A parameter of the host's kernel; Xen has its own line, FreeBSD's loader its own file."""
    text = f"add {parameter} to the host kernel's command line ({what}). {_APPLY}"
    none = f"that is Linux' ({parameter}): there is no such option here"
    return {"": text, "xl": xen or f"dom0's kernel: {text}", "bhyve": freebsd or none, "acrn": text, "crosvm": text}


def _modprobe(line: str, why: str) -> dict[Tool | str, str]:
    """A line for the host's module loader."""
    return {
        "": f"echo '{line}' > /etc/modprobe.d/vfio-igd.conf; update-initramfs -u -k all (Debian, Proxmox; mkinitcpio "
            f"-P on Arch); reboot: {why}",
        "xl": "in dom0: xl pci-assignable-add 00:02.0 (xen-pciback takes it)",
        "bhyve": 'in /boot/loader.conf: pptdevs="0/2/0" and vmm_load="YES"; reboot (vmm(4))',
    }  # fmt: skip


REMEDIES: dict[str, Texts] = {
    # --- the VM's configuration ------------------------------------------------------------------------------------
    "slot": {
        "qemu": "-device vfio-pci,host=00:02.0,bus=pci.0,addr=02.0,...",
        "proxmox": f"in {CONF}: hostpci0: 0000:00:02.0,legacy-igd=1 (it puts the device at 00:02.0; needs machine: "
                   "pc and vga: none); without it: args: -set device.{id}.bus=pci.0 -set device.{id}.addr=02.0",
        "libvirt": "virsh edit: in the IGD's <hostdev>: <address type='pci' domain='0x0000' bus='0x00' slot='0x02' "
                   "function='0x0'/>, and no other device there (<video><model type='none'/></video>)",
        "xl": 'pci = [ "00:02.0@2" ] and gfx_passthru = "igd"',
        "bhyve": "-s 2:0,passthru,0/2/0,rom=FILE (vm-bhyve: passthru0=\"0/2/0=2:0\")",
        "acrn": "-s 2,passthru,0/2/0,gpu",
        "crosvm": "--vfio /sys/bus/pci/devices/0000:00:02.0,guest-address=00:02.0",
    },
    "machine-pc": {
        "qemu": "-machine pc (i440fx); q35 has an ICH9 at 00:1f.0 and no legacy mode",
        "proxmox": f"in {CONF}: machine: pc (and hostpci0: 0000:00:02.0,legacy-igd=1 without pcie=1); Windows may "
                   "have to be activated again",
        "libvirt": "virsh edit: <type arch='x86_64' machine='pc'>hvm</type>; take out the <address> elements that "
                   "name buses past 0x00 and the pcie-root controllers, libvirt makes them anew",
        "xl": "xl's device model is an i440fx unless device_model_machine says otherwise: leave that line out",
    },
    "legacy-mode": _property(
        "x-igd-legacy-mode", "on",
        why="then QEMU stops with the reason instead of going on without; or leave the option out: auto",
    ),
    "x-vga-off": {
        "qemu": "leave out x-vga=on: legacy mode passes the VGA ranges by itself",
        "proxmox": f"in {CONF}: leave out x-vga=1: hostpci0: 0000:00:02.0,legacy-igd=1",
        "libvirt": "leave out x-vga in <qemu:override> and <qemu:commandline>",
    },
    "x-vga": {
        **_property("x-vga", "on", "bool"),
        "proxmox": f"in {CONF}: hostpci0: 0000:00:02.0,x-vga=1 (with bios: seabios; under OVMF there is nothing that "
                   "needs it)",
        "xl": "gfx_passthru = 1 passes the VGA ranges",
    },
    "rombar": {
        "qemu": "leave out rombar=0: the guest's firmware finds no ROM then; romfile=FILE where the device shows none",
        "proxmox": f"in {CONF}: leave out rombar=0: hostpci0: 0000:00:02.0,legacy-igd=1,romfile=X.rom (X.rom in "
                   "/usr/share/kvm/)",
        "libvirt": "virsh edit: in the IGD's <hostdev>: <rom bar='on' file='/path/X.rom'/>",
        "bhyve": "-s 2:0,passthru,0/2/0,rom=X.rom",
        "xl": "gfx_passthru copies the host's vBIOS from C0000: there is no file to name",
    },
    "romfile": {
        "qemu": "romfile=X.rom in -device vfio-pci,...",
        "proxmox": f"cp X.rom /usr/share/kvm/; in {CONF}: hostpci0: 0000:00:02.0,legacy-igd=1,romfile=X.rom",
        "libvirt": "virsh edit: in the IGD's <hostdev>: <rom file='/path/X.rom'/>",
        "bhyve": "-s 2:0,passthru,0/2/0,rom=X.rom",
    },
    "rom-id": {
        "qemu": "fwsim rom fix X.rom --device 0xID -o FIXED.rom, then romfile=FIXED.rom; or rombar=0 beside "
                "romfile=X.rom: SeaBIOS then takes the file unchecked (fw_cfg vgaroms/)",
        "proxmox": "fwsim rom fix X.rom --device 0xID -o /usr/share/kvm/FIXED.rom; "
                   f"in {CONF}: hostpci0: 0000:00:02.0,legacy-igd=1,romfile=FIXED.rom",
        "libvirt": "fwsim rom fix X.rom --device 0xID -o FIXED.rom; virsh edit: <rom file='/path/FIXED.rom'/>; or "
                   "<rom bar='off' file='/path/X.rom'/>: SeaBIOS then takes the file unchecked",
        "xl": "Xen's device model makes the id right by itself (QEMU hw/xen/xen_pt_graphics.c)",
    },
    "host-base-in-rom": {
        "": "give a ROM that has not run on this host: extract the vBIOS from the firmware's image (fwsim rom find), "
            "or take QEMU 11.1 (or 10.0.13), which clears the base",
        "proxmox": f"in {CONF}: hostpci0: 0000:00:02.0,legacy-igd=1,romfile=CLEAN.rom, CLEAN.rom "
                   "taken out of the firmware's image (fwsim rom find FLASH), copied to /usr/share/kvm/; or "
                   "pve-qemu-kvm 11.1 or later, which clears the base",
        "libvirt": "virsh edit: <rom file='/path/CLEAN.rom'/> in the IGD's <hostdev>, CLEAN.rom taken out of the "
                   "firmware's image (fwsim rom find FLASH); or QEMU 11.1 (or 10.0.13), which clears the base",
        "xl": "Xen copies the posted vBIOS from C0000 and offers no other file: no option of xl's helps",
        "bhyve": "bhyve runs no legacy vBIOS: give a GOP driver by rom=",
    },
    "gms": _property(
        "x-igd-gms", "0x2", "unsigned",
        why="in units of 32 MiB: the host's 'DVMT Pre-Allocated' in its setup is the better place",
    ),
    "gms-off": {
        "qemu": "leave out x-igd-gms, and set 'DVMT Pre-Allocated' in the host's firmware setup",
        "proxmox": f"in {CONF}: leave -set device.{{id}}.x-igd-gms=... out of args:, and set 'DVMT Pre-Allocated' in "
                   "the host's firmware setup",
        "libvirt": "take the x-igd-gms property out of <qemu:override>, and set 'DVMT Pre-Allocated' in the host's "
                   "setup",
    },
    "opregion": {
        **_property("x-igd-opregion", "on", "bool", why="the kernel offers it from 4.6 on, with CONFIG_VFIO_PCI_IGD"),
        "xl": "Xen maps the host's OpRegion where hvmloader writes ASLS, with gfx_passthru on",
        "bhyve": "bhyve copies the host's OpRegion by itself, where it has GVT-d",
    },
    "lpc": _property(
        "x-igd-lpc", "on", "bool", why="i440fx only, QEMU 10.0 or later; before that legacy mode alone does it",
    ),
    "lpc-1f": {
        "qemu": "free 00:1f.0: give the device that is there another addr=, or -machine pc instead of q35",
        "proxmox": f"in {CONF}: hostpci0: 0000:00:02.0,legacy-igd=1: then the bridge pci.2 moves away from 00:1f.0",
        "libvirt": "virsh edit: give the device with slot='0x1f' another <address>, and machine='pc' instead of q35",
    },
    "emulated-vga": {
        "qemu": "-vga none (or -nodefaults), and no -device VGA, qxl-vga, virtio-vga, bochs-display",
        "proxmox": f"in {CONF}: vga: none",
        "libvirt": "virsh edit: <video><model type='none'/></video>, and take out <graphics>",
        "xl": "gfx_passthru = 1 (it disables the emulated adapter), vnc = 0",
        "bhyve": "leave out -s N,fbuf,... (vm-bhyve: graphics=\"no\")",
    },
    "legacy-igd": {
        "proxmox": f"in {CONF}: machine: pc, vga: none, and hostpci0: 0000:00:02.0,legacy-igd=1 with neither pcie, "
                   "x-vga, mdev nor rombar=0",
        "qemu": "-machine pc -vga none -device vfio-pci,host=00:02.0,bus=pci.0,addr=02.0",
        "libvirt": "machine='pc', <video><model type='none'/></video>, the IGD's <address> bus='0x00' slot='0x02'",
        "xl": "gfx_passthru = \"igd\"",
    },
    "pcie-off": {
        "proxmox": f"in {CONF}: leave out pcie=1, or machine: q35 (which has no legacy mode)",
        "qemu": "bus=pci.0 instead of a root port",
    },
    "memory": {
        "qemu": "-m 4G", "proxmox": f"in {CONF}: memory: 4096", "libvirt": "<memory unit='GiB'>4</memory>",
        "xl": "memory = 4096", "bhyve": "-m 4G", "crosvm": "--mem 4096", "acrn": "-m 4G",
    },
    "phys-bits": {
        "qemu": "-cpu host,host-phys-bits-limit=39 (the IOMMU's width: (cap >> 16 & 0x3f) + 1 of "
                "/sys/class/iommu/dmar0/intel-iommu/cap)",
        "proxmox": f"in {CONF}: args: -cpu host,host-phys-bits-limit=39, or cpu: host,phys-bits=39",
        "libvirt": "virsh edit: <cpu mode='host-passthrough'><maxphysaddr mode='passthrough' limit='39'/></cpu>",
    },
    "above-4g": {
        "": "'Above 4G decoding' off in the host's setup, or the guest's 64-bit window small: BARs and stolen memory "
            "of an IGD before gen 11 have to lie below 4 GiB",
        "xl": "mmio_hole = 1024, so that the BARs fit below 4 GiB",
    },
    "override-not-set": {
        "libvirt": f"virsh edit: {_DOMAIN} at the top, and instead of -set: <qemu:override> <qemu:device "
                   "alias='{id}'> <qemu:frontend> <qemu:property name=... type='bool|unsigned|string' value=.../> "
                   "</qemu:frontend> </qemu:device> </qemu:override>",
    },
    "managed": {
        "libvirt": "virsh edit: <hostdev ... managed='no'>, so that i915 is not bound again when the VM stops; bind "
                   "vfio-pci at boot",
    },
    "ovmf-rom": {
        "qemu": "make a ROM of IgdAssignmentDxe (VfioIgdPkg), PlatformGopPolicy and the host firmware's "
                "IntelGopDriver (EfiRom -f 0x8086 -i 0xID -o igd.rom -e ...), and give it: romfile=igd.rom",
        "proxmox": "make a ROM of IgdAssignmentDxe (VfioIgdPkg), PlatformGopPolicy and the host firmware's "
                   "IntelGopDriver (EfiRom -f 0x8086 -i 0xID -o /usr/share/kvm/igd.rom -e ...); "
                   f"in {CONF}: hostpci0: 0000:00:02.0,legacy-igd=1,romfile=igd.rom",
        "libvirt": "make a ROM of IgdAssignmentDxe (VfioIgdPkg), PlatformGopPolicy and the host firmware's "
                   "IntelGopDriver (EfiRom -f 0x8086 -i 0xID -o igd.rom -e ...); virsh edit: <rom "
                   "file='/path/igd.rom'/>",
        "bhyve": "rom=GOP.rom with the host firmware's IntelGopDriver and PlatformGopPolicy",
    },
    "seabios-rom": {
        "qemu": "SeaBIOS runs a legacy vBIOS only: romfile=VBIOS.rom (fwsim rom find FLASH), or OVMF: -drive "
                "if=pflash,format=raw,readonly=on,file=OVMF_CODE.fd",
        "proxmox": f"in {CONF}: bios: ovmf with an EFI ROM, or romfile=VBIOS.rom, a legacy one (fwsim rom find FLASH)",
        "libvirt": "virsh edit: <os firmware='efi'> with an EFI ROM, or <rom file='/path/VBIOS.rom'/>, a legacy one",
        "xl": 'bios = "ovmf" with an EFI ROM',
    },
    "gfx-passthru": {"xl": 'gfx_passthru = "igd"', "qemu": "-machine pc,igd-passthru=on (Xen's device model)"},
    "rdm": {"xl": 'rdm = "strategy=host,policy=relaxed", or pci = [ "00:02.0,rdm_policy=relaxed" ]'},
    "permissive": {"xl": 'pci = [ "00:02.0,permissive=1" ]'},
    "bhyve-wired": {"bhyve": "add -S: the guest's memory has to be wired for a passed-through device (bhyve(8))"},
    "vf": {
        "": "a virtual function (SR-IOV) and a mediated device (GVT-g) drive no monitor: pass 00:02.0 itself, or use "
            "the guest by remote desktop, with an emulated display beside it",
    },
    "mdev-x-vga": {
        "": "leave out x-vga=on and romfile=: a mediated device has neither VGA ranges nor a vBIOS; x-igd-opregion=on "
            "with OVMF and display=on show its picture",
    },
    "mdev-slot": {
        "qemu": "harmless; addr=03.0 or another slot than 02.0 keeps QEMU from trying",
        "libvirt": "harmless; <address ... slot='0x03'/> or another slot than 0x02 keeps QEMU from trying",
        "proxmox": "harmless",
    },
    "free-slot": {
        "qemu": "give the other device another addr=, or leave the IGD at another slot: legacy mode wants 02.0",
        "proxmox": f"in {CONF}: hostpci0: 0000:00:02.0,legacy-igd=1 and vga: none; leave addr= out of args:",
        "libvirt": "virsh edit: give the device or <controller> with bus='0x00' slot='0x02' another <address> (on "
                   "q35 libvirt puts root ports there), then the IGD's own",
    },
    "property": {
        "": "leave it out; x-igd-lpc and x-igd-legacy-mode are of QEMU 10.0 and later",
        "libvirt": "take it out of <qemu:override>; x-igd-lpc and x-igd-legacy-mode are of QEMU 10.0 and later",
        "proxmox": f"in {CONF}: take it out of args:; legacy-igd and pcie belong on the hostpci line",
    },
    "one-vm": {"": "shut the other VM down, or take the device out of its configuration"},
    "gop-in-guest": {"": "boot the host by CSM, so that a vBIOS lies at C0000; else the screen stays dark until the "
                         "guest's driver loads"},
    "no-igd": {
        "qemu": "-device vfio-pci,host=00:02.0,bus=pci.0,addr=02.0",
        "proxmox": f"in {CONF}: hostpci0: 0000:00:02.0,legacy-igd=1",
        "libvirt": "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0x0000' bus='0x00' "
                   "slot='0x02' function='0x0'/></source></hostdev>",
        "xl": 'pci = [ "00:02.0" ] and gfx_passthru = "igd"', "bhyve": "-s 2:0,passthru,0/2/0",
        "crosvm": "--vfio /sys/bus/pci/devices/0000:00:02.0,guest-address=00:02.0", "acrn": "-s 2,passthru,0/2/0,gpu",
    },
    # --- the host ----------------------------------------------------------------------------------------------------
    "vga-region": {
        "": "check: zgrep VFIO_PCI_VGA /proc/config.gz /boot/config-$(uname -r); remove vfio-pci.disable_vga=1 from "
            "the kernel's command line and disable_vga=1 from /etc/modprobe.d/; keep the host's framebuffer off the "
            "device (video=efifb:off, or initcall_blacklist=sysfb_init)",
    },
    "disable-vga": {
        "": "take disable_vga=1 out: options vfio-pci ids=... in /etc/modprobe.d/*.conf, vfio-pci.disable_vga=1 on "
            "the kernel's command line; update-initramfs -u -k all; reboot",
        "xl": "that is vfio-pci's: Xen has no such option", "bhyve": "that is vfio-pci's: bhyve has no such option",
    },
    "ivd": {
        "": "in the host's firmware setup make the IGD the primary display ('Primary Display: IGD/IGFX'), with a "
            "monitor attached and CSM or legacy video on: GGC bit 1 (IVD) then reads 0 and the class 0300",
    },
    "class-0380": {
        "": "class 0380 means that the host's firmware made another card the primary display: in its setup 'Primary "
            "Display: IGD/IGFX'; QEMU 10.2 takes 0380 for the OpRegion, but no release has legacy mode then",
    },
    "no-legacy-generation": {
        "": "this generation has no legacy vBIOS and no legacy mode: a UEFI guest (OVMF) with a GOP driver in the ROM",
        "proxmox": f"in {CONF}: bios: ovmf, hostpci0: 0000:00:02.0,legacy-igd=1,romfile=igd.rom, igd.rom with "
                   "IgdAssignmentDxe and the IntelGopDriver; args: -set device.{id}.x-igd-opregion=on",
        "libvirt": "virsh edit: <os firmware='efi'>, <rom file='/path/igd.rom'/>, x-igd-opregion=true by "
                   "<qemu:override>",
    },
    "meteor-lake": {
        "": "QEMU's vfio-igd knows no device id of Meteor Lake or later: it gives neither BDSM nor legacy mode, the "
            "guest's own driver alone brings the screen up; pass it with x-igd-opregion=on (QEMU 10.1: by itself) "
            "and without x-igd-gms",
    },
    "iommu-on": _kernel(
        "intel_iommu=on", "VT-d, also on in the firmware's setup", xen="iommu=1 on xen's own line, VT-d on in setup",
        freebsd="in /boot/loader.conf: hw.vmm.iommu.enable=1",
    ),
    "iommu-pt": _kernel(
        "iommu=pt", "the host's own devices then pass the IOMMU by", xen="dom0-iommu=passthrough on xen's own line",
    ),
    "igfx-off": _kernel("intel_iommu=on,igfx_off", "no translation for the host's own use of the IGD: not for a VM"),
    "sysfb": _kernel("initcall_blacklist=sysfb_init", "the host's framebuffer then never takes the device's memory"),
    "efifb-off": _kernel(
        "video=efifb:off,vesafb:off", "kernels before 5.15; later ones need initcall_blacklist=sysfb_init",
    ),
    "vfio-ids": _modprobe(
        "options vfio-pci ids=8086:ID", "vfio-pci takes the device before i915 does; ID by lspci -nns 02.0",
    ),
    "i915-blacklist": {
        **_modprobe("blacklist i915", "the host's driver never changes the device"),
        "xl": "in dom0: echo 'blacklist i915' > /etc/modprobe.d/i915.conf; update-initramfs -u; and "
              "xen-pciback.hide=(00:02.0) on dom0's command line",
        "bhyve": "do not load i915kms: take it out of kld_list in /etc/rc.conf",
    },
    "driver-order": _modprobe("softdep i915 pre: vfio-pci", "vfio-pci is loaded before i915 and keeps the device"),
    "idle-d3": _modprobe("options vfio-pci disable_idle_d3=1", "the device stays in D0 while no VM has it"),
    "not-bound": {
        "": "driverctl set-override 0000:00:02.0 vfio-pci; or: echo vfio-pci > "
            "/sys/bus/pci/devices/0000:00:02.0/driver_override; echo 0000:00:02.0 > "
            "/sys/bus/pci/devices/0000:00:02.0/driver/unbind; echo 0000:00:02.0 > /sys/bus/pci/drivers_probe",
        "proxmox": "echo 'options vfio-pci ids=8086:ID' > /etc/modprobe.d/vfio.conf; echo 'softdep i915 pre: "
                   "vfio-pci' >> /etc/modprobe.d/vfio.conf; update-initramfs -u -k all; reboot",
        "libvirt": "virsh nodedev-detach pci_0000_00_02_0, or managed='yes' in <hostdev>; unraid: Tools, System "
                   "Devices: bind 00:02.0 to vfio",
        "xl": "xl pci-assignable-add 00:02.0", "bhyve": 'in /boot/loader.conf: pptdevs="0/2/0"; reboot',
    },
    "unsafe-interrupts": {
        **_modprobe(
            "options vfio_iommu_type1 allow_unsafe_interrupts=1",
            "only where the platform has no interrupt remapping, and the guest is trusted",
        ),
        "xl": "iommu=intremap on xen's line", "bhyve": "there is no such option",
    },
    "qemu-newer": {
        "qemu": "QEMU 10.1 or later", "libvirt": "QEMU 10.1 or later",
        "proxmox": "apt update && apt full-upgrade: pve-qemu-kvm 10.1 or later (Proxmox VE 9)",
    },
    # --- what logs show ---------------------------------------------------------------------------------------------
    "igd-regions": {"": "on the host: zgrep VFIO_PCI_IGD /proc/config.gz /boot/config-$(uname -r) has to say y; the "
                        "IGD on and "
                        "primary in the firmware's setup; lspci -nns 00.0 and 1f.0 have to show Intel's bridges (VMD "
                        "and RST off)"},
    "same-base": {"": "the guest's stolen memory has to lie where the host's does: QEMU's and OVMF's versions with "
                      "etc/igd-stolen-base; or go without GuC: i915.enable_guc=0 in the guest"},
    "reserve-stolen": {"": "in a guest: bring legacy mode up, so that its firmware reserves stolen memory in e820; "
                           "on a host: "
                           "update the firmware (coreboot, MrChromebox), whose e820 has to reserve BDSM's range as a "
                           "whole"},
    "guest-firmware": {"": "SeaBIOS 1.10 or later, or OVMF with VfioIgdPkg; the device at 00:02.0 of the guest; from "
                           "gen 11 on "
                           "SeaBIOS writes no BDSM: use OVMF with VfioIgdPkg"},
    "guc-off": {"": "i915.enable_guc=0 on the guest kernel's command line; xe has no way without GuC; then power the "
                    "host off "
                    "and on, for WOPCM's registers stay locked over a reset"},
    "mediated-device": {"": "harmless while the guest works; else give the whole device: host=0000:00:02.0 in place "
                            "of a "
                            "mediated one"},
    "bind-group": {"": "bind every device of the group to vfio-pci (find /sys/kernel/iommu_groups/N/devices), or to "
                       "no driver"},
    "igd-enabled": {"": "lspci -nns 02.0 on the host has to show the IGD: switch it on in the firmware's setup, also "
                        "where a "
                        "card is in (IGD Multi-Monitor)"},
    "igfx-on": {"": "take igfx_off out of intel_iommu= on the host kernel's command line: intel_iommu=on"},
    "rmrr": {"": "a kernel from kernel.org of 4.2 or later; the IGD's RMRR is allowed there, other devices' need the "
                 "firmware's "
                 "setup (their RMRR off)"},
    "memlock": {"": "ulimit -l unlimited for the VM's user; libvirt: <memtune><hard_limit unit='GiB'>RAM + "
                    "1</hard_limit></memtune>"},
    "no-hotplug": {"": "give the device when the VM starts, not by device_add"},
    "display-off": {"": "leave out display=on and ramfb=on: they are of mediated devices"},
    "sriov-off": {"": "echo 0 > /sys/bus/pci/devices/0000:00:02.0/sriov_numvfs, then bind 00:02.0"},
    "vbt-port": {"": "plug the monitor into a port that the VBT names (fwsim rom vbt FILE), or give the board's own "
                     "VBT"},
    "interrupts": {"": "shut the VM down, not only reboot it; if it stays: intremap=off on the host's command line "
                       "tells whether "
                       "it is this"},
    "force-probe": {"": "a newer kernel in the guest, or i915.force_probe=ID"},
    "bars": {"": "see where the guest's firmware placed the BARs: lspci -vvs 02.0 in the guest; more room below 4 GiB: "
                 "max-ram-below-4g=2G"},
    "linux-firmware": {"": "install linux-firmware (Debian: firmware-misc-nonfree) in the guest, update-initramfs -u"},
    "shadow-gtt": {"": "a firmware update, or its setup's graphics memory with VT (GGMS '2 MB, VT mode'); else the "
                       "IGD cannot be assigned"},
    "no-vtd-gfx": {"": "this chipset cannot: take a Sandy Bridge or later"},
    "firmware-stolen": {"": "set graphics memory (DVMT Pre-Allocated) to 32M or 64M in the firmware's setup"},
    "firmware-update": {"": "update the host's firmware; VT-d off and on in its setup, with the IGD on"},
    "rom-fix": {"": "fwsim rom fix FILE; or a ROM out of the firmware's image: fwsim rom find FLASH"},
    "max-below-4g": {"": "-machine pc,max-ram-below-4g=2G, or an aperture of 256M in the firmware's setup"},
    "newer-igdpkg": {"": "a newer VfioIgdPkg: its list of ids has to have the device"},
    "igdpkg-places": {"": "an igd.rom with today's IgdAssignmentDxe (VfioIgdPkg), which reserves stolen memory where "
                          "there is room; until then the QEMU release with which it worked"},
    "secure-boot": {"": "switch Secure Boot off in the guest's OVMF setup"},
    "pci-mmio64": {"": "-fw_cfg name=opt/ovmf/X-PciMmio64Mb,string=65536"},
    "xen-igfx": {"": "take iommu=no-igfx off Xen's command line; VT-d on in the firmware's setup"},
    "pciback": {"": "xl pci-assignable-add 0000:00:02.0; dom0's i915 must not drive it: "
                    "xen-pciback.hide=(0000:00:02.0) on dom0's command line"},
    "mmio-hole": {"": "mmio_hole = 2048 in xl.cfg, or an aperture of 256M in the firmware's setup"},
    "coreboot-run-rom": {"": "make menuconfig: Devices, Display, Run VGA Option ROMs (CONFIG_VGA_ROM_RUN); "
                             "CONFIG_PCI_OPTION_ROM_RUN_REALMODE"},
    "coreboot-vbios-id": {"": "CONFIG_VGA_BIOS_ID has to be the device's id (lspci -nns 02.0), as in "
                              "pci8086,0416.rom in cbfstool print"},
    "coreboot-vbt": {"": "CONFIG_INTEL_GMA_ADD_VBT with the board's data.vbt (fwsim rom vbt FILE shows it)"},
    "vbios-run": {"": "run the image where each step is seen: fwsim run FILE, then fwsim why"},
    "int15-leaf": {"": "run the image with that answer: [rom.int15] in a scenario; then add it to coreboot's int15 "
                       "handler of the board"},
    "nomodeset": {"": "take nomodeset off the guest kernel's command line"},
    "guest-ram-map": {"": "look for vfio_dma_map in QEMU's log; leave out a viommu (intel-iommu, virtio-iommu) for "
                          "this device"},
    "lpc-id": {"": "take the vBIOS of this very board as romfile: it is in the board's firmware image, and knows its "
                   "own chipset; with a ROM at hand: fwsim run X.rom --set host.lpc_id=0xID shows whether it goes on"},
    "collect-igd": {"xl": "sudo lspci -nnvvvxxxx > lspci.txt and xl dmesg > xen.txt in dom0, and again: fwsim diagnose "
                          "lspci.txt xen.txt. Where no guest has the device these are dom0's own driver's: "
                          "iommu=no-igfx on Xen's line ends them, and there is no passthrough then",
                    "": "sudo lspci -nnvvvxxxx > lspci.txt on the host, and again: fwsim diagnose dmesg.txt lspci.txt"},
    "collect-dmesg": {"": "sudo dmesg > dmesg.txt soon after the VM started, or journalctl -k -b"},
}  # fmt: skip
"""Key: text by tool; "" for the tools without one of their own."""


def remedy(key: str, tool: Tool, vm: Vm | None = None) -> str:
    """The text of ``key`` for ``tool``, with the ids of ``vm``; "" for an empty key.

    A tool that has nothing of the kind is told so. Texts may have several lines.
    """
    if not key:
        return ""
    rows = REMEDIES[key]
    text = rows.get(tool) or rows.get("", "") or f"{_TITLES[tool]} has no option for this"
    device = str(vm.value("id") or "") if vm else ""
    vmid = str(vm.value("vmid") or "") if vm else ""
    return text.replace("{id}", device or _IDS[tool]).replace("{vmid}", vmid or "VMID").rstrip()
