"""Thousands of damaged images: whatever the bytes, an answer or a FwsimError, and never anything else."""

import contextlib
import cProfile
import functools
import io
import json
import os
import random
import resource
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from fwsim.cli import common
from fwsim.cli import rom as cli
from fwsim.errors import FwsimError
from fwsim.report.rom import render_info
from fwsim.report.vbt import render_vbt
from fwsim.rom.bdb import Tables
from fwsim.rom.catalog import licence_of
from fwsim.rom.chain import inspect_bytes, load_bytes
from fwsim.rom.compare import diff
from fwsim.rom.document import rom_document, tables_document
from fwsim.rom.efi import map_pe, parse_pe, pe_bytes
from fwsim.rom.efi_about import info_of
from fwsim.rom.layout import Layout
from fwsim.rom.opregion import build_opregion
from fwsim.rom.repair import fix, fix_ids
from fwsim.rom.vbt import parse_vbt

ROUNDS = 1000
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
            drivers[image.index] = info_of(raw, pe, None)
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
    for number in range(200):
        mutant = bytearray(data[start:])
        first, last = (0x02, 0x34) if number % 4 == 0 else (0x38, 0x400)
        for _ in range(rng.randint(1, 12)):
            mutant[rng.randrange(first, last)] = rng.choice((0, 0x80, 0xFF, rng.randrange(256)))
        survive(bytes(mutant))


@given(st.binary(max_size=600))
@settings(max_examples=150)
def test_any_bytes(data):
    survive(data)
    survive(b"\x55\xaa" + data)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_two_files_can_be_compared(a, b):
    assert (diff(a, b).runs == ()) == (a == b)


MUTANTS = int(os.environ.get("FWSIM_MUTATIONS", "500"))
MOST_CALLS = 2_000_000
"""Of functions, for one command: over twice what a chain of 64 images makes, the most there is to show."""
MEMORY = 256 << 20


