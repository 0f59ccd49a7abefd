import io
import sys

from rich.text import Text

from fwsim.cli import common


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_bar_where_standard_error_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with common.progress_bar() as progress:
        assert progress is None


def test_the_bar_waits_a_second(monkeypatch):
    clock = [100.0]
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(common.time, "monotonic", lambda: clock[0])
    with common.progress_bar() as progress:
        assert progress is not None
        progress("running the ROM", None)
        assert terminal.getvalue() == ""
        clock[0] += 1.5
        progress("drawing", 0.5)
        progress("drawing [50%]", 0.6)
    assert "drawing" in terminal.getvalue()


def test_text_into_a_pipe_is_plain_and_long_lines_stay_whole(capsys):
    common.emit(Text("x" * 200, style="bold red", no_wrap=True, overflow="ignore"), Text("[bold]y", style="bold"))
    assert capsys.readouterr().out == "x" * 200 + "\n[bold]y\n"


def test_text_on_a_terminal_has_colour(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    common.emit(Text("x", style="bold red"))
    assert "\x1b[" in terminal.getvalue()
