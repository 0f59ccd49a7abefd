"""The chipset at reset, register by register, beside QEMU's own: asked over its qtest protocol, no code runs."""

import shutil
import subprocess

import pytest

from fwsim.board.function import Board
from fwsim.board.pc import chipset
from fwsim.board.power_on import at_reset
from fwsim.devices.pci import PciBus
from fwsim.machine.plugged import plug_all

QEMU = "qemu-system-x86_64"
MEASURED = "QEMU emulator version 7.2"


class Qtest:
    """A machine of QEMU's that stands still, asked for its ports."""

    def __init__(self, machine):
        command = [QEMU, "-machine", f"{machine},smm=off", "-nodefaults", "-display", "none", "-m", "1G", "-S"]
        self.process = subprocess.Popen(
            [*command, "-qtest", "stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        for answer in self.process.stdout:
            if answer.startswith("OK"):
                return answer.split()[1:]
        raise AssertionError("QEMU went away")

    def config(self, devfn, offset):
        self.ask(f"outl 0xcf8 {0x80000000 | devfn << 8 | offset:#x}")
        return int(self.ask("inl 0xcfc")[0], 16)

    def close(self):
        self.process.kill()
        self.process.communicate()


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_every_register_is_as_qemu_resets_it(machine):
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed (optional: package qemu-system-x86)")
    version = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith(MEASURED):
        pytest.skip(f"{version.splitlines()[0]}: the table is of 7.2")
    bus = PciBus()
    functions = plug_all(bus, at_reset(Board(chipset(machine, (7, 2), 1 << 30))))
    qemu = Qtest(machine)
    try:
        real = {(each.devfn, at): qemu.config(each.devfn, at) for each in functions for at in range(0, 256, 4)}
    finally:
        qemu.close()
    own = {(each.devfn, at): bus.seen_by_guest(each.slot, at, 4) for each in functions for at in range(0, 256, 4)}
    assert {place: hex(own[place]) for place in real if own[place] != real[place]} == {}
    assert len(functions) == 4


def test_what_was_set_up_is_gone():
    """Of a board that is ready nothing is left: commands, lines, bases."""
    for row in at_reset(Board(chipset("q35", (10, 0), 1 << 30))).functions:
        assert (row.command, row.line, row.moved) == (0, 0, ())
        assert row.pciexbar in (None, 0xB0000000)
