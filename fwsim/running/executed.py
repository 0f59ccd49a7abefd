"""Firmware images that place: a machine with just what they are asked to place runs them, and is read afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from msgspec.structs import replace

from fwsim.board.function import BarSpec, Board, BoardFunction, Setting
from fwsim.board.fw_tables.guest import Guest as FirmwareGuest
from fwsim.board.pc import chipset
from fwsim.board.power_on import at_reset
from fwsim.environment.ending import Ending
from fwsim.environment.reset import Reset
from fwsim.errors import FwsimError
from fwsim.firmware.image import FirmwareImage, ImageOptions, SeabiosImage
from fwsim.firmware.interface import typed
from fwsim.firmware.request import ROM_BAR, Function, Placement, Request, parse_bdf
from fwsim.hypervisor.interface import BDSM_SIZE_FILE, OPREGION_FILE, Assignment
from fwsim.machine.apply_placement import Placed
from fwsim.machine.built import Built
from fwsim.machine.decode import ROM_BASE_BITS
from fwsim.machine.machine import Machine
from fwsim.machine.plugged import ROM_REGISTER, plug_all
from fwsim.machine.power_on import Told, add_platform, switch_on
from fwsim.memory.e820 import E820Type
from fwsim.memory.ramsplit import ram_split
from fwsim.scenario.model import Budget, Firmware, Guest, Scenario
from fwsim.units import MIB

ASLS, BDSM, NEW_BDSM = 0xFC, 0x5C, 0xC0
_INTEL, _DISPLAY = 0x8086, 0x03
_REGISTERS = (Setting(ASLS, 4, 0, 0xFFFFFFFF), Setting(BDSM, 4, 0, 0xFFFFFFFF), Setting(NEW_BDSM, 8, 0, (1 << 64) - 1))
"""As a hypervisor answers them: storage."""
_WINDOW = re.compile(r"PCI: (IO|32|64): ([0-9a-f]+) - ([0-9a-f]+)")
_RETURNED = re.compile(r"Returned (\d+) bytes of ZoneHigh")
_RELOCATED = re.compile(r"Relocating init from 0x[0-9a-f]+ to 0x([0-9a-f]+) \(size (\d+)\)")
_MAPPED = re.compile(r"PCI: map device bdf=([0-9a-f:.]+)  bar (\d), addr ([0-9a-f]+)")
_BEHIND = re.compile(r"PCI: secondary bus (\d+) size ([0-9a-f]+) type (io|mem|prefmem)")
_KINDS = {"io": "io", "mem": "mem", "prefmem": "pref"}
_WARNING = "WARNING"
_CODE = 256 * MIB
"""Bytes of code after which an image that does not come to its end is given up; a boot takes 20 MiB."""


class PlacingSeabios(SeabiosImage):
    """SeaBIOS's image as an allocator."""

    def place(self, request: Request) -> Placement:
        """Run the image on a machine of ``request``'s functions until it would boot. Raises FwsimError for no image."""
        if request.cpu.count > 1:
            raise FwsimError(
                "the engine has one CPU", where="--cpus", found=str(request.cpu.count), expected="1",
                hint="how many there are moves nothing that SeaBIOS places for an IGD (measured with 1.16.2)",
            )  # fmt: skip
        image = self.read(typed(request.options, ImageOptions).image, "--option image")
        built = machine_of(request, self)
        switch_on(built.machine, image, request.cpu)
        return booted(Reset(built), request)


SEABIOS_IMAGE = PlacingSeabios()


def booted(session: Reset, request: Request) -> Placement:
    """What the firmware placed, once it has run as far as it boots something or stops."""
    built, ending = session.built, session.power_on()
    rows = session.memory_map() if ending.reason == "completed" else []
    placement = read_back(built, request)
    placement.e820 = [(start, start + size, E820Type(kind).name) for start, size, kind in rows]
    if ending.reason != "completed":
        placement.boot = why_stopped(ending, session)
        placement.warnings += placement.log[-1:]
    built.machine.recorder.close()
    return placement


def why_stopped(ending: Ending, session: Reset) -> str:
    """The firmware's own last words, where it stopped, and what it waits for where it does."""
    last = next((line for line in reversed(session.built.log) if line.strip()), "it had said nothing")
    release = session.slices.assist.release
    detail = ending.detail or (release.text(release.wait.text) if release and ending.reason == "hung" else "")
    return f"{last} ({ending.reason} at {ending.cs:04x}:{ending.ip:08x}: {detail})"


