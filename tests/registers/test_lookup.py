import json
from pathlib import Path

import pytest

from fwsim.cli import main
from fwsim.errors import FwsimError
from fwsim.registers.database import leaf_name
from fwsim.registers.lookup import at_address, parse_address, places_of
from fwsim.report.registers_page import render

ROOT = Path(__file__).parents[2]


def test_addresses():
    assert parse_address("0x70180", "mmio") == [0x70180]
    assert parse_address("02.0:5c", "pci") == [0x1005C]
    assert parse_address("0000:00:1f.0@0x40", "pci") == [0xF8040]
    assert 0x10050 in parse_address("0x50", "pci")
    assert parse_address("0x10050", "pci") == [0x10050]


@pytest.mark.parametrize(("text", "space"), [("zz", "mmio"), ("-1", "mmio"), ("1", "moon")])
def test_bad_addresses(text, space):
    with pytest.raises(FwsimError):
        parse_address(text, space)


def test_a_gtt_entry():
    (answer,) = at_address("0x4", 0x12345AB1, "gtt", 6)
    assert answer.name == "PTE[1]"
    assert answer.fields[0].value == 0xAB12345000
    assert {row.name for row in at_address("0x8", None, "gtt", 7)} == {"PTE[2]"}


def test_unknown_address_names_the_nearest():
    with pytest.raises(FwsimError) as error:
        at_address("0x70185", None, "pci", "haswell")
    with pytest.raises(FwsimError) as error:
        at_address("0x7FFFF", None, "mmio", 6)
    assert "nearest" in error.value.hint


def test_a_value_too_wide():
    with pytest.raises(FwsimError, match="32 bits"):
        at_address("0x70180", 1 << 32, "mmio", 7)


def test_places_of_a_generation():
    assert {row.where for row in places_of("BDSM", 11)} == {"00:02.0 @0xc0", "00:00.0 @0xb0"}


def run(capsys, *arguments):
    code = main(["lookup", *arguments])
    return code, capsys.readouterr()


def test_command(capsys):
    code, text = run(capsys, "0x70180", "0xd8000001", "--space", "mmio", "--gen", "7")
    assert code == 0
    assert "DSPCNTR_A" in text.out
    assert "BGRX 8888 (32 bpp)" in text.out
    assert "not named (reserved)" in text.out
    assert max(map(len, text.out.splitlines())) <= 80


def test_command_by_name(capsys):
    code, text = run(capsys, "--name", "BDSM")
    assert code == 0
    assert "0x5c" in text.out
    assert "0xc0" in text.out
    assert max(map(len, text.out.splitlines())) <= 80


def test_command_json(capsys):
    code, text = run(capsys, "02.0:5c", "0xcd200001", "--space", "pci", "--gen", "haswell", "--json")
    assert code == 0
    (register,) = json.loads(text.out)["registers"]
    assert register["name"] == "BDSM"
    assert register["address"] == 0x1005C
    assert register["fields"][0] == {"field": "BASE", "bits": "31:20", "value": 0xCD2,
                                     "meaning": "stolen memory base: 0xcd200000"}  # fmt: skip


@pytest.mark.parametrize("text", ["15:5f51", "5f51", "0x5f51", "INT 15h AX=5F51", "0x155f51", "15:0x5F51"])
def test_a_leaf_of_int_15h(capsys, text):
    """As coreboot's comment has it: which LFP configuration is active, 3 is eDP."""
    code, shown = run(capsys, text, "3", "--space", "int")
    assert code == 0
    assert "ACTIVE_LFP  int 15:5f51" in shown.out
    assert "on eDP" in shown.out


@pytest.mark.parametrize(
    ("ax", "name"),
    [
        (0x5F34, "how a mode smaller than the panel is fitted to it"),
        (0x5F35, "which displays boot"),
        (0x5F40, "which of the VBT's panels it is"),
        (0x5F52, "how deep the panel's colours are"),
        (0x5F31, "the video BIOS's POST is complete"),
        (0x5F01, "VIA: which panel it is"),
        (0x5F99, ""),
    ],
)
def test_what_a_leaf_is_for(ax, name):
    assert leaf_name(0x15, ax) == name


@pytest.mark.parametrize(
    "arguments",
    [(), ("15:5f99", "--space", "int"), ("5f", "--space", "int"),
     ("0x5c", "--name", "BDSM"), ("here",), ("0x70180", "wide"), ("0x70180", "--gen", "haswel"),
     ("0x70180", "--gen", "14"), ("--name", "NOSUCH"), ("0x70180", "--space", "moon"), ("0x70180", "--gen", "7-x")],
)  # fmt: skip
def test_bad_input_is_exit_2(capsys, arguments):
    code, text = run(capsys, *arguments)
    assert code == 2
    assert text.out == ""
    assert "Traceback" not in text.err


def test_every_array_and_form_can_be_shown(capsys):
    from fwsim.registers.database import registers

    for register in registers():
        place = register.places[-1]
        space = register.space
        answers = at_address(hex(place.address), (1 << (8 * register.width)) - 1, space, sorted(place.families)[0])
        assert any(answer.name.startswith(register.name) for answer in answers)


def test_the_reference_page_is_up_to_date():
    assert (ROOT / "docs" / "registers.md").read_text(encoding="utf-8") == render()


def test_a_name_needs_no_option(capsys):
    assert main(["lookup", "--name", "BDSM"]) == 0
    named = capsys.readouterr().out
    assert "0x5c" in named
    for words in (["BDSM"], ["BDSM", "--space", "pci"]):
        assert main(["lookup", *words]) == 0
        assert capsys.readouterr().out == named
    assert main(["lookup", "BDSM", "0xdba00001"]) == 2
    assert "fwsim lookup BDSM" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "space"), [("0x5c", "pci"), ("02.0:5c", "pci"), ("0x70180", "mmio"), ("0x3da", "port")]
)
def test_an_address_is_looked_for_where_it_can_be(address, space, capsys):
    assert main(["lookup", address, "--json"]) == 0
    found = capsys.readouterr().out
    assert {row["space"] for row in json.loads(found)["registers"]} == {space}
    assert main(["lookup", address, "--json", "--space", space]) == 0
    assert capsys.readouterr().out == found
