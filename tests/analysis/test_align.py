"""The alignment is a longest common subsequence, and quick where sequences are long."""

import numpy as np
import pytest

from fwsim.analysis.align import align


def longest(a, b):
    """Length of the longest common subsequence, by the textbook's table."""
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            table[i + 1, j + 1] = table[i, j] + 1 if left == right else max(table[i, j + 1], table[i + 1, j])
    return int(table[-1, -1])


def sound(a, b, match):
    found = match >= 0
    assert (a[found] == b[match[found]]).all()
    assert (np.diff(match[found]) > 0).all()
    return int(found.sum())


@pytest.mark.parametrize("letters", [1, 2, 4, 12])
def test_short_sequences_are_matched_as_the_textbook_does(letters):
    numbers = np.random.default_rng(letters)
    for _ in range(60):
        a, b = (numbers.integers(0, letters, numbers.integers(0, 24)) for _ in range(2))
        assert sound(a, b, align(a, b)) == longest(a, b)


def test_long_sequences_with_a_long_insertion_and_many_losses():
    numbers = np.random.default_rng(1)
    a = numbers.integers(0, 3000, 300_000)
    b = np.insert(np.delete(a, numbers.integers(0, len(a), 900)), 120_000, numbers.integers(0, 3000, 30_000))
    assert sound(a, b, align(a, b)) >= len(a) - 1200


def test_unrelated_sequences_come_to_an_end():
    numbers = np.random.default_rng(2)
    a, b = (numbers.integers(0, 300, 100_000) for _ in range(2))
    assert sound(a, b, align(a, b))
