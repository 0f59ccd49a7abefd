"""PHYs say when they have power: Broxton's common lanes and reference resistor, Cherryview's common-lane wells."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Condition, Row, bit, follows, is_set

_POWER = 0x138090
_PHYS = ((0, 0x6C000), (1, 0x162000))


def bxt_power_good(site: Site) -> Behaviour:
    """PORT_CL1CM_DW0 0x6C000 (PHY 0), 0x162000 (PHY 1): power good, bit 16, while DISP_PWRON 0x138090 bit n is set.

    Linux i915 display/intel_dpio_phy.c, bxt_dpio_phy_init.
    """
    rows = tuple(follows(base, bit(16), is_set(_POWER, bit(phy))) for phy, base in _PHYS)
    return Behaviour("BXT PHY", rows)


def bxt_calibration(site: Site) -> Behaviour:
    """PORT_REF_DW3 0x6C18C, 0x16218C: GRC done, bit 22, once the PHY has power (Linux i915, bxt_dpio_phy_init)."""
    rows = tuple(follows(base + 0x18C, bit(22), is_set(_POWER, bit(phy))) for phy, base in _PHYS)
    return Behaviour("BXT GRC", rows)


def chv_power_good(site: Site) -> Behaviour:
    """DISPLAY_PHY_STATUS 0x1E0104: PHY 0 (31) and PHY 1 (30) have power while their common-lane wells are on.

    The wells are PUNIT's PWRGT_STATUS 61h bits 11:10 and 25:24, 0 is on (Linux i915 intel_display_power_well.c).
    """
    at = 0x1E0104
    rows = tuple(
        Row(at, w.WHEN_READ, w.OP_UNIT, good, good, condition=Condition(0x61, wells, 0))
        for good, wells in ((bit(31), bit(10, 11)), (bit(30), bit(24, 25)))
    )
    return Behaviour("CHV PHY", rows)
