import errno
import json
from pathlib import Path

import pytest
from machines import BRIDGE, DMESG, IGD, IOMEM, LPC, config

from fwsim import cli
from fwsim.devices.edid import default_edid
from fwsim.errors import FwsimError
from fwsim.host import capture as capture_module
from fwsim.host.capture import capture
from fwsim.host.hostfile import import_host
from fwsim.rom.opregion import build_opregion
from fwsim.scenario.load import load


@pytest.fixture
def root(tmp_path, own_rom, data_vbt):
    """A machine's sysfs and procfs."""
    base = tmp_path / "root"
    files = {"proc/iomem": IOMEM.encode(), "var/log/dmesg": DMESG.encode()}
    pci = "sys/bus/pci/devices/0000:"
    files |= {f"{pci}00:00.0/config": config(BRIDGE), f"{pci}00:02.0/config": config(IGD)}
    files |= {f"{pci}00:1f.0/config": config(LPC), f"{pci}00:02.0/rom": own_rom.read_bytes()}
    files["sys/kernel/debug/dri/0/i915_opregion"] = build_opregion(data_vbt)
    files["sys/kernel/debug/dri/0/i915_vbt"] = data_vbt
    for port, edid, status in (("HDMI-A-1", default_edid(), "connected"), ("DP-1", b"", "disconnected")):
        files[f"sys/class/drm/card0-{port}/edid"] = edid
        files[f"sys/class/drm/card0-{port}/status"] = status.encode() + b"\n"
    for number, (start, end, kind) in enumerate(
        [(0, 0x9EFFF, "System RAM"), (0xCB000000, 0xCF1FFFFF, "Reserved")], start=9
    ):  # 10 sorts before 9
        for name, value in (("start", f"{start:#x}"), ("end", f"{end:#x}"), ("type", kind)):
            files[f"sys/firmware/memmap/{number}/{name}"] = value.encode() + b"\n"
    for name, data in files.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return base


def test_what_is_captured_is_what_import_reads(tmp_path, root, own_rom):
    pieces = {piece.what: piece for piece in capture(tmp_path / "out", root)}
    assert pieces["config 00:1f.3"].problem == "is not there"
    assert (tmp_path / "out/pci-00-02.0.rom").read_bytes() == own_rom.read_bytes()
    out = tmp_path / "host.toml"
    result = import_host([tmp_path / "out"], out)
    scenario = load(out)
    assert (scenario.host.cpu, scenario.host.bdsm, scenario.host.asls) == ("haswell", 0xCD200001, 0xCA7F9018)
    assert Path(scenario.rom.file).name == "pci-00-02.0.rom"
    assert Path(scenario.host.opregion).name == "i915_opregion"
    assert [each.port for each in scenario.display] == ["hdmi-b", "edp"]
    assert not result.missing
    assert not [note for note in result.dumps.notes if note.level == "warning"]
    assert all(check.ok for check in result.checks)


def test_the_firmwares_map_is_sorted_by_address(tmp_path, root):
    (root / "var/log/dmesg").unlink()
    pieces = {piece.what: piece for piece in capture(tmp_path / "out", root)}
    assert pieces["kernel log"].problem == "is not there"
    dumps = import_host([tmp_path / "out"]).dumps
    assert dumps.e820_from == "firmware-memmap:1"
    assert [row.start for row in dumps.e820] == [0, 0xCB000000]


def test_a_rom_is_enabled_to_be_read_and_disabled_again(tmp_path, root, monkeypatch):
    state, written = {"on": False}, []
    reader, write = capture_module._reader, Path.write_bytes

    def fake(path):
        def read():
            if path.name == "rom" and not state["on"]:
                raise OSError(errno.EINVAL, "Invalid argument")
            return reader(path)()

        return read

    def switch(path, data):
        if path.name != "rom":
            return write(path, data)
        written.append(data)
        state["on"] = data == b"1"
        return len(data)

    monkeypatch.setattr(capture_module, "_reader", fake)
    monkeypatch.setattr(Path, "write_bytes", switch)
    pieces = {piece.what: piece for piece in capture(tmp_path / "out", root)}
    assert pieces["option ROM"].file
    assert written == [b"1", b"0"]


def test_what_needs_root_is_said(tmp_path, root, monkeypatch):
    reader = capture_module._reader

    def fake(path):
        def read():
            if "debug" in str(path):
                raise PermissionError(errno.EACCES, "Permission denied")
            return reader(path)()[:64] if path.name == "config" else reader(path)()

        return read

    monkeypatch.setattr(capture_module, "_reader", fake)
    (root / "proc/iomem").write_text("00000000-00000000 : System RAM\n00000000-00000000 : Reserved\n")
    pieces = {piece.what: piece for piece in capture(tmp_path / "out", root)}
    assert (pieces["OpRegion"].problem, pieces["OpRegion"].next) == ("needs root", "sudo fwsim host capture")
    assert pieces["config 00:02.0"].problem == "only 64 bytes: the rest needs root"
    assert pieces["/proc/iomem"].problem == "every address is zero: it needs root"
    assert "OpRegion: nothing" in (tmp_path / "out/capture.txt").read_text()


def test_an_empty_machine(tmp_path):
    (tmp_path / "root/sys").mkdir(parents=True)
    pieces = capture(tmp_path / "out", tmp_path / "root")
    assert all(piece.problem and piece.next for piece in pieces)


def test_no_machine_at_all(tmp_path):
    with pytest.raises(FwsimError, match="no sysfs"):
        capture(tmp_path / "out", tmp_path)


def test_a_folder_with_files_is_left_alone(tmp_path, root):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("x")
    with pytest.raises(FwsimError, match="not empty"):
        capture(tmp_path / "out", root)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_the_command(tmp_path, root, capsys):
    assert cli.main(["host", "capture", "--root", str(root), "--out", str(tmp_path / "out"), "--json"]) == 0
    pieces = json.loads(capsys.readouterr().out)["pieces"]
    assert {"what", "source", "file", "size", "problem", "next"} == set(pieces[0])
    assert cli.main(["host", "capture", "--root", str(root), "--out", str(tmp_path / "again")]) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("10 of 12 collected in ")
    assert max(map(len, rows)) <= 80
