"""ROMs that do not finish: exit 3 with the trace kept, and what a run leaves that is killed or interrupted."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from handmade import rom

from fwsim import cli
from fwsim.trace.event import Space
from fwsim.trace.store import open_events

OUR_ROM = Path(__file__).parents[1] / "roms" / "igd-vbios.rom"

MARK = bytes.fromhex("66b8beba0df0 e780")  # mov eax, f00dbabe; out 80h, ax: an event to be found again
BARE_GDT = bytes.fromhex("0000000000000000 ffff000000 9acf00 ffff000000 92cf00")
TO_PROTECTED = bytes.fromhex("fa 2e0f0116 5001 0f20c0 0c01 0f22c0 66ea")  # cli; lgdt cs:[150h]; mov cr0; jmp 8:...

FILL_D000_WITH_FF = bytes.fromhex("b800d0 8ec0 31ff b9ff7f b8ffff f3ab")


def protected(code: bytes) -> bytes:
    """``code`` run in protected mode, with the GDT at C0160h and no IDT that is any use."""
    start = bytes.fromhex("2e0f011e 5801") + TO_PROTECTED  # lidt cs:[158h]: limit 0
    jump = start + (0xC0000 + 0x100 + len(MARK) + len(start) + 6).to_bytes(4, "little") + b"\x08\x00"
    body = MARK + jump + code
    table = bytes.fromhex("1700 60010c00 0000 0000 00000000")
    return body.ljust(0x50, b"\x90") + table.ljust(16, b"\0") + BARE_GDT


ROMS = {
    "jumps to zeros": (MARK + bytes.fromhex("ea000000d0"), ("hung", "invalid"), ""),
    "jumps to erased flash": (MARK + FILL_D000_WITH_FF + bytes.fromhex("ea000000d0"), ("invalid",), ""),
    "jumps past the end of memory": (protected(bytes.fromhex("b8000000 d0 ffe0")), ("invalid",), ""),
    "divides by zero": (MARK + bytes.fromhex("31c9 f7f1"), ("invalid",), "divide"),
    "ud2": (MARK + bytes.fromhex("0f0b"), ("invalid",), "invalid"),
    "triple fault": (protected(bytes.fromhex("0f0b")), ("invalid",), ""),
    "jumps to itself": (MARK + bytes.fromhex("ebfe"), ("hung",), "itself"),
    "halts with interrupts off": (MARK + bytes.fromhex("faf4"), ("hung",), "HLT"),
    "halts for ever": (MARK + bytes.fromhex("fbf4ebfd"), ("hung",), "HLT"),
    "counts for ever": (MARK + bytes.fromhex("4090ebfc"), ("hung", "budget"), ""),
    "waits for a port": (MARK + bytes.fromhex("ba0703 ec a880 75fb 74f9"), ("hung",), "port"),
    "stack runs over": (MARK + bytes.fromhex("50ebfd"), ("hung", "budget", "invalid"), ""),
}  # fmt: skip
QUICK = ["--set", "budget.code=256M", "--set", "budget.events=4000000"]
SLOW = ("stack runs over",)
"""They end at the budget of code however large it is, and an exception each 100 KB takes its time."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize("name", ROMS)
def test_a_rom_that_does_not_finish(place, capsys, name):
    code, reasons, said = ROMS[name]
    budget = [*QUICK, *(["--set", "budget.code=32M"] if name in SLOW else [])]
    (place / "odd.rom").write_bytes(rom(code))
    assert cli.main(["run", "s.toml", "--rom", "odd.rom", "--out", "r", "--json", *budget]) == 3
    captured = capsys.readouterr()
    assert captured.err == ""
    stop = json.loads(captured.out)["stop"]
    assert stop["reason"] in reasons
    assert said in stop["detail"]
    assert stop["detail"]
    assert json.loads((place / "r" / "summary.json").read_text())["stop"] == stop
    events = open_events(place / "r" / "events.npy")
    mark = events[(events["space"] == Space.PORT) & (events["address"] == 0x80)]
    assert mark["value"].tolist() == [0xBABE]
    assert mark["cs"].tolist() == [0xC000]


@pytest.mark.parametrize(
    ("code", "ip"), [("ud2", 0x108), ("divides by zero", 0x10A), ("jumps to itself", 0x108)]
)  # fmt: skip
def test_the_stop_names_the_instruction(place, capsys, code, ip):
    (place / "odd.rom").write_bytes(rom(ROMS[code][0]))
    assert cli.main(["run", "s.toml", "--rom", "odd.rom", "--out", "r", "--json"]) == 3
    stop = json.loads(capsys.readouterr().out)["stop"]
    assert (stop["cs"], stop["ip"]) == (0xC000, ip)


