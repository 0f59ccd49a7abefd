"""The model of SeaBIOS and SeaBIOS itself, executed, place 200 random configurations alike.

$FWSIM_CONFIGURATIONS=2000 asks more of them, $FWSIM_SEABIOS=FILE another build. A configuration is its seed: the test's
name has it.
"""

import os
import random

import pytest
from live.asked import from_fwsim
from live.seabios import version
from msgspec.structs import replace

from fwsim.firmware.cpu_models import MODELS
from fwsim.placement.allocate import place
from fwsim.placement.ask import Ask, BarAsk
from fwsim.registers.families import families
from fwsim.units import KIB, MIB

COUNT = int(os.environ.get("FWSIM_CONFIGURATIONS", "200"))
GENERATIONS = [family.name for family in families()]
CPUS = [name for name, (_, kind) in MODELS.items() if "long" in kind or "GiB" in kind]
OFTEN = [256, 512, 1024, 2048, 3072, 4096, 6144, 8192, 16384]


def configuration(seed: int) -> Ask:
    """RAM, CPU, IGD, fw_cfg files and other devices, each as its own dice fall: usual ones more often than odd ones."""
    dice = random.Random(seed)
    ram = dice.choice([*OFTEN, dice.randrange(64, 12288)]) * MIB + dice.choice([0, 0, 0, 8 * KIB * dice.randrange(128)])
    stolen = dice.choice([0, 1, 16, 32, 64, 128, 512, dice.randrange(1, 2048)]) * MIB
    opregion = dice.choice([0, 8, 8, 8, 12, 4 * dice.randrange(1, 64), 16384, 20480]) * KIB
    accel = dice.choice(["kvm", "kvm", "tcg"])
    bars = [BarAsk(index=2, size=dice.choice([128, 256, 512, 1024, 2048, 4096]) * MIB, kind="pref", is64=True)]
    for slot in dice.sample(range(3, 0x1E), dice.choice([0, 0, 1, 2, 5])):
        bars += other(dice, f"00:{slot:02x}.0")
    gen = dice.choice(GENERATIONS[GENERATIONS.index("965") :])
    return Ask(
        machine=dice.choice(["pc", "q35"]), ram=ram, stolen=stolen, opregion=opregion, gen=gen,
        bars=bars if dice.random() < 0.7 else bars[1:], accel=accel,
        cpu=dice.choice(CPUS if accel == "tcg" else ["host", *CPUS]),
        slot=dice.choice(["00:02.0"] * 6 + ["00:1e.0", "00:1f.7"]), class_code=dice.choice([0x030000] * 7 + [0x038000]),
        phys_bits=dice.choice([0, 0, 36, 39, 46]), max_low=dice.choice([0] * 5 + [1 << 30, 3 << 30]),
    )  # fmt: skip


def other(dice: random.Random, slot: str) -> list[BarAsk]:
    """The BARs of a device that no driver is for."""
    found, index = [], 0
    while index < 5 and dice.random() < 0.8:
        kind = dice.choice(["io", "mem", "mem", "pref"])
        is64 = kind != "io" and dice.random() < 0.4
        least, most = (2, 8) if kind == "io" else (4, 28)
        found.append(BarAsk(index=index, size=1 << dice.randrange(least, most), kind=kind, is64=is64, slot=slot))
        index += 1 + is64
    return found


@pytest.mark.parametrize("seed", range(COUNT))
def test_the_image_places_what_the_model_says(seed, require_package):
    image = os.environ.get("FWSIM_SEABIOS") or require_package("seabios", "/usr/share/seabios/bios-256k.bin")
    ask = configuration(seed)
    executed = place(replace(ask, firmware="seabios-image", options={"image": str(image)}))
    model = place(replace(ask, firmware="seabios", version=version("\n".join(executed.firmware.log))))
    assert from_fwsim(model) == from_fwsim(executed), ask
