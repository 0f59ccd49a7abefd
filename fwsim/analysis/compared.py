"""What of a run's events is compared with another's is found natively, in one pass: waits and delay loops folded.

Left out are the timer's ticks, DMA faults, and the index half of an index/data pair. Of a few reads that come again and
again with the same answers one round is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.environment.wait.waiting import CLOCK_PORTS
from fwsim.native import address_of, callback, native, place, u8s, u16s, u64s
from fwsim.trace.event import EVENT, Actor, Flag, Op, Space

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]
Keys = NDArray[np.uint64]
PERIODS = 12
"""Accesses that one round of a wait is made of, at most."""
_DELAYS = (0x80, 0xE0, 0xED, 0x500)
"""Ports that are written for the time it takes."""
_LINES, _FRAMES, _PIPE, _PIPES = 0x70000, 0x40, 0x1000, 3
"""Scan line counter of pipe A, from there to its frame counter and to the next pipe (Intel PRM: PIPEDSL, PIPE_FRMCNT);
PM timers are found by their port.
"""
_PM_TIMERS = (0x408, 0x608, 0xB008, 0x1808)
_RECENT = 1 << 16
_CHUNK = 1 << 18
_SIZE = EVENT.itemsize
_IP, _ADDRESS, _VALUE, _AUX = (place(EVENT, name) for name in ("ip", "address", "value", "aux"))
_CS, _FLAGS = (place(EVENT, name) for name in ("cs", "flags"))
_ACTOR, _SPACE, _OP, _WIDTH = (place(EVENT, name) for name in ("actor", "space", "op", "width"))
_CLOCK, _DELAY = 1, 2
_PORT, _MMIO, _IOMMU, _INTERRUPT = int(Space.PORT), int(Space.MMIO), int(Space.IOMMU), int(Space.INTERRUPT)
_READ, _WRITE, _ROM, _INDEXED = int(Op.READ), int(Op.WRITE), int(Actor.ROM), int(Flag.INDEXED)


@native
def _mixed(key: Any) -> Any:
    key = key * np.uint64(0x9E3779B97F4A7C15)
    return key ^ (key >> np.uint64(31))


@native
def _key(at: int, by_place: bool) -> Any:
    """What an event did, whatever the value: who, where in the code, in which space, how, at which address."""
    wide, byte = u64s(at), u8s(at)
    kind = (np.uint64(byte[_ACTOR]) << np.uint64(24)) | (np.uint64(byte[_SPACE]) << np.uint64(16))
    kind |= (np.uint64(byte[_OP]) << np.uint64(8)) | np.uint64(byte[_WIDTH])
    key = _mixed(kind) ^ wide[_ADDRESS]
    if by_place:
        key = _mixed(key) ^ ((np.uint64(u16s(at)[_CS]) << np.uint64(40)) ^ wide[_IP])
    return _mixed(key)


@native
def _port_is(at: int, ports: int, what: int) -> Any:
    """Whether an event is of a port that the table ``ports`` marks with ``what``."""
    port = u64s(at)[_ADDRESS]
    return u8s(at)[_SPACE] == _PORT and port < np.uint64(1 << 16) and u8s(ports)[port] & what != 0


@native
def _is_clock(at: int, ports: int) -> Any:
    """Whether an event is a read of a clock: what it says is no difference."""
    if u8s(at)[_OP] != _READ:
        return False
    address = u64s(at)[_ADDRESS]
    if u8s(at)[_SPACE] == _MMIO:
        for pipe in range(_PIPES):
            line = np.uint64(_LINES + _PIPE * pipe)
            if address == line or address == line + np.uint64(_FRAMES):
                return True
    return _port_is(at, ports, _CLOCK)


@native
def _is_dropped(at: int, last: bool) -> Any:
    """Whether an event is not compared."""
    wide, byte = u64s(at), u8s(at)
    space, address = byte[_SPACE], wide[_ADDRESS]
    if space == _IOMMU:
        return True
    if space == _INTERRUPT:
        return address == np.uint64(0x08) or address == np.uint64(0x1C)
    if space != _PORT or byte[_OP] != _WRITE:
        return False
    if address >= np.uint64(0xCF8) and address < np.uint64(0xCFC):
        return True
    behind = np.uint64(at) + np.uint64(_SIZE)
    index = wide[_VALUE] & np.uint64(0xFFFFFFFC)
    return not last and u16s(behind)[_FLAGS] & _INDEXED != 0 and index == u64s(behind)[_ADDRESS]


@callback("i64(u64, u64, u64, u64, u64)")
def _take(events: int, count: int, ports: int, out: int, recent: int) -> Any:
    """What is compared of ``count`` events: their indices, keys by place, keys with the value, and whether they are
    quiet, into the four arrays whose addresses ``out`` has. Behind the fifth: keys of the ROM's own, most of them once;
    ``out[5]`` becomes their number.
    """
    arrays = u64s(out)
    kept, keys, valued = u64s(arrays[0]), u64s(arrays[1]), u64s(arrays[2])
    quiet, own, known = u8s(arrays[3]), u64s(arrays[4]), u64s(recent)
    taken, mine = np.uint64(0), np.uint64(0)
    for number in range(np.uint64(count)):
        at = np.uint64(events) + np.uint64(number) * np.uint64(_SIZE)
        if _is_dropped(at, np.uint64(number) + np.uint64(1) == np.uint64(count)):
            continue
        key = _key(at, True)
        kept[taken], keys[taken] = np.uint64(number), key
        valued[taken] = _mixed(key ^ (np.uint64(0) if _is_clock(at, ports) else u64s(at)[_VALUE]))
        still = u8s(at)[_OP] == _READ or _port_is(at, ports, _DELAY)
        quiet[taken] = np.uint8(1) if still else np.uint8(0)
        taken += np.uint64(1)
        if u8s(at)[_ACTOR] == _ROM:
            slot = key & np.uint64(_RECENT - 1)
            if known[slot] != key:
                known[slot] = key
                own[mine] = key
                mine += np.uint64(1)
    arrays[5] = mine
    return np.int64(taken)


@native
def _whole(length: int, period: int) -> Any:
    return length // period * period


@callback("i64(u64, u64)")
def _fold(out: int, count: int) -> Any:
    """Drop the rounds of waits but one from the first four arrays of ``_take``, in place; how many are left."""
    arrays = u64s(out)
    kept, keys, valued, quiet = u64s(arrays[0]), u64s(arrays[1]), u64s(arrays[2]), u8s(arrays[3])
    left = np.uint64(count)
    for period in range(1, PERIODS + 1):
        far = np.uint64(period)
        if left <= far:
            break
        at = put = np.uint64(0)
        while at < left:
            end = at
            while end + far < left and valued[end] == valued[end + far] and quiet[end] & quiet[end + far]:
                end += np.uint64(1)
            begin = at + np.uint64(_whole(end - at, far))  # the whole rounds before it are dropped
            at = max(end, at + np.uint64(1))
            for each in range(begin, at):
                kept[put], keys[put], valued[put], quiet[put] = kept[each], keys[each], valued[each], quiet[each]
                put += np.uint64(1)
        left = put
    return np.int64(left)


@callback("void(u64, u64, u64, u64)")
def _anywhere(events: int, kept: int, count: int, keys: int) -> None:
    """The keys of the ``kept`` events without their places in the code."""
    for each in range(np.uint64(count)):
        u64s(keys)[each] = _key(np.uint64(events) + u64s(kept)[each] * np.uint64(_SIZE), False)


@callback("i64(u64, u64, u64, u64, u64)")
def _differ(sides: int, match: int, count: int, ports: int, out: int) -> Any:
    """The first ``count`` events that are compared of a run whose partners have other values, but for clocks and bits
    of port 61h that are only read and written back (the clock in bits 4 and 5); how many.

    ``sides``: the addresses of A's events and indices, and of B's.
    """
    words, partners, found = u64s(sides), u64s(match), u64s(out)
    others = np.uint64(0)
    for each in range(np.uint64(count)):
        partner = partners[each]
        if np.int64(partner) < 0:
            continue
        a = words[0] + u64s(words[1])[each] * np.uint64(_SIZE)
        b = words[2] + u64s(words[3])[partner] * np.uint64(_SIZE)
        changed = u64s(a)[_VALUE] ^ u64s(b)[_VALUE]
        written = u8s(a)[_OP] == _WRITE
        if changed == np.uint64(0) and not (written and u64s(a)[_AUX] != u64s(b)[_AUX]):
            continue
        speaker = written and u8s(a)[_SPACE] == _PORT and u64s(a)[_ADDRESS] == np.uint64(0x61)
        if _is_clock(a, ports) or (speaker and changed & np.uint64(0xF) == np.uint64(0)):
            continue
        found[others] = np.uint64(each)
        others += np.uint64(1)
    return np.int64(others)


def _ports() -> NDArray[np.uint8]:
    table = np.zeros(1 << 16, np.uint8)
    table[[*CLOCK_PORTS, *_PM_TIMERS]] = _CLOCK
    table[list(_DELAYS)] |= _DELAY
    return table


@dataclass
class Compared:
    """A run's events as they are compared: ``kept`` are the indices, ``keys`` what each did, ``quiet`` whether a wait
    can be made of it; ``folded`` so many were left out as repetition.
    """

    events: NDArray[np.void]
    kept: Indices
    keys: Keys
    quiet: Mask
    folded: int
    own: Keys
    """What the ROM did, each once."""

    def __len__(self) -> int:
        return len(self.kept)

    def at(self, which: Any) -> NDArray[np.void]:
        """Some of the events: an index, a slice or a mask of those compared."""
        found: NDArray[np.void] = self.events[self.kept[which]]
        return found


def compared(events: NDArray[np.void]) -> Compared:
    """What of ``events`` is compared; ``keys`` tell instructions apart."""
    events = np.ascontiguousarray(events)
    count, ports = len(events), _ports()
    kept, keys, valued, own = (np.empty(count, np.uint64) for _ in range(4))
    quiet = np.empty(count, np.uint8)
    out = np.array([*(address_of(each) for each in (kept, keys, valued, own)), 0, 0], np.uint64)
    out[3], out[4] = address_of(quiet), out[3]
    recent = np.zeros(_RECENT, np.uint64)
    taken = int(_take(address_of(events), count, address_of(ports), address_of(out), address_of(recent)))
    left = int(_fold(address_of(out), taken))
    return Compared(events, kept[:left].view(np.int64), keys[:left], quiet[:left].view(np.bool_), taken - left,
                    np.unique(own[: int(out[5])]))  # fmt: skip


def anywhere(side: Compared) -> None:
    """Make its keys the same for instructions that did the same: where two runs' code lies elsewhere."""
    _anywhere(address_of(side.events), address_of(side.kept), len(side), address_of(side.keys))


def other_values(a: Compared, b: Compared, match: Indices) -> Indices:
    """Which events of ``a`` have other values than their partners in ``b``."""
    sides = np.array([address_of(each) for each in (a.events, a.kept, b.events, b.kept)], np.uint64)
    found, ports = np.empty(len(a), np.int64), _ports()
    count = _differ(address_of(sides), address_of(match), len(a), address_of(ports), address_of(found))
    return found[: int(count)]
