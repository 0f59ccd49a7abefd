"""A drive that is plugged in: its interrupt reaches code through the 8259A, and code that DMA brings is what runs."""

import numpy as np
import pytest

from fwsim.devices.diskette import SECTOR
from fwsim.machine.diskette_drive import plug_diskette
from fwsim.trace.event import IRQ, Actor, Op, Space


def program(rows):
    """Code that makes these port accesses, ("out", port, value) and ("in", port), each through DX, and waits for an
    interrupt at ("wait",).
    """
    code = b""
    for word, *rest in rows:
        if word == "wait":
            code += bytes.fromhex("803e000600 74f9 fe0e0006")  # until the count is not 0; one less
            continue
        port, *value = rest
        code += b"\xba" + port.to_bytes(2, "little")
        code += b"\xb0" + bytes(value) + b"\xee" if word == "out" else b"\xec"
    return code


def reading(sector, address):
    """What a BIOS does for one sector of cylinder 0: reset, four SENSE INTERRUPTs, DMA, READ DATA."""
    rows = [("out", 0x3F2, 0x08), ("out", 0x3F2, 0x0C), ("wait",)]
    for _ in range(4):
        rows += [("out", 0x3F5, 0x08), ("in", 0x3F5), ("in", 0x3F5)]
    rows += [("out", 0x3F2, 0x1C), ("out", 0x0A, 6), ("out", 0x0C, 0), ("out", 4, address & 0xFF)]
    rows += [("out", 4, address >> 8), ("out", 5, 0xFF), ("out", 5, 1), ("out", 0x0B, 0x46), ("out", 0x81, 0)]
    rows += [("out", 0x0A, 2)]
    rows += [("out", 0x3F5, value) for value in (0xE6, 0, 0, 0, sector, 2, sector, 0x1B, 0xFF)]
    return [*rows, ("wait",), *[("in", 0x3F5)] * 7]


def handler():
    """INT 0Eh: counts at 0000:0600, and ends with an EOI."""
    return bytes.fromhex("50 fe060006 b020 e620 58 cf")


def placed(main):
    """The code at C000:0100: over the handler, which is at 0103h, to ``main``."""
    over = handler()
    return b"\xe9" + len(over).to_bytes(2, "little") + over + main


INSTALL = bytes.fromhex("fa 31c0 8ed8 c70600060000 c70638000301 8c0e3a00 fb")
"""CLI; DS = 0; no interrupt counted; INT 0Eh at this segment's 0103h; STI."""


@pytest.fixture
def images():
    """A diskette whose second and third sectors are code: what they return with in AX is their number."""
    return bytes(SECTOR) + b"".join((b"\xb8" + bytes((n, 0)) + b"\xcb").ljust(SECTOR, b"\0") for n in (2, 3))


def test_each_command_s_interrupt_is_delivered_as_int_0eh(rig, images):
    made = rig(placed(INSTALL + program(reading(2, 0x8000)) + b"\xcb"))
    plug_diskette(made.machine, images)
    assert made.post().reason == "completed"
    assert made.machine.ram.read(0x8000, 4) == images[SECTOR : SECTOR + 4]
    rows = made.events()
    rows = rows[(rows["space"] == Space.INTERRUPT) & (rows["actor"] == Actor.DEVICE)]
    seen = [(int(row["op"]), int(row["address"]), int(row["value"])) for row in rows if int(row["address"]) != 8]
    assert seen == 2 * [(Op.WRITE, IRQ + 6, 1), (Op.CALL, 0x0E, 0), (Op.WRITE, IRQ + 6, 0)]


def test_code_that_was_read_over_code_that_had_run_is_what_runs(rig, images):
    """Sector 2 to 8000h and called, then sector 3 to the same place and called: AX 2, then 3."""
    call = bytes.fromhex("9a00800000")
    twice = b"".join(
        program(reading(sector, 0x8000)) + call + b"\xa3" + at.to_bytes(2, "little")
        for sector, at in ((2, 0x610), (3, 0x612))
    )
    made = rig(placed(INSTALL + twice + b"\xcb"))
    plug_diskette(made.machine, images)
    assert made.post().reason == "completed"
    assert [made.machine.ram.word(at, 2) for at in (0x610, 0x612)] == [2, 3]


def test_it_is_the_same_from_a_snapshot_on(rig, images):
    made = rig(placed(INSTALL + program(reading(2, 0x8000)) + b"\xcb"))
    plug_diskette(made.machine, images)
    before = made.session.slices.snapshot()
    made.post()
    first = made.events().copy()
    made.session.slices.restore(before)
    made.post()
    assert np.array_equal(made.events(), first)
