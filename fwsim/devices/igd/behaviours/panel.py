"""A laptop panel gets its power through a sequencer that takes the delays it was programmed with."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Maker, Site
from fwsim.devices.igd.rows import Condition, Row


def panel_power(*places: int) -> Maker:
    """The sequencers whose PP_STATUS lie at ``places``, two at most."""

    def make(site: Site) -> Behaviour:
        """PP_STATUS follows PP_CONTROL (4 above) bit 0, after PP_ON_DELAYS, PP_OFF_DELAYS and PP_DIVISOR behind it.

        Nothing programmed: at once. Intel PRM IVB vol. 3 part 3, panel power sequencing; Linux i915 intel_pps.c.
        """
        rows = []
        for number, at in enumerate(places):
            rows.append(Row(at + 4, w.WHEN_WRITE, w.OP_PANEL_CONTROL, value=number))
            rows.append(Row(at, w.WHEN_READ, w.OP_PANEL_STATUS, value=number, condition=Condition(at + 4)))
        return Behaviour("PP_STATUS", tuple(rows))

    return make
