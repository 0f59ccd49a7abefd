"""The registers of Meteor Lake's ports: their buffers, their clocks, and the message bus to their C10 and C20 PHYs.

Ports A and B have C10 PHYs, the Type-C ports C20 ones. Source: Linux i915 display/intel_cx0_phy_regs.h.
"""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Array, At, Field, Register
from fwsim.registers.places import I915

_CX0 = "Linux i915 display/intel_cx0_phy_regs.h"
_PORTS = {"A": 0x64000, "B": 0x64100, "TC1": 0x16F200, "TC2": 0x16F400, "TC3": 0x16F600, "TC4": 0x16F800}


def _ports(offset: int, usb: int = 0, lanes: int = 1) -> dict[str, At]:
    """A register of each port, ``usb`` further down at the Type-C ones; ``lanes``: one a lane, labelled ``A0`` on."""
    return {
        "meteorlake": Array(
            tuple(
                (f"{port}{lane}" if lanes > 1 else port, base + offset - usb * port.startswith("TC") + 4 * lane)
                for port, base in _PORTS.items()
                for lane in range(lanes)
            )
        )
    }


class XELPDP_PORT_BUF_CTL1(Register, at=_ports(0x4, 0x4), source=_CX0, gaps=RESERVED):
    """A port's buffer: its link to the other die, its PHY."""

    D2D_ENABLE = Field(29, 29, "link between the dies on")
    D2D_STATE = Field(28, 28, "that link is on", access="ro")
    PHY_READY = Field(24, 24, "SoC has the PHY ready", access="ro")
    WIDTH = Field(19, 18, "data", values={0: "10", 1: "20", 2: "40 bits"})
    REVERSAL = Field(16, 16, "lanes reversed")
    TBT = Field(11, 11, "Thunderbolt's I/O")
    IDLE = Field(7, 7, "PHY is idle", access="ro")
    TC_OWNER = Field(6, 6, "Type-C port owned by the display")
    TC_POWER = Field(5, 5, "power of the Type-C block wanted")
    TC_POWERED = Field(4, 4, "Type-C block has power", access="ro")
    LANES = Field(3, 1, "lanes", values={0: "1 lane", 1: "2 lanes", 3: "4 lanes"})


class XELPDP_PORT_BUF_CTL2(Register, at=_ports(0x8, 0x4), source=_CX0, gaps=RESERVED):
    """A port's lanes: reset and power."""

    RESET0 = Field(31, 31, "lane 0 in reset")
    RESET1 = Field(30, 30, "lane 1 in reset")
    STATUS0 = Field(29, 29, "lane 0 is in reset", access="ro")
    STATUS1 = Field(28, 28, "lane 1 is in reset", access="ro")
    UPDATE0 = Field(25, 25, "give lane 0 its new power state")
    UPDATE1 = Field(24, 24, "give lane 1 its new power state")
    STATE0 = Field(23, 20, "lane 0's power state")
    STATE1 = Field(19, 16, "lane 1's power state")
    READY = Field(7, 4, "power state that counts as ready")


class XELPDP_PORT_BUF_CTL3(Register, at=_ports(0xC, 0x4), source=_CX0, gaps=RESERVED):
    """A port's lanes: stagger and active power state."""

    STAGGER = Field(15, 8, "PLL's stagger between lanes")
    ACTIVE = Field(3, 0, "power state that counts as active")


class XELPDP_PORT_M2P_MSGBUS_CTL(Register, at=_ports(0x40, lanes=2), source=_CX0, gaps=RESERVED):
    """Message to a lane's PHY: bit 31 sends it and clears when it has arrived."""

    PENDING = Field(31, 31, "send; under way")
    COMMAND = Field(30, 27, "command", values={1: "write, uncommitted", 2: "write", 3: "read"})
    DATA = Field(23, 16, "data")
    RESET = Field(15, 15, "reset the bus")
    ADDRESS = Field(11, 0, "PHY's register")


class XELPDP_PORT_P2M_MSGBUS_STATUS(Register, at=_ports(0x48, lanes=2), source=_CX0, gaps=RESERVED):
    """A lane's PHY answers."""

    READY = Field(31, 31, "answer is there", access="w1c")
    COMMAND = Field(30, 27, "answer", values={4: "read", 5: "written"}, access="ro")
    DATA = Field(23, 16, "data", access="ro")
    ERROR = Field(15, 15, "error", access="w1c")


class XELPDP_PORT_CLOCK_CTL(Register, at=_ports(0xE0, 0x80), source=_CX0, gaps=RESERVED):
    """A port's clocks."""

    PLL0_REQUEST = Field(31, 31, "lane 0's PLL wanted")
    PLL0 = Field(30, 30, "lane 0's PLL runs", access="ro")
    REF0_REQUEST = Field(29, 29, "lane 0's reference wanted")
    REF0 = Field(28, 28, "lane 0's reference runs", access="ro")
    PLL1_REQUEST = Field(27, 27, "lane 1's PLL wanted")
    PLL1 = Field(26, 26, "lane 1's PLL runs", access="ro")
    REF1_REQUEST = Field(25, 25, "lane 1's reference wanted")
    REF1 = Field(24, 24, "lane 1's reference runs", access="ro")
    TBT_REQUEST = Field(19, 19, "Thunderbolt's clock wanted")
    TBT = Field(18, 18, "Thunderbolt's clock runs", access="ro")
    SELECT = Field(15, 12, "port clock")
    FORWARD = Field(10, 10, "clock is forwarded")
    LANE1 = Field(8, 8, "clock is lane 1's")
    SSC_A = Field(1, 1, "PLL A's spread spectrum")
    SSC_B = Field(0, 0, "PLL B's spread spectrum")


class GU_CNTL_PROTECTED(Register, at={"meteorlake": 0x10100C}, access="ro", reset=None,
                        source=f"{I915} GU_CNTL_PROTECTED", gaps=RESERVED):  # fmt: skip
    """What the graphics unit has."""

    DEPRESENT = Field(9, 9, "display engine is there")
