"""What the host's own firmware left, found by whoever comes next: stolen memory, and a coreboot table."""

from __future__ import annotations

import numpy as np

from fwsim.devices.igd import planes
from fwsim.errors import FwsimError
from fwsim.firmware.coreboot_table import TABLE_AT, FrameBuffer, coreboot_table
from fwsim.machine.build import lights
from fwsim.machine.built import Built

_APERTURE = "GMADR"


def same_memory(built: Built, host: Built) -> None:
    """On the host itself stolen memory is as its POST left it, no reset in between. A guest does not have it."""
    if built.stolen_ram and host.stolen_ram:
        built.stolen_ram.bytes[:] = np.frombuffer(host.stolen_ram.bytes, np.uint8)


def note(built: Built, reset: bool) -> None:
    """Say in the firmware's log what is on when the guest's firmware finds the device."""
    built.log.append(f"after the host's POST{' and FLR' if reset else ''}: {lights(built)}")


def put_table(built: Built) -> None:
    """Put coreboot's table into memory, with the linear frame buffer that is on the screen now, if any is.

    Raises FwsimError where the screen shows one that no such record describes.
    """
    built.machine.ram.write(TABLE_AT, coreboot_table(_shown(built)))


def _shown(built: Built) -> FrameBuffer | None:
    """The plane that is on, through the aperture; None in text mode, or where all is dark."""
    machine = built.machine
    igd = machine.igd
    if igd is None:
        raise FwsimError(
            "only an Intel graphics device's frame buffer goes into a coreboot table here", where="rom.coreboot_table",
            found="another display device", expected="an IGD", hint='host.vga = "igd"',
        )  # fmt: skip
    if planes.vga_shown(igd.family, igd.register):
        return None
    plane = planes.active_plane(igd.family, igd.register)
    if plane is None:
        return None
    window = next(
        (machine.windows.bar_address(each, bar) for each in machine.functions for bar in each.bars
         if bar.role == _APERTURE), 0,
    )  # fmt: skip
    if plane.format is None or plane.format.channels is None or plane.tiling is not planes.LINEAR or not window:
        why = plane.format.name if plane.format else plane.note
        raise FwsimError(
            "no coreboot table describes this frame buffer", where="rom.coreboot_table",
            found=f"plane {plane.pipe}, {why}, {plane.tiling.name if plane.tiling else 'unknown tiling'}",
            expected="linear pixels of 15, 16 or 32 bits, behind an aperture", hint="another host.post_mode",
        )  # fmt: skip
    red, green, blue = plane.format.channels
    return FrameBuffer(
        window + plane.base, plane.width, plane.height, plane.stride, 8 * plane.format.size, red, green, blue
    )
