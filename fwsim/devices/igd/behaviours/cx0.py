"""Meteor Lake's ports act by themselves: PHYs get ready, clocks start, and each lane's PHY answers messages.

Source: Linux i915 display/intel_cx0_phy.c.
"""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Row, follows, is_set, self_clears, value_of
from fwsim.registers import mmio_cx0_phy as cx0
from fwsim.registers.mmio_bus import DP_AUX_CH_CTL

_FIRST_UNIT = 0x100
"""PHYs lie behind the message bus as units of the sideband do, by numbers that no unit has: two lanes a port."""


def display_present(site: Site) -> Behaviour:
    """GU_CNTL_PROTECTED: there is a display engine (Linux i915 display/intel_display_device.c, probe_gmdid_display)."""
    at = site.at(cx0.GU_CNTL_PROTECTED)
    return Behaviour("GU_CNTL", (), {at.address: cx0.GU_CNTL_PROTECTED.DEPRESENT.put(0, 1)})


def buffers(site: Site) -> Behaviour:
    """XELPDP_PORT_BUF_CTL1: the PHY is ready, the die-to-die link and the Type-C block's power are as asked for."""
    form = cx0.XELPDP_PORT_BUF_CTL1
    rows, reset = [], {}
    for at in site.all(form):
        reset[at.address] = value_of(at, (form.PHY_READY, 1))
        rows.append(follows(at, [form.D2D_STATE], is_set(at, form.D2D_ENABLE)))
        rows.append(follows(at, [form.TC_POWERED], is_set(at, form.TC_POWER)))
    return Behaviour("PORT_BUF_CTL1", tuple(rows), reset)


def lanes(site: Site) -> Behaviour:
    """XELPDP_PORT_BUF_CTL2: a lane is in reset while it is told to be, and takes a new power state at once."""
    form = cx0.XELPDP_PORT_BUF_CTL2
    rows = []
    for at in site.all(form):
        rows.append(follows(at, [form.STATUS0], is_set(at, form.RESET0)))
        rows.append(follows(at, [form.STATUS1], is_set(at, form.RESET1)))
        rows.append(self_clears(at, form.UPDATE0))
        rows.append(self_clears(at, form.UPDATE1))
    return Behaviour("PORT_BUF_CTL2", tuple(rows))


def port_clocks(site: Site) -> Behaviour:
    """XELPDP_PORT_CLOCK_CTL: each clock runs while it is wanted."""
    form = cx0.XELPDP_PORT_CLOCK_CTL
    pairs = (
        (form.PLL0, form.PLL0_REQUEST), (form.REF0, form.REF0_REQUEST), (form.PLL1, form.PLL1_REQUEST),
        (form.REF1, form.REF1_REQUEST), (form.TBT, form.TBT_REQUEST),
    )  # fmt: skip
    rows = [follows(at, [runs], is_set(at, wanted)) for at in site.all(form) for runs, wanted in pairs]
    return Behaviour("PORT_CLOCK_CTL", tuple(rows))


def message_bus(site: Site) -> Behaviour:
    """XELPDP_PORT_M2P_MSGBUS_CTL: the message arrives at once, and its answer lies 8 bytes further on."""
    places = site.all(cx0.XELPDP_PORT_M2P_MSGBUS_CTL)
    rows = [Row(at.address, w.WHEN_WRITE, w.OP_MESSAGE, value=_FIRST_UNIT + lane) for lane, at in enumerate(places)]
    return Behaviour("MSGBUS", tuple(rows))


def aux_power(site: Site) -> Behaviour:
    """DP_AUX_CH_CTL: an AUX channel has power while it is asked for (Linux i915, xelpdp_aux_power_well_enable)."""
    form = DP_AUX_CH_CTL
    return Behaviour(
        "AUX power", tuple(follows(at, [form.POWER_STATE], is_set(at, form.POWER_REQUEST)) for at in site.all(form))
    )  # fmt: skip
