"""fwsim's own trap layer: QEMU 10.2's emulation, and each GTT entry judged by where it points."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from fwsim.exactness import Known
from fwsim.firmware.request import Function
from fwsim.hypervisor.interface import Assignment, Choice, Device, GttPolicy, Hypervisor, Register, Remedy
from fwsim.hypervisor.qemu.kind import Qemu

_BESIDE = "10.2"
"""The QEMU release whose emulation it has."""


class Ranged(Hypervisor):
    """``ranged``: moves an entry to the guest's stolen memory if and only if it points into the host's."""

    kind = "ranged"
    mode = Qemu.mode
    guest_reset = Qemu.guest_reset
    remedies = (
        Remedy('the trap layer (hypervisor.kind = "ranged") moves an entry that lies in the host\'s stolen memory'),
    )

    def __init__(self, choice: Choice) -> None:
        """The profile counts for nothing here."""
        super().__init__(choice)
        self._qemu = Qemu(replace(choice, kind="qemu", profile=_BESIDE))

    @property
    def known(self) -> Known:
        """It is a design of ours: what it does is its definition."""
        return Known("assumed", "a design of fwsim's own; what else the guest gets is QEMU's")

    @property
    def story(self) -> str:
        """One sentence."""
        return (
            "fwsim's trap layer stands between. It moves a GTT entry to the guest's stolen memory if, and only if, it "
            "points into the host's."
        )

    @property
    def qemu_release(self) -> tuple[int, ...]:
        """10.2's."""
        return self._qemu.qemu_release

    @property
    def vapic(self) -> bool:
        """As with QEMU."""
        return self._qemu.vapic

    def assign(self, device: Device) -> Assignment:
        """As QEMU 10.2 does."""
        return self._qemu.assign(device)

    def gtt_policy(self, device: Device, given: Assignment, answer_at: Callable[[int], int]) -> GttPolicy:
        """Whole entries, whichever way they are written."""
        import numpy as np

        from fwsim.hypervisor import ranged_move as native

        words, bdsm = np.zeros(native.MOVE_WORDS, np.uint64), given.bdsm
        words[native.M_HOST_BASE] = device.bdsm & ~0xFFFFF
        words[native.M_HOST_SIZE] = device.stolen
        words[native.M_GUEST_SIZE] = given.stolen
        if bdsm is not None:
            words[native.M_BDSM_AT] = answer_at(bdsm.offset)
            words[native.M_BDSM_WIDE] = bdsm.width == 8
        return GttPolicy(write=native.move.address, whole=True, words=words)

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """As QEMU's vfio-pci."""
        return self._qemu.registers(device, given, function)

    def opregion(self, content: bytes, asls: int) -> bytes:
        """As vfio-pci shows it."""
        return self._qemu.opregion(content, asls)
