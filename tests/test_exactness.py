"""What is called measured was measured: vectors of that system and release are here; nothing else is called so."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import exactness_page
import pytest

from fwsim.firmware import allocators
from fwsim.firmware.image import FirmwareImage
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import Choice
from fwsim.hypervisor.qemu.versions import COMPILED

DATA = Path(__file__).parent / "data" / "oracle"


def systems():
    """The systems of the measured vectors, without the QEMU that they ran in: name-release to how many."""
    found = Counter()
    for path in DATA.glob("measured-*.json.gz"):
        with gzip.open(path, "rt") as stream:
            found.update(vector["system"].partition("/")[0] for vector in json.load(stream))
    return found


SYSTEMS = systems()


EXECUTED = [name for name in allocators.ROWS if isinstance(allocators.allocator(name), FirmwareImage)]


@pytest.mark.parametrize("name", [n for n in allocators.ROWS if n not in ("none", "fake-bar", "host-base", *EXECUTED)])
def test_a_release_is_called_measured_where_its_vectors_are_here(name):
    row = allocators.allocator(name)
    for version in row.versions:
        known = row.exactness(version, row.options())
        assert known, (name, version)
        measured = {number for number, each in known.items() if each.certainty == "measured"}
        merged = name == "hvmloader" and version == row.default_version
        here = f"{name}-{version}" in SYSTEMS or f"{name}-rel-{version}" in SYSTEMS or merged
        assert bool(measured) == here, (name, version)
        assert all(each.source for each in known.values())


RELEASES = ["2.7", "5.0", "7.2", "7.2.22", "8.1", "9.1", "9.2.1", "10.0", "10.0.13", "11.0", "next"]


@pytest.mark.parametrize("profile", RELEASES)
def test_a_qemu_release_is_called_measured_where_one_of_its_series_was_compiled(profile):
    known = kinds.hypervisor(Choice("qemu", profile)).known
    series = [each for each in COMPILED if each.split(".")[:2] == profile.split(".")[:2]]
    assert (known.certainty == "measured") == bool(series)
    assert not series or any(each in known.source for each in series)


def test_each_compiled_qemu_has_its_vectors():
    with gzip.open(DATA / "measured-qemu-igd.json.gz", "rt") as stream:
        here = {vector["system"].removeprefix("qemu-") for vector in json.load(stream)}
    assert {each.removesuffix(".22") for each in COMPILED} == here


def test_alloc_says_what_is_assumed_and_what_was_given():
    def asked(*more):
        line = [sys.executable, "-c", "from fwsim.cli import main; main()", "alloc", "--json", *more]
        return json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)["exactness"]

    plain, given = asked(), asked("--ggc", "0x0211", "--device", "0x0116", "--host-bdsm", "0xdb200000")
    assert plain["bdsm"]["certainty"] == "measured"
    assert {n for n, k in plain.items() if k["certainty"] == "assumed"} == {"device", "ggc", "host_bdsm", "host_asls"}
    assert {n for n, k in given.items() if k["certainty"] == "assumed"} == {"host_asls"}


def test_the_page_counts_the_vectors_that_are_here():
    page = (Path(__file__).parents[1] / "docs" / "exactness.md").read_text()
    lines = page.partition(exactness_page.BEGIN)[2].partition(exactness_page.END)[0].splitlines()[2:]
    told = Counter()
    for line in lines:
        system, what, cases, way, equal, _ = (cell.strip() for cell in line.strip("|").split("|"))
        told[system, what, way] += int(cases)
        assert equal == "all", line
    here = Counter()
    for (system, name, way), cases in exactness_page.counts().items():
        here[system, exactness_page.WHAT[name], way] += cases
    assert told == here
