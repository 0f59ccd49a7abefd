"""How does a scenario become a machine? Devices, the hypervisor's emulation, the firmware's placement, the BIOS."""

from dataclasses import replace
from pathlib import Path

from fwsim.devices.adapters import Adapter, adapter_for, adapter_named
from fwsim.devices.edid import default_edid, read_edid
from fwsim.devices.fw_cfg import FwCfg
from fwsim.devices.igd.device import Igd, Stolen
from fwsim.devices.igd.layout import G_OWNER
from fwsim.devices.igd.planes import panel_powered, running_pipes
from fwsim.devices.platform import Cmos, DebugPort, KeyboardController, Pic
from fwsim.errors import FwsimError
from fwsim.hypervisor import gtt_path as hypervisor
from fwsim.hypervisor.qemu.layers import Facts, Guest, set_up
from fwsim.hypervisor.vfio.opregion import region_bytes, view_of
from fwsim.machine.apply_placement import Placed, Wish, place
from fwsim.machine.board import (
    PM_BASE,
    BarSpec,
    BoardFunction,
    add_chipset,
    add_function,
    add_igd,
    host_pm_base,
)
from fwsim.machine.built import RAMFB_FILE, Built
from fwsim.machine.machine import Machine
from fwsim.memory.ram import PAGE, Ram
from fwsim.rom.chain import Rom
from fwsim.rom.finding import Finding
from fwsim.rom.opregion import SIZE as OPREGION_SIZE
from fwsim.rom.opregion import build_opregion, parse_opregion
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Actor, Flag, Op, Space

ISA_WINDOW = 0xE0000000
"""Where a VGA BIOS for ISA cards expects the linear frame buffer (SeaBIOS vgasrc/bochsvga.h, VBE_DISPI_LFB)."""


def display_device(scenario: Scenario, rom: Rom) -> Adapter | None:
    """The device in place of the IGD, or None for the IGD itself; ``auto`` goes by the ROM's ids."""
    kind = scenario.host.vga
    if kind == "igd":
        return None
    if kind != "auto":
        return adapter_named(kind).with_device(rom.device or 0)
    if rom.vendor is None or rom.device is None:
        return replace(adapter_named("stdvga"), window=ISA_WINDOW)
    if rom.vendor == 0x8086:
        return None
    adapter = adapter_for(rom.vendor, rom.device, rom.class_code or 0)
    if adapter is None:
        raise FwsimError(
            "no display device here fits this ROM", where=str(rom.path), found=f"{rom.vendor:04x}:{rom.device:04x}",
            expected="an Intel id, or one of a QEMU display device", hint="choose one with host.vga",
        )  # fmt: skip
    return adapter


def attached(scenario: Scenario, log: list[str]) -> dict[str, bytes]:
    """Port to EDID of what is plugged in; what is odd about an EDID file is added to ``log``, a line each.

    Raises FwsimError for a file that is no EDID.
    """
    displays: dict[str, bytes] = {}
    for index, display in enumerate(scenario.display):
        if display.port == "none":
            continue
        if not display.edid:
            displays[display.port] = default_edid()
            continue
        edid = read_edid(display.edid)
        displays[display.port] = edid.data
        name = Path(display.edid).name
        log += [f"warning: display.{index}.edid: {name}: {warning}" for warning in edid.warnings]
    return displays


def build(
    scenario: Scenario, rom: Rom, image: bytes, recorder_path: Path | None, *, before: Igd | None = None,
    without: frozenset[str] = frozenset(),
) -> Built:  # fmt: skip
    """The machine of ``scenario``. ``image`` is the ROM as its device or fw_cfg offers it; ``before``: the IGD as an
    earlier POST on the host left it. Raises FwsimError for what cannot be built.
    """
    adapter = display_device(scenario, rom)
    warnings: list[str] = []
    family, displays = scenario.host.family, attached(scenario, warnings)
    base = scenario.host.stolen_base
    stolen = Stolen(scenario.host.ggc, base)
    igd = None if adapter else Igd(family, displays, family.gtt_size, without, stolen)
    machine = Machine(scenario, recorder_path, igd, adapter)
    machine.functions = add_chipset(machine.pci, scenario)
    display = _add_display(machine, scenario, adapter)
    if adapter:
        _attach(machine, adapter, displays)
    if display:
        machine.functions.insert(_bus_order(machine.functions, display.devfn), display)
    stolen_size = family.gms.decode(scenario.host.ggc) if igd else 0
    built = Built(machine, Placed(), Guest(), (base, base + stolen_size), (0, 0))
    opregion = _opregion(scenario, rom, warnings)
    if igd and display:
        if before:
            igd.take_over(before)
        if scenario.hypervisor.kind == "none":
            _host_memory(built, stolen_size, opregion)
        else:
            built.guest = _hypervise(machine, scenario, igd, display, opregion)
        machine.hyp[hypervisor.H_HOST_SIZE] = stolen_size
    _zero_gtt(built)
    _add_platform(built, scenario)
    _place(built, scenario, len(image))
    built.log += warnings
    _dma(built, scenario)
    if igd:
        built.guest_stolen = (built.placed.bdsm, built.placed.bdsm + built.guest.bdsm_size)
        if scenario.hypervisor.kind == "none":
            built.guest_stolen = built.host_stolen
        igd.block[G_OWNER] = 1
    return built


