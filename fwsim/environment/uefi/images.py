"""Boot services for images, and what ends boot services; one service a function.

Source: UEFI Specification 2.10, 7.4; edk2 MdeModulePkg/Core/Dxe/Image/Image.c, DxeMain/DxeMain.c.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.environment.uefi import pe, tables
from fwsim.environment.uefi.events import EXIT_BOOT_SERVICES, dispatch, signal_group
from fwsim.environment.uefi.uefi import Call, LeftError, Uefi
from fwsim.environment.uefi.words import (
    APPLICATION,
    INVALID_PARAMETER,
    LOADED_IMAGE,
    NOT_FOUND,
    OUT_OF_RESOURCES,
    SUCCESS,
    UNSUPPORTED,
)
from fwsim.errors import FwsimError

_CODE = {10: 1, 11: 3, 12: 5}
"""Memory type of an image's code by its subsystem: application, boot driver, runtime driver (LoaderCode, BSCode,
RTCode); its data's is the next."""
_APPLICATION = 10
_REVISION = 0x1000
_UNLOAD = 0x58
_LARGEST = 64 << 20


class Image(Struct):
    """An image in memory: pages from ``base``, entered at ``entry``; ``started`` once its entry has been called."""

    base: int
    pages: int
    entry: int
    subsystem: int
    started: bool = False


def _images(uefi: Uefi) -> dict[int, Image]:
    found: dict[int, Image] = uefi.state.setdefault("images", {})
    return found


def place(uefi: Uefi, image: pe.Pe, parent: int = 0, device: int = 0) -> tuple[int, int]:
    """(status, handle) of an image laid into memory, with its LoadedImage."""
    kind, pages = _CODE.get(image.subsystem, _CODE[11]), -(-image.size // 4096)
    status, base = uefi.memory.allocate_pages(0, kind, pages, 0)
    if status:
        return OUT_OF_RESOURCES, 0
    uefi.cpu.write(base, image.at(base))
    uefi.cpu.flush_code()
    handle = uefi.new_handle()
    system = tables.system(uefi)
    words = [_REVISION, parent, system, device, 0, 0, 0, 0, base, image.size, kind | kind + 1 << 32, 0]
    uefi.handles.install(handle, LOADED_IMAGE, uefi.numbers(words))
    _images(uefi)[handle] = Image(base, pages, base + image.entry, image.subsystem)
    return SUCCESS, handle


def base_of(uefi: Uefi, handle: int) -> int:
    """The address of a loaded image."""
    return _images(uefi)[handle].base


def start(uefi: Uefi, handle: int) -> int:
    """Call the entry; what it returns, or says by Exit. An image that fails, and an application, is unloaded."""
    image = _images(uefi)[handle]
    image.started = True
    level = uefi.tpl
    try:
        status = uefi.call(image.entry, handle, tables.system(uefi))
    except LeftError as left:
        if left.handle != handle:
            raise
        status, uefi.tpl = left.status, level
    if status or image.subsystem == _APPLICATION:
        _take_away(uefi, handle)
    return status


def _take_away(uefi: Uefi, handle: int) -> None:
    """Everything that was the image's: what it has open, its LoadedImage, its pages."""
    image = _images(uefi).pop(handle, None)
    if image is None:
        return
    for protocols in uefi.handles.all.values():
        for protocol in protocols.values():
            protocol.openings = [each for each in protocol.openings if each.agent != handle]
    loaded = uefi.handles.interface(handle, LOADED_IMAGE)
    if loaded is not None:
        uefi.handles.uninstall(handle, LOADED_IMAGE, loaded)
        uefi.memory.free_pool(loaded)
    uefi.memory.free_pages(image.base, image.pages)


def load_image(uefi: Uefi, call: Call) -> int:
    """LoadImage(by policy, parent, path, source, bytes, handle): out of memory only; there is no file system here."""
    parent, source, size, at = call[1], call[3], call[4], call[5]
    if parent not in _images(uefi) or not at:
        return INVALID_PARAMETER
    if not source:
        return NOT_FOUND
    if size > _LARGEST:
        return UNSUPPORTED
    try:
        image = pe.load(uefi.cpu.read(source, size), f"the image at {source:#x}")
    except FwsimError as error:
        uefi.built.log.append(f"LoadImage: {error}")
        return UNSUPPORTED
    status, handle = place(uefi, image, parent)
    uefi.put(at, handle)
    return status


def start_image(uefi: Uefi, call: Call) -> int:
    """StartImage(handle, exit data's bytes, exit data)."""
    image = _images(uefi).get(call[0])
    if image is None or image.started:
        return INVALID_PARAMETER
    uefi.put(call[1], 0)
    uefi.put(call[2], 0)
    return start(uefi, call[0])


def leave(uefi: Uefi, call: Call) -> int:
    """Exit(handle, status, ...): the entry of the image that runs returns here; one not started is unloaded."""
    image = _images(uefi).get(call[0])
    if image is None:
        return INVALID_PARAMETER
    if image.started:
        raise LeftError(call[0], call[1])
    _take_away(uefi, call[0])
    return SUCCESS


def unload_image(uefi: Uefi, call: Call) -> int:
    """UnloadImage(handle): by the image's own Unload where it was started."""
    image, loaded = _images(uefi).get(call[0]), uefi.handles.interface(call[0], LOADED_IMAGE)
    if image is None or loaded is None:
        return INVALID_PARAMETER
    if image.started:
        unload = uefi.number(loaded + _UNLOAD)
        if not unload:
            return UNSUPPORTED
        status = uefi.call(unload, call[0])
        if status:
            return status
    _take_away(uefi, call[0])
    return SUCCESS


def exit_boot_services(uefi: Uefi, call: Call) -> int:
    """ExitBootServices(image, key): with the key of the newest map only; from then on only runtime services answer."""
    if uefi.tpl != APPLICATION or call[1] != uefi.memory.key:
        return INVALID_PARAMETER
    signal_group(uefi, EXIT_BOOT_SERVICES)
    dispatch(uefi)
    uefi.over = True
    tables.without_boot(uefi)
    return SUCCESS


def install_configuration_table(uefi: Uefi, call: Call) -> int:
    """InstallConfigurationTable(GUID, table)."""
    if not call[0]:
        return INVALID_PARAMETER
    return SUCCESS if tables.configure(uefi, uefi.guid(call[0]), call[1]) else NOT_FOUND


ANSWERS = {
    "LoadImage": load_image, "StartImage": start_image, "Exit": leave, "UnloadImage": unload_image,
    "ExitBootServices": exit_boot_services, "InstallConfigurationTable": install_configuration_table,
}  # fmt: skip
"""Service to function."""
