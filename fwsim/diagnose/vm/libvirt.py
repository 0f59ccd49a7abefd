"""A domain of libvirt's, unraid's among them: ``virsh dumpxml``, with QEMU's own options and overrides in it.

Source: libvirt docs/formatdomain.rst, docs/drvqemu.rst (pass-through of arguments, override of properties).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from fwsim.diagnose.case import Vm
from fwsim.diagnose.vm import qemu_args
from fwsim.diagnose.vm.draft import Draft, firmware_of, number, switch
from fwsim.diagnose.vm.words import Word
from fwsim.diagnose.vm.xml_tree import Node, parse
from fwsim.errors import FwsimError

NAMESPACE = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
_UNITS = {
    "b": 1, "bytes": 1, "kb": 1000, "k": 1 << 10, "kib": 1 << 10, "mb": 10**6, "m": 1 << 20, "mib": 1 << 20,
    "gb": 10**9, "g": 1 << 30, "gib": 1 << 30, "tb": 10**12, "t": 1 << 40, "tib": 1 << 40,
}  # fmt: skip
"""Units of <memory>; KiB where none is written (formatdomain, Memory Allocation)."""
_MOST = 100
"""Domains of one file that are read."""
_START = re.compile(r"<domain(?=[\s>])")
_PIECE = re.compile(r"<(hostdev|qemu:override|qemu:commandline)(?=[\s>])")
"""What people quote of a domain, instead of all of it."""
_HOSTDEV = ("mode", "type", "managed", "model", "display", "ramfb")
_PARTS = ("source", "address", "rom", "driver", "alias", "boot", "teaming", "acpi")


def looks_so(text: str) -> bool:
    """Whether a domain is in the text."""
    return _START.search(text) is not None or _PIECE.search(text) is not None


def read(text: str, file: str) -> tuple[list[Vm], list[FwsimError]]:
    """Each domain of the text, and what kept one from being read."""
    found: list[Vm] = []
    errors: list[FwsimError] = []
    starts = [match.start() for match in islice(_START.finditer(text), _MOST)]
    if not starts:
        return _pieces(text, file)
    begin = 0
    for here, after in zip(starts, [*starts[1:], len(text)], strict=True):
        end = text.find("</domain>", here, after)
        piece_end = end + len("</domain>") if end >= 0 else after
        head = here
        if "<!DOCTYPE" in text[begin:here]:
            head = text.index("<!DOCTYPE", begin)  # what is refused is told where it stands
        try:
            root = parse(text[head:piece_end].rstrip(), file, text.count("\n", 0, head))
            found.append(_domain(root, file))
        except FwsimError as error:
            errors.append(error)
        begin = piece_end
    return found, errors


def _pieces(text: str, file: str) -> tuple[list[Vm], list[FwsimError]]:
    """Elements without the domain around them: of the machine, its firmware and its display nothing is known."""
    root, devices = Node("domain", {"xmlns:qemu": ""}, 0), Node("devices", {}, 0)
    root.children.append(devices)
    errors: list[FwsimError] = []
    for match in islice(_PIECE.finditer(text), _MOST):
        end = text.find(f"</{match[1]}>", match.start())
        if end < 0:
            continue
        whole = text[match.start() : end + len(match[1]) + 3]
        try:
            node = parse(whole, file, text.count("\n", 0, match.start()))
        except FwsimError as error:
            errors.append(error)
            continue
        (devices if match[1] == "hostdev" else root).children.append(node)
    vm = _domain(root, file, whole=False)
    return ([vm], errors) if any(name in vm.settings for name in ("host", "mdev")) else ([], errors)


def _domain(root: Node, file: str, whole: bool = True) -> Vm:
    name = root.first("name")
    draft = Draft("libvirt", file, name.text.strip() if name else "")
    kind = root.get("type") or "kvm"
    hypervisor = {"xen": "xen", "bhyve": "bhyve"}.get(kind, "qemu")
    if whole:
        draft.put("hypervisor", hypervisor, root.line, root.shown())
    else:
        draft.assume("hypervisor", hypervisor, "elements of a libvirt domain")
    if any(node.get("xmlns") == "unraid" for node in root.all("metadata/vmtemplate")):
        draft.put("unraid", True, root.line, "<vmtemplate xmlns='unraid'>")
    if whole:
        _plain(draft, root)
        _video(draft, root)
    hostdevs = list(root.all("devices/hostdev"))
    igd = next((each for each in hostdevs if _is_igd(each)), None)
    if igd is None:
        igd = next((each for each in hostdevs if each.get("type") == "mdev"), None)
    alias = ""
    if igd is not None:
        alias = _alias(igd, hostdevs)
        _hostdev(draft, igd, root)
        draft.put("id", alias, igd.line, igd.shown())
    _qemu(draft, root, alias, file)
    return draft.vm


def _plain(draft: Draft, root: Node) -> None:
    memory = root.first("memory")
    if memory is not None:
        unit = _UNITS.get((memory.get("unit") or "KiB").lower())
        size = number(memory.text)
        if unit and size:
            draft.put("ram", size * unit, memory.line, memory.shown())
        else:
            draft.unread(memory.line, f"{memory.shown()} is no size", "<memory unit='KiB'>8388608</memory>")
    vcpu = root.first("vcpu")
    if vcpu is not None and number(vcpu.text):
        draft.put("cpus", number(vcpu.text) or 1, vcpu.line, vcpu.shown())
    kind = root.first("os/type")
    if kind is not None and kind.get("machine"):
        qemu_args.put_kind(draft, kind.get("machine"), kind.line, kind.shown())
    draft.assume("machine", "pc", "no machine attribute: libvirt takes pc (i440fx)", kind.line if kind else 0)
    _firmware(draft, root)
    cpu = root.first("cpu")
    if cpu is not None:
        mode = cpu.get("mode")
        model = cpu.first("model")
        text = "host" if mode in ("host-passthrough", "host-model") else model.text.strip() if model else mode
        if text:
            draft.put("cpu", text, cpu.line, cpu.shown())
        limit = cpu.first("maxphysaddr")
        bits = limit and number(limit.get("limit") or limit.get("bits"))
        if limit and bits:
            draft.put("phys-bits", bits, limit.line, limit.shown())


def _firmware(draft: Draft, root: Node) -> None:
    system = root.first("os")
    loader = root.first("os/loader")
    if loader is not None:
        known = firmware_of(loader.text) or ("ovmf" if loader.get("type") == "pflash" else "seabios")
        draft.put("firmware", known, loader.line, loader.shown())
    elif system is not None and system.get("firmware"):
        kind = "ovmf" if system.get("firmware") == "efi" else "seabios"
        draft.put("firmware", kind, system.line, system.shown())
    draft.assume("firmware", "seabios", "no <loader>, no firmware='efi': libvirt takes SeaBIOS")


def _video(draft: Draft, root: Node) -> None:
    models = [node for node in root.all("devices/video/model")]
    real = next((each for each in models if each.get("type") not in ("none", "")), None)
    shown = real or next(iter(models), None)
    if shown is not None:
        draft.put("vga", shown.get("type") or "none", shown.line, shown.shown())
        place = next((v.first("address") for v in root.all("devices/video") if v.first("model") is shown), None)
        if real and place:
            draft.put("vga-slot", _slot(place), place.line, place.shown())
    elif root.first("devices/graphics") is not None:
        draft.assume("vga", "std", "<graphics> without <video>: libvirt adds a video device of its own")
    else:
        draft.assume("vga", "none", "neither <video> nor <graphics>: libvirt adds none")


def _is_igd(hostdev: Node) -> bool:
    source = hostdev.first("source/address")
    if hostdev.get("type") != "pci" or source is None:
        return False
    place = [number(source.get(name) or "0") for name in ("domain", "bus", "slot")]
    return place == [0, 0, 2]


def _alias(igd: Node, hostdevs: Sequence[Node]) -> str:
    """The device's id: its own alias, else hostdevN by its number (drvqemu, Overriding properties)."""
    named = igd.first("alias")
    return named.get("name") if named is not None and named.get("name") else f"hostdev{hostdevs.index(igd)}"


