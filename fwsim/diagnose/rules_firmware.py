"""What a guest's firmware log shows by what is missing in it: a ROM that was looked for and did not run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fwsim.diagnose.case import Case, Evidence, Seen
from fwsim.diagnose.finding import Finding
from fwsim.diagnose.remedies import remedy
from fwsim.errors import FwsimError
from fwsim.hypervisor.qemu.shadow_patch import variable
from fwsim.rom.chain import load
from fwsim.units import MIB

_WENT_ON = ("seabios-text-console", "seabios-run-rom")


def rom_not_run(case: Case) -> Iterator[Finding]:
    """SeaBIOS looked for a VGA ROM, and went on without one. A log that is cut right there tells nothing."""
    scan = next(iter(case.of("seabios-scan-vga")), None)
    if scan is None:
        return
    file, line = scan.evidence.file, scan.evidence.line
    after = [each for each in case.of(*_WENT_ON) if each.evidence.file == file and each.evidence.line > line]
    if not after or any(each.id == "seabios-run-rom" for each in after):
        return
    igd = _in(case, "seabios-igd", file)
    device = next((each.groups["device"] for each in igd if each.groups["at"] == "00:02.0"), "")
    bars = [each for each in _in(case, "seabios-map-bar", file) if each.groups["at"] == "00:02.0"]
    rom = next((each for each in bars if each.groups["bar"] == "6"), None)
    who = f"8086:{device}" if device else "the IGD"
    where = "it has no ROM BAR"
    if rom:
        where = f"its ROM BAR is at {rom.groups['base']} ({int(rom.groups['size'], 16) >> 10}K)"
    yield Finding(
        id="rom-not-run" if rom else "rom-none", severity="fatal",
        what=f"SeaBIOS ran no VGA ROM of {who}: {where}" + (", and none that matched was in it" if rom else ""),
        why="the PCIR of the file that romfile= gives names another device, and QEMU leaves such a file as it is: "
            "most images of "
            "Haswell and later carry 0406 whatever the device is. The screen stays dark until the guest's driver loads"
            if rom else "the device has no ROM of its own, and none was given: the screen stays dark until the "
                        "guest's driver loads",
        evidence=scan.evidence, also=[each.evidence for each in [*([rom] if rom else []), *after[:1]]],
        remedy=remedy("rom-id" if rom else "romfile", case.tool, case.vm),
    )  # fmt: skip


def rom_base(case: Case) -> Iterator[Finding]:
    """A ROM that remembers a stolen base: this host's, or another machine's."""
    try:
        image = load(Path(case.host.rom)).data if case.host.rom else b""
    except (FwsimError, OSError):
        return
    at, _ = variable(image)
    held = int.from_bytes(image[at : at + 4], "little") if at is not None else 0
    if at is None or not held:
        return
    bdsm = case.host.best("bdsm")
    whose = "a" if bdsm is None else "this host's" if held & -MIB == bdsm.essence else "another machine's"
    yield Finding(
        id="rom-has-base", severity="fatal", what=f"{Path(case.host.rom).name} carries {whose} stolen base, {held:x}",
        why=f"it is a dump of a ROM that has run: it keeps the base at {at:#x}, never reads BDSM again, and writes "
            f"GTT entries to "
            "the host's stolen memory in the guest",
        evidence=Evidence(file=Path(case.host.rom).name, text=f"{at:#x}: {image[at : at + 4].hex(' ')}"),
        remedy=remedy("host-base-in-rom", case.tool, case.vm),
    )  # fmt: skip


def _in(case: Case, name: str, file: str) -> list[Seen]:
    return [each for each in case.of(name) if each.evidence.file == file]
