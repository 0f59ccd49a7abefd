"""Real GOP drivers of generations 6 to 8 with a mainboard's VBT, found under $FWSIM_ROMS by what they contain.

Which driver goes with which device, PCH and VBT: docs/gop.md. Drivers are Intel's, as boards' firmware carries them.
"""

import os
from dataclasses import dataclass

import numpy as np
import pytest
from glyphs import read_png
from real_files import by_hash

from fwsim.machine.build import build, vbt_of
from fwsim.results.folder import RunDir
from fwsim.rom.chain import load
from fwsim.running.base import Assembled
from fwsim.running.option_rom import offer
from fwsim.running.payload import test_card as card
from fwsim.running.uefi import UefiRun
from fwsim.scenario.load import loads


@dataclass(frozen=True)
class Kind:
    """A driver by its SHA-256, on the cpu with this device and PCH id."""

    driver: str
    cpu: str
    device: int
    pch: int


SNB = Kind("8d075ea3", "sandybridge", 0x0116, 0x1C49)
IVB = Kind("0629a20c", "ivybridge", 0x0166, 0x1E55)
HSW = Kind("e2d79420", "haswell", 0x0A16, 0x9C43)
BDW = Kind("e2d79420", "broadwell", 0x1616, 0x9CC3)
BYT = Kind("0a9c10dc", "baytrail", 0x0F31, 0x0F1C)

MOBILE = "b5f1aaa2"
"""A vBIOS image of Sandy and Ivy Bridge, build 2120, whose VBT is a mobile board's with an LVDS panel."""
SLIPPY, MONROE, SAMUS, TIDUS = "02ad039a", "4596d1c7", "5a498eab", "7307c63a"
"""coreboot's VBTs of these mainboards."""
BAY_TRAIL = "67e34ffc"
"""A Bay Trail board's, with eDP on port C and HDMI on B."""


def file(prefix):
    """The file whose SHA-256 begins so; skips the test where there is none."""
    files = by_hash(os.environ.get("FWSIM_ROMS", ""))
    found = next((at for name, at in files.items() if name.startswith(prefix)), None)
    if found is None:
        pytest.skip(f"no file with sha256 {prefix}... under $FWSIM_ROMS")
    return found


def vbt(prefix, folder):
    """A file with the VBT: the file itself, or what a vBIOS image holds."""
    path = file(prefix)
    legacy = load(str(path)).legacy if prefix == MOBILE else None
    if legacy is None:
        return path
    out = folder / "vbt"
    out.write_bytes(path.read_bytes()[legacy.vbt.offset : legacy.vbt.offset + legacy.vbt.size])
    return out


def run_of(kind, table, ports, folder, *, without=(), more="", pch=None):
    """A run, assembled. ``table``: the VBT's SHA-256, "" for none; ``without``: behaviours the device lacks.

    Its folder is ``folder`` / "run".
    """
    text = f'[host]\ncpu = "{kind.cpu}"\ndevice_id = {kind.device}\nlpc_id = {kind.pch if pch is None else pch}\n'
    text += f'vbt = "{vbt(table, folder)}"\n' if table else ""
    text += f'[firmware]\nkind = "ovmf"\n[rom]\nfile = "{file(kind.driver)}"\n'
    text += "".join(f'[[display]]\nport = "{port}"\n' for port in ports)
    text += more or '[hypervisor]\nprofile = "10.2"\nlpc = "on"\n'
    scenario = loads(text, "test")
    rom = load(scenario.rom.file)
    offered = offer(scenario, rom, kind.device, None)
    built = build(scenario, rom, offered.image, None, without=frozenset(without), mode="long")
    made = Assembled(scenario, rom, offered, built, None, kind.device, vbt_of(scenario, rom))
    return UefiRun(made, RunDir.create(folder / "run"))


def done(run):
    """``run``'s summary, after its start and every mode."""
    run.post()
    run.calls()
    return run.summary()


def start(summary):
    """What the driver's Start returned."""
    return summary.efi.drivers[0].start


def whole(summary, folder):
    """Whether each mode was set, and its picture is the test card pixel by pixel, read from the file."""
    modes = [(mode.width, mode.height) for mode in summary.efi.gop.modes]
    assert len(summary.display) == len(modes) >= 3
    return all(
        mode.set == "SUCCESS" for mode in summary.efi.gop.modes
    ) and all(
        np.array_equal(read_png(folder / "run" / screen.file), card(*size))
        for screen, size in zip(summary.display, modes, strict=True)
    )  # fmt: skip
