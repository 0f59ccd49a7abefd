"""A scenario becomes a machine: its board plugged in, the hypervisor in between, the firmware's placement applied."""

import struct
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from fwsim.board.capabilities import capabilities
from fwsim.board.display import attached, display_adapter, display_function, links
from fwsim.board.function import Board
from fwsim.board.fw_tables.guest import Guest as FirmwareGuest
from fwsim.board.host import host_board, host_pm_base
from fwsim.board.others import other_functions
from fwsim.board.pc import guest_board
from fwsim.board.power_on import at_reset
from fwsim.board.setup import set_up
from fwsim.devices.adapters import Adapter
from fwsim.devices.igd.behaviours.table import unmeasured
from fwsim.devices.igd.device import Igd, Stolen
from fwsim.devices.igd.layout import G_OWNER
from fwsim.devices.igd.planes import panel_powered, running_pipes
from fwsim.devices.serial import SerialPort
from fwsim.errors import FwsimError
from fwsim.firmware.image import FirmwareImage
from fwsim.firmware.request import Host as HostFacts
from fwsim.firmware.request import Request
from fwsim.hypervisor.interface import LPC_BRIDGE, OPREGION_CUT, OPREGION_FILE, Assignment
from fwsim.hypervisor.vfio.opregion import view_of
from fwsim.machine.apply_placement import Placed, Wish, place
from fwsim.machine.assigned import install
from fwsim.machine.behind_bar import follow
from fwsim.machine.built import RAMFB_FILE, Built
from fwsim.machine.config_space import install as route
from fwsim.machine.config_space import place_window
from fwsim.machine.function_reset import listen
from fwsim.machine.left import Left, take_over
from fwsim.machine.machine import Machine
from fwsim.machine.moved_ram import Split, moved_ram
from fwsim.machine.plugged import Plugged, plug_all
from fwsim.machine.power_on import Told, add_platform, show_rom, switch_on
from fwsim.machine.register_pair import install as install_pair
from fwsim.memory.ram import PAGE, Ram
from fwsim.rom.chain import Rom, read_file
from fwsim.rom.finding import Finding
from fwsim.rom.opregion import SIZE as OPREGION_SIZE
from fwsim.rom.opregion import build_opregion, parse_opregion
from fwsim.scenario.host_functions import place_of, refusals
from fwsim.scenario.model import Firmware, Scenario
from fwsim.scenario.options import allocator_of
from fwsim.trace.event import Actor

VGA_ROM_FILE = "vgaroms/vbios.rom"
"""What QEMU makes of a ROM with rombar=0 (hw/pci/pci.c, pci_add_option_rom: the file's own name)."""
PM_TIMER = 8
"""Where the timer is from the ACPI base on (ACPI 6.5, 4.8.3.3; every chipset here)."""
MAPPED_PAGES = 16
"""As many pages of the host, from its OpRegion on, as a hypervisor may map into the guest; what is behind reads 0."""


def board_of(scenario: Scenario, adapter: Adapter | None, given: Assignment) -> Board:
    """What is plugged into the scenario's machine: the host itself, or its guest's PC."""
    display = display_function(scenario, adapter)
    design = scenario.hypervisor.design
    if design.on_host:
        return host_board(scenario.host, display)
    board = guest_board(
        scenario.guest.machine, display, other_functions(scenario.function), lpc=given.lpc, copies=given.copies,
        stubs=given.stubs, host=host_board(scenario.host, None).functions, release=design.qemu_release,
        ram=scenario.guest.ram, isa_bridge=scenario.guest.isa_bridge,
    )  # fmt: skip
    if given.absent:
        left = tuple(each for each in board.functions if each.bdf not in given.absent)
        board = replace(board, functions=left, pm_bases=() if LPC_BRIDGE in given.absent else board.pm_bases)
    return at_reset(board) if executes(scenario) else set_up(board, scenario.guest.machine)


def executes(scenario: Scenario) -> bool:
    """Whether the scenario's firmware is an image that is executed."""
    return bool(allocator_of(scenario.firmware)[0].image)


