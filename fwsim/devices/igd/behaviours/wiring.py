"""GMBUS pin pairs, GPIO registers and AUX channels lead to ports, differently in each family.

Sources: Linux i915 display/intel_gmbus.c (pins), intel_dp_aux_regs.h (channels), intel_vbt_defs.h (eDP's port).
"""

from dataclasses import dataclass
from types import MappingProxyType

from fwsim.registers.family import Family

Pins = MappingProxyType[str, int]

_GMCH_PINS: Pins = MappingProxyType({"crt": 2, "lvds": 3, "c": 4, "b": 5, "d": 6})
_CHV_PINS: Pins = MappingProxyType({"crt": 2, "d": 3, "c": 4, "b": 5})
_SKL_PINS: Pins = MappingProxyType({"c": 4, "b": 5, "d": 6})
_BXT_PINS: Pins = MappingProxyType({"b": 1, "c": 2, "d": 3})
_GMCH_GPIO = ((0, 2), (1, 1), (2, 3), (3, 4), (4, 5), (5, 6))
_BXT_GPIO = ((1, 1), (2, 2), (3, 3), (4, 4))

_NO_AUX: Pins = MappingProxyType({})
_G4X_AUX: Pins = MappingProxyType({"b": 0x64110, "c": 0x64210, "d": 0x64310})
_PCH_AUX: Pins = MappingProxyType({"a": 0x64010, "b": 0xE4110, "c": 0xE4210, "d": 0xE4310})
_VLV_AUX: Pins = MappingProxyType({"b": 0x1E4110, "c": 0x1E4210, "d": 0x1E4310})
_DDI_AUX: Pins = MappingProxyType({"a": 0x64010, "b": 0x64110, "c": 0x64210, "d": 0x64310})


@dataclass(frozen=True)
class Wiring:
    """Register offsets are MMIO. ``pins``: port (crt, lvds, b, c, d) to GMBUS pin pair; ``aux``: letter to DDI_AUX_CTL.

    ``gpio``: (number of the GPIOCTL register, pin pair). ``edp``: the letter of the port that eDP is on.
    """

    gmbus: int
    pins: Pins
    gpio: tuple[tuple[int, int], ...]
    aux: Pins
    edp: str = "a"
    display_base: int = 0

    @property
    def gpio_base(self) -> int:
        """GPIOCTL 0 lies 0xF0 below GMBUS0."""
        return self.gmbus - 0xF0

    def pin(self, port: str) -> int | None:
        """The GMBUS pin pair of a scenario's port; None for DisplayPort and eDP, whose EDID comes over AUX."""
        kind, _, letter = port.partition("-")
        if kind in ("hdmi", "dvi"):
            return self.pins.get(letter)
        return self.pins.get(kind) if kind in ("crt", "lvds") else None

    def channel(self, port: str) -> int | None:
        """The AUX channel, counted as in ``aux``, of a DisplayPort sink on a scenario's port; None for another kind."""
        kind, _, letter = port.partition("-")
        letters = list(self.aux)
        wanted = self.edp if kind == "edp" else letter if kind == "dp" else ""
        return letters.index(wanted) if wanted in letters else None


_GMCH = Wiring(0x5100, _GMCH_PINS, _GMCH_GPIO, _NO_AUX)
_G4X = Wiring(0x5100, _GMCH_PINS, _GMCH_GPIO, _G4X_AUX)
_PCH = Wiring(0xC5100, _GMCH_PINS, _GMCH_GPIO, _PCH_AUX)
_VLV = Wiring(0x185100, _GMCH_PINS, _GMCH_GPIO, _VLV_AUX, edp="c", display_base=0x180000)
_CHV = Wiring(0x185100, _CHV_PINS, _GMCH_GPIO, _VLV_AUX, display_base=0x180000)
_SKL = Wiring(0xC5100, _SKL_PINS, _GMCH_GPIO, _DDI_AUX)
_BXT = Wiring(0xC5100, _BXT_PINS, _BXT_GPIO, _DDI_AUX)
_BY_FAMILY = {
    "G45": _G4X, "GM45": _G4X, "ironlake": _PCH, "sandybridge": _PCH, "ivybridge": _PCH, "haswell": _PCH,
    "broadwell": _PCH, "baytrail": _VLV, "cherryview": _CHV, "skylake": _SKL, "kabylake": _SKL, "apollolake": _BXT,
    "geminilake": _BXT, "coffeelake": _BXT, "cometlake": _BXT,
}  # fmt: skip


def wiring(family: Family) -> Wiring:
    """The family's wiring: from gen 11 on as Cannon Point's, before the G45 as the GMCH's."""
    return _BY_FAMILY.get(family.name, _GMCH if family.gen <= 4 else _BXT)
