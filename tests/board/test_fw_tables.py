"""The tables that QEMU's firmware gets, read back as ACPI 6.4 and SMBIOS 2.8 say, once the loader has joined them."""

import shutil
import struct
import subprocess

import pytest
from fw_cfg_reader import commands, load

from fwsim.board.fw_tables.acpi import acpi_files
from fwsim.board.fw_tables.files import fw_cfg_files, fw_cfg_keys
from fwsim.board.fw_tables.guest import Guest
from fwsim.board.q35 import q35 as q35_functions

GIB = 1 << 30
HIGH, FSEG = 0x7FFE0000, 0xF5AD0
PLACES = {"etc/acpi/tables": HIGH, "etc/acpi/rsdp": FSEG}
PC = Guest("pc", [(0, 2 * GIB, 1)], release=(7, 2))
Q35 = Guest("q35", [(0, 2 * GIB, 1), (4 * GIB, 6 * GIB, 1)], cpus=2, release=(7, 2), ecam=0xB0000000)
MANY = Guest("q35", [(0, 2 * GIB, 1)], cpus=300, max_cpus=320, release=(9, 0), ecam=0xE0000000)
GUESTS = pytest.mark.parametrize("guest", [PC, Q35, MANY], ids=["pc", "q35", "many"])


def u32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def loaded(guest):
    """Signature to table, as found from the RSDP."""
    memory = load(acpi_files(guest), PLACES)
    rsdp, blob = memory[FSEG], memory[HIGH]
    assert (rsdp[:8], len(rsdp), sum(rsdp) & 0xFF, rsdp[15]) == (b"RSD PTR ", 20, 0, 0)

    def table(address):
        at = address - HIGH
        assert 0 <= at < len(blob)
        return blob[at : at + u32(blob, at + 4)]

    rsdt = table(u32(rsdp, 16))
    found = {"RSDT": rsdt}
    for at in range(36, len(rsdt), 4):
        each = table(u32(rsdt, at))
        found[each[:4].decode()] = each
    found |= {"FACS": table(u32(found["FACP"], 36)), "DSDT": table(u32(found["FACP"], 40))}
    return found


@GUESTS
def test_every_table_is_found_and_sums_to_zero(guest):
    found = loaded(guest)
    wanted = ["RSDT", "FACP", "APIC", "HPET", *(["MCFG"] if guest.machine == "q35" else []), "WAET", "FACS", "DSDT"]
    assert list(found) == wanted
    for name, data in found.items():
        assert data[:4] == name.encode()
        if name != "FACS":  # which has no checksum
            assert sum(data) & 0xFF == 0, name


@GUESTS
def test_the_files_are_as_long_as_qemus_and_go_where_its_go(guest):
    """128 KiB whatever the machine, in high memory; the RSDP in the F segment; 4 KiB of commands."""
    files = acpi_files(guest)
    assert {name: len(data) for name, data in files.items()} == {
        "etc/acpi/tables": 0x20000, "etc/acpi/rsdp": 20, "etc/table-loader": 4096,
    }  # fmt: skip
    assert commands(files["etc/table-loader"])[:2] == [(1, "etc/acpi/rsdp", 16, 2), (1, "etc/acpi/tables", 64, 1)]


@GUESTS
def test_facs_is_aligned(guest):
    """To 64 bytes, as ACPI 6.4, 5.2.10 wants it."""
    fadt = loaded(guest)["FACP"]
    assert u32(fadt, 36) % 64 == 0


def test_the_fadts_ports():
    fadt = loaded(PC)["FACP"]
    assert (len(fadt), fadt[8]) == (116, 1)
    assert [u32(fadt, at) for at in (48, 56, 64, 76, 80)] == [0xB2, 0x600, 0x604, 0x608, 0xAFE0]
    assert (fadt[52], fadt[53], struct.unpack_from("<H", fadt, 46)[0], fadt[108]) == (0xF1, 0xF0, 9, 0x32)
    assert fadt[88:94] == bytes((4, 2, 0, 4, 4, 0))
    fadt = loaded(Q35)["FACP"]
    assert (len(fadt), fadt[8]) == (244, 3)
    assert (u32(fadt, 80), fadt[92]) == (0x620, 16)
    assert struct.unpack_from("<BBBBQB", fadt, 116) == (1, 8, 0, 0, 0xCF9, 0x0F)
    assert struct.unpack_from("<Q", fadt, 140)[0] == u32(fadt, 40)
    assert [struct.unpack_from("<Q", fadt, at + 4)[0] for at in (148, 172, 208, 220)] == [0x600, 0x604, 0x608, 0x620]


def entries(madt):
    """(Type, data) of each structure of a MADT."""
    at, rows = 44, []
    while at < len(madt):
        rows.append((madt[at], bytes(madt[at + 2 : at + madt[at + 1]])))
        at += madt[at + 1]
    assert at == len(madt)
    return rows


