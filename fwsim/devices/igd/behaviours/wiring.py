"""GMBUS pin pairs, GPIO registers and AUX channels lead to ports, differently in each family.

Sources: Linux i915 display/intel_gmbus.c (pins), intel_dp_aux_regs.h (channels), intel_vbt_defs.h (eDP's port).
"""

from types import MappingProxyType

from msgspec import Struct

from fwsim.registers.family import Family

Pins = MappingProxyType[str, int]

_GMCH_PINS: Pins = MappingProxyType({"crt": 2, "lvds": 3, "c": 4, "b": 5, "d": 6})
_CHV_PINS: Pins = MappingProxyType({"crt": 2, "d": 3, "c": 4, "b": 5})
_SKL_PINS: Pins = MappingProxyType({"c": 4, "b": 5, "d": 6})
_BXT_PINS: Pins = MappingProxyType({"b": 1, "c": 2, "d": 3})
_TGL_PINS: Pins = MappingProxyType({"b": 2, "c": 3, "tc1": 9, "tc2": 10, "tc3": 11, "tc4": 12})
_GMCH_GPIO = ((0, 2), (1, 1), (2, 3), (3, 4), (4, 5), (5, 6))
_BXT_GPIO = ((1, 1), (2, 2), (3, 3), (4, 4))


_LANES = 4
"""Of a DisplayPort socket, and of most panels."""


class Wiring(Struct, frozen=True):
    """``pins``: port (crt, lvds, b, c, d) to GMBUS pin pair; ``gpio``: (number of the GPIOCTL register, pin pair).

    ``aux``: the letters of the AUX channels; ``type_c``: those of the Type-C ports tc1 on among them; ``edp``: the
    letter of the port that eDP is on, ``edp_lanes``: how many lanes its panel has.
    """

    pins: Pins
    gpio: tuple[tuple[int, int], ...] = ()
    aux: str = ""
    edp: str = "a"
    edp_lanes: int = _LANES
    type_c: str = ""

    def lanes(self, channel: int) -> int:
        """How many lanes the sink on that AUX channel has."""
        return self.edp_lanes if self.aux[channel] == self.edp else _LANES

    def pin(self, port: str) -> int | None:
        """The GMBUS pin pair of a scenario's port; None for DisplayPort and eDP, whose EDID comes over AUX."""
        kind, _, letter = port.partition("-")
        if kind in ("hdmi", "dvi"):
            return self.pins.get(letter)
        return self.pins.get(kind) if kind in ("crt", "lvds") else None

    def channel(self, port: str) -> int | None:
        """The AUX channel, counted as in ``aux``, of a DisplayPort sink on a scenario's port; None for another kind."""
        kind, _, letter = port.partition("-")
        wanted = self.edp if kind == "edp" else letter if kind == "dp" else ""
        if wanted.startswith("tc"):
            wanted = self.type_c[int(wanted[2:]) - 1 :][:1]
        elif wanted in self.type_c:
            return None
        return self.aux.index(wanted) if wanted and wanted in self.aux else None


_GMCH = Wiring(_GMCH_PINS, _GMCH_GPIO)
_G4X = Wiring(_GMCH_PINS, _GMCH_GPIO, "bcd")
_PCH = Wiring(_GMCH_PINS, _GMCH_GPIO, "abcd")
_HSW = Wiring(_GMCH_PINS, _GMCH_GPIO, "abcd", edp_lanes=2)
"""Port A may have two of its four lanes, for port E (the CRT's) has the others (Linux i915 display/intel_ddi.c,
intel_ddi_max_lanes): a panel of two fits every board. The GOP driver 0505040A trains as many as there are, but asks all
those that the sink has whether they are locked.
"""
_SKL = Wiring(_SKL_PINS, _GMCH_GPIO, "abcd")
_BXT = Wiring(_BXT_PINS, _BXT_GPIO, "abcd")
_MTL = Wiring(_TGL_PINS, _BXT_GPIO, "abdefg", type_c="defg")
_TGL = Wiring(_TGL_PINS, _BXT_GPIO, "abcdefg", type_c="defg")
FROM_ICELAKE = ("icelake", "elkhartlake", "jasperlake", "rocketlake", "alderlake", "raptorlake")
"""Families whose display is Ice Lake's, as far as is known here."""
_BY_FAMILY = {
    **dict.fromkeys(("830", "845", "855", "865", "915", "945", "G33", "965"), _GMCH),
    **dict.fromkeys(("G45", "GM45"), _G4X),
    **dict.fromkeys(("ironlake", "sandybridge", "ivybridge"), _PCH),
    **dict.fromkeys(("haswell", "broadwell"), _HSW),
    "baytrail": Wiring(_GMCH_PINS, _GMCH_GPIO, "bcd", edp="c"),
    "cherryview": Wiring(_CHV_PINS, _GMCH_GPIO, "bcd"),
    **dict.fromkeys(("skylake", "kabylake"), _SKL),
    **dict.fromkeys(("apollolake", "geminilake", "coffeelake", "cometlake", "cannonlake", *FROM_ICELAKE), _BXT),
    **dict.fromkeys(("tigerlake", "alderlake-p"), _TGL),
    "meteorlake": _MTL,
}
"""From Ice Lake on the pins of ports A to C are 1 to 3 (gmbus_pins_icp); here as Cannon Point's, B to D, but for the
families with Type-C ports, whose AUX channels D on are those ports' (enum aux_ch, AUX_CH_USBC1).
"""
_NOTHING = Wiring(MappingProxyType({}))


def wiring(family: Family) -> Wiring:
    """The family's wiring; one without a row has no wires."""
    return _BY_FAMILY.get(family.name, _NOTHING)
