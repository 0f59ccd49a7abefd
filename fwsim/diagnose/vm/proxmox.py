"""A VM of Proxmox VE: ``100.conf`` and what ``qm config`` prints.

Source: qemu-server src/PVE/QemuServer.pm ($confdesc), src/PVE/QemuServer/PCI.pm (hostpci, the slots), at 6223caf.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fwsim.diagnose.case import Vm
from fwsim.diagnose.vm import qemu_args, words
from fwsim.diagnose.vm.draft import Draft, number, switch
from fwsim.units import MIB

_KEYS_TEXT = """
acpi affinity agent allow-ksm amd-sev arch args audio0 autostart balloon bios boot bootdisk cdrom cicustom
cipassword citype ciuser ciupgrade cores cpu cpulimit cpuunits description digest efidisk0 freeze hookscript hotplug
hugepages intel-tdx ivshmem keephugepages keyboard kvm localtime lock machine memory meta migrate_downtime
migrate_speed name nameserver numa onboot ostype parent protection reboot rng0 running-nets-host-mtu runningcpu
runningmachine scsihw searchdomain shares smbios1 smp snaptime sockets spice_enhancements sshkeys startdate startup
tablet tags tdf template tpmstate0 unprivileged vcpus vga vmgenid vmstate vmstatestorage watchdog
"""
KEYS = frozenset(_KEYS_TEXT.split())
_NUMBERED = re.compile(
    r"(hostpci|net|ide|sata|scsi|virtio|usb|serial|parallel|numa|unused|ipconfig|virtiofs|efidisk|tpmstate|audio|rng)\d{1,2}"
)
HOSTPCI = (
    "host", "mapping", "rombar", "romfile", "pcie", "x-vga", "legacy-igd", "mdev", "vendor-id", "device-id",
    "sub-vendor-id", "sub-device-id", "driver",
)  # fmt: skip
_LINE = re.compile(r"([A-Za-z][\w-]*):(?:\s+|$)(.*)")
_SECTION = re.compile(r"\[[\w:.-]+\]")
_PROMPT = re.compile(r"(?:qm config|qemu-server/)\s*(\d{3,9})")
_CONTAINER = re.compile(r"(?:rootfs|lxc\.[\w.]+|unprivileged|hostname|swap):")
_STRONG = re.compile(
    r"args:.*-device\s+[\"']?vfio-pci|hostpci\d{1,2}:\s+(?:[0-9a-f]{2}:|[0-9a-f]{4,}:[0-9a-f]{2}:|host=|mapping=)",
    re.IGNORECASE,
)
_ENOUGH = 3
_OWN = {
    "scsihw", "ostype", "smbios1", "vmgenid", "meta", "onboot", "bios", "machine", "balloon", "sockets", "hostpci0",
    "vga", "numa",
}  # fmt: skip
"""Of these at least one: other files have a name, a description and memory as well."""
_WHOLE = {
    "boot", "ostype", "scsihw", "smbios1", "vmgenid", "meta", "memory", "cores", "sockets", "numa", "name", "net0",
    "bios",
}  # fmt: skip
"""A whole configuration has some of these; a post quotes a line or two of one: what they lack is then unknown."""
_PC_SLOTS = {0: 0x10, 1: 0x11, 2: 0x1B, 3: 0x1C}
"""hostpciN on bus pci.0 of an i440fx; the others are on pci.2 (get_pci_addr_map)."""
Given = dict[str, tuple[str, int, str]]
"""Key: (value, line, the line itself)."""


def read(lines: Sequence[str], file: str) -> list[Vm]:
    """Each VM of the text: with several ``qm config`` in it there are several."""
    found: list[Vm] = []
    name, given, skipping = "", dict[str, tuple[str, int, str]](), False
    container = False
    for number_, raw in enumerate(lines, 1):
        line = raw.strip()
        prompt = _PROMPT.search(line)
        if (
            prompt
            and not line.startswith("args:")
            and ":" not in line.split("qm config")[0].split("/")[0].rstrip(":~# ")
        ):
            found += _made(given, file, name, container)
            name, given, skipping, container = prompt[1], {}, False, False
            continue
        if _SECTION.fullmatch(line):
            skipping = True  # a snapshot, or [PENDING]: what the VM was or will be, not what it is
        match = _LINE.fullmatch(line)
        if line.startswith("#") or skipping or match is None:
            continue
        container = container or bool(_CONTAINER.match(line))
        given[match[1]] = (match[2].strip(), number_, line)
    return found + _made(given, file, name, container)


def looks_so(lines: Sequence[str]) -> bool:
    """Whether the text is such a configuration: a hostpci line, or some of its keys."""
    seen: set[str] = set()
    for raw in lines[:2000]:
        line = raw.strip()
        if _STRONG.match(line):
            return True
        match = _LINE.fullmatch(line)
        if match and _known(match[1]):
            seen.add(match[1])
    return len(seen) >= _ENOUGH and not seen.isdisjoint(_OWN)


def _known(key: str) -> bool:
    return key in KEYS or _NUMBERED.fullmatch(key) is not None


def _made(given: Given, file: str, name: str, container: bool) -> list[Vm]:
    if not any(_known(key) for key in given):
        return []
    if container and not any(key.startswith("hostpci") for key in given):
        return []
    title = given.get("name", (name, 0, ""))[0]
    draft = Draft("proxmox", file, title)
    stem = name or (Path(file).stem if Path(file).stem.isdecimal() else "")
    if stem:
        draft.put("vmid", stem, 0, f"VM {stem}")
    odd = [key for key, (value, _, _) in given.items() if not _known(key) and value]
    for key in odd:
        draft.unknown(key, [*KEYS, "hostpci0", "net0", "scsi0"], given[key][1], "the key")
    if len(odd) * 4 > len(given):  # prose around a configuration: what is near no key was none
        draft.vm.unread = [each for each in draft.vm.unread if each.expected]
    whole = bool(stem) or not _WHOLE.isdisjoint(given)
    _plain(draft, given, whole)
    _graphics(draft, given, whole)
    _args(draft, given)
    draft.assume("hypervisor", "qemu", "Proxmox VE runs QEMU")
    return [draft.vm]


def _plain(draft: Draft, given: Given, whole: bool) -> None:
    """Memory, processors, firmware, machine, release; defaults where the configuration is there as a whole."""
    for key in ("cpu", "bios"):
        if key in given:
            value, line, text = given[key]
            if key == "cpu":
                qemu_args.put_cpu(draft, value, line, text)
            elif value in ("seabios", "ovmf"):
                draft.put("firmware", value, line, text)
            else:
                draft.unknown(value, ("seabios", "ovmf"), line, "the bios")
    if "memory" in given:
        value, line, text = given["memory"]
        size = re.search(r"\d+", value)
        if size:
            draft.put("ram", int(size[0]) * MIB, line, text)
        else:
            draft.unread(line, f"memory: {value} is no size", "MiB, such as 8192")
    counts = [number(given[key][0]) or 1 for key in ("cores", "sockets") if key in given]
    if counts:
        _, line, text = given["cores" if "cores" in given else "sockets"]
        draft.put("cpus", counts[0] * counts[-1] if len(counts) == 2 else counts[0], line, text)
    if "machine" in given:
        value, line, text = given["machine"]
        pieces = dict(qemu_args.pairs(value))
        qemu_args.put_kind(draft, pieces.get("") or pieces.get("type") or "pc", line, text)
        draft.vm.settings.pop("qemu", None)  # what the VM was made with tells more
    if "meta" in given:
        value, line, _text = given["meta"]
        made = dict(qemu_args.pairs(value)).get("creation-qemu", "")
        if re.fullmatch(r"\d+(\.\d+){1,2}", made):
            draft.assume("qemu", made, "the VM was made under that release; kvm --version tells today's",
                         line)  # fmt: skip
    if "machine" in given and "qemu" not in draft.vm.settings:
        qemu_args.put_kind(draft, str(draft.value("machine-type")), given["machine"][1], given["machine"][2])
    if not whole:
        return
    draft.assume("machine", "pc", "no machine: Proxmox's default is i440fx")
    draft.assume("cpus", 1, "no cores: Proxmox's default is one")
    draft.assume("ram", 512 * MIB, "no memory: Proxmox's default is 512 MiB")
    draft.assume("firmware", "seabios", "no bios: Proxmox's default is SeaBIOS")


def _graphics(draft: Draft, given: Given, whole: bool) -> None:
    """vga, and the hostpci line of the IGD: the first that names 00:02, else one that is in legacy mode."""
    if "vga" in given:
        value, line, text = given["vga"]
        pieces = dict(qemu_args.pairs(value))
        draft.put("vga", pieces.get("") or pieces.get("type") or "std", line, text)
    rows = {key: dict(_hostpci(value)) for key, (value, _, _) in given.items() if re.fullmatch(r"hostpci\d+", key)}
    chosen = next((key for key, row in rows.items() if _igd(row.get("host", ""))), None)
    if chosen is None:
        chosen = next((key for key, row in rows.items() if switch(row.get("legacy-igd", "0"))), None)
    if chosen is None and len(rows) == 1 and "mapping" in next(iter(rows.values())):
        chosen = next(iter(rows))
        draft.assume("host", "00:02.0", "a mapping, and no other device: taken for the IGD", given[chosen][1])
    if chosen is not None:
        _, line, text = given[chosen]
        _put_hostpci(draft, rows[chosen], chosen, line, text)
    if whole:
        draft.assume("vga", "std", "no vga: Proxmox's default is std")


def _hostpci(value: str) -> list[tuple[str, str]]:
    return [(name or "host", text) for name, text in qemu_args.pairs(value)]


def _igd(host: str) -> str:
    """The IGD's function among ``00:02.0;00:02.1`` and the like, "" where it is not among them."""
    for each in host.split(";"):
        match = qemu_args.IGD.match(each.strip())
        if match:
            return f"00:02.{match[1] or 0}"
    return ""


