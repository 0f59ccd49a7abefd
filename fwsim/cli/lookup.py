"""`fwsim lookup`: what is this register, and what does this value say?"""

import json
from typing import Annotated

import typer

from fwsim.errors import FwsimError


def lookup(
    address: Annotated[
        str | None, typer.Argument(help="Where: 0x70180, or 02.0:5c in pci space.", show_default=False)
    ] = None,
    value: Annotated[str | None, typer.Argument(help="What it holds, to be decoded.", show_default=False)] = None,
    space: Annotated[str, typer.Option(help="Address space: mmio, pci, port, iobar, gtt, vtd, opregion, ...")] = "mmio",
    gen: Annotated[
        str | None, typer.Option(help="Generation (2 to 12) or host cpu, such as haswell.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Where the register of this name is, in each generation.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Decode a register.

    Examples: fwsim lookup 0x70180 0xd8000000 --gen 7; fwsim lookup 02.0:50 0x0209 --space pci --gen haswell;
    fwsim lookup --name BDSM
    """
    from fwsim.registers.lookup import at_address, parse_value, places_of

    if (address is None) == (name is None):
        raise FwsimError(
            "one thing to look up is needed",
            where="fwsim lookup",
            found="neither" if name is None else "an address and a name",
            expected="ADDRESS [VALUE], or --name NAME",
            hint="fwsim lookup 0x70180 0xd8000000 --gen 7",
        )
    if name is not None:
        places = places_of(name)
        if as_json:
            typer.echo(json.dumps({"places": [place.as_dict() for place in places]}))
            return
        from fwsim.report.lookup import render_places

        _show(render_places(places))
        return
    answers = at_address(
        str(address), None if value is None else parse_value(value), space, int(gen) if gen and gen.isdigit() else gen
    )
    if as_json:
        typer.echo(json.dumps({"registers": [answer.as_dict() for answer in answers]}))
        return
    from fwsim.report.lookup import render_answers

    _show(render_answers(answers))


def _show(what: object) -> None:
    """Print, in 80 columns at least; rich is imported late so that --help stays fast."""
    from rich.console import Console

    console = Console(width=None if _is_terminal() else 80, highlight=False)
    console.print(what)


def _is_terminal() -> bool:
    import sys

    return sys.stdout.isatty()
