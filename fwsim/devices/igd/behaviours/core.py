"""A behaviour is a name, rows and reset values; a site is what it needs to know of the machine it is in."""

from collections.abc import Callable

from msgspec import Struct, field

from fwsim.devices.igd.behaviours.wiring import Wiring
from fwsim.devices.igd.rows import Row
from fwsim.errors import FwsimError
from fwsim.registers.core import Field, Register, RegisterAt
from fwsim.registers.family import Family


class Site(Struct, frozen=True):
    """The IGD's surroundings: its family, how its ports are wired, and on which of them (port names) a display is."""

    family: Family
    wiring: Wiring
    ports: frozenset[str]
    ggc: int
    """The host's GGC (GMCH_CTRL before gen 6)."""
    bdsm: int
    """Base of the host's stolen memory."""

    def __hash__(self) -> int:
        """A family's own fields have none; of those of one name there is mostly one."""
        return hash((self.family.name, self.ports, self.ggc, self.bdsm))

    def has(self, register: type[Register], label: str = "") -> bool:
        """Whether the family has the register, by this label."""
        return any(place.label == label for place in self._places(register))

    def at(self, *forms: type[Register], label: str = "") -> RegisterAt:
        """The register called ``label``, in whichever of its ``forms`` the family has it.

        Raises FwsimError for a register that the family lacks.
        """
        found = [place for form in forms for place in self._places(form) if place.label == label]
        if not found:
            raise FwsimError(
                "a behaviour names a register that the family lacks", where=self.family.name,
                found=f"{forms[0].name}{'_' if label else ''}{label}", expected="one that the database has for it",
            )  # fmt: skip
        return found[0]

    def all(self, *forms: type[Register]) -> list[RegisterAt]:
        """Every place of the register, in whichever of its ``forms`` the family has it; raises FwsimError likewise."""
        found = [place for form in forms for place in self._places(form)]
        return found or [self.at(*forms)]

    def _places(self, register: type[Register]) -> list[RegisterAt]:
        only = frozenset({self.family.name})
        return [
            RegisterAt(register, place.label, place.address, only)
            for place in register.places
            if self.family.name in place.families and place.address < self.family.mmio_size
        ]

    def attached(self, letter: str) -> bool:
        """Whether a display is on digital port ``letter`` (a to d), the port that eDP is wired to among them."""
        if "edp" in self.ports and letter == self.wiring.edp:
            return True
        return any(f"{kind}-{letter}" in self.ports for kind in ("hdmi", "dvi", "dp"))

    def live(self, bits: dict[str, Field]) -> list[tuple[Field, int]]:
        """Each of those fields as it is when every port (crt, or a letter) that has a display says so."""
        return [(bit, int(port in self.ports or self.attached(port))) for port, bit in bits.items()]


class Behaviour(Struct, frozen=True):
    """Rows that model one thing, the values its registers hold at reset, and what sideband units do (layout U_*).

    ``reset`` is by offset, in place of the database's values: what straps, the host or its firmware set up.
    """

    name: str
    rows: tuple[Row, ...] = ()
    reset: dict[int, int] = field(default_factory=dict)
    units: tuple[tuple[int, int, int, int], ...] = ()
    unit_reset: dict[int, int] = field(default_factory=dict)

    @property
    def registers(self) -> frozenset[int]:
        """Offsets of the registers whose behaviour this is."""
        return frozenset(row.register for row in self.rows) | frozenset(self.reset)


Maker = Callable[[Site], Behaviour]
"""Makes a behaviour for a site: what a family's table holds."""
