"""`fwsim rom` as a user meets it: what is printed, what is written, what is refused."""

import json
import struct
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from fwsim.cli.rom import app
from fwsim.errors import FwsimError

FILE_COMMANDS = ("info", "vbt", "find", "extract", "fix", "diff", "disasm")
COMMANDS = (*FILE_COMMANDS, "list", "get")


def image(device=0x0106, last=True, blocks=2):
    """A legacy image whose entry writes 0x80 and reads 00:02.0 @0x5e; its checksum is right."""
    data = bytearray(blocks * 512)
    code = bytes.fromhex("e680 baf80c 66b85c100080 66ef bafe0c ed cb")
    data[:6] = b"\x55\xaa" + bytes((blocks, 0xE9)) + struct.pack("<H", 0x100 - 6)
    data[0x18:0x1A] = b"\x40\0"
    data[0x40:0x58] = struct.pack(
        "<4sHHHHB3sHHBBH", b"PCIR", 0x8086, device, 0, 0x18, 0, b"\0\0\3", blocks, 0, 0, 0x80 * last, 0
    )
    data[0x100 : 0x100 + len(code)] = code
    data[6] = -sum(data) & 0xFF
    return bytes(data)


@pytest.fixture
def rom(tmp_path):
    path = tmp_path / "card.rom"
    path.write_bytes(image())
    return path


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def output(*arguments):
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def document(*arguments):
    return json.loads(output(*arguments, "--json"))


def refused(*arguments):
    result = call(*arguments)
    assert isinstance(result.exception, FwsimError)
    return result


def test_info_on_one_screen(rom):
    text = output("info", rom)
    assert "8086:0106, class 030000 VGA controller" in text
    assert "0x3, jumps to 0x0100" in text
    assert "right: sum 0x00 over 0x400 bytes" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_info_json(rom):
    told = document("info", rom)
    assert (told["size"], told["vendor"], told["device"], told["ids"]) == (1024, 0x8086, 0x0106, [0x0106])
    assert (told["runnable"], told["known"], told["licence"], told["findings"]) == (True, None, None, [])
    assert told["images"][0]["pcir"]["last_image"] is True
    assert told["images"][0]["code_type_name"] == "x86 BIOS"


def test_info_of_a_broken_rom_says_what_it_can_and_fails(rom):
    rom.write_bytes(image()[:700])
    result = refused("info", rom)
    assert "8086:0106" in result.stdout
    assert "the image is truncated" in result.stdout
    assert "the image is truncated" in str(result.exception)


def test_info_of_no_rom_prints_nothing(rom):
    rom.write_bytes(b"MZ" + bytes(100))
    assert refused("info", rom, "--json").stdout == ""


@pytest.mark.parametrize("command", FILE_COMMANDS)
def test_missing_file_is_refused_by_every_command(tmp_path, command):
    arguments = [tmp_path / "none.rom"] * (2 if command == "diff" else 1)
    assert "no such file" in str(refused(command, *arguments).exception)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    assert "Example: fwsim rom " + command in output(command, "--help")


def test_vbt_of_a_rom_without_one(rom):
    assert "no VBT" in str(refused("vbt", rom).exception)


def test_vbt_of_a_bare_table(tmp_path):
    blocks = struct.pack("<16sHHH", b"BIOS_DATA_BLOCK ", 170, 22, 22 + 8) + struct.pack("<BH", 12, 5) + b"12345"
    table = struct.pack("<20sHHHBBI16s", b"$VBT HAND".ljust(20), 100, 48, 48 + len(blocks), 0, 0, 48, b"") + blocks
    (tmp_path / "vbt.bin").write_bytes(table)
    assert "driver features" in output("vbt", tmp_path / "vbt.bin")
    told = document("vbt", tmp_path / "vbt.bin")
    (block,) = told["blocks"]
    assert (block["id"], block["offset"], block["size"], block["name"]) == (12, 70, 5, "driver features")
    assert block["hex"] == b"12345".hex()
    width = next(field for field in block["decoded"]["fields"] if field["name"] == "boot mode width")
    assert (width["value"], width["text"]) == (0x3332, "13106 pixels")


def test_extract(rom, tmp_path):
    told = document("extract", rom, "--out", tmp_path / "parts")
    assert [piece["size"] for piece in told] == [1024]
    assert (tmp_path / "parts" / "card.0.legacy.rom").read_bytes() == rom.read_bytes()
    assert "--force" in str(refused("extract", rom, "--out", tmp_path / "parts").exception)
    assert "card.0.legacy.rom" in output("extract", rom, "--out", tmp_path / "parts", "--force")


