"""Which PCI functions does the machine have? The chipset of ``guest.machine``, dressed-up bridges, the IGD."""

from dataclasses import dataclass

from fwsim.devices.pci import PciBus, bar_write_mask
from fwsim.registers.family import Family
from fwsim.scenario.model import Scenario

HOST_BRIDGE, PIIX3, IDE, PIIX4_PM, LPC, SMBUS, AHCI = 0x00, 0x08, 0x09, 0x0B, 0xF8, 0xFB, 0xFA
PMC = 0xFA
"""Sunrise Point and later: the ACPI base moved from the LPC bridge to 00:1f.2, the power management controller."""
_PMC_DEVICES = {"skylake": 0xA121, "kabylake": 0xA2A1, "coffeelake": 0xA321, "cometlake": 0x06A1}
_HOST_PM_BASES = {"skylake": 0x1800, "kabylake": 0x1800, "coffeelake": 0x1800, "cometlake": 0x1800}
COMMAND_IO, COMMAND_MEMORY = 1, 2
PM_BASE = {"pc": 0x600, "q35": 0x600}
HOST_PM_BASE = 0x400
"""ACPI base on a real host: where its firmware puts it in the dumps of real-world PCHs (00:1f.0 @0x40 = 0x401)."""
_SUBSYSTEM = 0x11001AF4


@dataclass(frozen=True)
class BarSpec:
    """One BAR as the board places it: ``role`` says what lies behind it."""

    index: int
    size: int
    kind: str
    is64: bool
    role: str


@dataclass(frozen=True)
class BoardFunction:
    """One function: its address and BARs, as the firmware finds them."""

    devfn: int
    slot: int
    vendor: int
    device: int
    class_code: int
    bars: tuple[BarSpec, ...] = ()


def add_function(
    pci: PciBus, devfn: int, vendor: int, device: int, class_code: int, *, revision: int = 0,
    bars: tuple[BarSpec, ...] = (), subsystem: int = _SUBSYSTEM,
) -> BoardFunction:  # fmt: skip
    """Put a function on the bus with an ordinary header; ``bars`` become writable registers that trap."""
    slot = pci.add(devfn)
    pci.set(slot, 0x00, 4, device << 16 | vendor)
    pci.set(slot, 0x04, 2, 0, 0x0547)
    pci.set(slot, 0x08, 4, class_code << 8 | revision)
    pci.set(slot, 0x2C, 4, subsystem)
    pci.set(slot, 0x3C, 2, 0x0100 if bars else 0, 0xFF)
    pci.on_write(slot, 0x04)
    for bar in bars:
        kind = 1 if bar.kind == "io" else (4 if bar.is64 else 0) | (8 if bar.kind == "pref" else 0)
        mask = bar_write_mask(bar.size, bar.kind == "io")
        pci.set(slot, 0x10 + 4 * bar.index, 4, kind, mask & 0xFFFFFFFF)
        pci.on_write(slot, 0x10 + 4 * bar.index)
        if bar.is64:
            pci.set(slot, 0x14 + 4 * bar.index, 4, 0, mask >> 32)
            pci.on_write(slot, 0x14 + 4 * bar.index)
    return BoardFunction(devfn, slot, vendor, device, class_code, bars)


def add_chipset(pci: PciBus, scenario: Scenario) -> list[BoardFunction]:
    """Host bridge, ISA bridge and their neighbours, as QEMU's ``pc`` and ``q35`` have them, or the host's own."""
    host, machine = scenario.host, scenario.guest.machine
    bare = scenario.hypervisor.kind == "none"
    functions = []
    if bare:
        fam = host.family
        bridge = add_function(pci, HOST_BRIDGE, 0x8086, fam.host_bridge_id, 0x060000, revision=fam.revision)
        _host_bridge_registers(pci, bridge.slot, scenario)
    elif machine == "q35":
        bridge = add_function(pci, HOST_BRIDGE, 0x8086, 0x29C0, 0x060000, revision=2)
        pci.set(bridge.slot, 0x60, 4, 0xB0000001)  # PCIEXBAR, as SeaBIOS programs it
    else:
        bridge = add_function(pci, HOST_BRIDGE, 0x8086, 0x1237, 0x060000, revision=2)
    functions.append(bridge)
    if machine == "pc":
        functions.append(add_function(pci, PIIX3, 0x8086, 0x7000, 0x060100))
        functions.append(add_function(pci, IDE, 0x8086, 0x7010, 0x010180, bars=(BarSpec(4, 16, "io", False, "ide"),)))
        power = add_function(pci, PIIX4_PM, 0x8086, 0x7113, 0x068000, revision=3)
        pci.set(power.slot, 0x40, 4, PM_BASE["pc"] | 1, 0xFFC0)
        pci.set(power.slot, 0x80, 1, 1, 1)
        functions.append(power)
    functions += _south(pci, scenario)
    return functions


