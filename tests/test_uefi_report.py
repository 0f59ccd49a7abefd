"""What a user sees of a UEFI run: checks, reasons, report, trace, rom info, a driver alone. Needs nasm."""

import json
import os
import re
from pathlib import Path

import made_driver
import pytest
from typer.testing import CliRunner

from fwsim.cli.root import app
from fwsim.environment.uefi.uefi import Uefi
from fwsim.trace import efi

KBL = ("host.cpu=kabylake", "host.device_id=0x5917", "host.lpc_id=0x9d4e")
ERROR = 1 << 63


@pytest.fixture(scope="module")
def nasm(require_program):
    return require_program("nasm", "nasm")


@pytest.fixture
def run(nasm, tmp_path, monkeypatch):
    """A function that runs a made driver alone and gives the summary; further arguments are --set's."""
    monkeypatch.chdir(tmp_path)

    def made(*sets, **how):
        file = made_driver.make(nasm, tmp_path, **how)
        words = [word for each in (*KBL, *sets) for word in ("--set", each)]
        found = CliRunner().invoke(app, ["run", str(file), "--out", "out", "--force", "--json", *words])
        assert found.exit_code == 0, found.output
        return json.loads(found.stdout)

    return made


def detail(summary, check):
    """(ok, detail) of a check."""
    return next((each["ok"], each["detail"]) for each in summary["checks"] if each["id"] == check)


def ids(summary):
    return {each["id"] for each in summary["checks"]}


# --- checks and reasons ----------------------------------------------------------------------------------------------
def test_success_without_a_gop_fails_and_names_what_to_do(run):
    summary = run()
    ok, said = detail(summary, "gop-there")
    assert not ok
    assert "[[display]]" in said
    assert "host.vbt" in said
    assert detail(summary, "efi-drivers") == (True, "driver.efi started")


def test_checks_of_a_vbios_say_nothing_of_drivers(run):
    summary = run("call.0.ax=3", "hypervisor.legacy=off")
    assert not ids(summary) & {"calls-answered", "legacy-mode", "ggc-at-bridge", "screens-complete"}
    assert detail(summary, "rom-finished") == (True, "every driver returned")
    assert "bdsm-set" in ids(summary)  # a bare driver is for Intel's device, and its placement is judged


def test_an_entry_that_returns_an_error_is_named(run):
    ok, said = detail(run(entry=ERROR | 9), "efi-drivers")
    assert not ok
    assert "entry point of driver.efi returned OUT_OF_RESOURCES" in said


def test_a_driver_for_others_is_said_to_be(run):
    ok, said = detail(run(ids=0x4600), "efi-drivers")
    assert not ok
    assert "8086:5917" in said
    assert "UNSUPPORTED" in said


def test_no_vbt_is_the_reason_of_not_found(run, tmp_path):
    never = "    jmp .bad\n"
    ok, said = detail(run(start=never, status=ERROR | 14), "gop-policy")
    assert not ok
    assert "PlatformGopPolicy" in said
    assert "host.vbt" in said


def test_an_unknown_pch_is_found_out_by_trial(run):
    summary = run("host.lpc_id=0x2918", start=made_driver.PCH)
    ok, said = detail(summary, "gop-lpc-id")
    assert not ok
    assert "8086:2918" in said
    assert "x-igd-lpc=on" in said
    why = summary["efi"]["drivers"][0]["why"]
    assert why == "it read LPC_DID 0x2918 and gave up; with 0x9d4e, a PCH that it knows, it goes on"
    assert why in detail(summary, "efi-drivers")[1]
    assert detail(run(start=made_driver.PCH), "efi-drivers")[0]


def test_a_bit_that_never_comes_is_found_out_by_trial(run):
    why = run(start=made_driver.POLL)["efi"]["drivers"][0]["why"]
    assert why == "it read DBUF_CTL 0x0 (10 times) and gave up; with bit 30 set it goes on"


def test_what_no_trial_changes_is_unknown_because(run):
    asks = "    mov ecx, 0x80001008\n    call config\n    jmp .bad\n"
    driver = run(start=asks)["efi"]["drivers"][0]
    assert driver["registers"] == 0
    assert driver["last_reads"][0]["space"] == "pci"
    assert "unknown, because none of" in driver["why"]


# --- report and trace ------------------------------------------------------------------------------------------------
def test_the_short_report_fits_a_screen_and_ends_in_the_verdict(run):
    run("host.lpc_id=0x2918", start=made_driver.PCH)
    words = ["run", "driver.efi", "--out", "out", "--force", *(w for each in KBL for w in ("--set", each))]
    said = CliRunner().invoke(app, [*words, "--set", "host.lpc_id=0x2918"]).stdout.splitlines()
    assert len(said) <= 23
    assert any(line.startswith("drivers") and "Start DEVICE_ERROR" in line for line in said)
    assert "0000:0000" not in "\n".join(said)
    assert said[-1].startswith("verdict: driver.efi gave up (Start: DEVICE_ERROR), and the screen stays black")


def test_the_page_tells_of_drivers(run):
    run()
    assert CliRunner().invoke(app, ["report", "out", "--out", "page.html"]).exit_code == 0
    page = Path("page.html").read_text()
    assert "driver.efi, version 00000010: Its entry returned SUCCESS, Supported returned SUCCESS" in page
    assert "There is no GOP." in page


