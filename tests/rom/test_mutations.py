"""Thousands of damaged images: whatever the bytes, an answer or a FwsimError, and never anything else."""

import io
import json
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from fwsim.errors import FwsimError
from fwsim.report.rom import render_info
from fwsim.report.vbt import render_vbt
from fwsim.rom import diff, fix, inspect_bytes, load_bytes
from fwsim.rom.bdb import Tables
from fwsim.rom.catalog import licence_of
from fwsim.rom.document import rom_document
from fwsim.rom.efi import map_pe, parse_pe, pe_bytes
from fwsim.rom.layout import Layout
from fwsim.rom.repair import fix_ids

ROUNDS = 2000
TELLING = (0x02, 0x18, 0x19, 0x1A, 0x1B, 0x48, 0x4A, 0x4C, 0x50, 0x51, 0x54, 0x55, 0x98, 0x99, 0x9C, 0x9D, 0x9E, 0x9F)


def render(rom, drivers):
    """The screen of `rom info`, for one file in eight: rich takes its time."""
    if len(rom.data) and sum(rom.data[:64]) % 8 == 0:
        console = Console(file=io.StringIO(), width=80, markup=False)
        console.print(render_info(rom, drivers, None, None))
        for image in rom.images:
            if image.vbt:
                tables = Tables(image.vbt, rom.data)
                sections = [(block, tables.decode(block), tables.open(block).raw) for block in image.vbt.blocks]
                console.print(render_vbt(image.vbt, sections, rom.findings, tables.panel()))


def survive(data):
    """Everything the room can be asked about a file."""
    rom = inspect_bytes(data, "mutant.rom")
    Layout(rom)
    drivers = {}
    licence_of(rom)
    fix(data, 0x8086, 0x0166)
    for image in rom.images:
        if image.efi and (raw := pe_bytes(data, image.offset, image.size, image.efi)) and (pe := parse_pe(raw)):
            drivers[image.index] = pe
            map_pe(raw, pe)
    json.dumps(rom_document(rom, drivers))
    render(rom, drivers)
    errors = [finding for finding in rom.findings if finding.level == "error"]
    if errors:
        with pytest.raises(FwsimError) as caught:
            load_bytes(data)
        assert caught.value.what == errors[0].what
    else:
        assert load_bytes(data).images, "what can be run has an image"
    try:
        fixed, changes = fix_ids(data, None, None)
    except FwsimError:
        return
    assert len(fixed) == len(data)
    assert all(data[c.offset : c.offset + len(c.before)] == c.before for c in changes)


def mutate(rng, seed):
    data = bytearray(seed)
    for _ in range(rng.randint(1, 6)):
        at = rng.choice(TELLING) if rng.random() < 0.6 else rng.randrange(len(data))
        if at < len(data):
            data[at] = rng.choice((0, 1, 2, 3, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    if rng.random() < 0.2:
        del data[rng.randrange(len(data)) :]
    return bytes(data)


def seeds(make):
    table = make.vbt([(1, b"\x01" * 5), (53, b"\x03" + struct.pack("<I", 9) + bytes(4)), (254, b"hello, world")])
    listed = make.pcir(pointer=0x1C, revision=3, last=False) + struct.pack("<3H", 0x116, 0x126, 0)
    legacy = make.legacy(structure=listed, word_1a=0x80, extra=[(0x80, table)])
    pnp = make.legacy(word_1a=0x80, extra=[(0x80, b"$PnP\x01\x02\x90\x00"), (0x90, b"NEXT\x01\x02\x80\x00")])
    return [
        legacy + make.efi(payload=b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0"),
        pnp,
        make.legacy(structure=False),
        make.efi(),
    ]


def test_mutants_of_hand_made_images(make):
    rng = random.Random(20261120)
    originals = seeds(make)
    for _ in range(ROUNDS):
        survive(mutate(rng, rng.choice(originals)))


@pytest.mark.filterwarnings("error")
def test_mutants_of_a_real_driver(packaged):
    rng = random.Random(7)
    (path,) = packaged("/usr/lib/ipxe/qemu/efi-virtio.rom", "ipxe-qemu")
    data = path.read_bytes()
    start = inspect_bytes(data).images[1].offset
    for number in range(400):
        mutant = bytearray(data[start:])
        first, last = (0x02, 0x34) if number % 4 == 0 else (0x38, 0x400)
        for _ in range(rng.randint(1, 12)):
            mutant[rng.randrange(first, last)] = rng.choice((0, 0x80, 0xFF, rng.randrange(256)))
        survive(bytes(mutant))


@given(st.binary(max_size=600))
@settings(max_examples=300)
def test_any_bytes(data):
    survive(data)
    survive(b"\x55\xaa" + data)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_two_files_can_be_compared(a, b):
    assert (diff(a, b).runs == ()) == (a == b)