def _south(pci: PciBus, scenario: Scenario) -> list[BoardFunction]:
    """00:1f.0: the host's LPC bridge (only its ids under QEMU on pc), ICH9's with those ids on q35."""
    host, machine = scenario.host, scenario.guest.machine
    bare = scenario.hypervisor.kind == "none"
    if not bare and machine == "pc" and scenario.hypervisor.lpc == "off":
        return []
    lpc = add_function(pci, LPC, 0x8086, host.lpc_id, 0x060100, revision=4 if bare else 2)
    functions = [lpc]
    if bare and host.family.name in _PMC_DEVICES:
        power = add_function(pci, PMC, 0x8086, _PMC_DEVICES[host.family.name], 0x058000)
        pci.set(power.slot, 0x40, 4, host_pm_base(host.family) | 1)
        pci.set(power.slot, 0x44, 1, 0x80)
        functions.append(power)
    elif bare:
        pci.set(lpc.slot, 0x40, 4, HOST_PM_BASE | 1)
        pci.set(lpc.slot, 0x44, 1, 0x80)
    elif machine == "q35":
        pci.set(lpc.slot, 0x40, 4, PM_BASE["q35"] | 1)
        pci.set(lpc.slot, 0x44, 1, 0x80)
        functions.append(
            add_function(
                pci, AHCI, 0x8086, 0x2922, 0x010601, revision=2,
                bars=(BarSpec(4, 32, "io", False, "sata"), BarSpec(5, 4096, "mem", False, "ahci")),
            )
        )  # fmt: skip
        functions.append(
            add_function(pci, SMBUS, 0x8086, 0x2930, 0x0C0500, revision=2, bars=(BarSpec(4, 64, "io", False, "smbus"),))
        )
    return functions


def host_pm_base(family: Family) -> int:
    """Where a host's firmware puts the ACPI base: 400h, from Skylake's PCH on 1800h (both seen in dumps of hosts)."""
    return _HOST_PM_BASES.get(family.name, HOST_PM_BASE)


def _host_bridge_registers(pci: PciBus, slot: int, scenario: Scenario) -> None:
    """A real host's 00:00.0: GGC, from gen 6 on the bases of stolen memory at B0h-BCh (Intel 2nd gen Core, vol. 2)."""
    host, fam = scenario.host, scenario.host.family
    pci.set(slot, fam.ggc_bridge, 2, host.ggc)
    if fam.gen >= 6:
        stolen = fam.gms.decode(host.ggc)
        gsm = fam.ggms.decode(host.ggc) if fam.ggms else 0
        for offset, value in ((0xB0, host.bdsm), (0xB4, host.bdsm - gsm), (0xBC, host.bdsm + stolen)):
            pci.set(slot, offset, 4, value & 0xFFF00000 | 1)


def igd_bars(family: Family) -> tuple[BarSpec, ...]:
    """The IGD's BARs with what lies behind each."""
    return tuple(BarSpec(bar.index, bar.size, bar.kind, bar.is64, bar.role) for bar in family.bars)


def add_igd(pci: PciBus, scenario: Scenario, devfn: int) -> BoardFunction:
    """00:02.0 as the host's firmware left it: ids, BARs, GGC, BDSM (locked), ASLS, MSAC, capabilities."""
    host, fam = scenario.host, scenario.host.family
    igd = add_function(
        pci, devfn, 0x8086, host.device_id, 0x030000, revision=fam.revision, bars=igd_bars(fam), subsystem=0x21DA17AA
    )
    slot = igd.slot
    if fam.ggc_igd is not None:
        pci.set(slot, fam.ggc_igd, 2, host.ggc)
    if fam.bdsm_register is not None:
        pci.set(slot, fam.bdsm_register, fam.bdsm_width, host.bdsm | 1)
    if fam.gen >= 11 and fam.ggms:  # BGSM 0xF0, which gen 12 guests read (lf-edge/eve#6407)
        pci.set(slot, 0xF0, 8, host.stolen_base - fam.ggms.decode(host.ggc) | 1)
    pci.set(slot, 0xFC, 4, host.asls, 0xFFFFFFFF)
    _mobile_gen4(pci, slot, fam)
    pci.set(slot, 0x62, 1, 2)  # MSAC: an aperture of 256 MiB
    pci.set(slot, 0x06, 2, 0x0090)
    pci.set(slot, 0x34, 1, 0x90)
    for offset, value in ((0x90, 0x0001D005), (0xD0, 0x0022A401), (0xA4, 0x03060013)):
        pci.set(slot, offset, 4, value)
    return igd


def _mobile_gen4(pci: PciBus, slot: int, family: Family) -> None:
    """A 965GM's GCFGC 0xF0 bits 12:8: core display clock, code 1 the slowest; LBPC 0xF4, the backlight.

    Codes 1 to 3 exist (Linux i915 display/intel_cdclk.c, i965gm_get_cdclk); images refuse CRT modes at 0.
    """
    if family.name == "965":
        pci.set(slot, 0xF0, 2, 0x0100, 0xFFFF)
        pci.set(slot, 0xF4, 1, 0xFF, 0xFF)
