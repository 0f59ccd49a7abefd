"""Which defaults has a host CPU family? (until fwsim/registers/families.py is there)."""

from typing import NamedTuple


class Family(NamedTuple):
    """Defaults of one family."""

    gen: int
    device_id: int
    ggc: int
    bdsm: int
    asls: int
    lpc_id: int


FAMILIES = {
    "sandybridge": Family(6, 0x0126, 0x0209, 0xDBA00000, 0xDA9F5018, 0x1C4F),
    "ivybridge": Family(7, 0x0166, 0x0209, 0xDBA00000, 0xDA9F5018, 0x1E57),
    "haswell": Family(7, 0x0416, 0x0209, 0xCD200000, 0xCA7F9018, 0x8C4B),
}


def family(cpu: str) -> Family:
    """The family ``cpu`` names."""
    return FAMILIES[cpu]
