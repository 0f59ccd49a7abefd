"""``[[function]]`` rows hang on buses: bus 0, or the one behind another row that is a bridge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from fwsim.errors import FwsimError
from fwsim.scenario.functions import BRIDGE_CLASS, BarText, bars_of, devfn_of, rom_size
from fwsim.scenario.model import Function


class _Node(Struct):
    """A row, where it is said, its address on its bus, and what is behind it."""

    row: Function
    where: str
    devfn: int
    children: list[_Node] = field(default_factory=list)

    @property
    def is_bridge(self) -> bool:
        return self.row.class_code >> 8 == BRIDGE_CLASS


class OnBus(Struct, frozen=True):
    """A row with its address: bus<<8 | device<<3 | function; ``parent`` the bridge's address, None on bus 0.

    ``secondary`` is the number of the bus behind it, 0 for a function that is no bridge.
    """

    row: Function
    bdf: int
    parent: int | None
    secondary: int
    bars: tuple[BarText, ...]


def arranged(rows: Sequence[Function], where: str = "function") -> tuple[OnBus, ...]:
    """The functions of ``rows``, bridges numbered depth first in the order of their addresses, as SeaBIOS does
    (src/fw/pciinit.c, pci_bios_init_bus_rec).

    Raises FwsimError for two in one slot, a bridge that is not there, and impossible BARs.
    """
    roots = _tree([_Node(row, f"{where}.{i}", devfn_of(row.slot, f"{where}.{i}.slot")) for i, row in enumerate(rows)])
    return tuple(_numbered(roots, 0, None, [0]))


def _tree(nodes: list[_Node]) -> list[_Node]:
    """The functions of bus 0, with those behind each bridge hung below it."""
    roots: list[_Node] = []
    by_path: dict[str, _Node] = {}
    waiting = list(nodes)
    while waiting:
        ready = [node for node in waiting if not node.row.behind or _path(node.row.behind) in by_path]
        if not ready:
            node = waiting[0]
            bridges = [path for path, each in by_path.items() if each.is_bridge]
            raise FwsimError(
                "the bridge is not there", where=f"{node.where}.behind", found=f'"{node.row.behind}"',
                expected="one of " + ", ".join(bridges) if bridges else "the slot of another [[function]]",
                hint="a bridge is a [[function]] of class 0x060400",
            )  # fmt: skip
        for node in ready:
            waiting.remove(node)
            parent = by_path.get(_path(node.row.behind)) if node.row.behind else None
            if parent is not None and not parent.is_bridge:
                raise FwsimError(
                    "not a bridge", where=f"{node.where}.behind", found=f"class {parent.row.class_code:06x}",
                    expected="a function of class 0x060400", hint="give that [[function]] class = 0x060400",
                )  # fmt: skip
            bus = parent.children if parent else roots
            path = f"{_path(node.row.behind)}/" if parent else "00:"
            path += f"{node.devfn >> 3:02x}.{node.devfn & 7}"
            if path in by_path:
                raise FwsimError(
                    "two functions in one slot", where=f"{node.where}.slot", found=f'"{node.row.slot}"',
                    expected="each slot once", hint=f"{by_path[path].where} is there already",
                )  # fmt: skip
            by_path[path] = node
            bus.append(node)
    return roots


def _path(text: str) -> str:
    """A bridge's path in one spelling: "1c.0", "0000:00:1C.0" and "00:1c.0" are the same."""
    first, *rest = text.lower().removeprefix("0000:").split("/")
    parts = [first if first.startswith("00:") else f"00:{first}", *rest]
    return "/".join(part if ":" in part else part.zfill(4) for part in parts)


def _numbered(nodes: list[_Node], bus: int, parent: int | None, last: list[int]) -> Iterator[OnBus]:
    for node in sorted(nodes, key=lambda each: each.devfn):
        row, bdf, secondary = node.row, bus << 8 | node.devfn, 0
        rom_size(row.rom, f"{node.where}.rom")
        bars = bars_of(row.bars, f"{node.where}.bars")
        if node.is_bridge:
            secondary = last[0] = last[0] + 1
            if secondary > 0xFF:
                raise FwsimError("more buses than there are numbers", where=node.where, expected="up to 255 bridges")
            if any(bar.index > 1 for bar in bars):
                raise FwsimError(
                    "a bridge has two BARs at most", where=f"{node.where}.bars", found=", ".join(row.bars),
                    expected="BAR0 and BAR1", hint="registers 18h to 24h are its bus numbers and windows",
                )  # fmt: skip
        yield OnBus(row, bdf, parent, secondary, bars)
        if node.is_bridge:
            yield from _numbered(node.children, secondary, bdf, last)
