"""QEMU's own options, wherever they stand, become a VM: a command line, Proxmox's ``args:``, libvirt's ``qemu:arg``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from fwsim.diagnose.vm.draft import Draft, chipset, firmware_of, number, switch
from fwsim.diagnose.vm.qemu_names import DISPLAYS, DRIVERS, FOREIGN, NOT_PCI, VFIO, WITHOUT_VALUE
from fwsim.diagnose.vm.words import Word
from fwsim.units import MIB

IGD = re.compile(r"(?:0000:)?00:02(?:\.([0-7]))?$", re.IGNORECASE)
"""The host's function, as QEMU's ``host=`` and Proxmox name it."""
_ROOT_BUSES = {"q35": ("", "pcie.0", "pcie"), "": ("", "pci.0", "pci")}
"""The buses that are the machine's own: on q35 a bus called pci.0 is behind a bridge (Proxmox makes one)."""
_ADDR = re.compile(r"(?:0x)?([0-9a-f]+)(?:\.(?:0x)?([0-7]))?", re.IGNORECASE)
_MACHINE_RELEASE = re.compile(r"pc-(?:i440fx|q35)-(\d+\.\d+)")
_PROXMOX_CONFIG = re.compile(r"/qemu-server/pve-[\w.-]+\.cfg$")
"""Proxmox's own: root ports and USB controllers (qemu-server, pve-q35-4.0.cfg), nothing at 00:02.0."""
SWITCHES = ("x-vga", "x-igd-opregion", "x-igd-lpc")


class Option(Struct):
    """``-name value`` with its line; ``value`` "" for one that stands alone."""

    name: str
    value: str
    line: int

    @property
    def text(self) -> str:
        """As it was written."""
        return f"-{self.name} {self.value}".rstrip()


class Assigned(Struct):
    """A property of a device with the option that sets it."""

    value: str
    line: int
    text: str


class Device(Struct):
    """One ``-device``: ``props`` by name, the driver among them; ``order`` counts from 0."""

    order: int
    line: int
    text: str
    props: dict[str, Assigned] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """A property's text, "" where it is not set."""
        found = self.props.get(name)
        return found.value if found else ""

    @property
    def driver(self) -> str:
        """The device's driver."""
        return self.get("driver")


def options(words: Sequence[Word]) -> Iterator[Option]:
    """The options among ``words``; what is no option and belongs to none is passed over."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not word.text.startswith("-") or word.text == "-":
            continue
        name = word.text.lstrip("-")
        value = ""
        if name not in WITHOUT_VALUE and at < len(words) and not re.match(r"-[a-zA-Z]", words[at].text):
            value = words[at].text
            at += 1
        yield Option(name, value, word.line)


def pairs(text: str) -> list[tuple[str, str]]:
    """``a=1,b=2`` as pairs, ``,,`` a comma; a JSON object's members; a first word without ``=`` has the name ""."""
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return []
        plain = {True: "on", False: "off"}
        return [(str(k), plain.get(v, "") if isinstance(v, bool) else str(v)) for k, v in found.items()]
    pieces = text.replace(",,", "\0").split(",")
    rows = [piece.replace("\0", ",").partition("=") for piece in pieces if piece]
    return [(name, value) if sign else ("", name) for name, sign, value in rows]


def devices(rows: Sequence[Option], draft: Draft) -> list[Device]:
    """Each ``-device``, with what ``-set`` and ``-global`` change of it."""
    found: list[Device] = []
    for row in rows:
        if row.name != "device":
            continue
        device = Device(len(found), row.line, row.text)
        given = pairs(row.value)
        if row.value.startswith("{") and not given:
            draft.unread(row.line, "a device's JSON is broken", '{"driver":"vfio-pci",...}')
        for number_, (name, value) in enumerate(given):
            key = name or ("driver" if number_ == 0 else value)
            device.props[key] = Assigned(value if name or number_ == 0 else "on", row.line, row.text)
        found.append(device)
    for row in rows:
        if row.name == "set":
            _set(row, found, draft)
        elif row.name == "global":
            _global(row, found)
    return found


