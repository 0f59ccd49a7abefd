"""The guest's bus: every assigned function on one made-up bus, or behind copies of the host's bridges.

``fake``: Xen's (xen/drivers/vpci/vpci.c, assign_virtual_sbdf). ``replicated``: what was proposed for Arm first, and
argued against (PCI devices passthrough on Arm, xen-devel, July 2020); nobody built it, so its details are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.bridge import BridgeFunction
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.ecam import check_reach, check_window
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import Hardware, HostBar, HostDevice, sbdf_text
from fwsim.hypervisor.vpci.identity import check_identity
from fwsim.hypervisor.vpci.msix import Trapped
from fwsim.hypervisor.vpci.shown import Shown
from fwsim.hypervisor.vpci.windows import Need, Which, Window, need_of, packed, window_of

PROFILES = ("fake", "replicated")
_SLOTS = 32
"""VPCI_MAX_VIRT_DEV."""
_KINDS: tuple[Which, Which] = ("memory", "prefetchable")


class Topology:
    """One guest's bus. ``shown`` lists its functions, each bridge before what is behind it.

    ``assigned`` are there from the start, in this order; ``late`` may be attached while the guest runs. ``bridges``:
    the host's. ``hardware(device)`` gives what Xen's own accesses to a function reach. Raises FwsimError for what
    cannot be assigned, and where it cannot be shown.
    """

    def __init__(
        self,
        profile: str,
        assigned: Sequence[HostDevice],
        domain: Domain,
        bridges: Sequence[HostDevice] = (),
        late: Sequence[HostDevice] = (),
        hardware: Callable[[HostDevice], Hardware | None] = lambda device: None,
    ) -> None:
        if profile not in PROFILES:
            raise FwsimError(
                "no such design of the guest's bus", where="hypervisor.profile", found=f'"{profile}"',
                expected=" or ".join(f'"{each}"' for each in PROFILES),
            )  # fmt: skip
        _check_once([*assigned, *late])
        check_window(*domain.rules.guest.ecam)
        self.profile = profile
        self.domain = domain
        self.shown: list[Shown] = []
        self._hardware = hardware
        self._bridges = {bridge.sbdf: bridge for bridge in bridges}
        self._places: dict[int, int] = {}
        """Of each bridge shown, by the host's address, its place in the list, from 1."""
        guest = domain.rules.guest
        self._root = {"memory": _window(guest.memory), "prefetchable": _window(guest.prefetchable)}
        if profile == "fake":
            for device in assigned:
                self._add_fake(device, late=False)
            self._check_fit()
        else:
            for device in assigned:
                self._add_replicated(device, late=False)
            self._number()
            self._place()
        self._refusals: dict[int, str] = {}
        """Of each function that cannot be attached later, why."""
        for device in late:
            self._prepare(device)
        self._mark_multifunction()

    # --- one made-up bus ---------------------------------------------------------------------------------------------
    def _add_fake(self, device: HostDevice, late: bool) -> None:
        """assign_virtual_sbdf: the first free slot of bus 0, function 0 alone."""
        if device.sbdf & 7:
            raise FwsimError(
                f"{device.name}: only function 0 passthrough supported (-EOPNOTSUPP)", where=device.name,
                found=f"function {device.sbdf & 7}", expected="function 0: the guest's bus has no other",
                hint='the bridges\' copies (hypervisor.profile = "replicated") can show it',
            )  # fmt: skip
        slot = next((slot for slot in range(_SLOTS) if all(each.devfn >> 3 != slot for each in self.shown)), None)
        if slot is None:
            raise FwsimError(
                "no slot is left on the guest's bus (-ENOSPC)", where=device.name,
                found=f"{_SLOTS} functions are there", expected=f"at most {_SLOTS}",
            )  # fmt: skip
        self._show(slot << 3, 0, device, late)

    # --- the host's bridges ------------------------------------------------------------------------------------------
    def _add_replicated(self, device: HostDevice, late: bool) -> None:
        """A function at its own address behind its bridges, which are shown once."""
        behind = 0
        for bridge in self._above(device):
            if bridge.sbdf not in self._places:
                self._claim(bridge, behind)
                self.shown.append(Shown(bridge.sbdf & 0xFF, behind, BridgeFunction(bridge), bridge))
                self._places[bridge.sbdf] = len(self.shown)
            behind = self._places[bridge.sbdf]
        self._claim(device, behind)
        self._show(device.sbdf & 0xFF, behind, device, late)

    def _above(self, device: HostDevice) -> list[HostDevice]:
        """The bridges on the way to a function, the root's first. Raises FwsimError for one that is not known."""
        chain: list[HostDevice] = []
        behind = device.behind
        while behind is not None:
            bridge = self._bridges.get(behind)
            if bridge is None or bridge in chain:
                raise FwsimError(
                    "the way to a function cannot be shown", where=device.name, found=f"behind {sbdf_text(behind)}",
                    expected="a bridge of the host that is on no ring",
                )  # fmt: skip
            chain.insert(0, bridge)
            behind = bridge.behind
        return chain

    def _claim(self, device: HostDevice, behind: int) -> None:
        """Raises FwsimError where another function has the place: functions of two root buses share bus 0."""
        there = self._at(device.sbdf & 0xFF, behind)
        if there is not None and there.device is not None:
            raise FwsimError(
                "two functions of the host would be in one place of the guest", where=device.name,
                found=f"{there.device.name} is there", expected="root buses whose functions differ in device number",
                hint='hypervisor.profile = "fake" numbers them anew',
            )  # fmt: skip

    def _at(self, devfn: int, behind: int) -> Shown | None:
        return next((each for each in self.shown if (each.devfn, each.behind) == (devfn, behind)), None)

    def _number(self) -> None:
        """Give each bridge its bus numbers: the host's, or new ones in the order of the list."""
        virtual = self.domain.rules.numbering == "virtual"
        seconds = [0] * (len(self.shown) + 1)
        for place, each in enumerate(self.shown, 1):
            if isinstance(each.owner, BridgeFunction):
                below = next((one for one in self.shown if one.behind == place and one.device is not None), None)
                host = below.device.sbdf >> 8 & 0xFF if below and below.device else 0
                seconds[place] = sum(1 for number in seconds if number) + 1 if virtual else host
        lasts = list(seconds)
        for place in range(len(self.shown), 0, -1):
            parent = self.shown[place - 1].behind
            lasts[parent] = max(lasts[parent], lasts[place])
        for place, each in enumerate(self.shown, 1):
            if isinstance(each.owner, BridgeFunction):
                each.owner.numbers = (seconds[each.behind], seconds[place], lasts[place])
        size = self.domain.rules.guest.ecam[1]
        for place in range(1, len(self.shown) + 1):
            check_reach(self.bdf(place), size)

    # --- addresses ---------------------------------------------------------------------------------------------------
    def _place(self) -> None:
        """Give bridges their windows and BARs their first guest addresses, from the guest's windows."""
        if self.domain.rules.bars == "identity":
            self._enclose()
            return
        needs: dict[tuple[int, Which], Need | None] = {}
        for place in range(len(self.shown), 0, -1):
            if isinstance(self.shown[place - 1].owner, BridgeFunction):
                for kind in _KINDS:
                    needs[place, kind] = packed(self._needs_of(place, kind, needs))
        for behind in (0, *sorted(self._places.values())):
            for kind in _KINDS:
                self._fill(behind, kind, needs)

    def _needs_of(
        self, behind: int, kind: Which, needs: dict[tuple[int, Which], Need | None]
    ) -> Iterable[Need]:  # fmt: skip
        for place, each in enumerate(self.shown, 1):
            if each.behind == behind:
                own = needs.get((place, kind))
                if own is not None:
                    yield own
                yield from (need_of(bar) for bar in _bars(each, kind))

    def _fill(self, behind: int, kind: Which, needs: dict[tuple[int, Which], Need | None]) -> None:
        """Place what is on one bus: bridges' windows and BARs, the largest alignment first."""
        rows: list[tuple[Need, int, HostBar | None]] = []
        for place, each in enumerate(self.shown, 1):
            if each.behind == behind:
                own = needs.get((place, kind))
                rows += [(own, place, None)] if own is not None else []
                rows += [(need_of(bar), place, bar) for bar in _bars(each, kind)]
        window = self._window(behind, kind)
        for need, place, bar in sorted(rows, key=lambda row: (-row[0].align, -row[0].size)):
            at = window.take(need.size, need.align) if window else None
            each = self.shown[place - 1]
            if at is None:
                self.domain.said("warning: " + _no_room(each, bar, need.size, kind, window))
            elif bar is not None:
                _put(each, bar, at)
            elif isinstance(each.owner, BridgeFunction):
                setattr(each.owner, kind, Window(at, at + need.size))

    def _window(self, behind: int, kind: Which) -> Window | None:
        if not behind:
            return self._root[kind]
        owner = self.shown[behind - 1].owner
        found: Window | None = getattr(owner, kind)
        return found

    def _check_fit(self) -> None:
        """Say which BARs have no room in the guest's windows, wherever its system puts them."""
        if self.domain.rules.bars == "identity":
            return
        for kind in _KINDS:
            window = Window(self._root[kind].start, self._root[kind].end)
            rows = [(need_of(bar), each, bar) for each in self.shown for bar in _bars(each, kind)]
            for need, each, bar in sorted(rows, key=lambda row: -row[0].align):
                if window.take(need.size, need.align) is None:
                    self.domain.said("warning: " + _no_room(each, bar, bar.size, kind, window))

    def _enclose(self) -> None:
        """Windows around the host's addresses, which are the guest's."""
        for place in range(len(self.shown), 0, -1):
            owner = self.shown[place - 1].owner
            if not isinstance(owner, BridgeFunction):
                continue
            for kind in _KINDS:
                spans = []
                for each in self.shown:
                    if each.behind == place:
                        spans += [(bar.address, bar.address + bar.size) for bar in _bars(each, kind)]
                        inner = getattr(each.owner, kind) if isinstance(each.owner, BridgeFunction) else None
                        spans += [(inner.start, inner.end)] if inner else []
                if spans:
                    first, end = min(spans)[0], max(end for _, end in spans)
                    setattr(owner, kind, Window(first & -0x100000, end + 0xFFFFF & -0x100000))

    # --- later -------------------------------------------------------------------------------------------------------
    def _prepare(self, device: HostDevice) -> None:
        """Keep a place on the bus for a function that comes later, or why it will have none.

        A bridge's window was closed around what was there, and cannot grow.
        """
        if self.profile == "fake":
            self._add_fake(device, late=True)
            return
        if device.behind is not None and device.behind not in self._places:
            self._refusals[device.sbdf] = (
                f"{device.name}: the guest has no bridge {sbdf_text(device.behind)} to put it behind: no function that"
                " was assigned at its start is behind that"
            )
            return
        self._add_replicated(device, late=True)
        if self.domain.rules.bars == "identity":
            return
        each = self.shown[-1]
        for kind in _KINDS:
            for bar in _bars(each, kind):
                need, window = need_of(bar), self._window(each.behind, kind)
                at = window.take(need.size, need.align) if window else None
                if at is None:
                    self._refusals[device.sbdf] = _no_room(each, bar, bar.size, kind, window)
                else:
                    _put(each, bar, at)

    def refusal(self, device: HostDevice) -> str:
        """Why a function cannot be attached while the guest runs, in a sentence; "": it can."""
        return self._refusals.get(device.sbdf, "")

    def attach(self, sbdf: int) -> bool:
        """Attach a function of ``late`` (xl pci-attach). Returns whether it is there now; what is wrong is said."""
        refusal = self._refusals.get(sbdf, "")
        if refusal:
            self.domain.said(f"error: {refusal}")
            return False
        place = next(place for place, each in enumerate(self.shown, 1) if each.device and each.device.sbdf == sbdf)
        each = self.shown[place - 1]
        assert isinstance(each.owner, VpciFunction)
        each.owner.plugged = True
        self.domain.said(f"info: {sbdf_text(sbdf)} is the guest's {sbdf_text(self.bdf(place))} now")
        return True

    def trapped_at(self, address: int) -> Trapped | None:
        """Whose MSI-X table, or page of one, is at a guest-physical address; None: nobody's (msix_find)."""
        for each in self.shown:
            trapped = each.owner.trapped if isinstance(each.owner, VpciFunction) else None
            if trapped is not None and trapped.accepts(address):
                return trapped
        return None

    # --- what was made -----------------------------------------------------------------------------------------------
    def _show(self, devfn: int, behind: int, device: HostDevice, late: bool) -> None:
        if self.domain.rules.bars == "identity":
            check_identity(device, self.domain.rules.guest)
        owner = VpciFunction(device, self.domain, self._hardware(device))
        owner.plugged = not late
        self.shown.append(Shown(devfn, behind, owner, device, late))

    def _mark_multifunction(self) -> None:
        """Function 0 says that there are others; where there is no function 0, no guest looks at the others."""
        for each in self.shown:
            first = self._at(each.devfn & ~7, each.behind)
            if not each.devfn & 7:
                continue
            if first is None:
                name = each.device.name if each.device else ""
                self.domain.said(f"warning: {name}: a guest looks for no function where it finds no function 0")
            elif isinstance(first.owner, VpciFunction | BridgeFunction):
                first.owner.multifunction = True

    def bdf(self, place: int) -> int:
        """Where the guest finds the ``place``-th function of the list, from 1: bus << 8 | devfn."""
        each = self.shown[place - 1]
        above = self.shown[each.behind - 1].owner if each.behind else None
        bus = above.numbers[1] if isinstance(above, BridgeFunction) else 0
        return bus << 8 | each.devfn

    @property
    def table(self) -> list[tuple[int, int]]:
        """(guest's bus << 8 | devfn, host's sbdf) of every function that is there now, bridges too."""
        rows = []
        for place, each in enumerate(self.shown, 1):
            if each.device is not None and getattr(each.owner, "plugged", True):
                rows.append((self.bdf(place), each.device.sbdf))
        return rows


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


def _check_once(devices: Sequence[HostDevice]) -> None:
    seen: set[int] = set()
    for device in devices:
        if device.sbdf in seen:
            raise FwsimError(
                "a function is assigned twice", where=device.name, found=device.name, expected="each function once",
            )  # fmt: skip
        seen.add(device.sbdf)
