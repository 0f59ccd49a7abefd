"""An EDID comes in by GMBUS, by the same wires bit by bit, or by an AUX channel."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Row
from fwsim.registers import mmio_bus as bus


def gmbus(site: Site) -> Behaviour:
    """GMBUS0-3: GMBUS2 tells ready, not acknowledged, active, waiting, in use (a read takes it, a 1 frees).

    Intel PRM SNB vol. 3 part 3; pin pairs as in ``wiring``.
    """
    places = [site.at(form).address for form in (bus.GMBUS0, bus.GMBUS1, bus.GMBUS2, bus.GMBUS3)]
    rows = [Row(at, w.WHEN_WRITE, w.OP_GMBUS, which) for which, at in enumerate(places)]
    rows += [Row(places[which], w.WHEN_READ, w.OP_GMBUS, which) for which in (2, 3)]
    return Behaviour("GMBUS", tuple(rows))


def gpio(site: Site) -> Behaviour:
    """GPIOCTL: clock and data, of each direction mask, direction, value mask, value, level.

    A wire nobody pulls low is high, whether a monitor is there or not (Intel PRM SNB vol. 3 part 3, GPIOCTL).
    """
    rows = [
        Row(site.at(bus.GPIOCTL, label=str(number)).address, w.WHEN_WRITE, w.OP_GPIO, value=pin)
        for number, pin in site.wiring.gpio
    ]
    return Behaviour("GPIO", tuple(rows))


def aux_channels(site: Site) -> Behaviour:
    """DP_AUX_CH_CTL: a message ends at once: done, and timed out where no sink is; SIZE is the answer's.

    Intel PRM HSW vol. 11, DDI_AUX_CTL; Linux i915 intel_dp_aux.c.
    """
    places = [site.at(bus.DP_AUX_CH_CTL, label=letter.upper()) for letter in site.wiring.aux]
    rows = [Row(at.address, w.WHEN_WRITE, w.OP_AUX, value=channel) for channel, at in enumerate(places)]
    return Behaviour("AUX", tuple(rows))
