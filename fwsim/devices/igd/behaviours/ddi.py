"""The DDIs act by themselves: buffers go idle, links finish their training patterns."""

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import follows, is_clear, is_set
from fwsim.registers.mmio_ddi import DDI_BUF_CTL, DP_TP_CTL, DP_TP_STATUS


def buffers(site: Site) -> Behaviour:
    """DDI_BUF_CTL: idle is not enable (Intel PRM HSW vol. 11; Linux i915 intel_ddi.c)."""
    places = site.all(DDI_BUF_CTL)
    return Behaviour(
        "DDI_BUF", tuple(follows(at, [DDI_BUF_CTL.IDLE], is_clear(at, DDI_BUF_CTL.ENABLE)) for at in places)
    )  # fmt: skip


def transport(site: Site) -> Behaviour:
    """DP_TP_STATUS: idle sent, and on Haswell and Broadwell FDI auto-training done, while DP_TP_CTL is enabled.

    Intel PRM HSW vol. 11; Linux i915 display/intel_fdi.c, hsw_fdi_link_train.
    """
    done = [DP_TP_STATUS.IDLE_DONE]
    if site.family.gen <= 8:
        done.append(DP_TP_STATUS.AUTO_DONE)
    rows = [
        follows(status, done, is_set(site.at(DP_TP_CTL, label=status.label), DP_TP_CTL.ENABLE))
        for status in site.all(DP_TP_STATUS)
    ]
    return Behaviour("DP_TP_STATUS", tuple(rows))
