import io
import sys
import time

from rich.text import Text

from fwsim.cli import common


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_bar_where_standard_error_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with common.progress_bar() as progress:
        assert progress is None


def test_a_bar_after_a_while_without_anybody_telling(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(common, "_BAR_AFTER_S", 0.05)
    with common.progress_bar() as progress:
        assert terminal.getvalue() == ""
        time.sleep(0.5)  # compiling, say: nothing is told, and still the bar is there
        assert "preparing" in terminal.getvalue()
        progress("drawing [50%]", 0.6)
    assert "drawing [50%]" in terminal.getvalue()


def test_no_bar_for_what_is_over_at_once(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with common.progress_bar() as progress:
        progress("running the ROM", None)
    assert "running" not in terminal.getvalue()


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
