"""Two sequences of events are matched: at anchors that both have once, then by Myers' algorithm.

Linear in what the runs share; where they differ for long, the best way found so far is taken and gone on from.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.native import address_of, callback, i32s, i64s, native, u32s, u64s

Keys = NDArray[np.int64]
_SMALL = 4096
"""Elements of a gap that Myers takes as it is; larger ones are cut at anchors first."""
_WINDOWS = (16, 4, 1, 1, 1)
"""Elements in a row that make an anchor, round by round: what comes once by itself is rare in loops."""
_MIX = 0x9E3779B97F4A7C15 - (1 << 64)
_DEPTH = 1024
"""Differences in a row that are looked through for the shortest way."""
_WIDTH, _MIDDLE = 2 * _DEPTH + 3, _DEPTH + 1
"""Diagonals that so many differences reach, one more at each end, and which of them is the main one."""


def align(a: Keys, b: Keys) -> Keys:
    """For each element of ``a`` the index of the same one in ``b``, rising; -1 where there is none."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    match = np.full(len(a), -1, np.int64)
    gaps, small = [(0, len(a), 0, len(b))], []
    for window in (*_WINDOWS, 0):
        wider: list[tuple[int, int, int, int]] = []
        for gap in gaps:
            edges = np.array(gap, np.int64)
            _trim(*map(address_of, (a, b, edges, match)))
            a0, a1, b0, b1 = edges.tolist()
            if a0 == a1 or b0 == b1:
                continue
            if a1 - a0 + b1 - b0 <= _SMALL or not window:
                small.append((a0, a1, b0, b1))
                continue
            wider += _cut(a, b, (a0, a1, b0, b1), match, window)
        gaps = wider
    if small:
        room, table = np.zeros((_DEPTH + 2, _WIDTH), np.int32), np.array(small, np.int64)
        _shortest(*map(address_of, (a, b, table)), len(table), address_of(match), address_of(room))
    return match


def _cut(a: Keys, b: Keys, gap: tuple[int, int, int, int], match: Keys, window: int) -> list[tuple[int, int, int, int]]:
    """Match what is there once on both sides of the gap, in the longest order both agree on; the gaps between."""
    a0, a1, b0, b1 = gap
    left, right = _anchors(_windows(a[a0:a1], window), _windows(b[b0:b1], window))
    if not len(left):
        return [gap]
    kept = _rising(right)
    left, right = left[kept] + a0, right[kept] + b0
    match[left] = right
    starts_a, starts_b = np.append(a0, left + 1), np.append(b0, right + 1)
    ends_a, ends_b = np.append(left, a1), np.append(right, b1)
    real = (starts_a < ends_a) & (starts_b < ends_b)
    if not real.any():
        return []
    table = np.stack([starts_a[real], ends_a[real], starts_b[real], ends_b[real]], axis=1)
    found: list[tuple[int, int, int, int]] = [tuple(row) for row in table.tolist()]
    return found


