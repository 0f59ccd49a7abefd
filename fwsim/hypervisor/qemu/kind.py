"""QEMU's vfio-pci with its IGD quirks, as a kind of hypervisor: one class for every release."""

from __future__ import annotations

from collections.abc import Callable

from fwsim.hypervisor.interface import (
    BDSM_SIZE_FILE,
    HOST_BRIDGE,
    IGD,
    LPC_BRIDGE,
    Assignment,
    Choice,
    Copied,
    Device,
    GttPolicy,
    Hypervisor,
    Overlay,
    Register,
    Remedy,
    RomChange,
)
from fwsim.hypervisor.qemu import versions as igd
from fwsim.hypervisor.vfio.opregion import as_shown

_ABORT = "Guest attempted to program IGD GTT before BIOS reserved stolen memory.  Unsupported BIOS?"
_IDS = (Copied(0x2C, 2), Copied(0x2E, 2))
_COPIES = {
    HOST_BRIDGE: (Copied(0x08, 2), *_IDS),
    LPC_BRIDGE: (Copied(0x00, 2), Copied(0x02, 2), Copied(0x08, 2), *_IDS),
}
"""What the guest's bridges take from the host's (QEMU hw/vfio/igd.c, igd_host_bridge_infos, igd_lpc_bridge_infos)."""


class Qemu(Hypervisor):
    """``qemu``: the profile is a release number.

    The options are those of vfio-pci: x-igd-gms, x-igd-opregion, x-igd-lpc, x-vga.
    """

    kind = "qemu"
    mode = "legacy mode"
    defaults = "10.0"
    remedies = (
        Remedy(
            'the shadow patch (hypervisor.profile = "next") clears the cached base, and the ROM reads BDSM again', True
        ),
        Remedy('QEMU to 9.1 (hypervisor.profile = "9.1") shifts entries below its limit by guest - host', True),
    )

    def __init__(self, choice: Choice) -> None:
        """Raises FwsimError for a profile that is no release."""
        super().__init__(choice)
        self.row = igd.version(self.profile)

    @property
    def title(self) -> str:
        """As sentences name it."""
        return f"QEMU {self.profile}"

    @property
    def story(self) -> str:
        """One sentence."""
        return f"{self.title} (vfio-pci) stands between ROM and device: {self.row.does}."

    def announced_mib(self, given: Assignment) -> int:
        """As its trace says (hw/vfio/trace-events, vfio_pci_igd_bdsm_enabled)."""
        return given.stolen >> 20 if given.own_bdsm else 0

    def assign(self, device: Device) -> Assignment:
        """Legacy mode first: bridges, VGA and, up to 9.1, everything else depend on it."""
        row, gen = self.row, igd.generation(self.row, device.device_id)
        given = Assignment(generation=gen)
        given.refusal = igd.legacy_refusal(row, _legacy_facts(device, gen))
        legacy = not given.refusal
        offered = igd.stolen(row, gen, device.ggc, self.choice.gms)
        given.ggc = offered.gmch
        given.error, given.error_field, given.lenient = offered.error, "gms", not row.gms_from_host
        given.opregion = self.choice.opregion != "off" and (legacy or not row.legacy_only)
        emulated = igd.emulated_registers(
            row, gen, legacy=legacy, opregion=device.opregion_region, x_igd_gms=self.choice.gms
        )
        given.registers = [
            Register(each.offset, each.width, value=offered.gmch if each.offset == igd.GMCH else 0,
                     writable=(1 << 8 * each.width) - 1 if each.writable else 0)
            for each in emulated
        ]  # fmt: skip
        given.own_bdsm = given.bdsm is not None
        if given.own_bdsm or not row.legacy_only:
            given.stolen = offered.bdsm_size if given.own_bdsm else 0
            given.files[BDSM_SIZE_FILE] = given.stolen.to_bytes(8, "little")
        if row.traps_iobar and legacy:
            given.cleared = igd.zeroed_indices(row, gen, device.ggc)
        mirrors = igd.bar0_mirrors(row, gen, at_slot_2=device.devfn == IGD, x_igd_gms=self.choice.gms)
        held = {each.offset for each in given.registers}
        given.overlays = [Overlay(*each) for each in mirrors if each[2] in held]
        given.vga = self.choice.vga == "on" or (legacy and not device.ggc & igd.VGA_DISABLED)
        wanted = self.choice.lpc == "on" or (legacy and self.choice.lpc != "off")
        given.lpc = (0, 0) if wanted and device.machine == "pc" else None  # its ids are the host's
        if legacy:
            given.copies = dict(_COPIES)
        elif given.lpc:
            given.copies = {LPC_BRIDGE: _COPIES[LPC_BRIDGE]}
        return given

    def gtt_policy(self, device: Device, given: Assignment, answer_at: Callable[[int], int]) -> GttPolicy:
        """Up to 9.1, in legacy mode: entries written by the port pair are shifted."""
        bdsm = given.bdsm
        if not self.row.traps_iobar or given.refusal or bdsm is None:
            return GttPolicy()
        import numpy as np

        from fwsim.hypervisor.qemu import gtt_shift as native

        words = np.zeros(native.SHIFT_WORDS, np.uint64)
        words[native.S_LATCH] = native.NO_LATCH
        words[native.S_LIMIT] = igd.index_limit(self.row, given.generation, device.ggc)
        words[native.S_WIDE] = given.generation >= 8
        words[native.S_HOST_BASE] = device.bdsm & ~0xFFFFF
        words[native.S_BDSM_AT] = answer_at(bdsm.offset)
        words[native.S_BDSM_WIDE] = bdsm.width == 8
        return GttPolicy(write=native.shift.address, pair=native.latch.address, words=words)

    def opregion(self, content: bytes, asls: int) -> bytes:
        """As vfio-pci shows it."""
        return as_shown(content, asls)

    def change_rom(self, image: bytes, device: Device) -> RomChange | None:
        """The shadow patch, for the generations that have the routine it looks for."""
        if not self.row.patches_shadow or not 6 <= igd.generation(self.row, device.device_id) <= 9:
            return None
        from fwsim.hypervisor.qemu.shadow_patch import patch

        return patch(image)

    def abort_text(self) -> str:
        """QEMU's words (hw/vfio/igd.c, hw_error)."""
        return _ABORT


def _legacy_facts(device: Device, gen: int) -> igd.LegacyFacts:
    return igd.LegacyFacts(
        gen=gen, gmch=device.ggc, machine=device.machine, slot_2=device.devfn == IGD, intel=device.vendor == 0x8086,
        vga_class=device.class_code == 0x030000, rom=device.rom, lpc_occupied=device.machine == "q35",
        kernel_regions=device.opregion_region, vga_region=device.vga_region,
    )  # fmt: skip
