"""Pictures of what the display shows: as its own DMA reads it, with what the IOMMU says to that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fwsim.devices.igd.fitter import fit, panel
from fwsim.devices.igd.scanout import Scan, scan
from fwsim.devices.vga.linear import linear_rgb
from fwsim.devices.vga.render import render
from fwsim.machine.built import Built
from fwsim.machine.iommu import FRAME_NS
from fwsim.memory.ram import PAGE
from fwsim.native import R_TIME
from fwsim.results.summary import Frame, PanelScreen, Screen, Window


def look(built: Built) -> NDArray[np.uint8] | None:
    """The pixels that the display shows, as ``take`` gives them; nothing comes of it."""
    if built.machine.igd is not None:
        return scan(built.machine.igd, built.machine.vga).rgb
    return None if built.ramfb else render(built.machine.vga).rgb


def take(built: Built, mode: int, frames: int) -> tuple[Screen, NDArray[np.uint8] | None]:
    """The screen, in the mode with this number, and its pixels, rows by columns by RGB; None where there is no picture.

    An IGD is looked at for as many ``frames``: each reads every page again, and faults again.
    """
    igd, vga = built.machine.igd, built.machine.vga
    if igd is not None:
        seen = scan(igd, vga)
        return Screen(
            frames=_look(built, seen, frames),
            mode=mode, width=seen.width, height=seen.height, stride=seen.stride, format=seen.format,
            base=seen.base, unreadable_pages=seen.unreadable_pages, wanted=seen.wanted,
        ), seen.rgb  # fmt: skip
    if built.ramfb:
        return _ramfb(built, mode)
    picture = render(vga)
    return Screen(mode=mode, width=picture.width, height=picture.height, format=picture.mode), picture.rgb


def of_one_colour(rgb: NDArray[np.uint8]) -> bool:
    """Whether all of a picture's pixels are the same."""
    some = rgb[::16, ::16]  # enough to tell most of them
    lines = rgb.reshape(len(rgb), -1)
    return bool((some == rgb[0, 0]).all() and (rgb[0] == rgb[0, 0]).all() and (lines == lines[0]).all())


def panel_picture(built: Built, screen: Screen, rgb: NDArray[np.uint8], *, wanted: bool) -> NDArray[np.uint8] | None:
    """The panel's own picture of ``screen``, whose pixels are ``rgb``, and noted there; None where it is the same.

    ``wanted`` False: it is noted only.
    """
    igd = built.machine.igd
    shown = None if igd is None else panel(igd.family, igd.register, (screen.width, screen.height))
    if shown is None or screen.format == "off":
        return None
    x, y, w, h = shown.window
    screen.panel = PanelScreen(
        file=screen.file.replace("screen", "panel"), width=shown.width, height=shown.height,
        window=Window(x=x, y=y, w=w, h=h), fitting=shown.fitting,
    )  # fmt: skip
    return fit(rgb, shown) if wanted else None


def _look(built: Built, seen: Scan, count: int) -> list[Frame]:
    root, frames = built.machine.root, []
    pages = [address // PAGE for address, _ in seen.refused]
    for _ in range(count):
        start = int(root[R_TIME])
        built.guard.refuse(pages, read=True)
        root[R_TIME] = start + FRAME_NS
        frames.append(Frame(start_ns=start, unreadable_pages=seen.unreadable_pages))
    return frames


def _ramfb(built: Built, mode: int) -> tuple[Screen, NDArray[np.uint8] | None]:
    """The frame buffer the guest described in etc/ramfb (QEMU hw/display/ramfb.c): big-endian address to stride."""
    data, machine = built.ramfb, built.machine
    address = int.from_bytes(data[0:8], "big")
    width, height, stride = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20, 24))
    stride = stride or width * 4
    if not width or not height or width > 16384 or address + stride * height > machine.low:
        return Screen(mode=mode), None
    memory = machine.ram.bytes[address : address + stride * height]
    rgb = linear_rgb(memory, 0, stride, width, height, 32, np.zeros((256, 3), np.uint8))
    return Screen(
        mode=mode, width=width, height=height, stride=stride, format="ramfb 32 bpp", base=address
    ), rgb  # fmt: skip