def _attach(machine: Machine, adapter: Adapter, displays: dict[str, bytes]) -> None:
    """The first display that is plugged in is this card's; a card without PCI shows its memory at a fixed address."""
    machine.vga.set_monitor(next(iter(displays.values()), None))
    if adapter.window:
        machine.engine.unmap(adapter.window, machine.vga.vram.nbytes)
        machine.engine.map_bytes(adapter.window, machine.vga.vram)


def _bus_order(functions: list[BoardFunction], devfn: int) -> int:
    return next((i for i, function in enumerate(functions) if function.devfn > devfn), len(functions))


def _add_display(machine: Machine, scenario: Scenario, adapter: Adapter | None) -> BoardFunction | None:
    devfn = scenario.guest.devfn
    if adapter is None:
        return add_igd(machine.pci, scenario, devfn)
    if not adapter.pci:
        return None
    bars = tuple(
        BarSpec(bar.index, bar.size, "io" if bar.io else "pref" if bar.prefetch else "mem", False, bar.role.name)
        for bar in adapter.bars
    )
    vendor, device = adapter.subsystem
    return add_function(
        machine.pci, devfn, adapter.vendor, adapter.device, adapter.class_code, bars=bars,
        subsystem=device << 16 | vendor,
    )  # fmt: skip


def _opregion(scenario: Scenario, rom: Rom, log: list[str]) -> bytes:
    """The host's OpRegion: the scenario's file (oddities go to ``log``), or one made from the ROM's VBT."""
    if scenario.host.opregion:
        path, findings = Path(scenario.host.opregion), list[Finding]()
        data = path.read_bytes()
        parse_opregion(data, findings, str(path))
        odd = [finding for finding in findings if finding.level != "note"]
        log += [f"warning: host.opregion: {path.name}: {each.what}: {each.found}" for each in odd]
        return data
    vbt = rom.legacy.vbt if rom.legacy else None
    return build_opregion(rom.data[vbt.offset : vbt.offset + vbt.size] if vbt else b"")


def host_opregion(scenario: Scenario, rom: Rom | None) -> bytes:
    """The host's own OpRegion, before anybody changes it for a guest."""
    return _opregion(scenario, rom or Rom(Path(), b"", "", (), ()), [])


