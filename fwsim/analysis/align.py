"""Two sequences of events are matched: at anchors that both have once, then by Myers' algorithm.

Linear in what the runs share; where they differ for long, the best way found so far is taken and gone on from.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.native import kept

Keys = NDArray[np.int64]
_SMALL = 4096
"""Elements of a gap that Myers takes as it is; larger ones are cut at anchors first."""
_WINDOWS = (16, 4, 1, 1, 1)
"""Elements in a row that make an anchor, round by round: what comes once by itself is rare in loops."""
_MIX = 0x9E3779B97F4A7C15 - (1 << 64)
_DEPTH = 1024
"""Differences in a row that are looked through for the shortest way."""


def align(a: Keys, b: Keys) -> Keys:
    """For each element of ``a`` the index of the same one in ``b``, rising; -1 where there is none."""
    match = np.full(len(a), -1, np.int64)
    gaps, small = [(0, len(a), 0, len(b))], []
    for window in (*_WINDOWS, 0):
        wider: list[tuple[int, int, int, int]] = []
        for gap in gaps:
            a0, a1, b0, b1 = _trim(a, b, *gap, match)
            if a0 == a1 or b0 == b1:
                continue
            if a1 - a0 + b1 - b0 <= _SMALL or not window:
                small.append((a0, a1, b0, b1))
                continue
            wider += _cut(a, b, (a0, a1, b0, b1), match, window)
        gaps = wider
    if small:
        _shortest(a, b, np.array(small, np.int64), match, np.zeros((_DEPTH + 1, 2 * _DEPTH + 3), np.int32))
    return match


def _cut(a: Keys, b: Keys, gap: tuple[int, int, int, int], match: Keys, window: int) -> list[tuple[int, int, int, int]]:
    """Match what is there once on both sides of the gap, in the longest order both agree on; the gaps between."""
    a0, a1, b0, b1 = gap
    once_a, at_a, count_a = np.unique(_windows(a[a0:a1], window), return_index=True, return_counts=True)
    once_b, at_b, count_b = np.unique(_windows(b[b0:b1], window), return_index=True, return_counts=True)
    once_a, at_a = once_a[count_a == 1], at_a[count_a == 1]
    once_b, at_b = once_b[count_b == 1], at_b[count_b == 1]
    _, in_a, in_b = np.intersect1d(once_a, once_b, assume_unique=True, return_indices=True)
    if not len(in_a):
        return [gap]
    order = np.argsort(at_a[in_a])
    left, right = at_a[in_a][order], at_b[in_b][order]
    kept = _rising(right.astype(np.int64))
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


def _windows(keys: Keys, size: int) -> Keys:
    """A hash of each ``size`` (a power of two) elements in a row; shorter at the end of ``keys``."""
    hashed, width = keys, 1
    while width < size:
        behind = np.zeros_like(hashed)
        behind[: max(0, len(hashed) - width)] = hashed[width:]
        hashed = (hashed ^ hashed >> np.int64(29)) * np.int64(_MIX) + behind
        width *= 2
    return hashed


@kept
def _trim(a: Any, b: Any, a0: int, a1: int, b0: int, b1: int, match: Any) -> Any:
    """Match what is the same at both ends of a gap; what is left of it."""
    while a0 < a1 and b0 < b1 and a[a0] == b[b0]:
        match[a0] = b0
        a0 += 1
        b0 += 1
    while a0 < a1 and b0 < b1 and a[a1 - 1] == b[b1 - 1]:
        a1 -= 1
        b1 -= 1
        match[a1] = b1
    return a0, a1, b0, b1


@kept
def _rising(values: Any) -> Any:
    """Indices of a longest rising subsequence (patience sorting)."""
    count = 0
    tails = np.zeros(len(values), np.int64)
    before = np.full(len(values), -1, np.int64)
    for i in range(len(values)):
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if values[tails[middle]] < values[i]:
                low = middle + 1
            else:
                high = middle
        if low:
            before[i] = tails[low - 1]
        tails[low] = i
        count = max(count, low + 1)
    kept = np.zeros(count, np.int64)
    at = tails[count - 1] if count else -1
    for i in range(count - 1, -1, -1):
        kept[i] = at
        at = before[at]
    return kept


@kept
def _shortest(a: Any, b: Any, gaps: Any, match: Any, trace: Any) -> None:
    """Myers' greedy algorithm (1986) on each gap, ``len(trace)`` - 1 differences deep at a time."""
    reach = np.zeros(trace.shape[1], np.int32)
    for g in range(len(gaps)):
        a0, a1, b0, b1 = gaps[g]
        while a0 < a1 and b0 < b1:
            depth, x, y = _forward(a[a0:a1], b[b0:b1], trace, reach)
            _backward(depth, x, y, trace, match, a0, b0)
            a0 += x
            b0 += y


@kept
def _forward(a: Any, b: Any, trace: Any, reach: Any) -> Any:
    """The least number of differences from the start to the end; where that is too far, to the furthest point."""
    n, m, limit = len(a), len(b), trace.shape[0] - 1
    middle = limit + 1
    reach[:] = 0
    for d in range(limit + 1):
        trace[d, middle - d - 1 : middle + d + 2] = reach[middle - d - 1 : middle + d + 2]
        for k in range(-d, d + 1, 2):
            if k == -d or (k != d and reach[middle + k - 1] < reach[middle + k + 1]):
                x = reach[middle + k + 1]
            else:
                x = reach[middle + k - 1] + 1
            while x < n and x - k < m and a[x] == b[x - k]:
                x += 1
            reach[middle + k] = x
            if x >= n and x - k >= m:
                return d, x, x - k
    best_x = best_y = 0
    for k in range(-limit, limit + 1, 2):
        x = reach[middle + k]
        if x <= n and 0 <= x - k <= m and 2 * x - k > best_x + best_y:
            best_x, best_y = x, x - k
    return limit, best_x, best_y


@kept
def _backward(depth: int, x: int, y: int, trace: Any, match: Any, a0: int, b0: int) -> None:
    """Match what lies on the way that ``_forward`` has found to ``x``, ``y``."""
    middle = trace.shape[0]
    for d in range(depth, -1, -1):
        k = x - y
        down = k == -d or (k != d and trace[d, middle + k - 1] < trace[d, middle + k + 1])
        back = k + 1 if down else k - 1
        before_x = trace[d, middle + back] if d else 0
        before_y = before_x - back if d else 0
        while x > before_x and y > before_y:
            x -= 1
            y -= 1
            match[a0 + x] = b0 + y
        x, y = before_x, before_y
