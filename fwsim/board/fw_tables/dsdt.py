"""The DSDT: \\_SB.PCI0 with its windows and interrupt routing, and the devices that QEMU's own has, without hotplug.

Source: QEMU hw/i386/acpi-build.c (build_dsdt) for which devices there are and what they take, read from 7.2's tables;
ACPI 6.4, 6.2.13 for _PRT. SeaBIOS looks for devices in it (src/fw/dsdt_parser.c): it takes a nested device's end for
the end of the one around it, so that _HID, _STA and _CRS stand before any device. The bytecode is our own.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from fwsim.board.fw_tables import aml
from fwsim.board.fw_tables.guest import Guest
from fwsim.board.setup import IRQS, PM_BASE

ECAM_SIZE = 256 << 20
HPET_BASE = 0xFED00000
GPE0_ICH9 = PM_BASE + 0x20
GPE0_PIIX4, GPE0_PIIX4_SIZE, GPE0_ICH9_SIZE = 0xAFE0, 4, 16
_IO_APIC = 0xFEC00000
_VGA = (0xA0000, 0xBFFFF)
_CONFIG_PORTS = (0xCF8, 8)
_SLOTS, _PINS = 32, 4
_POSSIBLE_IRQS = (5, 10, 11)
_SCI = 9
_GSI_OF_PIRQA = 16
_PRESENT, _HIDDEN = 0x0F, 0x0B
"""_STA: all there; all there, not to be shown."""
_MOST_PROCESSORS = 255


class _Chipset(Struct, frozen=True):
    """``gpe``, ``pci`` and ``cpu``: (first port, count) of the event block and of QEMU's hotplug; ``bridge``: the slot
    of the ISA bridge, its ``floppy`` and the function numbers of slots that are described."""

    gpe: tuple[int, int]
    pci: tuple[int, int]
    cpu: tuple[int, int]
    isa: int
    floppy: bool
    functions: tuple[int, ...]


_CHIPSETS = {
    "pc": _Chipset((GPE0_PIIX4, GPE0_PIIX4_SIZE), (0xAE00, 24), (0xAF00, 12), 0x08, True,
                   tuple(slot << 3 for slot in range(_SLOTS))),
    "q35": _Chipset((GPE0_ICH9, GPE0_ICH9_SIZE), (0xCC0, 24), (0xCD8, 12), 0xF8, False, (0x00, 0xF8, 0xFB)),
}  # fmt: skip
"""An i440FX describes every slot, since any can get a device; a q35 the ones that have a function 0."""


def dsdt(guest: Guest) -> bytes:
    """The definition block behind the header."""
    q35 = guest.machine == "q35"
    chipset = _CHIPSETS[guest.machine]
    bridge = aml.device("PCI0", *_bridge(guest, q35, chipset))
    links = list(_links(q35))
    sleep = (
        aml.name(f"\\{state}", aml.package(*map(aml.integer, (kind, kind, 0, 0))))
        for state, kind, there in (("_S3", 1, guest.s3), ("_S4", 2, guest.s4), ("_S5", 0, True)) if there
    )  # fmt: skip
    mode = (aml.name("PICF", aml.integer(0)), aml.method("\\_PIC", 1, aml.store(aml.ARG0, aml.path("PICF"))))
    hpet = aml.device("HPET", _hid("PNP0103"), aml.name("_UID", aml.integer(0)), _crs(aml.memory32(HPET_BASE, 0x400)))
    cpus = aml.device("CPUS", aml.name("_HID", aml.string("ACPI0010")), _cid("PNP0A05"), *_processors(guest.slots))
    return b"".join((*mode, aml.scope("\\_SB", bridge, *links, hpet, cpus), *sleep))


def _bridge(guest: Guest, q35: bool, chipset: _Chipset) -> Iterator[bytes]:
    yield _hid("PNP0A08" if q35 else "PNP0A03")
    if q35:
        yield _cid("PNP0A03")
    yield aml.name("_UID", aml.integer(0))
    yield _crs(*_windows(guest))
    yield from _routing(q35)
    for name, what, taken in (
        ("PRES", "CPU Hotplug resources", chipset.cpu), ("GPE0", "GPE0 resources", chipset.gpe),
        ("PHPR", "PCI Hotplug resources", chipset.pci),
    ):  # fmt: skip
        uid = aml.name("_UID", aml.string(what))
        yield aml.device(name, _hid("PNP0A06"), uid, _sta(_HIDDEN), _crs(aml.io(*taken)))
    yield aml.device("FWCF", aml.name("_HID", aml.string("QEMU0002")), _sta(_HIDDEN), _crs(aml.io(0x510, 12)))
    plugged = {bdf for bdf in guest.functions if bdf < 0x100 and not bdf & 7}
    for devfn in sorted({*chipset.functions, *plugged}):
        address = aml.name("_ADR", aml.integer(devfn >> 3 << 16 | devfn & 7))
        yield aml.device(f"S{devfn:02X}", address, *(_legacy(chipset) if devfn == chipset.isa else ()))


def _windows(guest: Guest) -> Iterator[bytes]:
    """What the bridge hands on: buses, ports, VGA's memory, and PCI's below and above 4 GiB."""
    yield aml.buses(0, 0xFF)
    yield aml.io(*_CONFIG_PORTS)
    yield aml.ports(0, _CONFIG_PORTS[0] - 1)
    yield aml.ports(sum(_CONFIG_PORTS), 0xFFFF)
    yield aml.window32(*_VGA, cacheable=True)
    for start, end in _below_4g(guest.low, guest.ecam):
        yield aml.window32(start, end - 1)
    start, end = guest.window64()
    yield aml.window64(start, end - 1)


def _below_4g(low: int, ecam: int | None) -> list[tuple[int, int]]:
    """(start, end) from the end of RAM to the I/O APIC, without the configuration space's window."""
    if ecam is None:
        return [(low, _IO_APIC)]
    parts = ((low, min(ecam, _IO_APIC)), (max(low, ecam + ECAM_SIZE), _IO_APIC))
    return [(start, end) for start, end in parts if start < end]


