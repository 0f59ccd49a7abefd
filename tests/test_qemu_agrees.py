"""Where SeaBIOS puts things is asked of real SeaBIOS in a real QEMU, where one is installed, boot by boot.

The IGD is QEMU's multi-process PCI proxy device with a peer of ours (``tests/oracle/live``). A dozen machines are
booted each time; $FWSIM_BOOTS=100 boots as many random ones too, $FWSIM_OVMF_BOOTS=10 of OVMF, from seed $FWSIM_SEED on
(0): a test's name has its seed.
"""

import os
import random
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from live.asked import ask_of, from_boot, from_fwsim, igd_from_boot, igd_from_fwsim
from live.boots import qemu_version
from live.machine import DEVICES, MIB, Machine, made, random_machine
from live.ovmf import OvmfBoots
from live.seabios import SeabiosBoots
from qemu_devices import CLASSES, DEVICE_IDS

from fwsim.firmware.allocators import allocator
from fwsim.firmware.seabios.drivers import DRIVERS
from fwsim.placement.allocate import place
from fwsim.running.executed import SEABIOS_IMAGE

QEMU = "qemu-system-x86_64"
IMAGE = Path(SEABIOS_IMAGE.image)
TRIED = (7, 2)
"""The release of QEMU whose proxy device is known to start under TCG; 11.1's does not."""
KINDS = ["seabios", SEABIOS_IMAGE.name]
OVMF_KINDS = ["ovmf"]
GIB = 1 << 30
E1000, RTL8139, SOUND, DISPLAY = (f"{name},romfile=" for name in ("e1000", "rtl8139", "intel-hda", "bochs-display"))

MACHINES = {
    "pc 256M": made("pc", 256 * MIB, 0x0166, 32 * MIB),
    "pc 256M, more stolen than there is": made("pc", 256 * MIB, 0x0166, 512 * MIB),
    "q35 512M, no stolen memory": made("q35", 512 * MIB, 0x9A49, 0),
    "pc 1G, two network cards": made("pc", GIB, 0x0126, MIB, names=[E1000, RTL8139]),
    "q35 1G, two displays": made("q35", GIB, 0x0126, MIB, names=[DISPLAY, SOUND]),
    "pc 2G, a 1 GiB aperture, Intel's CPU": made("pc", 2 * GIB, 0x0416, 32 * MIB, aperture=GIB, cpu="Haswell"),
    "q35 2G, an OpRegion of 12 KiB": made("q35", 2 * GIB, 0x8A52, 64 * MIB, opregion=12288),
    "pc 3G, a 512 MiB aperture": made("pc", 3 * GIB, 0x1616, 64 * MIB, aperture=512 * MIB),
    "q35 3G, no OpRegion": made("q35", 3 * GIB, 0x1916, 32 * MIB, opregion=None),
    "pc 4G, a sound card": made("pc", 4 * GIB, 0x3E9B, 0, names=[SOUND]),
    "q35 5G, Intel's CPU": made("q35", 5 * GIB, 0x3E9B, 32 * MIB, cpu="Skylake-Client"),
    "pc 8G, a network card": made("pc", 8 * GIB, 0x9A49, 64 * MIB, names=[E1000]),
    "q35 8G, a 1 GiB aperture": made("q35", 8 * GIB, 0x0126, 32 * MIB, aperture=GIB),
}  # fmt: skip
_DRIVEN = {code for driver in DRIVERS for code in (*driver.classes, *(number >> 16 for number in driver.ids))}
PLAIN = [
    f"{name},romfile="
    for name in (each.partition(",")[0] for each in DEVICES)
    if not {CLASSES[name][0], DEVICE_IDS.get(name)} & _DRIVEN
]
"""Devices without a ROM or a driver in SeaBIOS: drivers take memory, and ``fwsim alloc`` is told of BARs only."""


@dataclass(frozen=True)
class Real:
    """What a real boot came to, and what fwsim has to be asked for the same."""

    outcome: dict[str, Any]
    bars: list[list[Any]]
    version: str
    qemu: str


@cache
def boots() -> SeabiosBoots:
    if not shutil.which(QEMU):
        pytest.skip(f"{QEMU} is not installed (Debian: qemu-system-x86)")
    return SeabiosBoots(QEMU, qemu_version(QEMU), str(IMAGE) if IMAGE.exists() else "")


def boot(machine: Machine) -> Real:
    vector, seen = boots().boot(machine)
    release = qemu_version(QEMU)
    if isinstance(seen, str):
        tried = tuple(map(int, re.findall(r"\d+", release)[:2])) == TRIED
        (pytest.fail if tried else pytest.skip)(f"QEMU {release} does not boot this: {seen}")
    version = vector["system"].partition("/")[0].removeprefix("seabios-")
    return Real(from_boot(seen, vector["registers"]), vector["in"]["pci_bars"], version, release)


@cache
def named(name: str) -> Real:
    return boot(MACHINES[name])


def agree(real: Real, machine: Machine, kind: str) -> None:
    executed = kind == SEABIOS_IMAGE.name
    if executed and not IMAGE.exists():
        pytest.skip(f"{IMAGE} is not here: QEMU's own image may be another")
    if not executed and not allocator(kind).knows_version(real.version):
        pytest.skip(f"{kind} has no rules for the installed SeaBIOS {real.version}")
    placed = place(ask_of(machine, real.bars, kind, "" if executed else real.version, real.qemu))
    assert from_fwsim(placed) == real.outcome, machine.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_is_placed_as_a_real_one(name, kind):
    agree(named(name), MACHINES[name], kind)


def seeds(name: str):
    count, first = int(os.environ.get(name, "0")), int(os.environ.get("FWSIM_SEED", "0"))
    none = pytest.mark.skip(f"{name}=100 boots a hundred random machines in QEMU")
    return range(first, first + count) if count else [pytest.param(0, marks=none)]


@pytest.mark.parametrize("seed", seeds("FWSIM_BOOTS"))
def test_a_random_machine_is_placed_as_a_real_one(seed):
    machine = random_machine(random.Random(seed), uefi=False, devices=PLAIN)
    real = boot(machine)
    for kind in KINDS if machine.inputs["smp"] == 1 else KINDS[:1]:  # the engine that executes has one CPU
        agree(real, machine, kind)


@cache
def ovmf_boots() -> OvmfBoots:
    try:
        return OvmfBoots(QEMU, qemu_version(QEMU), "")
    except SystemExit as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("seed", seeds("FWSIM_OVMF_BOOTS"))
def test_a_random_machine_is_placed_as_by_real_ovmf(seed):
    """Ten seconds a boot; a driver of ours in the IGD's ROM asks OVMF's allocator for what VfioIgdPkg asks."""
    machine, real = random_machine(random.Random(seed), uefi=True), ovmf_boots()
    _, seen = real.boot(machine)
    assert not isinstance(seen, str), seen
    for kind in OVMF_KINDS:
        placed = place(ask_of(machine, [], kind, real.version, qemu_version(QEMU)))
        assert igd_from_fwsim(placed) == igd_from_boot(seen["igd"][0]), machine.text
