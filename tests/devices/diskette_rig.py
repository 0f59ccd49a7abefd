"""A machine with a diskette whose ports are accessed without a CPU, and the same accesses in QEMU."""

import subprocess
from pathlib import Path

from fwsim.machine.diskette_drive import plug_diskette
from fwsim.rom.chain import load
from fwsim.running.pipeline import assemble
from fwsim.scenario.load import loads

ROM = Path(__file__).resolve().parents[2] / "roms" / "igd-vbios.rom"


class Rig:
    """A machine that runs nothing, ``image`` in its drive."""

    def __init__(self, image):
        scenario = loads(f"[rom]\nfile = '{ROM}'")
        self.machine = assemble(scenario, load(scenario.rom.file)).built.machine
        plug_diskette(self.machine, image)
        self.pic = self.machine.interrupts.pic
        self.by_port = {port: each for each in self.machine.devices for port in each.ports}

    def out(self, port, value):
        self.by_port[port].write(port, 1, value)

    def inb(self, port):
        return self.by_port[port].read(port, 1)

    def memory(self, at, size):
        return self.machine.ram.read(at, size)

    def play(self, script):
        """What each reading line of ``script`` gave."""
        heard = []
        for word, *rest in script:
            if word == "out":
                self.out(*rest)
            elif word == "in":
                heard.append(self.inb(*rest))
            elif word == "memory":
                heard.append(self.memory(*rest))
        return heard


def play_in_qemu(program, machine, folder, image, script):
    """The same in QEMU, whose CPU halts at once: accesses go by its test protocol. ``wait``: until RQM is set."""
    disk, halted = folder / "disk.img", folder / "halted.bin"
    disk.write_bytes(image)
    halted.write_bytes(b"\xfa\xf4".rjust(0x10000 - 14, b"\xf4").ljust(0x10000, b"\xf4"))
    command = [
        program, "-machine", machine, "-accel", "tcg", "-qtest", "stdio", "-qtest-log", "none", "-display", "none",
        "-nodefaults", "-m", "16", "-bios", halted, "-drive", f"if=floppy,format=raw,readonly=on,file={disk}",
    ]  # fmt: skip
    lines = {"out": "outb {:#x} {:#x}", "in": "inb {:#x}", "memory": "read {:#x} {:#x}"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:

        def ask(word, *rest):
            running.stdin.write(lines[word].format(*rest) + "\n")
            running.stdin.flush()
            answer = running.stdout.readline().split()
            assert answer[:1] == ["OK"], (word, rest, answer)
            return answer[-1]

        heard = []
        for word, *rest in script:
            if word == "wait":
                while not int(ask("in", 0x3F4), 16) & 0x80:
                    pass
                continue
            answer = ask(word, *rest)
            if word != "out":
                heard.append(int(answer, 16) if word == "in" else bytes.fromhex(answer[2:]))
        running.kill()
    return heard
