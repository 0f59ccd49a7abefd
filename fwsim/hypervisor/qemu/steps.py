"""What both generations of QEMU's vfio-igd do with a device alike: registers, mirrors, files, bridges, OpRegion."""

from __future__ import annotations

from fwsim.hypervisor.interface import (
    ASLS,
    BDSM_SIZE_FILE,
    HOST_BRIDGE,
    LPC_BRIDGE,
    Assignment,
    Copied,
    Device,
    Overlay,
    Register,
)
from fwsim.hypervisor.qemu import versions as igd

_IDS = (Copied(0x2C, 2), Copied(0x2E, 2))
COPIES = {
    LPC_BRIDGE: (Copied(0x00, 2), Copied(0x02, 2), Copied(0x08, 2), *_IDS),
    HOST_BRIDGE: (Copied(0x08, 2), *_IDS),
}
"""What the guest's bridges take from the host's, in this order; at 08h revision and prog-if (QEMU hw/vfio/igd.c,
igd_lpc_bridge_infos, igd_host_bridge_infos)."""
NO_DEVICE = "No such device"
OCCUPIED = "00:1f.0 is occupied by another device"
OTHER_SLOT = "not at guest address 00:02.0"
NO_ROM, NO_VGA = "no ROM", "VGA access cannot be enabled"
_BDSM_MIRROR, GGC_MIRROR = 0x1080C0, Overlay(0x108040, 2, igd.GMCH)


def unsupported(gen: int) -> str:
    """Why a generation has no legacy mode."""
    return f"generation {gen} is not supported"


def storage(offset: int, width: int = 4) -> Register:
    """A register that QEMU answers itself: 0 at reset, what is written is read back."""
    return Register(offset, width, writable=(1 << 8 * width) - 1)


def bdsm(gen: int) -> Register:
    """BDSM as storage, where the generation has it."""
    return storage(igd.BDSM_OLD) if gen < 11 else storage(igd.BDSM_NEW, 8)


def bdsm_mirror(gen: int) -> Overlay:
    """BDSM in BAR0."""
    return Overlay(_BDSM_MIRROR, 4, igd.BDSM_OLD) if gen < 11 else Overlay(_BDSM_MIRROR, 8, igd.BDSM_NEW)


def offer_opregion(given: Assignment) -> None:
    """The file for the firmware; ASLS is the guest's."""
    given.opregion = True
    given.registers.append(storage(ASLS))


def offer_stolen(given: Assignment, gen: int, offered: igd.Stolen) -> None:
    """The file that asks the firmware for stolen memory; BDSM is the guest's where the generation is known."""
    if gen != igd.UNKNOWN_GEN:
        given.registers.append(bdsm(gen))
        given.own_bdsm = True
        given.stolen = offered.bdsm_size
    given.files[BDSM_SIZE_FILE] = given.stolen.to_bytes(8, "little")


def answer_ggc(given: Assignment, gmch: int) -> None:
    """A read-only copy of GGC."""
    given.registers.append(Register(igd.GMCH, 4, value=gmch))
    given.ggc = gmch & 0xFFFF


def dress_bridges(given: Assignment, device: Device) -> None:
    """Both bridges get the host's ids; where there is none at 00:1f.0 one is made."""
    given.lpc = (0, 0) if device.lpc_slot == "free" else None  # its ids are the host's
    given.copies = dict(COPIES)