def _routing(q35: bool) -> Iterator[bytes]:
    """_PRT: every slot's four pins, by link device; on a q35 by another where the I/O APIC serves (_PIC said so)."""
    if not q35:
        yield aml.name("_PRT", aml.package(*(
            _route(slot, pin, "LNKS" if (slot, pin) == (1, 0) else f"LNK{'ABCD'[slot + pin - 1 & 3]}")
            for slot in range(_SLOTS) for pin in range(_PINS)
        )))  # fmt: skip
        return
    for table, prefix in (("PRTP", "LNK"), ("PRTA", "GSI")):
        yield aml.name(table, aml.package(*(
            _route(slot, pin, prefix + _pirq(slot, pin)) for slot in range(_SLOTS) for pin in range(_PINS)
        )))  # fmt: skip
    yield aml.method(
        "_PRT", 0, aml.when(aml.path("PICF"), aml.returned(aml.path("PRTA"))), aml.returned(aml.path("PRTP"))
    )


def _pirq(slot: int, pin: int) -> str:
    """Slots up to 24 rotate over PIRQ E to H, 30 has these in order, the others are the ICH9's: A to D."""
    if slot <= 24:
        return "EFGH"[slot + pin & 3]
    return ("EFGH" if slot == 30 else "ABCD")[pin]


def _route(slot: int, pin: int, link: str) -> bytes:
    return aml.package(aml.integer(slot << 16 | 0xFFFF), aml.integer(pin), aml.path(f"\\_SB.{link}"), aml.integer(0))


def _links(q35: bool) -> Iterator[bytes]:
    """Interrupt link devices; their settings are what SeaBIOS writes into the PIRQ registers."""
    for number, letter in enumerate("ABCDEFGH" if q35 else "ABCD"):
        yield _link(f"LNK{letter}", number, _POSSIBLE_IRQS, IRQS[number & 3])
    if not q35:
        yield _link("LNKS", 4, (_SCI,), _SCI)
        return
    for number, letter in enumerate("ABCDEFGH", _GSI_OF_PIRQA):
        yield _link(f"GSI{letter}", number, (number,), number)


def _link(name: str, number: int, possible: tuple[int, ...], set_to: int) -> bytes:
    choices = aml.name("_PRS", aml.resources(aml.interrupts(possible)))
    return aml.device(
        name, _hid("PNP0C0F"), aml.name("_UID", aml.integer(number)), _sta(_HIDDEN), choices,
        _crs(aml.interrupts((set_to,))), aml.method("_DIS", 0), aml.method("_SRS", 1),
    )  # fmt: skip


def _legacy(chipset: _Chipset) -> Iterator[bytes]:
    """Behind the ISA bridge: keyboard, mouse, the floppy controller of an i440FX, clock. SeaBIOS asks for the first."""
    yield aml.device("KBD", _hid("PNP0303"), _sta(_PRESENT), _crs(aml.io(0x60, 1), aml.io(0x64, 1), aml.irq(1)))
    yield aml.device("MOU", _hid("PNP0F13"), _sta(_PRESENT), _crs(aml.irq(12)))
    if chipset.floppy:
        parts = aml.io(0x3F2, 4, 0), aml.io(0x3F7, 1, 0), aml.irq(6), aml.dma(2)
        yield aml.device("FDC0", _hid("PNP0700"), _crs(*parts))
    yield aml.device("RTC", _hid("PNP0B00"), _crs(aml.io(0x70, 8), aml.irq(8)))


def _processors(count: int) -> Iterator[bytes]:
    """Processor objects, whose number is a byte; devices from 255 on (QEMU hw/acpi/cpu.c, build_cpus_aml)."""
    for number in range(count):
        if number < _MOST_PROCESSORS:
            yield aml.processor(f"C{number:03X}", number)
        else:
            uid = aml.name("_UID", aml.integer(number))
            yield aml.device(f"C{number:03X}", aml.name("_HID", aml.string("ACPI0007")), uid)


def _hid(text: str) -> bytes:
    return aml.name("_HID", aml.eisaid(text))


def _cid(text: str) -> bytes:
    return aml.name("_CID", aml.eisaid(text))


def _sta(value: int) -> bytes:
    return aml.name("_STA", aml.integer(value))


def _crs(*descriptors: bytes) -> bytes:
    return aml.name("_CRS", aml.resources(*descriptors))
