"""Ports say that something is plugged in: by live states, detect straps, and the CRT's forced detection."""

from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import ALL, bit, read_only, self_clears, write_clears

_CRT_MONITOR = bit(8, 9)


def hotplug_enable(site: Site) -> Behaviour:
    """PORT_HOTPLUG_EN 0x61110: bit 3, force CRT detection, clears itself.

    Linux i915 intel_crt.c, intel_crt_detect_hotplug.
    """
    at = site.base + 0x61110
    return Behaviour("HOTPLUG_EN", (self_clears(at, bit(3)),))


def hotplug_status(site: Site) -> Behaviour:
    """PORT_HOTPLUG_STAT 0x61114: bits 9:8 are 3 with a colour CRT; 29:27 live states of digital ports; events are w1c.

    G45: bit 27 is B, 28 C, 29 D; Bay Trail and Cherryview: 29 is B, 28 C, 27 D (Linux i915 i915_reg.h).
    """
    at = site.base + 0x61114
    bits = {"b": 29, "c": 28, "d": 27} if site.base else {"b": 27, "c": 28, "d": 29}
    digital = site.live(bits) if site.wiring.aux else 0
    value = digital | (_CRT_MONITOR if "crt" in site.ports else 0)
    live = _CRT_MONITOR | bit(27, 28, 29)
    return Behaviour("HOTPLUG_STAT", (read_only(at, live), write_clears(at, ALL & ~live)), {at: value})


def pch_live(site: Site) -> Behaviour:
    """SDEISR 0xC4000: live hotplug states, 21 B, 22 C, 23 D, 19 CRT; from Sunrise Point on 24 A.

    Linux i915 i915_reg.h.
    """
    bits = {"b": 21, "c": 22, "d": 23, "crt": 19}
    if site.family.gen >= 9:
        bits = {"b": 21, "c": 22, "d": 23, "a": 24}
    return Behaviour("SDEISR", (read_only(0xC4000),), {0xC4000: site.live(bits)})


def broxton_live(site: Site) -> Behaviour:
    """GEN8_DE_PORT_ISR 0x44440: live hotplug states of DDI A, B, C in bits 3, 4, 5.

    Linux i915, BXT_DE_PORT_HP_DDIA.
    """
    return Behaviour("DE_PORT_ISR", (read_only(0x44440),), {0x44440: site.live({"a": 3, "b": 4, "c": 5})})


def fuse_straps(site: Site) -> Behaviour:
    """SFUSE_STRAP 0xC2014: ports B, C, D are there (bits 2, 1, 0; Linux i915, intel_ddi_init), here all of them.

    Haswell's and Broadwell's board wires those that have a display, and no other.
    """
    wired = bit(0, 1, 2) if site.family.gen >= 9 else site.live({"b": 2, "c": 1, "d": 0})
    return Behaviour("SFUSE_STRAP", (read_only(0xC2014),), {0xC2014: wired})


def lvds_strap(site: Site) -> Behaviour:
    """PCH_LVDS 0xE1180 bit 1: the strap that says a panel is wired. A mobile board has it, lit or not."""
    wired = bit(1) if site.family.panel == "lvds" else 0
    return Behaviour("LVDS strap", (read_only(0xE1180, bit(1)),), {0xE1180: wired})


def _wired(site: Site, places: dict[int, str]) -> Behaviour:
    """Straps of ports: the board wires those that have a display, and no other."""
    values = {at: bit(2) for at, letter in places.items() if site.attached(letter)}
    return Behaviour("port straps", tuple(read_only(at, bit(2)) for at in places), values)


def pch_port_straps(site: Site) -> Behaviour:
    """HDMI 0xE1140, 50, 60 and DisplayPort 0xE4100, 200, 300 bit 2: port B, C, D is wired.

    Linux i915, SDVO_DETECTED.
    """
    return _wired(site, {0xE1140: "b", 0xE1150: "c", 0xE1160: "d", 0xE4100: "b", 0xE4200: "c", 0xE4300: "d"})


def vlv_port_straps(site: Site) -> Behaviour:
    """HDMI 0x1E1140, 60 and DisplayPort 0x1E4100, 200 (Cherryview: 1E116C and 300 too) bit 2: wired (Linux i915)."""
    places = {0x1E1140: "b", 0x1E1160: "c", 0x1E4100: "b", 0x1E4200: "c"}
    if site.family.name == "cherryview":
        places |= {0x1E116C: "d", 0x1E4300: "d"}
    return _wired(site, places)


def ddi_a_strap(site: Site) -> Behaviour:
    """DDI_BUF_CTL_A 0x64000 bit 0: something was there on port A when power came up.

    Linux i915, DDI_INIT_DISPLAY_DETECTED.
    """
    found = bit(0) if site.attached("a") else 0
    return Behaviour("DDI_A strap", (read_only(0x64000, bit(0)),), {0x64000: found})
