#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The device ids that the EFI drivers are for are those that fwsim knows, generations 6 to 12: ids.py prints ids.h.

Bay Trail and Cherryview are left out: their displays are laid out otherwise.
"""

from fwsim.registers.device_ids import DEVICE_IDS
from fwsim.registers.families import family

WITHOUT = ("baytrail", "cherryview")


def families() -> dict[str, int]:
    """Every family that the drivers are for, and its generation."""
    known = {name: family(name).gen for name in DEVICE_IDS if name not in WITHOUT}
    return {name: gen for name, gen in known.items() if 6 <= gen <= 12}


def ids() -> list[int]:
    """Every device id, as the PCIR of an image lists them."""
    return [each for name in families() for each in DEVICE_IDS[name]]


def listing() -> str:
    """ids.h."""
    lines = ["/* SPDX-License-Identifier: GPL-2.0-or-later", " * Made by ids.py: device id and generation. */"]
    lines += ["static const u16 IDS[][2] = {"]
    for name, gen in families().items():
        found = [f"{{0x{each:04x}, {gen}}}," for each in DEVICE_IDS[name]]
        lines += [f"    /* {name} */", *("    " + " ".join(found[at : at + 8]) for at in range(0, len(found), 8))]
    return "\n".join([*lines, "};", ""])


if __name__ == "__main__":
    print(listing(), end="")
