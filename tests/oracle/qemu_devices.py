"""QEMU's devices: class, 64-bit BARs and bridge facts for each `-device` name, and where it lands."""

from fwsim.firmware.request import Bar, Bridge, Function, parse_bdf

DEVICE_IDS = {"virtio-net-pci": 0x1000, "virtio-blk-pci": 0x1001, "virtio-scsi-pci": 0x1004}
"""Of the transitional ones, which they are on a root bus; vendor 1AF4."""
KIND = {"io": "io", "mem": "mem", "pref": "pref", "prefmem": "pref"}
# name: class, indexes of 64-bit BARs
CLASSES = {
    "e1000": (0x020000, ()),
    "e1000e": (0x020000, ()),
    "rtl8139": (0x020000, ()),
    "virtio": (0x00FF00, (4,)),
    "virtio-net-pci": (0x020000, (4,)),
    "virtio-blk-pci": (0x010000, (4,)),
    "virtio-scsi-pci": (0x010000, (4,)),
    "virtio-vga": (0x030000, (2,)),
    "virtio-gpu-pci": (0x038000, (4,)),
    "qemu-xhci": (0x0C0330, (0,)),
    "nec-usb-xhci": (0x0C0330, (0,)),
    "usb-ehci": (0x0C0320, ()),
    "ich9-usb-ehci1": (0x0C0320, ()),
    "piix3-usb-uhci": (0x0C0300, ()),
    "ich9-ahci": (0x010601, ()),
    "nvme": (0x010802, (0,)),
    "lsi": (0x010000, ()),
    "VGA": (0x030000, ()),
    "cirrus-vga": (0x030000, ()),
    "qxl-vga": (0x030000, (4,)),
    "qxl": (0x038000, (4,)),
    "secondary-vga": (0x038000, ()),
    "bochs-display": (0x038000, ()),
    "intel-hda": (0x040300, ()),
    "ich9-intel-hda": (0x040300, ()),
    "ivshmem-plain": (0x050000, (2,)),
    "pci-bridge": (0x060400, (0,)),
    "pcie-pci-bridge": (0x060400, (0,)),
    "pcie-root-port": (0x060400, ()),
    "ioh3420": (0x060400, ()),
}
# for vectors that do not list every BAR of the machine
_VIRTIO = [(0, 0x40, "io"), (1, 0x1000, "mem"), (4, 0x4000, "pref")]
USUAL_BARS = {
    "e1000": [(0, 0x20000, "mem"), (1, 0x40, "io")],
    "rtl8139": [(0, 0x100, "io"), (1, 0x100, "mem")],
    "virtio-net-pci": [(0, 0x20, "io"), *_VIRTIO[1:]],
    "virtio-blk-pci": [(0, 0x80, "io"), *_VIRTIO[1:]],
    "virtio-scsi-pci": _VIRTIO,
    "qemu-xhci": [(0, 0x4000, "mem")],
    "usb-ehci": [(0, 0x1000, "mem")],
    "ich9-ahci": [(4, 0x20, "io"), (5, 0x1000, "mem")],
    "nvme": [(0, 0x4000, "mem")],
    "VGA": [(0, 0x1000000, "pref"), (2, 0x1000, "mem")],
    "bochs-display": [(0, 0x1000000, "pref"), (2, 0x1000, "mem")],
}
BRIDGES = {
    "pci-bridge": {"hotplug": "shpc"},
    "pcie-pci-bridge": {"hotplug": "shpc"},
    "pcie-root-port": {"hotplug": "pcie"},
    "ioh3420": {"hotplug": "pcie"},
}
BUILTIN = {
    "pc": {0x00: (0x060000, 0x1237), 0x08: (0x060100, 0x7000), 0x09: (0x010180, 0x7010), 0x0B: (0x068000, 0x7113)},
    "q35": {0x00: (0x060000, 0x29C0), 0xF8: (0x060100, 0x2918), 0xFA: (0x010601, 0x2922), 0xFB: (0x0C0500, 0x2930)},
}


def functions(inputs):
    """Every PCI function of the machine that a measured vector describes, as QEMU lays them out."""
    machine = inputs["machine"]
    builtin = dict(BUILTIN[machine])
    if inputs.get("acpi") == "off" and machine == "pc":
        del builtin[0x0B]
    found = {bdf: Function(bdf, 0x8086, device, code) for bdf, (code, device) in builtin.items()}
    for igd in inputs["igd"]:
        found[parse_bdf(igd["bdf"])] = igd_function(igd)
    names = _slots(inputs["devices"], found)
    sizes = {}
    for bdf, index, size, kind in inputs.get("pci_bars") or []:
        sizes.setdefault(parse_bdf(bdf), []).append((index, int(size, 16), KIND[kind]))
    igds = {parse_bdf(igd["bdf"]) for igd in inputs["igd"]}
    if not sizes:  # a machine that panicked: the built-in functions' BARs are known
        sizes = {0x09: [(4, 16, "io")]} if machine == "pc" else {
            0xFA: [(4, 0x20, "io"), (5, 0x1000, "mem")], 0xFB: [(4, 0x40, "io")]}  # fmt: skip
    for bdf in (set(sizes) | set(names)) - igds:
        name, bridge = names.get(bdf, ("", None))
        base = found.get(bdf) or Function(bdf, 0x1AF4, DEVICE_IDS.get(name, 0), CLASSES.get(name, (0xFF0000, ()))[0])
        wide = CLASSES.get(name, (0, ()))[1]
        rows = sizes.get(bdf) or [] if name not in USUAL_BARS or bdf in sizes else USUAL_BARS[name]
        bars = tuple(Bar(i, size, kind, i in wide) for i, size, kind in rows if i < 6)
        rom = next((size for i, size, _ in rows if i == 6), 0)
        found[bdf] = Function(bdf, base.vendor, base.device, base.class_code, bars, rom, bridge=bridge)
    return tuple(found.values())


def igd_function(igd):
    bars = []
    for index, size, flags in igd["bars"]:
        kind = "io" if flags & 1 else "pref" if flags & 8 else "mem"
        bars.append(Bar(index, int(size, 16), kind, bool(flags & 4) and not flags & 1))
    ggc = igd.get("ggc")
    return Function(
        parse_bdf(igd["bdf"]), int(igd["vendor"], 16), int(igd["device"], 16), int(igd["class"], 16), tuple(bars),
        int(igd.get("rom_size") or "0", 16), ggc=int(ggc, 16) if ggc else None,
    )  # fmt: skip


def _slots(devices, found):
    """{bdf: (name, bridge)} for the -device arguments, in order: bus= by id, addr= or the first free slot."""
    taken = {bdf >> 3 for bdf in found if bdf < 0x100}
    placed, buses = {}, {}
    for text in devices:
        name, *options = text.split(",")
        settings = dict(option.partition("=")[::2] for option in options)
        address = settings.get("addr")
        parent = settings.get("bus", "")
        if parent in buses:
            slot = buses[parent] << 5 | int(address or "0", 16)
        else:
            slot = int(address, 16) if address else next(n for n in range(1, 32) if n not in taken)
            taken.add(slot)
        bridge = None
        if name in BRIDGES:
            secondary = len(buses) + 1
            buses[settings.get("id", f"bridge{secondary}")] = secondary
            bridge = Bridge(secondary, **BRIDGES[name])
        placed[slot << 3] = (name, bridge)
    return placed
