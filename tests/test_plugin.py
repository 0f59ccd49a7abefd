"""The package in examples/plugin, installed beside fwsim: its hypervisor and its allocator run as ours do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MIB = 1 << 20


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the package in it, for PYTHONPATH."""
    folder = tmp_path_factory.mktemp("site")
    copy = tmp_path_factory.mktemp("source") / "plugin"
    subprocess.run(["cp", "-r", ROOT / "examples" / "plugin", copy], check=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--no-build-isolation", "--target", folder, copy],
        check=True,
    )  # fmt: skip
    return folder


def fwsim(folder, *arguments):
    """``fwsim ARGUMENTS --json`` with the package installed: exit code and document."""
    path = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", "from fwsim.cli import main; raise SystemExit(main())", *map(str, arguments), "--json"],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def run(folder, out, *settings):
    return fwsim(
        folder, "run", ROOT / "examples" / "demo-qemu.toml", "--out", out,
        *(word for setting in settings for word in ("--set", setting)),
    )  # fmt: skip


def test_the_hypervisor_runs_a_rom(installed, tmp_path):
    """The posted image writes 255 entries of the host's; each goes to page 3 of the guest's stolen memory."""
    plain = run(installed, tmp_path / "plain")
    ours = run(installed, tmp_path / "scratch", "hypervisor.kind=scratch", "hypervisor.options.page=3")
    assert (plain["gtt"]["rewritten"], plain["gtt"]["targets"]["host_stolen"]) == (0, 255)
    assert (ours["gtt"]["rewritten"], ours["gtt"]["targets"]["guest_stolen"]) == (255, 255)
    assert ours["gtt"]["first"]["written"] == ours["firmware"]["bdsm"] + 3 * 4096 | 1
    assert (plain["iommu"]["faults"] > 0, ours["iommu"]["faults"]) == (True, 0)


def test_the_allocator_places_and_runs(installed, tmp_path):
    """2 GiB of RAM, 32 MiB of stolen memory: 7E000000h, and 8 KiB below it the OpRegion."""
    placed = fwsim(installed, "alloc", "--firmware", "below-bars")["firmware"]
    assert (placed["bdsm"], placed["asls"]) == ((2048 - 32) * MIB, (2048 - 32) * MIB - 0x2000)
    ran = run(installed, tmp_path / "run", "firmware.kind=below-bars", "rom.source=file")
    assert (ran["firmware"]["bdsm"], ran["gtt"]["targets"]["guest_stolen"]) == (placed["bdsm"], 255)
    assert any("fwsim does, with its own BIOS services" in line for line in ran["firmware"]["log"])
