"""bhyve's GVT-d places stolen memory and OpRegion itself, and answers BDSM and ASLS; the rest of the IGD passes.

Source: FreeBSD usr.sbin/bhyve/amd64/pci_gvt-d.c at 19dbf72a (before gen 11 was known) and bc0f7b93 (the device table,
BDSM of gen 11, its mirror, an extended VBT), pci_passthru.c, pci_hostbridge.c, amd64/pci_lpc.c. Which release has what:
stable/13 got GVT-d on 18 August 2023 (6ae7ed9e), after 13.2 and before 14.0 was branched; what came later is of reviews
D45333 to D45342, of May 2024, after 14.1 was branched. That 14.2 and 14.3 have it, and 13.4 and 13.5 have not, is taken
from that, not read.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from fwsim.errors import FwsimError
from fwsim.exactness import Known
from fwsim.firmware.bhyve import LOW_LIMIT
from fwsim.firmware.request import Function
from fwsim.hypervisor import own_chipset
from fwsim.hypervisor.interface import ASLS, LPC_BRIDGE, Assignment, Choice, Device, Hypervisor, Overlay, Register
from fwsim.registers.families import family_of_device

_FIRST, _GEN11 = "gvt-d", "gen11"
RELEASES = {
    "13.3": _FIRST, "13.4": _FIRST, "13.5": _FIRST, "14.0": _FIRST, "14.1": _FIRST, "14.2": _GEN11, "14.3": _GEN11,
    "15.0": _GEN11, "15.1": _GEN11, "next": _GEN11,
}  # fmt: skip
"""Release of FreeBSD: the version of the allocator's rules that it has."""
_INFERRED = ("13.4", "13.5", "14.2", "14.3")
_BDSM, _BDSM_GEN11, _MIRROR = 0x5C, 0xC0, 0x1080C0
_UNLISTED = ("830", "845", "855", "865", "meteorlake")
_UNLISTED_IDS = frozenset({0x29B2, 0x29C2, 0x29D2, 0x2972, 0x2982, 0x2992, 0x29A2})
"""G33 and the desktop 965: igd_devices has INTEL_PNV_IDS and INTEL_I965GM_IDS only."""
_LPC = {0x2C: 0}
"""00:1f.0 is 8086:7000 without a subsystem (pci_lpc.c, LPC_SUBVEND_0)."""
_ICH9_AS_LPC = {0x00: 0x70008086, 0x08: 0x06010000, 0x2C: 0}
_KIB, _HEADER_SIZE = 1024, 0x2000
_RVDA, _SIZE_AT, _VERSION_AT = 0x3BA, 0x10, 0x14
_OPREGION_2_0 = 0x02000000


