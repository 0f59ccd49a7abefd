"""A ROM alone: the machine that its ids and its VBT name, and the command for another one."""

import shlex
import struct

import pytest

from fwsim import cli
from fwsim.errors import FwsimError
from fwsim.rom.catalog import catalog
from fwsim.scenario.guess import guess, is_rom
from fwsim.scenario.load import loads

LIST, VBT = 0x80, 0x200


@pytest.fixture
def rom(make, tmp_path, monkeypatch):
    """A function that writes a ROM with PCIR id, device list and the VBT's word, and gives its path."""
    monkeypatch.chdir(tmp_path)

    def write(device, ids=(), word="", vendor=0x8086):
        structure = make.pcir(vendor=vendor, device=device, pointer=LIST - 0x40 if ids else 0, revision=3, blocks=4)
        extra = [(0x100, b"\xcb"), (LIST, struct.pack(f"<{len(ids) + 1}H", *ids, 0))]
        extra += [(VBT, make.vbt([], b"$VBT " + word.encode()))] if word else []
        data = make.legacy(blocks=4, structure=structure, extra=extra, word_1a=VBT if word else 0)
        (tmp_path / "my.rom").write_bytes(data)
        return tmp_path / "my.rom"

    return write


SKYLAKE, KABYLAKE = (0x1902, 0x1912), (0x5902, 0x5912, 0x5916)


@pytest.mark.parametrize(
    ("given", "cpu", "device"),
    [
        ((0x0126,), "sandybridge", 0x0126),
        ((0x0166, (0x0156, 0x0116)), "ivybridge", 0x0166),
        ((0x0406, (*SKYLAKE, *KABYLAKE)), "kabylake", 0x5912),  # 0406 stands alone: most of the list
        ((0x0406, (*SKYLAKE, *KABYLAKE), "SKYLAKE"), "skylake", 0x1912),
        ((0x0406, (0x1902, 0x190A)), "skylake", 0x1902),  # Skylake's usual one is not in it
        ((0x0406, SKYLAKE, "HASWELL"), "haswell", 0x0406),
        ((0x0406,), "haswell", 0x0406),  # nothing beside it
        ((0x0FFF, (), "CALISTOGA"), "945", 0x0FFF),  # ids that nobody knows
        ((0x0FFF, (), "NOBODY"), "sandybridge", 0x0FFF),
    ],
)
def test_the_family_is_the_one_that_the_rom_names(rom, given, cpu, device):
    scenario = guess(rom(*given)).scenario
    assert (scenario.host.cpu, scenario.host.device_id) == (cpu, device)


def test_each_guess_has_its_reason_and_is_what_set_takes(rom):
    """The guesses, given with --set, leave nothing to guess and make the same scenario."""
    path = rom(0x0406, (*SKYLAKE, *KABYLAKE))
    first = guess(path)
    assert [each.field for each in first.guesses] == ["host.cpu", "host.device_id", "rom.fix_ids"]
    assert all(each.why for each in first.guesses)
    again = guess(path, [f"{each.field}={each.value}" for each in first.guesses])
    assert again.guesses == ()
    assert again.scenario == first.scenario
    assert first.scenario.name == "my"


@pytest.mark.parametrize("given", [(0x0406, (*SKYLAKE, *KABYLAKE)), (0x0406, SKYLAKE), (0x0126,), (0x2A02,)])
def test_the_other_command_runs_another_machine(rom, given):
    path = rom(*given)
    first = guess(path, ["guest.ram=4G"])
    program, command, file, *words = shlex.split(first.other)
    assert (program, command, file) == ("fwsim", "run", str(path))
    assert set(words[::2]) == {"--set"}
    other = guess(path, words[1::2]).scenario
    assert other.guest.ram == 4 << 30
    assert (other.host, other.hypervisor) != (first.scenario.host, first.scenario.hypervisor)


def test_what_is_given_guides_the_rest(rom):
    path = rom(0x0406, (*SKYLAKE, *KABYLAKE))
    assert guess(path, ["host.cpu=skylake"]).scenario.host.device_id == 0x1912
    assert guess(path, ["host.device_id=0x1902"]).scenario.host.cpu == "skylake"
    assert not guess(path, ["rom.fix_ids=false"]).scenario.rom.fix_ids
    assert not guess(path, ["hypervisor.rombar=off"]).scenario.rom.fix_ids
    assert not guess(path, ["hypervisor.kind=none"]).scenario.rom.fix_ids
    assert not guess(path, ["rom.source=shadow"]).scenario.rom.fix_ids
    assert guess(path, ["call.1.bx=0x4118"]).scenario.call[1].bx == 0x4118
    with pytest.raises(FwsimError, match="unknown key"):
        guess(path, ["hots.cpu=skylake"])


def test_a_device_that_qemu_refuses_runs_on_the_host(rom):
    old, new = guess(rom(0x2A02)), guess(rom(0x0126))
    assert old.scenario.hypervisor.kind == "none"
    assert "refuses" in next(each.why for each in old.guesses if each.field == "hypervisor.kind")
    assert new.scenario.hypervisor == loads("").hypervisor


def test_nothing_is_guessed_of_another_makers_rom(rom):
    found = guess(rom(0x1111, vendor=0x1234))
    assert (found.guesses, found.other) == ((), "")
    assert found.scenario.host == loads("").host


def test_a_rom_is_told_by_content(rom, tmp_path):
    path = rom(0x0126)
    assert is_rom(path)
    (tmp_path / "x.toml").write_bytes(path.read_bytes())
    assert is_rom(tmp_path / "x.toml")
    (tmp_path / "x.rom").write_text("[host]\n")
    assert not is_rom(tmp_path / "x.rom")
    assert not is_rom(tmp_path)
    assert not is_rom(tmp_path / "none")


def test_run_says_what_it_guessed_and_how_to_correct_it(rom, capsys):
    path = rom(0x0406, (*SKYLAKE, *KABYLAKE))
    assert cli.main(["run", str(path), "--out", "r"]) == 0
    text = capsys.readouterr().out
    assert "host.cpu=kabylake" in text
    assert f"fwsim run {path} --set host.cpu=skylake\n" in text
    assert "PCIR names 8086:5912" in (path.parent / "r" / "summary.json").read_text()
    assert cli.main(["run", str(path), "--out", "s", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("{")
    assert "guessed: host.cpu=kabylake" in captured.err


@pytest.mark.parametrize("entry", catalog(), ids=lambda entry: entry.name)
def test_real_images_are_guessed_as_the_catalogue_has_them(real, entry):
    """Sandybridge and Ivybridge share their images."""
    found = guess(real(entry.name)).scenario.host.cpu
    shared = {"sandybridge", "ivybridge"}
    assert found == entry.cpu or {found, entry.cpu} == shared
