"""A DMA fault goes into a VT-d unit's fault recording registers, and Linux's handler empties them.

Sources: Intel VT-d specification, "Primary Fault Logging"; Linux drivers/iommu/intel/dmar.c, lib/ratelimit.c.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from fwsim.devices.vtd_lines import Fault, Style, status_line

Limit = Literal["none", "interrupt", "record", "line"]

LIMITS: dict[Style, Limit] = {
    "A": "none", "B0": "none", "B": "interrupt", "C": "record", "D0": "record", "D": "record",
    "xen": "line", "xen-4.13": "line", "xen-unstable": "line",
}  # fmt: skip
"""How the kernels of each style limit what they print. dmar_fault of 4.1 and 4.4 prints everything, that of 4.8 decides
once for each interrupt, that of 5.10 and later before each record (and once more before it sees that none is left).
Xen's console decides for each line of a guest's (xen/drivers/char/console.c, guest_loglvl as it is in a release)."""
INTERVAL_NS = 5_000_000_000
"""DEFAULT_RATELIMIT_INTERVAL: five seconds, here without the rounding to the kernel's ticks."""
BURST = 10
"""DEFAULT_RATELIMIT_BURST: what one interval lets through."""
XEN_MS, XEN_BURST = 5_000, 10
"""printk_ratelimit_ms and printk_ratelimit_burst: ten lines at once, then one each five seconds."""
OFFENCES, OFFENCE_NS = 10, 10_000_000
"""PT_FAULT_THRESHOLD of Xen, and how near to the last a fault counts in full."""
READ_REASON, WRITE_REASON = 6, 5
PFO, PPF = 1, 2


class _RateLimit(NamedTuple):
    """The kernel's ratelimit_state: when its window began (-1: not yet), what it still lets through, what not."""

    begin: int = -1
    left: int = BURST
    missed: int = 0


class _Offender(NamedTuple):
    """Xen's count of one device's faults, which a fault more than 10 ms after the last halves, and when that was."""

    faults: int = 0
    last: int = 0
    stopped: bool = False


class VtdState(NamedTuple):
    """What a snapshot of a ``Vtd`` keeps."""

    slots: tuple[Fault | None, ...]
    next: int
    first: int
    overflow: bool
    due: int
    limit: _RateLimit
    faults: int
    recorded: int
    overflowed: bool
    by_reason: dict[str, int]
    lines: tuple[str, ...]
    offender: _Offender


