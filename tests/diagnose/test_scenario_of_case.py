import json
import shutil
from pathlib import Path

import pytest
from configurations import PROXMOX
from typer.testing import CliRunner

from fwsim.cli.diagnose import app
from fwsim.diagnose import run as running
from fwsim.diagnose.diagnosis import conclude, diagnose, taken
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.scenario.load import loads

OWN_ROM = Path(__file__).parents[2] / "roms/igd-vbios.rom"
LSPCI = """\
00:00.0 Host bridge: Intel Corporation Device
00: 86 80 04 01 06 00 90 20 09 00 00 06 00 00 00 00
50: 09 02 00 00 39 00 00 00 00 00 00 00 00 00 00 00
00:02.0 VGA compatible controller: Intel Corporation Device
00: 86 80 26 01 07 04 90 00 09 00 00 03 00 00 00 00
50: 09 02 00 00 39 00 00 00 00 00 00 00 01 00 a0 db
f0: 00 00 00 00 00 00 00 00 00 00 00 00 18 50 9f da
"""
FAULT = (
    "[  1.0] DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr {:#x} [fault reason 0x06] PTE Read access "
    "is not set\n"
)
VM = PROXMOX.replace("args:", "#").replace(",romfile=igd.rom", "").replace("9.2.0", "10.0.2")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "case"
    place.mkdir()
    (place / "lspci").write_text(LSPCI)
    (place / "vm").write_text(VM)
    return place


def scenario(folder):
    text = diagnose([folder]).scenario
    return loads(text, "scenario", folder), text


def test_the_scenario_has_host_hypervisor_guest_and_firmware(folder):
    found, text = scenario(folder)
    assert (found.host.cpu, found.host.device_id, found.host.bdsm, found.host.asls) == (
        "sandybridge", 0x0126, 0xDBA00001, 0xDA9F5018,
    )  # fmt: skip
    assert (found.hypervisor.kind, found.hypervisor.profile) == ("qemu", "10.0.2")
    assert (found.guest.machine, found.guest.ram, found.guest.slot) == ("pc", 8 << 30, "00:02.0")
    assert found.firmware.kind == "seabios"
    assert 'ram = "8G"    # vm:12' in text
    assert "assumed: the VM was made under that release" in text


def test_options_of_vfio_and_another_slot(folder):
    (folder / "vm").write_text(
        "qemu-system-x86_64 -m 2G -M q35 -vga none -device "
        "vfio-pci,host=00:02.0,bus=pcie.1,addr=0,x-igd-gms=4,x-igd-opregion=on,x-vga=on,x-igd-legacy-mode=off"
    )
    found, _ = scenario(folder)
    kind = found.hypervisor
    assert (kind.gms, kind.opregion, kind.vga, kind.legacy, kind.lpc) == (4, "on", "on", "off", "auto")
    assert (found.guest.machine, found.guest.slot) == ("q35", "00:10.0")


def test_what_the_host_does_not_show_is_assumed_and_said(folder):
    (folder / "lspci").write_text("00:02.0 VGA compatible controller [0300]: Intel Corporation Device [8086:0126]\n")
    result = diagnose([folder])
    assert {"host.bdsm", "host.asls", "host.ggc", "host.lpc_id"} <= {each.name for each in result.assumed}
    assert loads(result.scenario, "scenario").host.device_id == 0x0126


def test_no_host_no_scenario(tmp_path):
    (tmp_path / "vm").write_text(VM)
    assert diagnose([tmp_path]).scenario == ""
    with pytest.raises(FwsimError) as caught:
        running.run(taken([tmp_path]), tmp_path / "out", False)
    assert caught.value.what == "there is no scenario to run"
    assert not (tmp_path / "out").exists()


def test_no_rom_no_run(folder, tmp_path):
    with pytest.raises(FwsimError) as caught:
        running.run(taken([folder]), tmp_path / "out", False)
    assert caught.value.what == "there is no ROM to run"


def test_the_rom_is_a_file_with_romfile_and_the_shadow_without(folder):
    shutil.copy(OWN_ROM, folder / "rom")
    assert scenario(folder)[0].rom.source == "shadow"
    (folder / "vm").write_text(VM.replace("legacy-igd=1", "legacy-igd=1,romfile=igd.rom"))
    assert scenario(folder)[0].rom.source == "file"


def test_a_run_has_the_logs_faults_beside_its_own(folder, tmp_path):
    """The demo's ROM, POSTed on the host, keeps the host's base: the run faults where the log does."""
    shutil.copy(OWN_ROM, folder / "rom")
    (folder / "dmesg").write_text(
        FAULT.format(0xDBA00000) + FAULT.format(0x1000) + "dmar_fault: 7 callbacks suppressed\n"
    )
    case = taken([folder])
    found = {each.id: each for each in running.run(case, tmp_path / "out", False)}
    summary = RunDir.open(tmp_path / "out").summary()
    assert summary.rom.source == "shadow"
    assert summary.stop.reason == "completed"
    beside = found["run-faults"]
    assert beside.what.startswith("2 faults in the log and 7 that the kernel did not print, ")
    assert f"{summary.iommu.faults} in the run" in beside.what
    assert "the host's stolen memory dba00000-dd9fffff: log 1" in beside.why
    assert {f"run-{check.id}" for check in summary.failed} <= set(found)
    more = conclude(case, list(found.values()))
    assert "run-faults" in [each.id for each in more.findings]


def test_a_packed_rom_is_written_into_the_runs_folder(folder, tmp_path):
    import gzip

    (folder / "rom.gz").write_bytes(gzip.compress(OWN_ROM.read_bytes()))
    running.run(taken([folder]), tmp_path / "out", False)
    assert (tmp_path / "out/given.rom").read_bytes() == OWN_ROM.read_bytes()
    running.run(taken([folder]), tmp_path / "out", True)  # --force takes the folder for a run's


def test_the_command_runs_and_says_so(folder, tmp_path):
    shutil.copy(OWN_ROM, folder / "rom")
    result = CliRunner().invoke(app, [str(folder), "--run", "--out", str(tmp_path / "out"), "--vm", "tv", "--json"])
    document = json.loads(result.stdout)
    assert [each["id"] for each in document["findings"] if each["id"].startswith("run-")]
    assert document["scenario"].startswith("# fwsim diagnose")
    assert "hunter2" not in result.stdout
