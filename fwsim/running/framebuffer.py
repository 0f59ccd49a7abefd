"""Where a boot loader's pixels go: through the aperture, into video memory, or into memory kept for them."""

import ctypes
from collections.abc import Sequence

import numpy as np

from fwsim.machine.built import Built
from fwsim.machine.machine import Machine
from fwsim.memory.e820 import E820Type
from fwsim.memory.ram import PAGE

MemoryMap = Sequence[tuple[int, int, int]]
"""(start, size, type) each."""


def owner(built: Built, memory_map: MemoryMap, base: int, size: int) -> str:
    """Who uses the guest's RAM at ``base`` for something else than pixels, in words; "" where nobody does.

    ``memory_map`` is the firmware's, as INT 15h E820 gives it. Below 1 MiB RAM is never a frame buffer.
    """
    told = built.ramfb and base == int.from_bytes(built.ramfb[0:8], "big")  # the guest itself said so
    if base >= built.machine.low or told:
        return ""
    if base < 0xA0000:
        return "the interrupt vector table" if base < 0x400 else "conventional memory"
    ram = ((start, start + length) for start, length, kind in memory_map if kind == E820Type.RAM)
    return "RAM that the guest uses" if any(start < base + size and base < end for start, end in ram) else ""


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
            if machine.igd and bar.role == "GMADR":
                _through_gtt(built, base - start, data)
            elif machine.local and bar.role == "LMEMBAR":
                machine.local.write(base - start, data[: max(0, machine.local.size - (base - start))])
            elif bar.role == "VRAM":
                _into_vram(machine, base - start, data)
            return


def _into_vram(machine: Machine, offset: int, data: bytes) -> None:
    room = machine.vga.vram[offset : offset + len(data)]
    room[:] = np.frombuffer(data[: len(room)], np.uint8)


def _through_gtt(built: Built, offset: int, data: bytes) -> None:
    igd = built.machine.igd
    assert igd is not None
    refused = []
    first, end = offset // PAGE, (offset + len(data) + PAGE - 1) // PAGE
    entries = igd.entries(slice(first, end))
    igd.used[first:end] = 1
    for page in range(first, end):
        host = int(igd.pages[page]) if page < igd.pages.size else 0
        begin = max(offset, page * PAGE)
        part = data[begin - offset : (page + 1) * PAGE - offset]
        if host:
            ctypes.memmove(host + begin % PAGE, part, len(part))
        elif page - first < entries.size and int(entries[page - first]) & 1:
            refused.append(page)
    built.guard.refuse(refused, read=False)
