"""``summary.json`` has the names its readers rely on: typed by hand, compared with what a real run wrote."""

import json
from pathlib import Path

import pytest

from fwsim import cli
from fwsim.errors import FwsimError
from fwsim.results.summary import decode

OUR_ROM = Path(__file__).parents[1] / "roms" / "igd-vbios.rom"
REGISTERS = {"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "cs", "eflags"}
KEYS = {
    "": {"fwsim", "scenario", "rom", "stop", "firmware", "gtt", "iommu", "interrupts", "calls", "display", "hangs",
         "assists", "unhandled", "efi", "checks", "exactness", "events", "code_bytes", "virtual_ns", "wall_s"},
    "rom": {"sha256", "size", "vendor", "device", "images", "source", "taken", "how"},
    "stop": {"reason", "cs", "ip", "detail"},
    "firmware": {"kind", "bdsm", "asls", "e820", "bars", "log"},
    "firmware.e820.0": {"start", "end", "type"},
    "interrupts": {"kind", "fired", "injected", "unmasked", "held", "lost"},
    "gtt": {"writes", "rewritten", "first", "last", "targets", "spare", "outside"},
    "gtt.first": {"index", "value", "written", "registers"},
    "gtt.first.registers": REGISTERS,
    "gtt.last": {"index", "value", "written"},
    "gtt.targets": {"guest_stolen", "host_stolen", "guest_ram", "unmapped", "silent"},
    "iommu": {"faults", "recorded", "overflowed", "by_reason", "lines"},
    "display.0": {"mode", "width", "height", "stride", "format", "base", "file", "unreadable_pages", "frames",
                  "lights", "drawn", "flat", "wanted"},
    "display.0.frames.0": {"start_ns", "unreadable_pages"},
    "unhandled": {"ports", "registers", "interrupts", "services"},
    "checks.0": {"id", "ok", "detail"},
}  # fmt: skip
CALL = {"int", "ax", "bx", "cx", "dx", "result_ax", "ok"}


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    folder = tmp_path_factory.mktemp("summary")
    (folder / "s.toml").write_text(
        f'[rom]\nfile = "{OUR_ROM}"\nsource = "shadow"\n[[call]]\nax = 0x4f02\nbx = 0xc114\n'
    )
    assert cli.main(["run", str(folder / "s.toml"), "--out", str(folder / "r")]) == 0
    return json.loads((folder / "r" / "summary.json").read_text())


@pytest.mark.parametrize("path", list(KEYS))
def test_names(document, path):
    part = document
    for step in path.split(".") if path else ():
        part = part[int(step) if step.isdecimal() else step]
    assert set(part) == KEYS[path]


def test_a_call_has_its_registers_and_its_answer(document):
    assert set(document["calls"][0]) >= CALL
    assert document["calls"][0]["int"] == 0x10


def test_every_address_is_an_integer(document):
    firmware = document["firmware"]
    numbers = [firmware["bdsm"], firmware["asls"], *firmware["bars"].values(), document["gtt"]["first"]["value"]]
    numbers += [each for entry in firmware["e820"] for each in (entry["start"], entry["end"])]
    assert all(type(number) is int for number in numbers)
    assert {entry["type"] for entry in firmware["e820"]} <= {"RAM", "RESERVED", "ACPI", "NVS", "UNUSABLE"}


def test_a_byte_that_is_no_text_is_named_too():
    with pytest.raises(FwsimError, match="not a summary"):
        decode(b'{"fwsim": "\x9f", "scenario": "x"}')
