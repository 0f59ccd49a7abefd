"""What both generations of QEMU's vfio-igd do with a device alike: registers, mirrors, files, bridges, OpRegion.

Trace lines: QEMU hw/vfio/trace-events, the same in 7.2, 10.0.13 and 10.2.2.
"""

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
_BDSM_MIRROR, GGC_MIRROR = 0x1080C0, Overlay(0x108040, 2, igd.GMCH, "vfio-igd-ggc-quirk")
NAME = "0000:00:02.0"
"""The device as QEMU's messages and trace lines name it: its address on the host."""


def unsupported(gen: int) -> str:
    """Why a generation has no legacy mode."""
    return f"generation {gen} is not supported"


def storage(offset: int, width: int = 4) -> Register:
    """A register that QEMU answers itself: 0 at reset, what is written is read back."""
    return Register(offset, width, writable=(1 << 8 * width) - 1)


def bdsm(gen: int) -> Register:
    """BDSM as storage, where the generation has it."""
    return storage(igd.BDSM_OLD) if gen < 11 else storage(igd.BDSM_NEW, 8)


def bdsm_mirror(gen: int, name: str = "vfio-igd-bdsm-quirk") -> Overlay:
    """BDSM in BAR0."""
    width, register = (4, igd.BDSM_OLD) if gen < 11 else (8, igd.BDSM_NEW)
    return Overlay(_BDSM_MIRROR, width, register, name)


def trace_read(given: Assignment, offset: int, value: int) -> None:
    """QEMU reads a dword of the device's configuration space for itself."""
    given.traced.append(f"vfio_pci_read_config  ({NAME}, @0x{offset:x}, len=0x4) 0x{value:x}")


def offer_opregion(given: Assignment) -> None:
    """The file for the firmware; ASLS is the guest's."""
    given.opregion = True
    given.registers.append(storage(ASLS))
    trace_opregion(given)


def trace_opregion(given: Assignment) -> None:
    """The OpRegion is among the files."""
    given.traced.append(f"vfio_pci_igd_opregion_enabled {NAME}")


def offer_stolen(given: Assignment, gen: int, offered: igd.Stolen) -> None:
    """The file that asks the firmware for stolen memory; BDSM is the guest's where the generation is known."""
    if gen != igd.UNKNOWN_GEN:
        given.registers.append(bdsm(gen))
        given.own_bdsm = True
        given.stolen = offered.bdsm_size
    given.files[BDSM_SIZE_FILE] = given.stolen.to_bytes(8, "little")
    given.traced.append(f"vfio_pci_igd_bdsm_enabled {NAME} {given.stolen >> 20}MB")


def answer_ggc(given: Assignment, gmch: int) -> None:
    """A read-only copy of GGC."""
    given.registers.append(Register(igd.GMCH, 4, value=gmch))
    given.ggc = gmch & 0xFFFF


def dress_bridges(given: Assignment, device: Device) -> None:
    """Both bridges get the host's ids; where there is none at 00:1f.0 one is made."""
    given.lpc = (0, 0) if device.lpc_slot == "free" else None  # its ids are the host's
    given.copies = dict(COPIES)
    given.traced += [f"vfio_pci_igd_{bridge}_bridge_enabled {NAME}" for bridge in ("lpc", "host")]
