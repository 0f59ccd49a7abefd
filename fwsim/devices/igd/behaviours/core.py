"""A behaviour is a name, rows and reset values; a site is what it needs to know of the machine it is in."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fwsim.devices.igd.behaviours.wiring import Wiring
from fwsim.devices.igd.rows import Row
from fwsim.registers.family import Family


@dataclass(frozen=True)
class Site:
    """The IGD's surroundings: its family, how its ports are wired, and on which of them (port names) a display is."""

    family: Family
    wiring: Wiring
    ports: frozenset[str]
    ggc: int
    """The host's GGC (GMCH_CTRL before gen 6)."""
    bdsm: int
    """Base of the host's stolen memory."""

    @property
    def base(self) -> int:
        """What the display's registers are moved up by: 180000h on Bay Trail and Cherryview.

        Linux VLV_DISPLAY_BASE.
        """
        return self.wiring.display_base

    def attached(self, letter: str) -> bool:
        """Whether a display is on digital port ``letter`` (b, c, d), or on the port that eDP is wired to."""
        if "edp" in self.ports and letter == self.wiring.edp:
            return True
        return any(f"{kind}-{letter}" in self.ports for kind in ("hdmi", "dvi", "dp"))

    def live(self, bits: dict[str, int]) -> int:
        """The mask of those bits whose port (crt, or a letter) has a display."""
        return sum(1 << bit for port, bit in bits.items() if (port in self.ports or self.attached(port)))


@dataclass(frozen=True)
class Behaviour:
    """Rows that model one thing, the values its registers have at reset, and what sideband units do (layout U_*)."""

    name: str
    rows: tuple[Row, ...] = ()
    reset: dict[int, int] = field(default_factory=dict)
    units: tuple[tuple[int, int, int, int], ...] = ()
    unit_reset: dict[int, int] = field(default_factory=dict)


Maker = Callable[[Site], Behaviour]
"""Makes a behaviour for a site: what a family's table holds."""
