"""A row is one place where a guest may meet an address of its host, and what is said of it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from fwsim.analysis.leaks_trace import Flow, Read
from fwsim.registers.host_addresses import Reader

Verdict = Literal["passes", "hides", "traps", "patches", "same", "own", "size", "foreign"]
"""passes: the guest reads the host's address; hides, traps, patches: the hypervisor answers with the guest's own, from
configuration it emulates, from a trap on BAR0, or in an image it changed; same: the host's address is the guest's own
as well; own: this is the host; size: passes, but holds sizes; foreign: no
address of this host's, but of the machine that the image was read on."""
PAGE = 0xFFFFF000
"""The bits of a dword that say which page it names."""


class Leak(Struct, frozen=True):
    """One place. ``host`` is the host's register, ``guest`` what the guest reads; ``address`` the host's, mask applied.

    ``path``: how it is reached: config, BAR0, I/O BAR, OpRegion, ROM, GTT. ``reads`` are those the ROM made.
    """

    where: str
    path: str
    register: str
    holds: str
    host: int
    guest: int
    verdict: Verdict
    note: str = ""
    readers: tuple[Reader, ...] = ()
    source: str = ""
    function: int = 0
    offset: int = 0
    width: int = 4
    reads: tuple[Read, ...] = ()
    flows: tuple[Flow, ...] = ()
    also: str = ""
    """Another path that gives the same: I/O BAR."""


class Leaks(Struct):
    """Everything found. Ranges are (first, end); ``unset`` registers are there, but hold no address in this model."""

    name: str
    cpu: str
    generation: int
    hypervisor: str
    host_stolen: tuple[int, int]
    guest_stolen: tuple[int, int]
    host_opregion: int
    guest_opregion: int
    leaks: list[Leak] = field(default_factory=list)
    unset: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    on_host: bool = False
    """There is no guest: each address is the host's own."""

    @property
    def passing(self) -> list[Leak]:
        """What gets through: a host's address that is not the guest's own."""
        return [leak for leak in self.leaks if leak.verdict == "passes"]
