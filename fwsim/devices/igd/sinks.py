"""Sinks hold what the scenario does not give: a DisplayPort monitor's DPCD, a laptop's own panel."""

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.edid import BLOCK, default_edid
from fwsim.devices.igd.layout import DPCD_SIZE

_CAPABILITIES = {
    0x000: 0x11,  # revision 1.1
    0x001: 0x0A,  # 2.7 Gbit/s
    0x002: 0x84,  # four lanes, enhanced framing
    0x003: 0x01,  # 0.5 % down-spread
    0x006: 0x01,  # 8b/10b
    0x200: 0x01,  # one sink
    0x600: 0x01,  # powered
}


def dpcd_of() -> NDArray[np.uint8]:
    """A monitor's DPCD at power-on, link down (VESA DisplayPort 1.2, 2.9.3)."""
    data = np.zeros(DPCD_SIZE, np.uint8)
    for at, value in _CAPABILITIES.items():
        data[at] = value
    return data


_TIMING_AT = 0x36
_QXGA = bytes.fromhex("29400060800013601010110030e410000018")
"""2048x1536 at 49 Hz, 164.25 MHz: a detailed timing (VESA E-EDID A.2.8)."""


def board_panel_edid() -> bytes:
    """The EEPROM of a laptop's own panel, 2048x1536, that answers though the scenario lights other displays only."""
    edid = bytearray(default_edid())
    edid[_TIMING_AT : _TIMING_AT + len(_QXGA)] = _QXGA
    edid[BLOCK - 1] = 0
    edid[BLOCK - 1] = -sum(edid) & 0xFF
    return bytes(edid)