def test_a_guest_that_qemu_kills(place, capsys):
    """4 MiB of RAM have no room for stolen memory: BDSM stays 0, and QEMU 5.0 kills at the first GTT write."""
    arguments = ["run", "s.toml", "--rom", str(OUR_ROM), "--set", "guest.ram=4M", "--set", "hypervisor.profile=5.0"]
    assert cli.main([*arguments, "--set", "hypervisor.gms=1", "--out", "r"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert "ABORTED" in lines[0]
    assert lines[1].strip() == "Guest attempted to program IGD GTT before BIOS reserved stolen memory."
    assert [line.strip() for line in lines[2:4]] == ["Unsupported BIOS?", "CPU #0:"]
    assert lines[4].startswith("  EAX=")
    document = json.loads((place / "r" / "summary.json").read_text())
    message = "Guest attempted to program IGD GTT before BIOS reserved stolen memory.  Unsupported BIOS?\n"
    assert document["stop"]["detail"].startswith(message)
    assert document["gtt"]["first"]["written"] is None
    assert document["gtt"]["first"]["index"] == 1


@pytest.mark.parametrize(
    ("profile", "options", "code"), [("ranged", ["--strict"], 0), ("qemu", [], 0), ("qemu", ["--strict"], 1)]
)
def test_json_is_printed_whatever_the_checks_say(place, capsys, profile, options, code):
    """The document stands alone on standard output; under QEMU 10.0 a posted shadow's entries point at the host."""
    arguments = ["run", "s.toml", "--rom", str(OUR_ROM), "--out", "r", "--json", *options]
    assert cli.main([*arguments, "--set", "rom.source=shadow", "--set", f"hypervisor.kind={profile}"]) == code
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["stop"]["reason"] == "completed"
    assert captured.err == ""
    failed = [check["id"] for check in document["checks"] if not check["ok"]]
    assert bool(failed) == (profile == "qemu")
    assert cli.main(["check", "r", "--json"]) == (1 if failed else 0)
    assert json.loads(capsys.readouterr().out)["checks"] == document["checks"]


# --- a run that is stopped from outside -------------------------------------------------------------------------------
COUNTED = 2000
COUNT = bytes.fromhex("6631c0 ba8000 66ef 6640 663d") + COUNTED.to_bytes(4, "little") + bytes.fromhex("72f4")
TELL = bytes.fromhex("b8adde cd15")  # int 15h with a leaf that nobody knows: the first moment that Python sees
AND_ON = bytes.fromhex("66b8") + COUNTED.to_bytes(4, "little") + bytes.fromhex("66ef 6640 b90020 e2fe ebf5")
NO_EVENT_FOR_MINUTES = bytes.fromhex("66b9ffffffff 6649 75fc") * 8 + b"\xcb"
TELLS = """
import signal, sys
from fwsim.cli import main
from fwsim.environment.bios import bios

def told(*asked, unknown=bios.unknown):
    unknown(*asked)
    print("counted", flush=True)

bios.unknown = told
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs have it ignored, and so theirs
sys.exit(main())
"""


def stop(place: Path, after: bytes, number: int) -> tuple[int, str, str]:
    """What a run comes to that gets the signal ``number`` once it has counted on port 80h, and does ``after``."""
    (place / "busy.rom").write_bytes(rom(MARK + COUNT + TELL + after))
    command = [sys.executable, "-c", TELLS, "run", "s.toml", "--rom", "busy.rom", "--out", "r"]
    command += ["--set", "budget.events=20000000", "--set", "budget.code=1T"]
    with subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=0
    ) as process:
        assert process.stdout.readline() == "counted\n", process.communicate()
        process.send_signal(number)
        out, err = process.communicate()
    return process.returncode, out, err


def counted(place: Path) -> list[int]:
    events = open_events(place / "r" / "events.npy")
    assert events["seq"].tolist() == list(range(1, len(events) + 1))
    at = np.flatnonzero((events["address"] == 0x80) & (events["value"] == 0xBABE))[0]
    return events[at + 1 :][events["space"][at + 1 :] == Space.PORT]["value"].tolist()


def test_a_killed_run_keeps_what_it_saw(place, capsys):
    assert stop(place, AND_ON, signal.SIGKILL) == (-signal.SIGKILL, "", "")
    values = counted(place)
    assert len(values) >= COUNTED
    assert values == list(range(len(values)))
    assert cli.main(["trace", "show", "r", "--where", "address == 0x80 and value == 7", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["events"]) == 1
    assert cli.main(["check", "r"]) == 2
    assert "killed" in capsys.readouterr().err


@pytest.mark.parametrize("after", [AND_ON, NO_EVENT_FOR_MINUTES], ids=["counting", "without an event"])
def test_an_interrupted_run_says_where_its_trace_is(place, capsys, after):
    code, out, err = stop(place, after, signal.SIGINT)
    assert (code, out, err.strip()) == (130, "", "fwsim: interrupted; what was traced so far is in r")
    values = counted(place)
    assert len(values) >= COUNTED
    assert values == list(range(len(values)))
    assert cli.main(["trace", "show", "r", "--where", "address == 0x80 and value == 7", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["events"]) == 1


def test_before_the_first_event_there_is_nothing_to_point_at(place, capsys, monkeypatch):
    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("fwsim.running.pipeline.run", interrupt)
    (place / "x.rom").write_bytes(rom(b"\xcb"))
    assert cli.main(["run", "s.toml", "--rom", "x.rom", "--out", "r"]) == 130
    assert capsys.readouterr() == ("", "\nfwsim: interrupted; nothing was traced yet\n")
    assert not (place / "r").exists()
