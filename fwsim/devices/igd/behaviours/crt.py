"""An analog monitor is found by the load on the DAC's wires: a trigger, and what came of it."""

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import self_clears, value_of
from fwsim.registers.mmio_ports import ADPA

_COLOUR = 3


def detection(site: Site) -> Behaviour:
    """ADPA: the trigger FORCE clears itself; MONITOR is 3 when a colour monitor answered, else 0.

    Intel PRM SNB vol. 3 part 3; Linux i915 display/intel_crt.c, Bay Trail's in valleyview_crt_detect_hotplug.
    """
    at = site.at(ADPA)
    found = value_of(at, (ADPA.MONITOR, _COLOUR if "crt" in site.ports else 0))
    row = self_clears(at, ADPA.FORCE, clear=[ADPA.MONITOR], then=found)
    return Behaviour("ADPA", (row,), {at.address: found})
