"""Real boots beside fwsim's answers: how far its numbers can be trusted for the QEMU and firmware installed here.

    python tests/oracle/live --firmware seabios --boots 40 --seed 1

QEMU runs one random machine after the other; the same machine, and the same adapters as the measured vectors have, are
asked of fwsim. Each boot is a line; one that differs says in what. Exit 1 where any does.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from live.boots import differences, qemu_version  # noqa: E402
from live.machine import random_machine  # noqa: E402
from live.ovmf import OvmfBoots  # noqa: E402
from live.seabios import SeabiosBoots  # noqa: E402
from test_oracle import plain  # noqa: E402

KINDS = {"seabios": SeabiosBoots, "ovmf": OvmfBoots}


def main() -> int:
    """Exit status: 0 all equal, 1 some differ."""
    ask = argparse.ArgumentParser(prog="make live", description=(__doc__ or "").partition("\n")[0])
    ask.add_argument("--firmware", choices=KINDS, default="seabios")
    ask.add_argument("--boots", type=int, default=40, metavar="N")
    ask.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32), metavar="N")
    ask.add_argument("--qemu", default="qemu-system-x86_64", metavar="PROGRAM")
    ask.add_argument("--image", default="", metavar="FILE", help="the firmware's image; default QEMU's, or Debian's")
    given = ask.parse_args()
    dice, release = random.Random(given.seed), qemu_version(given.qemu)
    kind = KINDS[given.firmware](given.qemu, release, given.image)
    print(f"{kind.shown}, QEMU {release}, seed {given.seed}", flush=True)
    equal = 0
    for number in range(given.boots):
        machine = random_machine(dice, kind.uefi)
        vector, real = kind.boot(machine)
        found = {"boot": ("", real)} if isinstance(real, str) else differences(real, kind.answer(vector), plain)
        equal += not found
        print(f"{number + 1:3} {'equal  ' if not found else 'DIFFERS'} {machine.text}", flush=True)
        for name, (measured, ours) in found.items():
            print(f"      {name}: real {_shown(measured)}\n      {' ' * len(name)}  fwsim {_shown(ours)}")
    print(f"{equal} of {given.boots} equal")
    return int(equal != given.boots)


def _shown(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value)
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return str(value)


sys.exit(main())
