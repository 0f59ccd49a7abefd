"""Every bad input, through the real command line: a clear error, exit 2, nothing half-written, never a traceback."""

import errno
import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from handmade import RETURN, pcir, rom

from fwsim import cli
from fwsim.registers.families import families
from fwsim.scenario.guess import named

OUR_ROM = Path(__file__).parents[1] / "roms" / "igd-vbios.rom"
LABELS = ("\n  found: ", "\n  expected: ", "\n  next: ")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A current folder with a scenario, and our ROM as igd.rom."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(OUR_ROM, tmp_path / "igd.rom")
    (tmp_path / "s.toml").write_text('[rom]\nfile = "igd.rom"\n')
    return tmp_path


@pytest.fixture
def refused(place, capsys):
    """Runs ``fwsim run`` with arguments, expects it to refuse, and returns what it said."""

    def run(*arguments: str) -> str:
        before = sorted(place.rglob("*"))
        code = cli.main(["run", *arguments])
        captured = capsys.readouterr()
        assert code == 2, captured.err
        assert captured.err.startswith("fwsim: ")
        assert "Traceback" not in captured.err
        assert captured.out == ""
        assert sorted(place.rglob("*")) == before
        assert "\n  next: " in captured.err, captured.err
        return captured.err

    return run


# --- the ROM ----------------------------------------------------------------------------------------------------------
OURS = OUR_ROM.read_bytes()
POINTER, IMAGE = 0x18, rom(RETURN)


