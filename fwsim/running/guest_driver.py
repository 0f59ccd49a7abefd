"""What the scenario's driver makes of the chipset that the guest is shown, once all else is done."""

from __future__ import annotations

import msgspec

from fwsim.board.display import display_function
from fwsim.board.host import host_board
from fwsim.machine.built import Built
from fwsim.results.summary import DriverSummary
from fwsim.scenario.model import Scenario


def driver_summary(scenario: Scenario, built: Built) -> DriverSummary | msgspec.UnsetType:
    """What ``guest.driver`` finds, whether the ROM came to its end or not.

    None looks where the hypervisor never starts the guest.
    """
    name, host = scenario.guest.driver, scenario.host
    if name == "none" or built.given.aborted:
        return msgspec.UNSET
    from fwsim.drivers.table import DRIVERS, InGuest, concluded

    board = host_board(host, display_function(scenario, built.machine.adapter))
    driver = DRIVERS[name]
    found, on_host = concluded(driver, InGuest(built.machine), board)
    return DriverSummary(name=name, pch=found.pch, how=found.how, host=on_host.pch, certainty=driver.known.certainty)