def files_to_mutate(make):
    """Files with a VBT of every block that is decoded: in a ROM, bare, and in an OpRegion on either side."""
    table, small = full_table(make, 16), full_table(make, 3)
    rom = make.legacy(blocks=8, word_1a=0x80, extra=[(0x80, small)])
    return [
        rom,
        rom[:-512] + make.efi(payload=b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0"),
        table,
        build_opregion(small),
        build_opregion(small.ljust(7000, b"\0")),
    ]


def full_table(make, panels):
    """A VBT of ``panels`` panels, four child devices and every other block that is decoded."""
    children = bytes((2, 4, 1, 0, 38)) + b"".join(
        struct.pack("<HH12xBBBB5xBBB", 1 << index, 0x60D6, index, 5, 0, 4, 3, 0x10, 1).ljust(38, b"\0")
        for index in range(4)
    )
    start, panel = 22 + 3, 4 + 24 + 2 + 28
    timing = bytes.fromhex("6419004041002630188836000000000000181234")
    data = b"".join(bytes(4 + 24) + b"\xff\xff" + timing + bytes(8) for _ in range(panels))
    places = [start + panel * index for index in range(panels)]
    pointers = b"".join(struct.pack("<HBHBHB", at, 30, at + 30, 18, at + 48, 10) for at in places)
    blocks = [(42, data), (41, b"\3" + pointers + bytes(3)), (40, b"\2\0\x73\0" + bytes(22)), (2, children)]
    blocks += [(number, bytes(range(1, size + 1))) for number, size in ((1, 5), (9, 96), (12, 19), (22, 30), (44, 22))]
    blocks += [(23, timing[:18] * 4), (27, bytes(200) * 2), (43, b"\6" + bytes(128)), (58, b"\x1c\0" + bytes(56))]
    blocks += [(53, b"\3" + struct.pack("<I", 9) + bytes(4)), (11, bytes([33]) * 67), (254, b"hello, world")]
    return make.vbt(blocks)


def mutants(originals, count):
    """``count`` damaged files, the same ones every time; most of the damage is where structures and lengths are."""
    rng = random.Random(20261120)
    for _ in range(count):
        data = bytearray(rng.choice(originals))
        for _ in range(rng.randint(1, 8)):
            at = rng.choice((rng.randrange(0x60), rng.randrange(0x500), rng.randrange(len(data))))
            width = rng.choice((1, 1, 2, 4))
            value = rng.choice((0, 1, 0x7FFFFFFF, 0x80, 0xFF, 0xFFFF, 0xFFFFFFFF, rng.getrandbits(32)))
            data[at : at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        if rng.random() < 0.1:
            del data[rng.randrange(len(data)) :]
        yield bytes(data)


def overwrite(path, data):
    """The file's content is ``data``; opening it afresh each time takes longer than reading it as a ROM."""
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    os.pwrite(file, data, 0)
    if os.fstat(file).st_size != len(data):
        os.ftruncate(file, len(data))
    os.close(file)


def calls(command):
    """How many functions ``command`` calls, built-in ones too; a FwsimError is an answer."""
    counted = cProfile.Profile()
    with contextlib.suppress(FwsimError):
        counted.runcall(command)
    return sum(entry.callcount for entry in counted.getstats())


def test_mutants_of_info_and_vbt(make, tmp_path, monkeypatch):
    """The commands themselves: an answer or a FwsimError, in a bounded number of calls and 256 MiB."""
    path = tmp_path / "mutant"
    written = []
    monkeypatch.setattr(common, "write", lambda text: written.append(len(text)) or True)
    most, answered = 0, {"info": 0, "vbt": 0}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number, data in enumerate(mutants(files_to_mutate(make), MUTANTS)):
        overwrite(path, data)
        as_json = number % 50 != 0  # rich takes its time
        for name, command in (("info", cli.info), ("vbt", cli.vbt)):
            said = len(written)
            most = max(most, calls(functools.partial(command, path, as_json=as_json)))
            answered[name] += len(written) > said
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert most < MOST_CALLS
    assert (after - before) * 1024 < MEMORY
    assert min(answered.values()) > MUTANTS // 4, "most mutants still have something to show"
    assert max(written) < 4 << 20


@pytest.mark.parametrize("kind", ["images", "large", "blocks", "children", "text"])
def test_the_worst_files_take_no_longer(make, tmp_path, monkeypatch, kind):
    """Files made to be slow: 64 images, 16 MiB, thousands of blocks or devices, a private block full of text."""
    table = {
        "blocks": make.vbt([(number & 0xFF, b"") for number in range(20000)]),
        "children": make.vbt([(2, bytes((0, 0, 0, 0, 33)) + b"\1" * 60000)]),
        "text": make.vbt([(254, b"many words \0" * 5000)]),
    }.get(kind)
    if kind == "images":
        one = make.legacy(structure=make.pcir(last=False), length_byte=1, word_1a=0x80, extra=[(0x80, make.vbt([]))])
        data = one * 63 + make.legacy()
    elif kind == "large":
        image = bytearray(make.efi(blocks=2, last=False))
        image[2:4] = b"\xff\xff"
        data = (bytes(image) * 64).ljust(16 << 20, b"\x5a")
    else:
        data = table
    path = tmp_path / "worst"
    path.write_bytes(data)
    monkeypatch.setattr(common, "write", lambda text: True)
    for as_json in (True, False):
        for command in (cli.info, cli.vbt):
            assert calls(functools.partial(command, path, as_json=as_json)) < MOST_CALLS


@given(st.integers(0, 4), st.lists(st.tuples(st.integers(0, 0x600), st.integers(0, 255)), min_size=1, max_size=12))
@settings(max_examples=250, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_bytes_of_a_table(make, index, edits):
    data = bytearray(files_to_mutate(make)[index])
    for at, value in edits:
        data[min(at, len(data) - 1)] = value
    found = []
    if data[:2] == b"\x55\xaa":
        found = [image.vbt for image in inspect_bytes(bytes(data)).images if image.vbt]
    elif data[:4] == b"$VBT":
        found = [table for table in [parse_vbt(bytes(data), 0, [])] if table]
    for vbt in found:
        json.dumps(tables_document(Tables(vbt, bytes(data)), vbt.blocks))
