"""Debian's arm64 kernel boots on the topologies of ``arm_qemu``; where it puts BARs and windows is kept as test data.

``python3 tests/roms/arm_kernel.py KERNEL`` writes ``DATA``; PYTHONPATH has tests, tests/roms and tests/oracle.
The kernel is the file ``linux`` of package debian-installer-12-netboot-arm64; it ends without an initrd, behind PCI.
"""

import re
import subprocess
import sys
from pathlib import Path

from arm_qemu import BOARD, QEMU, TOPOLOGIES
from patience import HANG_S

DATA = Path(__file__).resolve().parents[1] / "data" / "arm-linux-places.toml"
PLACED = re.compile(r"pci 0000:(\S+): (BAR \d|ROM|bridge window) \[(io|mem) +0x(\w+)-0x(\w+)([^\]]*)\]: assigned")
LACKING = re.compile(r"pci 0000:(\S+): (BAR \d|ROM|bridge window) .*: failed to assign")
BEHIND = re.compile(r"pci 0000:(\S+): PCI bridge to \[bus (\w+)(?:-(\w+))?\]")


def asked(kernel: str, devices: str) -> tuple[str, set[str]]:
    """The kernel's version, and a line for each BAR, ROM and window that it placed or could not, and for each bus."""
    line = [QEMU, *BOARD, "-nographic", "-no-reboot", "-kernel", kernel, *devices.split()]
    line += ["-append", "console=ttyAMA0 panic=-1 ignore_loglevel"]
    said = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG_S, check=False).stdout
    log = said.decode(errors="replace")
    lines = {f"{one} bus {first}-{last or first}" for one, first, last in BEHIND.findall(log)}
    lines |= {f"{one} {what.lower()} no room" for one, what in LACKING.findall(log)}
    for one, what, space, first, last, flags in PLACED.findall(log):
        name = what.lower()
        if what == "bridge window":
            name = f"window {space if space == 'io' else 'prefetch' if 'pref' in flags else 'memory'}"
        lines.add(f"{one} {name} {int(first, 16):x}-{int(last, 16):x}")
    version = re.search(r"Linux version (\S+)", log)
    assert version, log[-500:]
    return version[1], lines


def main() -> None:
    """Writes the data."""
    out = [f"# Written by {Path(__file__).name}: QEMU's \"virt\", 512 MiB; addresses are the kernel's own words.", ""]
    for name, devices in TOPOLOGIES.items():
        version, lines = asked(sys.argv[1], devices)
        out += ["[[topology]]", f'name = "{name}"', f'linux = "{version}"', "places = ["]
        out += [f'    "{line}",' for line in sorted(lines)] + ["]", ""]
    DATA.write_text("\n".join(out))


if __name__ == "__main__":
    main()
