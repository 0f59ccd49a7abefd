import io
import sys
from types import SimpleNamespace

import pytest
from rich.text import Text

from fwsim.cli import common


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Later:
    """A ``threading.Timer`` whose time comes when the test says so."""

    def __init__(self, after, function):
        self.time_comes = function
        self.state = "made"

    def start(self):
        self.state = "started"

    def cancel(self):
        self.state = "cancelled"


@pytest.fixture
def timers(monkeypatch):
    """The timers that the bar made."""
    made = []
    monkeypatch.setattr(common, "threading", SimpleNamespace(Timer=lambda *args: made.append(Later(*args)) or made[-1]))
    return made


def test_no_bar_where_standard_error_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with common.progress_bar() as progress:
        assert progress is None


def test_a_bar_after_a_while_without_anybody_telling(monkeypatch, timers):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with common.progress_bar() as progress:
        assert terminal.getvalue() == ""
        (timer,) = timers
        assert timer.state == "started"
        timer.time_comes()  # compiling, say: nothing is told, and still the bar is there
        assert "preparing" in terminal.getvalue()
        progress("drawing [50%]", 0.6)
    assert "drawing [50%]" in terminal.getvalue()


def test_no_bar_for_what_is_over_at_once(monkeypatch, timers):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with common.progress_bar() as progress:
        progress("running the ROM", None)
    assert timers[0].state == "cancelled"
    assert terminal.getvalue() == ""


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


@pytest.mark.parametrize("done", [None, 0.25])
def test_compiling_is_said_only_when_something_is_compiled(monkeypatch, timers, done):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setitem(sys.modules, "fwsim.native.rebuild", SimpleNamespace(done=done))
    with common.progress_bar():
        timers[0].time_comes()
    assert "preparing" in terminal.getvalue()
    assert ("compiling" in terminal.getvalue()) == (done is not None)
