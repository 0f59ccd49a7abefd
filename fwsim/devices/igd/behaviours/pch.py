"""The PCH's display half acts by itself: its transcoders, the FDI link's receivers, and the iCLK sideband."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Row, bit, follows, is_set, self_clears, write_clears

_LOCKS = bit(8, 9, 10)


def transcoders(site: Site) -> Behaviour:
    """TRANSCONF 0xF0008 bit 30, state, is bit 31, enable (Intel PRM SNB vol. 3 part 3)."""
    places = [0xF0008 + 0x1000 * index for index in range(3)]
    return Behaviour("TRANSCONF", tuple(follows(at, bit(30), is_set(at, bit(31))) for at in places))


def fdi_receivers(site: Site) -> Behaviour:
    """FDI_RX_IIR 0xF0014: bit lock (8), symbol lock (9), alignment (10) are set while FDI_TX and FDI_RX are on; w1c.

    Intel PRM SNB vol. 3 part 3; Linux i915 display/intel_fdi.c.
    """
    rows = []
    for index in range(3):
        iir, rx, tx = 0xF0014 + 0x1000 * index, 0xF000C + 0x1000 * index, 0x60100 + 0x1000 * index
        rows.append(write_clears(iir))
        rows.append(
            Row(
                iir, w.WHEN_READ, w.OP_SET, _LOCKS, _LOCKS, condition=is_set(tx, bit(31)), second=is_set(rx, bit(31))
            )
        )  # fmt: skip
    return Behaviour("FDI_RX_IIR", tuple(rows))


def fdi_auto_training(site: Site) -> Behaviour:
    """FDI_TX_CTL 0x60100 bit 1, training done, while transmitter (31), training by hardware (10) and receiver are on.

    Ivy Bridge (Intel PRM IVB vol. 3 part 1; Linux i915 display/intel_fdi_regs.h, FDI_LINK_TRAIN_AUTO).
    """
    rows = []
    for index in range(3):
        tx, rx = 0x60100 + 0x1000 * index, 0xF000C + 0x1000 * index
        rows.append(follows(tx, bit(1), is_set(tx, bit(31, 10)), is_set(rx, bit(31))))
    return Behaviour("FDI_TX auto", tuple(rows))


def iclk(site: Site) -> Behaviour:
    """SBI_CTL_STAT 0xC6008: busy bit 0 clears at once, response bits 2:1 are 0, success.

    Linux i915 intel_sbi_regs.h.
    """
    return Behaviour("SBI", (self_clears(0xC6008, bit(0), clear=bit(1, 2)),))
