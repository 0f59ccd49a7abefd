"""Clocks say when they lock: PLLs, the core display clock, and what firmware left there."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.behaviours.sideband import unit
from fwsim.devices.igd.rows import Condition, Row, follows, is_clear, is_set, mask_of, value_of
from fwsim.registers import mmio_clock as clocks
from fwsim.registers.sideband import CCK_FUSE, PUNIT_DSPSSPM

_SELECT_337, _DECIMAL_337 = 2, 0x2A1
_LEFT_BXT = {"apollolake": 0x4DE, "geminilake": 0x27A}
_REFERENCE_38400 = 2
_FDI_FEEDBACK = 25
"""The link's clock, 270 MHz, is ten times two more than this (Linux i915 display/intel_fdi.c,
intel_fdi_pll_freq_update)."""


def hsw_lcpll(site: Site) -> Behaviour:
    """LCPLL_CTL: lock is not disable (Intel PRM HSW vol. 11). WRPLL and SPLL have no lock bit."""
    pll = site.at(clocks.LCPLL_CTL)
    return Behaviour("LCPLL", (follows(pll, [clocks.LCPLL_CTL.LOCK], is_clear(pll, clocks.LCPLL_CTL.DISABLE)),))


def skl_lcplls(site: Site) -> Behaviour:
    """LCPLL1_CTL (DPLL 0) and LCPLL2_CTL: lock is enable; firmware has the first one running.

    Linux i915 display/intel_cdclk.c, skl_dpll0_enable.
    """
    one, two = site.at(clocks.LCPLL1_CTL), site.at(clocks.LCPLL2_CTL)
    rows = (
        follows(one, [clocks.LCPLL1_CTL.LOCK], is_set(one, clocks.LCPLL1_CTL.ENABLE)),
        follows(two, [clocks.LCPLL2_CTL.LOCK], is_set(two, clocks.LCPLL2_CTL.ENABLE)),
    )
    return Behaviour("LCPLL1/2", rows)


def skl_pll_status(site: Site) -> Behaviour:
    """DPLL_STATUS: DPLL 0 to 3 are locked while LCPLL1, LCPLL2, WRPLL 1 and 2 are enabled.

    Linux i915 display/intel_dpll_mgr.c, skl_ddi_pll_enable.
    """
    status = clocks.DPLL_STATUS
    plls = (
        (status.DPLL0, is_set(site.at(clocks.LCPLL1_CTL), clocks.LCPLL1_CTL.ENABLE)),
        (status.DPLL1, is_set(site.at(clocks.LCPLL2_CTL), clocks.LCPLL2_CTL.ENABLE)),
        (status.DPLL2, is_set(site.at(clocks.WRPLL_CTL, label="1"), clocks.WRPLL_CTL.ENABLE)),
        (status.DPLL3, is_set(site.at(clocks.WRPLL_CTL, label="2"), clocks.WRPLL_CTL.ENABLE)),
    )
    return Behaviour("DPLL_STATUS", tuple(follows(site.at(status), [locked], on) for locked, on in plls))


def skl_core_clock(site: Site) -> Behaviour:
    """CDCLK_CTL as firmware leaves it: 337.5 MHz, its range selected (Linux i915 display/intel_cdclk.c)."""
    form = clocks.CDCLK_CTL
    at = site.at(form)
    return Behaviour(
        "CDCLK_CTL", (), {at.address: value_of(at, (form.FREQ, _SELECT_337), (form.DECIMAL, _DECIMAL_337))}
    )  # fmt: skip


def bxt_core_clock(site: Site) -> Behaviour:
    """CDCLK_CTL as firmware leaves it: 624 MHz on Apollo Lake, 316.8 MHz on Gemini Lake.

    What the families' own images program on a host: video BIOS 1014 writes 003104DE, the GOP driver of Gemini Lake
    0030027A. Apollo Lake's GOP driver takes the field as it finds it: at 0, or at the 19.2 MHz of a display PLL that
    is off, it finds no mode that fits and reads through a NULL pointer. What a given board's firmware left is not
    known: 576, 384 and 288 MHz do as well.
    """
    form = clocks.CDCLK_CTL
    at = site.at(form)
    return Behaviour("CDCLK_CTL", (), {at.address: value_of(at, (form.DECIMAL, _LEFT_BXT[site.family.name]))})


def bxt_plls(site: Site) -> Behaviour:
    """DE_PLL_ENABLE and the port PLLs: lock is enable (Linux i915, BXT_DE_PLL_ENABLE).

    The port PLLs' power state is power enable (Gemini Lake).
    """
    display, port = clocks.DE_PLL_ENABLE, clocks.BXT_PORT_PLL_ENABLE
    at = site.at(display)
    rows = [follows(at, [display.LOCK], is_set(at, display.ENABLE))]
    for pll in site.all(port):
        rows.append(follows(pll, [port.LOCK], is_set(pll, port.ENABLE)))
        rows.append(follows(pll, [port.POWERED], is_set(pll, port.POWER)))
    return Behaviour("BXT PLL", tuple(rows))


def icl_plls(site: Site) -> Behaviour:
    """DPLL_ENABLE, MG_PLL_ENABLE and DE_PLL_ENABLE of generation 11 on: lock is enable, powered is power.

    Linux i915 display/intel_dpll_mgr.c, icl_pll_enable; display/intel_cdclk.c, icl_cdclk_pll_enable.
    """
    display = site.at(clocks.DE_PLL_ENABLE)
    rows = [follows(display, [clocks.DE_PLL_ENABLE.LOCK], is_set(display, clocks.DE_PLL_ENABLE.ENABLE))]
    for form in (clocks.DPLL_ENABLE, clocks.MG_PLL_ENABLE):
        for pll in site.all(form):
            rows.append(follows(pll, [form.LOCK], is_set(pll, form.ENABLE)))
            rows.append(follows(pll, [form.POWERED], is_set(pll, form.POWER)))
    return Behaviour("ICL PLL", tuple(rows))


def tgl_reference(site: Site) -> Behaviour:
    """DSSM: the display's reference clock is 38.4 MHz, as Tiger Lake, Alder Lake-P and Meteor Lake boards have it.

    Type-C ports need it: with another one, Tiger Lake's and Alder Lake-P's GOP drivers give them up.
    """
    at = site.at(clocks.DSSM)
    return Behaviour("DSSM", (), {at.address: clocks.DSSM.REFERENCE.put(0, _REFERENCE_38400)})


def vlv_plls(site: Site) -> Behaviour:
    """DPLL: lock is enable (Linux i915 display/intel_dpll.c, vlv_enable_pll)."""
    form = clocks.DPLL_VLV
    return Behaviour("VLV DPLL", tuple(follows(at, [form.LOCK], is_set(at, form.ENABLE)) for at in site.all(form)))


def vlv_core_clock(site: Site) -> Behaviour:
    """CZCLK_CDCLK_FREQ_RATIO as firmware leaves it: divider codes of CDCLK and CZCLK.

    Code n divides twice the 1600 MHz of the HPLL by n + 1: 320 and 400 MHz. On Cherryview CDCLK shows what the power
    unit was asked for in DSPSSPM (Linux i915 display/intel_cdclk.c, chv_set_cdclk).
    """
    form = clocks.CZCLK_CDCLK_FREQ_RATIO
    at = site.at(form)
    rows: tuple[Row, ...] = ()
    asked = unit(PUNIT_DSPSSPM)
    if site.family.name == "cherryview":
        down = PUNIT_DSPSSPM.FREQ_CHV.lsb - form.CDCLK.lsb
        copied = Condition(asked & 0xFFFF)
        rows = (Row(at.address, w.WHEN_READ, w.OP_UNIT_COPY, mask_of(at, form.CDCLK), 32 + down, condition=copied),)
    left = {asked: PUNIT_DSPSSPM.FREQ_CHV.put(0, 9), unit(CCK_FUSE): CCK_FUSE.HPLL.put(0, 1)}
    return Behaviour("CZCLK_CDCLK", rows, {at.address: value_of(at, (form.CDCLK, 9), (form.CZCLK, 7))}, unit_reset=left)


def ilk_fdi_pll(site: Site) -> Behaviour:
    """FDI_PLL_BIOS_0 as firmware leaves it: a link of 2.7 GHz."""
    form = clocks.FDI_PLL_BIOS_0
    at = site.at(form)
    return Behaviour("FDI_PLL_BIOS", (), {at.address: value_of(at, (form.FEEDBACK, _FDI_FEEDBACK))})
