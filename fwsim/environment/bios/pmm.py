"""The POST memory manager by far call: allocate, find, deallocate (PMM 1.01; SeaBIOS src/pmm.c, src/malloc.c)."""

from collections.abc import Sequence

from msgspec import Struct, field

from fwsim.environment.bios.context import Context
from fwsim.firmware.seabios.zones import DETAIL_SIZE, MIN_ALIGN, Memory, Record, Zone
from fwsim.memory.ranges import U32

UNSUPPORTED = U32
NO_HANDLE = U32
LOW_START, LOW_END = 0x7000, 0x90000
"""What is handed out below 1 MiB: from the stack up to the lowest place of the EBDA."""
_CONVENTIONAL, _EXTENDED, _ALIGNED, _PERMANENT = 1, 2, 4, 8
_RESERVE = (DETAIL_SIZE + MIN_ALIGN - 1) // MIN_ALIGN * MIN_ALIGN


class Given(Struct, frozen=True):
    """One allocation: its address, the zone that it is in, its bookkeeping record's address, its handle."""

    address: int
    high: bool
    detail: int
    handle: int


PmmState = tuple[tuple[tuple[tuple[int, int, int], ...], ...], tuple[Given, ...], tuple[tuple[int, int], ...]]


class Pmm(Struct):
    """What PMM hands out until the boot. ``memory.tmp_high`` is above 1 MiB.

    ``kept`` is (start, size) of permanent memory (flags bit 3), which e820 then has as reserved. SeaBIOS gives it from
    the few hundred KiB of its tables, and what is too large for them from there as well (src/pmm.c, handle_pmm00): here
    it all comes from there, and below 1 MiB there is none.
    """

    low: Zone = field(default_factory=Zone)
    memory: Memory = field(default_factory=Memory)
    given: list[Given] = field(default_factory=list)
    kept: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def over(cls, free: Sequence[tuple[int, int]]) -> "Pmm":
        """With these free ranges (start, end) above 1 MiB, the first to be used first."""
        made = cls()
        made.low.add(LOW_START, LOW_END)
        for start, end in free:
            made.memory.tmp_high.add(start, end)
        return made

    def snapshot(self) -> PmmState:
        """For a snapshot."""
        zones = (self.low, self.memory.tmp_high)
        free = tuple(tuple((r.start, r.end, r.used) for r in zone.records) for zone in zones)
        return free, tuple(self.given), tuple(self.kept)

    def restore(self, state: PmmState) -> None:
        """Go back to it."""
        for zone, rows in zip((self.low, self.memory.tmp_high), state[0], strict=True):
            zone.records = [Record(*row) for row in rows]
        self.given = list(state[1])
        self.kept[:] = state[2]

    def call(self, c: Context) -> int:
        """DX:AX of the call whose words lie on the stack behind the return address."""
        stack = (c.get("ss") << 4) + (c.get("sp") + 4 & 0xFFFF)
        function, first, second = (c.ram.word(stack + at, size) for at, size in ((0, 2), (2, 4), (6, 4)))
        if function == 0:
            return self.allocate(first, second, c.ram.word(stack + 10, 2))
        if function == 1:
            return self.find(first)
        return self.free(first) if function == 2 else UNSUPPORTED

    def allocate(self, paragraphs: int, handle: int, flags: int) -> int:
        """Address of ``paragraphs`` of 16 bytes, 0 where there is none; the largest size in bytes for 0 paragraphs."""
        permanent = bool(flags & _PERMANENT)
        zones = [high for bit, high in ((_CONVENTIONAL, False), (_EXTENDED, True)) if flags & bit and high >= permanent]
        if not paragraphs:
            return max((self._space(high) for high in zones), default=0)
        size = paragraphs * 16 & U32
        if not 0 < size < 1 << 31:
            return 0
        align = size & -size if flags & _ALIGNED else MIN_ALIGN
        for high in zones:
            if address := self._take(high, size, align, handle):
                if permanent:
                    self.kept.append((address, size))
                return address
        return 0

    def _zone(self, high: bool) -> Zone:
        return self.memory.tmp_high if high else self.low

    def _space(self, high: bool) -> int:
        """The longest stretch that is free, but for the bookkeeping of the call that takes it."""
        most = max((record.end - record.start - record.used for record in self._zone(high).records), default=0)
        return max(most - _RESERVE, 0)

    def _take(self, high: bool, size: int, align: int, handle: int) -> int:
        address = self._zone(high).take(size, align)
        if address:
            self.given.append(Given(address, high, self.memory.tmp_high.take(DETAIL_SIZE), handle))
        return address

    def find(self, handle: int) -> int:
        """Address of the first allocation with this handle, 0 for none; FFFFFFFFh names none."""
        return next((each.address for each in self.given if each.handle == handle != NO_HANDLE), 0)

    def free(self, address: int) -> int:
        """0 where ``address`` was given, 1 where not."""
        each = next((each for each in self.given if each.address == address), None)
        if each is None:
            return 1
        self.given.remove(each)
        self._zone(each.high).give_back(each.address)
        if each.detail:
            self.memory.tmp_high.give_back(each.detail)
        return 0