def _put_hostpci(draft: Draft, row: dict[str, str], key: str, line: int, text: str) -> None:
    for name in row:
        if name not in HOSTPCI:
            draft.unknown(name, HOSTPCI, line, f"{key}'s key")
    host = _igd(row.get("host", ""))
    if host:
        draft.put("host", host, line, text)
    if row.get("romfile"):
        draft.put("romfile", f"/usr/share/kvm/{row['romfile']}", line, text)
    for name in ("rombar", "x-vga", "legacy-igd", "pcie"):
        if name in row:
            value = switch(row[name])
            if value is None:
                draft.unread(line, f"{key}: {name}={row[name]} is neither on nor off", "1 or 0")
            else:
                draft.put(name, value, line, text)
    if "mdev" in row:
        draft.put("mdev", row["mdev"], line, text)
    if "device-id" in row:
        draft.put("x-pci-device-id", row["device-id"], line, text)
    draft.put("id", key, line, text)
    if draft.value("x-vga") is True:
        draft.assume("vga", "none", "x-vga=1 without a vga line: Proxmox adds no other display", line)
        if draft.value("firmware") == "ovmf":
            draft.vm.settings.pop("x-vga")
            draft.assume("x-vga", False, "with bios: ovmf Proxmox passes no x-vga=on to QEMU", line)
    _slot(draft, key, line)
    draft.assume("rombar", True, "no rombar=0: Proxmox shows the ROM BAR", line)


