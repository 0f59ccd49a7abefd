"""Boots of OVMF with a driver in the IGD's ROM that asks its page allocator for what VfioIgdPkg asks."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import measured_ovmf
from live.boots import boot
from live.machine import Machine

HERE = Path(__file__).parent
IMAGES = [("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")]
PAGE = 0x1000
SAID = "IGD driver done"


class OvmfBoots:
    """The OVMF of Debian's package, or the image that is given (code and variables in one file)."""

    uefi = True

    def __init__(self, qemu: str, release: str, image: str) -> None:
        self._qemu, self._release = qemu, release
        if not shutil.which("nasm"):
            raise SystemExit("nasm: no such program; on Debian: apt install nasm")
        self._extra = ["-bios", image] if image else _flash()
        self.version = _package_version()
        self.shown = f"OVMF {self.version}"

    def boot(self, machine: Machine) -> tuple[dict[str, Any], dict[str, Any] | str]:
        """The machine as a vector, and what was seen; text where QEMU ended or the driver did not run."""
        run = boot(machine, self._qemu, self._extra, lambda log: SAID in log, _rom(machine))
        if run.died:
            return {}, f"the driver did not run: {run.died}"
        bars = {str(index): run.peer.bar(index, flags) for index, _, flags in run.peer.bars}
        igd = {
            "bdf": "00:02.0", "asls": run.peer.written(0xFC), "bdsm_5c": run.peer.written(0x5C),
            "bdsm_c0": run.peer.written(0xC0), "bars": bars,
        }  # fmt: skip
        real = {"igd": [igd]}
        system = f"ovmf-{self.version}/qemu-{self._release}"
        return {"system": system, "in": machine.inputs | {"driver": "VfioIgdPkg"}, "expect": real}, real

    def answer(self, vector: dict[str, Any]) -> dict[str, Any]:
        """fwsim's, in the form of what was seen."""
        return dict(measured_ovmf.measured(vector))


def _flash() -> list[str]:
    for code, variables in IMAGES:
        if Path(code).exists():
            drive = "if=pflash,format=raw,file="
            return ["-drive", f"{drive}{code},readonly=on", "-drive", f"{drive}{variables},snapshot=on"]
    raise SystemExit(f"{IMAGES[0][0]}: no such file; on Debian: apt install ovmf")


def _package_version() -> str:
    """The upstream release of Debian's ovmf package, such as "2022.11"."""
    try:
        asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "ovmf"], capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return asked.stdout.partition("-")[0].partition("+")[0]


def _rom(machine: Machine) -> bytes:
    inputs = machine.inputs
    device = int(inputs["igd"][0]["device"], 16)
    stolen = int.from_bytes(bytes.fromhex(inputs["bdsm_file_hex"]), "little") // PAGE
    facts = {
        "DEVICE": device, "OPREGION": -(-inputs["opregion_file_size"] // PAGE), "STOLEN": stolen,
        "BDSM": 0xC0 if device >> 8 in (0x8A, 0x9A) else 0x5C,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        rom = Path(folder, "driver.rom")
        given = [f"-D{name}={value:#x}" for name, value in facts.items()]
        subprocess.run(["nasm", "-f", "bin", *given, "-o", rom, HERE / "igd_driver.asm"], check=True)
        return rom.read_bytes()