def _set(row: Option, found: list[Device], draft: Draft) -> None:
    """``-set device.ID.PROPERTY=VALUE``: ids may have dots, as Proxmox's hostpci0.0 has."""
    match = re.fullmatch(r"device\.(.+)\.([\w-]+)=(.*)", row.value)
    if not match:
        return
    device = next((each for each in found if each.get("id") == match[1]), None)
    if device is None:
        draft.unread(row.line, f"-set names device {match[1]}, which is not there", "the id of a -device")
        return
    device.props[match[2]] = Assigned(match[3], row.line, row.text)


def _global(row: Option, found: list[Device]) -> None:
    given = dict(pairs(row.value))
    driver, name, value = given.get("driver", ""), given.get("property", ""), given.get("value", "")
    if not driver:
        left, _, value = row.value.partition("=")
        driver, _, name = left.partition(".")
    for device in found:
        if device.driver == driver and name not in device.props:
            device.props[name] = Assigned(value, row.line, row.text)


def igd_of(found: Sequence[Device]) -> Device | None:
    """The vfio-pci device that is the host's 00:02.x, else a mediated one, None where neither is there."""
    vfio = [each for each in found if each.driver in DRIVERS]
    for device in vfio:
        place = device.get("host") or device.get("sysfsdev").rstrip("/").rpartition("/")[2]
        if IGD.match(place):
            return device
    unset = [each for each in vfio if each.get("host").startswith("$")]
    if len(unset) == 1 and len(vfio) == 1:
        return unset[0]  # a script whose variable is set elsewhere, and no other device
    return next((each for each in vfio if "mdev" in each.get("sysfsdev") or _is_uuid(each.get("sysfsdev"))), None)


