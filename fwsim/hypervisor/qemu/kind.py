"""QEMU's vfio-pci with its IGD quirks, as a kind of hypervisor: one class for every release."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from fwsim.exactness import Known
from fwsim.firmware.request import Function
from fwsim.hypervisor.groups.opening import Refused
from fwsim.hypervisor.interface import (
    Assignment,
    Choice,
    Device,
    GttPolicy,
    Hypervisor,
    Reaction,
    Register,
    Remedy,
    RomChange,
)
from fwsim.hypervisor.interrupts import Line, MaskedLine
from fwsim.hypervisor.qemu import config_quirk, patches, trap_quirk
from fwsim.hypervisor.qemu import versions as igd
from fwsim.hypervisor.qemu.group_words import said
from fwsim.hypervisor.qemu.releases import release
from fwsim.hypervisor.vfio.config import beside
from fwsim.hypervisor.vfio.interrupts import refused
from fwsim.hypervisor.vfio.opregion import as_shown
from fwsim.hypervisor.vfio.regions import not_opened

_ABORT = "Guest attempted to program IGD GTT before BIOS reserved stolen memory.  Unsupported BIOS?"


class Qemu(Hypervisor):
    """``qemu``: the profile is a release number.

    The options are those of vfio-pci: x-igd-gms, x-igd-opregion, x-igd-lpc,
    x-igd-legacy-mode, x-vga; and the APIC's vapic. ``stolen_base`` and ``gsm`` are of patches that no release has.
    """

    kind = "qemu"
    by_vfio = True
    mode = "legacy mode"
    guest_reset: ClassVar[Literal["dropped", "passed", "restored"]] = "restored"
    defaults = "10.0"
    profiles = tuple(each.name for each in igd.ROWS if each.since != igd.UNRELEASED)
    remedies = (
        Remedy(
            'the shadow patch (hypervisor.profile = "next") clears the cached base, and the ROM reads BDSM again', True
        ),
        Remedy('QEMU to 9.2 (hypervisor.profile = "9.2") shifts entries below its limit by guest - host', True),
    )

    def __init__(self, choice: Choice) -> None:
        """Raises FwsimError for a profile that is no release."""
        super().__init__(choice)
        self.row = igd.version(self.profile)

    @property
    def release(self) -> tuple[int, ...]:
        """As the profile says."""
        return release(self.profile)

    @property
    def title(self) -> str:
        """As sentences name it."""
        return f"QEMU {self.profile}"

    @property
    def known(self) -> Known:
        """As the release's row says."""
        return igd.known(self.profile)

    @property
    def story(self) -> str:
        """One sentence."""
        return f"{self.title} (vfio-pci) stands between ROM and device: {self.row.does}."

    @property
    def qemu_release(self) -> tuple[int, ...]:
        """The profile's number."""
        return release(self.profile)

    @property
    def vapic(self) -> bool:
        """Unless it is switched off (hw/i386/kvm/apic.c and vapic.c: every PC with 1 MiB has it)."""
        return self.choice.vapic != "off"

    def assign(self, device: Device) -> Assignment:
        """As the release's start-up does it, where the kernel lets the device be opened."""
        if device.regions.refused:
            return not_opened(device)
        make = trap_quirk.assign if self.row.trap else config_quirk.assign
        given = make(self.row, self.choice, device)
        patches.apply(self.choice, device, given)
        return refused(given, device)

    def written(
        self, device: Device, bdf: int, offset: int, old: int, new: int, read: Callable[[int, int], int]
    ) -> Reaction | None:
        """BDSM, where the patch answers the base of the GTT's memory below it."""
        if bdf != device.devfn or self.choice.gsm != "guest" or offset not in patches.BDSM_DWORDS:
            return None
        return patches.gsm_follows(device, read)

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """Its own first; of the rest what vfio-pci makes of the device's capabilities, and the host's ASLS where
        nobody else answers it."""
        if function.bdf != device.devfn:
            return ()
        return [*given.registers, *beside(given.registers, device, function.config)]

    def gtt_policy(self, device: Device, given: Assignment, answer_at: Callable[[int], int]) -> GttPolicy:
        """Up to 9.2, in legacy mode: entries written by the port pair are shifted."""
        bdsm = given.bdsm
        if not given.ports_trapped or bdsm is None:
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
        """The shadow patch, for the generations that have the routine it looks for, where the guest has VGA access."""
        if not self.row.patches_shadow or not 6 <= igd.generation(self.row, device.device_id) <= 9:
            return None
        if not self.assign(device).vga:
            return None
        from fwsim.hypervisor.qemu.shadow_patch import patch

        return patch(image)

    def group_text(self, refused: Refused) -> str:
        """In the release's words."""
        return said(refused, self.release)

    def line(self, inject: Callable[[bool], None], note: Callable[[bool], None]) -> Line:
        """vfio-pci's: masked when it fires, unmasked by the guest's EOI."""
        return MaskedLine(inject, note)

    def abort_text(self) -> str:
        """QEMU's words (hw/vfio/igd.c, hw_error)."""
        return _ABORT
