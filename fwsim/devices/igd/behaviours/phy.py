"""PHYs say when they have power: Broxton's common lanes and reference resistors, Cherryview's common-lane wells."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.behaviours.sideband import unit
from fwsim.devices.igd.rows import Condition, Row, follows, is_set, mask_of
from fwsim.registers import mmio_phy as phy
from fwsim.registers.core import Field, Register
from fwsim.registers.sideband import PUNIT_PWRGT_STATUS

_POWER = phy.P_CR_GT_DISP_PWRON
_PHYS = {
    "apollolake": (("BC", _POWER.PHY0), ("A", _POWER.PHY1)),
    "geminilake": (("B", _POWER.PHY0), ("A", _POWER.PHY1_GLK), ("C", _POWER.PHY2)),
}
"""Each PHY by the ports it serves, with what asks for its power (Linux i915 display/intel_dpio_phy.c, pwron_mask)."""


def _powered(site: Site, name: str, form: type[Register], done: Field) -> Behaviour:
    """``done`` of each PHY follows what asks for its power."""
    power = site.at(_POWER)
    return Behaviour(
        name,
        tuple(follows(site.at(form, label=ports), [done], is_set(power, asks))
              for ports, asks in _PHYS[site.family.name]),
    )  # fmt: skip


def bxt_power_good(site: Site) -> Behaviour:
    """PORT_CL1CM_DW0: power is good while P_CR_GT_DISP_PWRON asks for it.

    Linux i915 display/intel_dpio_phy.c, _bxt_dpio_phy_init.
    """
    return _powered(site, "BXT PHY", phy.PORT_CL1CM_DW0, phy.PORT_CL1CM_DW0.POWER_GOOD)


def bxt_calibration(site: Site) -> Behaviour:
    """PORT_REF_DW3: calibration is done once the PHY has power (Linux i915, _bxt_dpio_phy_init)."""
    return _powered(site, "BXT GRC", phy.PORT_REF_DW3, phy.PORT_REF_DW3.GRC_DONE)


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
