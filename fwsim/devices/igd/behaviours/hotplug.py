"""Ports say that something is plugged in: by live states, detect straps, and the CRT's forced detection."""

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import self_clears, value_of
from fwsim.registers import mmio_ports as ports
from fwsim.registers.core import Field, Register
from fwsim.registers.mmio_ddi import DDI_BUF_CTL
from fwsim.registers.mmio_irq import DE_ILK, DE_IVB, DE_PORT
from fwsim.registers.mmio_pch import SDE, SDE_ICP, SDE_ILK, SFUSE_STRAP

_CRT_MONITOR = 3


def hotplug_enable(site: Site) -> Behaviour:
    """PORT_HOTPLUG_EN: CRT_FORCE, forced CRT detection, clears itself.

    Linux i915 intel_crt.c, intel_crt_detect_hotplug.
    """
    return Behaviour("HOTPLUG_EN", (self_clears(site.at(ports.PORT_HOTPLUG_EN), ports.PORT_HOTPLUG_EN.CRT_FORCE),))


def hotplug_status(site: Site) -> Behaviour:
    """PORT_HOTPLUG_STAT: whether a colour CRT is there, and the live states of digital ports.

    Linux i915 i915_reg.h, where the G45's order of the ports is the other way round.
    """
    form = ports.PORT_HOTPLUG_STAT
    at = site.at(form)
    bits = {"b": form.LIVE_B_G4X, "c": form.LIVE_C, "d": form.LIVE_D_G4X}
    if site.family.gen > 4:
        bits = {"b": form.LIVE_B, "c": form.LIVE_C, "d": form.LIVE_D}
    digital = site.live(bits) if site.wiring.aux else []
    monitor = _CRT_MONITOR if "crt" in site.ports else 0
    return Behaviour("HOTPLUG_STAT", (), {at.address: value_of(at, (form.CRT_MONITOR, monitor), *digital)})


def _live(site: Site, name: str, form: type[Register], bits: dict[str, Field]) -> Behaviour:
    at = site.at(form, label="ISR")
    return Behaviour(name, (), {at.address: value_of(at, *site.live(bits))})


def ibex_live(site: Site) -> Behaviour:
    """SDE_ISR of Ibex Peak: live hotplug states of B, C, D and the CRT (Linux i915 i915_reg.h, SDE_PORTB_HOTPLUG)."""
    bits = {"b": SDE_ILK.PORT_B, "c": SDE_ILK.PORT_C, "d": SDE_ILK.PORT_D, "crt": SDE_ILK.CRT}
    return _live(site, "SDEISR", SDE_ILK, bits)


def pch_live(site: Site) -> Behaviour:
    """SDE_ISR: live hotplug states of B, C, D and the CRT; from Sunrise Point on of A (Linux i915 i915_reg.h)."""
    last = {"crt": SDE.CRT} if site.family.gen < 9 else {"a": SDE.PORT_A}
    return _live(site, "SDEISR", SDE, {"b": SDE.PORT_B, "c": SDE.PORT_C, "d": SDE.PORT_D} | last)


def icelake_live(site: Site) -> Behaviour:
    """SDE_ISR from Ice Point on: live hotplug states of A to D (Linux i915 i915_reg.h, SDE_DDI_HOTPLUG_ICP).

    A Type-C port that a board wires to an HDMI connector has its own (SDE_TC_HOTPLUG_ICP).
    """
    bits = {"a": SDE_ICP.PORT_A, "b": SDE_ICP.PORT_B, "c": SDE_ICP.PORT_C, "d": SDE_ICP.PORT_D}
    fixed = sum(1 << number - 1 for number in (1, 2, 3, 4) if f"hdmi-tc{number}" in site.ports)
    at = site.at(SDE_ICP, label="ISR")
    return Behaviour("SDEISR", (), {at.address: value_of(at, *site.live(bits), (SDE_ICP.TC, fixed))})


def broxton_live(site: Site) -> Behaviour:
    """DE_PORT_ISR: live hotplug states of DDI A, B, C (Linux i915, BXT_DE_PORT_HP_DDIA)."""
    bits = {"a": DE_PORT.HOTPLUG_A, "b": DE_PORT.HOTPLUG_B, "c": DE_PORT.HOTPLUG_C}
    return _live(site, "DE_PORT_ISR", DE_PORT, bits)


def ilk_cpu_live(site: Site) -> Behaviour:
    """DE_ISR of Ironlake and Sandy Bridge: live hotplug state of port A (Linux i915, DE_DP_A_HOTPLUG)."""
    return _live(site, "DEISR", DE_ILK, {"a": DE_ILK.PORT_A})


def ivb_cpu_live(site: Site) -> Behaviour:
    """DE_ISR of Ivy Bridge and Haswell: live hotplug state of port A (Linux i915, DE_DP_A_HOTPLUG_IVB).

    Haswell's GOP driver (0505040A) polls it 20 times before it gives the panel up.
    """
    return _live(site, "DEISR", DE_IVB, {"a": DE_IVB.PORT_A})


def bdw_cpu_live(site: Site) -> Behaviour:
    """DE_PORT_ISR of Broadwell: live hotplug state of port A (Linux i915, GEN8_PORT_DP_A_HOTPLUG)."""
    return _live(site, "DE_PORT_ISR", DE_PORT, {"a": DE_PORT.HOTPLUG_A})


def fuse_straps(site: Site) -> Behaviour:
    """SFUSE_STRAP: ports B, C, D are there (Linux i915, intel_ddi_init), here all of them.

    Haswell's and Broadwell's board wires those that have a display, and no other.
    """
    at = site.at(SFUSE_STRAP)
    bits = {"b": SFUSE_STRAP.DDI_B, "c": SFUSE_STRAP.DDI_C, "d": SFUSE_STRAP.DDI_D}
    wired = [(bit, 1) for bit in bits.values()] if site.family.gen >= 9 else site.live(bits)
    return Behaviour("SFUSE_STRAP", (), {at.address: value_of(at, *wired)})


def lvds_strap(site: Site) -> Behaviour:
    """LVDS, on the PCH: the strap that says a panel is wired. A mobile board has it, lit or not."""
    at = site.at(ports.LVDS)
    wired = int(site.family.panel == "lvds")
    return Behaviour("LVDS strap", (), {at.address: value_of(at, (ports.LVDS.DETECTED, wired))})


def port_straps(site: Site) -> Behaviour:
    """HDMI and DP: port B, C, D is wired. The board wires those that have a display, and no other.

    Linux i915, SDVO_DETECTED.
    """
    values = {
        at.address: value_of(at, (strap, int(site.attached(at.label.lower()))))
        for form, strap in ((ports.HDMI, ports.HDMI.DETECTED), (ports.DP, ports.DP.DETECTED))
        for at in site.all(form)
    }
    return Behaviour("port straps", (), values)


def ddi_a_strap(site: Site) -> Behaviour:
    """DDI_BUF_CTL_A: something was there on port A when power came up (Linux i915, DDI_INIT_DISPLAY_DETECTED)."""
    at = site.at(DDI_BUF_CTL, label="A")
    return Behaviour("DDI_A strap", (), {at.address: value_of(at, (DDI_BUF_CTL.DETECTED, int(site.attached("a"))))})