def test_the_madt_lists_the_cpus_that_can_be():
    rows = entries(loaded(MANY)["APIC"])
    short = [data for kind, data in rows if kind == 0]
    wide = [struct.unpack_from("<2xIII", data) for kind, data in rows if kind == 9]
    assert [data[:2] for data in short] == [bytes((n, n)) for n in range(255)]
    assert all(u32(data, 2) == 1 for data in short)
    assert wide == [(n, int(n < 300), n) for n in range(255, 320)]
    assert [kind for kind, _ in rows[-3:]] == [2, 10, 4]


def test_more_than_eight_cpus_need_clusters_of_apics():
    flags = [u32(loaded(Guest("pc", PC.e820, cpus=cpus))["FACP"], 112) for cpus in (8, 9)]
    assert [each >> 18 & 1 for each in flags] == [0, 1]


def test_the_madt_of_one_cpu():
    rows = entries(loaded(PC)["APIC"])
    assert [kind for kind, _ in rows] == [0, 1, 2, 2, 2, 2, 2, 4]
    assert u32(rows[1][1], 2) == 0xFEC00000
    lines = [(data[1], u32(data, 2), data[6]) for kind, data in rows if kind == 2]
    assert lines == [(0, 2, 0), (5, 5, 13), (9, 9, 13), (10, 10, 13), (11, 11, 13)]


def test_mcfg_says_where_configuration_space_is():
    """At the base that the board's own PCIEXBAR holds under SeaBIOS, where it is on; buses 0 to 255."""
    base = q35_functions(())[0].pciexbar & ~0xFFF
    assert struct.unpack_from("<QHBB", loaded(Q35)["MCFG"], 44) == (base, 0, 0, 255)
    assert "MCFG" not in loaded(Guest("q35", Q35.e820))


def windows(dsdt):
    """(Type, first, last) of the address space descriptors, whose bytes stand nowhere else: word, dword, qword."""
    found = []
    for tag, form in ((b"\x88\x0d\x00", "H"), (b"\x87\x17\x00", "I"), (b"\x8a\x2b\x00", "Q")):
        at = dsdt.find(tag)
        while at >= 0:
            kind, _, _, _, first, last, _, length = struct.unpack_from(f"<3B5{form}", dsdt, at + 3)
            assert length == (last - first + 1) & (1 << 8 * struct.calcsize(form)) - 1
            found.append((kind, first, last))
            at = dsdt.find(tag, at + 1)
    return found


def test_the_windows_are_what_ram_leaves():
    ports = [(2, 0, 0xFF), (1, 0, 0xCF7), (1, 0xD00, 0xFFFF), (0, 0xA0000, 0xBFFFF)]
    assert windows(loaded(PC)["DSDT"]) == [
        *ports, (0, 0x80000000, 0xFEBFFFFF), (0, 4 * GIB, 6 * GIB - 1),
    ]  # fmt: skip
    assert windows(loaded(Q35)["DSDT"]) == [
        *ports, (0, 0x80000000, 0xAFFFFFFF), (0, 0xC0000000, 0xFEBFFFFF), (0, 10 * GIB, 42 * GIB - 1),
    ]  # fmt: skip


def length_of(aml, at):
    """(PkgLength, bytes that it has), ACPI 6.4, 20.2.4."""
    more = aml[at] >> 6
    if not more:
        return aml[at], 1
    return aml[at] & 0x0F | int.from_bytes(aml[at + 1 : at + 1 + more], "little") << 4, 1 + more


def name_at(aml, at):
    """(Name string as it is, where it ends)."""
    start = at + (aml[at] == 0x5C)
    segments, start = {0x2E: (2, start + 1), 0x2F: (aml[start + 1], start + 2)}.get(aml[start], (1, start))
    return aml[at : start + 4 * segments].decode(errors="replace"), start + 4 * segments


def objects(aml, at, end, inside=""):
    """Yield (path, value) of every Name and (path, None) of every Device from ``at`` to ``end``, exactly."""
    constants = {0: 1, 1: 1, 0x0A: 2, 0x0B: 3, 0x0C: 5, 0x0E: 9}
    while at < end:
        if aml[at] == 0x08:
            name, value = name_at(aml, at + 1)
            if aml[value] in (0x11, 0x12):
                at = value + 1 + length_of(aml, value + 1)[0]
            else:
                at = aml.index(0, value) + 1 if aml[value] == 0x0D else value + constants[aml[value]]
            yield f"{inside}.{name}", bytes(aml[value:at])
            continue
        extended = aml[at] == 0x5B
        kind = aml[at + extended]
        assert kind in ((0x82, 0x83) if extended else (0x10, 0x14))
        start = at + 1 + extended
        size, width = length_of(aml, start)
        name, body = name_at(aml, start + width)
        at = start + size
        if extended and kind == 0x82:
            yield f"{inside}.{name}", None
        if kind in (0x10, 0x82):
            yield from objects(aml, body, at, f"{inside}.{name}")
    assert at == end