def with_bytes(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    image = bytearray(data)
    for offset, new in changes:
        image[offset : offset + len(new)] = new
    return bytes(image)


ROMS = {
    "empty": (b"", "empty"),
    "a few bytes": (b"\x55\xaa\x80", "3 bytes"),
    "cut in the header": (OURS[:0x20], "0x20"),
    "cut in the middle": (OURS[: len(OURS) // 2], hex(len(OURS))),
    "no 55AA": (with_bytes(OURS, (0, b"MZ")), "4d 5a"),
    "zeros": (bytes(65536), "00 00"),
    "erased flash": (b"\xff" * 65536, "ff ff"),
    "PCIR past the end": (with_bytes(IMAGE, (POINTER, b"\xf0\xff")), "0xfff0"),
    "PCIR half outside": (with_bytes(IMAGE, (POINTER, struct.pack("<H", len(IMAGE) - 4))), hex(len(IMAGE) - 4)),
    "no PCIR where the pointer says": (with_bytes(IMAGE, (POINTER, b"\x80\x00")), "PCIR"),
    "chain that loops": (with_bytes(IMAGE, (0x40, pcir(0x8086, 0x126, 0, last=False))), "chain loops"),
    "length 0": (with_bytes(IMAGE, (2, b"\0")), "length"),
}


@pytest.mark.parametrize("data", [pytest.param(row, id=name) for name, row in ROMS.items()])
def test_broken_rom(place, refused, data):
    (place / "bad.rom").write_bytes(data[0])
    said = refused("s.toml", "--rom", "bad.rom", "--out", "r")
    assert "bad.rom" in said
    assert data[1] in said
    assert "\n  expected: " in said


def test_missing_rom(refused):
    said = refused("s.toml", "--rom", "no.rom", "--out", "r")
    assert all(text in said for text in ("s.toml: rom.file", "no.rom", "--rom FILE", *LABELS))


def test_a_rom_of_one_gibibyte_is_not_read(place, refused):
    with (place / "huge.rom").open("wb") as file:
        file.truncate(1 << 30)
    said = refused("s.toml", "--rom", "huge.rom", "--out", "r")
    assert all(text in said for text in ("huge.rom", "1073741824", "16M", *LABELS))


def test_a_folder_as_rom(place, refused):
    (place / "folder").mkdir()
    assert "not a file" in refused("s.toml", "--rom", "folder", "--out", "r")


def test_rom_for_another_device_lists_the_ids_it_accepts(refused, place):
    said = refused("s.toml", "--set", "host.device_id=0x1234", "--out", "r")
    accepted = ("0x0106", "0x0126", "0x0166", "0x0416", "0x1916")  # of the PCIR's list, gens 6 to 9
    assert all(text in said for text in (*accepted, "0x1234", "rom.any_device", *LABELS))


def test_the_cpu_that_most_of_a_roms_ids_name_is_advised():
    """Intel's Coffee Lake images carry 0406h, a Haswell, as PCIR's own id."""
    assert named((0x0406, 0x3E90, 0x3E91))[0] == "coffeelake"


def test_any_device_runs_it_all_the_same(place, capsys):
    (place / "other.rom").write_bytes(rom(RETURN, device=0x7777))
    assert cli.main(["run", "s.toml", "--rom", "other.rom", "--out", "r"]) == 2
    assert "0x7777" in capsys.readouterr().err
    assert cli.main(["run", "s.toml", "--rom", "other.rom", "--out", "r", "--set", "rom.any_device=true"]) == 0


def test_a_rom_that_no_display_device_is_for(place, refused):
    (place / "net.rom").write_bytes(rom(RETURN, vendor=0x14E4, device=0x1648))
    said = refused("s.toml", "--rom", "net.rom", "--out", "r")
    assert all(text in said for text in ("14e4:1648", "net.rom", *LABELS))


def test_efi_only(place, refused):
    image = bytearray(1024)
    struct.pack_into("<2sHIHHH8sHH", image, 0, b"\x55\xaa", 2, 0x0EF1, 11, 0x8664, 0, b"", 0x38, 0x1C)
    image[0x1C:0x34] = pcir(0x8086, 0x126, 2)
    image[0x1C + 0x14] = 3
    (place / "gop.rom").write_bytes(image)
    assert "EFI" in refused("s.toml", "--rom", "gop.rom", "--out", "r")


def test_a_shadow_of_what_is_no_igd(place, refused):
    (place / "std.rom").write_bytes(rom(RETURN, vendor=0x1234, device=0x1111))
    said = refused("s.toml", "--rom", "std.rom", "--set", "rom.source=shadow", "--out", "r")
    assert all(text in said for text in ("rom.source", *LABELS))


def test_a_shadow_of_a_rom_that_does_not_finish(place, refused):
    (place / "hang.rom").write_bytes(rom(b"\xeb\xfe"))
    said = refused("s.toml", "--rom", "hang.rom", "--set", "rom.source=shadow", "--out", "r")
    assert all(text in said for text in ("rom.source", "hung at c000:0100", *LABELS))


# --- files that cannot be read ----------------------------------------------------------------------------------------
FILE_FIELDS = ["rom.file", "host.opregion", "display.0.edid"]


@pytest.mark.parametrize("field", FILE_FIELDS)
def test_missing_file(refused, field):
    said = refused("s.toml", "--set", f"{field}=gone.bin", "--out", "r")
    assert all(text in said for text in (f"s.toml: {field}", "gone.bin", *LABELS))


@pytest.mark.parametrize("field", FILE_FIELDS)
def test_unreadable_file(place, refused, field):
    (place / "locked.bin").symlink_to("/proc/self/mem")  # nobody, not even root, reads its first byte
    said = refused("s.toml", "--set", f"{field}=locked.bin", "--out", "r")
    assert "cannot" in said
    assert "Input/output error" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@pytest.mark.parametrize("field", FILE_FIELDS)
def test_file_without_permission(place, refused, field):
    (place / "locked.bin").write_bytes(OURS)
    (place / "locked.bin").chmod(0)
    assert "Permission denied" in refused("s.toml", "--set", f"{field}=locked.bin", "--out", "r")


EDID = bytes.fromhex("00ffffffffffff00").ljust(127, b"\1")
EDID += bytes([-sum(EDID) & 0xFF])


@pytest.mark.parametrize(
    ("field", "data", "said"),
    [("display.0.edid", b"", "0 bytes"), ("display.0.edid", EDID[:100], "100 bytes"),
     ("display.0.edid", b"x" * 128, "78 78"), ("display.0.edid", bytes(128 * 3), "384 bytes"),
     ("host.opregion", b"", "0 bytes"), ("host.opregion", b"IntelGraphicsMem", "16 bytes"),
     ("host.opregion", b"X" * 8192, "58 58"), ("host.opregion", OURS, "55 aa")],
)  # fmt: skip
def test_not_an_edid_or_an_opregion(place, refused, field, data, said):
    (place / "odd.bin").write_bytes(data)
    text = refused("s.toml", "--set", f"{field}=odd.bin", "--out", "r")
    assert all(each in text for each in (f"s.toml: {field}", "odd.bin", said, *LABELS[1:]))


def test_a_right_edid_and_opregion_are_taken(place, capsys):
    (place / "m.edid").write_bytes(EDID)
    (place / "o.bin").write_bytes(b"IntelGraphicsMem" + struct.pack("<IHH", 8, 0, 0x200) + bytes(8192 - 24))
    arguments = ["--set", "display.0.edid=m.edid", "--set", "host.opregion=o.bin", "--out", "r"]
    assert cli.main(["run", "s.toml", *arguments]) == 0
    capsys.readouterr()


def test_what_is_odd_about_an_edid_is_a_warning_in_the_log(place, capsys):
    odd = bytearray(EDID)
    odd[127] ^= 5
    (place / "odd.edid").write_bytes(odd)
    arguments = ["--set", "display.0.edid=odd.edid", "--set", "rom.source=shadow", "--out", "r", "--json"]
    assert cli.main(["run", "s.toml", *arguments]) == 0
    warnings = [line for line in json.loads(capsys.readouterr().out)["firmware"]["log"] if line.startswith("warning:")]
    right = f"its last byte would be {EDID[127]:#04x}"
    assert [line for line in warnings if "wrong checksum" in line and right in line] == [
        f"warning: display.0.edid: odd.edid: block 0: wrong checksum, sum {sum(odd) & 0xFF:#04x}; {right}"
    ]


# --- the scenario -----------------------------------------------------------------------------------------------------
SCENARIOS = {
    "unknown table": ("[hots]\nbdsm = 1", "hots", "did you mean host?"),
    "unknown key": ("[host]\nbdms = 1", "host.bdms", "did you mean bdsm?"),
    "unknown key of a list": ("[[call]]\nax = 3\nxa = 1", "call.0.xa", "xa"),
    "wrong type": ("[guest]\nslot = 2", "guest.slot", "2"),
    "text for a number": ('[host]\nbdsm = "lots"', "host.bdsm", "lots"),
    "table for a number": ("[host.ggc]\nvalue = 1", "host.ggc", "a table"),
    "number for a table": ("host = 3", "host", "3"),
    "too many bits": ("[host]\nggc = 0x10000", "host.ggc", "0x10000"),
    "negative": ("[host]\nggc = -1", "host.ggc", "-1"),
    "unknown cpu": ('[host]\ncpu = "sandybrigde"', "host.cpu", "sandybridge"),
    "unknown word": ('[hypervisor]\nkind = "quemu"', "hypervisor.kind", "qemu"),
    "unknown profile": ('[hypervisor]\nprofile = "2.6"', "hypervisor.profile", "2.7"),
    "hypervisor not modelled": ('[hypervisor]\nkind = "kvmtool"', "hypervisor.kind", "kvmtool"),
    "firmware not modelled": ('[firmware]\nkind = "slimboot"', "firmware.kind", "slimboot"),
    "firmware version": ('[firmware]\nversion = "9.9"', "firmware.version", "9.9"),
    "firmware image": ('[firmware]\nimage = "igd.rom"', "firmware.image", "igd.rom"),
    "boot sector": ('[payload]\nfloppy = "igd.rom"', "payload.floppy", "1FEh"),
    "interrupt owner": ('[host]\nintx_shared = "a b"', "host.intx_shared", "a b"),
    "bdsm unaligned": ("[host]\nbdsm = 0xdba80000", "host.bdsm", "0xdba80000"),
    "bdsm unaligned beside its lock": ("[host]\nbdsm = 0xdba00003", "host.bdsm", "0xdba00003"),
    "bdsm past 4 GiB": ("[host]\nbdsm = 0x100000000", "host.bdsm", "0x100000000"),
    "no RAM": ("[guest]\nram = 0", "guest.ram", "1M"),
    "RAM larger than the address space": ('[guest]\nram = "2048G"', "guest.ram", "61G"),
    "RAM past 64 bits": ("[guest]\nram = 99999999999999999999", "guest.ram", "99999999999999999999"),
    "odd RAM": ("[guest]\nram = 1048577", "guest.ram", "1048577"),
    "slot": ('[guest]\nslot = "00:1f.0"', "guest.slot", "LPC"),
    "gms": ('[hypervisor]\nprofile = "10.2"\ngms = 0xff', "hypervisor.gms", "x-igd-gms"),
    "posts": ("[rom]\nposts = 0", "rom.posts", "0"),
    "name": ('name = "../x"', "name", "../x"),
    "int15 leaf": ('[rom.int15]\n"5f3" = {}', "rom.int15", "5f3"),
    "function twice": ('[[function]]\nslot = "04.0"\n[[function]]\nslot = "00:04.0"', "function.1.slot", "04.0"),
    "function nowhere": ('[[function]]\nslot = "04.0"\nbehind = "00:1c.0"', "function.0.behind", "00:1c.0"),
    "function behind no bridge": (
        '[[function]]\nslot = "05.0"\n[[function]]\nslot = "00.0"\nbehind = "00:05.0"', "function.1.behind", "ff0000"),
    "function without a slot": ("[[function]]\nvendor = 1", "function.0", "slot"),
    "no slot": ('[[function]]\nslot = "20.0"', "function.0.slot", "20.0"),
    "BAR of 3M": ('[[function]]\nslot = "04.0"\nbars = ["mem 3M"]', "function.0.bars", "3M"),
    "BAR of no kind": ('[[function]]\nslot = "04.0"\nbars = ["ram 4M"]', "function.0.bars.0", "ram 4M"),
    "seventh BAR": ('[[function]]\nslot = "04.0"\nbars = ["mem64 4K", "mem64 4K", "mem64 4K", "io 4"]',
                    "function.0.bars", "BAR5"),
    "ROM of 3K": ('[[function]]\nslot = "04.0"\nrom = "3K"', "function.0.rom", "3K"),
    "function on the chipset": ('[[function]]\nslot = "01.0"', "function", "the chipset"),
    "function on the display": ('[[function]]\nslot = "02.0"', "function", "the display"),
    "unknown option": ('[hypervisor]\noptions = 3', "hypervisor.options", "3"),
    "port twice": ('[[display]]\nport = "crt"\n[[display]]\nport = "crt"', "display.1.port", "crt"),
}  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in SCENARIOS.items()])
def test_impossible_scenario(place, refused, row):
    text, field, found = row
    (place / "bad.toml").write_text(text)
    said = refused("bad.toml", "--rom", "igd.rom", "--out", "r")
    assert field in said.splitlines()[0]
    assert all(each in said for each in (found, *LABELS))


@pytest.mark.parametrize("changes", [[], ["rom.source=shadow"], ["hypervisor.kind=none"], ["hypervisor.kind=ranged"]])
def test_a_locked_bdsm_is_as_good_as_an_unlocked_one(place, capsys, changes):
    """Bit 0 is the lock, no part of the address: entries point where they do without it."""
    targets = []
    for bdsm in ("0xdba00000", "0xdba00001"):
        options = [word for change in (*changes, f"host.bdsm={bdsm}") for word in ("--set", change)]
        assert cli.main(["run", "s.toml", "--out", bdsm, "--json", *options]) == 0
        gtt = json.loads(capsys.readouterr().out)["gtt"]
        targets.append((gtt["first"]["value"], gtt["targets"]))
    assert targets[0] == targets[1]


def test_bdsm_past_4_gib_from_gen_11(place, capsys):
    (place / "far.toml").write_text('[host]\ncpu = "icelake"\nbdsm = 0x100000000\n[rom]\nany_device = true')
    assert cli.main(["run", "far.toml", "--rom", "igd.rom", "--out", "b"]) in (0, 3)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"[host\ncpu = 1", "line 1"), (b"a = 1\na = 2\n\n", "Cannot overwrite"), (b"\xff\xfe\x00garbage", "UTF-8"),
     (bytes(range(1, 256)), "UTF-8"), (OURS, "runs alone"), (b"host: {cpu: sandybridge}", "line 1")],
)  # fmt: skip
def test_not_toml(place, refused, data, said):
    (place / "bad.toml").write_bytes(data)
    text = refused("bad.toml", "--rom", "igd.rom", "--out", "r")
    assert all(each in text for each in ("bad.toml", said))