def _anchors(a: Keys, b: Keys) -> tuple[Keys, Keys]:
    """What is there once in ``a`` and once in ``b``, by the order of ``a``: where, in both."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    slots = 1 << (2 * max(len(a), len(b))).bit_length()
    left, right = np.empty(len(a), np.int64), np.empty(len(a), np.int64)
    held = [np.zeros(slots, np.uint32) for _ in range(2)]
    sides = np.array([address_of(a), len(a), address_of(b), len(b)], np.uint64)
    tables = np.array([*map(address_of, held)], np.uint64)
    count = int(_once(address_of(sides), address_of(tables), slots - 1, address_of(left), address_of(right)))
    return left[:count], right[:count]


def _windows(keys: Keys, size: int) -> Keys:
    """A hash of each ``size`` (a power of two) elements in a row; shorter at the end of ``keys``."""
    hashed, width = keys, 1
    while width < size:
        behind = np.zeros_like(hashed)
        behind[: max(0, len(hashed) - width)] = hashed[width:]
        hashed = (hashed ^ hashed >> np.int64(29)) * np.int64(_MIX) + behind
        width *= 2
    return hashed


@native
def _counted(keys: int, count: int, table: int, mask: int) -> None:
    """Put each key into a hash table, of words of 32 bits: 2 * its index + 2, and 1 more where it comes again."""
    words, slots = u64s(keys), u32s(table)
    for each in range(np.uint64(count)):
        slot = _slot(words, words[np.uint64(each)], slots, mask)
        if slots[slot]:
            slots[slot] = np.uint32(slots[slot] | np.uint32(1))
        else:
            slots[slot] = np.uint32(np.uint64(2) * np.uint64(each) + np.uint64(2))


@native
def _slot(words: Any, key: int, slots: Any, mask: int) -> Any:
    """Where ``key`` is in the table, or has its place."""
    mixed = key * np.uint64(0x9E3779B97F4A7C15)
    slot = (mixed ^ (mixed >> np.uint64(32))) & np.uint64(mask)
    while slots[slot] and words[(np.uint64(slots[slot]) >> np.uint64(1)) - np.uint64(1)] != key:
        slot = (slot + np.uint64(1)) & np.uint64(mask)
    return slot


@callback("i64(u64, u64, u64, u64, u64)")
def _once(sides: int, tables: int, mask: int, left: int, right: int) -> Any:
    """What is there once in A and once in B, by A's order: indices into ``left`` and ``right``; how many.

    ``sides``: address and number of A's keys, and of B's; ``tables``: two empty hash tables of ``mask`` + 1 words.
    """
    words, table = u64s(sides), u64s(tables)
    _counted(words[0], words[1], table[0], mask)
    _counted(words[2], words[3], table[1], mask)
    keys, others, slots, partners = u64s(words[0]), u64s(words[2]), u32s(table[0]), u32s(table[1])
    found = np.uint64(0)
    for each in range(words[1]):
        index = np.uint64(each)
        held = slots[_slot(keys, keys[index], slots, mask)]
        if np.uint64(held) != np.uint64(2) * index + np.uint64(2):
            continue  # it comes again
        partner = partners[_slot(others, keys[index], partners, mask)]
        if partner and not partner & np.uint32(1):
            u64s(left)[found] = index
            u64s(right)[found] = (np.uint64(partner) >> np.uint64(1)) - np.uint64(1)
            found += np.uint64(1)
    return np.int64(found)


@callback("void(u64, u64, u64, u64)")
def _trim(a: Any, b: Any, gap: Any, match: Any) -> None:
    """Match what is the same at both ends of a ``gap`` (int64[4], which becomes what is left of it)."""
    left, right, edges, matched = i64s(a), i64s(b), i64s(gap), i64s(match)
    a0, a1, b0, b1 = edges[0], edges[1], edges[2], edges[3]
    while a0 < a1 and b0 < b1 and left[a0] == right[b0]:
        matched[a0] = b0
        a0 += 1
        b0 += 1
    while a0 < a1 and b0 < b1 and left[a1 - 1] == right[b1 - 1]:
        a1 -= 1
        b1 -= 1
        matched[a1] = b1
    edges[0], edges[1], edges[2], edges[3] = a0, a1, b0, b1


@callback("i64(u64, i64, u64, u64, u64)")
def _longest_rising(numbers: Any, total: Any, last: Any, earlier: Any, found: Any) -> Any:
    """Indices of a longest rising subsequence (patience sorting) into ``found``; how many.

    ``last``, ``earlier`` and ``found`` are int64[total]: room to work in, and for the result.
    """
    values, tails, before, kept = i64s(numbers), i64s(last), i64s(earlier), i64s(found)
    count = 0
    for i in range(total):
        low, high = 0, count
        while low < high:
            middle = (low + high) >> 1
            if values[tails[middle]] < values[i]:
                low = middle + 1
            else:
                high = middle
        before[i] = tails[low - 1] if low else -1
        tails[low] = i
        count = max(count, low + 1)
    at = tails[count - 1] if count else -1
    for i in range(count - 1, -1, -1):
        kept[i] = at
        at = before[at]
    return count


def _rising(values: Keys) -> Keys:
    """Indices of a longest rising subsequence."""
    last, earlier, found = (np.zeros(len(values), np.int64) for _ in range(3))
    count = _longest_rising(address_of(values), len(values), *map(address_of, (last, earlier, found)))
    return found[: int(count)]


@callback("void(u64, u64, u64, i64, u64, u64)")
def _shortest(a: Any, b: Any, gaps: Any, count: Any, match: Any, room: Any) -> None:
    """Myers' greedy algorithm (1986) on each of ``count`` gaps (int64[4]), _DEPTH differences deep at a time.

    ``room`` is int32[_DEPTH + 2][_WIDTH], all zeros.
    """
    left, right, edges, matched, trace = i64s(a), i64s(b), i64s(gaps), i64s(match), i32s(room)
    for g in range(count):
        a0, a1, b0, b1 = edges[4 * g], edges[4 * g + 1], edges[4 * g + 2], edges[4 * g + 3]
        while a0 < a1 and b0 < b1:
            depth, x, y = _forward(left, right, a0, a1, b0, b1, trace)
            _backward(depth, x, y, trace, matched, a0, b0)
            a0 += x
            b0 += y


@native
def _forward(left: Any, right: Any, a0: Any, a1: Any, b0: Any, b1: Any, trace: Any) -> Any:
    """The least number of differences from the start to the end; where that is too far, to the furthest point.

    Row d of ``trace`` becomes how far each diagonal reaches after d - 1 differences; the last row has it as it stands.
    """
    n, m = a1 - a0, b1 - b0
    reach = (_DEPTH + 1) * _WIDTH
    for at in range(reach, reach + _WIDTH):
        trace[at] = 0
    for d in range(_DEPTH + 1):
        for at in range(_MIDDLE - d - 1, _MIDDLE + d + 2):
            trace[d * _WIDTH + at] = trace[reach + at]
        for k in range(-d, d + 1, 2):
            below, above = np.int64(trace[reach + _MIDDLE + k - 1]), np.int64(trace[reach + _MIDDLE + k + 1])
            x = above if k == -d or (k != d and below < above) else below + 1
            while x < n and x - k < m and left[a0 + x] == right[b0 + x - k]:
                x += 1
            trace[reach + _MIDDLE + k] = np.int32(x)
            if x >= n and x - k >= m:
                return d, x, x - k
    best_x, best_y = np.int64(0), np.int64(0)
    for k in range(-_DEPTH, _DEPTH + 1, 2):
        x = np.int64(trace[reach + _MIDDLE + k])
        if x <= n and 0 <= x - k <= m and 2 * x - k > best_x + best_y:
            best_x, best_y = x, x - k
    return _DEPTH, best_x, best_y


@native
def _backward(depth: Any, x: Any, y: Any, trace: Any, matched: Any, a0: Any, b0: Any) -> None:
    """Match what lies on the way that ``_forward`` has found to ``x``, ``y``."""
    for d in range(depth, -1, -1):
        k = x - y
        row = d * _WIDTH + _MIDDLE
        down = k == -d or (k != d and trace[row + k - 1] < trace[row + k + 1])
        back = k + 1 if down else k - 1
        before_x = np.int64(trace[row + back]) if d else 0
        before_y = before_x - back if d else 0
        while x > before_x and y > before_y:
            x -= 1
            y -= 1
            matched[a0 + x] = b0 + y
        x, y = before_x, before_y