def _is_uuid(path: str) -> bool:
    return bool(re.search(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$", path))


def put_device(draft: Draft, device: Device) -> None:
    """The IGD's own settings."""
    for name, given in device.props.items():
        if name in FOREIGN:
            draft.unread(given.line, f"vfio-pci has no property {name}, which is Proxmox's word", FOREIGN[name])
            continue
        if name not in VFIO:
            draft.unknown(name, VFIO, given.line, "vfio-pci's property")
            continue
        _put_property(draft, name, given)
    if "host" not in device.props and "sysfsdev" in device.props:
        given = device.props["sysfsdev"]
        place = given.value.rstrip("/").rpartition("/")[2]
        if IGD.match(place):
            draft.put("host", _host(place), given.line, given.text)
        else:
            draft.put("mdev", "a mediated device", given.line, given.text)
    put_slot(draft, device)


def _put_property(draft: Draft, name: str, given: Assigned) -> None:
    if name == "host" and given.value.startswith("$"):
        why = f"{given.value} is not set in this file, and no other device is passed: taken for the IGD"
        draft.assume("host", "00:02.0", why, given.line)
    elif name == "host":
        draft.put("host", _host(given.value), given.line, given.text)
    elif name in SWITCHES or name == "rombar":
        value = switch(given.value)
        if value is None and name == "rombar":
            value = bool(number(given.value) or 0)  # a number: 0 is off (QEMU hw/pci/pci.c, rom_bar)
        if value is None:
            draft.unread(given.line, f"{name}={given.value} is neither on nor off", "on or off")
        else:
            draft.put(name, value, given.line, given.text)
    elif name == "x-igd-legacy-mode":
        if given.value in ("on", "off", "auto"):
            draft.put(name, given.value, given.line, given.text)
        else:
            draft.unread(given.line, f"{name}={given.value} is none of its values", "on, off or auto")
    elif name == "x-igd-gms":
        code = number(given.value)
        if code is None:
            draft.unread(given.line, f"{name}={given.value} is no number", "a GMS code such as 2 (64 MiB)")
        else:
            draft.put(name, code, given.line, given.text)
    elif name in ("romfile", "id", "x-pci-device-id", "display", "ramfb") and given.value:
        draft.put(name, given.value, given.line, given.text)


def _host(text: str) -> str:
    match = IGD.match(text)
    return f"00:02.{match[1] or 0}" if match else text


def is_root(bus: str, machine: object) -> bool:
    """Whether ``bus`` is bus 0 of a machine; "" is."""
    return bus in _ROOT_BUSES["q35" if machine == "q35" else ""]


def slot_text(bus: str, addr: str, machine: object = "pc") -> str:
    """A slot such as 00:02.0, or ``bus:02.0`` behind a bridge; "" for an address that is none."""
    match = _ADDR.fullmatch(addr.strip())
    if not match or int(match[1], 16) > 31:
        return ""
    place = f"{int(match[1], 16):02x}.{int(match[2] or '0', 8)}"
    return f"00:{place}" if is_root(bus, machine) else f"{bus}:{place}"


def put_slot(draft: Draft, device: Device) -> None:
    """The guest's slot, where bus and address are written."""
    bus, addr = device.get("bus"), device.props.get("addr")
    if addr is None:
        if not is_root(bus, draft.value("machine")):
            given = device.props["bus"]
            draft.put("slot", f"{bus}:00.0", given.line, given.text)
        return
    slot = slot_text(bus, addr.value, draft.value("machine"))
    if slot:
        draft.put("slot", slot, addr.line, addr.text)
    else:
        draft.unread(addr.line, f"addr={addr.value} is no slot", "device.function in hexadecimal, such as 02.0")


# --- the machine around it -------------------------------------------------------------------------------------------


def put_machine(draft: Draft, rows: Sequence[Option], found: Sequence[Device]) -> None:
    """What the command line says of the machine, and what QEMU takes where it says nothing."""
    pflash = ""
    for row in rows:
        given = pairs(row.value)
        if row.name in ("machine", "M"):
            kind = dict(given).get("type") or dict(given).get("")
            pflash = pflash or dict(given).get("pflash0", "")
            if kind:
                put_kind(draft, kind, row.line, row.text)
            if switch(dict(given).get("igd-passthru", "off")):
                draft.put("gfx_passthru", True, row.line, row.text)
        elif row.name == "m":
            _memory(draft, row)
        elif row.name == "smp":
            count = number(dict(given).get("cpus") or dict(given).get("", ""))
            if count:
                draft.put("cpus", count, row.line, row.text)
        elif row.name == "cpu":
            put_cpu(draft, row.value, row.line, row.text)
        elif row.name == "name":
            draft.vm.name = draft.vm.name or dict(given).get("guest") or dict(given).get("", "")
        elif row.name == "vga":
            draft.put("vga", row.value, row.line, row.text)
        elif row.name == "readconfig" and not _PROXMOX_CONFIG.search(row.value):
            draft.unread(row.line, f"-readconfig {row.value} is not read: devices in it are not known")
        _firmware(draft, row)
    _displays(draft, rows, found)
    _at_1f(draft, found)
    draft.assume("machine", "pc", "no -machine: QEMU's default is pc (i440fx)")
    if not any(row.name == "m" for row in rows):
        draft.assume("ram", 128 * MIB, "no -m: QEMU's default is 128 MiB")
    draft.assume("cpus", 1, "no -smp: QEMU's default is one")
    draft.assume("firmware", "ovmf" if pflash else "seabios", f"pflash0={pflash}: firmware in flash, taken for OVMF"
                 if pflash else "no firmware named: QEMU's default is SeaBIOS")  # fmt: skip


def put_kind(draft: Draft, kind: str, line: int, text: str) -> None:
    """A machine type; of a versioned one the release that QEMU has at least."""
    draft.put("machine", chipset(kind), line, text)
    draft.put("machine-type", kind, line, text)
    release = _MACHINE_RELEASE.match(kind)
    if release:
        draft.assume("qemu", release[1], f"machine type {kind}: QEMU is of that release or a later one", line)


def put_cpu(draft: Draft, value: str, line: int, text: str) -> None:
    """A CPU model, and the physical address bits where they are set."""
    given = pairs(value)
    model = given[0][1] if given and given[0][0] in ("", "cputype") else ""
    if model:
        draft.put("cpu", model, line, text)
    bits = dict(given).get("host-phys-bits-limit") or dict(given).get("phys-bits") or ""
    if number(bits):
        draft.put("phys-bits", number(bits) or 0, line, text)


def _memory(draft: Draft, row: Option) -> None:
    given = dict(pairs(row.value))
    size = memory(given.get("size") or given.get("", ""), MIB)
    if size:
        draft.put("ram", size, row.line, row.text)
    elif "$" in row.value:
        draft.unread(row.line, f"-m {row.value}: the variable is not set in this file")
    else:
        draft.unread(row.line, f"-m {row.value} is no size", "such as 8G or 8192")


def memory(text: str, unit: int) -> int:
    """Bytes of ``8G`` or ``8192k``; a bare number has ``unit``. 0 for another text."""
    match = re.fullmatch(r"(\d{1,15})\s*([bkmgt]?)(?:i?b)?", text.strip(), re.IGNORECASE)
    if not match:
        return 0
    scale = {"": unit, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}[match[2].lower()]
    return int(match[1]) * scale


def _firmware(draft: Draft, row: Option) -> None:
    given = dict(pairs(row.value))
    path = ""
    if row.name in ("bios", "pflash"):
        path = given.get("file") or row.value
    elif row.name == "drive" and given.get("if") == "pflash" and given.get("unit", "0") == "0":
        path = given.get("file", "")
    elif row.name == "blockdev" and "pflash0" in row.value:
        found = re.search(r'"?filename"?\s*[:=]\s*"?([^",}]+)', row.value)
        path = found[1] if found else ""
    if path and "firmware" not in draft.vm.settings:
        known = firmware_of(path) or ("seabios" if row.name == "bios" else "ovmf")
        draft.put("firmware", known, row.line, row.text)


def _displays(draft: Draft, rows: Sequence[Option], found: Sequence[Device]) -> None:
    shown = next((each for each in found if each.driver in DISPLAYS), None)
    if shown is not None and draft.value("vga") in (None, "none"):
        draft.put("vga", DISPLAYS[shown.driver], shown.line, shown.text)
        slot = slot_text(shown.get("bus"), shown.get("addr"), draft.value("machine")) if shown.get("addr") else ""
        if slot:
            draft.put("vga-slot", slot, shown.line, shown.text)
    bare = next((row for row in rows if row.name in ("nodefaults", "nographic")), None)
    if bare:
        draft.assume("vga", "none", f"-{bare.name}: QEMU adds no display device of its own", bare.line)
    else:
        draft.assume("vga", "std", "no -vga, no -nodefaults: QEMU adds a VGA card of its own")


def _at_1f(draft: Draft, found: Sequence[Device]) -> None:
    """What the user put at 00:1f.0 of a machine that has nothing there."""
    for device in found:
        place = slot_text(device.get("bus"), device.get("addr"), draft.value("machine"))
        if device.get("addr") and place == "00:1f.0":
            draft.put("at-1f", device.driver, device.line, device.text)


def assume_slot(draft: Draft, device: Device, found: Sequence[Device]) -> None:
    """Where no address is written: QEMU gives each device in order the first slot that is free."""
    if "slot" in draft.vm.settings:
        return
    q35 = draft.value("machine") == "q35"
    taken = {0, 31} if q35 else {0, 1}
    for each in found:
        match = _ADDR.fullmatch(each.get("addr"))
        if match and is_root(each.get("bus"), draft.value("machine")):
            taken.add(int(match[1], 16))
    if draft.value("vga") != "none" and "vga-slot" not in draft.vm.settings:
        taken.add(1 if q35 else 2)
    free = (each for each in found[: device.order] if not each.get("addr"))
    before = [each for each in free if is_root(each.get("bus"), draft.value("machine"))]
    for _ in [each for each in before if each.driver and not each.driver.startswith(NOT_PCI)]:
        taken.add(next(slot for slot in range(64) if slot not in taken))
    first = next(slot for slot in range(64) if slot not in taken)
    draft.assume("slot", f"00:{first:02x}.0", "no addr=: QEMU takes the first free slot", device.line)


def read_words(draft: Draft, words: Sequence[Word]) -> Device | None:
    """A whole command line's words into ``draft``; the IGD's device, None where the VM has none."""
    rows = list(options(words))
    found = devices(rows, draft)
    put_machine(draft, rows, found)
    device = igd_of(found)
    if device is not None:
        put_device(draft, device)
        assume_slot(draft, device, found)
        draft.assume("rombar", True, "no rombar=: QEMU shows the ROM BAR")
    return device
