"""Clocks say when they lock: PLLs, the core display clock, and what firmware left there."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Condition, Row, bit, follows, is_clear, is_set

_CDCLK_337 = 2 << 26 | 0x2A1
_ON = bit(31, 30)
_FREQ_RATIO = 0x186508
_DSPSSPM, _CCK_FUSE = 4 << 32 | 0x36, 0x14 << 32 | 0x08


def hsw_lcpll(site: Site) -> Behaviour:
    """LCPLL 0x130040: lock, bit 30, is not disable, bit 31 (Intel PRM HSW vol. 11). WRPLL and SPLL have no lock bit."""
    return Behaviour("LCPLL", (follows(0x130040, bit(30), is_clear(0x130040, bit(31))),), {0x130040: bit(30)})


def skl_lcplls(site: Site) -> Behaviour:
    """LCPLL1 0x46010 (DPLL 0) and LCPLL2 0x46014: lock, bit 30, is enable, bit 31; firmware has the first one running.

    Linux i915 display/intel_cdclk.c, skl_dpll0_enable.
    """
    rows = tuple(follows(at, bit(30), is_set(at, bit(31))) for at in (0x46010, 0x46014))
    return Behaviour("LCPLL1/2", rows, {0x46010: _ON})


def skl_pll_status(site: Site) -> Behaviour:
    """DPLL_STATUS 0x6C060: DPLL 0 to 3 locked (bits 0, 8, 16, 24) while LCPLL1, LCPLL2, WRPLL 1 and 2 are enabled.

    Linux i915 display/intel_dpll_mgr.c, skl_ddi_pll_enable.
    """
    plls = ((0, 0x46010), (8, 0x46014), (16, 0x46040), (24, 0x46060))
    return Behaviour("DPLL_STATUS", tuple(follows(0x6C060, bit(at), is_set(pll, bit(31))) for at, pll in plls))


def skl_core_clock(site: Site) -> Behaviour:
    """CDCLK_CTL 0x46000 as firmware leaves it: 337.5 MHz, select 2 and decimal 2A1h.

    Linux i915 display/intel_cdclk.c.
    """
    return Behaviour("CDCLK_CTL", (), {0x46000: _CDCLK_337})


def bxt_plls(site: Site) -> Behaviour:
    """DE PLL 0x46070 and port PLLs 0x46074, 78, 7C: lock, bit 30, is enable, bit 31 (Linux i915, BXT_DE_PLL_ENABLE).

    The port PLLs' power state, bit 26, is power enable, bit 27 (Gemini Lake).
    """
    rows = [follows(at, bit(30), is_set(at, bit(31))) for at in range(0x46070, 0x46080, 4)]
    rows += [follows(at, bit(26), is_set(at, bit(27))) for at in range(0x46074, 0x46080, 4)]
    return Behaviour("BXT PLL", tuple(rows))


def vlv_plls(site: Site) -> Behaviour:
    """DPLL 0x186014, 18 (Cherryview: 30): lock, bit 15, is enable, bit 31.

    Linux i915 display/intel_dpll.c, vlv_enable_pll.
    """
    places = (0x186014, 0x186018, 0x186030) if site.family.name == "cherryview" else (0x186014, 0x186018)
    return Behaviour("VLV DPLL", tuple(follows(at, bit(15), is_set(at, bit(31))) for at in places))


def vlv_core_clock(site: Site) -> Behaviour:
    """CZCLK_CDCLK_FREQ_RATIO 0x186508 as firmware leaves it: divider codes of CDCLK (8:4) and CZCLK (3:0).

    Code n divides twice the 1600 MHz of the HPLL by n + 1: 320 and 400 MHz. On Cherryview bits 8:4 show what the power
    unit was asked for, DSPSSPM 36h bits 12:8 (Linux i915 display/intel_cdclk.c, chv_set_cdclk).
    """
    rows: tuple[Row, ...] = ()
    if site.family.name == "cherryview":
        rows = (Row(_FREQ_RATIO, w.WHEN_READ, w.OP_UNIT_COPY, 0x1F0, 32 + 4, condition=Condition(0x36)),)
    return Behaviour("CZCLK_CDCLK", rows, {_FREQ_RATIO: 0x97}, unit_reset={_DSPSSPM: 9 << 8, _CCK_FUSE: 1})