def assignment(scenario: Scenario, adapter: Adapter | None) -> Assignment:
    """What the scenario's hypervisor makes of the IGD; nothing where another adapter is in its place.

    Raises FwsimError where it refuses the device altogether.
    """
    if adapter is not None:
        return Assignment(opregion=False)
    given = scenario.assignment
    if given.error and not given.aborted:
        field, gms = given.error_field or "kind", given.error_field == "gms"
        tables = Scenario.__struct_fields__
        raise FwsimError(
            f"{scenario.hypervisor.design.title} refuses the device",
            where=field if field.partition(".")[0] in tables else f"hypervisor.{field}", found=given.error,
            expected=given.error_expected or ("0, or a GMS code that the generation has" if gms else "an IGD it takes"),
            hint=given.error_hint or ("leave hypervisor.gms out to use the host's own" if gms else ""),
        )  # fmt: skip
    _check_groups(scenario)
    return given


def _check_groups(scenario: Scenario) -> None:
    """Refuse what vfio refuses of the host's functions that the guest is given."""
    design = scenario.hypervisor.design
    for refused in refusals(scenario) if design.by_vfio else ():
        raise FwsimError(
            f"{design.title} does not get the device: {refused.why}", where=place_of(scenario, refused),
            found="; ".join([design.group_text(refused), *([refused.kernel] if refused.kernel else [])]),
            expected="an IOMMU group that the guest can have", hint=f"{refused.next}; see docs/groups.md",
        )  # fmt: skip


def build(
    scenario: Scenario, rom: Rom, image: bytes, recorder_path: Path | None, *, before: Left | None = None,
    without: frozenset[str] = frozenset(), mode: str = "real",
) -> Built:  # fmt: skip
    """The machine of ``scenario``. ``image`` is the ROM as its device or fw_cfg offers it; ``before``: the IGD as who
    had it earlier left it. Raises FwsimError for what cannot be built.
    """
    adapter = display_adapter(scenario, rom)
    warnings: list[str] = []
    host = scenario.host
    family, displays = host.family, attached(scenario, rom, warnings)
    base = host.stolen_base
    given = assignment(scenario, adapter)
    if adapter is None and (note := unmeasured(family)):
        warnings.append(f"warning: host.cpu: {note}")
    igd = None if adapter else Igd(
        family, displays, family.gtt_size, without, Stolen(host.ggc, base), links(scenario)
    )  # fmt: skip
    board = board_of(scenario, adapter, given)
    moved = moved_ram(scenario, board, len(image))
    split = moved[1] if moved else None
    machine = Machine(
        scenario, recorder_path, igd, adapter, vga=given.vga, mode=mode, split=split, moves=executes(scenario)
    )  # fmt: skip
    if given.vga_ports is not None:
        machine.show_vga_ports(given.vga_ports)
    machine.functions = plug_all(machine.pci, board)
    for each in machine.functions:
        if each.spec.shadow is not None and not _answers_for(scenario, given, each, each.spec.shadow.pam):
            machine.windows.shadow.follow_bridge(each.slot, each.spec.shadow)
    if adapter:
        _attach(machine, adapter, displays)
    built = Built(machine, Placed(), given, (base, base + (host.stolen_size if igd else 0)), (0, 0))
    design = machine.design
    built.config_design = route(machine, scenario.device)
    opregion = host_opregion(scenario, rom, warnings)
    if igd:
        if family.local_memory:
            _local_memory(machine, igd, family.local_memory + host.stolen_size)
        if before:
            take_over(machine, before)
        if design.on_host:
            _host_memory(built, opregion)
        else:
            slot = next(each.slot for each in machine.functions if each.spec is board.display)
            device = scenario.device
            found = replace(device.regions, asls=view_of(opregion, host.asls).config_asls)
            pages = _opregion_pages(host.asls, opregion, MAPPED_PAGES)
            install(machine, igd, slot, replace(device, regions=found), given, pages, built.log)
            if given.opregion:
                given.files[OPREGION_FILE] = design.opregion(opregion, host.asls)
        if design.guest_reset != "dropped":
            display = next(each for each in machine.functions if each.spec is board.display)
            listen(machine, display, capabilities(family, host.device_id), restores=design.guest_reset == "restored")
    _add_platform(built, board, image)
    if executes(scenario):
        _switch_on(built, scenario, image)
    else:
        _place(built, scenario, len(image), moved[0] if moved else None)
    install_pair(built, scenario)
    built.log += warnings
    built.log += [f"{design.title}: {each}" for each in given.messages if not each.startswith("info: ")]
    if igd and (cut := design.opregion_cut(opregion, host.asls)):
        built.log.append(f"{OPREGION_CUT}: {cut}")
    _dma(built, scenario, () if design.on_host or igd is None else _identity(built, scenario))
    if igd:
        placed = built.placed.bdsm, built.placed.bdsm + (built.placed.size or given.stolen)
        built.guest_stolen = built.host_stolen if design.on_host else placed
        igd.block[G_OWNER] = 1
    return built


