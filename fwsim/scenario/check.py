"""Scenarios that no machine can be are refused here: the checks that go beyond one field's type and range."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from fwsim.devices.diskette import LARGEST, SECTOR, SIGNATURE, SIZES, format_of
from fwsim.errors import FwsimError
from fwsim.firmware.allocators import allocator, check_version, names
from fwsim.firmware.image import FirmwareImage
from fwsim.hypervisor.interface import Hypervisor as Design
from fwsim.hypervisor.qemu.releases import check_guest
from fwsim.scenario.arm import check_arm, check_not_arm, judge_program
from fwsim.scenario.assigned import check_assigned
from fwsim.scenario.buses import arranged
from fwsim.scenario.choices import SLOT
from fwsim.scenario.host_devices import host_devices, host_rows
from fwsim.scenario.host_functions import asked
from fwsim.scenario.model import Display, Firmware, Guest, Host, RomInt15, Scenario
from fwsim.scenario.options import read_options
from fwsim.scenario.text import suggest
from fwsim.units import GIB, KIB, MIB, format_size

HOST_MEMORY_END = 0xFEC00000
"""Where IOAPIC, local APICs and the flash begin, up to 4 GiB: no memory of a host (SeaBIOS src/config.h)."""
OPREGION = 8 * KIB
"""Bytes of an OpRegion without extended VBT (Linux drivers/vfio/pci/vfio_pci_igd.c)."""

MOST_BEFORE = 16
"""How often the ROM may have been run on the device before the run."""
_DRIVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LEAF = re.compile(r"(?:0x)?([0-9a-f]{4})", re.IGNORECASE)
_ICH9 = "a q35 has its ICH9 at 00:1f.0"
_NEEDS_MACHINE = {
    "two": ("pc", _ICH9), "stub-1f.0": ("pc", _ICH9),
    "real-chipset": ("q35", "no real chipset has an ISA bridge with functions at 00:01, as an i440FX's PIIX3 is"),
}  # fmt: skip
"""By guest.isa_bridge: the machine that it needs, and why."""
_OWNER = re.compile(r"[A-Za-z0-9_-]{1,16}")
_TAKEN_OWNERS = ("qemu", "xen", "vpci", "nobody", "nothing")
_ANSWER_REGISTERS = ("ax", "bx", "cx", "dx", "si", "di", "carry")


def check(scenario: Scenario, where: str = "scenario") -> None:
    """Refuse what no machine can be, naming the field. Raises FwsimError; ``where`` comes before the field."""
    if not _NAME.fullmatch(scenario.name):
        raise FwsimError(
            "not a usable name", where=f"{where}: name", found=repr(scenario.name),
            expected="letters, digits, . _ and -, up to 100", hint="it names the run's folder: runs/NAME",
        )  # fmt: skip
    _check_firmware(scenario.firmware, f"{where}: firmware")
    _check_bdsm(scenario.host, f"{where}: host.bdsm")
    design = _design(scenario, where)
    if scenario.guest.on_arm:
        _check_ram(scenario.guest.ram, f"{where}: guest.ram")
        check_arm(scenario, design, where)
        host_devices(scenario, where)
        check_assigned(scenario, design, where)
        return
    check_not_arm(scenario, where)
    _check_executed(scenario, design, where)
    posted = scenario.rom.source == "shadow" or scenario.host.post
    if scenario.host.vga in ("auto", "igd") and (design.on_host or posted):
        _check_host_memory(scenario.host, f"{where}: host")
    _check_post(scenario, where)
    _check_shared(scenario.host.intx_shared, f"{where}: host.intx_shared")
    _check_ram(scenario.guest.ram, f"{where}: guest.ram")
    _check_cpus(scenario, design, where)
    _check_slot(scenario.guest, f"{where}: guest.slot")
    _check_isa_bridge(scenario.guest, f"{where}: guest.isa_bridge")
    arranged(scenario.function, f"{where}: function")
    _check_owners(scenario, design, f"{where}: function")
    asked(scenario, where)
    host_rows(scenario, where)
    check_assigned(scenario, design, where)
    _check_int15(scenario.rom.int15, f"{where}: rom.int15")
    _check_before(scenario.rom.before, design, f"{where}: rom.before")
    ports = [display.port for display in scenario.display]
    for index, port in enumerate(ports):
        if port in ports[:index] or (port == "none" and len(ports) > 1):
            raise FwsimError(
                "port named twice" if port != "none" else "none beside another display",
                where=f"{where}: display.{index}.port", found=port, expected="each port once",
                hint="remove one [[display]]",
            )  # fmt: skip
    for index, display in enumerate(scenario.display):
        _check_link(display, f"{where}: display.{index}")


def _check_owners(scenario: Scenario, design: Design, where: str) -> None:
    """Another emulator's name is a word, and somebody routes to it."""
    for index, row in enumerate(scenario.function):
        if not row.owner:
            continue
        at = f"{where}.{index}.owner"
        if not _OWNER.fullmatch(row.owner) or row.owner.lower() in _TAKEN_OWNERS:
            raise FwsimError(
                "no name for an emulator", where=at, found=f'"{row.owner}"',
                expected="letters, digits, - and _, up to 16; not qemu, xen, vpci or nobody", hint='such as "demu"',
            )  # fmt: skip
        if not design.routes_config:
            raise FwsimError(
                "nobody routes configuration space to another emulator", where=at, found=f'"{row.owner}"',
                expected="no owner under this hypervisor",
                hint='hypervisor.kind = "xen" with hypervisor.options.config_space = "told"',
            )  # fmt: skip
    if design.routes_config and scenario.guest.machine != "q35":
        raise FwsimError(
            "this machine has no PCIEXBAR", where=f"{where.removesuffix('function')}guest.machine",
            found=f'"{scenario.guest.machine}"', expected='"q35", where somebody asks who answers configuration space',
            hint='guest.machine = "q35", with firmware.kind = "hvmloader" and firmware.version = "mmconfig"',
        )  # fmt: skip


