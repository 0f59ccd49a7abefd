"""The drivers of a run are loaded, entered, and connected to the display, and what came of each is noted.

Source: edk2 MdeModulePkg/Core/Dxe/Image/Image.c, Hand/DriverSupport.c.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.environment.uefi import binding, images
from fwsim.environment.uefi.pe import Pe
from fwsim.environment.uefi.uefi import Uefi
from fwsim.environment.uefi.words import DRIVER_BINDING, SUCCESS
from fwsim.errors import FwsimError
from fwsim.trace.efi import status_name


class Driver(Struct):
    """One driver of a run: where it lies, and what became of it, as statuses' names; "" for what was not tried.

    ``began``, ``ended``: how many events there were before Start and after it.
    """

    name: str
    base: int = 0
    handle: int = 0
    entry: str = ""
    supported: str = ""
    start: str = ""
    version: int = 0
    size: int = 0
    """Bytes of memory that it takes."""
    began: int = 0
    ended: int = 0


def load(uefi: Uefi, pe: Pe, name: str, system: int) -> Driver:
    """The image in memory, with its handle and LoadedImage. Raises FwsimError where the guest has no room for it."""
    status, handle = images.place(uefi, pe)
    if status:
        raise FwsimError(
            "the guest's memory has no room for the driver", where=name, found=f"{pe.size:#x} bytes",
            expected="pages that are free", hint="give the guest more with guest.ram",
        )  # fmt: skip
    if pe.note:
        uefi.built.log.append(pe.note)
    return Driver(name, images.base_of(uefi, handle), handle, size=pe.size)


def enter(uefi: Uefi, driver: Driver, pe: Pe, system: int) -> None:
    """Call the entry point; an image whose entry fails is unloaded, and named."""
    status = images.start(uefi, driver.handle)
    driver.entry = status_name(status)
    if status:
        uefi.breach(f"{driver.name}: its entry returned {driver.entry}, and it was unloaded", status)
        for handle in uefi.handles.with_protocol(DRIVER_BINDING):
            at = uefi.handles.interface(handle, DRIVER_BINDING) or 0
            if driver.base <= at < driver.base + pe.size:  # edk2 would call into memory that is no more
                uefi.handles.uninstall(handle, DRIVER_BINDING, at)
                uefi.breach(f"{driver.name}: it left its DriverBinding behind, which is not called", at)


def connect(uefi: Uefi, drivers: list[Driver], controller: int) -> None:
    """Offer a controller to every binding there is, and note what each of ``drivers`` makes of it."""
    by_image = {driver.handle: driver for driver in drivers}

    def tell(at: int, what: str, status: int) -> None:
        driver = by_image.get(binding.image_of(uefi, at))
        if driver is None:
            return
        count = uefi.machine.recorder.count
        if what == "supported" and not status:  # Start comes next
            driver.began = count
        elif what == "start":
            driver.ended = count
        driver.version = binding.version(uefi, at)
        if getattr(driver, what) != status_name(SUCCESS):  # what it does to one controller, another does not undo
            setattr(driver, what, status_name(status))

    binding.connect(uefi, controller, tell=tell)
