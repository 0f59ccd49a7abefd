"""A guest's stage-2 mappings of the host's BARs, page by page, and what becomes of one that meets another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

PAGE = 0x1000


class Mapping(Struct, frozen=True):
    """``size`` bytes of guest-physical memory at ``guest`` are the host's at ``host``: of ``bar`` of ``sbdf``."""

    guest: int
    host: int
    size: int
    sbdf: int
    bar: int

    @property
    def end(self) -> int:
        """The first guest address behind it."""
        return self.guest + self.size


Changed = Callable[[Mapping, bool], None]


class MapError(Exception):
    """A mapping that the hypervisor refuses: ``errno`` negative, as it returns it; ``said``, what it prints of it."""

    def __init__(self, errno: int, said: str) -> None:
        super().__init__(said)
        self.errno = errno
        self.said = said


class Stage2:
    """The mappings, by guest address, none over another.

    ``changed(mapping, mapped)`` is called for each that comes or goes. A ``restore`` calls nobody: who follows looks
    at ``mappings`` then. ``arm``: a new mapping replaces what was there, RAM too, without a word
    (xen/arch/arm/mmu/p2m.c, __p2m_set_entry); x86's is refused over another device's page, and the domain crashed
    (xen/arch/x86/mm/p2m.c, set_typed_p2m_entry).
    """

    def __init__(self, arm: bool = True, changed: Changed = lambda mapping, mapped: None) -> None:
        self.arm = arm
        self.changed = changed
        self.mappings: tuple[Mapping, ...] = ()

    def map(self, wanted: Mapping) -> None:
        """Add a mapping of whole pages. Raises MapError on x86 where another host page is mapped."""
        for each in _meeting(self.mappings, wanted.guest, wanted.end):
            at = max(each.guest, wanted.guest)
            old, new = (one.host + at - one.guest for one in (each, wanted))
            if not self.arm and old != new:
                raise MapError(-1, f"GFN {at >> 12:#x} ({old >> 12:#x},0,5,7) -> ({new >> 12:#x},0,5,7) not permitted")
        self._take_away(wanted.guest, wanted.size)
        self._put([*self.mappings, wanted])
        self.changed(wanted, True)

    def unmap(self, guest: int, size: int) -> None:
        """Take whole pages away, whosever they are: Arm's p2m_remove_mapping compares the host's page for RAM alone.

        Raises MapError on x86 where one is not there (clear_mmio_p2m_entry).
        """
        at = guest
        for each in () if self.arm else (*_meeting(self.mappings, guest, guest + size), None):
            if at < guest + size and (each is None or each.guest > at):
                raise MapError(-22, f"gfn_to_mfn failed! gfn={at >> 12:08x} type:4")
            at = each.end if each else at
        self._take_away(guest, size)

    def _take_away(self, guest: int, size: int) -> None:
        kept: list[Mapping] = []
        gone: list[Mapping] = []
        for each in self.mappings:
            if each.end <= guest or each.guest >= guest + size:
                kept.append(each)
                continue
            first, end = max(each.guest, guest), min(each.end, guest + size)
            gone.append(_part(each, first, end))
            kept.extend(_part(each, *piece) for piece in ((each.guest, first), (end, each.end)) if piece[0] < piece[1])
        self._put(kept)
        for each in gone:
            self.changed(each, False)

    def at(self, guest: int) -> Mapping | None:
        """The mapping that has this guest-physical address; None where there is none."""
        return next(iter(_meeting(self.mappings, guest, guest + 1)), None)

    def _put(self, mappings: Sequence[Mapping]) -> None:
        self.mappings = tuple(sorted(mappings, key=lambda each: each.guest))

    def state(self) -> tuple[Mapping, ...]:
        """What a snapshot keeps."""
        return self.mappings

    def restore(self, state: tuple[Mapping, ...]) -> None:
        """Go back to it."""
        self.mappings = state


def _meeting(mappings: Sequence[Mapping], start: int, end: int) -> list[Mapping]:
    return [each for each in mappings if each.guest < end and each.end > start]


def _part(whole: Mapping, first: int, end: int) -> Mapping:
    return replace(whole, guest=first, host=whole.host + first - whole.guest, size=end - first)
