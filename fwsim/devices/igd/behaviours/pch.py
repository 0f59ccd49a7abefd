"""The PCH's display half acts by itself: its transcoders, the FDI link's receivers, and the iCLK sideband."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Condition, Row, follows, is_set, mask_of, self_clears
from fwsim.registers import mmio_pch as pch
from fwsim.registers.mmio_ddi import DDI_BUF_CTL


def transcoders(site: Site) -> Behaviour:
    """The PCH's TRANSCONF: state is enable (Intel PRM SNB vol. 3 part 3)."""
    form = pch.PCH_TRANSCONF
    return Behaviour("TRANSCONF", tuple(follows(at, [form.STATE], is_set(at, form.ENABLE)) for at in site.all(form)))


def _receivers(site: Site, sender: dict[str, Condition]) -> Behaviour:
    """FDI_RX_IIR: bit lock, symbol lock and alignment are set while receiver and sender (by label) are on; w1c."""
    iir = pch.FDI_RX_IIR
    rows = []
    for at in site.all(iir):
        if at.label in sender:
            locks = mask_of(at, iir.BIT_LOCK, iir.SYMBOL_LOCK, iir.INTER_LANE)
            receives = is_set(site.at(pch.FDI_RX_CTL, label=at.label), pch.FDI_RX_CTL.ENABLE)
            rows.append(
                Row(at.address, w.WHEN_READ, w.OP_SET, locks, locks, condition=sender[at.label], second=receives)
            )
    return Behaviour("FDI_RX_IIR", tuple(rows))


def fdi_receivers(site: Site) -> Behaviour:
    """FDI_RX_IIR while FDI_TX_CTL and FDI_RX_CTL are on (Intel PRM SNB vol. 3 part 3; Linux i915 intel_fdi.c)."""
    return _receivers(site, {tx.label: is_set(tx, pch.FDI_TX_CTL.ENABLE) for tx in site.all(pch.FDI_TX_CTL)})


def hsw_fdi_receiver(site: Site) -> Behaviour:
    """Haswell's one FDI link has DDI E for its sender (Linux i915 display/intel_fdi.c, hsw_fdi_link_train)."""
    return _receivers(site, {"A": is_set(site.at(DDI_BUF_CTL, label="E"), DDI_BUF_CTL.ENABLE)})


def fdi_auto_training(site: Site) -> Behaviour:
    """FDI_TX_CTL: training is done while the transmitter, training by hardware and the receiver are on.

    Ivy Bridge (Intel PRM IVB vol. 3 part 1; Linux i915 display/intel_fdi_regs.h, FDI_LINK_TRAIN_AUTO).
    """
    form = pch.FDI_TX_CTL
    rows = []
    for tx in site.all(form):
        receives = is_set(site.at(pch.FDI_RX_CTL, label=tx.label), pch.FDI_RX_CTL.ENABLE)
        rows.append(follows(tx, [form.DONE], is_set(tx, form.ENABLE, form.AUTO), receives))
    return Behaviour("FDI_TX auto", tuple(rows))


def mphy_reset(site: Site) -> Behaviour:
    """SOUTH_CHICKEN2: the FDI mPHY is in reset as asked (Linux i915 display/intel_pch_refclk.c, lpt_fdi_reset_mphy)."""
    form = pch.SOUTH_CHICKEN2
    at = site.at(form)
    return Behaviour("FDI mPHY", (follows(at, [form.MPHY_RESET_STATE], is_set(at, form.MPHY_RESET)),))


def iclk(site: Site) -> Behaviour:
    """SBI_CTL_STAT: busy clears at once, the response is 0, success (Linux i915 intel_sbi_regs.h)."""
    form = pch.SBI_CTL_STAT
    return Behaviour("SBI", (self_clears(site.at(form), form.BUSY, clear=[form.RESPONSE]),))
