"""A replay answers from the record, and finds the first access that is not in it."""

import json
import os
import shutil

import numpy as np
import pytest
from analysis_runs import made
from handmade import RETURN, rom

from fwsim import cli
from fwsim.analysis.replay import replay
from fwsim.results.folder import RunDir
from fwsim.rom.catalog import roms_folder
from fwsim.trace.event import Actor, Op, Space

SNM_2170 = "9d7e3b3ccdc763b4b5432618658c060b949d34ab7006e868770a8b285bf48c04"
DEVICE = (Space.PCI, Space.MMIO, Space.GTT)
SCRIPT = '[rom]\nfix_ids = true\nfile = "{rom}"\n'


def again(run, tmp_path, **options):
    with RunDir.create(tmp_path / "again") as folder:
        return replay(run, folder, **options)


def out(port, value):
    """MOV DX, port; MOV AL, value; OUT DX, AL."""
    return b"\xba" + port.to_bytes(2, "little") + b"\xb0" + bytes([value]) + b"\xee"


def into(port, then):
    """MOV DX, port; IN AL, DX; MOV DX, then; OUT DX, AL: hands on what was read."""
    return b"\xba" + port.to_bytes(2, "little") + b"\xec\xba" + then.to_bytes(2, "little") + b"\xee"


@pytest.fixture
def recorded(tmp_path):
    """``recorded(code, more)``: a run of a small program; ``more`` is added to its scenario."""

    def run(code, more=""):
        (tmp_path / "first.rom").write_bytes(rom(code))
        return made(tmp_path / "recorded", SCRIPT.format(rom=tmp_path / "first.rom") + more)

    return run


@pytest.mark.parametrize(("source", "profile"), [("file", "10.0"), ("shadow", "10.0"), ("file", "9.2")])
def test_our_rom_again(own, tmp_path, source, profile):
    run = own(source, profile)
    found = again(run, tmp_path)
    assert (found.outcome, found.moved, found.other, found.notes) == ("matched", 0, 0, [])
    events = np.load(run / "events.npy")
    code = events[(events["actor"] == Actor.ROM) & (events["space"] != Space.IOMMU)]
    assert found.matched >= len(code) > 1000


@pytest.mark.parametrize("source", ["file", "shadow"])
def test_a_real_image_again(real_rom, tmp_path, source):
    file = real_rom("snm_2170.dat", SNM_2170)
    more = f'source = "{source}"\nchecksum = "ignore"\n[[call]]\nax = 0x4f02\nbx = 0xc114\n'
    run = made(tmp_path / "run", SCRIPT.format(rom=file) + more)
    found = again(run, tmp_path)
    assert (found.outcome, found.other) == ("matched", 0)
    assert found.matched == found.recorded > 9000


def test_the_record_answers_and_not_the_models(own, tmp_path):
    """On a machine with no display the models would find none: the ROM finds the recorded one."""
    text = (own() / "scenario.toml").read_text()
    assert text.count('port = "crt"') == 1
    (tmp_path / "dark.toml").write_text(text.replace('port = "crt"', 'port = "none"'))
    found = again(own(), tmp_path, scenario=tmp_path / "dark.toml")
    assert found.outcome == "matched"
    assert found.other > 0
    assert found.other_first["value"] != found.other_value


def test_the_rom_follows_a_changed_answer(own, tmp_path):
    """Another BDSM in the record: the first GTT entry the ROM writes then is that base's, which the record has not."""
    folder = tmp_path / "changed"
    shutil.copytree(own(), folder)
    events = np.load(folder / "events.npy", mmap_mode="r+")
    reads = np.flatnonzero((events["space"] == Space.PCI) & (events["op"] == Op.READ) & (events["address"] == 0x1005E))
    events["value"][reads[0]] = 0x7ABC
    events.flush()
    found = again(folder, tmp_path)
    assert found.outcome == "differs"
    assert (found.wanted["space"], found.wanted["address"], found.wanted["value"]) == ("gtt", 0, 0x7ABC0001)
    assert found.registers["eax"] == 0x7ABC0001
    assert (found.next["space"], found.next["address"]) == ("gtt", 0)
    assert found.before[-2]["value"] == 0x7ABC
    assert (found.other, found.other_first["seq"]) == (1, int(events["seq"][reads[0]]))


def test_every_space_is_answered(recorded, tmp_path):
    """CF8 and an open port, of which the record says what no model would."""
    run = recorded(into(0x3DD, 0xE0) + into(0xCFB, 0xE0) + RETURN)
    events = np.load(run / "events.npy", mmap_mode="r+")
    ports = np.flatnonzero((events["actor"] == Actor.ROM) & (events["space"] == Space.PORT))
    assert events["op"][ports].tolist() == [Op.READ, Op.WRITE, Op.READ, Op.WRITE]
    for column in ("value", "aux"):
        events[column][ports] = [0x5A, 0x5A, 0xA5, 0xA5]
    events.flush()
    found = again(run, tmp_path)
    assert (found.outcome, found.other) == ("matched", 2)