def _host_memory(built: Built, stolen_size: int, opregion: bytes) -> None:
    """On the host itself: stolen memory and OpRegion have backing of their own, over RAM or beside it."""
    machine, host = built.machine, built.machine.scenario.host
    if stolen_size:
        built.stolen_ram = Ram(stolen_size, "host stolen memory")
        machine.extra.append(built.stolen_ram)
        if host.stolen_base < 1 << 32:
            machine.windows.add_memory(host.stolen_base, built.stolen_ram)
    start = host.asls // PAGE * PAGE
    pages = Ram((host.asls - start + len(opregion) + PAGE - 1) // PAGE * PAGE, "host OpRegion")
    pages.write(host.asls - start, opregion)
    machine.extra.append(pages)
    machine.windows.add_memory(start, pages)


def _as_vfio_shows(opregion: bytes, asls: int) -> bytes:
    """The OpRegion as Linux vfio-pci hands it to QEMU: version and RVDA patched, an extended VBT behind the header."""
    seen = view_of(opregion, asls)
    at = (seen.vbt or asls) - asls
    return region_bytes(opregion, opregion[at : at + seen.vbt_size] if at > 0 else b"", asls) or opregion


def _hypervise(machine: Machine, scenario: Scenario, igd: Igd, display: BoardFunction, opregion: bytes) -> Guest:
    host, wish = scenario.host, scenario.hypervisor
    facts = Facts(
        kind=wish.kind, profile=wish.profile, device_id=host.device_id, ggc=host.ggc, host_bdsm=host.stolen_base,
        host_stolen=host.family.gms.decode(host.ggc), machine=scenario.guest.machine, slot=scenario.guest.devfn,
        gms=wish.gms, lpc=wish.lpc != "off", opregion=wish.opregion != "off", rom=True,
    )  # fmt: skip
    guest = set_up(facts, machine.pci, display.slot, igd, machine.hyp, machine.raw_gtt)
    if guest.error and not guest.lenient:
        raise FwsimError(
            "QEMU refuses the device", where="hypervisor.gms", found=guest.error,
            expected="0, or a GMS code that the generation has", hint="leave hypervisor.gms out to use the host's own",
        )  # fmt: skip
    if wish.opregion != "off" and guest.offers_opregion:
        guest.files["etc/igd-opregion"] = _as_vfio_shows(opregion, host.asls)
    bridge = machine.functions[0].slot
    machine.pci.set(bridge, 0x08, 1, host.family.revision)
    machine.pci.set(bridge, 0x2C, 4, 0x21DA17AA)
    return guest


def _zero_gtt(built: Built) -> None:
    """QEMU to 9.1 clears the GTT through the I/O BAR when it starts: index 1, 5, 9, ... below its limit."""
    igd = built.machine.igd
    if igd is None:
        return
    for index in built.guest.zeroed:
        offset = index & ~3
        igd.gtt[offset >> 2] = 0
        built.machine.recorder.append((0, 0, offset, 0, 0, 0, Flag.INDEXED, Actor.HYPERVISOR, Space.GTT, Op.WRITE, 4))


def _add_platform(built: Built, scenario: Scenario) -> None:
    machine = built.machine
    files = dict(built.guest.files)
    files[RAMFB_FILE] = bytes(28)
    e820 = b"".join(
        start.to_bytes(8, "little") + size.to_bytes(8, "little") + (1).to_bytes(4, "little")
        for start, size in ((0, machine.low), (1 << 32, machine.high))
        if size
    )
    files["etc/e820"] = e820
    built.fw_cfg = FwCfg(machine.ram, files, machine.low)
    for device in (
        Pic(), Cmos(machine.low, machine.high), KeyboardController(), DebugPort(built.log.append), built.fw_cfg
    ):  # fmt: skip
        machine.add_device(device)
    machine.add_pm_timer(PM_BASE[scenario.guest.machine])
    if scenario.hypervisor.kind == "none":
        machine.add_pm_timer(host_pm_base(scenario.host.family))


def _place(built: Built, scenario: Scenario, rom_size: int) -> None:
    """Let the firmware place things; on a host, its stolen memory and OpRegion are where the scenario says."""
    machine, host = built.machine, scenario.host
    bare = scenario.hypervisor.kind == "none" and machine.igd is not None
    opregion = next((extra.size for extra in machine.extra if extra is not built.stolen_ram), OPREGION_SIZE)
    start = host.asls // PAGE * PAGE
    taken = [built.host_stolen, (start, start + opregion)] if bare else []
    files = {} if scenario.firmware.kind == "none" else built.guest.files
    wish = Wish(
        machine=scenario.guest.machine, low=machine.low, functions=machine.functions, display=scenario.guest.devfn,
        files=files, rom_size=rom_size, host=taken,
        version=scenario.firmware.version if scenario.firmware.kind == "seabios" else "",
    )  # fmt: skip
    with machine.acting(Actor.FIRMWARE):
        built.placed = place(wish, machine.pci, machine.root, machine.ram)
    if bare:
        built.placed.bdsm, built.placed.asls = host.stolen_base, host.asls
    built.log[:0] = built.placed.log


def _dma(built: Built, scenario: Scenario) -> None:
    """Where the device's DMA reaches memory: a guest's RAM by the IOMMU, everything on a host (no IOMMU there)."""
    machine, igd = built.machine, built.machine.igd
    if igd is None:
        return
    ram = machine.ram.address
    regions = []
    if built.stolen_ram:
        regions.append((*built.host_stolen, built.stolen_ram.address))
    for extra in machine.extra:
        if extra is not built.stolen_ram:
            start = scenario.host.asls // PAGE * PAGE
            regions.append((start, start + extra.size, extra.address))
    regions.append((0, min(0xA0000, machine.low), ram))
    if machine.low > 0xC0000:
        regions.append((0xC0000, machine.low, ram + 0xC0000))
    if machine.high:
        regions.append((1 << 32, (1 << 32) + machine.high, ram + machine.low))
    igd.set_dma(regions)


def lights(built: Built) -> str:
    """Which pipes are on now, and whether the panel has power; "" for a display device other than the IGD."""
    igd = built.machine.igd
    if igd is None:
        return ""
    pipes = running_pipes(igd.family, igd.register)
    power = "on" if panel_powered(igd.family, igd.register) else "off"
    return f"pipe {', '.join(pipes)} on, panel power {power}" if pipes else f"no pipe on, panel power {power}"


def host_of(scenario: Scenario) -> Scenario:
    """The scenario of a POST on the host itself: nobody in between, init only."""
    from msgspec.structs import replace as with_fields

    return with_fields(
        scenario,
        hypervisor=with_fields(scenario.hypervisor, kind="none"),
        firmware=with_fields(scenario.firmware, kind="none"),
        rom=with_fields(scenario.rom, source="file", posts=1),
        call=(),
    )
