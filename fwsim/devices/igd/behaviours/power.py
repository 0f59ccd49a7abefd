"""Power is switched on by requests and told by states: wells, fuses, the data buffer, pcode, power management."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Condition, Row, follows, is_set, mask_of, self_clears
from fwsim.registers import mmio_power as power
from fwsim.registers import mmio_tc_phy as tc
from fwsim.registers.core import Field, Register
from fwsim.registers.mmio_pipe import DBUF_CTL, DBUF_CTL_S2
from fwsim.registers.mmio_wm import DBUF_CTL_S34

_CORE_CLOCK_CHANGE = 7


def _wells(site: Site, *forms: type[Register]) -> Behaviour:
    """Four registers in a row, one for each who may ask: of each well the request, and one bit below it its state."""
    rows = []
    for form in forms:
        places = site.all(form)
        states = mask_of(places[0], *(field for field in form.fields if field.access == "ro" and
                                      field.families & places[0].families))  # fmt: skip
        rows += [Row(at.address, w.WHEN_WRITE, w.OP_WELLS, states, at=places[0].address) for at in places]
    return Behaviour("PWR_WELL", tuple(rows))


def hsw_wells(site: Site) -> Behaviour:
    """PWR_WELL_CTL of Haswell: the state is the OR of the four requests (Intel PRM HSW vol. 11)."""
    return _wells(site, power.PWR_WELL_CTL_HSW)


def skl_wells(site: Site) -> Behaviour:
    """PWR_WELL_CTL of generation 9 (Linux i915 intel_display_power.c)."""
    return _wells(site, power.PWR_WELL_CTL_SKL)


def icl_wells(site: Site) -> Behaviour:
    """PWR_WELL_CTL and the AUX channels' and ports' own from generation 11 on (Linux i915 intel_display_power.c)."""
    return _wells(site, power.PWR_WELL_CTL, power.PWR_WELL_CTL_AUX, power.PWR_WELL_CTL_DDI)


def _fuses(site: Site, form: type[Register], *groups: tuple[Field, Field]) -> Behaviour:
    """FUSE_STATUS: fuses are distributed to each of ``groups`` once its well is on, whoever asked for it."""
    at = site.at(power.FUSE_STATUS)
    rows = []
    for number, asker in enumerate(site.all(form)):
        for group, state in groups:
            mask, on = mask_of(at, group), is_set(asker, state)
            rows.append(
                follows(at, [group], on) if number == 0
                else Row(at.address, w.WHEN_READ, w.OP_SET, mask, mask, condition=on)
            )  # fmt: skip
    return Behaviour("FUSE_STATUS", tuple(rows))


def skl_fuses(site: Site) -> Behaviour:
    """Groups 1 and 2 (Linux i915 display/intel_display_power_well.c, gen9_wait_for_power_well_fuses)."""
    form, well = power.FUSE_STATUS, power.PWR_WELL_CTL_SKL
    return _fuses(site, well, (form.PG1, well.PW1), (form.PG2, well.PW2))


def icl_fuses(site: Site) -> Behaviour:
    """Each well's group: 1 to 4, a fifth on gen 12; from generation 13 on 1, 2, and one a pipe.

    Linux i915 display/intel_display_power_well.c, ICL_PW_CTL_IDX_TO_PG, XELPD_PW_CTL_IDX_PW_A.
    """
    form, well = power.FUSE_STATUS, power.PWR_WELL_CTL
    groups = [(form.PG1, well.PW1), (form.PG2, well.PW2)]
    if site.family.gen >= 13:
        groups += [(form.PGA, well.PWA), (form.PGB, well.PWB), (form.PGC, well.PWC), (form.PGD, well.PWD)]
    else:
        groups += [(form.PG3, well.PW3), (form.PG4, well.PW4)]
    if site.family.gen == 12:
        groups.append((form.PG5, well.PW5))
    return _fuses(site, well, *groups)


def data_buffer(site: Site) -> Behaviour:
    """DBUF_CTL: state is request, in each slice (Linux i915 display/intel_display_power.c, gen9_dbuf_slice_set)."""
    rows = [
        follows(at, [form.STATE], is_set(at, form.REQUEST))
        for first, form in ((9, DBUF_CTL), (11, DBUF_CTL_S2), (13, DBUF_CTL_S34))
        if site.family.gen >= first
        for at in site.all(form)
    ]
    return Behaviour("DBUF_CTL", tuple(rows))


def pcode(site: Site) -> Behaviour:
    """PCODE_MAILBOX, to the power controller: READY clears at once, and COMMAND becomes 0, success.

    Command 7, "may the core clock change?", answers 1 in PCODE_DATA: it may (Linux i915 intel_pcode.c,
    SKL_PCODE_CDCLK_CONTROL).
    """
    form = power.PCODE_MAILBOX
    at, data = site.at(form), site.at(power.PCODE_DATA)
    asked = form.COMMAND.put(form.READY.mask, _CORE_CLOCK_CHANGE)
    may = Row(
        at.address, w.WHEN_WRITE, w.OP_SET, 1, 1, at=data.address,
        condition=Condition(at.address, mask_of(at, form.READY, form.COMMAND), asked),
    )  # fmt: skip
    return Behaviour("PCODE", (may, self_clears(at, form.READY, clear=[form.COMMAND])))


def pm_demand(site: Site) -> Behaviour:
    """XELPDP_INITIATE_PMDEMAND_REQUEST: what the display demands of the power management is granted at once.

    Linux i915 display/intel_pmdemand.c, intel_pmdemand_wait.
    """
    form = tc.XELPDP_INITIATE_PMDEMAND_REQUEST_1
    return Behaviour("PMDEMAND", (self_clears(site.at(form, label="1"), form.ENABLE),))