class Bhyve(Hypervisor):
    """``bhyve``: the profile is a release of FreeBSD.

    ``lpc`` "on" gives 00:1f.0 the host's ids (``-o pci.0.31.0.pcireg.vendor=host`` and its like), "off" leaves it out.
    ``vga`` "on" passes the VGA ranges, which bhyve never does.
    """

    kind = "bhyve"
    defaults = "15.0"
    profiles = ("14.1", "15.0")

    def __init__(self, choice: Choice) -> None:
        """Raises FwsimError for a profile that is no release with GVT-d."""
        super().__init__(choice)
        if self.profile not in RELEASES:
            raise FwsimError(
                "no such FreeBSD release", where="hypervisor.profile", found=f'"{self.profile}"',
                expected=", ".join(RELEASES), hint="13.3 and 14.0 are the first with GVT-d: before them bhyve passes "
                "an IGD as any device",
            )  # fmt: skip
        self.rules = RELEASES[self.profile]

    @property
    def title(self) -> str:
        """As sentences name it."""
        return f"bhyve of FreeBSD {self.profile}"

    @property
    def known(self) -> Known:
        """Nothing of it was held against a running bhyve."""
        source = "FreeBSD usr.sbin/bhyve/amd64/pci_gvt-d.c, pci_passthru.c"
        if self.profile in _INFERRED:
            return Known("assumed", f"{source}; that {self.profile} has this state is inferred from dates")
        return Known("read", source)

    @property
    def story(self) -> str:
        """One sentence."""
        return (
            f"{self.title} stands between: it places stolen memory in the guest's RAM, at the host's address where it "
            "can, and copies the OpRegion; it has no legacy BIOS, so the vBIOS runs by fwsim's own services."
        )

    @property
    def placed_by(self) -> tuple[str, str]:
        """bhyve's own rules."""
        return "bhyve", self.rules

    def ram_split(self, machine: str, ram: int) -> tuple[int, int]:
        """Up to 3 GiB below (lib/libvmmapi/vmmapi.c, VM_LOWMEM_LIMIT), whatever the machine."""
        low = min(ram, LOW_LIMIT)
        return low, ram - low

    def assign(self, device: Device) -> Assignment:
        """gvt_d_probe and gvt_d_init, as far as the guest's memory is not asked for."""
        given = Assignment(generation=device.generation, vga=self.choice.vga == "on")
        if device.at_1f == "usual" and self.choice.lpc != "off":
            host_ids = self.choice.lpc == "on"
            given.lpc = ((0, 0) if host_ids else (0x7000, 0)) if device.machine == "pc" else None
            given.copies = {LPC_BRIDGE: own_chipset.HOST_IDS} if host_ids else {}
        if device.vendor != 0x8086 or device.class_code >> 16 != 0x03:
            given.opregion = given.own_bdsm = False
            return given
        known = self.rules == _FIRST or _listed(device.device_id)
        if not known:
            given.error = "gvt_d_setup_gsm: Unknown IGD device. It's not supported yet!"
            return given
        wide = device.generation >= 11
        given.own_bdsm = not wide or self.rules == _GEN11
        given.stolen = device.stolen
        if wide and self.rules == _GEN11:
            given.registers.append(Register(_BDSM_GEN11, 8, writable=(1 << 64) - 1))
            given.overlays.append(Overlay(_MIRROR, 8, _BDSM_GEN11))
        else:
            given.registers.append(Register(_BDSM, 4, writable=0xFFFFFFFF))
        given.registers.append(Register(ASLS, 4, writable=0xFFFFFFFF))
        return given

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """The IGD's; a NetApp host bridge; nothing of QEMU's PC."""
        if function.bdf == device.devfn:
            return given.registers
        own = _LPC if device.machine == "pc" else _ICH9_AS_LPC
        lpc = None if self.choice.lpc == "off" else {} if self.choice.lpc == "on" else own
        return own_chipset.answered(function, own_chipset.NETAPP, lpc, stored=True)

    def opregion(self, content: bytes, asls: int) -> bytes:
        """The copy: as much as the header says, and from gen 11's state on the extended VBT, right behind it.

        Each finds its place as the OpRegion would, the VBT first: together they end up side by side, but for a host
        with a gap in between, which is closed here. Raises FwsimError for what bhyve refuses.
        """
        size = struct.unpack_from("<I", content, _SIZE_AT)[0] * _KIB
        if self.rules == _FIRST:
            return content[:size].ljust(size, b"\0")
        if size != _HEADER_SIZE:
            raise _refused(f"Invalid OpRegion size of {size:#x}", f"{_HEADER_SIZE:#x}, the size in KiB at offset 10h")
        rvda, rvds = struct.unpack_from("<QI", content, _RVDA)
        if not rvda:
            return content[:size]
        if struct.unpack_from("<I", content, _VERSION_AT)[0] == _OPREGION_2_0:
            raise _refused(
                "VBT lays outside OpRegion. That's not yet supported for a version 2.0 OpRegion",
                "version 2.1 or later, or a VBT in mailbox 4",
            )
        if asls + rvda >= 1 << 64:
            raise _refused(
                f"overflow when calculating VBT address (OpRegion @ {asls:#x}, RVDA = {rvda:#x})", "64 bits of it"
            )
        shown = bytearray(content[:size])
        struct.pack_into("<Q", shown, _RVDA, size)
        return bytes(shown) + content[rvda : rvda + rvds].ljust(rvds, b"\0")


def _listed(device_id: int) -> bool:
    """Whether igd_devices has this device (pci_gvt-d.c at bc0f7b93: 915 to Raptor Lake)."""
    found = family_of_device(device_id)
    return found is not None and found.name not in _UNLISTED and device_id not in _UNLISTED_IDS


def _refused(words: str, expected: str) -> FwsimError:
    return FwsimError(
        "bhyve does not start the guest", where="host.opregion", found=f"gvt_d_setup_opregion: {words}",
        expected=expected, hint="an older profile copies the OpRegion as it is; or give one with its VBT in mailbox 4",
    )  # fmt: skip
