"""What does a DisplayPort sink hold when it is plugged in? Its capabilities, and one that needs no more than power."""

import numpy as np
from numpy.typing import NDArray

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