def _check_post(scenario: Scenario, where: str) -> None:
    """What the host's firmware did needs a ROM to do it, and only one: a shadow is the guest's ROM, POSTed there."""
    host = scenario.host
    if host.post_mode and not host.post:
        raise FwsimError(
            "a mode that nobody set", where=f"{where}: host.post_mode", found=f"{host.post_mode:#x}",
            expected="0 without host.post", hint="name the host's own video BIOS in host.post",
        )  # fmt: skip
    if host.post and scenario.rom.source == "shadow":
        raise FwsimError(
            "two POSTs on the host", where=f"{where}: host.post", found=f'"{host.post}" and rom.source = "shadow"',
            expected="one of them", hint='rom.source = "file" runs rom.file after host.post',
        )  # fmt: skip


def _design(scenario: Scenario, where: str) -> Design:
    try:
        return scenario.hypervisor.design
    except FwsimError as error:
        error.where = f"{where}: {error.where}"
        raise


def _one_of(word: str, known: Sequence[str], where: str) -> None:
    if word not in known:
        raise FwsimError(
            "unknown value", where=where, found=f'"{word}"', expected="one of " + ", ".join(known),
            hint=suggest(word, known) or "choose one that this version of fwsim models",
        )  # fmt: skip


def _check_firmware(firmware: Firmware, where: str) -> None:
    try:
        row = allocator(firmware.kind)
    except FwsimError:
        _one_of(firmware.kind, names(), f"{where}.kind")
        raise
    check_version(row, firmware.version, f"{where}.version")
    read_options(row, firmware.options, f"{where}.options")
    images = ("drivers", "" if row.uefi else ", ".join(firmware.drivers))
    for field, named in (("image", "" if row.image else firmware.image), images):
        if named:
            raise FwsimError(
                f"firmware {firmware.kind} is a model, it runs no image", where=f"{where}.{field}", found=named,
                expected="nothing", hint="remove it",
            )  # fmt: skip