def pnp(number):
    """PNPxxxx as AML has it, ASL's EISAID: what SeaBIOS compares with (src/fw/dsdt_parser.c)."""
    return b"\x0c\x41\xd0" + number.to_bytes(2, "big")


@GUESTS
def test_the_dsdt_is_whole_and_has_qemus_devices(guest):
    """Every length leads to the next object. SeaBIOS takes a device's ids for its own only before any inner one."""
    dsdt = loaded(guest)["DSDT"]
    rows = list(objects(dsdt, 36, len(dsdt)))
    found, ids = [path.split(".")[-1] for path, value in rows if value is None], dict(rows)
    q35 = guest.machine == "q35"
    links = [f"LNK{x}" for x in ("ABCDEFGH" if q35 else "ABCDS")] + [f"GSI{x}" for x in "ABCDEFGH" if q35]
    slots = ["S00", "S10", "SF8", "SFB"] if q35 else [f"S{slot << 3:02X}" for slot in range(32)]
    cpus = [f"C{number:03X}" for number in range(255, guest.slots)]
    fixed = ["PCI0", "PRES", "GPE0", "PHPR", "FWCF", "HPET", "CPUS", "KBD_", "MOU_", "RTC_"]
    floppy = [] if q35 else ["FDC0"]
    assert sorted(found) == sorted([*fixed, *floppy, *links, *(f"{slot}_" for slot in slots), *cpus])
    isa = f".\\_SB_.PCI0.{'SF8_' if q35 else 'S08_'}"
    assert ids[".\\_SB_.PCI0._HID"] == pnp(0x0A08 if q35 else 0x0A03)
    assert [ids[f"{isa}.{name}._HID"] for name in ("KBD_", "MOU_", "RTC_")] == [pnp(0x303), pnp(0xF13), pnp(0xB00)]
    order = [path for path, _ in rows if path.startswith(".\\_SB_.PCI0.")]
    assert order.index(".\\_SB_.PCI0._CRS") < order.index(".\\_SB_.PCI0.PRES")


def test_a_slots_pins_lead_where_the_bridge_routes_them():
    """QEMU 7.2's own routing: rotating by slot, 00:01.0's first pin is the SCI's, a q35's own functions are A to D."""

    def route(guest, table, slot, pin):
        dsdt = loaded(guest)["DSDT"]
        rows = dict(objects(dsdt, 36, len(dsdt)))[f".\\_SB_.PCI0.{table}"]
        address = b"\x0c\xff\xff" + bytes((slot, 0)) if slot else b"\x0b\xff\xff"
        number = bytes((pin,)) if pin < 2 else bytes((0x0A, pin))
        link = rows.index(b"_SB_", rows.index(address + number)) + 4
        return rows[link : link + 4].decode()

    assert [route(PC, "_PRT", *each) for each in ((0, 0), (1, 0), (1, 1), (2, 0), (31, 3))] == [
        "LNKD", "LNKS", "LNKB", "LNKB", "LNKB",
    ]  # fmt: skip
    slots = ((0, 0), (2, 0), (2, 3), (24, 1), (25, 1), (30, 2), (31, 2))
    letters = "EGFFBGC"
    assert [route(Q35, "PRTP", *each) for each in slots] == [f"LNK{x}" for x in letters]
    assert [route(Q35, "PRTA", *each) for each in slots] == [f"GSI{x}" for x in letters]


@GUESTS
def test_iasl_reads_and_compiles_every_table(guest, tmp_path):
    """ACPICA, which is what Linux reads them with, where it is installed."""
    if not shutil.which("iasl"):
        pytest.skip("iasl is not installed (Debian package acpica-tools)")
    for name, data in loaded(guest).items():
        (tmp_path / f"{name}.dat").write_bytes(data)
        for command in (["iasl", "-d", f"{name}.dat"], ["iasl", "-tc", f"{name}.dsl"]):
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            said = done.stdout + done.stderr
            assert done.returncode == 0, said
            assert "Error" not in said.replace("0 Errors", ""), said
            # Processor objects (3168), which QEMU has too, are no longer in ACPI 6.4.
            warned = [line for line in said.splitlines() if line.startswith("Warning")]
            assert all("3168" in line for line in warned), said


def structures(tables):
    """(Type, formatted part, strings) of each SMBIOS structure."""
    at, rows = 0, []
    while at < len(tables):
        kind, length = tables[at], tables[at + 1]
        end = tables.index(b"\0\0", at + length) + 2
        texts = [each.decode() for each in tables[at + length : end].split(b"\0") if each]
        rows.append((kind, tables[at : at + length], texts))
        at = end
    return rows


