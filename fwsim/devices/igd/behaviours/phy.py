"""PHYs say when they have power: Broxton's common lanes and reference resistor, Cherryview's common-lane wells."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.behaviours.sideband import unit
from fwsim.devices.igd.rows import Condition, Row, follows, is_set, mask_of
from fwsim.registers import mmio_phy as phy
from fwsim.registers.sideband import PUNIT_PWRGT_STATUS

_POWER = phy.P_CR_GT_DISP_PWRON
_PHYS = (("BC", _POWER.PHY0), ("A", _POWER.PHY1))
"""Each PHY by the ports it serves, with what asks for its power."""


def bxt_power_good(site: Site) -> Behaviour:
    """PORT_CL1CM_DW0: power is good while P_CR_GT_DISP_PWRON asks for it.

    Linux i915 display/intel_dpio_phy.c, bxt_dpio_phy_init.
    """
    form = phy.PORT_CL1CM_DW0
    rows = tuple(
        follows(site.at(form, label=ports), [form.POWER_GOOD], is_set(site.at(_POWER), asks)) for ports, asks in _PHYS
    )
    return Behaviour("BXT PHY", rows)


def bxt_calibration(site: Site) -> Behaviour:
    """PORT_REF_DW3: calibration is done once the PHY has power (Linux i915, bxt_dpio_phy_init)."""
    form = phy.PORT_REF_DW3
    rows = tuple(
        follows(site.at(form, label=ports), [form.GRC_DONE], is_set(site.at(_POWER), asks)) for ports, asks in _PHYS
    )
    return Behaviour("BXT GRC", rows)


def chv_power_good(site: Site) -> Behaviour:
    """DISPLAY_PHY_STATUS: a PHY has power while its common-lane wells, in PUNIT's PWRGT_STATUS, are on (0).

    Linux i915 intel_display_power_well.c.
    """
    form, wells = phy.DISPLAY_PHY_STATUS, PUNIT_PWRGT_STATUS
    at = site.at(form)
    rows = []
    for good, well in ((form.GOOD0, wells.CMN_BC), (form.GOOD1, wells.CMN_D)):
        mask, on = mask_of(at, good), Condition(unit(wells) & 0xFFFF, well.mask, 0)
        rows.append(Row(at.address, w.WHEN_READ, w.OP_UNIT, mask, mask, condition=on))
    return Behaviour("CHV PHY", tuple(rows))
