"""The demo of an Arm guest runs one program on one host under the two designs of its bridges."""

from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.rom.catalog import roms_folder
from fwsim.running.base import Progress
from fwsim.running.pipeline import run
from fwsim.scenario.load import loads
from fwsim.scenario.model import Scenario

DESIGNS = ("fake", "replicated")
_TEXT = """
name = "{design}"
[guest]
machine = "arm-virt"
ram = "256M"
[hypervisor]
kind = "vpci"
profile = "{design}"
[hypervisor.options]
pci = ["08:00.0,backend=vpci", "0b:00.0,backend=vpci", "0c:00.0,backend=vpci"]
passthrough = "enabled"
[payload]
program = "{program}"
"""
_FUNCTION = """
[[host_function]]
slot = "{slot}"
type = "{type}"
behind = "{behind}"
vendor = {vendor:#06x}
device = {device:#06x}
class = {code:#08x}
bars = {bars}
capabilities = {capabilities}
hotplug = {late}
"""
_PORT, _SWITCH = (0x8086, 0x3408), (0x10B5, 0x8748)
_HOST: tuple[tuple[str, str, str, tuple[int, int], int, list[str], list[str], bool], ...] = (
    ("00:01.0", "root-port", "", _PORT, 0x060400, [], [], False),
    ("08:00.0", "endpoint", "00:01.0", (0x15B3, 0x1003), 0x020000,
     ["mem64 1M @ 0x50000000", "pref64 8M @ 0x8000000000"],
     ["power", "msix 128 bar 0 at 0x7c000 pba 0x7d000", "express"], False),
    ("00:02.0", "root-port", "", _PORT, 0x060400, [], [], False),
    ("09:00.0", "upstream", "00:02.0", _SWITCH, 0x060400, [], [], False),
    ("0a:00.0", "downstream", "09:00.0", _SWITCH, 0x060400, [], [], False),
    ("0a:01.0", "downstream", "09:00.0", _SWITCH, 0x060400, [], [], False),
    ("0b:00.0", "endpoint", "0a:00.0", (0x1234, 0x11E8), 0x00FF00, ["mem 1M @ 0x51000000"], ["msi 64"], False),
    ("0c:00.0", "endpoint", "0a:01.0", (0x144D, 0xA808), 0x010802, ["mem64 16K @ 0x52000000"],
     ["power", "msi 64 32", "express", "msix 33 bar 0 at 0x3000 pba 0x2000"], True),
)  # fmt: skip
"""A network card behind a root port; edu behind a switch; an NVMe drive behind the same switch, that comes later."""


def scenarios() -> tuple[Scenario, ...]:
    """The same host, guest and program under each design of the bridges."""
    rows = "".join(
        _FUNCTION.format(slot=slot, type=kind, behind=behind, vendor=ids[0], device=ids[1], code=code,
                         bars=_list(bars), capabilities=_list(capabilities), late=str(late).lower())
        for slot, kind, behind, ids, code, bars, capabilities, late in _HOST
    )  # fmt: skip
    program = roms_folder() / "arm-linux.elf"
    return tuple(loads(_TEXT.format(design=each, program=program) + rows, "the demo's scenario") for each in DESIGNS)


def _list(texts: list[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


def demo(out: RunDir, progress: Progress | None = None) -> tuple[Summary, ...]:
    """Run both, each into a folder of its own in ``out``."""
    tell = progress or (lambda label, fraction: None)
    wanted = scenarios()
    results = []
    for number, scenario in enumerate(wanted):

        def part(label: str, fraction: float | None, number: int = number) -> None:
            tell(label, (number + (fraction or 0.0)) / len(wanted))

        results.append(run(scenario, out.child(scenario.name), part))
    out.keep()
    return tuple(results)