def _answers_for(scenario: Scenario, given: Assignment, function: Plugged, offset: int) -> bool:
    """Whether the hypervisor answers this register in the function's stead: then what the board has there is not it."""
    rows = scenario.hypervisor.design.registers(scenario.device, given, function.spec.asked())
    return any(row.treatment != "watched" and row.offset <= offset < row.offset + row.width for row in rows)


def _attach(machine: Machine, adapter: Adapter, displays: dict[str, bytes]) -> None:
    """The first display that is plugged in is this card's; a card without PCI shows its memory at a fixed address."""
    machine.vga.set_monitor(next(iter(displays.values()), None))
    if adapter.window:
        machine.engine.unmap(adapter.window, machine.vga.vram.nbytes)
        machine.engine.map_bytes(adapter.window, machine.vga.vram)


def host_opregion(scenario: Scenario, rom: Rom | None, log: list[str]) -> bytes:
    """The host's own OpRegion, before anybody changes it for a guest: the scenario's file, or one made from the ROM's
    VBT. What is odd about the file goes to ``log``.
    """
    if scenario.host.opregion:
        path, findings = Path(scenario.host.opregion), list[Finding]()
        data = path.read_bytes()
        parse_opregion(data, findings, str(path))
        odd = [finding for finding in findings if finding.level != "note"]
        log += [f"warning: host.opregion: {path.name}: {each.what}: {each.found}" for each in odd]
        return data
    return build_opregion(vbt_of(scenario, rom))


def vbt_of(scenario: Scenario, rom: Rom | None) -> bytes:
    """The host's VBT: the scenario's file, or the one in the ROM's legacy image; empty where there is none."""
    if scenario.host.vbt:
        return read_file(scenario.host.vbt, expected="a VBT")
    vbt = rom.legacy.vbt if rom and rom.legacy else None
    return rom.data[vbt.offset : vbt.offset + vbt.size] if rom and vbt else b""


def _local_memory(machine: Machine, igd: Igd, size: int) -> None:
    """The memory that BAR2 shows in place of an aperture: stolen memory, the GTT's and then the rest.

    The GTT's part is memory of its own here: an entry written there is not in the GTT.
    """
    machine.local = Ram(size, "stolen memory behind BAR2")
    igd.set_local(machine.local.address, size)


