"""``fwsim alloc`` shows where a firmware places BARs, OpRegion and stolen memory. No ROM is run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fwsim.cli import common
from fwsim.errors import FwsimError
from fwsim.placement.allocate import Allocation, Ask, explain, place
from fwsim.placement.ask import parse_bars, parse_option
from fwsim.units import parse_size

Results = list[Allocation | tuple[str, str]]
"""Placements; a firmware that refuses the configuration is (name, why)."""
_DEFAULT = Ask()


def _option(help_text: str, *names: str, metavar: str = "SIZE") -> Any:
    return typer.Option(*names, help=help_text, metavar=metavar, show_default=False)


def alloc(
    firmware: Annotated[str, _option("seabios, ovmf, hvmloader, bhyve, acrn, crosvm, host-base, fake-bar, "
                                     "seabios-image, ovmf-image (executed), "
                                     "coreboot, none, or an installed one.",
                                     metavar="KIND")] = "seabios",
    version: Annotated[str, _option("The firmware's version; default its usual one.", metavar="V")] = "",
    machine: Annotated[str, _option("pc (i440fx, the default) or q35.", metavar="M")] = "pc",
    ram: Annotated[str, _option("The guest's RAM; default 2G.")] = "2G",
    stolen: Annotated[str, _option("Stolen memory to place; default what GGC says.")] = "",
    opregion: Annotated[str, _option("Size of the OpRegion; default 8K, 0 for none.")] = "8K",
    gen: Annotated[str, _option("Generation (2 to 13) or host cpu; default sandybridge.", metavar="G")] = _DEFAULT.gen,
    ggc: Annotated[str, _option("The word at 0x50 as the guest reads it; default fits --stolen.", metavar="V")] = "",
    bars: Annotated[list[str] | None, _option("BARs: [SLOT=]INDEX:SIZE[:KIND],... KIND mem, pref, mem64, pref64, io; "
                                              "without SLOT the IGD's.", metavar="BARS")] = None,
    slot: Annotated[str, _option("Where the IGD is; default 00:02.0.", metavar="BDF")] = _DEFAULT.slot,
    class_code: Annotated[str, _option("Its class, such as 0380; default 030000.", "--class", metavar="C")] = "030000",
    device: Annotated[str, _option("Its device id; default the host cpu's.", metavar="ID")] = "",
    rom: Annotated[str, _option("Size of its ROM BAR; default none.")] = "0",
    max_low: Annotated[str, _option("QEMU's max-ram-below-4g.", "--max-ram-below-4g")] = "0",
    ecam: Annotated[str, _option("hvmloader mmconfig on q35: 64M (default), 128M or 256M.")] = "64M",
    driver: Annotated[str, _option("OVMF's IGD driver: vfioigd (default), gvt or none.", metavar="D")] = "vfioigd",
    profile: Annotated[str, _option("QEMU: 5.0, 9.2, 10.0 (default) or next.", metavar="P")] = _DEFAULT.profile,
    host_bdsm: Annotated[str, _option("Base of the host's stolen memory (bhyve, acrn, host-base).", metavar="A")] = "",
    host_asls: Annotated[str, _option("The host's OpRegion (bhyve, acrn).", metavar="A")] = "",
    holder: Annotated[str, _option("fake-bar: igd (default), isa, bridge or device.", metavar="H")] = _DEFAULT.holder,
    guest: Annotated[str, _option("fake-bar: linux (default), linux-6.15 or windows.", metavar="G")] = _DEFAULT.guest,
    cpu: Annotated[str, _option("The guest's CPU: host (default), or a model of QEMU's such as Haswell or qemu64.",
                                metavar="MODEL")] = _DEFAULT.cpu,
    phys_bits: Annotated[str, _option("Its physical address bits; default what the model has.", metavar="N")] = "0",
    cpus: Annotated[str, _option("How many CPUs; default 1.", metavar="N")] = "1",
    accel: Annotated[str, _option("kvm (default) or tcg.", metavar="A")] = _DEFAULT.accel,
    legacy: Annotated[str, _option("QEMU's legacy mode gives 00:00.0 the host's subsystem id: on, or off (default).",
                                   metavar="S")] = _DEFAULT.legacy,
    acpi_tables: Annotated[str, _option("SeaBIOS: QEMU's ACPI tables; default 128K.")] = "128K",
    smbios: Annotated[str, _option("SeaBIOS: SMBIOS structures, as dmidecode says; default what QEMU makes.")] = "0",
    option: Annotated[list[str] | None, _option("An option of the firmware's own; may be repeated.",
                                                metavar="NAME=VALUE")] = None,
    compare: Annotated[str, _option("Several firmwares beside each other: K,K,...", metavar="K,K")] = "",
    png: Annotated[Path | None, _option("Draw the address space into this file.", metavar="FILE")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when a check fails.")] = False,
    json: common.Json = False,
) -> None:  # fmt: skip
    """Show which firmware places what where: e820, BARs, BDSM, ASLS, its log. No ROM is run.

    \b
    Examples:
      fwsim alloc --firmware seabios --machine pc --ram 2G --stolen 64M
      fwsim alloc --gen 12 --machine q35 --ram 6G --compare seabios,ovmf,host-base
      fwsim alloc --firmware ovmf --stolen 32M --json > placement.json
    """
    ask = Ask(
        firmware=firmware, version=version, machine=machine, ram=parse_size(ram, "--ram"),
        stolen=_number(stolen, "--stolen"), opregion=parse_size(opregion, "--opregion"), gen=gen,
        ggc=_number(ggc, "--ggc"), bars=[bar for text in bars or () for bar in parse_bars(text)], slot=slot,
        class_code=_class(class_code), device=_hex(device, "--device") if device else -1, driver=driver,
        holder=holder, guest=guest, profile=profile, host_bdsm=_number(host_bdsm, "--host-bdsm"),
        host_asls=_number(host_asls, "--host-asls"), rom=parse_size(rom, "--rom"),
        max_low=parse_size(max_low, "--max-ram-below-4g"), ecam=parse_size(ecam, "--ecam"),
        cpu=cpu, phys_bits=parse_size(phys_bits, "--phys-bits"), cpus=parse_size(cpus, "--cpus"), accel=accel,
        legacy=legacy, acpi_tables=parse_size(acpi_tables, "--acpi-tables"), smbios=parse_size(smbios, "--smbios"),
        options=dict(parse_option(text) for text in option or ()),
    )  # fmt: skip
    results: Results = _compare(ask, compare) if compare else [explain(place(ask))]
    placed = [result for result in results if isinstance(result, Allocation)]
    if png is not None:
        from fwsim.report.address_map import write_address_map

        write_address_map(png, placed)
    _show(results, bool(compare), json)
    if strict and any(result.failed for result in placed):
        raise typer.Exit(1)


def _number(text: str, where: str) -> int:
    return parse_size(text, where) if text else -1


def _hex(text: str, where: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise FwsimError("not a hexadecimal number", where=where, found=repr(text), expected="such as 0x0126") from None


def _class(text: str) -> int:
    """030000, or 0300 with programming interface 0."""
    code = _hex(text, "--class")
    return code << 8 if len(text.lower().removeprefix("0x")) <= 4 else code


def _compare(ask: Ask, names: str) -> Results:
    """Each firmware's placement of the same configuration; one that refuses it is (name, why).

    An option reaches those that have it; version and options are else those of ``ask.firmware`` alone.
    """
    from msgspec.structs import replace

    from fwsim.firmware.allocators import allocator

    results: Results = []
    rows = {  # a name that is none is the user's error, not the firmware's
        name: allocator(name) for name in dict.fromkeys(part.strip() for part in names.split(",") if part.strip())
    }
    known = {field for row in rows.values() for field in row.options.__struct_fields__}
    if unknown := next((name for name in ask.options if name not in known), None):
        raise FwsimError(
            "no firmware here has such an option", where=f"--option {unknown}", found=unknown,
            expected=", ".join(sorted(known)) or "none: they have no options", hint="remove it",
        )  # fmt: skip
    for name, row in rows.items():
        options = {key: value for key, value in ask.options.items() if key in row.options.__struct_fields__}
        version = ask.version if name == ask.firmware else ""
        try:
            results.append(explain(place(replace(ask, firmware=name, version=version, options=options))))
        except FwsimError as error:
            results.append((name, f"{error.what} ({error.found})" if error.found else error.what))
    if not any(isinstance(result, Allocation) for result in results):
        refused = "; ".join(f"{name}: {why}" for name, why in (r for r in results if isinstance(r, tuple)))
        raise FwsimError("no firmware takes this configuration", where="--compare", found=refused or repr(names))
    return results


def _show(results: Results, many: bool, json: bool) -> None:
    if json:
        documents = [each if isinstance(each, Allocation) else {"kind": each[0], "error": each[1]} for each in results]
        common.emit_json({"placements": documents} if many else documents[0])
        return
    with common.imports():
        from fwsim.report.alloc import render, render_many

    first = results[0]
    common.emit(render_many(results) if many or not isinstance(first, Allocation) else render(first))


app = common.app(alloc)
