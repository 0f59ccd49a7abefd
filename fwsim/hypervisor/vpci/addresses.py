"""The addresses that a guest's functions begin with: BARs and bridges' windows in the windows of the guest's map."""

from __future__ import annotations

from collections.abc import Sequence

from fwsim.hypervisor.vpci.bridge import BridgeFunction
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import HostBar
from fwsim.hypervisor.vpci.shown import Shown
from fwsim.hypervisor.vpci.windows import Need, Which, Window, need_of, packed, window_of

_KINDS: tuple[Which, Which] = ("memory", "prefetchable")
_MIB = 1 << 20
_Row = tuple[Need, Shown, HostBar | None]


class Addresses:
    """The addresses of ``shown``, a list that grows: each bridge is in it before what is behind it."""

    def __init__(self, shown: Sequence[Shown], domain: Domain) -> None:
        guest = domain.rules.guest
        self._shown = shown
        self._domain = domain
        self._identity = domain.rules.bars == "identity"
        self._root = {"memory": _window(guest.memory), "prefetchable": _window(guest.prefetchable)}

    def place(self) -> None:
        """Give bridges their windows, and BARs their first guest addresses in them; what has no room is said."""
        places = range(1, len(self._shown) + 1)
        if self._identity:
            for place in reversed(places):
                self._enclose(place)
            return
        needs: dict[tuple[int, Which], Need | None] = {}
        for place in reversed(places):
            for kind in _KINDS:
                needs[place, kind] = packed(need for need, _, _ in self._rows(place, kind, needs))
        for behind in (0, *places):
            for kind in _KINDS:
                self._fill(behind, kind, needs)

    def place_late(self, each: Shown) -> str:
        """Give a function's BARs addresses where its bus has room left. Returns what has none, "" for nothing."""
        refusal = ""
        for kind in () if self._identity else _KINDS:
            window = self._window(each.behind, kind)
            for bar in _bars(each, kind):
                need = need_of(bar)
                at = window.take(need.size, need.align) if window else None
                if at is None:
                    refusal = _no_room(each, bar, bar.size, kind, window)
                else:
                    _put(each, bar, at)
        return refusal

    def check_fit(self) -> None:
        """Say which BARs have no room in the guest's windows, wherever its system puts them."""
        for kind in () if self._identity else _KINDS:
            window = Window(self._root[kind].start, self._root[kind].end)
            rows = [(need_of(bar), each, bar) for each in self._shown for bar in _bars(each, kind)]
            for need, each, bar in sorted(rows, key=lambda row: -row[0].align):
                if window.take(need.size, need.align) is None:
                    self._domain.said("warning: " + _no_room(each, bar, bar.size, kind, window))

    def _rows(self, behind: int, kind: Which, needs: dict[tuple[int, Which], Need | None]) -> list[_Row]:
        """What is on one bus: bridges' windows, without a BAR, and BARs."""
        rows: list[_Row] = []
        for place, each in enumerate(self._shown, 1):
            if each.behind == behind:
                own = needs.get((place, kind))
                rows += [(own, each, None)] if own is not None else []
                rows += [(need_of(bar), each, bar) for bar in _bars(each, kind)]
        return rows

    def _fill(self, behind: int, kind: Which, needs: dict[tuple[int, Which], Need | None]) -> None:
        """Place what is on one bus, the largest alignment first."""
        window = self._window(behind, kind)
        for need, each, bar in sorted(self._rows(behind, kind, needs), key=lambda row: (-row[0].align, -row[0].size)):
            at = window.take(need.size, need.align) if window else None
            if at is None:
                self._domain.said("warning: " + _no_room(each, bar, need.size, kind, window))
            elif bar is not None:
                _put(each, bar, at)
            elif isinstance(each.owner, BridgeFunction):
                setattr(each.owner, kind, Window(at, at + need.size))

    def _window(self, behind: int, kind: Which) -> Window | None:
        """The window that leads to a bus; None for a closed one."""
        return _own(self._shown[behind - 1], kind) if behind else self._root[kind]

    def _enclose(self, place: int) -> None:
        """Windows around the host's addresses, which are the guest's."""
        owner = self._shown[place - 1].owner
        if not isinstance(owner, BridgeFunction):
            return
        for kind in _KINDS:
            spans = []
            for each in self._shown:
                if each.behind == place:
                    spans += [(bar.address, bar.address + bar.size) for bar in _bars(each, kind)]
                    inner = _own(each, kind)
                    spans += [(inner.start, inner.end)] if inner else []
            if spans:
                first, end = min(spans)[0], max(end for _, end in spans)
                setattr(owner, kind, Window(first & -_MIB, end + _MIB - 1 & -_MIB))


def _own(each: Shown, kind: Which) -> Window | None:
    """A bridge's own window."""
    if not isinstance(each.owner, BridgeFunction):
        return None
    return each.owner.memory if kind == "memory" else each.owner.prefetchable


def _bars(each: Shown, kind: Which) -> list[HostBar]:
    if each.device is None or each.device.is_bridge:
        return []
    return [bar for bar in each.device.bars if window_of(bar) == kind]


def _no_room(each: Shown, bar: HostBar | None, size: int, kind: Which, window: Window | None) -> str:
    """What is said where a BAR, or a bridge's window, has no place."""
    name = each.device.name if each.device else ""
    what = f"BAR{bar.index}" if bar is not None else f"the {kind} window of the bridge"
    where = f"the guest's {kind} window {window}" if window else f"its bridge, whose {kind} window is closed"
    return f"{name}: {what}, {size:#x} bytes, does not fit {where}"


def _put(each: Shown, bar: HostBar, at: int) -> None:
    """Give a BAR its first guest address; a small one lies in its page as the host's does."""
    assert isinstance(each.owner, VpciFunction)
    each.owner.bars[bar.index].guest = at | (bar.address & 0xFFF if bar.size < 0x1000 else 0)


def _window(span: tuple[int, int]) -> Window:
    return Window(span[0], span[0] + span[1])
