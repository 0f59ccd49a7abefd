"""Sinks hold what the scenario does not give: a DisplayPort monitor's DPCD, a laptop's own panel."""

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.edid import BLOCK, default_edid
from fwsim.devices.igd.layout import DPCD_SIZE
from fwsim.registers.database import in_area
from fwsim.registers.dpcd import MAX_LANE_COUNT


def dpcd_of(lanes: int) -> NDArray[np.uint8]:
    """The DPCD of a monitor with ``lanes`` lanes at power-on, link down: otherwise the database's reset values.

    VESA DisplayPort 1.2, 2.9.3.
    """
    data = np.zeros(DPCD_SIZE, np.uint8)
    for register in in_area("dpcd"):
        for place in register.places:
            data[place.address] = register.reset or 0
    at = MAX_LANE_COUNT.places[0].address
    data[at] = MAX_LANE_COUNT.LANES.put(int(data[at]), lanes)
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