def test_fix_writes_a_copy(rom, tmp_path):
    before = rom.read_bytes()
    told = document("fix", rom, "--device", "0x0126")
    fixed = (tmp_path / "card.fixed.rom").read_bytes()
    assert rom.read_bytes() == before
    assert fixed[0x46:0x48] == b"\x26\x01"
    assert sum(fixed) & 0xFF == 0
    assert told["checksums"] == [0]
    assert [change["what"] for change in told["changes"]] == ["checksum byte", "PCIR device id"]
    assert "exists already" in str(refused("fix", rom, "--device", "0x0126").exception)


def test_fix_by_vfios_rule(rom, tmp_path):
    out = tmp_path / "out.rom"
    text = output("fix", rom, "--rule", "vfio", "--vendor", "0x8086", "--device", "0x106", "--out", out)
    assert "Nothing to change" in text
    assert out.read_bytes() == rom.read_bytes()
    assert "vfio's rule goes by the device" in str(refused("fix", rom, "--rule", "vfio").exception)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--rule", "best"), "no such rule"),
        (("--device", "0x12345"), "16 bits"),
        (("--device", "many"), "not a number"),
        (("--byte", "1"), "must lie in the image"),
    ],
)
def test_fix_refuses_bad_options_and_writes_nothing(rom, tmp_path, arguments, what):
    assert what in str(refused("fix", rom, *arguments).exception)
    assert [path.name for path in tmp_path.iterdir()] == ["card.rom"]


def test_fix_of_no_rom_names_the_file(rom):
    rom.write_bytes(b"MZ" + bytes(100))
    assert str(refused("fix", rom).exception).startswith(f"{rom} at 0x0: no option ROM signature")


def test_text_in_an_image_is_not_taken_for_markup(tmp_path):
    table = struct.pack("<20sHHHBBI16s", b"$VBT [/x] [bold]", 100, 48, 48, 0, 0, 48, b"")
    (tmp_path / "vbt.bin").write_bytes(table)
    assert "$VBT [/x] [bold]" in output("vbt", tmp_path / "vbt.bin")


def test_diff(rom, tmp_path):
    other = tmp_path / "other.rom"
    other.write_bytes(image(device=0x0126))
    told = document("diff", rom, other)
    assert told["by_structure"] == {"checksum byte": 1, "PCIR device id": 1}
    assert told["runs"][1] == {
        "offset": 0x46,
        "size": 1,
        "structure": "PCIR device id",
        "within": 0,
        "a": "06",
        "b": "26",
    }
    assert "PCIR device id" in output("diff", rom, other)
    assert "1 more runs" in output("diff", rom, other, "--limit", "1")
    assert "identical" in output("diff", rom, rom)


def test_disasm_says_the_licence_first_and_names_accesses(rom):
    text = output("disasm", rom)
    assert text.splitlines()[0] == "licence      not known to fwsim: this image is not in its catalogue"
    assert "out     0x80, al" in text
    assert "; pci 00:02.0 @0x5e, read word" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_disasm_of_an_image_that_forbids_it(rom):
    data = bytearray(image())
    data[0x200:0x227] = b"DECOMPILATION OR DISASSEMBLY PROHIBITED"
    rom.write_bytes(bytes(data))
    text = output("disasm", rom)
    assert text.startswith("licence      disassembly forbidden (the image itself)")
    assert "so no instruction is shown" in text
    assert "out     0x80, al" not in text
    assert "pci 00:02.0 @0x5e" in text
    told = document("disasm", rom)
    assert told["licence"]["disassembly"] == "forbidden"
    assert told["instructions"] == []
    assert [access["port"] for access in told["accesses"]] == [0x80, 0xCF8, 0xCFE]


def test_disasm_json_and_entries(rom):
    told = document("disasm", rom)
    assert (told["bits"], told["entries"], told["image"]) == (16, [3], 0)
    assert [access["port"] for access in told["accesses"]] == [0x80, 0xCF8, 0xCFE]
    assert told["instructions"][0] == {"address": 3, "data": "e9fa00", "text": "jmp     0x0100", "note": ""}
    assert document("disasm", rom, "--entry", "0x10d")["instructions"][0]["address"] == 0x10D
    assert document("disasm", rom, "--accesses")["instructions"] == []
    assert "no such image" in str(refused("disasm", rom, "--image", "4").exception)
    assert "outside the image" in str(refused("disasm", rom, "--entry", "0x9999").exception)


def test_disasm_accesses_only(rom):
    text = output("disasm", rom, "--accesses")
    assert "pci 00:02.0 @0x5e" in text
    assert "jmp" not in text


