"""`fwsim rom` as a user meets it: what is printed, what is written, what is refused."""

import json
import struct
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from fwsim.cli.rom import app
from fwsim.errors import FwsimError

FILE_COMMANDS = ("info", "vbt", "extract", "fix", "diff", "disasm")
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
    assert output("disasm", rom).startswith("licence      disassembly forbidden (the image itself)")
    assert document("disasm", rom)["licence"]["disassembly"] == "forbidden"


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
