"""A laptop panel gets its power through a sequencer that takes the delays it was programmed with."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Condition, Row
from fwsim.registers.mmio_bus import PP_CONTROL, PP_DIVISOR, PP_STATUS


def panel_power(site: Site) -> Behaviour:
    """PP_STATUS follows PP_CONTROL's POWER after the delays of PP_ON_DELAYS, PP_OFF_DELAYS and PP_DIVISOR behind it.

    Nothing programmed: at once. From Apollo Lake on PP_CONTROL holds the power cycle's delay. Intel PRM IVB vol. 3
    part 3, panel power sequencing; Linux i915 intel_pps.c.
    """
    rows = []
    for number, status in enumerate(site.all(PP_STATUS)):
        control = site.at(PP_CONTROL, label=status.label)
        held, cycle = control, PP_CONTROL.CYCLE_DELAY
        if site.has(PP_DIVISOR, status.label):
            held, cycle = site.at(PP_DIVISOR, label=status.label), PP_DIVISOR.CYCLE
        delay = Condition(held.address, cycle.mask, cycle.lsb)
        rows.append(Row(control.address, w.WHEN_WRITE, w.OP_PANEL_CONTROL, value=number, condition=delay))
        shown = Condition(control.address)
        rows.append(Row(status.address, w.WHEN_READ, w.OP_PANEL_STATUS, value=number, condition=shown))
    return Behaviour("PP_STATUS", tuple(rows))