def _check_executed(scenario: Scenario, design: Design, where: str) -> None:
    """What a firmware image that is executed cannot do: it calls the ROM itself, once, in a guest."""
    row = allocator(scenario.firmware.kind)
    if not isinstance(row, FirmwareImage):
        return
    rom = scenario.rom
    bits = scenario.cpu.phys_bits
    if bits > row.most_bits:
        raise FwsimError(
            f"more address bits than {row.shown} can be run with", where=f"{where}: guest.phys_bits", found=str(bits),
            expected=f"{row.most_bits} at most: the engine's CPU has no more",
            hint=f"guest.phys_bits = {row.most_bits}: its 64-bit BARs are then elsewhere than with {bits}",
        )  # fmt: skip
    refused = (
        ("hypervisor.kind", scenario.hypervisor.kind, design.on_host, "a hypervisor: the image is a guest's firmware"),
        ("rom.posts", str(rom.posts), rom.posts > 1, "1: the firmware calls the ROM, as often as it does"),
        ("rom.int15", ", ".join(rom.int15), bool(rom.int15), "nothing: the firmware answers INT 15h"),
        ("guest.cpus", str(scenario.guest.cpus), scenario.guest.cpus > 1, "1: the engine has one CPU"),
    )
    for field, found, wrong, expected in refused:
        if wrong:
            raise FwsimError(
                f"not with firmware that is executed ({scenario.firmware.kind})", where=f"{where}: {field}",
                found=found, expected=expected, hint='remove it, or take a model: firmware.kind = "seabios"',
            )  # fmt: skip


def _check_bdsm(host: Host, where: str) -> None:
    base = host.bdsm & ~1  # bit 0 is the lock
    if base % MIB:
        raise FwsimError(
            "stolen memory base is not aligned", where=where, found=f"{host.bdsm:#x}",
            expected="a multiple of 1 MiB (0x100000); bit 0, the lock, may be set",
            hint=f"nearest below: {base & -MIB:#x}; lspci -xxx -s 02.0 shows it at "
            + f"{host.family.bdsm_register or 0x5C:#x}",
        )  # fmt: skip
    if base >= 4 * GIB and host.family.gen < 11:
        raise FwsimError(
            "stolen memory base is past 4 GiB", where=where, found=f"{host.bdsm:#x}",
            expected=f"below 0x100000000: BDSM has 32 bits before gen 11 ({host.cpu} is gen {host.family.gen})",
            hint="take the dword at 0x5c of lspci -xxx -s 02.0",
        )  # fmt: skip


def _check_host_memory(host: Host, where: str) -> None:
    """The ROM runs on the host itself: its stolen memory and its OpRegion cannot lie over the PC's own addresses."""
    size = host.family.gms.decode(host.ggc)
    stolen = range(host.stolen_base, host.stolen_base + size)
    opregion = range(host.asls, host.asls + (OPREGION if host.family.asls else 0))  # families without one: 0
    for what, field, at, offset in (
        ("stolen memory", "bdsm", stolen, host.family.bdsm_register or 0x5C), ("the OpRegion", "asls", opregion, 0xFC),
    ):  # fmt: skip
        if len(at) and (at.start < MIB or (at.start < 4 * GIB and at.stop > HOST_MEMORY_END)):
            raise FwsimError(
                f"{what} lies where no host has RAM", where=f"{where}.{field}", found=f"{at.start:#x}-{at.stop - 1:#x}",
                expected=f"a range from 1 MiB (0x100000) to {HOST_MEMORY_END:#x}: the ROM runs on the host itself here",
                hint=f"take the dword at {offset:#x} of lspci -xxx -s 02.0",
            )  # fmt: skip
    if stolen.start < opregion.stop and opregion.start < stolen.stop:
        raise FwsimError(
            "the OpRegion lies in stolen memory", where=f"{where}.asls",
            found=f"{host.asls:#x}, stolen memory is {stolen.start:#x}-{stolen.stop - 1:#x}",
            expected="an address outside of it", hint="take the dwords at 0x5c and 0xfc of lspci -xxx -s 02.0",
        )  # fmt: skip


def _check_before(before: Sequence[str], design: Design, where: str) -> None:
    """Who ran the ROM earlier: the host first if at all, and guests only where there is one."""
    if "host" in before[1:]:
        raise FwsimError(
            "the host runs the ROM first, or not at all", where=f"{where}.{before.index('host', 1)}", found='"host"',
            expected='"guest"', hint="a host that boots again finds the device as new: leave out who was before",
        )  # fmt: skip
    if "guest" in before and design.on_host:
        raise FwsimError(
            "a host alone has no guest", where=f"{where}.{before.index('guest')}", found='"guest"', expected='"host"',
            hint='hypervisor.kind = "none" is the host itself; choose another kind for a guest',
        )  # fmt: skip
    if len(before) > MOST_BEFORE:
        raise FwsimError(
            "too many before", where=where, found=f"{len(before)}", expected=f"{MOST_BEFORE} at most",
            hint="each of them is a whole run",
        )  # fmt: skip


