"""SeaBIOS in the engine against the same binary in QEMU: placements that were measured there, field by field."""

import os
import sys
from pathlib import Path

import pytest
from test_oracle import FOLDER, load, plain

sys.path.insert(0, str(Path(__file__).parent / "oracle"))
from executed_seabios import asked, executed

IMAGE = "/usr/share/seabios/bios-256k.bin"
DEBIANS = b"1.16.2-debian"
STEP = int(os.environ.get("FWSIM_EVERY", "12"))
"""One of so many vectors is asked here; FWSIM_EVERY=1 asks all of them, two minutes."""


def vectors():
    both = [
        vector for name in ("measured-seabios", "measured-seabios-2") for vector in load(FOLDER / f"{name}.json.gz")
    ]
    return [pytest.param(vector, id=vector["id"]) for vector in both if asked(vector)][::STEP]


@pytest.fixture(scope="module", autouse=True)
def image(require_package):
    path = require_package("seabios", IMAGE)
    if DEBIANS not in path.read_bytes():
        pytest.skip("the vectors are of Debian 12's SeaBIOS 1.16.2")


@pytest.mark.parametrize("vector", vectors())
def test_it_places_as_in_qemu(vector):
    answer = executed(vector)
    wrong = {name: (answer.get(name), want) for name, want in vector["expect"].items()
             if plain(answer.get(name)) != plain(want)}  # fmt: skip
    assert not wrong
