"""Type-C ports of Tiger Lake and later: what is plugged in, whether the PHY is ready, and its microcontroller.

A DisplayPort monitor is on the connector itself (alternate mode), an HDMI one on a board's fixed wiring of the port.
"""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Condition, Row, is_set, mask_of, value_of
from fwsim.registers import mmio_tc_phy as tc
from fwsim.registers.core import Field
from fwsim.registers.mmio_irq import DE_HPD
from fwsim.registers.mmio_power import PWR_WELL_CTL_AUX

_ALL_LANES = 15
_BANK = 2
"""The 4 KiB of a Type-C PHY that its microcontroller's state is in (Linux i915 intel_dkl_phy_regs.h)."""
PORTS = (1, 2, 3, 4)


def _alternate(site: Site) -> list[int]:
    """The numbers of the ports with a DisplayPort monitor."""
    return [number for number in PORTS if f"dp-tc{number}" in site.ports]


def _used(site: Site) -> list[int]:
    """The numbers of the ports with any monitor."""
    return [number for number in PORTS if {f"dp-tc{number}", f"hdmi-tc{number}"} & site.ports]


def live(site: Site) -> Behaviour:
    """DE_HPD_ISR: a bit a port whose connector has a DisplayPort monitor (Linux i915, GEN11_TC_HOTPLUG)."""
    at = site.at(DE_HPD, label="ISR")
    bits = sum(1 << number - 1 for number in _alternate(site))
    return Behaviour("DE_HPD_ISR", (), {at.address: value_of(at, (DE_HPD.TC, bits))})


def pica_live(site: Site) -> Behaviour:
    """PICAINTERRUPT_ISR of Meteor Lake: likewise (Linux i915 XELPDP_DP_ALT_HOTPLUG)."""
    at = site.at(tc.PICAINTERRUPT, label="ISR")
    bits = sum(1 << number - 1 for number in _alternate(site))
    return Behaviour("PICA_ISR", (), {at.address: value_of(at, (tc.PICAINTERRUPT.ALT, bits))})


def flexible_io(site: Site) -> Behaviour:
    """DFLEXDPSP: what is plugged in, and that it has four lanes; two ports an adapter (Linux i915 intel_tc.c).

    The type-C subsystem's firmware writes it; a monitor has all four lanes, as a cable without USB gives them.
    """
    form = tc.PORT_TX_DFLEXDPSP
    plugged: tuple[tuple[Field, Field], ...] = ((form.TC0, form.LANES0), (form.TC1, form.LANES1))
    values = {}
    for adapter, first in (("FIA1", 1), ("FIA2", 3)):
        at = site.at(form, label=adapter)
        pairs = [(form.MODULAR, 1)]
        for number, (monitor, lanes) in enumerate(plugged, first):
            if number in _used(site):
                pairs += [(lanes, _ALL_LANES), (monitor, int(number in _alternate(site)))]
        values[at.address] = value_of(at, *pairs)
    return Behaviour("DFLEXDPSP", (), values)


def phy_mode(site: Site) -> Behaviour:
    """DFLEXDPPMS: a port's PHY has come to its mode once something is plugged in (Linux i915 intel_tc.c, is_ready)."""
    form = tc.PORT_TX_DFLEXDPPMS
    values = {}
    for adapter, first in (("FIA1", 1), ("FIA2", 3)):
        at = site.at(form, label=adapter)
        bits = sum(1 << number - first for number in _used(site) if 0 <= number - first < 2)
        values[at.address] = value_of(at, (form.COMPLETE, bits))
    return Behaviour("DFLEXDPPMS", (), values)


def subsystem(site: Site) -> Behaviour:
    """TCSS_DDI_STATUS: what is plugged in, and that the PHY is ready then.

    Linux i915 display/intel_tc.c, adlp_tc_phy_is_ready.
    """
    form = tc.TCSS_DDI_STATUS
    values = {}
    for at in site.all(form):
        number = int(at.label)
        pairs = (form.READY, int(number in _used(site))), (form.ALT, int(number in _alternate(site)))
        values[at.address] = value_of(at, *pairs)
    return Behaviour("TCSS_DDI_STATUS", (), values)


def _window(site: Site, number: int) -> Condition:
    """The window to the port's PHY shows its microcontroller."""
    form = tc.HIP_INDEX_REG
    bank = (form.PORT0, form.PORT1, form.PORT2, form.PORT3)[number - 1]
    at = site.at(form, label="0")
    return Condition(at.address, mask_of(at, bank), bank.put(0, _BANK))


def microcontroller(site: Site) -> Behaviour:
    """DKL_CMN_UC_DW27: a PHY's microcontroller runs once its AUX channel has power.

    Linux i915 display/intel_display_power_well.c, icl_tc_phy_aux_power_well_enable. Other 4 KiB of the PHY share this
    one's storage: of their registers none is polled.
    """
    form, well = tc.DKL_CMN_UC_DW27, PWR_WELL_CTL_AUX
    powered = (well.TC1, well.TC2, well.TC3, well.TC4)
    asker = site.all(well)[0]
    rows = []
    for at in site.all(form):
        number = int(at.label)
        mask = mask_of(at, form.HEALTH)
        rows.append(
            Row(at.address, w.WHEN_READ, w.OP_FOLLOW, mask, mask, condition=is_set(asker, powered[number - 1]),
                second=_window(site, number))
        )  # fmt: skip
    return Behaviour("DKL UC", tuple(rows))
