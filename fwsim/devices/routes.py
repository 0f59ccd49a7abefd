"""Each function answers at a bus number that the bridges above it decide, by the numbers they were given.

Source: PCI-to-PCI Bridge Architecture Specification 1.2, 3.1.2.1: a bridge turns a cycle for its secondary bus into one
for the functions there, passes one for a bus up to its subordinate on, and ignores every other.
"""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

LAST_BUS = 0xFF


class Function(Struct, frozen=True):
    """A function's place: ``devfn`` is device<<3 | function on the bus ``behind`` a bridge's slot; 0: on bus 0."""

    devfn: int
    slot: int
    behind: int


def routed(
    functions: Iterable[Function], bus_numbers: Callable[[int], tuple[int, int] | None]
) -> Iterator[tuple[int, int]]:
    """bus<<8 | devfn and slot of each function that can be reached.

    ``bus_numbers`` gives a bridge's secondary and subordinate bus, None while it forwards nothing. The number must lie
    in the range of every bridge above; where two bridges have the same one, the first on the way has it.
    """
    below: dict[int, list[Function]] = {}
    for function in sorted(functions, key=lambda function: function.devfn):
        below.setdefault(function.behind, []).append(function)
    taken = {0}
    left = [(0, 0, LAST_BUS)]
    while left:
        behind, bus, last = left.pop(0)
        for function in below[behind]:
            yield bus << 8 | function.devfn, function.slot
            numbers = bus_numbers(function.slot) if function.slot in below else None
            if numbers and bus < numbers[0] <= min(numbers[1], last) and numbers[0] not in taken:
                taken.add(numbers[0])
                left.append((function.slot, numbers[0], min(numbers[1], last)))
