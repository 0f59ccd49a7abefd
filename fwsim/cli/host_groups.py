"""``fwsim host groups``: a host's IOMMU groups, whether a guest can have each, and why its members share it."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common


def groups(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="A host file, or a scenario.")],
    json: common.Json = False,
) -> None:
    """Show the IOMMU groups of a host: its [[host_function]] rows, grouped as its kernel groups them.

    A group is viable when no driver of the host has a function of it, and no RMRR holds it. Below a function stands
    why it is not in a group of its own.

    \b
    Examples:
      fwsim host groups host.toml
      fwsim host groups host.toml --json
    """
    from fwsim.report.groups import host_groups, render
    from fwsim.scenario.load import load

    found = host_groups(load(file), str(file))
    if json:
        common.emit_json(found)
    else:
        common.emit(render(found))


app = common.app(groups)
