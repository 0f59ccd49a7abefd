"""The boot sectors that look at configuration space are what their source gives."""

import subprocess
from pathlib import Path

import pytest

ROMS = Path(__file__).resolve().parents[2] / "roms"


@pytest.mark.parametrize("does", ["stay", "move", "off", "ram", "bar", "twice"])
def test_nasm_gives_the_committed_sector(require_program, does, tmp_path):
    out, nasm = tmp_path / "sector.img", require_program("nasm", "nasm")
    options = ["-Werror", "-f", "bin", f"-DDO={does.upper()}", "-o", str(out)]
    subprocess.run([nasm, *options, "config-space.asm"], cwd=ROMS / "src" / "payload", check=True)
    committed = (ROMS / f"config-{does}.img").read_bytes()
    assert out.read_bytes() == committed
    assert (len(committed), committed[510:]) == (512, b"\x55\xaa")
