"""The guest's bus: every assigned function on one made-up bus, or behind copies of the host's bridges.

``fake``: Xen's (xen/drivers/vpci/vpci.c, assign_virtual_sbdf). ``replicated``: what was proposed for Arm first, and
argued against (PCI devices passthrough on Arm, xen-devel, July 2020); nobody built it, so its details are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.addresses import Addresses
from fwsim.hypervisor.vpci.bridge import BridgeFunction
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.ecam import check_reach, check_window
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import Hardware, HostDevice, sbdf_text
from fwsim.hypervisor.vpci.identity import check_identity
from fwsim.hypervisor.vpci.shown import Shown

PROFILES = ("fake", "replicated")
_SLOTS = 32
"""VPCI_MAX_VIRT_DEV."""


class Topology:
    """One guest's bus. ``shown`` lists its functions, each bridge before what is behind it.

    ``assigned`` are there from the start, in this order; ``late`` may be attached while the guest runs. ``bridges``:
    the host's. ``hardware(device)`` gives what Xen's own accesses to a function reach. ``prepared``: the guest has such
    a bus at all. Raises FwsimError for what cannot be assigned, and where it cannot be shown.
    """

    def __init__(
        self,
        profile: str,
        assigned: Sequence[HostDevice],
        domain: Domain,
        bridges: Sequence[HostDevice] = (),
        late: Sequence[HostDevice] = (),
        hardware: Callable[[HostDevice], Hardware | None] = lambda device: None,
        *,
        prepared: bool = True,
    ) -> None:
        if profile not in PROFILES:
            raise FwsimError(
                "no such design of the guest's bus", where="hypervisor.profile", found=f'"{profile}"',
                expected=" or ".join(f'"{each}"' for each in PROFILES),
            )  # fmt: skip
        _check_once([*assigned, *late])
        check_window(*domain.rules.guest.ecam)
        self.profile = profile
        self.prepared = prepared
        self.domain = domain
        self.shown: list[Shown] = []
        self._hardware = hardware
        self._bridges = {bridge.sbdf: bridge for bridge in bridges}
        self._places: dict[int, int] = {}
        """Of each bridge shown, by the host's address, its place in the list, from 1."""
        self._addresses = Addresses(self.shown, domain)
        if profile == "fake":
            for device in assigned:
                self._add_fake(device, late=False)
        else:
            for device in assigned:
                self._add_replicated(device, late=False)
            self._number()
            self._addresses.place()
        self._refusals: dict[int, str] = {}
        """Of each function that cannot be attached later, why."""
        for device in late:
            self._prepare(device)
        if profile == "fake":
            self._addresses.check_fit()
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

    # --- later -------------------------------------------------------------------------------------------------------
    def _prepare(self, device: HostDevice) -> None:
        """Keep a place on the bus for a function that comes later, or why it will have none.

        A bridge's window was closed around what was there, and cannot grow.
        """
        if not self.prepared:
            self._refusals[device.sbdf] = (
                f'{device.name}: the guest was made without a PCI bus: passthrough = "enabled" prepares one'
            )
            return
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
        refusal = self._addresses.place_late(self.shown[-1])
        if refusal:
            self._refusals[device.sbdf] = refusal

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


def _check_once(devices: Sequence[HostDevice]) -> None:
    seen: set[int] = set()
    for device in devices:
        if device.sbdf in seen:
            raise FwsimError(
                "a function is assigned twice", where=device.name, found=device.name, expected="each function once",
            )  # fmt: skip
        seen.add(device.sbdf)
