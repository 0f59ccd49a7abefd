"""The DDIs act by themselves: buffers go idle, links finish their training patterns."""

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import bit, follows, is_clear, is_set


def buffers(site: Site) -> Behaviour:
    """DDI_BUF_CTL 0x64000 + 0x100 n: idle, bit 7, is not enable, bit 31.

    Intel PRM HSW vol. 11; Linux i915 intel_ddi.c.
    """
    places = [0x64000 + 0x100 * index for index in range(5)]
    rows = tuple(follows(at, bit(7), is_clear(at, bit(31))) for at in places)
    return Behaviour("DDI_BUF", rows, dict.fromkeys(places, bit(7)))


def transport(site: Site) -> Behaviour:
    """DP_TP_STATUS: idle sent (25) and FDI auto-training done (12) while DP_TP_CTL is enabled (bit 31).

    Intel PRM HSW vol. 11; Linux i915 display/intel_fdi.c, hsw_fdi_link_train.
    """
    pairs = [(0x64040 + 0x100 * index, 0x64044 + 0x100 * index) for index in range(5)]
    rows = tuple(follows(status, bit(25, 12), is_set(control, bit(31))) for control, status in pairs)
    return Behaviour("DP_TP_STATUS", rows)