def _check_shared(driver: str, where: str) -> None:
    if driver and not _DRIVER.fullmatch(driver):
        raise FwsimError(
            "not the name of an interrupt's owner", where=where, found=repr(driver),
            expected='one as /proc/interrupts shows it, up to 64 characters, such as "ehci_hcd:usb1"',
            hint="leave it out where nobody else has the line",
        )  # fmt: skip


def _check_ram(ram: int, where: str) -> None:
    if ram < MIB or ram % 4096:
        raise FwsimError(
            "no RAM" if ram == 0 else "impossible RAM size", where=where, found=format_size(ram),
            expected="from 1M on, whole 4 KiB pages", hint='such as ram = "2G"',
        )  # fmt: skip


def _check_cpus(scenario: Scenario, design: Design, where: str) -> None:
    """The CPUs, and whether they can address the RAM. On a host there are those that it has."""
    guest = scenario.guest
    try:
        cpu = scenario.cpu
        check_guest(guest.machine, guest.ram, None, cpu, () if design.on_host else design.release)
    except FwsimError as error:
        error.where = f"{where}: {error.where}"
        raise


def _check_slot(guest: Guest, where: str) -> None:
    match = SLOT.fullmatch(guest.slot)
    if not match or int(match[1], 16) or int(match[2], 16) > 31 or int(match[3], 16):
        raise FwsimError(
            "not a PCI slot of this machine", where=where, found=f'"{guest.slot}"',
            expected="00:DD.0 with DD from 02 to 1e: bus 00, function 0", hint='such as slot = "00:02.0"',
        )  # fmt: skip
    taken = {0: "the host bridge", 31: "the LPC bridge"} | ({1: "the PIIX bridge"} if guest.machine == "pc" else {})
    owner = taken.get(int(match[2], 16))
    if owner:
        raise FwsimError(
            f"slot is taken by {owner}",
            where=where,
            found=f'"{guest.slot}"',
            expected="a free one",
            hint='such as "00:02.0"',
        )


def _check_isa_bridge(guest: Guest, where: str) -> None:
    wanted = _NEEDS_MACHINE.get(guest.isa_bridge)
    if wanted and wanted[0] != guest.machine:
        raise FwsimError(
            f"no {guest.machine} can have this bridge", where=where, found=f'"{guest.isa_bridge}"',
            expected=f'machine = "{wanted[0]}": {wanted[1]}',
            hint=f'"one" and "subsystem-id" go with {guest.machine}',
        )  # fmt: skip


def _check_link(display: Display, where: str) -> None:
    """Only a DisplayPort sink has an AUX channel and a link to train."""
    if display.port.partition("-")[0] in ("edp", "dp"):
        return
    for name in ("defers", "swing", "pre_emphasis"):
        if value := getattr(display, name):
            raise FwsimError(
                "only a DisplayPort sink has it", where=f"{where}.{name}", found=f"{value}, at {display.port}",
                expected="port edp, dp-b, dp-c or dp-d", hint="leave it out, or give another port",
            )  # fmt: skip


def _check_int15(answers: RomInt15, where: str) -> None:
    for leaf, registers in answers.items():
        if not _LEAF.fullmatch(leaf):
            raise FwsimError(
                "not an INT 15h leaf", where=f"{where}.{leaf}", found=f'"{leaf}"', expected="AX as four hex digits",
                hint='such as "5f34" = { ax = 0x005f, cx = 0 }',
            )  # fmt: skip
        for register, value in registers.items():
            _one_of(register, _ANSWER_REGISTERS, f"{where}.{leaf}.{register}")
            if register == "carry" and value > 1:
                raise FwsimError(
                    "out of range",
                    where=f"{where}.{leaf}.carry",
                    found=str(value),
                    expected="0 or 1",
                    hint="0: CF clear",
                )