def machine_of(request: Request, firmware: FirmwareImage, code: int = _CODE) -> Built:
    """A machine with what ``firmware`` is asked to place, not yet switched on; ``code``: its budget of code bytes."""
    scenario = Scenario(
        guest=Guest(machine=cast(Any, request.machine), ram=request.ram), firmware=Firmware(kind=firmware.name),
        budget=Budget(code=code),
    )  # fmt: skip
    mode = "every" if firmware.every_mode else "real"
    split = ram_split(request.machine, request.ram, max_low=request.max_low)
    machine = Machine(scenario, None, None, None, vga=False, mode=mode, split=split, moves=True)
    machine.functions = plug_all(machine.pci, _board(request))
    for each in machine.functions:
        if each.spec.shadow is not None:
            machine.windows.shadow.follow_bridge(each.slot, each.spec.shadow)
    built = Built(machine, Placed(), Assignment(opregion=False), (0, 0), (0, 0))
    guest = FirmwareGuest(
        request.machine, _e820(request), release=request.release, acpi=request.acpi,
        functions=tuple(each.bdf for each in request.functions),
    )  # fmt: skip
    add_platform(machine, _files(request), built.log.append, Told(guest))
    return built


def _board(request: Request) -> Board:
    """The request's functions: the chipset's own with their registers, the others with what firmware looks at."""
    own = {row.bdf: row for row in chipset(request.machine, request.release, request.ram)}
    bridges = {each.bridge.secondary: each.bdf for each in request.functions if each.bridge}
    asked = sorted(request.functions, key=lambda each: each.bdf)
    rows = tuple(_function(each, own.get(each.bdf), bridges) for each in asked)
    return at_reset(Board(rows))


def is_intel_display(function: Function | BoardFunction) -> bool:
    """Whether firmware may take the function for an IGD."""
    return function.vendor == _INTEL and function.class_code >> 16 == _DISPLAY


def _function(asked: Function, own: BoardFunction | None, bridges: dict[int, int]) -> BoardFunction:
    """``bridges``: by the bus behind each, its own bdf."""
    if own is not None and own.device == asked.device:
        return replace(own, subsystem=asked.subsystem)
    bars = tuple(BarSpec(bar.index, bar.size, bar.kind, bar.is64) for bar in asked.bars)
    parent = bridges.get(asked.bdf >> 8) if asked.bdf >> 8 else None
    return BoardFunction(
        asked.bdf, asked.vendor, asked.device, asked.class_code, subsystem=asked.subsystem, bars=bars,
        rom=asked.rom_size, settings=_REGISTERS if is_intel_display(asked) else (), bridge=asked.bridge, parent=parent,
    )  # fmt: skip


def _e820(request: Request) -> list[tuple[int, int, int]]:
    return [(entry.start, entry.size, int(entry.type)) for entry in request.start_map()]


def _files(request: Request) -> dict[str, bytes]:
    files = dict(request.fw_cfg)
    if request.opregion_size is not None:
        files[OPREGION_FILE] = bytes(request.opregion_size)
    if request.bdsm_file is not None:
        files[BDSM_SIZE_FILE] = request.bdsm_file
    return files


def read_back(built: Built, request: Request) -> Placement:
    """What the registers hold, and what the log says of the rest."""
    machine, placement = built.machine, Placement(log=list(built.log))
    placement.warnings = [line for line in built.log if _WARNING in line]
    placement.log = [line for line in built.log if _WARNING not in line]
    _read_log(built.log, placement)
    for each in machine.functions:
        if not machine.pci.answers(each.devfn):
            continue
        for bar in each.bars:
            if address := machine.windows.bar_address(each, bar):
                mapped = placement.bars.setdefault((each.devfn, bar.index), address)
                if address != mapped & -bar.size:
                    placement.moved[each.devfn, bar.index] = address
        if each.spec.rom and (address := machine.pci.seen_by_guest(each.slot, ROM_REGISTER, 4) & ROM_BASE_BITS):
            placement.bars.setdefault((each.devfn, ROM_BAR), address)
        placement.command[each.devfn] = machine.pci.seen_by_guest(each.slot, 4, 2)
        if is_intel_display(each.spec):
            _read_igd(machine, each.devfn, each.slot, request, placement)
    return placement


def _read_log(log: Sequence[str], placement: Placement) -> None:
    """What the image says of it, in its order: the BARs as it mapped them first, windows, the memory that it used."""
    for line in log:
        if match := _MAPPED.match(line):
            placement.bars[parse_bdf(match[1]), int(match[2])] = int(match[3], 16)
        elif match := _WINDOW.match(line):
            name = {"IO": "io", "32": "mem32", "64": "mem64"}[match[1]]
            placement.windows[name] = int(match[2], 16), int(match[3], 16)
        elif match := _BEHIND.match(line):
            placement.bridge_windows.append((int(match[1]), int(match[2], 16), _KINDS[match[3]]))
        elif match := _RETURNED.match(line):
            placement.zonehigh_returned = int(match[1])
        elif match := _RELOCATED.match(line):
            placement.init_relocated = int(match[1], 16), int(match[2])


def _read_igd(machine: Machine, devfn: int, slot: int, request: Request, placement: Placement) -> None:
    pci = machine.pci
    if asls := pci.seen_by_guest(slot, ASLS, 4):
        placement.asls[devfn] = asls
    for register in (BDSM, NEW_BDSM):
        if base := pci.seen_by_guest(slot, register, 4):
            placement.bdsm[devfn], placement.bdsm_register[devfn] = base, register
            placement.bdsm_size[devfn] = int.from_bytes(request.bdsm_file or b"", "little")