def test_info_loads_no_heavy_library(rom):
    code = (
        "import sys; from fwsim.cli.rom import app; app(['info', sys.argv[1]], standalone_mode=False);"
        "print(sorted({'numba', 'unicorn', 'numpy', 'capstone', 'lief', 'pooch', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(rom)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def opregion(tmp_path):
    """An OpRegion dump around a VBT with one child device, and its path."""
    device = bytearray(33)
    struct.pack_into("<HH", device, 0, 4, 0x60D6)
    device[16], device[19], device[25] = 7, 5, 0x10
    block = struct.pack("<BH", 2, 38) + bytes((2, 0, 0, 0, 33)) + bytes(device)
    blocks = struct.pack("<16sHHH", b"BIOS_DATA_BLOCK ", 170, 22, 22 + len(block)) + block
    table = struct.pack("<20sHHHBBI16s", b"$VBT HAND".ljust(20), 100, 48, 48 + len(blocks), 0, 0, 48, b"") + blocks
    data = bytearray(8192)
    struct.pack_into("<16sIHH", data, 0, b"IntelGraphicsMem", 8, 0, 0x200)
    data[0x58] = 0x1F
    data[0x400 : 0x400 + len(table)] = table
    path = tmp_path / "opregion.bin"
    path.write_bytes(bytes(data))
    return path


def test_info_of_an_opregion(tmp_path):
    path = opregion(tmp_path)
    text = output("info", path)
    assert "version 2.0, revision 0, 8 KiB" in text
    assert "1 ACPI, 2 software SCI, 3 ASLE, 4 VBT, 5 extensions" in text
    assert 'by mailbox 4 at 0x400, "$VBT HAND"' in text
    assert max(len(line) for line in text.splitlines()) <= 80
    told = document("info", path)
    assert (told["opregion"]["version"], told["opregion"]["mailboxes"]) == (0x200, [1, 2, 3, 4, 5])
    assert told["vbt"]["bdb_version"] == 170


def test_info_of_a_broken_opregion(tmp_path):
    path = opregion(tmp_path)
    path.write_bytes(path.read_bytes()[:0x300])
    assert "the OpRegion is cut off" in str(refused("info", path).exception)
    assert "the OpRegion is cut off" in str(refused("vbt", path).exception)


def test_vbt_of_an_opregion_names_the_ports(tmp_path):
    path = opregion(tmp_path)
    text = output("vbt", path)
    assert "EFP 1" in text
    assert "DP, HDMI or DVI" in text
    assert "DP-B" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    told = document("vbt", path)
    (child,) = told["child_devices"]
    assert (child["port_name"], child["ddc_pin"], child["aux_name"]) == ("DP-B", 5, "B")
    assert told["opregion"]["vbt_from"] == "mailbox 4"
    assert (told["panel_type"], told["panels"]) == (None, [])


def test_one_block_with_all_it_has(tmp_path):
    path = opregion(tmp_path)
    text = output("vbt", path, "--block", "2")
    assert text.startswith("Block 2: general definitions (38 bytes)")
    assert "Child device 0: DP, HDMI or DVI" in text
    assert "0000  02 00 00 00 21 04 00 d6 60" in text
    assert [block["id"] for block in document("vbt", path, "--block", "2")["blocks"]] == [2]
    error = str(refused("vbt", path, "--block", "40").exception)
    assert "no such data block" in error
    assert "expected: 2" in error


def test_info_of_a_bare_table(tmp_path):
    path = opregion(tmp_path)
    (tmp_path / "bare.vbt").write_bytes(path.read_bytes()[0x400:0x500])
    assert output("info", tmp_path / "bare.vbt").startswith('VBT          at 0x0, "$VBT HAND"')


def test_list(tmp_path, monkeypatch):
    monkeypatch.setenv("FWSIM_ROMS", str(tmp_path))
    text = output("list")
    assert "snm_2170.dat" in text
    assert "9d7e3b3c" in text
    assert "None of them is under $FWSIM_ROMS" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    rows = document("list")["roms"]
    assert len(rows) >= 11
    assert {row["file"] for row in rows} == {None}
    assert rows[0]["url"].startswith("https://raw.githubusercontent.com/intel/FSP/")


def known_image(monkeypatch, data):
    """Makes ``data`` the only image of the catalogue."""
    from hashlib import sha256

    from msgspec.structs import replace

    from fwsim.rom import catalog as book

    entry = replace(
        book.catalog()[0], name="mine.rom", sha256=sha256(data).hexdigest(), size=len(data), url="http://127.0.0.1:9/x"
    )
    monkeypatch.setattr(book, "catalog", lambda: (entry,))
    return entry


def test_list_and_info_know_a_file_by_its_content(rom, tmp_path, monkeypatch):
    monkeypatch.setenv("FWSIM_ROMS", str(tmp_path))
    known_image(monkeypatch, rom.read_bytes())
    assert document("list")["roms"][0]["file"] == str(rom)
    assert "card.rom" in output("list")
    text = output("info", rom)
    assert "known as     mine.rom: Intel vBIOS" in text
    assert "host.cpu ivybridge" in text


def test_get_of_what_is_there_already(rom, tmp_path, monkeypatch):
    entry = known_image(monkeypatch, rom.read_bytes())
    (tmp_path / "mine.rom").write_bytes(rom.read_bytes())
    text = output("get", "mine.rom", "--to", tmp_path)
    assert "verified" in text
    assert "disassembly" in text, "its licence is shown"
    told = document("get", entry.sha256[:8], "--to", tmp_path)
    assert (told["path"], told["sha256"]) == (str(tmp_path / "mine.rom"), entry.sha256)


def test_get_refuses(rom, tmp_path, monkeypatch):
    known_image(monkeypatch, rom.read_bytes())
    assert "not in the ROM catalogue" in str(refused("get", "other.rom").exception)
    (tmp_path / "mine.rom").write_bytes(b"not it")
    assert "another file of this name" in str(refused("get", "mine.rom", "--to", tmp_path).exception)


def test_get_offline(rom, tmp_path, monkeypatch):
    pytest.importorskip("pooch")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    known_image(monkeypatch, rom.read_bytes())
    error = str(refused("get", "mine.rom", "--to", tmp_path / "new").exception)
    assert "the server cannot be reached" in error
    assert "next: try again online" in error


def test_find_and_extract_of_a_flash_image(tmp_path):
    flash = tmp_path / "bios.bin"
    flash.write_bytes(b"\xff" * 0x1000 + image() + b"\xff" * 0x800 + image(0x0412))
    text = output("find", flash)
    assert "0  option ROM 8086:0106" in text
    assert "1  option ROM 8086:0412" in text
    assert "0x1c00-0x1fff of the file" in text
    assert [item["devices"] for item in document("find", flash)["items"]] == [[0x0106], [0x0412]]
    output("extract", flash, "--only", 1, "--out", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        "bios.1.8086-0412.rom": image(0x0412)
    }
    assert "0-1" in refused("extract", flash, "--only", 2).exception.expected
    output("extract", flash, "--out", tmp_path / "all")
    assert len(list((tmp_path / "all").iterdir())) == 2


def test_find_without_a_find(tmp_path):
    nothing = tmp_path / "nothing.bin"
    nothing.write_bytes(b"\xff" * 4096)
    result = call("find", nothing)
    assert result.exit_code == 1
    assert "every byte is 0xff" in result.stdout
    assert isinstance(call("extract", nothing).exception, FwsimError)


def vbt(port):
    """A bare VBT with one child device on this port."""
    child = bytearray(38)
    child[2:4], child[16] = b"\xd2\x60", port
    block = b"\x02" + struct.pack("<H", 43) + bytes((0, 0, 0, 0, 38)) + child
    bdb = b"BIOS_DATA_BLOCK " + struct.pack("<HHH", 200, 22, 22 + len(block)) + block
    head = b"$VBT TEST".ljust(20) + struct.pack("<HHHBBIIIII", 100, 48, 48 + len(bdb), 0, 0, 48, 0, 0, 0, 0)
    return head[:48] + bdb


def test_vbt_replace_and_diff(tmp_path):
    old = bytearray(image(blocks=4))
    old[0x400 : 0x400 + len(vbt(1))], old[0x1A:0x1C] = vbt(1), b"\0\4"
    rom, new, made = tmp_path / "card.rom", tmp_path / "new.vbt", tmp_path / "card.vbt.rom"
    rom.write_bytes(old)
    new.write_bytes(vbt(8))
    text = output("diff", rom, new)
    assert "HDMI-B" in text
    assert "DP-C" in text
    said = document("vbt", rom, "--replace", new)
    assert said["path"] == str(made)
    assert sum(made.read_bytes()) & 0xFF == 0
    assert document("diff", made, new)["vbt"]["fields"] == []
    assert [row["a"] for row in document("diff", rom, made, "--vbt")["vbt"]["fields"]] == ["HDMI-B"]
    assert "exists already" in str(refused("vbt", rom, "--replace", new).exception)