@pytest.mark.parametrize(
    ("size", "found"),
    [(0, "0 bytes"), (511, "511 bytes"), (513, "513 bytes"), (1474561, "1474561 bytes"), (2000384, "2000384 bytes"),
     (2949120 + 512, "over 2949120 bytes"), (8 << 20, "over 2949120 bytes")],
)  # fmt: skip
def test_a_diskette_of_a_size_that_no_drive_takes(place, refused, size, found):
    (place / "boot.img").write_bytes((bytes(510) + b"\x55\xaa").ljust(size, b"\0")[:size])
    (place / "bad.toml").write_text('[payload]\nfloppy = "boot.img"')
    said = refused("bad.toml", "--rom", "igd.rom", "--out", "r")
    assert "payload.floppy" in said.splitlines()[0]
    assert f"found: {found}, in " in said
    assert all(each in said for each in ("1474560", "2949120", *LABELS))


def test_a_diskette_that_cannot_be_booted(place, refused):
    (place / "boot.img").write_bytes(bytes(1474560))
    (place / "bad.toml").write_text('[payload]\nfloppy = "boot.img"')
    said = refused("bad.toml", "--rom", "igd.rom", "--out", "r")
    assert "payload.floppy: not a diskette that can be booted" in said.splitlines()[0]
    assert all(each in said for each in ("00 00", "1FEh", "55 aa", *LABELS))


