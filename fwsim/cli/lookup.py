"""``fwsim lookup`` says what a register is, and what a value in it means."""

from typing import Annotated

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError


def lookup(
    address: Annotated[
        str | None, typer.Argument(help="Where: 0x70180, or 02.0:5c in pci space; or a name.", show_default=False)
    ] = None,
    value: Annotated[str | None, typer.Argument(help="What it holds, to be decoded.", show_default=False)] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="Address space: mmio, pci, port, iobar, gtt, vtd, opregion, vbt, dpcd, int, ... "
            "Left out: the first of mmio, pci and port that has a register there.",
            show_default=False,
        ),
    ] = None,
    gen: Annotated[
        str | None, typer.Option(help="Generation (2 to 13) or host cpu, such as haswell.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Where the register of this name is, in each generation.", show_default=False)
    ] = None,
    json: common.Json = False,
) -> None:
    """Decode one register, or say where one is.

    \b
    Examples:
      fwsim lookup 0x70180 0xd8000000 --gen 7
      fwsim lookup 02.0:50 0x0209 --space pci --gen haswell
      fwsim lookup 0x1 0xdba00001 --space gtt --gen 6
      fwsim lookup 15:5f51 3 --space int
      fwsim lookup BDSM
    """
    if (address is None) == (name is None):
        raise FwsimError(
            "one thing to look up is needed",
            where="fwsim lookup",
            found="neither an address nor a name" if name is None else "an address and a name",
            expected="ADDRESS [VALUE], or --name NAME",
            hint="fwsim lookup 0x70180 0xd8000000 --gen 7",
        )
    if name is None and is_name(address or ""):
        if value is not None:
            raise FwsimError(
                "a value is decoded at an address", where="fwsim lookup", found=address or "", expected="ADDRESS VALUE",
                hint=f"where it is: fwsim lookup {address}",
            )  # fmt: skip
        name = address
    if name is not None:
        _show_name(name, gen, json)
    else:
        _show_address(address or "", value, space, gen, json)


def is_name(text: str) -> bool:
    """Whether ``text`` is a register's name and no address: one word, it begins with a letter and has no dot."""
    return text[:1].isalpha() and not any(each in text for each in ".: =")


def _show_name(name: str, gen: str | None, json: bool) -> None:
    from fwsim.registers.lookup import places_of

    places = places_of(name, gen)
    if json:
        common.emit_json({"places": [place.as_dict() for place in places]})
        return
    from fwsim.report.lookup import render_places

    common.emit(render_places(places))


def _show_address(address: str, value: str | None, space: str | None, gen: str | None, json: bool) -> None:
    from fwsim.registers.lookup import at_address, parse_value

    answers = at_address(address, None if value is None else parse_value(value), space, gen)
    if json:
        common.emit_json({"registers": [answer.as_dict() for answer in answers]})
        return
    from fwsim.report.lookup import render_answers

    common.emit(render_answers(answers))


app = common.app(lookup)
