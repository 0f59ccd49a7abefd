"""The reference page docs/cli.md and the man pages are made from the commands themselves.

``python -m fwsim.cli.reference docs/cli.md`` writes the page, with a folder instead of a file the man pages, one a
command: the same commands give the same pages.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from msgspec import Struct

from fwsim import __version__
from fwsim.cli import COMMANDS, common
from fwsim.cli.root import app

EXITS = (
    ("0", "done"),
    ("1", "a check that was asked for failed (--strict, check), or a finding of weight stands (diagnose)"),
    ("2", "bad input or usage"),
    ("3", "the ROM did not finish: its trace up to there is kept"),
    ("70", "a bug in fwsim"),
    ("130", "interrupted"),
)
"""Exit codes of every command, as ``fwsim.cli`` has them."""
_HEAD = (
    "Type `fwsim run x.rom` for a ROM alone, `fwsim diagnose FILES` for logs and a VM's configuration. This page is",
    "what `--help` shows (`make docs` makes it from the commands, `make man` the man pages, into `build/man`).",
)
_REQUIRED = "  [required]"
_EXAMPLES = re.compile(r"Examples?:\s*")


class Entry(Struct, frozen=True):
    """One command as its ``--help`` has it.

    ``name`` has the words after ``fwsim``, ``usage`` what follows them; ``text`` are paragraphs, each with whether it
    is to stay as it is; ``arguments`` and ``options`` are pairs of a form and what it means; ``examples`` are command
    lines; ``group``: it only has commands under it.
    """

    name: str
    usage: str
    text: tuple[tuple[str, bool], ...]
    arguments: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]
    group: bool

    @property
    def line(self) -> str:
        """The first sentence of the text."""
        return self.text[0][0].partition(". ")[0].partition("; ")[0].rstrip(".") if self.text else self.name


def entries() -> Iterator[Entry]:
    """Every command, in the order of ``fwsim --help``; a group comes before its own."""
    for name in COMMANDS:
        command = common.load("", name)
        yield _entry(name, command)
        if hasattr(command, "list_commands"):
            context = command.context_class(command, info_name=name)
            for inner in command.list_commands(context):
                yield _entry(f"{name} {inner}", command.resolve_command(context, [inner])[1])


def _entry(name: str, command: Any) -> Entry:
    context = command.context_class(command, info_name=f"fwsim {name}")
    records = [(each.param_type_name, record) for each in command.params if (record := each.get_help_record(context))]
    text, examples = _parts("\n\n".join(filter(None, (command.help, command.epilog))))
    return Entry(
        name=name, usage=" ".join(piece.strip("{}") for piece in command.collect_usage_pieces(context)),
        text=tuple(text), examples=tuple(examples), group=hasattr(command, "list_commands"),
        arguments=tuple((form, what.removesuffix(_REQUIRED)) for kind, (form, what) in records if kind == "argument"),
        options=tuple(record for kind, record in records if kind == "option"),
    )  # fmt: skip


def _parts(help_text: str) -> tuple[list[tuple[str, bool]], list[str]]:
    """The paragraphs and the examples of a help text; a paragraph after a backspace keeps its lines."""
    text: list[tuple[str, bool]] = []
    examples: list[str] = []
    for part in re.split(r"\n\s*\n", help_text):
        kept, part = part.startswith("\b"), part.removeprefix("\b").strip("\n")
        if _EXAMPLES.match(part):
            examples += [line.strip() for line in _EXAMPLES.sub("", part, count=1).splitlines() if line.strip()]
        elif part.strip():
            text.append((part if kept else " ".join(part.split()), kept))
    return text, examples


def page() -> str:
    """docs/cli.md."""
    lines = [
        "# Commands", "", *_HEAD, "",
        "| command | does |", "|---|---|",
        *(f"| [`fwsim {name}`](#fwsim-{name}) | {line} |" for name, line in COMMANDS.items()), "",
        "Exit codes: " + "; ".join(f"{code} {what}" for code, what in EXITS) + ".",
    ]  # fmt: skip
    for entry in entries():
        level = "###" if " " in entry.name else "##"
        lines += ["", f"{level} fwsim {entry.name}", ""]
        lines += [] if entry.group else [f"`fwsim {entry.name} {entry.usage}`", ""]
        for text, kept in entry.text:
            lines += [*(["```text", *text.splitlines(), "```"] if kept else [_markdown(text)]), ""]
        if entry.arguments or entry.options:
            lines += ["| | |", "|---|---|"]
            rows = [*entry.arguments, *([] if entry.group else entry.options)]
            lines += [f"| `{form.replace('|', chr(92) + '|')}` | {_cell(what)} |" for form, what in rows] + [""]
        if entry.examples:
            lines += [f"    {line}" for line in entry.examples] + [""]
        lines.pop()
    return "\n".join(lines) + "\n"


def _markdown(text: str) -> str:
    return re.sub(r"([*_<>\[\]])", r"\\\1", text)


def _cell(text: str) -> str:
    return _markdown(text).replace("|", "\\|")


def man_pages() -> dict[str, str]:
    """File name to roff text: fwsim.1, and one for each command that does something."""
    commands = [entry for entry in entries() if not entry.group]
    names = [f"fwsim-{entry.name.replace(' ', '-')}" for entry in commands]
    about = typer.main.get_command(app).help or ""
    top = _head("fwsim", about.partition("\n")[0].rstrip("."))
    top += [".SH SYNOPSIS", ".B fwsim", "COMMAND [OPTIONS] [ARGUMENTS]", ".SH COMMANDS"]
    for name, entry in zip(names, commands, strict=True):
        top += [".TP", f".BR {_roff(name)} (1)", _roff(entry.line)]
    pages = {"fwsim.1": top + _exits()}
    for name, entry in zip(names, commands, strict=True):
        lines = _head(name, entry.line)
        lines += [".SH SYNOPSIS", f".B fwsim {_roff(entry.name)}", _roff(entry.usage), ".SH DESCRIPTION"]
        for number, (text, kept) in enumerate(entry.text):
            body = [_roff(line) for line in text.splitlines()]
            lines += [*([".PP"] if number else []), *([".nf", *body, ".fi"] if kept else body)]
        for title, rows in (("ARGUMENTS", entry.arguments), ("OPTIONS", entry.options)):
            lines += [f".SH {title}"] if rows else []
            for form, what in rows:
                lines += [".TP", f".B {_roff(form)}", _roff(what)]
        if entry.examples:
            lines += [".SH EXAMPLES", ".nf", *(_roff(line) for line in entry.examples), ".fi"]
        pages[f"{name}.1"] = [*lines, *_exits(), ".SH SEE ALSO", ".BR fwsim (1)"]
    return {name: "\n".join(lines) + "\n" for name, lines in pages.items()}


def _head(name: str, line: str) -> list[str]:
    return [f'.TH {name.upper()} 1 "" "fwsim {__version__}" "fwsim"', ".SH NAME", f"{_roff(name)} \\- {_roff(line)}"]


def _exits() -> list[str]:
    return [".SH EXIT STATUS", *(line for code, what in EXITS for line in (".TP", f".B {code}", _roff(what)))]


def _roff(text: str) -> str:
    """``text`` as roff prints it: no backslash, hyphen, quote or leading dot of it is a request."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return plain.replace("^", "\\(ha").replace("~", "\\(ti") if not plain.startswith(".") else "\\&" + plain


def main() -> None:
    """Write the page into the file, or the man pages into the folder, that the command line names."""
    target = Path(sys.argv[1])
    if target.suffix == ".md":
        target.write_text(page(), encoding="utf-8")
        return
    target.mkdir(parents=True, exist_ok=True)
    for name, text in man_pages().items():
        (target / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
