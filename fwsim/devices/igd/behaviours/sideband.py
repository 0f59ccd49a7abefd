"""The units behind Bay Trail's and Cherryview's sideband answer; the power unit's states follow its controls."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Row

_DOORBELL = 0x182100
_PUNIT = 4 << 32


def iosf(site: Site) -> Behaviour:
    """VLV_IOSF_DOORBELL_REQ 0x182100: a write sends the message, busy bit 0 is clear again; data 104h, register 108h.

    Linux i915 vlv_iosf_sb.c.
    """
    return Behaviour("IOSF SB", (Row(_DOORBELL, w.WHEN_WRITE, w.OP_SIDEBAND),))


def punit(site: Site) -> Behaviour:
    """PUNIT: PWRGT_STATUS 61h is PWRGT_CTRL 60h; DSPSSPM 36h states 21:16 are controls 5:0; 139h bit 8 clears itself.

    The display clock's state, bits 28:24 (Bay Trail 31:30), is its request 12:8 (15:14). Linux i915 vlv_iosf_sb_reg.h.
    """
    clock = (0x1F << 24, 16) if site.family.name == "cherryview" else (3 << 30, 16)
    units = (
        (_PUNIT | 0x61, 0xFFFFFFFF, _PUNIT | 0x60, 0),
        (_PUNIT | 0x36, 0x3F << 16, _PUNIT | 0x36, 16),
        (_PUNIT | 0x36, clock[0], _PUNIT | 0x36, clock[1]),
        (_PUNIT | 0x139, 1 << 8, _PUNIT | 0xFFFF, 0),
    )
    return Behaviour("PUNIT", (), units=units)
