"""What the hypervisor's options assign is held against the scenario's host and guest."""

from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import Hypervisor as Design
from fwsim.scenario.host_functions import place
from fwsim.scenario.model import Scenario


def check_assigned(scenario: Scenario, design: Design, where: str) -> None:
    """Raises FwsimError for an xl.cfg that nobody reads, and for a device that the host does not have.

    A host without ``[[host_function]]`` has the IGD alone.
    """
    if scenario.hypervisor.xl_cfg and not design.reads_xl_cfg:
        raise FwsimError(
            f"{design.title} reads no xl.cfg", where=f"{where}: hypervisor.xl_cfg", found=scenario.hypervisor.xl_cfg,
            expected='nothing, or kind = "xen" or "vpci"', hint="remove it, or choose one of these kinds",
        )  # fmt: skip
    rows = [(scenario.host.slot, "host.slot")] if not scenario.guest.on_arm else []
    rows += [(row.slot, f"host_function.{index}.slot") for index, row in enumerate(scenario.host_function)]
    try:
        design.check_assigned({place(slot, f"{where}: {field}") for slot, field in rows}, scenario.guest.machine)
    except FwsimError as error:
        if not error.where.startswith(where):
            error.where = f"{where}: {error.where}"
        raise
