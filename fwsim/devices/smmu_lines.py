"""Arm's IOMMU, the SMMU, refuses a device's DMA, and the hypervisor's console tells of it.

Words: Xen c447b7308b, xen/drivers/passthrough/arm/smmu.c (arm_smmu_context_fault, dev_print) and smmu-v3.c
(arm_smmu_evtq_tasklet). Numbers: Arm SMMU architecture specification 2, IHI 0062 (FSR, FSYNR0), and 3, IHI 0070 (7.3,
event records, F_TRANSLATION). Xen's dev_err_ratelimited is its dev_err, and a release of this Xen prints every line of
its own, up to INFO (xen/drivers/char/console.c): what limits the lines is the hardware. An SMMUv2 keeps one fault of a
context bank until the handler has been there, and says by MULTI that there were more; an SMMUv3 has a queue.

Linux's words for the same: v2 "arm-smmu 2b500000.iommu: Unhandled context fault: fsr=0x402, iova=0x80000000,
fsynr=0x2, cbfrsynra=0x800, cb=1", limited to 10 in 5 s; v3 "arm-smmu-v3 2b400000.iommu: event 0x10 received:" and the
four words each behind a tab, as Xen's, limited alike (drivers/iommu/arm/arm-smmu/arm-smmu.c, arm-smmu-v3/).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Style = Literal["v2", "v3"]

NAMES: dict[Style, str] = {"v2": "/iommu@2b500000", "v3": "/iommu@2b400000"}
"""The host's device tree names it so: Juno's SMMU before its PCI Express host bridge, the Base FVP's SMMUv3."""
FSR_TRANSLATION, FSR_AARCH64, FSR_MULTIPLE = 1 << 1, 2 << 9, 1 << 31
"""A translation fault; the context bank's tables are AArch64's (FORMAT); more than one since it was last cleared."""
FSYNR_WRITE = 1 << 4
LEVEL = 2
"""The level of stage 2 whose entry is not there: RAM is in the same GiB as a rule. Assumed, as the tables are not
modelled."""
CONTEXT_BANK = 1
"""The guest's: bank 0 is the control domain's, whose devices were there first. Assumed."""
EVENT_TRANSLATION = 0x10
_STAGE2, _INPUT, _READ = 1 << 39, 2 << 40, 1 << 35
_PAGE = 0xFFF
QUEUE = 128
"""Entries of an SMMUv3's event queue; how many is the hardware's (IDR1.EVENTQS)."""
LATENCY_NS = 10_000
"""From the interrupt to the handler, as of the VT-d unit here."""
_OVERFLOW = "EVTQ overflow detected -- events lost"


class _Fault(NamedTuple):
    """One refused access: stream id, bus address, direction."""

    stream: int
    address: int
    write: bool


class SmmuState(NamedTuple):
    """What a snapshot of a ``Smmu`` keeps."""

    faults: int
    recorded: int
    waiting: tuple[_Fault, ...]
    missed: bool
    due: int
    told: tuple[str, ...]
    overflowed: bool


class Smmu:
    """One SMMU and its handler in Xen, which runs ``latency_ns`` after the first fault that it was not told of.

    ``faults`` counts refused accesses, ``recorded`` those that the hardware could keep; ``overflowed``: not all.
    ``lines`` is ``xl dmesg`` without times, with what the handler has yet to say. Times never go back.
    """

    def __init__(self, style: Style = "v3", latency_ns: int = LATENCY_NS, queue: int = QUEUE) -> None:
        self.style = style
        self.latency_ns = latency_ns
        self.faults = self.recorded = 0
        self.overflowed = False
        self._room = queue if style == "v3" else 1
        self._waiting: list[_Fault] = []
        self._missed = False
        self._due = 0
        self._told: list[str] = []

    def fault(self, time_ns: int, stream: int, address: int, write: bool) -> None:
        """A DMA of ``stream`` to bus ``address`` leads nowhere at ``time_ns``."""
        if self._waiting and time_ns >= self._due:
            self._told += self._said()
            self._waiting.clear()
            self._missed = False
        self.faults += 1
        if len(self._waiting) >= self._room:
            self._missed = self.overflowed = True
            return
        if not self._waiting:
            self._due = time_ns + self.latency_ns
        self._waiting.append(_Fault(stream, address, write))
        self.recorded += 1

    @property
    def lines(self) -> list[str]:
        """What was said of all faults so far."""
        return self._told + self._said()

    def _said(self) -> list[str]:
        """The handler's lines for what waits."""
        found = [line for each in self._waiting for line in self._lines_of(each)]
        return [*found, self._line(_OVERFLOW)] if self._missed and self.style == "v3" else found

    def _lines_of(self, fault: _Fault) -> list[str]:
        if self.style == "v3":
            words = event_record(fault.stream, fault.address, fault.write)
            return [
                self._line(f"event 0x{words[0] & 0xFF:02x} received:"),
                *(self._line(f"\t0x{word:016x}") for word in words),
            ]
        fsr = FSR_AARCH64 | FSR_TRANSLATION | (FSR_MULTIPLE if self._missed else 0)
        fsynr = LEVEL | (FSYNR_WRITE if fault.write else 0)
        said = f"fsr=0x{fsr:x}, iova=0x{fault.address:08x}, fsynr=0x{fsynr:x}, cb={CONTEXT_BANK}"
        return [self._line(f"Unhandled context fault: {said}")]

    def _line(self, text: str) -> str:
        return f"(XEN) {'SMMUv3' if self.style == 'v3' else 'smmu'}: {NAMES[self.style]}: {text}"

    def snapshot(self) -> SmmuState:
        """Everything that ``restore`` needs."""
        return SmmuState(
            self.faults, self.recorded, tuple(self._waiting), self._missed, self._due, tuple(self._told),
            self.overflowed,
        )  # fmt: skip

    def restore(self, state: SmmuState) -> None:
        """Go back to ``state``, taken of one of the same style."""
        self.faults, self.recorded, self._missed, self._due = state.faults, state.recorded, state.missed, state.due
        self._waiting, self._told, self.overflowed = list(state.waiting), list(state.told), state.overflowed


def event_record(stream: int, address: int, write: bool) -> tuple[int, int, int, int]:
    """An SMMUv3's F_TRANSLATION of stage 2, four words of 64 bits: nothing is mapped at the input address.

    Word 0 has the event and the stream id, without a substream; word 1 direction, stage and class; word 2 the address
    as the device had it, word 3 its page as stage 2 was asked for it.
    """
    return (
        stream << 32 | EVENT_TRANSLATION, _INPUT | _STAGE2 | (0 if write else _READ), address, address & ~_PAGE,
    )  # fmt: skip