def test_int_answers_are_the_records(recorded, tmp_path):
    """INT 15h AX=5F34, whose answer only the recorded machine's scenario has; the ROM writes AL and CF to port E0h."""
    code = b"\xb8\x34\x5f\xcd\x15\xe6\xe0\x9c\x58\x24\x01\xe6\xe0" + RETURN
    run = recorded(code, '[rom.int15]\n"5f34" = { ax = 0x0077 }\n')
    (tmp_path / "other.toml").write_text(SCRIPT.format(rom=tmp_path / "first.rom"))
    found = again(run, tmp_path, scenario=tmp_path / "other.toml")
    assert (found.outcome, found.other) == ("matched", 1)


def test_a_changed_byte_is_found_at_its_access(recorded, tmp_path):
    run = recorded(out(0xE0, 1) + out(0xE0, 2) + out(0xE0, 3) + RETURN)
    (tmp_path / "second.rom").write_bytes(rom(out(0xE0, 1) + out(0xE0, 9) + out(0xE0, 3) + RETURN))
    found = again(run, tmp_path, rom=tmp_path / "second.rom")
    assert found.outcome == "differs"
    assert (found.wanted["value"], found.next["value"], found.before[-1]["value"]) == (9, 2, 1)
    assert (found.wanted["cs"], found.wanted["ip"]) == (0xC000, 0x100 + 6 + 5)


def test_code_that_only_lies_elsewhere_matches_and_is_counted(recorded, tmp_path):
    run = recorded(out(0xE0, 1) + out(0xE0, 2) + RETURN)
    (tmp_path / "second.rom").write_bytes(rom(out(0xE0, 1) + b"\x90" + out(0xE0, 2) + RETURN))
    found = again(run, tmp_path, rom=tmp_path / "second.rom")
    assert (found.outcome, found.moved, found.moved_first["value"]) == ("matched", 1, 2)


def test_a_build_that_does_less_and_one_that_does_more(recorded, tmp_path):
    run = recorded(out(0xE0, 1) + out(0xE0, 2) + RETURN)
    (tmp_path / "less.rom").write_bytes(rom(out(0xE0, 1) + RETURN))
    found = again(run, tmp_path, rom=tmp_path / "less.rom")
    assert (found.outcome, found.next["value"], found.wanted) == ("ended", 2, None)
    shutil.rmtree(tmp_path / "again")
    (tmp_path / "more.rom").write_bytes(rom(out(0xE0, 1) + out(0xE0, 2) + out(0xE0, 3) + RETURN))
    found = again(run, tmp_path, rom=tmp_path / "more.rom")
    assert (found.outcome, found.next, found.wanted["value"]) == ("differs", None, 3)


def test_a_hung_run_goes_as_far_as_it_is_recorded(recorded, tmp_path):
    """IN AL, DX; TEST AL, 80h; JZ back: given up after 2^20 reads, and as many match."""
    run = recorded(b"\xba\xc0\x03\xec\xa8\x80\x74\xfb" + RETURN)
    assert json.loads((run / "summary.json").read_text())["stop"]["reason"] == "hung"
    found = again(run, tmp_path)
    assert found.outcome == "beyond"
    assert found.matched == found.recorded >= 1 << 20


def test_assisted_answers_are_the_records(recorded, tmp_path):
    run = recorded(b"\xba\xc0\x03\xec\xa8\x80\x74\xfb" + RETURN, "assist = true\n")
    assert json.loads((run / "summary.json").read_text())["stop"]["reason"] == "completed"
    found = again(run, tmp_path)
    assert (found.outcome, found.other) == ("matched", 1)