class Vtd:
    """One remapping unit with ``records`` fault recording registers, and the handler of the host's kernel, or Xen's.

    The handler runs ``latency_ns`` after the interrupt, which comes when the first record is pending. ``style`` is the
    wording (A-D, B0, D0, or Xen's); ``limit`` overrides how such a kernel limits its lines. Fault times never go back.

    ``faults`` counts all of them, ``recorded`` those that found a free register, ``overflowed`` whether one did not;
    ``by_reason`` counts all by decimal reason; ``lines`` is dmesg without its time stamps, or ``xl dmesg``.
    """

    def __init__(
        self, style: Style = "D", records: int = 8, latency_ns: int = 10_000, limit: Limit | None = None
    ) -> None:
        self.style = style
        self.latency_ns = latency_ns
        self.limit = limit or LIMITS[style]
        self._slots: list[Fault | None] = [None] * records
        self._next = 0
        self._first = 0
        self._overflow = False
        self._due = -1
        self._rate = _RateLimit(0, XEN_MS * XEN_BURST) if self.limit == "line" else _RateLimit()
        self._offender = _Offender()
        self.faults = 0
        self.recorded = 0
        self.overflowed = False
        self.by_reason: dict[str, int] = {}
        self.lines: list[str] = []

    @property
    def fsts(self) -> int:
        """The fault status register now: overflow (bit 0), pending (bit 1), first pending record (bits 15:8)."""
        return self._first << 8 | (PPF if self._pending else 0) | (PFO if self._overflow else 0)

    @property
    def stops_device(self) -> bool:
        """Whether the handler has turned bus mastering off: Xen does at the tenth fault (pci_check_disable_device)."""
        return self._offender.stopped

    @property
    def _pending(self) -> bool:
        """PPF: some record's F bit is set. Records fill in order, so the one at FRI tells."""
        return self._slots[self._first] is not None

    def fault(self, time_ns: int, source: int, address: int, read: bool, reason: int | None = None) -> None:
        """A DMA of ``source`` (bus<<8 | devfn) to bus ``address`` is refused at ``time_ns``.

        ``reason`` defaults to 6 for a read, 5 for a write: the page is not mapped for it.
        """
        if 0 <= self._due <= time_ns:
            self._handle(self._due)
        if reason is None:
            reason = READ_REASON if read else WRITE_REASON
        self.faults += 1
        key = str(reason)
        self.by_reason[key] = self.by_reason.get(key, 0) + 1
        if self._overflow:
            return  # discarded until software clears PFO
        if self._slots[self._next] is not None:
            self._overflow = self.overflowed = True
            return
        if not self._pending:
            self._first = self._next
            self._due = time_ns + self.latency_ns
        self._slots[self._next] = Fault(source, address & ~0xFFF, reason, read)
        self._next = (self._next + 1) % len(self._slots)
        self.recorded += 1
        if not self.latency_ns:
            self._handle(time_ns)

    def finish(self) -> None:
        """Let a pending handler run, and print what was suppressed.

        The kernel prints that count with the first fault after the window; at the end of a run it is printed here, so
        that it is not lost.
        """
        if self._due >= 0:
            self._handle(self._due)
        self._tell_missed()

    def _handle(self, now: int) -> None:
        """dmar_fault: print the status, then walk, print and clear the records from the first pending one on.

        Xen's __do_iommu_page_fault walks them likewise, without the status.
        """
        xen = self.limit == "line"
        loud = not xen and (self.limit == "none" or self._passes(now))
        if loud:
            self.lines.append(status_line(self.fsts, self.style))
        index = self._first
        while True:
            if self.limit == "record":
                loud = self._passes(now)
            record = self._slots[index]
            if record is None:
                break
            if loud:
                self.lines += record.lines(self.style)
            elif xen:
                for line in record.lines(self.style):
                    if self._passes_line(now // 1_000_000):
                        self.lines.append(line)
                self._count(now)
            self._slots[index] = None
            index = (index + 1) % len(self._slots)
        self._overflow = False
        self._due = -1

    def _passes(self, now: int) -> bool:
        """Linux's ___ratelimit: whether one more message may be printed at ``now``."""
        begin, left, missed = self._rate
        if begin < 0:
            begin = now
        if now > begin + INTERVAL_NS:
            self._tell_missed()
            begin, left, missed = now, BURST, 0
        passes = left > 0
        self._rate = _RateLimit(begin, left - passes, missed + (not passes))
        return passes

    def _passes_line(self, now_ms: int) -> bool:
        """Xen's __printk_ratelimit: a token each millisecond, a line costs ``XEN_MS`` of them."""
        last, tokens, missed = self._rate
        tokens = min(tokens + now_ms - last, XEN_MS * XEN_BURST)
        passes = tokens >= XEN_MS
        self._rate = _RateLimit(now_ms, tokens - XEN_MS * passes, missed + (not passes))
        if passes:
            self._tell_missed()
        return passes

    def _count(self, now: int) -> None:
        """Xen's pci_check_disable_device."""
        count, last, stopped = self._offender
        count = (count >> 1 if now - last > OFFENCE_NS else count) + 1
        self._offender = _Offender(count, now, stopped or count >= OFFENCES)

    def _tell_missed(self) -> None:
        if self._rate.missed:
            missed = self._rate.missed
            xen = self.limit == "line"
            told = f"(XEN) printk: {missed} messages" if xen else f"dmar_fault: {missed} callbacks"
            self.lines.append(f"{told} suppressed" + "." * xen)
            self._rate = self._rate._replace(missed=0)

    def snapshot(self) -> VtdState:
        """Everything that ``restore`` needs."""
        return VtdState(
            tuple(self._slots), self._next, self._first, self._overflow, self._due, self._rate, self.faults,
            self.recorded, self.overflowed, dict(self.by_reason), tuple(self.lines), self._offender,
        )  # fmt: skip

    def restore(self, state: VtdState) -> None:
        """Go back to ``state``, taken of a unit with as many records."""
        self._slots, self._next, self._first = list(state.slots), state.next, state.first
        self._overflow, self._due, self._rate = state.overflow, state.due, state.limit
        self.faults, self.recorded, self.overflowed = state.faults, state.recorded, state.overflowed
        self.by_reason, self.lines, self._offender = dict(state.by_reason), list(state.lines), state.offender
