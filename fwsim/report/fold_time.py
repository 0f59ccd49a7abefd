"""Accesses that only let time pass are known by their ports, and the delays made of them are measured."""

from collections.abc import Iterator

from fwsim.report.fold_pairs import Access
from fwsim.report.fold_step import Step

_READ = 0
_PIT = (0x40, 0x41, 0x42, 0x43, 0x61)
_STATUS = (0x3DA, 0x3BA)
_WAITS = 2
"""Reads from which on it is a delay."""


def timer(access: Access) -> str:
    """The timer that a port access asks: the PIT, the VGA's status, the ACPI PM timer; "" for any other."""
    if access.space != "port":
        return ""
    port = access.address
    if port in _PIT:
        return "PIT"
    if access.op != _READ:
        return ""
    if port in _STATUS:
        return f"VGA status {port:x}h"
    # the PM timer is the dword at PMBASE + 8; no other dword of a PC is read there
    return "PM timer" if access.first[7] == 4 and port % 16 == 8 and port >= 0x400 else ""


class Delay:
    """Consecutive accesses of one timer."""

    def __init__(self, access: Access, what: str) -> None:
        self.first = access
        self.what = what
        self.n = self.reads = 0
        self.last = access
        self.early: list[Access] = []
        self.take(access)

    def take(self, access: Access) -> bool:
        """Count ``access``; False when it is of something else."""
        if timer(access) != self.what:
            return False
        self.n += access.n
        self.reads += access.op == _READ
        self.last = access
        if len(self.early) < 2 * _WAITS:
            self.early.append(access)
        return True

    def few(self) -> list[Access]:
        """The accesses themselves when they are too few for a delay, else none."""
        return self.early if self.reads < _WAITS and self.n == len(self.early) else []

    def steps(self) -> Iterator[Step]:
        """The delay as one step."""
        took = self.last.time_ns - self.first.time_ns
        text = f"delay: {self.what} read {self.reads} times, {duration(took)}"
        yield Step(1, self.first.first, self.n, (text,))


def duration(ns: int) -> str:
    """Virtual time as people say it: 60 us, 1.4 ms, 2.3 s."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns < 1000 * size else f"{ns / size:.0f} {unit}"
    return f"{ns} ns"
