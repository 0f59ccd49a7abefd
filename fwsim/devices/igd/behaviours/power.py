"""Power is switched on by requests and told by states: wells, fuses, the data buffer, the pcode mailbox."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Condition, Row, bit, follows, is_set, read_only, self_clears

_WELLS = tuple(range(0x45400, 0x45410, 4))
_MAILBOX, _DATA = 0x138124, 0x138128


def _wells(states: int) -> Behaviour:
    rows = []
    for at in _WELLS:
        rows.append(read_only(at, states))
        rows.append(Row(at, w.WHEN_WRITE, w.OP_WELLS, states, at=_WELLS[0]))
    return Behaviour("PWR_WELL", tuple(rows))


def hsw_wells(site: Site) -> Behaviour:
    """HSW_PWR_WELL_CTL1-4 0x45400-0x4540C: state bit 30 is the OR of the four request bits 31.

    Intel PRM HSW vol. 11.
    """
    return _wells(bit(30))


def wells(site: Site) -> Behaviour:
    """PWR_WELL_CTL1-4 0x45400-0x4540C: each well has a request bit 2n+1 and, one below, its state.

    Linux i915 intel_display_power.
    """
    return _wells(0x55555555)


def fuses(site: Site) -> Behaviour:
    """FUSE_STATUS 0x42000: downloaded (31), group 0 (27); groups 1 (26) and 2 (25) once their wells are on.

    Linux i915 display/intel_display_power_well.c, gen9_wait_for_power_well_fuses.
    """
    at = 0x42000
    rows = (
        read_only(at),
        follows(at, bit(26), is_set(_WELLS[0], bit(28))),
        follows(at, bit(25), is_set(_WELLS[0], bit(30))),
    )
    both_ways = tuple(
        Row(at, w.WHEN_READ, w.OP_SET, mask, mask, condition=is_set(well, state))
        for well in _WELLS[1:]
        for mask, state in ((bit(26), bit(28)), (bit(25), bit(30)))
    )
    return Behaviour("FUSE_STATUS", rows + both_ways, {at: bit(31, 27)})


def data_buffer(site: Site) -> Behaviour:
    """DBUF_CTL 0x45008: state bit 30 is request bit 31 (Linux i915 display/intel_display_power.c, gen9_dbuf_enable)."""
    return Behaviour("DBUF_CTL", (follows(0x45008, bit(30), is_set(0x45008, bit(31))),))


def pcode(site: Site) -> Behaviour:
    """The mailbox to the power controller, 0x138124: run (31) clears at once, and bits 7:0 become 0, success.

    Command 7, "may the core clock change?", answers 1 in the data register: it may (Linux i915 intel_pcode.c,
    SKL_PCODE_CDCLK_CONTROL).
    """
    ready = Row(
        _MAILBOX, w.WHEN_WRITE, w.OP_SET, bit(0), bit(0), at=_DATA,
        condition=Condition(_MAILBOX, bit(31) | 0xFF, bit(31) | 7),
    )  # fmt: skip
    return Behaviour("PCODE", (ready, self_clears(_MAILBOX, bit(31), clear=0xFF)))