def check_files(scenario: Scenario, where: str) -> None:
    """Refuse a scenario with a file that is not there or not what its field wants. Raises FwsimError, as ``check``."""
    _file_named("rom.file", scenario.rom.file, where, None)
    _file_named("hypervisor.mirror", scenario.hypervisor.mirror, where, None)
    _file_named("hypervisor.xl_cfg", scenario.hypervisor.xl_cfg, where, None)
    _file_named("host.opregion", scenario.host.opregion, where, _judge_opregion)
    _file_named("payload.floppy", scenario.payload.floppy, where, _judge_floppy)
    _file_named("payload.program", scenario.payload.program, where, judge_program)
    for index, display in enumerate(scenario.display):
        _file_named(f"display.{index}.edid", display.edid, where, _judge_edid)


def _file_named(field: str, name: str, where: str, judge: Callable[[bytes], tuple[str, str]] | None) -> None:
    if not name:
        return
    path = Path(name)
    if not path.is_file():
        raise FwsimError(
            "no such file" if not path.exists() else "not a file", where=f"{where}: {field}", found=name,
            expected="a file; relative names start from the scenario's folder",
            hint="give another with --rom FILE" if field == "rom.file" else f"correct it, or --set {field}=FILE",
        )  # fmt: skip
    if judge is None:
        return
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise FwsimError(
            f"cannot be read: {error.strerror or error}", where=f"{where}: {field}", found=name,
            expected="a file that can be read", hint="check its permissions, or name another file",
        ) from None  # fmt: skip
    found, expected = judge(data)
    if found:
        kind = field.rpartition(".")[2]
        raise FwsimError(
            f"not {_NAMES[kind]}", where=f"{where}: {field}",
            found=f"{found}, in {name}", expected=expected, hint=_DUMPS[kind],
        )  # fmt: skip


_NAMES = {"edid": "an EDID", "opregion": "an OpRegion", "floppy": "a diskette that can be booted",
          "program": "a program for an Arm guest"}  # fmt: skip
_DUMPS = {
    "program": "link it at 0x40000000 or above for aarch64, as roms/arm-linux.elf is",
    "floppy": "assemble a boot sector to 512 bytes with 55h AAh at 1FEh, as roms/vblank-pic.img is, or pad an image to "
    "whole sectors: truncate -s %512 FILE",
    "edid": "copy one from /sys/class/drm/card*-*/edid, or leave it out: fwsim has a monitor of its own",
    "opregion": "copy /sys/kernel/debug/dri/0/i915_opregion, or leave it out: one is made from the ROM's VBT",
}


def _judge_floppy(data: bytes) -> tuple[str, str]:
    """SeaBIOS boots a first sector with the signature (src/boot.c, boot_disk)."""
    if format_of(len(data)) is None:
        return f"{len(data) if len(data) <= LARGEST else f'over {LARGEST}'} bytes", SIZES
    if data[SECTOR - 2 : SECTOR] != SIGNATURE:
        return f"bytes {data[SECTOR - 2 : SECTOR].hex(' ')} at 1FEh", "55 aa, the boot sector's signature"
    return "", ""


def _judge_edid(data: bytes) -> tuple[str, str]:
    """(What is wrong, what would be right). A wrong checksum is a monitor's own affair: ROMs meet such monitors."""
    magic = bytes.fromhex("00ffffffffffff00")
    if len(data) not in (128, 256):
        return f"{len(data)} bytes", "128 or 256 bytes"
    return (f"first bytes {data[:8].hex(' ')}", magic.hex(" ")) if data[:8] != magic else ("", "")


def _judge_opregion(data: bytes) -> tuple[str, str]:
    signature = b"IntelGraphicsMem"
    if data[:16] != signature[: len(data)] or not data:
        found = f"first bytes {data[:8].hex(' ')}" if data else "0 bytes"
        return found, f"{signature.hex(' ', 4)} ({signature.decode()})"
    if not 8 * KIB <= len(data) <= MIB:
        return f"{len(data) if len(data) <= MIB else f'over {MIB}'} bytes", "8 KiB to 1 MiB"
    return "", ""
