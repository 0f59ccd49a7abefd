"""The edu device beside QEMU's own, asked over qtest: the same accesses, the same answers."""

import shutil
import subprocess

import pytest

from fwsim.devices.edu import Edu

QEMU = "qemu-system-x86_64"
MEASURED = "QEMU emulator version 7.2"
BAR, MIB = 0xE0000000, 1 << 20
HALT = b"\xf4" * 0xFFF0 + b"\xfa\xf4\xeb\xfd" + b"\xf4" * 12
"""64 KiB of firmware: cli, hlt. QEMU's clock jumps to the end of a transfer, and nobody else touches the device."""


class Real:
    """QEMU's device, its BAR placed."""

    def __init__(self, bios):
        self.process = subprocess.Popen(
            [QEMU, "-machine", "pc", "-icount", "shift=0,sleep=off", "-nodefaults", "-display", "none", "-m", "64M",
             "-bios", str(bios), "-device", "edu,addr=4", "-qtest", "stdio", "-qtest-log", "none"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        for register, value in ((0x10, BAR), (0x04, 6)):
            self.ask(f"outl 0xcf8 {0x80002000 | register:#x}")
            self.ask(f"outl 0xcfc {value:#x}")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        for answer in self.process.stdout:
            if answer.startswith("OK"):
                return answer.split()[1:]
        raise AssertionError("QEMU went away")

    def read(self, offset, width):
        return int(self.ask(f"read{'bwlq'[(1, 2, 4, 8).index(width)]} {BAR + offset:#x}")[0], 16)

    def write(self, offset, width, value):
        self.ask(f"write{'bwlq'[(1, 2, 4, 8).index(width)]} {BAR + offset:#x} {value:#x}")

    def settle(self):
        """Until the transfer, or the factorial, is done: other threads of QEMU's do that."""
        while self.read(0x98, 8) & 1 or self.read(0x20, 4) & 1:
            pass

    def memory(self, address, size):
        return bytes.fromhex(self.ask(f"read {address:#x} {size:#x}")[0][2:])

    def fill(self, address, data):
        self.ask(f"write {address:#x} {len(data):#x} 0x{data.hex()}")

    def close(self):
        self.process.kill()
        self.process.communicate()


class Ours(Edu):
    """Ours, with 64 MiB of memory."""

    def __init__(self, mask=(1 << 28) - 1):  # QEMU's default
        super().__init__(Ram(), mask)

    def settle(self):
        pass

    def memory_at(self, address, size):
        return self.memory.read(address, size)

    def fill(self, address, data):
        self.memory.write(address, data)


class Ram:
    """Bytes up to 64 MiB; beyond, nothing."""

    def __init__(self):
        self.bytes = bytearray(64 * MIB)

    def read(self, address, size):
        return bytes(self.bytes[address : address + size]) if address + size <= len(self.bytes) else None

    def write(self, address, data):
        if address + len(data) > len(self.bytes):
            return False
        self.bytes[address : address + len(data)] = data
        return True


@pytest.fixture
def real(tmp_path):
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed (optional: package qemu-system-x86)")
    version = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith(MEASURED):
        pytest.skip(f"{version.splitlines()[0]}: the numbers are of 7.2")
    (tmp_path / "halt.bin").write_bytes(HALT)
    made = Real(tmp_path / "halt.bin")
    yield made
    made.close()


OFFSETS = (0, 1, 2, 4, 8, 0xC, 0x20, 0x24, 0x60, 0x64, 0x7C, 0x80, 0x82, 0x84, 0x88, 0x90, 0x98, 0xA0, 0x40000, 0xFFFFC)


def everything(device):
    return {(at, width): device.read(at, width) for at in OFFSETS for width in (1, 2, 4, 8)}


def test_a_new_device_reads_as_qemus(real):
    assert everything(Ours()) == everything(real)


def test_writes_of_every_width_leave_what_they_leave_in_qemu(real):
    ours = Ours()
    for at in (0, 4, 0x20, 0x64, 0x80, 0x82, 0x84, 0x88, 0x8C, 0x90, 0x94, 0xA0):
        for width in (8, 4, 2, 1):
            for device in (ours, real):
                device.write(at, width, 0x0000000411223344 & (1 << 8 * width) - 1)
                device.settle()
            assert everything(ours) == everything(real), (hex(at), width)
    for device in (ours, real):
        device.write(0x98, 8, 6)
    assert ours.read(0x98, 8) == real.read(0x98, 8) == 0


def test_factorials_and_interrupts(real):
    ours = Ours()
    steps = ((8, 5), (8, 20), (0x20, 0xFF), (8, 4), (0x60, 5), (0x64, 1), (8, 0), (8, 33), (8, 40), (0x20, 0))
    for at, value in steps:
        for device in (ours, real):
            device.write(at, 4, value)
            device.settle()
        wanted = [ours.read(each, 4) for each in (8, 0x20, 0x24)]
        for _ in range(100_000):  # QEMU's thread says that it is done before it raises the interrupt
            found = [real.read(each, 4) for each in (8, 0x20, 0x24)]
            if found == wanted:
                break
        assert wanted == found
    ours.write(8, 4, 5)
    assert ours.read(8, 4) == 120


DATA = bytes(range(1, 17))
IN, OUT, LOUD = 1, 3, 7
TRANSFERS = (
    (MIB, 0x40000, 16, IN), (0x40004, 2 * MIB, 8, OUT), (0x40004, 2 * MIB + 16, 8, LOUD), (MIB, 0x40000, 0xFFF, IN),
    (MIB, 0x40FFE, 1, IN), (0x40000, 0x10000000 + 3 * MIB, 8, OUT),  # 28 bits of address
    (0x0F000000, 0x40000, 8, IN), (0x40000, 4 * MIB, 16, OUT), (0x40000, 0x0F000000, 8, OUT),  # nothing is there
    (MIB, 0x40000, 4, 0xFFF1),
)  # fmt: skip


def test_transfers_move_what_qemus_move(real):
    ours = Ours()
    for device in (ours, real):
        device.fill(MIB, DATA)
    for source, target, count, command in TRANSFERS:
        for device in (ours, real):
            for at, value in ((0x80, source), (0x88, target), (0x90, count), (0x98, command)):
                device.write(at, 8, value)
            device.settle()
        assert everything(ours) == everything(real), (hex(source), hex(target))
        for at in (2 * MIB, 3 * MIB, 4 * MIB):
            assert ours.memory_at(at, 32) == real.memory(at, 32)
    assert ours.memory_at(2 * MIB, 8) == DATA[4:12]
    assert ours.memory_at(3 * MIB, 8) == DATA[:8]


def moved(device, target, count):
    device.fill(MIB, DATA)
    for at, value in ((0x80, MIB), (0x88, target), (0x90, count), (0x98, IN)):
        device.write(at, 8, value)
    device.settle()


@pytest.mark.parametrize(("target", "count"), [(0x40000, 4096), (0x40000, 0), (0x3FF00, 16), (0x40FF0, 16)])
def test_a_range_that_ends_qemu_does_nothing_here(real, target, count):
    with pytest.raises((AssertionError, BrokenPipeError)):
        moved(real, target, count)
    ours = Ours()
    moved(ours, target, count)
    fresh = Ours()
    assert ours.snapshot().buffer == fresh.snapshot().buffer


def test_a_snapshot_brings_everything_back():
    ours = Ours()
    moved(ours, 0x40000, 16)
    ours.write(4, 4, 7)
    kept = ours.snapshot()
    other = Ours()
    other.restore(kept)
    assert everything(other) == everything(ours)
    for at, value in ((0x80, 0x40000), (0x88, 2 * MIB), (0x90, 16), (0x98, OUT)):
        other.write(at, 8, value)
    assert other.memory_at(2 * MIB, 16) == DATA
