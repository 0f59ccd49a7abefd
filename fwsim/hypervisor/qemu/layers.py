"""What does the hypervisor set up before the guest runs? Emulated registers, fw_cfg files, the trap's numbers."""

from dataclasses import dataclass, field

from fwsim.devices.igd.device import Igd
from fwsim.devices.pci import PciBus
from fwsim.hypervisor import gtt_path as hot
from fwsim.hypervisor.qemu.versions import (
    ASLS,
    GMCH,
    Emulated,
    LegacyFacts,
    bar0_mirrors,
    emulated_registers,
    generation,
    index_limit,
    legacy_refusal,
    stolen,
    version,
    zeroed_indices,
)
from fwsim.native import address_of


@dataclass(frozen=True)
class Facts:
    """What the hypervisor finds: the physical device, the guest it builds, and the user's options."""

    kind: str
    profile: str
    device_id: int
    ggc: int
    host_bdsm: int
    host_stolen: int
    machine: str
    slot: int
    gms: int
    lpc: bool
    opregion: bool
    rom: bool


@dataclass
class Guest:
    """What came of it. ``files`` are fw_cfg's, ``legacy`` why legacy mode is off ("" = on), ``zeroed`` GTT indices."""

    files: dict[str, bytes] = field(default_factory=dict)
    legacy: str = ""
    gen: int = 0
    emulated: list[Emulated] = field(default_factory=list)
    bdsm_size: int = 0
    zeroed: range = range(0)
    error: str = ""
    lenient: bool = False
    """Whether QEMU goes on after ``error`` (5.0 prints it and counts x-igd-gms as 0)."""
    offers_opregion: bool = True
    """Up to 9.1 the OpRegion is exported as a part of legacy mode, which may not come up."""


def set_up(facts: Facts, pci: PciBus, slot: int, igd: Igd, hyp: hot.Words, raw_gtt: hot.Words) -> Guest:
    """Arm the emulation of 00:02.0 in slot ``slot`` of the bus, and the GTT trap's block ``hyp``."""
    profile = "10.0" if facts.kind == "ranged" else facts.profile
    row = version(profile)
    guest = Guest(gen=generation(row, facts.device_id))
    guest.legacy = legacy_refusal(
        row,
        LegacyFacts(
            gen=guest.gen, gmch=facts.ggc, machine=facts.machine, slot_2=facts.slot == 0x10, rom=facts.rom,
            lpc_occupied=facts.machine == "q35",
        ),
    )  # fmt: skip
    legacy = not guest.legacy
    offered = stolen(row, guest.gen, facts.ggc, facts.gms)
    guest.error, guest.lenient = offered.error, not row.gms_from_host
    guest.offers_opregion = legacy or not row.legacy_only
    guest.emulated = emulated_registers(row, guest.gen, legacy=legacy, opregion=True, x_igd_gms=facts.gms)
    for register in guest.emulated:
        value = offered.gmch if register.offset == GMCH else 0
        writable = (1 << 8 * register.width) - 1 if register.writable else 0
        pci.emulate(slot, register.offset, register.width, value, writable)
    has_bdsm = any(register.offset not in (GMCH, ASLS) for register in guest.emulated)
    if has_bdsm or not row.legacy_only:
        guest.bdsm_size = offered.bdsm_size if has_bdsm else 0
        guest.files["etc/igd-bdsm-size"] = guest.bdsm_size.to_bytes(8, "little")
    _arm_trap(facts, row.traps_iobar and legacy, guest, pci, slot, hyp, raw_gtt)
    if row.traps_iobar and legacy:
        guest.zeroed = zeroed_indices(row, guest.gen, facts.ggc)
        hyp[hot.H_LIMIT] = index_limit(row, guest.gen, facts.ggc)
    for offset, _, target in bar0_mirrors(row, guest.gen, at_slot_2=facts.slot == 0x10, x_igd_gms=facts.gms):
        if target == GMCH:
            hyp[hot.H_GGC_AT] = pci.answer[slot].ctypes.data + GMCH
        elif offset == 0x1080C0 and has_bdsm:
            hyp[hot.H_MIRROR_BDSM] = 8 if guest.gen >= 11 else 4
    return guest


def _arm_trap(
    facts: Facts, old_trap: bool, guest: Guest, pci: PciBus, slot: int, hyp: hot.Words, raw_gtt: hot.Words
) -> None:
    kind = hot.KIND_QEMU_OLD if old_trap else hot.KIND_PASS
    hyp[hot.H_KIND] = hot.KIND_RANGED if facts.kind == "ranged" else kind
    hyp[hot.H_LATCH] = (1 << 64) - 1
    hyp[hot.H_GEN8] = guest.gen >= 8
    hyp[hot.H_HOST_BASE] = facts.host_bdsm & ~0xFFFFF
    hyp[hot.H_HOST_SIZE] = facts.host_stolen
    hyp[hot.H_GUEST_SIZE] = guest.bdsm_size
    hyp[hot.H_RAW] = address_of(raw_gtt)
    for register in guest.emulated:
        if register.offset not in (GMCH, ASLS):
            hyp[hot.H_BDSM_AT] = pci.answer[slot].ctypes.data + register.offset
            hyp[hot.H_BDSM_WIDE] = register.width == 8
