"""The files and keys of fw_cfg beside QEMU 7.2's own, where it is installed, read by one and the same program.

It needs neither KVM nor a disk: our own 64 KiB firmware sets up what SeaBIOS sets up before it asks, reads all there
is, and writes it to a debug port.
"""

import shutil
import subprocess

import pytest
from fw_cfg_reader import commands, reader, taken, what_was_read
from patience import HANG_S

from fwsim.board.fw_tables.acpi import acpi_files
from fwsim.board.fw_tables.files import fw_cfg_files, fw_cfg_keys
from fwsim.board.fw_tables.guest import Guest
from fwsim.devices.fw_cfg import FwCfg
from fwsim.memory.ram import Ram
from fwsim.memory.ramsplit import qemu_e820, ram_split

QEMU = "qemu-system-x86_64"
TYPES = {"pc": "pc-i440fx-7.2", "q35": "pc-q35-7.2"}
SETTINGS = {
    "pc": [(0x0B, 0x40, 4, 0x601), (0x0B, 0x80, 1, 1)],
    "q35": [(0xF8, 0x40, 4, 0x601), (0xF8, 0x44, 1, 0x80), (0x00, 0x60, 4, 0xB0000001)],
}
"""PM base and, on a q35, PCIEXBAR, as SeaBIOS writes them."""
UUID = "00112233-4455-6677-8899-aabbccddeeff"
OWN_ROM = "genroms/kvmvapic.bin"
GIB = 1 << 30
CASES = [
    ("pc", 2, (), {}),
    ("q35", 2, (), {}),
    ("pc", 5, ("-smp", "3,maxcpus=4", "-uuid", UUID, "-boot", "menu=on,splash-time=5000"),
     {"cpus": 3, "max_cpus": 4, "uuid": bytes.fromhex(UUID.replace("-", "")), "menu": True, "menu_wait": 5000}),
    ("q35", 3, ("-smp", "9", "-global", "ICH9-LPC.disable_s3=1"), {"cpus": 9, "s3": False}),
    ("pc", 1, ("-global", "PIIX4_PM.disable_s4=1"), {"s4": False}),
]  # fmt: skip


@pytest.fixture(scope="module")
def qemu():
    if not shutil.which(QEMU):
        pytest.skip(f"{QEMU} is not installed")
    said = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    if "version 7.2" not in said:
        pytest.skip(f"the tables are those of 7.2, and this is {said.splitlines()[0]}")


def read_qemu(tmp_path, machine, ram, options):
    """What the firmware read in QEMU."""
    firmware, out = tmp_path / "reader.bin", tmp_path / "out"
    firmware.write_bytes(reader(SETTINGS[machine]))
    subprocess.run(
        [QEMU, "-nodefaults", "-display", "none", "-accel", "tcg", "-bios", str(firmware), "-chardev",
         f"file,id=out,path={out}", "-device", "isa-debugcon,iobase=0x402,chardev=out", "-device",
         "isa-debug-exit,iobase=0x501,iosize=1", "-m", f"{ram}G", *options],
        timeout=HANG_S, check=False, capture_output=True,
    )  # fmt: skip
    return what_was_read(out.read_bytes())


def ours(machine, ram, facts):
    """The same of our own device; ECAM is off till the tables are asked for."""
    low, high = ram_split(machine, ram * GIB)
    rows = qemu_e820(low, high, amd=True, kvm=False)
    e820 = [*(row for row in rows if row[2] == 2), *(row for row in rows if row[2] == 1)]  # QEMU's order
    guest = Guest(machine, e820, release=(7, 2), functions=(), **facts)
    later = Guest(machine, e820, release=(7, 2), functions=(), ecam=0xB0000000 if machine == "q35" else None, **facts)
    late = (lambda: acpi_files(later)) if guest.acpi else None
    return taken(FwCfg(Ram(0x1000), fw_cfg_files(guest), keys=fw_cfg_keys(guest), late=late))


def tables(blob):
    """Offset, signature and bytes of each table of a blob, in its order."""
    at, rows = 0, []
    while any(blob[at : at + 4]):
        end = at + int.from_bytes(blob[at + 4 : at + 8], "little")
        rows.append((at, bytes(blob[at : at + 4]), bytes(blob[at:end])))
        at = end
    return rows


def without_pointers(files):
    """The blob's tables but the DSDT, their pointers 0; and the loader's commands, offsets as (table, offset in it).

    A sum over a whole table says so, and not the table's length, since the DSDTs have theirs.
    """
    rows = tables(files["etc/acpi/tables"])
    starts = {at: name for at, name, _ in rows}
    blob, joined = bytearray(files["etc/acpi/tables"]), []

    def place(name, offset):
        if name != "etc/acpi/tables":
            return name, offset
        start = max(at for at in starts if at <= offset)
        return starts[start], offset - start

    for command, name, *rest in commands(files["etc/table-loader"]):
        if command == 2:
            source, offset, size = rest
            data = blob if name == "etc/acpi/tables" else files[name]
            leads = int.from_bytes(data[offset : offset + size], "little")
            joined.append((place(name, offset), size, place(source, leads)))
            if data is blob:
                blob[offset : offset + size] = bytes(size)
        elif command == 3:
            offset, start, length = rest
            whole = name == "etc/acpi/tables" and length == int.from_bytes(blob[start + 4 : start + 8], "little")
            joined.append((place(name, offset), place(name, start), whole or length))
        else:
            joined.append((command, name, *rest))
    return [(name, data) for _, name, data in tables(blob) if name != b"DSDT"], joined


@pytest.mark.parametrize(("machine", "ram", "options", "facts"), CASES)
def test_qemu_gives_the_same(qemu, tmp_path, machine, ram, options, facts):
    files, keys = read_qemu(tmp_path, machine, ram, ["-M", TYPES[machine], *options])
    made, made_keys = ours(machine, ram, facts)
    del files[OWN_ROM]
    assert [(name, len(data)) for name, data in made.items()] == [(name, len(data)) for name, data in files.items()]
    differ = {name for name in files if made[name] != files[name]}
    assert differ <= {"etc/acpi/tables", "etc/acpi/rsdp", "etc/table-loader"}
    assert without_pointers(made) == without_pointers(files)
    directory = 0x19  # of which the number of files is one more in QEMU
    assert {key: data for key, data in made_keys.items() if key != directory} == {
        key: data for key, data in keys.items() if key != directory
    }


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_qemu_without_acpi(qemu, tmp_path, machine):
    files, _ = read_qemu(tmp_path, machine, 2, ["-M", f"{TYPES[machine]},acpi=off"])
    del files[OWN_ROM]
    assert ours(machine, 2, {"acpi": False})[0] == files
