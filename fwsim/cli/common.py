"""What all commands share is here: the --json option, output to a terminal or a pipe, and the progress bar."""

import gc
import io
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from fwsim.cli.output import write

if TYPE_CHECKING:
    from rich.console import RenderableType

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the run in the folder --out names.")]
Progress = Callable[[str, float | None], None]
"""Told (what is being done, how much of it: 0 to 1, None where nobody knows)."""

HELP = {"help_option_names": ["-h", "--help"]}
_COMPLETION = ("install_completion", "show_completion")
_BAR_AFTER_S = 1.0
_BATCH = 1024
_PREPARING = "preparing"
_COMPILING = "preparing (compiling native code, which is kept)"
_COMPILER = "fwsim.native.rebuild"


class InterruptedRun(BaseException):
    """Ctrl-C, with what is to be said of it: at a KeyboardInterrupt typer ends the process and says nothing."""


def emit_json(document: object) -> None:
    """Print ``document`` (msgspec structs, dicts, lists) as the command's one JSON document."""
    import msgspec

    write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")


def emit(*parts: "RenderableType") -> None:
    """Print rich renderables: as wide as the terminal, 80 columns and no colour into a pipe; long lines stay whole."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    width = max(80, min(shutil.get_terminal_size().columns, 120)) if terminal else 80
    page = io.StringIO()
    console = Console(
        file=page, width=width, force_terminal=terminal or None, highlight=False, markup=False, emoji=False
    )
    for part in parts:
        console.print(part, crop=False, overflow="ignore")
    write("".join((line if terminal else line.rstrip()) + "\n" for line in page.getvalue().splitlines()))


def emit_lines(lines: Iterable[str]) -> None:
    """Print many lines as they come, until nobody reads them any more."""
    batch: list[str] = []
    limit = 1  # the first at once, then more and more at a time
    for line in lines:
        batch.append(line)
        if len(batch) >= limit:
            if not write("\n".join(batch) + "\n"):
                return
            batch, limit = [], min(2 * limit, _BATCH)
    if batch:
        write("\n".join(batch) + "\n")


def note(text: str) -> None:
    """Say something on standard error."""
    print(text, file=sys.stderr)


def app(function: Callable[..., None]) -> typer.Typer:
    """A Typer application of the one command ``function``."""
    single = typer.Typer(rich_markup_mode=None, add_completion=False)
    single.command(context_settings=HELP)(function)
    return single


def group(
    prefix: str, commands: dict[str, str], help_text: str, *, epilog: str = "", add_completion: bool = False
) -> typer.Typer:
    """A Typer application of ``commands``, each name with the line that --help shows.

    A command's code is ``fwsim/cli/<prefix>_<name>.py`` (dashes as underscores), imported when the command is used.
    """

    class Lazy(TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            if args and args[0] in commands:
                self.commands[args[0]] = load(prefix, args[0])
            return super().resolve_command(ctx, args)

    made = typer.Typer(
        cls=Lazy, rich_markup_mode=None, no_args_is_help=True, add_completion=add_completion,
        context_settings=HELP, help=help_text, epilog=epilog or None,
    )  # fmt: skip
    made.callback()(_options)
    for name, line in commands.items():
        made.command(name, help=line)(_listed)
    return made


def _options() -> None:
    """A group without options of its own stays a group, also of one command."""


def _listed() -> None:
    """Stand in for a command in the list of commands: ``resolve_command`` puts the real one in its place."""


def load(prefix: str, name: str) -> Any:
    """The command ``name``: its module's ``app``, or the function of that name where it has none."""
    stem = name.replace("-", "_")
    with imports():
        module = import_module(f"fwsim.cli.{prefix}_{stem}" if prefix else f"fwsim.cli.{stem}")
    made: typer.Typer | None = getattr(module, "app", None)
    if made is None:
        made = app(getattr(module, stem))
    made.rich_markup_mode = None
    command = typer.main.get_command(made)
    command.name = name
    command.params = [each for each in command.params if each.name not in _COMPLETION]  # fwsim itself has these
    return command


@contextmanager
def imports() -> Iterator[None]:
    """While modules are imported nobody looks for garbage among them; in a process of one command, never again."""
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count():  # as fwsim.cli begins; what else lives in a process is not ours to keep
            gc.freeze()
        gc.enable()


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A progress callback that shows a bar on standard error once a second has passed; None when it is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    class What(TextColumn):
        """The description; while nobody has told one, whether native code is being compiled."""

        def render(self, task: Any) -> Any:
            done = getattr(sys.modules.get(_COMPILER), "done", None)
            if task.description in (_PREPARING, _COMPILING):
                task.description = _PREPARING if done is None else _COMPILING
                task.completed, task.total = done or 0.0, None if done is None else 1.0
            return super().render(task)

    columns = (What("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    bar = Bar(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(_PREPARING, total=None)

    def tell(what: str, done: float | None) -> None:
        bar.update(task, description=what, completed=done or 0.0, total=None if done is None else 1.0)

    later = threading.Timer(_BAR_AFTER_S, bar.start)
    later.daemon = True
    later.start()
    try:
        yield tell
    finally:
        later.cancel()
        bar.stop()
