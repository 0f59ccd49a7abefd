"""Drivers are loaded, entered and connected as edk2 does it: Supported of each, by version, then Start.

Source: edk2 MdeModulePkg/Core/Dxe/Image/Image.c, Hand/DriverSupport.c.
"""

from __future__ import annotations

from dataclasses import dataclass

from fwsim.environment.uefi.pe import Pe
from fwsim.environment.uefi.uefi import Uefi
from fwsim.environment.uefi.words import DRIVER_BINDING, LOADED_IMAGE, status_name

_BS_CODE = 3


@dataclass
class Driver:
    """One driver of a run: where it lies, and what became of it, as statuses' names; "" for what was not tried."""

    name: str
    base: int = 0
    handle: int = 0
    entry: str = ""
    supported: str = ""
    start: str = ""
    version: int = 0
    size: int = 0
    """Bytes of memory that it takes."""


def load(uefi: Uefi, pe: Pe, name: str, system: int) -> Driver:
    """The image in memory, with its handle and LoadedImage."""
    _, base = uefi.memory.allocate_pages(0, _BS_CODE, -(-pe.size // 4096), 0)
    uefi.machine.ram.write(base, pe.at(base))
    uefi.cpu.flush_code()
    handle = uefi.new_handle()
    words = [0x1000, 0, system, 0, 0, 0, 0, 0, base, pe.size, _BS_CODE | 4 << 32, 0]
    uefi.handles.install(handle, LOADED_IMAGE, uefi.memory.new(b"".join(w.to_bytes(8, "little") for w in words)))
    return Driver(name, base, handle, size=pe.size)


def enter(uefi: Uefi, driver: Driver, pe: Pe, system: int) -> None:
    """Call the entry point."""
    driver.entry = status_name(uefi.call(driver.base + pe.entry, driver.handle, system))


def connect(uefi: Uefi, drivers: list[Driver], controller: int) -> None:
    """Offer a controller to every binding there is, the highest version first, until none starts any more."""
    by_image = {driver.handle: driver for driver in drivers}
    rows = []
    for handle in uefi.handles.with_protocol(DRIVER_BINDING):
        at = uefi.handles.interface(handle, DRIVER_BINDING) or 0
        rows.append((uefi.number(at + 24, 4), at, by_image.get(uefi.number(at + 32))))
    for version, at, driver in sorted(rows, key=lambda row: -row[0]):
        supported = uefi.call(uefi.number(at), at, controller, 0)
        if driver:
            driver.version, driver.supported = version, status_name(supported)
        if supported:
            continue
        start = uefi.call(uefi.number(at + 8), at, controller, 0)
        if driver:
            driver.start = status_name(start)
