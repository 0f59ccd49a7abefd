"""The graphics device of each host cpu, looked up by name or device id.

A row is a complete host: every default that a scenario's ``[host]`` table may override. The rows are in
``family_rows``, their type is in ``family``.
"""

from difflib import get_close_matches
from functools import lru_cache

from fwsim.errors import FwsimError
from fwsim.registers.family import Family
from fwsim.registers.family_rows import ROWS


def families() -> tuple[Family, ...]:
    """Every family, oldest first."""
    return ROWS


@lru_cache(maxsize=256)
def family(cpu: str) -> Family:
    """The row of ``host.cpu = cpu`` (case does not matter); raises FwsimError naming the nearest name for another."""
    rows = {row.name.lower(): row for row in families()}
    wanted = _ALIASES.get(cpu.strip().lower(), cpu.strip().lower())
    if wanted in rows:
        return rows[wanted]
    near = get_close_matches(wanted, [*rows, *_ALIASES], n=1, cutoff=0.5)
    hint = f"did you mean {rows[_ALIASES.get(near[0], near[0])].name}?" if near else ""
    raise FwsimError(
        "no such host cpu",
        where="host.cpu",
        found=repr(cpu),
        expected=", ".join(row.name for row in families()),
        hint=hint,
    )


def family_of_device(device_id: int) -> Family | None:
    """The family whose 00:02.0 has ``device_id``; None for an id that is not a known one."""
    from fwsim.registers.device_ids import DEVICE_IDS

    for name, ids in DEVICE_IDS.items():
        if device_id in ids:
            return family(name)
    return None


_ALIASES = {
    "i830": "830",
    "i845": "845",
    "i855": "855",
    "i865": "865",
    "i915": "915",
    "i945": "945",
    "i965": "965",
    "crestline": "965",
    "965gm": "965",
    "g4x": "g45",
    "cantiga": "gm45",
    "eaglelake": "g45",
    "pineview": "g33",
    "valleyview": "baytrail",
    "braswell": "cherryview",
    "broxton": "apollolake",
    "alderlake-s": "alderlake",
    "raptorlake-s": "raptorlake",
    "alderlake-n": "alderlake-p",
    "raptorlake-p": "alderlake-p",
    "raptorlake-u": "alderlake-p",
}
