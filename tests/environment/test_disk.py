"""INT 13h of the modelled BIOS, asked by a boot sector; the same under SeaBIOS in QEMU, where that is installed."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from patience import HANG_S

from fwsim.devices.diskette import FORMATS, SECTOR, USUAL, Diskette
from fwsim.rom.chain import load
from fwsim.running.pipeline import Run, assemble
from fwsim.scenario.load import loads

ROM = Path(__file__).resolve().parents[2] / "roms" / "igd-vbios.rom"
ANSWERS, BUFFER = 0x1000, 0x2000
SOURCE = """
        org 0x7C00
start:  xor ax, ax
        mov ds, ax
        mov es, ax
        mov di, 0x1000
        mov si, table
next:   mov word [0x2000], 0xEEEE
        mov word [0x2200], 0xEEEE
        push si
        push di
        mov ax, [si]
        mov bx, [si + 2]
        mov cx, [si + 4]
        mov dx, [si + 6]
        int 0x13
        push 0
        pop es
        pop di
        pop si
        pushf
        stosw
        mov ax, bx
        stosw
        mov ax, cx
        stosw
        mov ax, dx
        stosw
        pop ax
        and ax, 1
        stosw
        mov ax, [0x2000]
        stosw
        mov ax, [0x2200]
        stosw
        add si, 8
        cmp si, table.end
        jb next
        mov si, 0x1000
        mov dx, 0xE9
send:   lodsb
        out dx, al
        cmp si, di
        jb send
        mov dx, 0x501
        out dx, al
        retf
table:
        %ROWS
.end:   times 510 - ($ - $$) db 0
        dw 0xAA55