def _slot(draft: Draft, key: str, line: int) -> None:
    """Where Proxmox puts the device, and what is at 00:1f.0 of its i440fx (print_hostpci_devices, get_pci_addr_map)."""
    index = int(key.removeprefix("hostpci"))
    if draft.value("legacy-igd") is True:
        draft.assume("machine", "pc", "legacy-igd=1 goes with an i440fx alone", line)
    elif draft.value("pcie") is True:
        draft.assume("machine", "q35", "pcie=1 goes with q35 alone", line)
    q35, legacy = draft.value("machine") == "q35", draft.value("legacy-igd") is True
    if legacy:
        draft.assume("slot", "00:02.0", "legacy-igd=1 puts the device at 00:02.0", line)
    elif draft.value("pcie") is True:
        draft.assume("slot", f"ich9-pcie-port-{index + 1}:00.0", f"pcie=1 puts {key} behind a root port", line)
    elif index in _PC_SLOTS:
        draft.assume("slot", f"{'pci.0' if q35 else '00'}:{_PC_SLOTS[index]:02x}.0",
                     f"without legacy-igd=1 Proxmox puts {key} at {_PC_SLOTS[index]:02x}.0", line)  # fmt: skip
    else:
        draft.assume("slot", f"pci.2:{index + 9:02x}.0", f"Proxmox puts {key} behind a bridge", line)
    if draft.value("machine") == "pc" and not legacy:
        draft.assume("at-1f", "pci-bridge pci.2", "without legacy-igd=1 Proxmox has its bridge pci.2 at 00:1f.0", line)


