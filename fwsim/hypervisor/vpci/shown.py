"""A function of the guest's bus: where the guest finds it, who answers for it, and whose it is on the host."""

from __future__ import annotations

from msgspec import Struct

from fwsim.devices.config_traps import Owner
from fwsim.hypervisor.vpci.host import HostDevice


class Shown(Struct, frozen=True):
    """One function: ``devfn`` on bus 0, or on the bus behind the ``behind``-th function of the list, counted from 1.

    ``device`` is the host's; None for one that is made for the guest (the fake host bridge). ``late``: it was attached
    after the guest had started.
    """

    devfn: int
    behind: int
    owner: Owner
    device: HostDevice | None
    late: bool = False
