"""The command ``fwsim`` itself: the list of its commands, and the options that come before one."""

from typing import Annotated

import typer

from fwsim.cli import COMMANDS, common, output, version

app = common.group(
    "", COMMANDS,
    "Run a real video option ROM on a modelled Intel graphics machine, and see what it did and why.\n\n"
    "Example: fwsim demo",
    epilog="Every command has --help with an example, and --json.", add_completion=True,
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        output.write(version())
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options that come before a command."""
