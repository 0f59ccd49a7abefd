"""A machine with UEFI's services, small drivers assembled by hand, and real ones of Debian's packages."""

from pathlib import Path

from fwsim.environment.uefi import drivers, firmware, pe
from fwsim.environment.uefi.drivers import Driver
from fwsim.environment.uefi.uefi import Uefi
from fwsim.environment.uefi.words import BOOT
from fwsim.machine.build import build
from fwsim.rom.chain import Rom
from fwsim.rom.drivers import driver_file
from fwsim.scenario.load import loads

IPXE = Path("/usr/lib/ipxe/qemu")
OVMF = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
_BASE = '[firmware]\nkind = "ovmf"\n[host]\ncpu = "skylake"\n[budget]\nevents = EVENTS\ncode = "128M"\n'
_TEXT, _PAGE = 0x1000, 0x1000
_GLOBALS = 0x2000
BOOT_AT, SYSTEM_AT, HANDLE_AT, SCRATCH = _GLOBALS, _GLOBALS + 8, _GLOBALS + 16, _GLOBALS + 0x100
"""Offsets in the image where ``program`` keeps the boot services, the system table and its own handle; free bytes."""


def made(more: str = "", vga: str = "igd", events: int = 60_000) -> tuple[Uefi, dict[int, int]]:
    """The services of a guest, with ``more`` in its scenario, and its functions' handles by their addresses."""
    scenario = loads(_BASE.replace("EVENTS", str(events)).replace('"skylake"', f'"skylake"\nvga = "{vga}"') + more)
    uefi = Uefi(build(scenario, Rom(Path(), b"", "", (), ()), b"", None, mode="long"))
    firmware.system_table(uefi)
    return uefi, firmware.install_buses(uefi)


def entered(uefi: Uefi, name: str) -> Driver:
    """A driver of a file, loaded and entered."""
    image = driver_file(name)[0]
    return put(uefi, image.raw, image.name)


def put(uefi: Uefi, raw: bytes, name: str = "driver") -> Driver:
    """A PE image, loaded and entered."""
    loaded = pe.load(raw, name)
    driver = drivers.load(uefi, loaded, name, 0)
    drivers.enter(uefi, driver, loaded, 0)
    return driver


def service(name: str) -> str:
    """CALL to a boot service: mov rax, [boot services]; call [rax + its place]."""
    place = 24 + 8 * BOOT.index(name)
    return load("rax", BOOT_AT) + "ff90" + place.to_bytes(4, "little").hex()


FUNCTIONS = 0x800


def program(code: str, *, back: str = "31c0", functions: str = "") -> bytes:
    """A PE image whose entry keeps its arguments, runs ``code`` (hex), and returns with what ``back`` leaves in RAX.

    ``functions`` lie FUNCTIONS bytes behind the entry.
    """
    start = "53 4883ec60" + store(HANDLE_AT, "rcx") + store(SYSTEM_AT, "rdx") + "488b4260" + store(BOOT_AT, "rax")
    text = bytes.fromhex(start + code + back + "4883c460 5b c3")
    return image(_fixed(text.ljust(FUNCTIONS, b"\xcc") + bytes.fromhex(functions)))


_REGISTERS = {"rax": 0, "rcx": 1, "rdx": 2, "rbx": 3}


def load(register: str, offset: int) -> str:
    """MOV register, [image + offset], relative to RIP; the displacement is filled in by ``program``."""
    return f"488b{5 + 8 * _REGISTERS[register]:02x}" + (0x5AA50000 | offset).to_bytes(4, "little").hex()


def store(offset: int, register: str) -> str:
    """MOV [image + offset], register."""
    return f"4889{5 + 8 * _REGISTERS[register]:02x}" + (0x5AA50000 | offset).to_bytes(4, "little").hex()


def lea(register: str, offset: int) -> str:
    """LEA register, [image + offset]."""
    return f"488d{5 + 8 * _REGISTERS[register]:02x}" + (0x5AA50000 | offset).to_bytes(4, "little").hex()


def lea8(offset: int) -> str:
    """LEA r8, [image + offset]."""
    return "4c8d05" + (0x5AA50000 | offset).to_bytes(4, "little").hex()


def _fixed(text: bytes) -> bytes:
    data, at = bytearray(text), 0
    while (at := data.find(b"\xa5\x5a", at + 1)) >= 0:
        offset = int.from_bytes(data[at - 2 : at], "little")
        data[at - 2 : at + 2] = (offset - (_TEXT + at + 2) & 0xFFFFFFFF).to_bytes(4, "little")
    return bytes(data)


def image(text: bytes, *, machine: int = 0x8664, subsystem: int = 11, entry: int = _TEXT) -> bytes:
    """A PE32+ image: headers, ``text`` at 1000h, a page of data at 2000h, no relocations."""
    optional = (
        (0x20B).to_bytes(2, "little") + bytes(14) + entry.to_bytes(4, "little") + _TEXT.to_bytes(4, "little")
        + bytes(8) + _PAGE.to_bytes(4, "little") + (0x200).to_bytes(4, "little") + bytes(16)
        + (0x4000).to_bytes(4, "little") + (0x200).to_bytes(4, "little") + bytes(4)
        + subsystem.to_bytes(2, "little") + bytes(2) + bytes(32) + bytes(4) + (16).to_bytes(4, "little") + bytes(128)
    )  # fmt: skip
    assert len(optional) == 240
    assert len(text) <= 0x1000
    rows = ((b".text", _TEXT, 0x200, 0x60000020), (b".data", _GLOBALS, 0x1200, 0xC0000040))
    sections = b"".join(
        name.ljust(8, b"\0") + _PAGE.to_bytes(4, "little") + at.to_bytes(4, "little")
        + _PAGE.to_bytes(4, "little") + raw.to_bytes(4, "little") + bytes(12) + flags.to_bytes(4, "little")
        for name, at, raw, flags in rows
    )  # fmt: skip
    head = b"MZ".ljust(0x3C, b"\0") + (0x40).to_bytes(4, "little") + b"PE\0\0" + machine.to_bytes(2, "little")
    head += (2).to_bytes(2, "little") + bytes(12) + len(optional).to_bytes(2, "little") + (0x2022).to_bytes(2, "little")
    return (head + optional + sections).ljust(0x200, b"\0") + text.ljust(_PAGE, b"\0") + bytes(_PAGE)
