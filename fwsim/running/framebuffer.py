"""Where a boot loader's pixels go: through the aperture, into video memory, or into plain memory."""

import ctypes

import numpy as np

from fwsim.machine.built import Built
from fwsim.machine.machine import Machine
from fwsim.memory.ram import PAGE


def store(built: Built, base: int, data: bytes) -> None:
    """Store ``data`` at guest-physical ``base`` as the CPU would: by the aperture, in video memory or in RAM."""
    machine = built.machine
    if base + len(data) <= machine.low:
        machine.ram.write(base, data)
        return
    window = machine.adapter.window if machine.adapter else 0
    if window and window <= base < window + machine.vga.vram.nbytes:
        _into_vram(machine, base - window, data)
        return
    for function in machine.functions:
        for bar in function.bars:
            start = machine.windows.bar_address(function, bar)
            if bar.kind == "io" or not start <= base < start + bar.size:
                continue
            if machine.igd and bar.role in ("GMADR", "LMEMBAR"):
                _through_gtt(built, base - start, data)
            elif bar.role == "VRAM":
                _into_vram(machine, base - start, data)
            return


def _into_vram(machine: Machine, offset: int, data: bytes) -> None:
    room = machine.vga.vram[offset : offset + len(data)]
    room[:] = np.frombuffer(data[: len(room)], np.uint8)


def _through_gtt(built: Built, offset: int, data: bytes) -> None:
    igd = built.machine.igd
    assert igd is not None
    entries = igd.entries()
    refused = []
    for page in range(offset // PAGE, (offset + len(data) + PAGE - 1) // PAGE):
        host = int(igd.pages[page]) if page < igd.pages.size else 0
        first = max(offset, page * PAGE)
        part = data[first - offset : (page + 1) * PAGE - offset]
        if host:
            ctypes.memmove(host + first % PAGE, part, len(part))
        elif page < entries.size and int(entries[page]) & 1:
            refused.append(page)
    built.guard.refuse(refused, read=False)
