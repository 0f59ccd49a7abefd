"""Ctrl-C in a run of a ROM that loops: the run ends, says where what was traced is, and that can be read."""

import os
import signal
import subprocess
import sys
import time

from handmade import rom

from fwsim import cli

LOOP = b"\xb0\x5a\xe6\x80" + b"\x66\xb9\xff\xff\xff\xff\x66\x49\x75\xfc" * 8 + b"\xcb"
"""AL = 5A goes to port 80h; then ECX counts down from FFFFFFFF, eight times: minutes."""
MAIN = "import sys; from fwsim.cli import main; sys.exit(main())"
PATIENCE_S = 120


def test_ctrl_c_says_where_the_trace_is(tmp_path, capsys):
    (tmp_path / "loop.rom").write_bytes(rom(LOOP))
    (tmp_path / "loop.toml").write_text('[rom]\nfile = "loop.rom"\nany_device = true\n[host]\nvga = "igd"\n')
    # a shell that runs tests in the background has SIGINT ignored, which children inherit
    process = subprocess.Popen(
        [sys.executable, "-c", f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {MAIN}",
         "run", "loop.toml", "--out", "out"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
    )  # fmt: skip
    try:
        _wait_for_the_write(tmp_path / "out", process)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert (process.returncode, said) == (130, "")
    assert errors.splitlines()[-1] == "fwsim: interrupted; what was traced so far is in out"
    assert "Traceback" not in errors
    assert cli.main(["trace", "show", str(tmp_path / "out")]) == 0
    assert "0x5a" in capsys.readouterr().out


def _wait_for_the_write(folder, process):
    """Until the trace has the ROM's write to port 80h, however slow the machine is."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        events = folder / "events.npy"
        if events.is_file() and b"\x5a" in events.read_bytes()[4096:]:
            return
        time.sleep(0.2)
    raise AssertionError("the ROM never ran")


def test_before_the_first_event_there_is_nothing_to_point_at(tmp_path, capsys, monkeypatch):
    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("fwsim.running.pipeline.run", interrupt)
    (tmp_path / "x.rom").write_bytes(rom(b"\xcb"))
    (tmp_path / "x.toml").write_text('[rom]\nfile = "x.rom"\nany_device = true\n')
    assert cli.main(["run", str(tmp_path / "x.toml"), "--out", str(tmp_path / "out")]) == 130
    assert capsys.readouterr() == ("", "\nfwsim: interrupted; nothing was traced yet\n")
    assert not (tmp_path / "out").exists()