def _slot(place: Node) -> str:
    parts = [number(place.get(name) or "0") or 0 for name in ("bus", "slot", "function")]
    return f"{parts[0]:02x}:{parts[1]:02x}.{parts[2]}"


def _hostdev(draft: Draft, node: Node, root: Node) -> None:
    """The IGD's element."""
    for name in node.attributes:
        if name not in _HOSTDEV:
            draft.unknown(name, _HOSTDEV, node.line, "hostdev's attribute")
    for child in node.children:
        if child.tag not in _PARTS:
            draft.unknown(child.tag, _PARTS, child.line, "hostdev's element")
    if node.get("managed"):
        draft.put("hostdev-managed", node.get("managed") == "yes", node.line, node.shown())
    source = node.first("source/address")
    if node.get("type") == "mdev":
        draft.put("mdev", "a mediated device", node.line, node.shown())
    elif source is not None:
        draft.put("host", f"00:02.{number(source.get('function') or '0') or 0}", source.line, source.shown())
    rom = node.first("rom")
    if rom is not None:
        for name in rom.attributes:
            if name not in ("bar", "file", "enabled"):
                draft.unknown(name, ("bar", "file", "enabled"), rom.line, "rom's attribute")
        if rom.get("file"):
            draft.put("romfile", rom.get("file"), rom.line, rom.shown())
        shown = switch(rom.get("bar") or rom.get("enabled"))
        if shown is not None:
            draft.put("rombar", shown, rom.line, rom.shown())
    draft.assume("rombar", True, "no <rom bar='off'>: the ROM BAR is shown", node.line)
    place = node.first("address")
    if place is not None and place.get("type") in ("pci", ""):
        draft.put("slot", _slot(place), place.line, place.shown())
    elif "machine" not in draft.vm.settings:
        pass
    elif draft.value("machine") == "q35":
        draft.assume("slot", "01:00.0", "no <address>: on q35 libvirt puts it behind a root port", node.line)
    else:
        draft.assume("slot", "00:03.0", "no <address>: libvirt keeps 00:02.0 for the first video device", node.line)
    _other_at_1f(draft, root, node)