def _args(draft: Draft, given: Given) -> None:
    """``args:``: QEMU's own options; -set changes the hostpci device, and a -device may be the IGD itself."""
    if "args" not in given:
        return
    value, line, text = given["args"]
    taken, _ = words.command(
        [value], 0, 0, words.Variables(), lambda _, why, expected: draft.unread(line, why, expected)
    )
    rows = [qemu_args.Option(row.name, row.value, line) for row in qemu_args.options(taken)]
    ours = str(draft.value("id") or "")
    own = qemu_args.Device(-1, line, text, {"id": qemu_args.Assigned(ours, line, text),
                                            "driver": qemu_args.Assigned("vfio-pci", line, text)})  # fmt: skip
    changed = {}
    for row in rows:
        match = re.fullmatch(r"device\.([\w.]+)\.([\w-]+)=(.*)", row.value) if row.name == "set" else None
        if match and ours and match[1] in (ours, f"{ours}.0"):
            changed[match[2]] = qemu_args.Assigned(match[3], line, row.text)
        elif (match and not match[1].startswith(("hostpci", "net", "scsi", "virtio", "ide", "sata", "usb", "vga"))) or (
            match and match[1].startswith("hostpci") and match[1].split(".")[0] not in given
        ):
            draft.unread(line, f"-set names device {match[1]}, which is not there", ours)
    if changed:
        own.props = changed
        if "addr" in changed and "bus" not in changed:
            slot = str(draft.value("slot") or "")
            bus = slot.rpartition(":")[0]
            own.props["bus"] = qemu_args.Assigned("" if bus == "00" else bus, line, text)
        qemu_args.put_device(draft, own)
    found = qemu_args.devices([row for row in rows if row.name == "device"], draft)
    device = qemu_args.igd_of(found)
    if device is not None and not ours:
        qemu_args.put_device(draft, device)
        qemu_args.assume_slot(draft, device, found)
        draft.assume("rombar", True, "no rombar=: QEMU shows the ROM BAR", line)
        draft.assume("at-1f", "pci-bridge pci.2", "Proxmox has its bridge pci.2 at 00:1f.0", line)
    for row in rows:
        if row.name == "cpu":
            qemu_args.put_cpu(draft, row.value, line, row.text)
        elif row.name in ("machine", "M", "vga"):
            pieces = dict(qemu_args.pairs(row.value))
            word = pieces.get("type") or pieces.get("")
            if word and row.name == "vga":
                draft.put("vga", word, line, row.text)
            elif word:
                qemu_args.put_kind(draft, word, line, row.text)
