"""The demo runs one ROM of one host under two hypervisors, or under two firmwares."""

from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.rom.catalog import roms_folder
from fwsim.running.base import Progress
from fwsim.running.pipeline import run
from fwsim.scenario.load import loads
from fwsim.scenario.model import Scenario

_TEXT = """
name = "{name}"
[host]
cpu = "sandybridge"
device_id = 0x0126
bdsm = 0xdba00000
asls = 0xda9f5018
ggc = 0x0209
[hypervisor]
kind = "{kind}"
profile = "10.0"
[guest]
machine = "pc"
ram = "2G"
[rom]
file = "{rom}"
source = "shadow"
[[call]]
ax = 0x4f02
bx = 0xc114
[payload]
draw = "test-card"
"""


_FIRMWARES = """
name = "{kind}"
[host]
cpu = "sandybridge"
device_id = 0x0126
bdsm = 0xdba00000
asls = 0xda9f5018
ggc = 0x0209
[hypervisor]
kind = "qemu"
profile = "10.2"
[guest]
machine = "pc"
ram = "2G"
[firmware]
kind = "{kind}"
[rom]
file = "{rom}"
source = "file"
[payload]
draw = "test-card"
"""


def scenarios() -> tuple[Scenario, Scenario]:
    """Under QEMU 10.0, which no longer rewrites, and under the ranged trap layer; 800x600 at 16 bits fits 1 MiB."""
    rom = roms_folder() / "igd-vbios.rom"
    first, second = (
        loads(_TEXT.format(name=name, kind=kind, rom=rom), "the demo's scenario")
        for name, kind in (("qemu-10.0", "qemu"), ("ranged", "ranged"))
    )
    return first, second


def firmwares() -> tuple[Scenario, Scenario]:
    """Under SeaBIOS, which runs the video BIOS of our combined ROM, and under OVMF, which runs its EFI drivers.

    SeaBIOS shows 800x600 at 16 bits, a mode that fits the 1 MiB that a video BIOS maps on this guest.
    """
    rom = roms_folder() / "igd-combined.rom"
    call = "[[call]]\nax = 0x4f02\nbx = 0x4114\n"
    return (
        loads(_FIRMWARES.format(kind="seabios", rom=rom) + call, "the demo's scenario"),
        loads(_FIRMWARES.format(kind="ovmf", rom=rom), "the demo's scenario"),
    )


def demo(out: RunDir, progress: Progress | None = None, *, uefi: bool = False) -> tuple[Summary, Summary]:
    """Our own ROM as its host's posted shadow, under QEMU 10.0 (no rewrite) and under the ranged trap layer.

    ``uefi``: our combined ROM as its file, on one guest, under SeaBIOS and under OVMF.
    """
    tell = progress or (lambda label, fraction: None)

    def half(number: int) -> Progress:
        return lambda label, fraction: tell(label, (number + (fraction or 0.0)) / 2)

    first, second = firmwares() if uefi else scenarios()
    results = (run(first, out.child(first.name), half(0)), run(second, out.child(second.name), half(1)))
    out.keep()
    return results
