"""An analog monitor is found by the load on the DAC's wires: a trigger, and what came of it."""

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import bit, read_only, self_clears

_COLOUR = bit(24, 25)


def _adpa(site: Site, at: int) -> Behaviour:
    found = _COLOUR if "crt" in site.ports else 0
    row = self_clears(at, bit(16), clear=_COLOUR, then=found)
    return Behaviour("ADPA", (read_only(at, _COLOUR), row), {at: found})


def pch_crt(site: Site) -> Behaviour:
    """PCH_ADPA 0xE1100: force-trigger bit 16 clears itself; bits 25:24 are 3 when a colour monitor answered, else 0.

    Intel PRM SNB vol. 3 part 3; Linux i915 display/intel_crt.c.
    """
    return _adpa(site, 0xE1100)


def vlv_crt(site: Site) -> Behaviour:
    """VLV_ADPA 0x1E1100: as PCH_ADPA (Linux i915 display/intel_crt.c, valleyview_crt_detect_hotplug)."""
    return _adpa(site, 0x1E1100)
