"""QEMU 10.0, but GTT entries that point into the host's stolen memory go to one page of the guest's.

No DMAR flood and no corruption: the screen shows one page over and over. The option ``page`` chooses it.
"""

import ctypes
from collections.abc import Callable

from fwsim.hypervisor.interface import Assignment, Choice, Device, GttPolicy
from fwsim.hypervisor.qemu.kind import Qemu


class Scratch(Qemu):
    """``scratch``: everything that is not said here is as QEMU does it."""

    kind = "scratch"

    def __init__(self, choice: Choice) -> None:
        """The option ``page`` counts from the guest's BDSM on."""
        super().__init__(choice)
        self.page = int(str(choice.options.get("page", 0)))

    @property
    def story(self) -> str:
        """One sentence."""
        return f"{self.title} with a scratch page stands between: page {self.page} stands in for the host's memory."

    def gtt_policy(self, device: Device, given: Assignment, answer_at: Callable[[int], int]) -> GttPolicy:
        """Judge whole entries, in Python."""
        if given.bdsm is None:
            return GttPolicy()
        host = range(device.bdsm, device.bdsm + device.stolen)
        base = ctypes.c_uint32.from_address(answer_at(given.bdsm.offset))

        def judge(entry: int, offset: int) -> int:
            stray = entry & 1 and entry & ~0xFFF in host
            return (base.value & ~0xFFFFF) + 4096 * self.page | entry & 0xFFF if stray else entry

        return GttPolicy(python=judge, whole=True)