def test_a_trace_alone_names_services_and_folds_polls(run):
    run(start=made_driver.POLL)
    Path("alone.npy").write_bytes(Path("out/events.npy").read_bytes())
    folded = CliRunner().invoke(app, ["trace", "show", "alone.npy"]).stdout
    assert re.search(r"InstallProtocolInterface\(0x[0-9a-f]+\): SUCCESS", folded)
    assert re.search(r"20  0x45008 DBUF_CTL read 10 times: 0x0, 10 stalls of\s+1 ms together", folded)
    only = CliRunner().invoke(app, ["trace", "show", "alone.npy", "--where", "space == efi"]).stdout
    assert only.count("Stall            SUCCESS, of 0x64") == 10


def test_every_service_of_the_environment_has_a_number():
    missing = [name for name in _names() if not efi.number_of(name)]
    assert not missing


def _names():
    """The services that a machine's tables and protocols have."""
    from fwsim.environment.uefi import firmware
    from fwsim.machine.build import build
    from fwsim.rom.chain import Rom
    from fwsim.scenario.model import Firmware, Host, Scenario

    scenario = Scenario(host=Host(vga="igd"), firmware=Firmware(kind="ovmf"))
    built = build(scenario, Rom(Path(), b"", "", (), ()), b"", None, mode="long")
    uefi = Uefi(built)
    firmware.system_table(uefi)
    firmware.install_buses(uefi)
    firmware.install_policy(uefi, b"")
    built.machine.recorder.close()
    return [each.name for each in uefi.services[1:]]


# --- rom info, a driver alone ----------------------------------------------------------------------------------------
def test_rom_info_asks_a_bare_driver_for_its_devices(nasm, tmp_path):
    file = made_driver.make(nasm, tmp_path, ids=0x5900)
    said = json.loads(CliRunner().invoke(app, ["rom", "info", str(file), "--ids", "--json"]).stdout)["driver"]
    assert said["machine_name"] == "x64"
    assert said["subsystem_name"] == "EFI boot service driver"
    assert 0x5917 in said["ids"]
    assert {each >> 8 for each in said["ids"]} == {0x59}
    plain = CliRunner().invoke(app, ["rom", "info", str(file)])
    assert plain.exit_code == 0
    assert "takes" not in plain.stdout


def test_a_driver_cut_short_is_said_to_be(nasm, tmp_path):
    cut = tmp_path / "cut.efi"
    cut.write_bytes(made_driver.make(nasm, tmp_path).read_bytes()[:0x900])
    found = CliRunner().invoke(app, ["rom", "info", str(cut)])
    assert "no whole UEFI driver" in str(found.exception)


def test_a_driver_alone_gets_the_machine_that_it_asks_for(nasm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = made_driver.make(nasm, tmp_path, ids=0x4600)
    found = CliRunner().invoke(app, ["run", str(file), "--out", "out", "--json"])
    guessed = found.stderr
    for each in ("firmware.kind=ovmf", "host.cpu=alderlake", "hypervisor.lpc=on"):
        assert each in guessed
    assert json.loads(found.stdout)["efi"]["drivers"][0]["supported"] == "SUCCESS"


# --- real drivers ----------------------------------------------------------------------------------------------------
FOLDER = Path(os.environ.get("FWSIM_ROMS", "")) / "gop"
VBT = Path(os.environ.get("FWSIM_ROMS", "")) / "board" / "google_eve_data.vbt"
there = (FOLDER / "kbl.efi").is_file() and VBT.is_file()
real = pytest.mark.skipif(not there, reason="no GOP driver at $FWSIM_ROMS")


@pytest.fixture
def kbl(tmp_path, monkeypatch):
    """A function that runs Kaby Lake's GOP driver with eve's VBT."""
    monkeypatch.chdir(tmp_path)

    def made(*sets):
        words = [w for each in (*KBL, f"host.vbt={VBT}", "display.0.port=edp", *sets) for w in ("--set", each)]
        found = CliRunner().invoke(app, ["run", str(FOLDER / "kbl.efi"), "--out", "out", "--force", "--json", *words])
        return json.loads(found.stdout)

    return made


@real
def test_kaby_lakes_driver_shows_whole_pictures(kbl):
    summary = kbl()
    assert not [each for each in summary["checks"] if not each["ok"]]
    assert detail(summary, "gop-there") == (True, "3 modes, frame buffer at 0x80000000")
    assert all(each["unreadable_pages"] == 0 for each in summary["display"])


@real
def test_what_kaby_lakes_driver_does_not_notice_is_said(kbl):
    ok, said = detail(kbl("firmware.options.driver=none"), "gop-base")
    assert not ok
    assert "begin at 0x1: BDSM is 0" in said
    assert "IgdAssignmentDxe" in said
    ok, said = detail(kbl("host.ggc=1"), "gop-mapped")
    assert not ok
    assert "GTT is empty" in said
    assert "x-igd-gms" in said


@real
def test_kaby_lakes_driver_knows_no_ich9(kbl):
    summary = kbl("host.lpc_id=0x2918")
    driver = summary["efi"]["drivers"][0]
    assert (driver["start"], driver["registers"]) == ("DEVICE_ERROR", 0)
    assert "LPC_DID 0x2918 and gave up; with 0x" in driver["why"]


@real
def test_rom_info_names_kaby_lakes_driver():
    found = CliRunner().invoke(app, ["rom", "info", str(FOLDER / "kbl.efi"), "--ids", "--json"])
    said = json.loads(found.stdout)["driver"]
    assert (said["name"], said["build"]) == ("Intel(R) GOP Driver", "1080")
    assert said["role"].startswith("graphics output (GOP)")
    assert 0x5917 in said["ids"]
    assert 0x46A6 not in said["ids"]