def test_smbios_says_what_the_machine_is():
    uuid = bytes.fromhex("00112233445566778899aabbccddeeff")
    files = fw_cfg_files(Guest("q35", Q35.e820, cpus=4, release=(7, 2), uuid=uuid, cpuid=(0x306A9, 0xBFEBFBFF)))
    anchor, tables = files["etc/smbios/smbios-anchor"], files["etc/smbios/smbios-tables"]
    rows = structures(tables)
    assert [kind for kind, _, _ in rows] == [1, 3, 4, 16, 17, 19, 19, 32, 127]
    assert (anchor[:4], anchor[5:8], anchor[16:21]) == (b"_SM_", bytes((31, 2, 8)), b"_DMI_")
    assert struct.unpack_from("<HIH", anchor, 22) == (len(tables), 0, len(rows))
    system, processor = rows[0], rows[2]
    assert system[1][8:24] == bytes.fromhex("33221100554477668899aabbccddeeff")
    assert system[2] == ["QEMU", "Standard PC (Q35 + ICH9, 2009)", "pc-q35-7.2"]
    assert struct.unpack_from("<II", processor[1], 8) == (0x306A9, 0xBFEBFBFF)
    assert processor[1][0x23:0x26] == bytes((4, 4, 4))
    assert [struct.unpack_from("<II", row[1], 4) for row in rows if row[0] == 19] == [
        (0, 0x1FFFFF), (0x400000, 0x9FFFFF),
    ]  # fmt: skip


def test_smbios_of_much_memory():
    """A module from 32 GiB on has its size elsewhere (DSP0134 7.18.5), as an array and a range of TiBs have."""
    guest = Guest("q35", [(0, 2 * GIB, 1), (4 * GIB, 5000 * GIB, 1)])
    rows = structures(fw_cfg_files(guest)["etc/smbios/smbios-tables"])
    array, module, high = (row for kind, row, _ in rows if kind in (16, 17, 19) and row[2:4] != b"\0\x13")
    assert (u32(array, 7), struct.unpack_from("<Q", array, 15)[0]) == (0x80000000, 5002 * GIB)
    assert (struct.unpack_from("<H", module, 12)[0], u32(module, 28)) == (0x7FFF, 5002 << 10)
    assert struct.unpack_from("<IIHBQQ", high, 4)[:2] == (0xFFFFFFFF, 0xFFFFFFFF)
    assert struct.unpack_from("<QQ", high, 15) == (4 * GIB, 5004 * GIB - 1)


def test_the_entry_point_was_smbios_3_for_two_releases():
    files = fw_cfg_files(Guest("pc", PC.e820, cpus=300, release=(8, 2)))
    anchor = files["etc/smbios/smbios-anchor"]
    assert (anchor[:5], anchor[6], len(anchor)) == (b"_SM3_", 24, 24)
    assert struct.unpack_from("<I", anchor, 12)[0] == len(files["etc/smbios/smbios-tables"])
    rows = structures(files["etc/smbios/smbios-tables"])
    processor = next(row for kind, row, _ in rows if kind == 4)
    assert (processor[0x23], struct.unpack_from("<3H", processor, 42)) == (255, (300, 300, 300))


def test_the_e820_file_is_the_guests():
    rows = [(0, 2 * GIB, 1), (4 * GIB, GIB, 1), (0xFEFFC000, 0x4000, 2)]
    raw = fw_cfg_files(Guest("q35", rows))["etc/e820"]
    assert [struct.unpack_from("<QQI", raw, at) for at in range(0, len(raw), 20)] == rows


def test_options_are_told():
    guest = Guest("pc", PC.e820, boot=("/pci@i0cf8/ide@1,1/drive@0/disk@0", "/rom@genroms/x.rom"), menu=True,
                  menu_wait=5000, s3=False)  # fmt: skip
    files, keys = fw_cfg_files(guest), fw_cfg_keys(guest)
    assert files["bootorder"] == b"/pci@i0cf8/ide@1,1/drive@0/disk@0\n/rom@genroms/x.rom\0"
    assert (files["etc/boot-menu-wait"], keys[0x0E]) == ((5000).to_bytes(2, "little"), b"\1\0")
    assert files["etc/system-states"] == bytes.fromhex("800000018280")
    assert [state in files["etc/acpi/tables"] for state in (b"_S3_", b"_S4_", b"_S5_")] == [False, True, True]


def test_without_acpi_a_pc_has_neither_tables_nor_sleep_states():
    names = {machine: set(fw_cfg_files(Guest(machine, PC.e820, acpi=False))) for machine in ("pc", "q35")}
    assert not any("acpi" in name or "loader" in name or "tpm" in name for each in names.values() for name in each)
    assert "etc/system-states" in names["q35"] - names["pc"]
