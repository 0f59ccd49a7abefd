"""Whatever is done to dumps, they are read or refused with a reason: no other exception leaves."""

import contextlib
import gzip
import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machines import DMESG, E6540, GUEST_DMESG, IGD, IOMEM, config, guest

from fwsim.devices.edid import default_edid
from fwsim.errors import FwsimError
from fwsim.host.hostfile import import_host, read_dumps
from fwsim.host.judge import guest_checks
from fwsim.registers.device_ids import DEVICE_IDS
from fwsim.rom.opregion import build_opregion
from fwsim.scenario.load import load

NAMES = ("lspci.txt", "dmesg", "iomem", "i915_opregion", "igd.rom", "HDMI-A-1.edid", "pci-00-02.0.config", "x")
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def material(own_rom, data_vbt):
    texts = (E6540, DMESG, IOMEM, guest(), GUEST_DMESG)
    region = build_opregion(data_vbt)
    binaries = (config(IGD), config(IGD, 4096), region, own_rom.read_bytes()[:8192], default_edid(), data_vbt)
    return [text.encode() for text in texts] + [*binaries, gzip.compress(E6540.encode(), mtime=0)]


def survives(folder, tmp_path):
    """The whole path: read, judge as a host and as a guest, write, and load what was written."""
    out = tmp_path / "host.toml"
    try:
        result = import_host([folder], out, force=True)
    except FwsimError:
        return
    load(out)
    with contextlib.suppress(FwsimError):
        guest_checks(result.dumps)


def put(tmp_path, files):
    folder = tmp_path / "dumps"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@QUICK
@given(st.data())
def test_cut_mixed_and_renamed(tmp_path, material, data):
    files = {}
    for name in data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        raw = data.draw(st.sampled_from(material))
        files[name] = raw[: data.draw(st.integers(0, len(raw)))]
    survives(put(tmp_path, files), tmp_path)


@QUICK
@given(st.integers(0, 2**32))
def test_flipped_bytes(tmp_path, material, seed):
    chance = random.Random(seed)
    files = {}
    for name in NAMES[:3]:
        raw = bytearray(chance.choice(material))
        for _ in range(chance.randrange(20)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        files[name] = bytes(raw)
    survives(put(tmp_path, files), tmp_path)


@QUICK
@given(st.integers(0, 2**32))
def test_interleaved_lines(tmp_path, seed):
    chance = random.Random(seed)
    lines = [line for text in (E6540, DMESG, IOMEM, guest()) for line in text.splitlines()]
    chance.shuffle(lines)
    lines = [line[: chance.randrange(len(line) + 1)] if chance.random() < 0.2 else line for line in lines]
    survives(put(tmp_path, {"all": "\r\n".join(lines).encode()}), tmp_path)


@QUICK
@given(st.binary(max_size=300), st.sampled_from(NAMES))
def test_noise_beside_a_good_dump(tmp_path, noise, name):
    folder = put(tmp_path, {name: noise, "good": E6540.encode()})
    assert import_host([folder]).dumps.cpu == "haswell"


@QUICK
@given(st.lists(st.text(alphabet="0123456789abcdef:-. []x\nBIOSe820mnu()KMG=,", max_size=80), max_size=6))
def test_lines_nearly_right(tmp_path, lines):
    stems = ["BIOS-e820: [mem 0x{}-0x{}] usable", "00:02.0 {} 8086:{}", "RMRR base: {} end: {}", "{}-{} : Reserved",
             "Region 0: Memory at {} [size={}M]", "GEN6_STOLEN_RESERVED = {}{}"]  # fmt: skip
    text = "\n".join(stem.format(line, line) for stem, line in zip(stems, lines, strict=False))
    survives(put(tmp_path, {"x": (IGD + text).encode()}), tmp_path)


def test_every_device_id_of_every_family(tmp_path):
    for name, ids in DEVICE_IDS.items():
        igd = IGD.replace("86 80 16 04", f"86 80 {ids[0].to_bytes(2, 'little').hex(' ')}")
        folder = put(tmp_path, {"lspci": igd.encode(), "dmesg": DMESG.encode()})
        survives(folder, tmp_path)
        assert read_dumps([folder])[0].cpu == name


def test_a_name_that_is_no_unicode(tmp_path, data_vbt):
    folder = put(tmp_path, {"lspci": E6540.encode()})
    with open(bytes(folder) + b"/\xff.opregion", "wb") as file:
        file.write(build_opregion(data_vbt))
    survives(folder, tmp_path)
    assert load(tmp_path / "host.toml").host.opregion == str(tmp_path / "host.opregion")


def test_folders_links_and_pipes(tmp_path):
    folder = put(tmp_path, {"lspci": E6540.encode()})
    os.mkfifo(folder / "dmesg")
    (folder / "iomem").symlink_to("nowhere")
    (folder / "loop").symlink_to(folder)
    result = import_host([folder])
    assert {note.where for note in result.dumps.notes} == {"dmesg", "iomem"}
    os.unlink(folder / "dmesg")