def _other_at_1f(draft: Draft, root: Node, igd: Node) -> None:
    """What else was put at 00:1f.0."""
    devices = root.first("devices")
    for each in devices.children if devices else ():
        place = each.first("address")
        if each is igd or place is None or place.get("type") != "pci" or _slot(place) != "00:1f.0":
            continue
        draft.put("at-1f", each.tag, place.line, place.shown())


def _qemu(draft: Draft, root: Node, alias: str, file: str) -> None:
    """``qemu:commandline`` and ``qemu:override``: they count only where their prefix is declared."""
    parts = [node for node in root.children if node.tag in ("qemu:commandline", "qemu:override")]
    if not parts:
        return
    if "xmlns:qemu" not in root.attributes:
        draft.unread(parts[0].line, f"{parts[0].tag} is left out by libvirt: its prefix is not declared",
                     f"<domain type='kvm' {NAMESPACE}>")  # fmt: skip
        return
    own = qemu_args.Device(0, 0, "", {"id": qemu_args.Assigned(alias, 0, ""),
                                      "driver": qemu_args.Assigned("vfio-pci", 0, "")})  # fmt: skip
    for part in parts:
        if part.tag == "qemu:override":
            _override(draft, part, own)
        else:
            _arguments(draft, part, own)
    changed = {name: given for name, given in own.props.items() if name not in ("id", "driver")}
    if changed and alias:
        own.props = changed
        qemu_args.put_device(draft, own)


def _override(draft: Draft, part: Node, own: qemu_args.Device) -> None:
    for device in part.all("qemu:device"):
        if device.get("alias") != own.get("id"):
            if device.get("alias").startswith("hostdev") or not own.get("id"):
                draft.unread(
                    device.line, f"the override is of {device.get('alias')}, which is not the IGD", own.get("id")
                )
            continue
        for prop in device.all("qemu:frontend/qemu:property"):
            value = prop.get("value")
            if prop.get("type") == "bool":
                value = "on" if value == "true" else "off"
            own.props[prop.get("name")] = qemu_args.Assigned(value, prop.line, prop.shown())


def _arguments(draft: Draft, part: Node, own: qemu_args.Device) -> None:
    taken = [Word(node.get("value"), node.line) for node in part.all("qemu:arg")]
    rows = list(qemu_args.options(taken))
    for row in rows:
        match = re.fullmatch(r"device\.([\w.-]+)\.([\w-]+)=(.*)", row.value) if row.name == "set" else None
        if match and match[1] == own.get("id"):
            own.props[match[2]] = qemu_args.Assigned(match[3], row.line, row.text)
            draft.put("set-by", "qemu:commandline -set", row.line, row.text)
        elif match and match[1].startswith(("hostdev", "ua-")):
            draft.unread(row.line, f"-set names device {match[1]}, which is not the IGD", own.get("id"))
    found = qemu_args.devices([row for row in rows if row.name == "device"], draft)
    device = qemu_args.igd_of(found)
    if device is not None:
        qemu_args.put_device(draft, device)
        draft.assume("rombar", True, "no rombar=: QEMU shows the ROM BAR", device.line)
    for row in rows:
        if row.name == "cpu":
            qemu_args.put_cpu(draft, row.value, row.line, row.text)
