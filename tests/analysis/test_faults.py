"""A run's faults as a log, beside the run: what its own kernel printed is explained by it, and by no other."""

import json
import shutil

import numpy as np

from fwsim import cli
from fwsim.analysis.faults import dmesg, explain, import_checks, import_folder
from fwsim.results.folder import RunDir
from fwsim.trace.event import Space

STRANGE = "DMAR: [DMA Read] Request device [00:02.0] fault addr 12345000 [fault reason 06] PTE Read access is not set\n"
WRITE = "DMAR: [DMA Write] Request device [00:02.0] fault addr {:x} [fault reason 07] Next page table ptr is invalid\n"


def imported(tmp_path, text):
    (tmp_path / "log").write_text(text)
    folder = RunDir.create(tmp_path / "import")
    return folder, import_folder([tmp_path / "log"], folder)


def test_style_d_is_what_the_run_itself_printed(own):
    run = RunDir.open(own("shadow"))
    assert list(dmesg(run.events())) == run.summary().iommu.lines


def test_a_runs_own_log_is_explained(own, tmp_path):
    run = RunDir.open(own("shadow"))
    for style in ("A", "B0", "B", "C", "D0", "D"):
        (tmp_path / style).mkdir()
        folder, about = imported(tmp_path / style, "\n".join(dmesg(run.events(), style, timestamps=True)) + "\n")
        result = explain(folder.events(), about, run)
        assert result.faults
        assert {fault.why for fault in result.faults} == {"same"}
        assert bool(result.missing) == (style not in ("A", "B0"))  # these print every record that found a register


def test_what_is_not_explained(own, tmp_path):
    run = RunDir.open(own("shadow"))
    stolen = run.scenario().host.bdsm
    folder, about = imported(tmp_path, STRANGE + WRITE.format(stolen) + WRITE.format(stolen + 0x1FFF000))
    found = {fault.page: fault.why for fault in explain(folder.events(), about, run).faults}
    assert found == {0x12345000: "none", stolen: "page", stolen + 0x1FFF000: "stolen"}


def test_a_run_that_writes_no_entry_there_explains_no_fault(own, tmp_path):
    shutil.copytree(own("shadow"), tmp_path / "silent")
    run = RunDir.open(tmp_path / "silent")
    events = run.events()
    np.save(run.events_path, events[(events["space"] != Space.GTT) & (events["space"] != Space.IOMMU)])
    folder, about = imported(tmp_path, WRITE.format(run.scenario().host.bdsm & ~1))
    result = explain(folder.events(), about, RunDir.open(tmp_path / "silent"))
    assert [fault.why for fault in result.faults] == ["where"]
    assert result.explained == 0


def test_checks_of_a_log(tmp_path):
    text = "vfio_pci_igd_bdsm_enabled 0000:00:02.0 1MB\npci_cfg_write vfio-pci 00:02.0 @0x5c <- 0xbd700000\n"
    for index, page in ((1, 0xBD700001), (5, 0xDBA00001)):
        text += f"vfio_region_write  (0000:00:02.0:region4+0x0, {index:#x}, 4)\n"
        text += f"vfio_region_write  (0000:00:02.0:region4+0x4, {page:#x}, 4)\n"
    folder, _ = imported(tmp_path, text)
    checks = {check.id: check for check in import_checks(folder)}
    assert checks["no-dma-faults"].ok
    assert not checks["gtt-guest-stolen"].ok
    assert "1 of 2" in checks["gtt-guest-stolen"].detail
    assert "0xdba00000" in checks["gtt-guest-stolen"].detail


def test_the_commands(own, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = str(own("shadow"))
    assert cli.main(["trace", "export", run, "--format", "dmesg", "--out", "d.txt"]) == 0
    assert cli.main(["trace", "export", run, "--format", "dmesg", "--out", "d.txt"]) == 2
    assert cli.main(["trace", "import", "d.txt", "--out", "real", "--explain", run]) == 0
    assert "3 of 3 distinct faults are explained" in capsys.readouterr().out
    assert cli.main(["trace", "import", "d.txt", "--out", "real"]) == 2
    assert cli.main(["trace", "import", "d.txt", "--out", "real", "--force"]) == 0
    assert cli.main(["trace", "show", "real"]) == 0
    assert cli.main(["check", "real"]) == 1
    capsys.readouterr()
    assert cli.main(["check", "real", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["checks"][0]["id"] == "no-dma-faults"
    assert cli.main(["trace", "import", "d.txt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["import"]["events"] == 3


def test_bad_options(own, tmp_path, capsys):
    run = str(own("shadow"))
    for options in (
        ["export", run, "--format", "tiff"], ["export", run, "--format", "parquet"],
        ["export", run, "--format", "dmesg", "--style", "E"],
        ["export", run, "--format", "intel_reg", "--out", str(tmp_path / "x"), "--devid", "zz"],
        ["export", run, "--format", "csv", "--out", str(tmp_path)],
        ["export", run, "--format", "csv", "--out", str(tmp_path / "no" / "x")],
        ["export", str(tmp_path), "--format", "csv", "--out", str(tmp_path / "x")],
        ["import", str(tmp_path / "none")], ["import", str(tmp_path)],
        ["import", __file__, "--explain", str(tmp_path)],
    ):  # fmt: skip
        assert cli.main(["trace", *options]) == 2, options
        assert "next: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
