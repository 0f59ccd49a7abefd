"""``needs --compare`` says what a hypervisor shows too much and too little for a ROM."""

import json
from pathlib import Path

import pytest

from fwsim.analysis.compare import compare
from fwsim.analysis.needs import GttRange, needs_of
from fwsim.analysis.needs_opregion import OpRegionPart
from fwsim.cli import main
from fwsim.errors import FwsimError
from fwsim.report.mirror_toml import mirror_toml
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Hypervisor, Rom, Scenario

OWN = Path(__file__).parents[2] / "roms" / "igd-vbios.rom"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A run of our own ROM on the host itself."""
    call = (Call(ax=0x4F02, bx=0x4101),)
    scenario = Scenario(hypervisor=Hypervisor(kind="none"), rom=Rom(file=str(OWN)), call=call)
    out = RunDir.create(tmp_path_factory.mktemp("own") / "run")
    out.write_scenario(scenario)
    run(scenario, out)
    return out


def names(rows):
    return {each.where for each in rows}


@pytest.mark.parametrize(
    ("kind", "little", "own_ones"),
    [
        # docs/hypervisors.md: on pc no GGC at the bridge; a bridge with the host's ids, without its PMBASE
        ("qemu:10.0", {"00:00.0 R 0x50/2", "00:1f.0 R 0x40/2", "port in 408/4"}, {"00:02.0 R 0x5e/2"}),
        # Xen copies GGC to the bridge, makes none at 1f.0 for this GPU, and shows the host's BDSM
        ("xen", {"00:02.0 R 0x5e/2", "00:1f.0 R 0x02/2", "00:1f.0 R 0x40/2", "port in 408/4"}, set()),
        ("vpci", {"00:00.0 R 0x50/2", "00:02.0 R 0x5e/2", "00:1f.0 R 0x02/2", "00:1f.0 R 0x40/2", "port in 408/4",
                  "VGA"}, set()),
        ("none", set(), set()),
    ],
)  # fmt: skip
def test_what_each_kind_lacks_for_our_rom(own, kind, little, own_ones):
    found = compare(own, needs_of(own), kind)
    assert (names(found.too_little), names(found.own)) == (little, own_ones)
    assert found.fit + len(little) + len(own_ones) == found.needs


def test_a_lists_own_rom_lacks_nothing_and_gets_no_more(own, tmp_path):
    needs = needs_of(own)
    (tmp_path / "m.toml").write_text(mirror_toml(needs))
    found = compare(own, needs, f"custom:{tmp_path / 'm.toml'}")
    assert (found.too_little, found.too_much, names(found.own)) == ([], [], {"00:02.0 R 0x5e/2"})


@pytest.mark.parametrize(
    ("row", "said"),
    [('name = "PP_STATUS"', "BAR0 0xc7200-0xc7203"), ('name = "BDSM+2"', "00:02.0 R 0x5e/2"),
     ("gtt = ", "GTT 0x0-0x7ffb"), ('name = "PMBASE"', "00:1f.0 R 0x40/2"), ("vga = ", "VGA"),
     ("ports = ", "port in 408/4")],
)  # fmt: skip
def test_a_row_that_was_taken_out_is_named(own, tmp_path, row, said):
    needs = needs_of(own)
    text = mirror_toml(needs)
    (tmp_path / "m.toml").write_text("\n".join(line for line in text.splitlines() if row not in line))
    assert said in names(compare(own, needs, f"custom:{tmp_path / 'm.toml'}").too_little)


def test_a_register_that_needs_a_write_and_gets_none(own, tmp_path):
    needs = needs_of(own)
    text = mirror_toml(needs).replace('access = "w", name = "PP_CONTROL"', 'access = "r", name = "PP_CONTROL"')
    (tmp_path / "m.toml").write_text(text)
    (short,) = compare(own, needs, f"custom:{tmp_path / 'm.toml'}").too_little
    assert (short.where, short.name) == ("BAR0 0xc7204-0xc7207", "PP_CONTROL")


def test_too_much_is_what_passes_and_is_not_used(own):
    found = compare(own, needs_of(own), "qemu:10.0")
    much = {each.where: each for each in found.too_much}
    assert {"BAR0", "GTT", "OpRegion", "00:02.0 0x60", "00:1f.0 0x2c"} <= set(much)
    assert "00:02.0 0x5c" not in much  # answered by QEMU, and read by the ROM
    assert much["00:00.0 0x2c"].name == "BRIDGE_SUBSYS"


def test_an_opregion_that_is_used_is_not_too_much(own):
    needs = needs_of(own)
    needs.opregion_parts, needs.vga = [OpRegionPart(0, 4, "r", "header")], []
    with_one, without = (compare(own, needs, kind) for kind in ("qemu:10.0", "vpci"))
    assert "OpRegion" not in names(with_one.too_much) | names(with_one.too_little)
    assert "OpRegion" in names(without.too_little)
    assert "VGA" not in names(without.too_little)
    assert "VGA" in names(with_one.too_much)


def test_a_rule_of_its_own_for_the_gtt_is_said(own):
    assert any("GTT" in note for note in compare(own, needs_of(own), "qemu:9.1").notes)
    assert not any("GTT" in note for note in compare(own, needs_of(own), "qemu:10.0").notes)


def test_entries_past_the_lists_end(own, tmp_path):
    needs = needs_of(own)
    (tmp_path / "m.toml").write_text(mirror_toml(needs))
    needs.gtt.append(GttRange(0x10000, 0x10004, "w"))
    assert "GTT 0x10000-0x10003" in names(compare(own, needs, f"custom:{tmp_path / 'm.toml'}").too_little)


@pytest.mark.parametrize("kind", ["quemu", "qemu:1.0", "custom", "custom:none.toml"])
def test_a_kind_that_is_not_there(own, kind):
    with pytest.raises(FwsimError) as caught:
        compare(own, needs_of(own), kind)
    assert caught.value.where.startswith(f"--compare {kind}: hypervisor.")


def test_the_command_prints_a_table_and_a_document(own, capsys):
    assert main(["needs", str(own.path), "--compare", "qemu:10.0"]) == 0
    text = capsys.readouterr().out
    assert "too little in 3" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
    assert main(["needs", str(own.path), "--compare", "qemu:10.0", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "qemu 10.0"
    assert len(found["too_little"]) == 3
    assert main(["needs", str(own.path), "--compare", "quemu"]) == 2
    assert "did you mean qemu" in capsys.readouterr().err