def test_scenario_that_is_not_there_or_no_file(place, refused):
    assert "no such scenario" in refused("gone.toml", "--out", "r")
    (place / "folder.toml").mkdir()
    assert "directory" in refused("folder.toml", "--out", "r").lower()
    (place / "locked.toml").symlink_to("/proc/self/mem")
    assert "cannot read" in refused("locked.toml", "--out", "r")
    with (place / "huge.toml").open("wb") as file:
        file.truncate(1 << 30)
    assert "huge.toml" in refused("huge.toml", "--out", "r")


def test_no_rom_named(place, refused):
    (place / "empty.toml").write_text("")
    said = refused("empty.toml", "--out", "r")
    assert all(each in said for each in ("rom.file", "--rom FILE"))


@pytest.mark.parametrize("cpu", [row.name for row in families()])
def test_every_host_cpu_runs(place, capsys, cpu):
    """A family without behaviours of its own is no error; what no register answers is in the summary."""
    (place / "cpu.toml").write_text(f'[host]\ncpu = "{cpu}"\n[rom]\nany_device = true\nfile = "igd.rom"')
    code = cli.main(["run", "cpu.toml", "--out", "r"])
    assert code in (0, 3), capsys.readouterr().err


# --- the run's folder -------------------------------------------------------------------------------------------------
def test_a_folder_that_exists_needs_force(place, refused, capsys):
    assert cli.main(["run", "s.toml", "--out", "r"]) == 0
    before = (place / "r" / "summary.json").read_bytes()
    capsys.readouterr()
    assert all(each in refused("s.toml", "--out", "r") for each in ("--force", "/r: "))
    assert (place / "r" / "summary.json").read_bytes() == before
    assert cli.main(["run", "s.toml", "--out", "r", "--force"]) == 0