def test_a_record_that_was_cut_or_has_no_summary(own, tmp_path, capsys):
    folder = tmp_path / "cut"
    shutil.copytree(own(), folder)
    os.truncate(folder / "events.npy", 40_000)
    assert cli.main(["trace", "replay", str(folder)]) == 0
    assert "the same as far as the record goes" in capsys.readouterr().out
    (folder / "summary.json").unlink()
    assert cli.main(["trace", "replay", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["outcome"] == "beyond"
    assert "no summary" in document["notes"][0]


def test_out_is_a_runs_folder_that_ends_with_the_odd_access(recorded, tmp_path, capsys):
    run = recorded(out(0xE0, 1) + out(0xE0, 2) + RETURN)
    (tmp_path / "second.rom").write_bytes(rom(out(0xE0, 1) + out(0xE0, 9) + RETURN))
    arguments = ["trace", "replay", str(run), "--rom", str(tmp_path / "second.rom"), "--out", str(tmp_path / "kept")]
    assert cli.main(arguments) == 3
    text = capsys.readouterr().out
    assert "DIFFERENT: an access that the record does not have" in text
    assert "1 of " not in text.splitlines()[0]
    kept = np.load(tmp_path / "kept" / "events.npy")
    assert kept[-1]["value"] == 9
    assert cli.main(["trace", "diff", str(run), str(tmp_path / "kept")]) == 0
    assert cli.main(arguments) == 2  # exists
    assert cli.main([*arguments, "--force"]) == 3


def test_a_rom_the_firmware_refuses(own, tmp_path, capsys):
    data = bytearray((roms_folder() / "igd-vbios.rom").read_bytes())
    data[6] ^= 1
    (tmp_path / "bad.rom").write_bytes(data)
    assert cli.main(["trace", "replay", str(own()), "--rom", str(tmp_path / "bad.rom")]) == 3
    assert "SeaBIOS refuses the ROM" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "named"),
    [("nowhere", "no such run"), ("empty", "not a run's folder"), ("no events", "events.npy"),
     ("no event", "nothing to replay"), ("noise", "not an event file"), ("no scenario", "which machine"),
     ("not toml", "not valid TOML"), ("rom gone", "cannot be read"), ("rom changed", "has changed since"),
     ("no such --rom", "no such ROM"), ("out is the run", "--out is the run itself"), ("a file", "not a folder")],
)  # fmt: skip
def test_bad_input(own, tmp_path, capsys, damage, named):
    folder, options = tmp_path / "x", []
    if damage not in ("nowhere", "a file"):
        shutil.copytree(own(), folder)
    if damage == "empty":
        shutil.rmtree(folder)
        folder.mkdir()
    elif damage == "a file":
        folder.write_bytes(b"\x55\xaa")
    elif damage == "no events":
        (folder / "events.npy").unlink()
    elif damage == "no event":
        os.truncate(folder / "events.npy", 100)
    elif damage == "noise":
        (folder / "events.npy").write_bytes(bytes(range(256)) * 40)
    elif damage == "no scenario":
        (folder / "scenario.toml").unlink()
    elif damage == "not toml":
        (folder / "scenario.toml").write_text("[[[")
    elif damage in ("rom gone", "rom changed"):
        text = (folder / "scenario.toml").read_text()
        (folder / "scenario.toml").write_text(text.replace(str(roms_folder() / "igd-vbios.rom"), str(folder / "r.rom")))
        if damage == "rom changed":
            (folder / "r.rom").write_bytes(rom(RETURN))
    elif damage == "no such --rom":
        options = ["--rom", str(tmp_path / "gone.rom")]
    elif damage == "out is the run":
        options = ["--out", str(folder), "--force"]
    assert cli.main(["trace", "replay", str(folder), *options]) == 2
    captured = capsys.readouterr()
    assert named in captured.err
    assert captured.out == ""


def test_a_record_from_elsewhere_knows_only_some_spaces(own, tmp_path):
    """As a hypervisor's log has it: the device's own accesses, no CS:IP, no ports, something before the ROM."""
    events = np.load(own() / "events.npy")
    kept = np.concatenate([events[:20], events[np.isin(events["space"], DEVICE) & (events["actor"] == Actor.ROM)]])
    kept = kept[np.isin(kept["space"], DEVICE)]
    kept["seq"] = np.arange(1, len(kept) + 1)
    kept["cs"] = kept["ip"] = 0
    kept["actor"] = Actor.ROM
    (tmp_path / "log").mkdir()
    np.save(tmp_path / "log" / "events.npy", kept)
    options = {"scenario": own() / "scenario.toml", "rom": roms_folder() / "igd-vbios.rom"}
    first = int(np.flatnonzero(kept["op"] == Op.READ)[0])
    second = first + 1 + int(np.flatnonzero((kept["address"] == kept["address"][first])[first + 1 :])[0])
    found = again(tmp_path / "log", tmp_path, **options)
    assert found.outcome == "differs"
    assert found.matched == 0
    shutil.rmtree(tmp_path / "again")
    found = again(tmp_path / "log", tmp_path, first=second + 1, **options)
    assert found.outcome == "matched"
    assert found.matched == len(kept) - second
    assert found.moved == 0


def test_from_past_the_end(own, capsys):
    assert cli.main(["trace", "replay", str(own()), "--from", "99999999"]) == 2
    assert "nothing to replay" in capsys.readouterr().err