def _host_memory(built: Built, opregion: bytes) -> None:
    """On the host itself: stolen memory and OpRegion have backing of their own, over RAM or beside it."""
    machine, host = built.machine, built.machine.scenario.host
    stolen_size = built.host_stolen[1] - built.host_stolen[0]
    if stolen_size and not machine.local:
        built.stolen_ram = Ram(stolen_size, "host stolen memory")
        machine.extra.append(built.stolen_ram)
        if host.stolen_base < 1 << 32:
            machine.windows.add_memory(host.stolen_base, built.stolen_ram)
    if host.asls:  # a generation without an OpRegion has none at 0 either, over the interrupt vectors
        pages = _opregion_pages(host.asls, opregion)
        machine.extra.append(pages)
        machine.windows.add_memory(host.asls // PAGE * PAGE, pages)


def _opregion_pages(asls: int, opregion: bytes, least: int = 1) -> Ram:
    """The whole pages that the host's OpRegion at ``asls`` lies in, and on to ``least`` of them."""
    at = asls % PAGE
    pages = Ram(max(least, (at + len(opregion) + PAGE - 1) // PAGE) * PAGE, "host OpRegion")
    pages.write(at, opregion)
    return pages


def _memory_told(machine: Machine) -> list[tuple[int, int, int]]:
    """(start, size, type) of `etc/e820`: RAM, and to an image that is executed what QEMU reserves besides."""
    if not executes(machine.scenario):
        return [(start, size, 1) for start, size in ((0, machine.low), (1 << 32, machine.high)) if size]
    guest = machine.scenario.guest
    asked = Request(guest.machine, guest.ram, cpu=machine.scenario.cpu, release=machine.design.release)
    return [(entry.start, entry.size, int(entry.type)) for entry in asked.start_map()]


def _told(machine: Machine, e820: Sequence[tuple[int, int, int]], board: Board) -> Told | None:
    """What the scenario's firmware is told, where it is an image that is executed."""
    scenario = machine.scenario
    if not executes(scenario):
        return None
    guest = FirmwareGuest(
        scenario.guest.machine,
        e820,
        release=machine.design.release,
        functions=tuple(each.bdf for each in board.functions),
    )
    floppy = scenario.payload.floppy
    return Told(guest, Path(floppy).read_bytes() if floppy else b"")


def _add_platform(built: Built, board: Board, rom: bytes) -> None:
    machine = built.machine
    files = dict(built.given.files)
    files[RAMFB_FILE] = bytes(28)
    rows = _memory_told(machine)
    files["etc/e820"] = b"".join(struct.pack("<QQI", *row) for row in rows)
    if rom and executes(machine.scenario) and machine.scenario.hypervisor.rombar == "off":
        files[VGA_ROM_FILE] = rom
    built.fw_cfg = add_platform(machine, files, built.log.append, _told(machine, rows, board))
    interrupts = machine.interrupts
    assert interrupts is not None
    if machine.igd:
        plugged = next(each for each in machine.functions if each.spec is board.display)
        interrupts.attach(plugged.slot, plugged.devfn)
    for base in board.pm_bases:
        machine.add_pm_timer(base)
    host = host_pm_base(machine.scenario.host.family)
    if host + PM_TIMER in built.given.host_ports:
        machine.add_pm_timer(host)


def _switch_on(built: Built, scenario: Scenario, rom: bytes) -> None:
    """Put the firmware's image at the reset vector, and the ROM where it will find it."""
    machine, (row, options) = built.machine, allocator_of(scenario.firmware)
    assert isinstance(row, FirmwareImage)
    display = next((each for each in machine.functions if each.devfn == scenario.guest.devfn), None)
    if rom and display and scenario.hypervisor.rombar == "on":
        show_rom(machine, display, rom)
    if row.every_mode:
        machine.add_device(SerialPort(built.log.append))
    file = scenario.firmware.image
    switch_on(machine, row.read(file), scenario.cpu, row.variables(file, options))


def _place(built: Built, scenario: Scenario, rom_size: int, ram: Split | None) -> None:
    """Let the firmware place things; on a host, its stolen memory and OpRegion are where the scenario says.

    ``ram``: how RAM was split before the firmware moved some.
    """
    machine, host = built.machine, scenario.host
    bare = scenario.hypervisor.design.on_host and machine.igd is not None
    opregion = next((extra.size for extra in machine.extra if extra is not built.stolen_ram), OPREGION_SIZE)
    start = host.asls // PAGE * PAGE
    taken = [built.host_stolen, *([(start, start + opregion)] if host.asls else [])] if bare else []
    asked = machine.igd is not None and not bare
    facts = HostFacts(host.stolen_base, host.bdsm | 1, built.host_stolen[1] - built.host_stolen[0], host.asls,
                      host.family.gen, host.family.name) if asked else HostFacts()  # fmt: skip
    ggc_at = host.family.ggc_igd if asked and host.family.gen >= 6 else None
    wish = Wish(
        machine=scenario.guest.machine, low=machine.low, high=machine.high, functions=machine.functions,
        display=scenario.guest.devfn, files=built.given.files, rom_size=rom_size, firmware=scenario.firmware,
        facts=facts, cpu=scenario.cpu, release=scenario.hypervisor.design.release, host=taken,
        reserved=() if bare or machine.igd is None else machine.design.identity(scenario.device) or (),
        built=ram, hypervisor="" if bare else scenario.hypervisor.kind, placed_by=scenario.hypervisor.design.placed_by,
        ggc=None if ggc_at is None else machine.pci.seen_by_guest(machine.pci.slot(scenario.guest.devfn), ggc_at, 2),
    )  # fmt: skip
    with machine.acting(Actor.FIRMWARE):
        built.placed = place(wish, machine.pci, machine.root, machine.ram)
        ecam = allocator_of(scenario.firmware)[0].ecam(scenario.guest.machine, scenario.firmware.version)
        if ecam and built.config_design:
            place_window(machine, ecam)
    for start, memory in built.placed.backing:
        machine.extra.append(memory)
        if start < 1 << 32 and all(memory is not each for each in built.placed.held.values()):
            machine.windows.add_memory(start, memory)
    if bare:
        built.placed.bdsm, built.placed.asls = host.stolen_base, host.asls
    built.log[:0] = built.placed.log


def _identity(built: Built, scenario: Scenario) -> list[tuple[int, Ram]]:
    """Memory of the host's that a guest has at the host's own addresses, and the first address of each."""
    machine, found = built.machine, []
    for start, end in machine.design.identity(scenario.device) or ():
        memory = Ram(end - start, "memory of the host")
        machine.extra.append(memory)
        found.append((start, memory))
        if start < 1 << 32:
            machine.windows.add_memory(start, memory)
    return found


def _dma(built: Built, scenario: Scenario, identity: Sequence[tuple[int, Ram]]) -> None:
    """Where the device's DMA reaches memory: a guest's RAM by the IOMMU, and ``identity``; on a host everything, but
    stolen memory that the domain of the host's own does not have.
    """
    machine, igd = built.machine, built.machine.igd
    if igd is None:
        return
    ram = machine.ram.address
    regions = []
    if built.stolen_ram:
        start, end = built.host_stolen
        mapped = machine.design.identity(scenario.device)
        parts = ((max(start, first), min(end, last)) for first, last in ([(start, end)] if mapped is None else mapped))
        regions += [(at, last, built.stolen_ram.address + at - start) for at, last in parts if at < last]
    own = {id(memory): start for start, memory in (*built.placed.backing, *identity)}
    apart = {id(memory) for memory in (built.stolen_ram, *built.placed.held.values())}
    for extra in machine.extra:
        if id(extra) not in apart:
            start = own.get(id(extra), scenario.host.asls // PAGE * PAGE)
            regions.append((start, start + extra.size, extra.address))
    regions.append((0, min(0xA0000, machine.low), ram))
    if machine.low > 0xC0000:
        regions.append((0xC0000, machine.low, ram + 0xC0000))
    if machine.high:
        regions.append((1 << 32, (1 << 32) + machine.high, ram + machine.low))
    igd.set_dma(regions)
    if built.placed.held:
        follow(machine, built.placed.held)


def lights(built: Built) -> str:
    """Which pipes are on now, and whether the panel has power; "" for a display device other than the IGD."""
    igd = built.machine.igd
    if igd is None:
        return ""
    pipes = running_pipes(igd.family, igd.register)
    power = "on" if panel_powered(igd.family, igd.register) else "off"
    return f"pipe {', '.join(pipes)} on, panel power {power}" if pipes else f"no pipe on, panel power {power}"


def host_of(scenario: Scenario, *, calls: bool = False) -> Scenario:
    """The scenario of a POST on the host itself: nobody in between, init only, or with the ``calls``."""
    from msgspec.structs import replace as with_fields

    return with_fields(
        scenario,
        host=with_fields(scenario.host, post="", post_mode=0),
        hypervisor=with_fields(scenario.hypervisor, kind="none"),
        firmware=Firmware(kind="none"),
        rom=with_fields(scenario.rom, source="file", posts=1, coreboot_table=False, before=()),
        call=scenario.call if calls else (),
    )
