"""An EDID comes in by GMBUS, by the same wires bit by bit, or by an AUX channel."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Row, bit, write_clears


def gmbus(site: Site) -> Behaviour:
    """GMBUS0-3: GMBUS2 bit 11 ready, 10 not acknowledged, 9 active, 14 waiting, 15 in use (a read takes it, a 1 frees).

    Intel PRM SNB vol. 3 part 3; pin pairs as in ``wiring``.
    """
    base = site.wiring.gmbus
    rows = [Row(base + 4 * which, w.WHEN_WRITE, w.OP_GMBUS, which) for which in range(4)]
    rows += [Row(base + 4 * which, w.WHEN_READ, w.OP_GMBUS, which) for which in (2, 3)]
    return Behaviour("GMBUS", tuple(rows))


def gpio(site: Site) -> Behaviour:
    """GPIOCTL: clock in bits 4:0 and data in 12:8, each direction mask, direction, value mask, value, level.

    A wire nobody pulls low is high, whether a monitor is there or not (Intel PRM SNB vol. 3 part 3, GPIOCTL).
    """
    places = {site.wiring.gpio_base + 4 * number: pin for number, pin in site.wiring.gpio}
    rows = [Row(at, w.WHEN_WRITE, w.OP_GPIO, value=pin) for at, pin in places.items()]
    return Behaviour("GPIO", tuple(rows), dict.fromkeys(places, bit(4, 12)))


def aux_channels(site: Site) -> Behaviour:
    """DDI_AUX_CTL: send (31) ends at once with done (30), and with time-out (28) where no sink is; 24:20 is the size.

    Error and done bits are cleared by ones (Intel PRM HSW vol. 11, DDI_AUX_CTL; Linux i915 intel_dp_aux.c).
    """
    rows = []
    for channel, at in enumerate(site.wiring.aux.values()):
        rows.append(write_clears(at, bit(30, 28, 25)))
        rows.append(Row(at, w.WHEN_WRITE, w.OP_AUX, value=channel))
    return Behaviour("AUX", tuple(rows))