"""
CALLS = {
    "reset": (0x0000, 0, 0, 0),
    "status": (0x0100, 0, 0, 0),
    "read one": (0x0201, BUFFER, 0x0002, 0x0000),
    "read two, to the other head": (0x0202, BUFFER, 0x0012, 0x0000),
    "read two, to the next cylinder": (0x0202, BUFFER, 0x0312, 0x0100),
    "read the last": (0x0201, BUFFER, 0x4F12, 0x0100),
    "cylinder 80": (0x0201, BUFFER, 0x5001, 0x0000),
    "status after an error": (0x0100, 0, 0, 0),
    "sector 19": (0x0201, BUFFER, 0x0013, 0x0000),
    "sector 0": (0x0201, BUFFER, 0x0000, 0x0000),
    "head 2": (0x0201, BUFFER, 0x0001, 0x0200),
    "no sectors": (0x0200, BUFFER, 0x0002, 0x0000),
    "129 sectors": (0x0281, BUFFER, 0x0002, 0x0000),
    "over 64 KiB": (0x0201, 0xFF00, 0x0002, 0x0000),
    "write": (0x0301, BUFFER, 0x0002, 0x0000),
    "verify": (0x0401, BUFFER, 0x0002, 0x0000),
    "verify sector 19": (0x0401, BUFFER, 0x0013, 0x0000),
    "parameters": (0x0800, 0, 0, 0),
    "type": (0x1500, 0, 0, 0),
    "change": (0x1600, 0, 0, 0),
    "extensions": (0x4100, 0x55AA, 0, 0),
    "drive B": (0x0201, BUFFER, 0x0002, 0x0001),
    "parameters of drive B": (0x0800, 0, 0, 0x0001),
    "the first hard disk": (0x0201, BUFFER, 0x0002, 0x0080),
}
NAMES = ("ax", "bx", "cx", "dx", "carry", "first", "second")


@pytest.fixture(scope="module")
def image(require_program, tmp_path_factory):
    """1.44 MB: the boot sector, then sectors that hold their number."""
    folder = tmp_path_factory.mktemp("disk")
    rows = "\n".join("dw " + ", ".join(map(str, row)) for row in CALLS.values())
    (folder / "disk.asm").write_text(SOURCE.replace("%ROWS", rows))
    nasm = require_program("nasm", "nasm")
    subprocess.run([nasm, "-Werror", "-f", "bin", "-o", "disk.bin", "disk.asm"], cwd=folder, check=True)
    sector = (folder / "disk.bin").read_bytes()
    return sector + b"".join(n.to_bytes(2, "little") * (SECTOR // 2) for n in range(1, USUAL.size // SECTOR))


def answers(data):
    rows = [dict(zip(NAMES, values, strict=True)) for values in struct.iter_unpack("<7H", data)]
    return dict(zip(CALLS, rows, strict=True))


def posted(medium=None):
    scenario = loads(f"[rom]\nfile = '{ROM}'")
    run = Run(assemble(scenario, load(scenario.rom.file)))
    assert run.post().reason == "completed"
    if medium:
        assert run.session.boot(medium).reason == "completed"
    return run


@pytest.fixture(scope="module")
def heard(image):
    run = posted(Diskette(image))
    assert run.built.machine.ram.word(0x410, 2) & 1
    return answers(run.built.machine.ram.read(ANSWERS, 14 * len(CALLS)))


def test_sectors_are_read_to_the_buffer(heard):
    for name, first, second in (
        ("read one", 1, 0xEEEE), ("read two, to the other head", 17, 18),
        ("read two, to the next cylinder", 143, 144), ("read the last", 2879, 0xEEEE),
    ):  # fmt: skip
        got = heard[name]
        assert (got["ax"] >> 8, got["carry"], got["first"], got["second"]) == (0, 0, first, second), name


@pytest.mark.parametrize(
    ("name", "status"),
    [*((name, 0x01) for name in ("cylinder 80", "sector 19", "sector 0", "head 2", "no sectors", "129 sectors",
                                 "verify sector 19", "extensions", "drive B", "the first hard disk")),
     ("status after an error", 0x01), ("over 64 KiB", 0x09), ("write", 0x03), ("change", 0x06)],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_status(heard, name, status):
    got = heard[name]
    assert (got["ax"] >> 8, got["carry"], got["first"]) == (status, 1, 0xEEEE)


def test_the_parameters_are_the_formats(heard):
    got = heard["parameters"]
    assert (got["ax"], got["bx"], got["cx"], got["dx"], got["carry"]) == (0, 4, 0x4F12, 0x0101, 0)
    assert heard["type"]["ax"] >> 8 == 1


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_each_format_has_its_own(form):
    run = posted(Diskette(b"\xcb" + bytes(form.size - 1)))
    session = run.session
    session.interrupt(0x13, {"ax": 0x0800, "dx": 0})
    got = [session.cpu.get(name) for name in ("bl", "ch", "cl", "dh", "dl")]
    assert got == [form.drive, form.cylinders - 1, form.sectors, form.heads - 1, 1]
    table = run.built.machine.ram.read((session.cpu.get("es") << 4) + session.cpu.get("di"), 11)
    assert table.hex() == "af022502121bff6cf60f08"


def test_without_a_diskette_there_is_no_drive():
    session = posted().session
    session.interrupt(0x13, {"ax": 0x0201, "bx": BUFFER, "cx": 1, "dx": 0})
    assert session.cpu.get("ah") == 0x01
    assert session.cpu.get("eflags") & 1


def test_a_snapshot_remembers_what_is_in_the_drive(image):
    run = posted()
    before = run.session.slices.snapshot()
    run.session.boot(Diskette(image))
    after = run.session.slices.snapshot()
    for state, status in ((before, 0x01), (after, 0x00), (before, 0x01)):
        run.session.slices.restore(state)
        run.session.interrupt(0x13, {"ax": 0x0201, "bx": BUFFER, "cx": 1, "dx": 0})
        assert run.session.cpu.get("ah") == status


@pytest.mark.skipif(not shutil.which("qemu-system-x86_64"), reason="qemu-system-x86 is not installed")
def test_seabios_answers_the_same(image, heard, tmp_path):
    (tmp_path / "disk.img").write_bytes(image)
    command = (
        "qemu-system-x86_64 -machine pc -accel tcg -m 64 -nodefaults -display none -debugcon file:heard -global "
        "isa-debugcon.iobase=0xe9 -device isa-debug-exit,iobase=0x501 -drive "
        "if=floppy,format=raw,readonly=on,file=disk.img"
    )
    subprocess.run(command.split(), cwd=tmp_path, timeout=HANG_S, check=False)
    theirs = answers((tmp_path / "heard").read_bytes())
    assert {name: heard[name] for name in CALLS if heard[name] != theirs[name]} == {}