def test_force_replaces_nothing_that_is_not_ours(place, refused):
    (place / "mine").mkdir()
    (place / "mine" / "thesis.txt").write_text("years of work")
    assert "thesis.txt" in refused("s.toml", "--out", "mine", "--force")
    assert "a file" in refused("s.toml", "--out", "igd.rom", "--force")
    (place / "link").symlink_to("mine")
    assert "symbolic link" in refused("s.toml", "--out", "link", "--force")


def test_out_below_a_file(refused):
    assert "igd.rom" in refused("s.toml", "--out", "igd.rom/r")


def test_a_bad_rom_with_force_leaves_the_old_run(place, refused, capsys):
    assert cli.main(["run", "s.toml", "--out", "r"]) == 0
    capsys.readouterr()
    (place / "bad.rom").write_bytes(b"MZ")
    refused("s.toml", "--rom", "bad.rom", "--out", "r", "--force")
    assert (place / "r" / "summary.json").exists()


# --- disk full --------------------------------------------------------------------------------------------------------
def full_disk(*arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_room_for_the_trace(refused, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", full_disk)
    said = refused("s.toml", "--out", "r")
    assert all(each in said for each in ("events.npy", "No space left on device", "MiB free", "--out"))


BUSY = rom(b"\x66\x31\xc0\xba\x80\x00\x66\xef\x66\x40\xeb\xfa")
"""OUT 80h, EAX; INC EAX, for ever."""


def test_the_disk_fills_up_in_the_middle(place, capsys, monkeypatch):
    """A later chunk finds no room."""
    (place / "busy.rom").write_bytes(BUSY)
    reserve = os.posix_fallocate
    monkeypatch.setattr(
        os, "posix_fallocate", lambda fd, at, size: full_disk() if at > 8 << 20 else reserve(fd, at, size)
    )
    assert cli.main(["run", "s.toml", "--rom", "busy.rom", "--out", "r"]) == 2
    captured = capsys.readouterr()
    assert all(each in captured.err for each in ("events.npy", "No space left", "next: "))
    assert "Traceback" not in captured.err
    assert not (place / "r").exists()


def test_no_room_for_the_summary(place, capsys, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", full_disk)
    assert cli.main(["run", "s.toml", "--out", "r"]) == 2
    assert "No space left" in capsys.readouterr().err
    assert not (place / "r").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB; skips where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("may not mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # the events' file may be mapped still


def test_a_disk_that_is_really_full(place, small_disk, capsys):
    """Its first MiB is there, so that the run begins."""
    (place / "busy.rom").write_bytes(BUSY)
    assert cli.main(["run", "s.toml", "--rom", "busy.rom", "--out", str(small_disk / "r")]) == 2
    assert "No space left" in capsys.readouterr().err
    assert list(small_disk.iterdir()) == []
