"""What works on a run folder works on a UEFI run's: needs, leaks, sweeps, differences, what made it give up, bench."""

import os
from pathlib import Path

import pytest
from analysis_runs import made
from efi_program import efi_program

from fwsim.analysis.diff import diff
from fwsim.analysis.leaks import leaks_of
from fwsim.analysis.needs import needs_of
from fwsim.analysis.replay import replay
from fwsim.analysis.why import explain
from fwsim.bench.efi import driven, timed
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.scenario.load import loads
from fwsim.sweep.cell import Runner

WRITES = "mov eax, [value]\nor eax, 1\nmov ecx, [bar]\nmov [rcx+0x800000], eax"
GIVES_UP = "mov eax, [value]\ncmp eax, 0x12345678\nje on\nstop: jmp stop\non:"
RETURNS_ERROR = """
mov ecx, [bar]
test dword [rcx+0x45008], 1 << 30
jnz on
mov rax, 0x8000000000000007
add rsp, 0x60
pop r15
pop r14
pop r13
pop r12
pop rdi
pop rsi
pop rbx
ret
on:
"""


@pytest.fixture
def text(tmp_path, require_program):
    nasm = require_program("nasm", "nasm")

    def of(code: str) -> str:
        image = efi_program(nasm, tmp_path, code)
        return f'[host]\ncpu = "kabylake"\nvga = "igd"\n[firmware]\nkind = "ovmf"\n[rom]\nfile = "{image}"\n'

    return of


def test_needs_lists_what_services_read(text, tmp_path):
    found = needs_of(RunDir.open(made(tmp_path / "run", text(WRITES))))
    reads = [(each.bdf, each.offset, each.width) for each in found.config if each.access == "r"]
    assert reads == [("00:02.0", 0x08, 4), ("00:02.0", 0x10, 4), ("00:02.0", 0x5C, 4)]
    assert [(each.first, each.end, each.access) for each in found.gtt] == [(0, 4, "w")]


def test_leaks_says_what_the_driver_read(text, tmp_path):
    """BDSM is the guest's own: the host's base is hidden, and nothing of it was read."""
    found = leaks_of(made(tmp_path / "run", text(WRITES)))
    (bdsm,) = [each for each in found.leaks if each.register == "BDSM"]
    assert bdsm.guest != bdsm.host
    assert bdsm.verdict != "passes"


def test_a_replay_is_refused(text, tmp_path):
    run = made(tmp_path / "run", text(WRITES))
    with pytest.raises(FwsimError, match="a run under UEFI cannot be replayed"):
        replay(run, RunDir.create(tmp_path / "again"))


def test_a_sweep_makes_the_same_run_each_time(text):
    scenario, runner = loads(text(WRITES), "a test's scenario"), Runner()
    first, second = runner.run(scenario), runner.run(scenario)
    assert (first.stop.reason, first.gtt.writes, first.events) == ("completed", 1, second.events)
    assert first.efi is not None
    assert first.efi.drivers[0].start == "SUCCESS"


def test_two_runs_are_compared(text, tmp_path):
    """Another value in the entry is a difference; the run itself has none to itself."""
    one = made(tmp_path / "a", text(WRITES))
    other = made(tmp_path / "b", text(WRITES.replace("or eax, 1", "or eax, 3")))
    assert diff(one, one).identical
    found = diff(one, other)
    assert not found.identical
    assert found.first is not None
    assert found.first.kind == "value"
    assert found.first.delta == 2


def test_what_made_a_driver_give_up(text, tmp_path):
    found = explain(RunDir.open(made(tmp_path / "run", text(GIVES_UP))), "hang")
    assert "it read BDSM" in found.nodes[-1].text
    assert found.nodes[-1].text.endswith("with 0x12345678 it goes on")
    assert [each.name for each in found.images] == ["program.efi"]


def test_what_made_a_driver_return_an_error(text, tmp_path):
    """It is said as the report says it, behind the read that decided."""
    found = explain(RunDir.open(made(tmp_path / "run", text(RETURNS_ERROR))), "hang")
    read, end = found.nodes
    assert read.kind == "input"
    assert "DBUF_CTL" in read.text
    assert end.sources == [read.id]
    assert end.text == (
        "Start of program.efi returned DEVICE_ERROR: it read DBUF_CTL 0x0 and gave up; with bit 30 set it goes on"
    )


def test_bench_compares_with_the_same_code(text, tmp_path):
    """The reference takes the same way: as many reads answered, the same registers at each service."""
    (tmp_path / "s.toml").write_text(text("mov ecx, [bar]\nmov eax, [rcx+0x45400]\n" + WRITES))
    what = driven(tmp_path / "s.toml")
    assert len(what.record.answers) == 1
    times = timed(what, rounds=1)
    assert times.missing == ""
    assert times.ratio is not None


def test_bench_of_no_driver_is_refused():
    with pytest.raises(FwsimError, match="no UEFI driver runs in this scenario"):
        driven(Path(__file__).parents[1] / "examples" / "demo-qemu.toml")


REAL = {
    "kbl": ("kabylake", 0x5917, 0x9D4E, "google_eve_data.vbt", "config 00:02.0 @0x5"),
    "cml": ("cometlake", 0x9B41, 0x0284, "google_hatch_variants_kohaku_data.vbt", "config 00:02.0 @0x5"),
    "snb": ("sandybridge", 0x0116, 0x1C49, "google_slippy_data.vbt", "config 00:02.0 @0x5"),
    "tgl": ("tigerlake", 0x9A49, 0xA082, "google_volteer_variants_lindar_data.vbt", "register 0x1080c0"),
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_gop_has_its_entries_from_bdsm(name, tmp_path):
    """gen 11 and later take BDSM from its mirror in BAR0, the others from config 5Ch."""
    roms = Path(os.environ.get("FWSIM_ROMS", ""))
    cpu, device, lpc, vbt, source = REAL[name]
    driver, table = roms / "gop" / f"{name}.efi", roms / "board" / vbt
    if not (driver.is_file() and table.is_file()):
        pytest.skip(f"gop/{name}.efi and board/{vbt} are not under $FWSIM_ROMS")
    text = (
        f'[host]\ncpu = "{cpu}"\ndevice_id = {device:#x}\nlpc_id = {lpc:#x}\nvbt = "{table}"\n'
        f'[[display]]\nport = "edp"\n[hypervisor]\nprofile = "10.2"\nlpc = "on"\n[firmware]\nkind = "ovmf"\n'
        f'[rom]\nfile = "{driver}"\n'
    )
    run = RunDir.open(made(tmp_path / "run", text))
    base = run.summary().firmware.bdsm
    for entry in (0, 100):
        found = explain(run, f"gtt[{entry}]")
        inputs = [node for node in found.nodes if node.kind == "input"]
        assert len(inputs) == 1
        assert inputs[0].text.startswith(source)
        assert f"the firmware put {'it' if name == 'tgl' else f'{base:#x}'} there" in inputs[0].text
        assert found.nodes[-1].value == base + 0x1000 * entry | 1
