"""What of the q35's chipset Xen emulates itself, and which functions it therefore answers: the designs by name.

Source: xen-devel in March 2018, "[RFC PATCH 07/12] hvmloader: allocate MMCONFIG area in the MMIO hole": I. the device
model keeps the chipset and tells; II. the chipset is Xen's: "we could possibly get away by just emulating PCIEXBAR"
(R. Pau Monné), or MCH and ICH9, for "anything at PMBASE" (A. Gerasimenko). Either may make PCIEXBAR write-once.
"""

from __future__ import annotations

from collections.abc import Sequence

from fwsim.errors import FwsimError
from fwsim.hypervisor.config_space import ConfigBoard, ConfigDesign, Party
from fwsim.hypervisor.interface import HOST_BRIDGE, IGD, LPC_BRIDGE, Device, Register
from fwsim.hypervisor.xen.ioreq import MAX_SERVERS, Ioreq
from fwsim.hypervisor.xen.options import XenOptions

_ICH9 = frozenset((LPC_BRIDGE, 0xFA, 0xFB))
"""The LPC bridge, AHCI and SMBus: all of the q35's 00:1f."""
_PCIEXBAR = range(0x60, 0x68)
_HEADER_END, _END = 0x40, 0x100
_TITLES = {
    "told": "the device model tells Xen of each PCIEXBAR change",
    "outdated": "the device model tells Xen of no PCIEXBAR change",
    "pciexbar": "Xen emulates 00:00.0 with PCIEXBAR alone",
    "mch-ich9": "Xen emulates MCH and ICH9",
}
_FIRST_256 = (
    "QEMU takes configuration requests of the first 256 bytes only",
    "a QEMU whose cpu_ioreq_config goes past PCI_CONFIG_SPACE_SIZE, or the window's MMIO in its native form",
)
_NO_ICH9 = 'nobody has 00:1f.0: no PMBASE, no ACPI power management; chipset = "mch-ich9" has Xen emulate it'
_LOST = {
    "told": ("", ""),
    "outdated": (
        "the device model tells nobody where MMCONFIG is, and has all of it as MMIO of its own",
        "a QEMU whose q35 tells Xen of PCIEXBAR (XEN_DMOP_mmcfg_location_change of the q35 series)",
    ),
    "pciexbar": _FIRST_256, "mch-ich9": _FIRST_256,
}  # fmt: skip
"""Why an access is lost, by design, and what helps."""


def name(options: XenOptions) -> str:
    """The design's: told, outdated, or which chipset is Xen's; "" where nobody asks."""
    return options.chipset if options.config_space == "hypervisor" else options.config_space


def absent(options: XenOptions) -> frozenset[int]:
    """Functions that nobody has: with PCIEXBAR alone there is no ICH9, the device model is without a chipset."""
    return _ICH9 if name(options) == "pciexbar" else frozenset()


def hidden(options: XenOptions) -> Sequence[Register]:
    """Of 00:00.0 what Xen does not emulate: all beyond the header but PCIEXBAR."""
    if name(options) != "pciexbar":
        return ()
    return [Register(at, 4, "hidden") for at in range(_HEADER_END, _END, 4) if at not in _PCIEXBAR]


def design(options: XenOptions, device: Device, board: ConfigBoard) -> ConfigDesign:
    """The servers of ``board`` and who gets what. Raises FwsimError for too many emulators."""
    assert options.config_space
    own = {"pciexbar": {HOST_BRIDGE}, "mch-ich9": {HOST_BRIDGE, LPC_BRIDGE}}.get(name(options), set[int]())
    own |= {seat.bdf for seat in board.seats if options.by_vpci(IGD if seat.bdf == device.devfn else seat.host)}
    router = Ioreq(board, frozenset(own), options.config_space)
    if len(router.servers) > MAX_SERVERS:
        raise FwsimError(
            "too many ioreq servers", where="function", found=f"{len(router.servers)}, the device model's among them",
            expected=f"up to {MAX_SERVERS}: MAX_NR_IOREQ_SERVERS", hint="let emulators share a name in owner",
        )  # fmt: skip
    parties = [Party("Xen", tuple(sorted(own)))]
    parties += [Party(each.name, tuple(sorted(each.functions))) for each in router.servers]
    which = name(options)
    return ConfigDesign(
        which, _TITLES[which], tuple(parties), router, options.config_space != "outdated", options.pciexbar_once,
        *_LOST[which], lacks=_NO_ICH9 if which == "pciexbar" else "",
    )  # fmt: skip
